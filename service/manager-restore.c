/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/manager-private.h"
#include "service/record.h"

#include <string.h>

/*
 * Makes again what the records say, by the same functions that made it first,
 * with the same age, ports and lifetime. Nothing is checked against limits,
 * written down or announced meanwhile.
 */

static void set_sequence(Manager *manager, guint64 sequence)
{
	manager->restored_sequence = sequence;
	manager->sequence = MAX(manager->sequence, sequence);
}

static LifetimeSettings read_lifetime(Manager *manager, GVariant *content, const char **ret_owner)
{
	LifetimeSettings settings = { .fd = -1 };
	gboolean persistent;
	guint32 uid;
	gpointer fd;

	g_variant_get(content, "(u&sbtt)", &uid, ret_owner, &persistent, &settings.token, &settings.deadline_usec);
	settings.uid = uid;
	settings.sender = *ret_owner;
	settings.persistent = persistent;
	manager->sequence = MAX(manager->sequence, settings.token);
	if (settings.token && g_hash_table_lookup_extended(manager->descriptors, &settings.token, NULL, &fd))
		settings.fd = GPOINTER_TO_INT(fd);
	return settings;
}

static bool apply_network(Manager *manager, GVariant *content, GError **error)
{
	g_autoptr(GVariant) subnets = NULL, gateways = NULL, lifetime = NULL;
	g_auto(GStrv) subnet_texts = NULL, gateway_texts = NULL;
	const char *name, *bridge, *host_binding, *owner;
	gboolean created, internal, communication, masquerade;
	guint64 sequence;
	NetworkSettings settings;
	Network *network;

	g_variant_get(content, "(y&s&sb@as@asbbb&st@" RECORD_LIFETIME ")", NULL, &name, &bridge, &created, &subnets,
		      &gateways, &internal, &communication, &masquerade, &host_binding, &sequence, &lifetime);
	subnet_texts = g_variant_dup_strv(subnets, NULL);
	gateway_texts = g_variant_dup_strv(gateways, NULL);
	settings = (NetworkSettings){
		.bridge = (char *)bridge,
		.subnets = subnet_texts,
		.gateways = gateway_texts,
		.internal = internal,
		.communication = communication,
		.masquerade = masquerade,
		.host_binding = (char *)host_binding,
		.lifetime = read_lifetime(manager, lifetime, &owner),
	};
	set_sequence(manager, sequence);
	network = network_create(manager, name, &settings, error);
	if (network && created)
		host_inherit_bridge(manager, network);
	return network;
}

static bool apply_update(Manager *manager, GVariant *content, GError **error)
{
	const char *name, *host_binding;
	gboolean communication, masquerade;
	NetworkSettings settings;
	Network *network;

	g_variant_get(content, "(y&sbb&s)", NULL, &name, &communication, &masquerade, &host_binding);
	network = manager_find_network(manager, name, error);
	settings = (NetworkSettings){
		.communication = communication,
		.masquerade = masquerade,
		.host_binding = (char *)host_binding,
	};
	return network && network_update(manager, network, UPDATE_COMMUNICATION | UPDATE_MASQUERADE | UPDATE_HOST_BINDING,
					 &settings, error);
}

static bool apply_network_gone(Manager *manager, GVariant *content, GError **error)
{
	Network *network;
	const char *name;

	g_variant_get(content, "(y&s)", NULL, &name);
	network = manager_find_network(manager, name, error);
	if (network)
		network_delete(manager, network);
	return network;
}

static bool apply_endpoint(Manager *manager, GVariant *content, GError **error)
{
	g_autoptr(GVariant) addresses = NULL, lifetime = NULL;
	g_auto(GStrv) texts = NULL;
	const char *network_name, *name, *owner;
	EndpointSettings settings;
	Network *network;

	g_variant_get(content, "(y&s&s@as@" RECORD_LIFETIME ")", NULL, &network_name, &name, &addresses, &lifetime);
	texts = g_variant_dup_strv(addresses, NULL);
	settings = (EndpointSettings){
		.name = (char *)name,
		.addresses = texts,
		.lifetime = read_lifetime(manager, lifetime, &owner),
	};
	network = manager_find_network(manager, network_name, error);
	return network && endpoint_create(manager, network, &settings, error);
}

static Endpoint *find_endpoint(Manager *manager, const char *network_name, const char *name, GError **error)
{
	Network *network = manager_find_network(manager, network_name, error);

	return network ? network_find_endpoint(network, name, error) : NULL;
}

static bool apply_endpoint_gone(Manager *manager, GVariant *content, GError **error)
{
	const char *network, *name;
	Endpoint *endpoint;

	g_variant_get(content, "(y&s&s)", NULL, &network, &name);
	endpoint = find_endpoint(manager, network, name, error);
	if (endpoint)
		endpoint_delete(manager, endpoint);
	return endpoint;
}

static bool apply_mapping(Manager *manager, GVariant *content, GError **error)
{
	g_autoptr(GArray) mappings = g_array_new(FALSE, FALSE, sizeof(PortMapping));
	const char *network, *name, *host_address;
	guint8 type, protocol;
	guint16 host_port, endpoint_port, count;
	guint64 sequence;
	Endpoint *endpoint;
	PortMapping mapping = {};

	g_variant_get(content, "(y&s&sy&sqqqt)", &type, &network, &name, &protocol, &host_address, &host_port,
		      &endpoint_port, &count, &sequence);
	endpoint = find_endpoint(manager, network, name, error);
	if (!endpoint || !port_mapping_parse(protocol_to_string(protocol), host_address, host_port, endpoint_port, count,
					     &mapping, error))
		return false;
	g_array_append_val(mappings, mapping);
	set_sequence(manager, sequence);
	return type == 'P' ? endpoint_publish(manager, endpoint, mappings, NULL, error)
			   : endpoint_unpublish(manager, endpoint, mappings, error);
}

static bool apply_link(Manager *manager, GVariant *content, GError **error)
{
	g_autoptr(GArray) ports = g_array_new(FALSE, FALSE, sizeof(LinkPort));
	g_autoptr(GVariant) list = NULL;
	const char *network, *parent_name, *child_name;
	Endpoint *parent, *child;
	guint64 sequence;
	GVariantIter iter;
	LinkPort port;

	g_variant_get(content, "(y&s&s&s@a(yq)t)", NULL, &network, &parent_name, &child_name, &list, &sequence);
	g_variant_iter_init(&iter, list);
	while (g_variant_iter_next(&iter, "(yq)", &port.protocol, &port.port))
		g_array_append_val(ports, port);
	parent = find_endpoint(manager, network, parent_name, error);
	child = parent ? find_endpoint(manager, network, child_name, error) : NULL;
	set_sequence(manager, sequence);
	return child && endpoint_link(manager, parent, child, ports, error);
}

static bool apply_link_gone(Manager *manager, GVariant *content, GError **error)
{
	const char *network, *parent_name, *child_name;
	Endpoint *parent, *child;

	g_variant_get(content, "(y&s&s&s)", NULL, &network, &parent_name, &child_name);
	parent = find_endpoint(manager, network, parent_name, error);
	child = parent ? find_endpoint(manager, network, child_name, error) : NULL;
	return child && endpoint_unlink(manager, parent, child, error);
}

static bool apply_ingress(Manager *manager, GVariant *content, GError **error)
{
	g_autoptr(GVariant) lifetime = NULL;
	const char *name, *gateway, *bridge, *owner;
	IngressSettings settings;
	guint64 sequence;

	g_variant_get(content, "(y&s&s&st@" RECORD_LIFETIME ")", NULL, &name, &gateway, &bridge, &sequence, &lifetime);
	settings = (IngressSettings){
		.gateway = (char *)gateway,
		.bridge = (char *)bridge,
		.lifetime = read_lifetime(manager, lifetime, &owner),
	};
	set_sequence(manager, sequence);
	return ingress_create(manager, name, &settings, error);
}

static bool apply_ingress_gone(Manager *manager, GVariant *content, GError **error)
{
	Ingress *ingress;
	const char *name;

	g_variant_get(content, "(y&s)", NULL, &name);
	ingress = manager_find_ingress(manager, name, error);
	if (ingress)
		ingress_delete(manager, ingress);
	return ingress;
}

static bool apply_ingress_port(Manager *manager, GVariant *content, GError **error)
{
	const char *name;
	guint64 sequence;
	Ingress *ingress;
	guint32 references;
	LinkPort port;

	g_variant_get(content, "(y&syqut)", NULL, &name, &port.protocol, &port.port, &references, &sequence);
	ingress = manager_find_ingress(manager, name, error);
	set_sequence(manager, sequence);
	return ingress && ingress_set_port(manager, ingress, &port, references, error);
}

static bool apply_ingress_port_gone(Manager *manager, GVariant *content, GError **error)
{
	const char *name;
	Ingress *ingress;
	LinkPort port;

	g_variant_get(content, "(y&syq)", NULL, &name, &port.protocol, &port.port);
	ingress = manager_find_ingress(manager, name, error);
	return ingress && ingress_set_port(manager, ingress, &port, 0, error);
}

static bool apply_start(Manager *manager, GVariant *content, GError **error G_GNUC_UNUSED)
{
	const char *bus_id, *prefix;

	g_variant_get(content, "(y&s&s)", NULL, &bus_id, &prefix);
	/* Unique names mean something on the bus they were given out on, no other. */
	manager->other_bus = strcmp(bus_id, manager->bus_id) != 0;
	if (strcmp(prefix, manager->config.chain_prefix) == 0)
		return true;
	g_warning("ChainPrefix=%s takes effect when no object is left; until then the chains are called %s",
		  manager->config.chain_prefix, prefix);
	g_free(manager->config.chain_prefix);
	manager->config.chain_prefix = g_strdup(prefix);
	iptables_free(manager->iptables);
	manager->iptables = iptables_new(prefix);
	return true;
}

static const struct {
	guint8 type;
	const char *format;
	bool (*apply)(Manager *manager, GVariant *content, GError **error);
} record_types[] = {
	{ 'S', "(yss)", apply_start },
	{ 'H', "(yabayas)", host_settings_apply },
	{ 'N', "(yssbasasbbbst" RECORD_LIFETIME ")", apply_network },
	{ 'U', "(ysbbs)", apply_update },
	{ 'n', "(ys)", apply_network_gone },
	{ 'E', "(yssas" RECORD_LIFETIME ")", apply_endpoint },
	{ 'e', "(yss)", apply_endpoint_gone },
	{ 'P', "(yssysqqqt)", apply_mapping },
	{ 'p', "(yssysqqqt)", apply_mapping },
	{ 'L', "(ysssa(yq)t)", apply_link },
	{ 'l', "(ysss)", apply_link_gone },
	{ 'I', "(yssst" RECORD_LIFETIME ")", apply_ingress },
	{ 'i', "(ys)", apply_ingress_gone },
	{ 'Q', "(ysyqut)", apply_ingress_port },
	{ 'q', "(ysyq)", apply_ingress_port_gone },
};

static bool apply_record(Manager *manager, GVariant *content, GError **error)
{
	g_autoptr(GVariant) type = NULL;

	if (!g_variant_is_of_type(content, G_VARIANT_TYPE_TUPLE) || g_variant_n_children(content) == 0)
		return netfilter_fail(error, FAILED, "not a record");
	type = g_variant_get_child_value(content, 0);
	if (!g_variant_is_of_type(type, G_VARIANT_TYPE_BYTE))
		return netfilter_fail(error, FAILED, "not a record");
	for (guint i = 0; i < G_N_ELEMENTS(record_types); i++)
		if (record_types[i].type == g_variant_get_byte(type)) {
			if (!g_variant_is_of_type(content, G_VARIANT_TYPE(record_types[i].format)))
				return netfilter_fail(error, FAILED, "a record '%c' of another shape", record_types[i].type);
			return record_types[i].apply(manager, content, error);
		}
	return netfilter_fail(error, FAILED, "an unknown record '%c'", g_variant_get_byte(type));
}

/* One record that cannot be applied does not cost the others. */
static void apply_group(Manager *manager, GVariant *group)
{
	GVariantIter iter;
	GVariant *content;

	g_variant_iter_init(&iter, group);
	while (g_variant_iter_next(&iter, "v", &content)) {
		g_autoptr(GError) error = NULL;
		guint mark = manager_mark(manager);

		if (!apply_record(manager, content, &error)) {
			g_critical("Something of the state cannot be restored: %s", error->message);
			manager_rollback(manager, mark);
		}
		g_variant_unref(content);
	}
}

/* The kernel is believed to hold what the ruleset wants now; what it is not asked for later goes. */
static void hold_everything(Manager *manager)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		for (enum chain chain = 0; chain < N_CHAINS; chain++) {
			const GPtrArray *entries = ruleset_chain(manager->ruleset, family, chain);

			for (guint i = 0; i < entries->len; i++) {
				const RulesetEntry *entry = entries->pdata[i];
				RuleItem item = { entry->rule, entry->order };

				if (entry->references > 0)
					ruleset_hold(manager->ruleset, &item);
			}
		}
}

static void hold_jumps(Manager *manager, const GArray *items)
{
	for (guint i = 0; i < items->len; i++) {
		const RuleItem *item = &g_array_index(items, RuleItem, i);

		if (item->rule.target == TARGET_JUMP && !*item->rule.in && !*item->rule.out)
			ruleset_hold(manager->ruleset, item);
	}
}

/*
 * The jumps from the builtin chains, which stand whatever the networks and
 * ingresses are called: when the state does not tell of them, they must go before
 * their chains can.
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
	hold_jumps(manager, items);
}

bool manager_restore(Manager *manager, const char *directory, const char *bus_id, GHashTable *descriptors, GError **error)
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
		transaction_done(manager->transaction);
		host_settle_policies(manager);
	}
	manager->replaying = false;
	ruleset_settle(manager->ruleset);
	hold_everything(manager);
	if (content.found)
		hold_scaffolding(manager);

	/* Nobody was told that it happened, so it shall not have: but the kernel may have some of it. */
	for (guint i = 0; i < content.unfinished->len; i++) {
		mark = manager_mark(manager);
		apply_group(manager, content.unfinished->pdata[i]);
		hold_everything(manager);
		manager_rollback(manager, mark);
	}

	ports_set_tolerant(manager->ports, false);
	manager->descriptors = NULL;
	manager->restoring = false;
	return true;
}
