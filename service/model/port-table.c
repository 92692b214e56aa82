/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/port-table.h"

typedef struct Claim Claim;

typedef struct Port {
	Claim *claim;
	guint16 number;
} Port;

/* Who stands behind the oldest of a group. */
typedef struct Line {
	GSequence *by_age;  /* Member, owned */
	GHashTable *places; /* Endpoint → GSequenceIter */
} Line;

typedef struct Member {
	Endpoint *endpoint;   /* borrowed */
	PortMapping *mapping; /* likewise */
} Member;

/* A range on one host address, of one publication or of those of a group that are just so. */
struct Claim {
	PortRange range; /* the oldest's */
	Line *line;      /* NULL: it is alone */
	guint reserving; /* how many of those that have it want it held */
	Port ports[];
};

struct PortTable {
	GHashTable *ports;    /* set of Port, of the claims: by protocol, family, number and address */
	GHashTable *single;   /* port_key() → how many claims are on it that are not on any address; none: absent */
	guint16 cursors[256]; /* by protocol */
};

gpointer port_key(const PortRange *range, guint16 port)
{
	return GUINT_TO_POINTER((guint)range->protocol << 24 | (guint)range->family << 16 | port);
}

PortRange port_key_range(gpointer key, const Address *address)
{
	guint bits = GPOINTER_TO_UINT(key);

	return (PortRange){ .protocol = bits >> 24,
			    .family = bits >> 16 & 0xff,
			    .first = bits & 0xffff,
			    .count = 1,
			    .address = *address };
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

guint port_hash(gpointer key, const Address *address)
{
	guint hash = GPOINTER_TO_UINT(key);

	return is_any(address) ? hash : hash * 31 + address_hash(address);
}

static guint hash_port(gconstpointer data)
{
	const Port *port = data;
	const PortRange *range = &port->claim->range;

	return port_hash(port_key(range, port->number), &range->address);
}

static gboolean is_same_port(gconstpointer a, gconstpointer b)
{
	const Port *x = a, *y = b;
	const PortRange *one = &x->claim->range, *other = &y->claim->range;

	return port_key(one, x->number) == port_key(other, y->number) &&
	       port_address_equal(&one->address, &other->address);
}

PortTable *port_table_new(void)
{
	PortTable *table = g_new0(PortTable, 1);

	table->ports = g_hash_table_new(hash_port, is_same_port);
	table->single = g_hash_table_new(NULL, NULL);
	return table;
}

static void claim_free(gpointer data)
{
	Claim *claim = data;

	if (claim->line) {
		g_sequence_free(claim->line->by_age);
		g_hash_table_unref(claim->line->places);
		g_free(claim->line);
	}
	g_free(claim);
}

void port_table_free(PortTable *table)
{
	g_autoptr(GPtrArray) claims = g_ptr_array_new_with_free_func(claim_free);
	GHashTableIter iter;
	gpointer key;

	if (!table)
		return;
	g_hash_table_iter_init(&iter, table->ports);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		const Port *port = key;

		if (port == port->claim->ports)
			g_ptr_array_add(claims, port->claim);
	}
	g_hash_table_unref(table->ports);
	g_hash_table_unref(table->single);
	g_free(table);
}

/* Whose the port is on just this address. */
static Claim *find(const PortTable *table, const PortRange *range, guint16 number)
{
	Claim sought = { .range = *range };
	const Port *port = g_hash_table_lookup(table->ports, &(Port){ &sought, number });

	return port ? port->claim : NULL;
}

/* --- the ports of a claim --- */

static void count_single(PortTable *table, const PortRange *range, guint16 number, int by)
{
	gpointer key = port_key(range, number);
	guint n = GPOINTER_TO_UINT(g_hash_table_lookup(table->single, key)) + by;

	if (is_any(&range->address))
		return;
	if (n > 0)
		g_hash_table_insert(table->single, key, GUINT_TO_POINTER(n));
	else
		g_hash_table_remove(table->single, key);
}

static Claim *take(PortTable *table, const PortRange *range)
{
	Claim *claim = g_malloc(sizeof *claim + range->count * sizeof *claim->ports);

	*claim = (Claim){ .range = *range };
	for (guint i = 0; i < range->count; i++) {
		claim->ports[i] = (Port){ claim, range->first + i };
		g_hash_table_add(table->ports, &claim->ports[i]);
		count_single(table, range, range->first + i, 1);
	}
	return claim;
}

static void give_up(PortTable *table, Claim *claim)
{
	for (guint i = 0; i < claim->range.count; i++) {
		g_hash_table_remove(table->ports, &claim->ports[i]);
		count_single(table, &claim->range, claim->ports[i].number, -1);
	}
	claim_free(claim);
}

/* --- those of a group, by age --- */

static gint compare_age(gconstpointer a, gconstpointer b, gpointer userdata G_GNUC_UNUSED)
{
	guint64 one = ((const Member *)a)->mapping->sequence, other = ((const Member *)b)->mapping->sequence;

	return (one > other) - (one < other);
}

static void queue_up(Claim *claim, const PortRange *range)
{
	Member member = { range->endpoint, range->mapping };
	GSequenceIter *place;

	if (!claim->line) {
		claim->line = g_new(Line, 1);
		*claim->line = (Line){ g_sequence_new(g_free), g_hash_table_new(NULL, NULL) };
	}
	place = g_sequence_insert_sorted(claim->line->by_age, g_memdup2(&member, sizeof member), compare_age, NULL);
	g_hash_table_insert(claim->line->places, range->endpoint, place);
}

static void join(Claim *claim, const PortRange *range)
{
	PortRange younger = *range;

	if (range->mapping->sequence < claim->range.mapping->sequence) {
		younger = claim->range;
		claim->range = *range;
	}
	queue_up(claim, &younger);
}

static const Member *next_in_line(const Claim *claim)
{
	GSequenceIter *first = claim->line ? g_sequence_get_begin_iter(claim->line->by_age) : NULL;

	return first && !g_sequence_iter_is_end(first) ? g_sequence_get(first) : NULL;
}

static void leave(Claim *claim, Endpoint *endpoint)
{
	g_sequence_remove(g_hash_table_lookup(claim->line->places, endpoint));
	g_hash_table_remove(claim->line->places, endpoint);
}

static bool is_member(const Claim *claim, const Endpoint *endpoint)
{
	return claim->range.endpoint == endpoint ||
	       (claim->line && g_hash_table_contains(claim->line->places, endpoint));
}

/* Whether it is of publications of just these ports by endpoints of the group. */
static bool is_of_group(const Claim *claim, const PortRange *range)
{
	const PortRange *oldest = &claim->range;

	return oldest->endpoint && range->endpoint && oldest->first == range->first && oldest->count == range->count &&
	       (oldest->endpoint == range->endpoint || endpoint_shares_ports(oldest->endpoint, range->endpoint));
}

/* --- publications --- */

static bool wants_held(const PortRange *range)
{
	return !range->endpoint || range->endpoint->reserves;
}

void port_table_add(PortTable *table, const PortRange *range)
{
	Claim *claim = find(table, range, range->first);

	if (claim)
		join(claim, range);
	else
		claim = take(table, range);
	claim->reserving += wants_held(range);
}

void port_table_remove(PortTable *table, const PortRange *range)
{
	Claim *claim = find(table, range, range->first);
	const Member *next = next_in_line(claim);

	claim->reserving -= wants_held(range);
	if (claim->range.endpoint != range->endpoint) {
		leave(claim, range->endpoint);
	} else if (next) {
		claim->range.endpoint = next->endpoint;
		claim->range.mapping = next->mapping;
		leave(claim, next->endpoint);
	} else {
		give_up(table, claim);
	}
}

static bool is_taken(const PortTable *table, const PortRange *range, guint16 number)
{
	const Claim *claim = find(table, range, number);
	PortRange any = *range;

	if (claim)
		return !is_of_group(claim, range) || is_member(claim, range->endpoint);
	if (is_any(&range->address))
		return g_hash_table_contains(table->single, port_key(range, number));
	any.address = (Address){};
	return find(table, &any, number);
}

bool port_table_overlaps(const PortTable *table, const PortRange *range, guint16 *ret_port)
{
	for (guint i = 0; i < range->count; i++)
		if (is_taken(table, range, range->first + i)) {
			*ret_port = range->first + i;
			return true;
		}
	return false;
}

PortMapping *port_table_oldest(const PortTable *table, const PortRange *range, Endpoint **ret_endpoint)
{
	const Claim *claim = find(table, range, range->first);
	Member oldest;

	if (!claim || !is_of_group(claim, range))
		return NULL;
	oldest = (Member){ claim->range.endpoint, claim->range.mapping };
	if (oldest.endpoint == range->endpoint) {
		const Member *next = next_in_line(claim);

		if (!next)
			return NULL;
		oldest = *next;
	}
	*ret_endpoint = oldest.endpoint;
	return oldest.mapping;
}

bool port_table_reserves(const PortTable *table, const PortRange *range, guint16 number)
{
	const Claim *claim = find(table, range, number);

	return claim && claim->reserving > 0;
}

guint16 port_table_cursor(const PortTable *table, guint8 protocol)
{
	return table->cursors[protocol];
}

void port_table_set_cursor(PortTable *table, guint8 protocol, guint16 port)
{
	table->cursors[protocol] = port;
}
