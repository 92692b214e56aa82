/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/port-table.h"

/* One port on one host address. */
typedef struct Port {
	struct Port *next; /* on the same port, other addresses */
	Address address;
	Endpoint *endpoint;   /* borrowed; NULL: an ingress's */
	PortMapping *mapping; /* likewise */
} Port;

struct PortTable {
	GHashTable *ports;    /* port_key() → Port */
	guint16 cursors[256]; /* by protocol */
};

PortTable *port_table_new(void)
{
	PortTable *table = g_new0(PortTable, 1);

	table->ports = g_hash_table_new(NULL, NULL);
	return table;
}

void port_table_free(PortTable *table)
{
	GHashTableIter iter;
	gpointer value;

	if (!table)
		return;
	g_hash_table_iter_init(&iter, table->ports);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		for (Port *port = value, *next; port; port = next) {
			next = port->next;
			g_free(port);
		}
	g_hash_table_unref(table->ports);
	g_free(table);
}

gpointer port_key(const PortRange *range, guint16 port)
{
	return GUINT_TO_POINTER((guint)range->protocol << 24 | (guint)range->family << 16 | port);
}

static bool is_any(const Address *address)
{
	return address->family == AF_UNSPEC || address_is_any(address);
}

bool port_address_equal(const Address *a, const Address *b)
{
	return (is_any(a) && is_any(b)) || address_equal(a, b);
}

bool port_address_overlaps(const Address *a, const Address *b)
{
	return is_any(a) || is_any(b) || address_equal(a, b);
}

void port_table_add(PortTable *table, const PortRange *range)
{
	for (guint i = 0; i < range->count; i++) {
		gpointer key = port_key(range, range->first + i);
		Port *port = g_new(Port, 1);

		*port = (Port){ g_hash_table_lookup(table->ports, key), range->address, range->endpoint,
				range->mapping };
		g_hash_table_insert(table->ports, key, port);
	}
}

static void remove_port(PortTable *table, const PortRange *range, guint16 number)
{
	gpointer key = port_key(range, number);
	Port *head = g_hash_table_lookup(table->ports, key), **link = &head, *gone;

	while ((*link)->endpoint != range->endpoint || !port_address_equal(&(*link)->address, &range->address))
		link = &(*link)->next;
	gone = *link;
	*link = gone->next;
	if (head)
		g_hash_table_insert(table->ports, key, head);
	else
		g_hash_table_remove(table->ports, key);
	g_free(gone);
}

void port_table_remove(PortTable *table, const PortRange *range)
{
	for (guint i = range->count; i-- > 0;)
		remove_port(table, range, range->first + i);
}

/* Whether it is of a publication of just these ports by another endpoint of the group. */
static bool is_shared(const Port *port, const PortRange *range)
{
	return port->endpoint && range->endpoint && endpoint_shares_ports(port->endpoint, range->endpoint) &&
	       port->mapping->host_port == range->first && port->mapping->count == range->count &&
	       port_address_equal(&port->address, &range->address);
}

bool port_table_overlaps(const PortTable *table, const PortRange *range, guint16 *ret_port)
{
	for (guint i = 0; i < range->count; i++) {
		const Port *port = g_hash_table_lookup(table->ports, port_key(range, range->first + i));

		for (; port; port = port->next)
			if (port_address_overlaps(&port->address, &range->address) && !is_shared(port, range)) {
				*ret_port = range->first + i;
				return true;
			}
	}
	return false;
}

PortMapping *port_table_oldest(const PortTable *table, const PortRange *range, Endpoint **ret_endpoint)
{
	const Port *port = g_hash_table_lookup(table->ports, port_key(range, range->first));
	PortMapping *oldest = NULL;

	for (; port; port = port->next)
		if (is_shared(port, range) && (!oldest || port->mapping->sequence < oldest->sequence)) {
			oldest = port->mapping;
			*ret_endpoint = port->endpoint;
		}
	return oldest;
}

bool port_table_contains(const PortTable *table, const PortRange *range, guint16 number)
{
	const Port *port = g_hash_table_lookup(table->ports, port_key(range, number));

	while (port && !port_address_equal(&port->address, &range->address))
		port = port->next;
	return port;
}

guint16 port_table_cursor(const PortTable *table, guint8 protocol)
{
	return table->cursors[protocol];
}

void port_table_set_cursor(PortTable *table, guint8 protocol, guint16 port)
{
	table->cursors[protocol] = port;
}
