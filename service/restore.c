/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/restore.h"

#include "service/backends.h"
#include "service/change/table.h"
#include "service/host/interfaces-restore.h"
#include "service/journal/encode.h"
#include "service/journal/facts.h"
#include "service/reload.h"
#include "service/service.h"
#include "service/unfinished.h"
#include "service/zones.h"

#include <string.h>

/* A batch on its way into the model. */
typedef struct Batch {
	Service *service;
	GArray *changes; /* Change, made in this order */
	bool doubtful;   /* it may not have happened */
} Batch;

/* --- what is not about the model --- */

static const BackendKind *find_backend(const char *name, GError **error)
{
	/* Version 2 knew one. */
	const BackendKind *kind = name ? backends_find(name) : backends[0];

	if (!kind)
		netfilter_fail(error, FAILED, "backend \"%s\" is not one of ours", cut(name));
	return kind;
}

static const BackendKind *chosen_backend(const Service *service)
{
	return firewall_backend(service->firewall)->kind;
}

static bool keeps_backend(const Service *service)
{
	return service->recovery.keeps_chains || g_str_equal(service->config.backend, BACKEND_AUTO);
}

static bool read_service(Batch *batch, Record *record, GError **error)
{
	Service *service = batch->service;
	const BackendKind *previous, *chosen;
	const char *bus_id, *prefix, *backend;

	if (!decode_service(record, &bus_id, &prefix, &backend, error))
		return false;
	previous = find_backend(backend, error);
	if (!previous)
		return false;
	chosen = keeps_backend(service) ? previous : chosen_backend(service);
	/* Unique names mean something on the bus they were given out on, no other. */
	service->recovery.other_bus = strcmp(bus_id, service->bus_id) != 0;
	if (!service->recovery.keeps_chains && strcmp(prefix, service->config.chain_prefix) != 0)
		g_warning(CHAIN_PREFIX_LATER, service->config.chain_prefix, cut(prefix));
	if (chosen != chosen_backend(service) || strcmp(prefix, service->config.chain_prefix) != 0)
		service_keep_chains(service, chosen, prefix);
	service->recovery.may_have_rules = previous == chosen;
	if (previous != chosen)
		service->handover = handover_new(previous, prefix);
	return true;
}

/* The previous instance was on its way from another backend. */
static bool read_handover(Batch *batch, Record *record, GError **error)
{
	Service *service = batch->service;
	guint8 policies[N_FAMILIES];
	const BackendKind *from;
	const char *backend;

	if (!decode_handover(record, &backend, policies, error))
		return false;
	from = find_backend(backend, error);
	if (!from)
		return false;
	if (from != chosen_backend(service) && !service->handover)
		service->handover = handover_new(from, firewall_prefix(service->firewall));
	if (!service->handover)
		return netfilter_fail(error, FAILED, "an entry of a handover from a backend to itself");
	if (from == chosen_backend(service))
		service->recovery.may_have_rules = service->recovery.turns_back = true;
	for (enum family family = 0; family < N_FAMILIES; family++)
		handover_set_policy_before(service->handover, family, policies[family]);
	handover_resume(service->handover);
	return true;
}

/* What was written down of either is now the other's. */
static void exchange_policies(Service *service)
{
	for (enum family family = 0; family < N_FAMILIES; family++) {
		guint8 before = handover_policy_before(service->handover, family);

		handover_set_policy_before(service->handover, family,
					   firewall_policy_before(service->firewall, family));
		firewall_restore_policy(service->firewall, family, before);
	}
}

/* What may have been switched on by us is ours to switch off, if in doubt. */
static void restore_forwarding(Batch *batch, const ForwardingFacts *facts)
{
	Service *service = batch->service;

	for (enum family family = 0; family < N_FAMILIES; family++) {
		bool ours = facts->switched[family];
		bool bridge_filter = facts->bridge_filter[family];
		guint8 policy = facts->policy[family];

		if (batch->doubtful) {
			bridge_filter |= service->recovery.bridge_filter[family];
			ours |= forwarding_is_ours(service->forwarding, family);
			if (firewall_policy_before(service->firewall, family) != TARGET_PLACE)
				policy = firewall_policy_before(service->firewall, family);
		}
		forwarding_restore(service->forwarding, family, ours);
		firewall_restore_policy(service->firewall, family, policy);
		service->recovery.bridge_filter[family] = bridge_filter;
	}
}

static bool read_forwarding(Batch *batch, Record *record, GError **error)
{
	ForwardingFacts facts = {};

	if (!decode_forwarding(record, &facts, error))
		return false;
	restore_forwarding(batch, &facts);
	return true;
}

static bool read_forwarding_before(Batch *batch, Record *record, GError **error)
{
	Forwarding *forwarding = batch->service->forwarding;
	g_auto(ForwardingBefore) before = {};
	enum family family;

	if (!decode_forwarding_before(record, &family, &before, error))
		return false;
	forwarding_restore_before(forwarding, family, &before, batch->doubtful);
	return true;
}

static bool read_host(Batch *batch, Record *record, GError **error)
{
	g_autoptr(GPtrArray) localnets = NULL;
	ForwardingFacts facts = {};

	if (!decode_host(record, &facts, &localnets, error))
		return false;
	restore_forwarding(batch, &facts);
	for (guint i = 0; i < localnets->len; i++)
		interfaces_restore_by_name(batch->service->interfaces, localnets->pdata[i], false,
					   1 << SWITCH_LOCALNET);
	return true;
}

static void restore_interface(Batch *batch, const InterfaceFacts *facts)
{
	if (batch->doubtful)
		interfaces_restore_doubtful(batch->service->interfaces, facts);
	else
		interfaces_restore(batch->service->interfaces, facts);
}

static bool read_interface(Batch *batch, Record *record, GError **error)
{
	InterfaceFacts facts;

	if (!decode_interface(record, &facts, error))
		return false;
	restore_interface(batch, &facts);
	return true;
}

static bool read_bridge(Batch *batch, Record *record, GError **error)
{
	InterfaceFacts facts;

	if (!decode_bridge(record, &facts, error))
		return false;
	if (!batch->doubtful)
		interfaces_restore_leftover(batch->service->interfaces, &facts);
	return true;
}

/* What may not have happened is taken back, by the name it was to have. */
static bool read_attached(Batch *batch, Record *record, GError **error)
{
	int ifindex;
	Endpoint *endpoint = decode_attached(record, batch->service->model, &ifindex, error);

	if (endpoint && !batch->doubtful)
		model_set_interface(batch->service->model, endpoint, ifindex);
	return endpoint;
}

static bool read_zone(Batch *batch, Record *record, GError **error)
{
	char interface[IFNAMSIZ];
	const char *zone;

	if (!decode_zone(record, interface, &zone, error))
		return false;
	service_note_zone(batch->service, interface, *zone ? zone : NULL);
	return true;
}

static const struct {
	char type;
	bool (*read)(Batch *batch, Record *record, GError **error);
} facts[] = {
	{ 'S', read_service },   { 'F', read_handover }, { 'W', read_forwarding },
	{ 'J', read_interface }, { 'A', read_attached }, { 'V', read_forwarding_before },
	{ 'H', read_host },      { 'B', read_bridge },   { 'Z', read_zone },
};

/* --- what is --- */

static bool read_change(Batch *batch, Record *record, GError **error)
{
	Change change = { .kind = change_kind_of(record->type) };

	if (!change.kind)
		return netfilter_fail(error, FAILED, "an entry of an unknown kind '%c'", record->type);
	if (!change.kind->decode(&change, record, batch->service->model, error))
		return false;
	change.kind->apply(batch->service->model, &change);
	g_array_append_val(batch->changes, change);
	return true;
}

/* One entry that cannot be read does not cost the others. */
static bool read_entry(Record *record, void *userdata, GError **error)
{
	for (guint i = 0; i < G_N_ELEMENTS(facts); i++)
		if (facts[i].type == record->type)
			return facts[i].read(userdata, record, error);
	return read_change(userdata, record, error);
}

static Batch read_batch(Service *service, GBytes *entries, bool doubtful)
{
	Batch batch = { service, g_array_new(FALSE, FALSE, sizeof(Change)), doubtful };

	record_foreach(entries, read_entry, &batch);
	return batch;
}

static void free_changes(const GArray *changes, bool applied)
{
	for (guint i = 0; i < changes->len; i++) {
		Change *change = &g_array_index(changes, Change, i);

		if (change->kind->release)
			change->kind->release(change, applied);
	}
}

static void restore_committed(Service *service, GBytes *entries)
{
	Batch batch = read_batch(service, entries, false);

	free_changes(batch.changes, true);
	g_array_unref(batch.changes);
}

/* --- what the kernel may have --- */

static void pin_all(Ruleset *ruleset, const GArray *items)
{
	for (guint i = 0; i < items->len; i++)
		ruleset_pin(ruleset, &g_array_index(items, RuleItem, i));
}

static void pin_items(Service *service, const GArray *items)
{
	if (service->recovery.may_have_rules)
		pin_all(firewall_ruleset(service->firewall), items);
	if (service->handover)
		pin_all(handover_ruleset(service->handover), items);
}

/* The previous instance may have been configured otherwise: every way in which it may have been. Some options only add
 * rules, beside those of the others. */
enum { N_CONFIGURATIONS = 1 << 3 };

static RenderOptions options_of(const Service *service, guint configuration)
{
	RenderOptions options = render_options(&service->config, service->transaction.ipv6);

	options.hairpin = configuration & 1 << 0;
	options.localhost_publish = configuration & 1 << 1;
	options.container_publish = configuration & 1 << 2;
	options.drop_invalid = options.capped = options.protect_endpoints = true;
	return options;
}

static void pin_objects(Service *service)
{
	g_autoptr(GArray) items = rendering_new();

	for (guint i = 0; i < N_CONFIGURATIONS; i++) {
		RenderOptions options = options_of(service, i);

		for (const GList *n = service->model->networks_by_age.head; n; n = n->next) {
			render_network(n->data, &options, items);
			render_localhost(n->data, &options, items);
		}
		for (const GList *n = service->model->ingresses_by_age.head; n; n = n->next)
			render_ingress(n->data, &options, items);
	}
	pin_items(service, items);
}

/*
 * What stands whatever the networks and ingresses are called. When the journal does not tell of them, ways must go
 * before what they lead to can; and what is wanted no longer, as the second stage of isolation under another
 * configuration, is known by its end to be ours.
 */
static void pin_shared(Service *service)
{
	static const char *const addresses[N_FAMILIES] = { "10.0.0.1", "fd00::1" };
	const RenderOptions common = options_of(service, 0);
	g_autoptr(Network) network = network_new("");
	g_autoptr(Ingress) ingress = ingress_new("");
	g_autoptr(GArray) items = rendering_new();
	g_autoptr(Model) empty = model_new();

	g_strlcpy(network->bridge, "none", sizeof network->bridge);
	for (enum family family = 0; family < N_FAMILIES; family++) {
		address_parse(addresses[family], &network->subnets[family].address);
		network->subnets[family].length = 8;
		g_array_set_size(ingress->gateways, 1);
		g_strlcpy(g_array_index(ingress->gateways, Gateway, 0).bridge, "none", IFNAMSIZ);
		address_parse(addresses[family], &g_array_index(ingress->gateways, Gateway, 0).address);
		render_ingress(ingress, &common, items);
	}
	for (guint i = 0; i < N_CONFIGURATIONS; i++) {
		RenderOptions options = options_of(service, i);

		options.isolation_pairwise_max = 0;
		render_network(network, &options, items);
		empty->n_external = 1;
		render_isolation(empty, network, &options, items);
	}
	empty->n_external = 0;
	for (guint i = items->len; i-- > 0;)
		if (!place_is_shared(g_array_index(items, RuleItem, i).rule.place))
			g_array_remove_index(items, i);
	pin_items(service, items);
}

static void pin_change(Service *service, const Change *change)
{
	for (guint i = 0; change->kind->rules && i < N_CONFIGURATIONS; i++) {
		RenderOptions options = options_of(service, i);
		RuleDelta delta = { rendering_new(), rendering_new() };

		change->kind->rules(change, service->model, &options, &delta);
		pin_items(service, delta.joins);
		g_array_unref(delta.joins);
		g_array_unref(delta.leaves);
	}
}

/* What of the host it may have made. */
static void disown(Service *service, const Change *change)
{
	const Network *network = change->kind->bridge ? change->kind->bridge(change) : NULL;
	const Endpoint *endpoint = change->kind->attaches ? change->kind->attaches(change) : NULL;

	if (network)
		interfaces_disown(service->interfaces, network->bridge, network->mac);
	if (endpoint)
		attachments_disown(service->attachments, endpoint);
}

/* Nobody was told that it happened, so it shall not have: but the kernel may have some of it. Of the last, what cannot
 * be had back is deleted in the end. */
static void take_back_uncommitted(Service *service, GBytes *entries, bool last, GHashTable *descriptors)
{
	Batch batch = read_batch(service, entries, true);
	bool lost = last && unfinished_is_lost(service, batch.changes, descriptors);

	for (guint i = batch.changes->len; i-- > 0;) {
		Change *change = &g_array_index(batch.changes, Change, i);

		pin_change(service, change);
		disown(service, change);
		change->kind->revert(service->model, change);
		if (!lost && change->kind->release)
			change->kind->release(change, false);
	}
	if (lost)
		unfinished_keep(service, batch.changes);
	g_array_unref(batch.changes);
}

/* What stood from the previous instance's start is wanted as the objects' rules are, that a start which fails leaves
 * it alone. */
static void render_everything(Service *service, bool started)
{
	RenderOptions options = render_options(&service->config, service->transaction.ipv6);
	g_autoptr(GArray) items = rendering_new();

	service->model->started = started;
	if (started)
		render_base(FAMILY_IPV4, items);
	render_model(service->model, &options, items);
	ruleset_add_all(firewall_ruleset(service->firewall), items);
	if (service->recovery.may_have_rules)
		ruleset_pin_all(firewall_ruleset(service->firewall));
	if (service->handover)
		pin_all(handover_ruleset(service->handover), items);
}
/* --- what serves the objects --- */

static guint64 find_mac(Netlink *netlink, const char *bridge)
{
	guint64 mac = 0;
	InterfaceInfo info;

	if (!interface_find(netlink, bridge, &info, NULL))
		return network_random_mac();
	for (guint i = 0; i < sizeof info.mac; i++)
		mac = mac << 8 | info.mac[i];
	return mac ?: network_random_mac();
}

/* Version 2 knew bridges by name, and gave them no address: what has the name now is what it meant. */
static void restore_bridges(Service *service)
{
	for (const GList *i = service->model->networks_by_age.head; i; i = i->next) {
		Network *network = i->data;

		if (!network->creates_bridge || network->mac != 0)
			continue;
		network->mac = find_mac(service->netlink, network->bridge);
		interfaces_restore_by_name(service->interfaces, network->bridge, true, 0);
	}
}

static void restore_ports(Service *service)
{
	for (const GList *i = service->model->networks_by_age.head; i; i = i->next)
		for (const GList *e = ((const Network *)i->data)->endpoints_by_age.head; e; e = e->next) {
			const Endpoint *endpoint = e->data;

			for (guint p = 0; endpoint->reserves && p < endpoint->ports->len; p++) {
				PortRange ranges[N_FAMILIES];
				guint n = endpoint_port_ranges(endpoint, endpoint->ports->pdata[p], ranges);

				for (guint r = 0; r < n; r++)
					host_ports_restore(service->host_ports, &ranges[r]);
			}
		}
	for (const GList *i = service->model->ingresses_by_age.head; i; i = i->next) {
		const Ingress *ingress = i->data;

		for (guint p = 0; p < ingress->ports->len; p++) {
			const IngressPort *port = ingress->ports->pdata[p];
			PortRange range = ingress_port_range(ingress, port->protocol, port->port);

			host_ports_restore(service->host_ports, &range);
		}
	}
}

static void restore_lifetimes(Service *service, GHashTable *descriptors)
{
	GHashTableIter iter;
	gpointer token, fd;

	g_hash_table_iter_init(&iter, descriptors);
	while (g_hash_table_iter_next(&iter, &token, &fd))
		lifetimes_restore(service->lifetimes, *(const guint64 *)token, GPOINTER_TO_INT(fd));
	for (const GList *i = service->model->networks_by_age.head; i; i = i->next) {
		Network *network = i->data;

		lifetimes_begin(service->lifetimes, &network->lifetime);
		for (const GList *e = network->endpoints_by_age.head; e; e = e->next)
			lifetimes_begin(service->lifetimes, &((Endpoint *)e->data)->lifetime);
	}
	for (const GList *i = service->model->ingresses_by_age.head; i; i = i->next)
		lifetimes_begin(service->lifetimes, &((Ingress *)i->data)->lifetime);
	lifetimes_release(service->lifetimes);
}

/* Of a host that stays closed nothing is written down: what it has in another backend would stop all that is ours. */
static void find_left_closed(Service *service)
{
	const BackendKind *left = firewall_find_left_closed(service->firewall);

	if (left)
		service->handover = handover_new(left, firewall_prefix(service->firewall));
}

bool service_restore(Service *service, const char *directory, const char *bus_id, GHashTable *descriptors,
		     GError **error)
{
	g_auto(JournalContent) content = {};

	service->bus_id = g_strdup(bus_id);
	service->journal = journal_open(directory, error);
	if (!service->journal || !journal_load(service->journal, &content, error))
		return false;
	service->recovery.has_previous = service->recovery.may_have_rules = content.found;
	service->generation = content.generation;
	if (!content.found)
		find_left_closed(service);

	for (guint i = 0; i < content.committed->len; i++)
		restore_committed(service, content.committed->pdata[i]);
	render_everything(service, content.found);
	if (content.found) {
		pin_shared(service);
		pin_objects(service);
	}
	for (guint i = 0; i < content.uncommitted->len; i++)
		take_back_uncommitted(service, content.uncommitted->pdata[i], i + 1 == content.uncommitted->len,
				      descriptors);
	if (service->recovery.turns_back)
		exchange_policies(service);

	restore_bridges(service);
	restore_ports(service);
	restore_lifetimes(service, descriptors);
	return true;
}
