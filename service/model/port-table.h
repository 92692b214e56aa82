/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/endpoint.h"

/**
 * Which host ports our objects have. A port on an address, and who is the oldest of a group that has it, are found
 * without a look at what else is on that port. It knows nothing of other programs on the host.
 */
typedef struct PortTable PortTable;

PortTable *port_table_new(void);
void port_table_free(PortTable *table); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PortTable, port_table_free)

/**
 * Adds ports, none of which port_table_overlaps(); removes ports that were added just so, by the same endpoint. Its
 * endpoint and mapping stay until then.
 */
void port_table_add(PortTable *table, const PortRange *range);
void port_table_remove(PortTable *table, const PortRange *range);

/**
 * Whether a port of the range, on an address that overlaps, is in the table, and the first such. A range that another
 * endpoint of the group has just so is no obstacle.
 */
bool port_table_overlaps(const PortTable *table, const PortRange *range, guint16 *ret_port);

/**
 * The oldest publication of just this range by another endpoint of the group, and which endpoint that is. Borrowed;
 * NULL when there is none.
 */
PortMapping *port_table_oldest(const PortTable *table, const PortRange *range, Endpoint **ret_endpoint);

/** Whether this very port, on this very address, is an ingress's, or of an endpoint that reserves its ports. */
bool port_table_reserves(const PortTable *table, const PortRange *range, guint16 port);

/** The last port of that protocol that was allocated; 0 before the first. */
guint16 port_table_cursor(const PortTable *table, guint8 protocol);
void port_table_set_cursor(PortTable *table, guint8 protocol, guint16 port);

/** Whether two addresses of a port, each AF_UNSPEC, unspecified or one host's, are the same, or overlap. */
bool port_address_equal(const Address *a, const Address *b);
bool port_address_overlaps(const Address *a, const Address *b);

/** A key for a port of a range, whatever its address; and a hash of that and an address, the same for any. */
gpointer port_key(const PortRange *range, guint16 port);
PortRange port_key_range(gpointer key, const Address *address); /* of that port alone */
guint port_hash(gpointer key, const Address *address);
