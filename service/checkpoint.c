/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/checkpoint.h"

#include "service/journal/encode.h"
#include "service/journal/facts.h"
#include "service/service.h"
#include "service/zones.h"

void service_encode_host(const Service *service, bool all, GByteArray *to)
{
	g_autoptr(GArray) interfaces = interfaces_facts(service->interfaces, all);
	ForwardingFacts facts = {};

	for (enum family family = 0; family < N_FAMILIES; family++) {
		facts.switched[family] = forwarding_is_ours(service->forwarding, family);
		facts.policy[family] = firewall_policy_before(service->firewall, family);
		facts.bridge_filter[family] = service->recovery.bridge_filter[family];
	}
	encode_forwarding(to, &facts);
	for (enum family family = 0; family < N_FAMILIES; family++) {
		const ForwardingBefore *before = forwarding_before(service->forwarding, family);

		if (before->interfaces && (all || forwarding_changes(service->forwarding)))
			encode_forwarding_before(to, family, before);
	}
	for (guint i = 0; i < interfaces->len; i++)
		encode_interface(to, &g_array_index(interfaces, InterfaceFacts, i));
}

static void encode_previous_backend(const Handover *handover, GByteArray *to)
{
	guint8 policies[N_FAMILIES];

	for (enum family family = 0; family < N_FAMILIES; family++)
		policies[family] = handover_policy_before(handover, family);
	encode_handover(to, handover_from(handover)->name, policies);
}

/* About the service and the host, whatever there is besides. */
static void encode_facts(Service *service, GByteArray *to)
{
	encode_service(to, service->bus_id, firewall_prefix(service->firewall),
		       firewall_backend(service->firewall)->kind->name);
	if (service->handover)
		encode_previous_backend(service->handover, to);
	service_encode_host(service, true, to);
	service_encode_zones(service, to);
}

static GByteArray *encode_everything(Service *service)
{
	GByteArray *batch = g_byte_array_new();

	encode_facts(service, batch);
	encode_model(batch, service->model);
	return batch;
}

bool service_checkpoint(Service *service, GError **error)
{
	g_autoptr(GByteArray) batch = encode_everything(service);

	return journal_checkpoint(service->journal, batch, service->generation, error);
}

void service_resolve_journal(Service *service)
{
	g_autoptr(GError) error = NULL;

	if (!service->handover && journal_has_file(service->journal) && journal_resolve(service->journal) &&
	    !service_checkpoint(service, &error))
		g_message("%s; the next start looks again for what the kernel may have had", error->message);
}

/* What stands in it is as it was, except for the facts: of a handover it would say that it is still to come. */
static bool continue_journal(Service *service, GError **error)
{
	g_autoptr(GByteArray) batch = g_byte_array_new();

	if (service->handover)
		return netfilter_fail(error, FAILED, "there is a handover to write down");
	if (!journal_continue(service->journal, error))
		return false;
	encode_facts(service, batch);
	if (!journal_begin(service->journal, batch, 0, &(JournalEffect){}, error))
		return false;
	journal_commit(service->journal, service->generation, NULL);
	return true;
}

bool service_begin_journal(Service *service, GError **error)
{
	g_autoptr(GError) failure = NULL, another = NULL;

	if (!service->journal || service_checkpoint(service, &failure))
		return true;
	if (continue_journal(service, &another)) {
		g_message("%s; the journal that is there is continued", failure->message);
		return true;
	}
	g_propagate_error(error, g_steal_pointer(&failure));
	return false;
}

bool service_is_journalled(const Service *service)
{
	return service->journal && !service->refusal;
}

static void measure(Service *service)
{
	g_autoptr(GByteArray) batch = encode_everything(service);

	journal_measure(service->journal, batch);
}

static bool can_compact(const Service *service)
{
	return service_is_journalled(service) && !journal_is_begun(service->journal);
}

bool service_make_room(Service *service)
{
	if (!can_compact(service) || !journal_lacks_room(service->journal))
		return false;
	measure(service);
	return journal_lacks_room(service->journal) && service_checkpoint(service, NULL);
}

void service_compact(Service *service)
{
	g_autoptr(GError) error = NULL;
	bool is_told;

	if (!can_compact(service))
		return;
	if (journal_is_uncertain(service->journal))
		measure(service);
	if (!journal_is_long(service->journal))
		return;
	is_told = journal_has_failed(service->journal);
	if (!service_checkpoint(service, &error) && !is_told)
		g_critical("%s; the journal keeps growing", error->message);
}
