/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/private.h"

#include <string.h>

/*
 * Makes again what the records say, by the same functions that made it first,
 * with the same age, ports and lifetime. Nothing is checked against limits,
 * written down or announced meanwhile.
 */

static void get_sequence(Manager *manager, Record *record)
{
	manager->restored_sequence = record_get_uint(record, G_MAXUINT64);
	manager->sequence = MAX(manager->sequence, manager->restored_sequence);
}

static LifetimeSettings get_lifetime(Manager *manager, Record *record)
{
	LifetimeSettings settings = { .fd = -1 };
	gpointer fd;

	settings.uid = record_get_uint(record, G_MAXUINT32);
	settings.sender = record_get_text(record);
	settings.persistent = record_get_bool(record);
	settings.token = record_get_uint(record, G_MAXUINT64);
	settings.deadline_usec = record_get_uint(record, G_MAXUINT64);
	manager->sequence = MAX(manager->sequence, settings.token);
	if (settings.token && g_hash_table_lookup_extended(manager->descriptors, &settings.token, NULL, &fd))
		settings.fd = GPOINTER_TO_INT(fd);
	return settings;
}

/* One a family, "" where there is none; the settings' form leaves those out. */
static void get_texts(Record *record, char *ret[static N_FAMILIES + 1])
{
	guint n = 0;

	for (enum family family = 0; family < N_FAMILIES; family++) {
		const char *text = record_get_text(record);

		if (*text)
			ret[n++] = (char *)text;
	}
	ret[n] = NULL;
}

static bool apply_network(Manager *manager, Record *record, GError **error)
{
	char *subnets[N_FAMILIES + 1], *gateways[N_FAMILIES + 1];
	NetworkSettings settings = {};
	const char *name;
	Network *network;
	bool created;

	name = record_get_text(record);
	settings.bridge = (char *)record_get_text(record);
	created = record_get_bool(record);
	get_texts(record, subnets);
	settings.subnets = subnets;
	get_texts(record, gateways);
	settings.gateways = gateways;
	settings.internal = record_get_bool(record);
	settings.communication = record_get_bool(record);
	settings.masquerade = record_get_bool(record);
	settings.host_binding = (char *)record_get_text(record);
	get_sequence(manager, record);
	settings.lifetime = get_lifetime(manager, record);
	if (!record_end(record, error))
		return false;
	network = network_create(manager, name, &settings, error);
	if (network && created)
		host_inherit_bridge(manager, network);
	return network;
}

static bool apply_update(Manager *manager, Record *record, GError **error)
{
	NetworkSettings settings = {};
	const char *name;
	Network *network;

	name = record_get_text(record);
	settings.communication = record_get_bool(record);
	settings.masquerade = record_get_bool(record);
	settings.host_binding = (char *)record_get_text(record);
	if (!record_end(record, error))
		return false;
	network = service_find_network(manager, name, error);
	return network &&
	       network_update(manager, network, UPDATE_COMMUNICATION | UPDATE_MASQUERADE | UPDATE_HOST_BINDING,
			      &settings, error);
}

static bool apply_network_gone(Manager *manager, Record *record, GError **error)
{
	const char *name = record_get_text(record);
	Network *network = record_end(record, error) ? service_find_network(manager, name, error) : NULL;

	if (network)
		network_delete(manager, network);
	return network;
}

static bool apply_endpoint(Manager *manager, Record *record, GError **error)
{
	const char *network_name = record_get_text(record);
	EndpointSettings settings = {};
	char *addresses[N_FAMILIES + 1];
	Network *network;

	settings.name = (char *)record_get_text(record);
	get_texts(record, addresses);
	settings.addresses = addresses;
	settings.lifetime = get_lifetime(manager, record);
	if (!record_end(record, error))
		return false;
	network = service_find_network(manager, network_name, error);
	return network && endpoint_create(manager, network, &settings, error);
}

static Endpoint *find_endpoint(Manager *manager, const char *network_name, const char *name, GError **error)
{
	Network *network = service_find_network(manager, network_name, error);

	return network ? network_find_endpoint(network, name, error) : NULL;
}

static bool apply_endpoint_gone(Manager *manager, Record *record, GError **error)
{
	const char *network = record_get_text(record), *name = record_get_text(record);
	Endpoint *endpoint = record_end(record, error) ? find_endpoint(manager, network, name, error) : NULL;

	if (endpoint)
		endpoint_delete(manager, endpoint);
	return endpoint;
}

static bool apply_mapping(Manager *manager, Record *record, GError **error)
{
	g_autoptr(GArray) mappings = g_array_new(FALSE, FALSE, sizeof(PortMapping));
	const char *network = record_get_text(record), *name = record_get_text(record);
	const char *protocol = record_get_text(record), *host_address = record_get_text(record);
	guint16 host_port = record_get_uint(record, G_MAXUINT16), endpoint_port = record_get_uint(record, G_MAXUINT16);
	guint16 count = record_get_uint(record, G_MAXUINT16);
	PortMapping mapping = {};
	Endpoint *endpoint;

	get_sequence(manager, record);
	if (!record_end(record, error))
		return false;
	endpoint = find_endpoint(manager, network, name, error);
	if (!endpoint || !port_mapping_parse(protocol, host_address, host_port, endpoint_port, count, &mapping, error))
		return false;
	g_array_append_val(mappings, mapping);
	return record->type == 'P' ? endpoint_publish(manager, endpoint, mappings, NULL, error)
				   : endpoint_unpublish(manager, endpoint, mappings, error);
}

static bool get_port(Record *record, LinkPort *ret, GError **error)
{
	const char *protocol = record_get_text(record);

	return link_port_parse(protocol, record_get_uint(record, G_MAXUINT16), ret, error);
}

static bool apply_link(Manager *manager, Record *record, GError **error)
{
	g_autoptr(GArray) ports = g_array_new(FALSE, FALSE, sizeof(LinkPort));
	const char *network = record_get_text(record);
	const char *parent_name = record_get_text(record), *child_name = record_get_text(record);
	Endpoint *parent, *child;
	LinkPort port;

	get_sequence(manager, record);
	for (guint n = record_get_uint(record, G_MAXUINT16); n > 0; n--) {
		if (!get_port(record, &port, error))
			return false;
		g_array_append_val(ports, port);
	}
	if (!record_end(record, error))
		return false;
	parent = find_endpoint(manager, network, parent_name, error);
	child = parent ? find_endpoint(manager, network, child_name, error) : NULL;
	return child && endpoint_link(manager, parent, child, ports, error);
}

static bool apply_link_gone(Manager *manager, Record *record, GError **error)
{
	const char *network = record_get_text(record);
	const char *parent_name = record_get_text(record), *child_name = record_get_text(record);
	Endpoint *parent, *child;

	if (!record_end(record, error))
		return false;
	parent = find_endpoint(manager, network, parent_name, error);
	child = parent ? find_endpoint(manager, network, child_name, error) : NULL;
	return child && endpoint_unlink(manager, parent, child, error);
}

static bool apply_ingress(Manager *manager, Record *record, GError **error)
{
	IngressSettings settings = {};
	const char *name = record_get_text(record);

	settings.gateway = (char *)record_get_text(record);
	settings.bridge = (char *)record_get_text(record);
	get_sequence(manager, record);
	settings.lifetime = get_lifetime(manager, record);
	return record_end(record, error) && ingress_create(manager, name, &settings, error);
}

static bool apply_ingress_gone(Manager *manager, Record *record, GError **error)
{
	const char *name = record_get_text(record);
	Ingress *ingress = record_end(record, error) ? service_find_ingress(manager, name, error) : NULL;

	if (ingress)
		ingress_delete(manager, ingress);
	return ingress;
}

static bool apply_ingress_port(Manager *manager, Record *record, GError **error)
{
	const char *name = record_get_text(record);
	guint32 references = 0;
	Ingress *ingress;
	LinkPort port;

	if (!get_port(record, &port, error))
		return false;
	if (record->type == 'Q') {
		references = record_get_uint(record, G_MAXUINT32);
		get_sequence(manager, record);
	}
	if (!record_end(record, error))
		return false;
	ingress = service_find_ingress(manager, name, error);
	return ingress && ingress_set_port(manager, ingress, &port, references, error);
}

static bool apply_bridge(Manager *manager, Record *record, GError **error)
{
	const char *name = record_get_text(record);
	int ifindex = record_get_uint(record, G_MAXINT);

	if (!record_end(record, error))
		return false;
	host_inherit_pending(manager, name, ifindex);
	return true;
}

static bool apply_start(Manager *manager, Record *record, GError **error)
{
	const char *bus_id = record_get_text(record), *prefix = record_get_text(record);
	const BackendKind *kind = manager->backend->kind;

	if (!record_end(record, error))
		return false;
	/* Unique names mean something on the bus they were given out on, no other. */
	manager->other_bus = strcmp(bus_id, manager->bus_id) != 0;
	if (strcmp(prefix, manager->config.chain_prefix) == 0)
		return true;
	g_warning("ChainPrefix=%s takes effect when no object is left; until then the chains are called %s",
		  manager->config.chain_prefix, prefix);
	g_free(manager->config.chain_prefix);
	manager->config.chain_prefix = g_strdup(prefix);
	kind->free(manager->backend);
	manager->backend = kind->new (prefix);
	return true;
}

static const struct {
	char type;
	bool (*apply)(Manager *manager, Record *record, GError **error);
} record_types[] = {
	{ 'S', apply_start },   { 'H', host_apply_settings }, { 'B', apply_bridge },       { 'N', apply_network },
	{ 'U', apply_update },  { 'n', apply_network_gone },  { 'E', apply_endpoint },     { 'e', apply_endpoint_gone },
	{ 'P', apply_mapping }, { 'p', apply_mapping },       { 'L', apply_link },         { 'l', apply_link_gone },
	{ 'I', apply_ingress }, { 'i', apply_ingress_gone },  { 'Q', apply_ingress_port }, { 'q', apply_ingress_port },
};

/* One record that cannot be applied does not cost the others. */
static bool apply_record(Record *record, void *userdata, GError **error)
{
	Manager *manager = userdata;
	guint mark = manager_mark(manager);

	for (guint i = 0; i < G_N_ELEMENTS(record_types); i++)
		if (record_types[i].type == record->type) {
			if (record_types[i].apply(manager, record, error))
				return true;
			manager_rollback(manager, mark);
			return false;
		}
	return netfilter_fail(error, FAILED, "an unknown record '%c'", record->type);
}

static void apply_group(Manager *manager, GBytes *group)
{
	record_foreach(group, apply_record, manager);
}

static void hold_shared(Manager *manager, const GArray *items)
{
	for (guint i = 0; i < items->len; i++) {
		const RuleItem *item = &g_array_index(items, RuleItem, i);

		if (place_is_shared(item->rule.place) && item->rule.place != PLACE_ACCEPT_EXISTS &&
		    item->rule.place != PLACE_DNAT_EXISTS)
			ruleset_hold(manager->ruleset, item);
	}
}

/*
 * The jumps from the builtin chains and the ends of our own, which stand whatever
 * the networks and ingresses are called. When the state does not tell of them, the
 * jumps must go before their chains can; and a chain that is wanted no longer, as
 * the second stage under another configuration, is known by its end to be ours.
 */
static void hold_scaffolding(Manager *manager)
{
	static const char *const addresses[N_FAMILIES] = { "10.0.0.1", "fd00::1" };
	g_autoptr(Network) network = network_new("");
	g_autoptr(Ingress) ingress = ingress_new("");
	g_autoptr(GArray) items = rendering_new();

	g_strlcpy(network->bridge, "none", sizeof network->bridge);
	g_strlcpy(ingress->bridge, "none", sizeof ingress->bridge);
	for (enum family family = 0; family < N_FAMILIES; family++) {
		address_parse(addresses[family], &network->subnets[family].address);
		network->subnets[family].length = 8;
		address_parse(addresses[family], &ingress->gateway);
		render_ingress(ingress, items);
	}
	for (guint hairpin = 0; hairpin < 2; hairpin++) {
		RenderOptions options = { .hairpin = hairpin, .localhost_publish = true };

		render_network(network, &options, items);
	}
	render_isolation_linear(network, items);
	hold_shared(manager, items);
}

bool manager_restore(Manager *manager, const char *directory, const char *bus_id, GHashTable *descriptors,
		     GError **error)
{
	g_auto(StateContent) content = {};
	guint mark;

	manager->bus_id = g_strdup(bus_id);
	manager->state = state_open(directory, error);
	if (!manager->state || !state_load(manager->state, &content, error))
		return false;

	manager->has_predecessor = content.found;
	manager->generation = content.generation;
	manager->restoring = true;
	manager->descriptors = descriptors;
	ports_set_tolerant(manager->ports, true);

	/* One after the other: a name that one gave back may be taken by the next. */
	manager->replaying = true;
	for (guint i = 0; i < content.finished->len; i++) {
		apply_group(manager, content.finished->pdata[i]);
		manager_finish(manager);
		host_settle_policies(manager);
	}
	manager->replaying = false;
	ruleset_settle(manager->ruleset);
	ruleset_hold_all(manager->ruleset);
	if (content.found)
		hold_scaffolding(manager);

	/* Nobody was told that it happened, so it shall not have: but the kernel may have some of it. */
	for (guint i = 0; i < content.unfinished->len; i++) {
		mark = manager_mark(manager);
		apply_group(manager, content.unfinished->pdata[i]);
		ruleset_hold_all(manager->ruleset);
		manager_rollback(manager, mark);
	}

	ports_set_tolerant(manager->ports, false);
	manager->descriptors = NULL;
	manager->restoring = false;
	return true;
}
