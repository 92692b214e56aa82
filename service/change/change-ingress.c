/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/private.h"

static GArray *render_port_of(const Ingress *ingress, const IngressPort *port)
{
	GArray *items = rendering_new();

	render_ingress_port(ingress, port, items);
	return items;
}

static bool parse_ingress(Manager *manager, Ingress *ingress, const IngressSettings *settings, GError **error)
{
	enum link_kind kind;

	if (!settings->gateway)
		return netfilter_fail(error, INVALID_ARGS, "Gateway: an ingress needs one");
	if (!address_parse(settings->gateway, &ingress->gateway))
		return netfilter_fail(error, INVALID_ARGS, "Gateway: \"%s\" is not an address", settings->gateway);
	if (address_is_any(&ingress->gateway) || address_is_loopback(&ingress->gateway) ||
	    address_is_multicast(&ingress->gateway) || address_is_broadcast(&ingress->gateway) ||
	    address_is_link_local(&ingress->gateway))
		return netfilter_fail(error, INVALID_ARGS, "Gateway: \"%s\" cannot be forwarded to", settings->gateway);

	if (!settings->bridge || !*settings->bridge)
		return route_lookup(manager->netlink, &ingress->gateway, &(int){ 0 }, ingress->bridge, error);
	if (!link_name_is_valid(settings->bridge))
		return netfilter_fail(error, INVALID_ARGS, "Bridge: \"%s\" is not an interface name", settings->bridge);
	g_strlcpy(ingress->bridge, settings->bridge, sizeof ingress->bridge);
	if (g_hash_table_contains(manager->bridges, ingress->bridge))
		return true;
	if (!link_kind(manager->netlink, ingress->bridge, &kind, error))
		return false;
	if (kind == LINK_MISSING)
		return netfilter_fail(error, INVALID_ARGS, "Bridge: there is no interface %s", ingress->bridge);
	return true;
}

static void undo_insert(void *context, void *object)
{
	Manager *manager = context;
	Ingress *ingress = object;

	g_hash_table_steal(manager->ingresses, ingress->name);
	ingress_free(ingress);
}

static void undo_remove(void *context, void *object)
{
	Manager *manager = context;
	Ingress *ingress = object;

	g_hash_table_insert(manager->ingresses, ingress->name, ingress);
}

static void done_remove(void *context, void *object)
{
	Manager *manager = context;

	manager_tell_removed(manager, OBJECT_INGRESS, object);
	ingress_free(object);
}

static GArray *render_own(const Ingress *ingress)
{
	GArray *items = rendering_new();

	render_ingress(ingress, items);
	return items;
}

bool ingress_use_host(Manager *manager, Ingress *ingress, GError **error)
{
	enum family family = address_family(&ingress->gateway);

	if (!host_use_forwarding(manager, family, error))
		return false;
	if (family == FAMILY_IPV4)
		host_use_localnet(manager, ingress->bridge);
	return true;
}

void ingress_leave_host(Manager *manager, Ingress *ingress)
{
	enum family family = address_family(&ingress->gateway);

	if (family == FAMILY_IPV4)
		host_leave_localnet(manager, ingress->bridge);
	host_leave_forwarding(manager, family);
}

Ingress *ingress_create(Manager *manager, const char *name, const IngressSettings *settings, GError **error)
{
	g_autoptr(Ingress) fresh = NULL;
	Ingress *ingress;

	if (!name_is_valid("ingress", name, error))
		return NULL;
	if (g_hash_table_contains(manager->ingresses, name)) {
		netfilter_fail(error, INGRESS_EXISTS, "ingress \"%s\" exists", name);
		return NULL;
	}
	fresh = ingress_new(name);
	if (!manager_begin_lifetime(manager, &fresh->lifetime, OBJECT_INGRESS, fresh, &settings->lifetime, error) ||
	    !parse_ingress(manager, fresh, settings, error) ||
	    !quota_take(manager, QUOTA_INGRESSES, fresh->lifetime.uid, 1, error))
		return NULL;

	fresh->sequence = manager_next_sequence(manager);
	ingress = g_steal_pointer(&fresh);
	g_hash_table_insert(manager->ingresses, ingress->name, ingress);
	transaction_push(manager->transaction, undo_insert, NULL, NULL, manager, ingress);
	manager_own(manager, &ingress->lifetime);
	manager_note_added(manager, OBJECT_INGRESS, ingress);
	manager_add_rules(manager, render_own(ingress));
	record_ingress(manager, ingress);

	if (!ingress_use_host(manager, ingress, error))
		return NULL;
	if (settings->ports && settings->ports->len > 0 && !ingress_publish(manager, ingress, settings->ports, error))
		return NULL;
	return ingress;
}

static IngressPort *find_port(const Ingress *ingress, const LinkPort *port, guint *ret_index)
{
	for (guint i = 0; i < ingress->ports->len; i++) {
		IngressPort *candidate = ingress->ports->pdata[i];

		if (candidate->protocol == port->protocol && candidate->port == port->port) {
			*ret_index = i;
			return candidate;
		}
	}
	return NULL;
}

static PortRange port_range(const Ingress *ingress, guint8 protocol, guint16 port)
{
	return (PortRange){
		.protocol = protocol,
		.family = address_family(&ingress->gateway),
		.first = port,
		.count = 1,
	};
}

static void undo_publish(void *context, void *object)
{
	Ingress *ingress = context;

	g_ptr_array_remove(ingress->ports, object);
}

static bool add_port(Manager *manager, Ingress *ingress, const LinkPort *requested, guint references, GError **error)
{
	PortRange range = port_range(ingress, requested->protocol, requested->port);
	IngressPort *port;

	if (!quota_take(manager, QUOTA_PORTS, ingress->lifetime.uid, 1, error) ||
	    !ports_reserve(manager->ports, manager->transaction, &range, error))
		return false;
	manager_forget_flows(manager, &range);

	port = g_new(IngressPort, 1);
	*port = (IngressPort){ requested->protocol, requested->port, references, manager_next_sequence(manager) };
	g_ptr_array_add(ingress->ports, port);
	transaction_push(manager->transaction, undo_publish, NULL, NULL, ingress, port);
	manager_add_rules(manager, render_port_of(ingress, port));
	record_ingress_port(manager, ingress, port);
	manager_note_changed(manager, OBJECT_INGRESS, ingress, "Ports");
	return true;
}

static void release_port(Manager *manager, const Ingress *ingress, const IngressPort *port)
{
	PortRange range = port_range(ingress, port->protocol, port->port);

	ports_release(manager->ports, manager->transaction, &range);
	manager_forget_flows(manager, &range);
	quota_give(manager, QUOTA_PORTS, ingress->lifetime.uid, 1);
	manager_remove_rules(manager, render_port_of(ingress, port));
}

typedef struct Unpublication {
	Ingress *ingress;
	IngressPort *port;
	guint index;
} Unpublication;

static void undo_unpublish(void *context G_GNUC_UNUSED, void *object)
{
	Unpublication *gone = object;

	g_ptr_array_insert(gone->ingress->ports, gone->index, gone->port);
	g_free(gone);
}

static void done_unpublish(void *context G_GNUC_UNUSED, void *object)
{
	Unpublication *gone = object;

	g_free(gone->port);
	g_free(gone);
}

static void remove_port(Manager *manager, Ingress *ingress, IngressPort *port, guint index)
{
	Unpublication *gone = g_new(Unpublication, 1);

	release_port(manager, ingress, port);
	*gone = (Unpublication){ ingress, g_ptr_array_steal_index(ingress->ports, index), index };
	transaction_push(manager->transaction, undo_unpublish, NULL, done_unpublish, NULL, gone);
	record_ingress_port_gone(manager, ingress, port);
	manager_note_changed(manager, OBJECT_INGRESS, ingress, "Ports");
}

bool ingress_set_port(Manager *manager, Ingress *ingress, const LinkPort *requested, guint references, GError **error)
{
	guint index;
	IngressPort *port = find_port(ingress, requested, &index);

	if (!port)
		return references == 0 || add_port(manager, ingress, requested, references, error);
	if (references == 0) {
		remove_port(manager, ingress, port, index);
		return true;
	}
	manager_count(manager, &port->references, (int)references - (int)port->references);
	record_ingress_port(manager, ingress, port);
	return true;
}

static bool publish_one(Manager *manager, Ingress *ingress, const LinkPort *requested, GError **error)
{
	guint index;
	const IngressPort *port = find_port(ingress, requested, &index);

	return ingress_set_port(manager, ingress, requested, port ? port->references + 1 : 1, error);
}

bool ingress_publish(Manager *manager, Ingress *ingress, const GArray *ports, GError **error)
{
	if (ports->len > manager->config.max_ports_per_call)
		return netfilter_fail(error, QUOTA_EXCEEDED, "%u ports at once are more than MaxPortsPerCall=%u",
				      ports->len, manager->config.max_ports_per_call);
	for (guint i = 0; i < ports->len; i++)
		if (!publish_one(manager, ingress, &g_array_index(ports, LinkPort, i), error))
			return false;
	return true;
}

static bool unpublish_one(Manager *manager, Ingress *ingress, const LinkPort *requested, GError **error)
{
	guint index;
	const IngressPort *port = find_port(ingress, requested, &index);

	if (!port)
		return netfilter_fail(error, INVALID_ARGS, "ingress \"%s\" does not publish %s port %u", ingress->name,
				      protocol_to_string(requested->protocol), requested->port);
	return ingress_set_port(manager, ingress, requested, port->references - 1, error);
}

bool ingress_unpublish(Manager *manager, Ingress *ingress, const GArray *ports, GError **error)
{
	for (guint i = 0; i < ports->len; i++)
		if (!unpublish_one(manager, ingress, &g_array_index(ports, LinkPort, i), error))
			return false;
	return true;
}

void ingress_delete(Manager *manager, Ingress *ingress)
{
	for (guint i = 0; i < ingress->ports->len; i++)
		release_port(manager, ingress, ingress->ports->pdata[i]);
	ingress_leave_host(manager, ingress);
	manager_remove_rules(manager, render_own(ingress));
	manager_disown(manager, &ingress->lifetime);
	record_ingress_gone(manager, ingress);
	quota_give(manager, QUOTA_INGRESSES, ingress->lifetime.uid, 1);
	g_hash_table_steal(manager->ingresses, ingress->name);
	transaction_push(manager->transaction, undo_remove, NULL, done_remove, manager, ingress);
}

GArray *service_rules_of_ingress(Manager *manager G_GNUC_UNUSED, const Ingress *ingress)
{
	GArray *items = render_own(ingress);

	for (guint i = 0; i < ingress->ports->len; i++)
		render_ingress_port(ingress, ingress->ports->pdata[i], items);
	return items;
}
