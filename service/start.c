/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/start.h"

#include "service/change/change-service.h"
#include "service/commit.h"
#include "service/netlink/sysctl.h"
#include "service/service.h"

static void refuse(Service *service, GError *error)
{
	g_critical("%s", error->message);
	g_clear_error(&service->refusal);
	service->refusal = error;
}

static bool check_chains(Service *service, GError **error)
{
	g_auto(GStrv) foreign = NULL;
	g_autofree char *names = NULL;

	if (!firewall_probe(service->firewall, error))
		return false;
	if (service->recovery.has_previous)
		return true;
	if (!firewall_find_foreign(service->firewall, &foreign, error))
		return false;
	if (!foreign)
		return true;
	names = g_strjoinv(", ", foreign);
	return netfilter_fail(error, FOREIGN_CHAIN,
			      "chains of ours hold somebody else's rules (%s); is a Docker daemon running? "
			      "Set another ChainPrefix= in %s",
			      names, service->config_path);
}

static void ask(Service *service)
{
	service_ask_for_chains(&service->transaction, true);
	/* What the previous instance wrote down may be half done, or undone by others since. */
	if (service->recovery.has_previous)
		ruleset_set_all_dirty(firewall_ruleset(service->firewall));
	service->recovery.first_commit = true;
}

void service_start(Service *service)
{
	GError *error = NULL;

	if (!check_chains(service, &error) || (service->journal && !service_checkpoint(service, &error)))
		refuse(service, error);
	else
		ask(service);
}

void service_retry_start(Service *service)
{
	g_autoptr(GError) error = NULL;

	if (!g_error_matches(service->refusal, NETFILTER_ERROR, NETFILTER_ERROR_FAILED) || !service->journal ||
	    !service_checkpoint(service, &error))
		return;
	g_clear_error(&service->refusal);
	ask(service);
}

void service_finish_recovery(Service *service)
{
	static const char *const files[N_FAMILIES] = {
		[FAMILY_IPV4] = "net/bridge/bridge-nf-call-iptables",
		[FAMILY_IPV6] = "net/bridge/bridge-nf-call-ip6tables",
	};
	GError *error = NULL;

	for (enum family family = 0; family < N_FAMILIES; family++) {
		if (!service->recovery.bridge_filter[family])
			continue;
		service->recovery.bridge_filter[family] = false;
		if (!sysctl_set(files[family], false, &error)) {
			g_warning("%s", error->message);
			g_clear_error(&error);
		}
	}
}

void service_stop(Service *service)
{
	service_ask_for_chains(&service->transaction, false);
}
