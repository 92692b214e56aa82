/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/separation.h"

/* --- what links let through --- */

typedef struct LinkWay {
	Address from, to;
	guint8 protocol;
	guint16 port;
} LinkWay;

static guint way_hash(gconstpointer key)
{
	const LinkWay *way = key;

	return ((address_hash(&way->from) * 31 + address_hash(&way->to)) * 31 + way->protocol) * 31 + way->port;
}

static gboolean way_equal(gconstpointer a, gconstpointer b)
{
	const LinkWay *x = a, *y = b;

	return x->protocol == y->protocol && x->port == y->port && address_equal(&x->from, &y->from) &&
	       address_equal(&x->to, &y->to);
}

static LinkWays *link_ways_new(void)
{
	return g_hash_table_new_full(way_hash, way_equal, g_free, NULL);
}

/* Those of the link of a parent to a child, if there is one. */
static void link_ways_add(LinkWays *ways, const Endpoint *parent, const Endpoint *child)
{
	const Link *link = endpoint_find_link(parent, child);

	for (guint i = 0; link && i < link->ports->len; i++)
		for (enum family family = 0; family < N_FAMILIES; family++) {
			const LinkPort *port = &g_array_index(link->ports, LinkPort, i);
			LinkWay way = { parent->addresses[family], child->addresses[family], port->protocol,
					port->port };

			if (way.from.family != AF_UNSPEC && way.to.family != AF_UNSPEC)
				g_hash_table_add(ways, g_memdup2(&way, sizeof way));
		}
}

bool link_ways_contain(const LinkWays *ways, const Address *from, const Address *to, guint8 protocol, guint16 port)
{
	const LinkWay way = { *from, *to, protocol, port };

	return g_hash_table_contains((LinkWays *)ways, &way);
}

/* --- who is kept apart --- */

static void clear(gpointer separation)
{
	g_hash_table_unref(((Separation *)separation)->links);
}

GArray *separations_new(void)
{
	GArray *separations = g_array_new(FALSE, FALSE, sizeof(Separation));

	g_array_set_clear_func(separations, clear);
	return separations;
}

static void add(GArray *separations, const Prefix *a, const Prefix *b, LinkWays *links)
{
	const Separation separation = { *a, *b, g_hash_table_ref(links) };

	g_array_append_val(separations, separation);
}

void separations_add_network(GArray *separations, const Network *network)
{
	static const Prefix link_local = { { AF_INET6, { 0xfe, 0x80 } }, 10 };
	g_autoptr(GHashTable) links = link_ways_new();

	for (const GList *i = network->endpoints_by_age.head; i; i = i->next) {
		const Endpoint *parent = i->data;

		for (guint n = 0; n < parent->links->len; n++)
			link_ways_add(links, parent, ((const Link *)parent->links->pdata[n])->child);
	}
	/* Of a closed family nothing is let through for being established. */
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (network_has_family(network, family) && !network_is_closed(network, family))
			add(separations, &network->subnets[family], &network->subnets[family], links);
	if (!network_is_closed(network, FAMILY_IPV6))
		add(separations, &link_local, &link_local, links);
}

void separations_add_link(GArray *separations, const Endpoint *parent, const Endpoint *child)
{
	g_autoptr(GHashTable) links = link_ways_new();

	link_ways_add(links, parent, child);
	link_ways_add(links, child, parent);
	for (enum family family = 0; family < N_FAMILIES; family++) {
		const Prefix a = { parent->addresses[family], family_bits(family) };
		const Prefix b = { child->addresses[family], family_bits(family) };

		if (a.address.family != AF_UNSPEC && b.address.family != AF_UNSPEC)
			add(separations, &a, &b, links);
	}
}
