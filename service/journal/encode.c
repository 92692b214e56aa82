/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/private.h"

/*
 * What is written down of a change, so that a successor can make it again. A
 * record goes into the group that is committed with the change, and goes with
 * the change when that is rolled back.
 */

static void put_address(GByteArray *to, const Address *address)
{
	char text[INET6_ADDRSTRLEN];

	record_put_text(to, address_format(address, text));
}

/* One a family, "" where there is none. */
static void put_addresses(GByteArray *to, const Address addresses[static N_FAMILIES])
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		put_address(to, &addresses[family]);
}

static void put_subnets(GByteArray *to, const Network *network)
{
	char text[INET6_ADDRSTRLEN + 4];

	for (enum family family = 0; family < N_FAMILIES; family++)
		record_put_text(to, prefix_format(&network->subnets[family], text));
}

#define LIFETIME_FIELDS 5

static void put_lifetime(GByteArray *to, const Lifetime *lifetime)
{
	record_put_uint(to, lifetime->uid);
	record_put_text(to, lifetime->owner ?: "");
	record_put_bool(to, lifetime->persistent);
	record_put_uint(to, lifetime->token);
	record_put_uint(to, lifetime->deadline_usec);
}

static void put_network(GByteArray *to, const Network *network)
{
	record_put_head(to, 'N', 8 + 2 * N_FAMILIES + LIFETIME_FIELDS);
	record_put_text(to, network->name);
	record_put_text(to, network->bridge);
	record_put_bool(to, network->bridge_created);
	put_subnets(to, network);
	put_addresses(to, network->gateways);
	record_put_bool(to, network->internal);
	record_put_bool(to, network->communication);
	record_put_bool(to, network->masquerade);
	put_address(to, &network->host_binding);
	record_put_uint(to, network->sequence);
	put_lifetime(to, &network->lifetime);
}

static void put_endpoint(GByteArray *to, const Endpoint *endpoint)
{
	record_put_head(to, 'E', 2 + N_FAMILIES + LIFETIME_FIELDS);
	record_put_text(to, endpoint->network->name);
	record_put_text(to, endpoint->name);
	put_addresses(to, endpoint->addresses);
	put_lifetime(to, &endpoint->lifetime);
}

static void put_mapping(GByteArray *to, char type, const Endpoint *endpoint, const PortMapping *mapping)
{
	record_put_head(to, type, 8);
	record_put_text(to, endpoint->network->name);
	record_put_text(to, endpoint->name);
	record_put_text(to, protocol_to_string(mapping->protocol));
	put_address(to, &mapping->host_address);
	record_put_uint(to, mapping->host_port);
	record_put_uint(to, mapping->endpoint_port);
	record_put_uint(to, mapping->count);
	record_put_uint(to, mapping->sequence);
}

static void put_link(GByteArray *to, const Endpoint *parent, const Link *link)
{
	record_put_head(to, 'L', 5 + 2 * link->ports->len);
	record_put_text(to, parent->network->name);
	record_put_text(to, parent->name);
	record_put_text(to, link->child->name);
	record_put_uint(to, link->sequence);
	record_put_uint(to, link->ports->len);
	for (guint i = 0; i < link->ports->len; i++) {
		const LinkPort *port = &g_array_index(link->ports, LinkPort, i);

		record_put_text(to, protocol_to_string(port->protocol));
		record_put_uint(to, port->port);
	}
}

static void put_ingress(GByteArray *to, const Ingress *ingress)
{
	record_put_head(to, 'I', 4 + LIFETIME_FIELDS);
	record_put_text(to, ingress->name);
	put_address(to, &ingress->gateway);
	record_put_text(to, ingress->bridge);
	record_put_uint(to, ingress->sequence);
	put_lifetime(to, &ingress->lifetime);
}

static void put_ingress_port(GByteArray *to, const Ingress *ingress, const IngressPort *port)
{
	record_put_head(to, 'Q', 5);
	record_put_text(to, ingress->name);
	record_put_text(to, protocol_to_string(port->protocol));
	record_put_uint(to, port->port);
	record_put_uint(to, port->references);
	record_put_uint(to, port->sequence);
}

/*
 * That it was deleted is not written down: whoever looks for it then does not find it, and what may have its
 * name has another index.
 */
static void put_bridge(GByteArray *to, const char *name, int ifindex)
{
	record_put_head(to, 'B', 2);
	record_put_text(to, name);
	record_put_uint(to, ifindex);
}

/* --- of a change --- */

static void undo_record(void *context, void *object)
{
	Manager *manager = context;

	g_byte_array_set_size(manager->records, GPOINTER_TO_SIZE(object));
}

/* False when nothing is to be written down. */
static bool begin(Manager *manager)
{
	if (manager->restoring)
		return false;
	transaction_push(manager->transaction, undo_record, NULL, NULL, manager,
			 GSIZE_TO_POINTER(manager->records->len));
	return true;
}

void record_network(Manager *manager, const Network *network)
{
	if (begin(manager))
		put_network(manager->records, network);
}

void record_network_update(Manager *manager, const Network *network)
{
	if (!begin(manager))
		return;
	record_put_head(manager->records, 'U', 4);
	record_put_text(manager->records, network->name);
	record_put_bool(manager->records, network->communication);
	record_put_bool(manager->records, network->masquerade);
	put_address(manager->records, &network->host_binding);
}

void record_network_gone(Manager *manager, const Network *network)
{
	if (!begin(manager))
		return;
	record_put_head(manager->records, 'n', 1);
	record_put_text(manager->records, network->name);
}

void record_endpoint(Manager *manager, const Endpoint *endpoint)
{
	if (begin(manager))
		put_endpoint(manager->records, endpoint);
}

void record_endpoint_gone(Manager *manager, const Endpoint *endpoint)
{
	if (!begin(manager))
		return;
	record_put_head(manager->records, 'e', 2);
	record_put_text(manager->records, endpoint->network->name);
	record_put_text(manager->records, endpoint->name);
}

void record_mapping(Manager *manager, const Endpoint *endpoint, const PortMapping *mapping)
{
	if (begin(manager))
		put_mapping(manager->records, 'P', endpoint, mapping);
}

void record_mapping_gone(Manager *manager, const Endpoint *endpoint, const PortMapping *mapping)
{
	if (begin(manager))
		put_mapping(manager->records, 'p', endpoint, mapping);
}

void record_link(Manager *manager, const Endpoint *parent, const Link *link)
{
	if (begin(manager))
		put_link(manager->records, parent, link);
}

void record_link_gone(Manager *manager, const Endpoint *parent, const Endpoint *child)
{
	if (!begin(manager))
		return;
	record_put_head(manager->records, 'l', 3);
	record_put_text(manager->records, parent->network->name);
	record_put_text(manager->records, parent->name);
	record_put_text(manager->records, child->name);
}

void record_ingress(Manager *manager, const Ingress *ingress)
{
	if (begin(manager))
		put_ingress(manager->records, ingress);
}

void record_ingress_gone(Manager *manager, const Ingress *ingress)
{
	if (!begin(manager))
		return;
	record_put_head(manager->records, 'i', 1);
	record_put_text(manager->records, ingress->name);
}

void record_ingress_port(Manager *manager, const Ingress *ingress, const IngressPort *port)
{
	if (begin(manager))
		put_ingress_port(manager->records, ingress, port);
}

void record_ingress_port_gone(Manager *manager, const Ingress *ingress, const IngressPort *port)
{
	if (!begin(manager))
		return;
	record_put_head(manager->records, 'q', 3);
	record_put_text(manager->records, ingress->name);
	record_put_text(manager->records, protocol_to_string(port->protocol));
	record_put_uint(manager->records, port->port);
}

void record_bridge(Manager *manager, const char *name, int ifindex)
{
	if (begin(manager))
		put_bridge(manager->records, name, ifindex);
}

GByteArray *manager_record_group(Manager *manager)
{
	GByteArray *group = g_byte_array_new();

	/* First, so that whoever takes the group back puts the host back before forgetting what to put back. */
	host_put_settings(manager, group);
	g_byte_array_append(group, manager->records->data, manager->records->len);
	return group;
}

void manager_forget_records(Manager *manager)
{
	if (manager->records->len == 0)
		return;
	/* A large change should not cost its memory for ever. */
	g_byte_array_unref(manager->records);
	manager->records = g_byte_array_new();
}

/* --- everything --- */

static void put_network_whole(GByteArray *to, const Network *network)
{
	GHashTableIter iter;
	gpointer value;

	put_network(to, network);
	g_hash_table_iter_init(&iter, network->endpoints);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const Endpoint *endpoint = value;

		put_endpoint(to, endpoint);
		for (guint i = 0; i < endpoint->ports->len; i++)
			put_mapping(to, 'P', endpoint, endpoint->ports->pdata[i]);
	}
	/* A link needs both its ends. */
	g_hash_table_iter_init(&iter, network->endpoints);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const Endpoint *endpoint = value;

		for (guint i = 0; i < endpoint->links->len; i++)
			put_link(to, endpoint, endpoint->links->pdata[i]);
	}
}

GByteArray *manager_record_everything(Manager *manager)
{
	GByteArray *group = g_byte_array_new();
	GHashTableIter iter;
	gpointer name, object;

	record_put_head(group, 'S', 2);
	record_put_text(group, manager->bus_id);
	record_put_text(group, manager->config.chain_prefix);
	host_put_settings(manager, group);
	g_hash_table_iter_init(&iter, manager->bridges_pending);
	while (g_hash_table_iter_next(&iter, &name, &object))
		put_bridge(group, name, ((const PendingBridge *)object)->ifindex);
	g_hash_table_iter_init(&iter, manager->networks);
	while (g_hash_table_iter_next(&iter, NULL, &object))
		put_network_whole(group, object);
	g_hash_table_iter_init(&iter, manager->ingresses);
	while (g_hash_table_iter_next(&iter, NULL, &object)) {
		const Ingress *ingress = object;

		put_ingress(group, ingress);
		for (guint i = 0; i < ingress->ports->len; i++)
			put_ingress_port(group, ingress, ingress->ports->pdata[i]);
	}
	return group;
}
