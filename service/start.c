/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/start.h"

#include "service/change/change-service.h"
#include "service/checkpoint.h"
#include "service/commit.h"
#include "service/model/unit-name.h"
#include "service/netlink/bridge.h"
#include "service/service.h"
#include "service/unfinished.h"
#include "service/units.h"

static void refuse(Service *service, GError *error)
{
	g_critical("%s", error->message);
	service->refusal = error;
}

/* Where any would do it says of each why it does not. */
static bool is_usable(Service *service, GError **error)
{
	g_autoptr(GError) e = NULL;

	if (firewall_probe(service->firewall, &e))
		return true;
	if (g_str_equal(service->config.backend, BACKEND_AUTO) && !service->recovery.may_have_rules &&
	    !firewall_find_usable(firewall_prefix(service->firewall), error))
		return false;
	g_propagate_error(error, g_steal_pointer(&e));
	return false;
}

static bool check_chains(Service *service, GError **error)
{
	g_auto(GStrv) foreign = NULL;
	g_autofree char *names = NULL;

	if (!is_usable(service, error))
		return false;
	if (service->recovery.may_have_rules)
		return true;
	if (!firewall_find_foreign(service->firewall, &foreign, error))
		return false;
	if (!foreign)
		return true;
	names = g_strjoinv(", ", foreign);
	return netfilter_fail(error, FOREIGN_CHAIN,
			      "chains of ours hold somebody else's rules (%s), as a Docker daemon's; set another "
			      "ChainPrefix= in %s",
			      names, service->config_path);
}

void service_switch_off_unused(Service *service)
{
	GError *error = NULL;

	for (enum family family = 0; family < N_FAMILIES; family++) {
		if (!service->recovery.bridge_filter[family])
			continue;
		service->recovery.bridge_filter[family] = false;
		if (!bridges_set_nf_call(family, false, &error)) {
			g_warning("%s", error->message);
			g_clear_error(&error);
		}
	}
}

/* Those that were there before are announced as they go. */
static void warn_of_missing(const Service *service)
{
	for (const GList *i = service->model->networks_by_age.head; i; i = i->next) {
		const Network *network = i->data;

		if (interfaces_ifindex(service->interfaces, network->bridge) == 0)
			g_warning(
				"Bridge %s of network \"%s\" is not there; its rules stay, and serve it when it comes",
				network->bridge, cut(network->name));
	}
	for (const GList *i = service->model->ingresses_by_age.head; i; i = i->next) {
		const Ingress *ingress = i->data;
		const char *bridge;

		for (guint n = 0; (bridge = ingress_bridge(ingress, n)); n++)
			if (interfaces_ifindex(service->interfaces, bridge) == 0)
				g_warning("Interface %s of ingress \"%s\" is not there; its rules stay, and serve it "
					  "when it comes",
					  bridge, cut(ingress->name));
	}
}

bool service_end_handover(Service *service, GError **error)
{
	if (!service->handover)
		return true;
	if (!handover_end(service->handover, error))
		return false;
	g_clear_pointer(&service->handover, handover_free);
	if (!service->journal)
		return true;
	journal_resolve(service->journal);
	return service_checkpoint(service, error);
}

static bool start(Service *service, GError **error)
{
	const char *from;

	if (!check_chains(service, error))
		return false;
	if (service->handover && !handover_begin(service->handover, service->firewall, error))
		return false;
	if (!service_begin_journal(service, error))
		return false;
	/* From here on the firewall's chains are ours, whatever becomes of this start. */
	service->recovery.may_have_rules = true;
	service_ask_for_chains(&service->transaction, true);
	/* What the previous instance wrote down may be half done, or undone by others since. */
	if (service->recovery.has_previous)
		ruleset_set_all_dirty(firewall_ruleset(service->firewall));
	unfinished_resume(service);
	service->recovery.first_commit = true;
	from = service->handover ? handover_from(service->handover)->name : NULL;
	if (!service_commit(service, error) || !service_end_handover(service, error))
		return false;
	if (from)
		g_message("The rules have moved from %s to %s", from, firewall_backend(service->firewall)->kind->name);
	service_switch_off_unused(service);
	unit_store_clean(service->unit_directories[UNIT_DIRECTORY_STATE]);
	service_load_units(service);
	warn_of_missing(service);
	return true;
}

void service_start(Service *service)
{
	GError *error = NULL;

	if (!service->misconfigured && !start(service, &error))
		refuse(service, error);
}

void service_put_off_start(Service *service, const GError *why)
{
	if (!service->refusal)
		refuse(service, g_error_copy(why));
}

void service_retry_start(Service *service)
{
	g_autoptr(GError) refusal = NULL;
	GError *error = NULL;

	if (!service->refusal || service->misconfigured ||
	    g_error_matches(service->refusal, NETFILTER_ERROR, NETFILTER_ERROR_FOREIGN_CHAIN) ||
	    g_error_matches(service->refusal, NETFILTER_ERROR, NETFILTER_ERROR_BACKEND_UNAVAILABLE))
		return;
	refusal = g_steal_pointer(&service->refusal);
	if (start(service, &error))
		return;
	if (!g_str_equal(error->message, refusal->message))
		g_critical("%s", error->message);
	service->refusal = error;
}

void service_stop(Service *service)
{
	if (service->model->started)
		service_ask_for_chains(&service->transaction, false);
}
