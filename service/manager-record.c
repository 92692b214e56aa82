/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/manager-private.h"
#include "service/record.h"

#include <string.h>

/*
 * What is written down of a change, so that a successor can make it again. A
 * record goes into the group that is committed with the change, and goes with
 * the change when that is rolled back.
 */

static void undo_record(void *context, void *object)
{
	Manager *manager = context;

	g_byte_array_set_size(manager->records, GPOINTER_TO_SIZE(object));
}

/*
 * Records lie end to end in one block until they are written, for the same reason as manager->rendered: as trees of
 * small pieces they would lie between the objects that stay.
 */
#define RECORD_ALIGNMENT 8 /* a GVariant's */

typedef struct RecordHead {
	guint64 size; /* of what follows, without the padding */
} RecordHead;

G_STATIC_ASSERT(sizeof(RecordHead) % RECORD_ALIGNMENT == 0);

static gsize padded(gsize size)
{
	return (size + RECORD_ALIGNMENT - 1) / RECORD_ALIGNMENT * RECORD_ALIGNMENT;
}

static void record(Manager *manager, GVariant *content)
{
	g_autoptr(GVariant) boxed = g_variant_ref_sink(g_variant_new_variant(content));
	RecordHead head = { g_variant_get_size(boxed) };
	guint before = manager->records->len;

	if (manager->restoring)
		return;
	g_byte_array_set_size(manager->records, before + sizeof head + padded(head.size));
	memset(manager->records->data + before, 0, sizeof head + padded(head.size));
	memcpy(manager->records->data + before, &head, sizeof head);
	g_variant_store(boxed, manager->records->data + before + sizeof head);
	transaction_push(manager->transaction, undo_record, NULL, NULL, manager, GSIZE_TO_POINTER(before));
}

void manager_forget_records(Manager *manager)
{
	if (manager->records->len == 0)
		return;
	/* A large change should not cost its memory for ever. */
	g_byte_array_unref(manager->records);
	manager->records = g_byte_array_new();
}

static GVariant *format_address(const Address *address)
{
	char text[INET6_ADDRSTRLEN];

	return g_variant_new_string(address_format(address, text));
}

static GVariant *format_addresses(const Address addresses[static N_FAMILIES])
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("as"));
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (addresses[family].family != AF_UNSPEC)
			g_variant_builder_add_value(&builder, format_address(&addresses[family]));
	return g_variant_builder_end(&builder);
}

static GVariant *format_subnets(const Network *network)
{
	char text[INET6_ADDRSTRLEN + 4];
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("as"));
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (network_has_family(network, family))
			g_variant_builder_add(&builder, "s", prefix_format(&network->subnets[family], text));
	return g_variant_builder_end(&builder);
}

static GVariant *format_lifetime(const Lifetime *lifetime)
{
	return g_variant_new("(usbtt)", (guint32)lifetime->uid, lifetime->owner ?: "", lifetime->persistent,
			     lifetime->token, lifetime->deadline_usec);
}

static GVariant *network_record(const Network *network)
{
	return g_variant_new(RECORD_NETWORK, RECORD('N'), network->name, network->bridge, network->bridge_created,
			     format_subnets(network), format_addresses(network->gateways), network->internal,
			     network->communication, network->masquerade, format_address(&network->host_binding),
			     network->sequence, format_lifetime(&network->lifetime));
}

static GVariant *endpoint_record(const Endpoint *endpoint)
{
	return g_variant_new(RECORD_ENDPOINT, RECORD('E'), endpoint->network->name, endpoint->name,
			     format_addresses(endpoint->addresses), format_lifetime(&endpoint->lifetime));
}

static GVariant *mapping_record(const Endpoint *endpoint, const PortMapping *mapping, guint8 type)
{
	return g_variant_new(RECORD_MAPPING, RECORD(type), endpoint->network->name, endpoint->name, mapping->protocol,
			     format_address(&mapping->host_address), mapping->host_port, mapping->endpoint_port,
			     mapping->count, mapping->sequence);
}

static GVariant *link_record(const Endpoint *parent, const Link *link)
{
	GVariantBuilder ports;

	g_variant_builder_init(&ports, G_VARIANT_TYPE("a(yq)"));
	for (guint i = 0; i < link->ports->len; i++) {
		const LinkPort *port = &g_array_index(link->ports, LinkPort, i);

		g_variant_builder_add(&ports, "(yq)", port->protocol, port->port);
	}
	return g_variant_new(RECORD_LINK, RECORD('L'), parent->network->name, parent->name, link->child->name,
			     g_variant_builder_end(&ports), link->sequence);
}

static GVariant *ingress_record(const Ingress *ingress)
{
	return g_variant_new(RECORD_INGRESS, RECORD('I'), ingress->name, format_address(&ingress->gateway),
			     ingress->bridge, ingress->sequence, format_lifetime(&ingress->lifetime));
}

static GVariant *ingress_port_record(const Ingress *ingress, const IngressPort *port)
{
	return g_variant_new(RECORD_INGRESS_PORT, RECORD('Q'), ingress->name, port->protocol, port->port,
			     port->references, port->sequence);
}

void record_network(Manager *manager, const Network *network)
{
	record(manager, network_record(network));
}

void record_network_update(Manager *manager, const Network *network)
{
	record(manager, g_variant_new(RECORD_UPDATE, RECORD('U'), network->name, network->communication,
				      network->masquerade, format_address(&network->host_binding)));
}

void record_network_gone(Manager *manager, const Network *network)
{
	record(manager, g_variant_new(RECORD_NAME, RECORD('n'), network->name));
}

void record_endpoint(Manager *manager, const Endpoint *endpoint)
{
	record(manager, endpoint_record(endpoint));
}

void record_endpoint_gone(Manager *manager, const Endpoint *endpoint)
{
	record(manager, g_variant_new(RECORD_NAMES, RECORD('e'), endpoint->network->name, endpoint->name));
}

void record_mapping(Manager *manager, const Endpoint *endpoint, const PortMapping *mapping)
{
	record(manager, mapping_record(endpoint, mapping, 'P'));
}

void record_mapping_gone(Manager *manager, const Endpoint *endpoint, const PortMapping *mapping)
{
	record(manager, mapping_record(endpoint, mapping, 'p'));
}

void record_link(Manager *manager, const Endpoint *parent, const Link *link)
{
	record(manager, link_record(parent, link));
}

void record_link_gone(Manager *manager, const Endpoint *parent, const Endpoint *child)
{
	record(manager, g_variant_new(RECORD_THREE_NAMES, RECORD('l'), parent->network->name, parent->name, child->name));
}

void record_ingress(Manager *manager, const Ingress *ingress)
{
	record(manager, ingress_record(ingress));
}

void record_ingress_gone(Manager *manager, const Ingress *ingress)
{
	record(manager, g_variant_new(RECORD_NAME, RECORD('i'), ingress->name));
}

void record_ingress_port(Manager *manager, const Ingress *ingress, const IngressPort *port)
{
	record(manager, ingress_port_record(ingress, port));
}

void record_ingress_port_gone(Manager *manager, const Ingress *ingress, const IngressPort *port)
{
	record(manager, g_variant_new(RECORD_PORT, RECORD('q'), ingress->name, port->protocol, port->port));
}

/* --- everything --- */

static void add(GVariantBuilder *builder, GVariant *content)
{
	GVariant *boxed = g_variant_new_variant(content);

	/* Makes one piece of it: thousands of trees would leave GLib with memory that it does not give back. */
	g_variant_get_data(boxed);
	g_variant_builder_add_value(builder, boxed);
}

static void add_endpoint(GVariantBuilder *builder, const Endpoint *endpoint)
{
	add(builder, endpoint_record(endpoint));
	for (guint i = 0; i < endpoint->ports->len; i++)
		add(builder, mapping_record(endpoint, endpoint->ports->pdata[i], 'P'));
}

static void add_links(GVariantBuilder *builder, const Endpoint *endpoint)
{
	for (guint i = 0; i < endpoint->links->len; i++)
		add(builder, link_record(endpoint, endpoint->links->pdata[i]));
}

static void add_network(GVariantBuilder *builder, const Network *network)
{
	GHashTableIter iter;
	gpointer endpoint;

	add(builder, network_record(network));
	g_hash_table_iter_init(&iter, network->endpoints);
	while (g_hash_table_iter_next(&iter, NULL, &endpoint))
		add_endpoint(builder, endpoint);
	/* A link needs both its ends. */
	g_hash_table_iter_init(&iter, network->endpoints);
	while (g_hash_table_iter_next(&iter, NULL, &endpoint))
		add_links(builder, endpoint);
}

static void add_ingress(GVariantBuilder *builder, const Ingress *ingress)
{
	add(builder, ingress_record(ingress));
	for (guint i = 0; i < ingress->ports->len; i++)
		add(builder, ingress_port_record(ingress, ingress->ports->pdata[i]));
}

GVariant *manager_record_everything(Manager *manager)
{
	GVariantBuilder builder;
	GHashTableIter iter;
	gpointer object;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("av"));
	add(&builder, g_variant_new(RECORD_NAMES, RECORD('S'), manager->bus_id, manager->config.chain_prefix));
	add(&builder, host_settings_record(manager));
	g_hash_table_iter_init(&iter, manager->networks);
	while (g_hash_table_iter_next(&iter, NULL, &object))
		add_network(&builder, object);
	g_hash_table_iter_init(&iter, manager->ingresses);
	while (g_hash_table_iter_next(&iter, NULL, &object))
		add_ingress(&builder, object);
	return g_variant_builder_end(&builder);
}

GVariant *manager_record_group(Manager *manager)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("av"));
	/* First, so that whoever takes the group back puts the host back before forgetting what to put back. */
	add(&builder, host_settings_record(manager));
	for (const guint8 *at = manager->records->data, *end = at + manager->records->len; at < end;) {
		const RecordHead *head = (const void *)at;

		g_variant_builder_add_value(&builder, g_variant_new_from_data(G_VARIANT_TYPE_VARIANT, at + sizeof *head,
									      head->size, true, NULL, NULL));
		at += sizeof *head + padded(head->size);
	}
	return g_variant_builder_end(&builder);
}
