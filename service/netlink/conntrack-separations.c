/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/conntrack-separations.h"

typedef struct Pair {
	Address from, to;
} Pair;

struct ConntrackSeparations {
	GHashTable *pairs; /* Pair → LinkWays */
	GArray *prefixes;  /* the others */
	bool families[N_FAMILIES];
};

static guint pair_hash(gconstpointer key)
{
	const Pair *pair = key;

	return address_hash(&pair->from) * 31 + address_hash(&pair->to);
}

static gboolean pair_equal(gconstpointer a, gconstpointer b)
{
	const Pair *x = a, *y = b;

	return address_equal(&x->from, &y->from) && address_equal(&x->to, &y->to);
}

static void unref_ways(gpointer ways)
{
	g_hash_table_unref(ways);
}

ConntrackSeparations *conntrack_separations_new(void)
{
	ConntrackSeparations *separations = g_new0(ConntrackSeparations, 1);

	separations->pairs = g_hash_table_new_full(pair_hash, pair_equal, g_free, unref_ways);
	separations->prefixes = separations_new();
	return separations;
}

void conntrack_separations_free(ConntrackSeparations *separations)
{
	g_hash_table_unref(separations->pairs);
	g_array_unref(separations->prefixes);
	g_free(separations);
}

static bool is_single(const Prefix *prefix)
{
	return prefix->length == family_bits(address_family(&prefix->address));
}

static void add_pair(ConntrackSeparations *separations, const Address *from, const Address *to, LinkWays *links)
{
	const Pair pair = { *from, *to };

	g_hash_table_replace(separations->pairs, g_memdup2(&pair, sizeof pair), g_hash_table_ref(links));
}

void conntrack_separations_add(ConntrackSeparations *separations, const Separation *added)
{
	if (is_single(&added->a) && is_single(&added->b)) {
		add_pair(separations, &added->a.address, &added->b.address, added->links);
		add_pair(separations, &added->b.address, &added->a.address, added->links);
		return;
	}
	for (guint i = 0; i < separations->prefixes->len; i++) {
		const Separation *other = &g_array_index(separations->prefixes, Separation, i);

		if (prefix_equal(&other->a, &added->a) && prefix_equal(&other->b, &added->b)) {
			g_array_remove_index_fast(separations->prefixes, i);
			break;
		}
	}
	g_hash_table_ref(added->links);
	g_array_append_val(separations->prefixes, *added);
	separations->families[address_family(&added->a.address)] = true;
}

bool conntrack_separations_is_empty(const ConntrackSeparations *separations)
{
	return g_hash_table_size(separations->pairs) == 0 && separations->prefixes->len == 0;
}

bool conntrack_separations_has_prefixes(const ConntrackSeparations *separations, enum family family)
{
	return separations->families[family];
}

static bool covers(const Separation *separation, const Address *from, const Address *to)
{
	return (prefix_contains(&separation->a, from) && prefix_contains(&separation->b, to)) ||
	       (prefix_contains(&separation->b, from) && prefix_contains(&separation->a, to));
}

bool conntrack_separations_deny(const ConntrackSeparations *separations, const Address *from, const Address *to,
				guint8 protocol, guint16 port, bool with_host)
{
	const Pair pair = { *from, *to };
	const LinkWays *links = g_hash_table_lookup(separations->pairs, &pair);

	if (links && !link_ways_contain(links, from, to, protocol, port))
		return true;
	for (guint i = 0; !with_host && i < separations->prefixes->len; i++) {
		const Separation *separation = &g_array_index(separations->prefixes, Separation, i);

		if (covers(separation, from, to) && !link_ways_contain(separation->links, from, to, protocol, port))
			return true;
	}
	return false;
}
