/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/conntrack-guards.h"

#include "service/netlink/route.h"

struct ConntrackGuards {
	GArray *guards;
	AllowFrom *ceiling;
	bool families[N_FAMILIES];
	GHashTable *interfaces; /* Address → name: where answers to it go */
};

ConntrackGuards *conntrack_guards_new(void)
{
	ConntrackGuards *guards = g_new0(ConntrackGuards, 1);

	guards->guards = guards_new();
	guards->interfaces = g_hash_table_new_full(address_hash, address_equal_func, g_free, g_free);
	return guards;
}

void conntrack_guards_free(ConntrackGuards *guards)
{
	g_array_unref(guards->guards);
	g_hash_table_unref(guards->interfaces);
	allow_from_unref(guards->ceiling);
	g_free(guards);
}

void conntrack_guards_add(ConntrackGuards *guards, const GArray *added, const AllowFrom *ceiling)
{
	AllowFrom *before = guards->ceiling;

	guards->ceiling = allow_from_ref(ceiling);
	allow_from_unref(before);
	for (guint i = 0; i < added->len; i++) {
		const Guard *guard = &g_array_index(added, Guard, i);

		if (!guard->list && !ceiling)
			continue;
		guards_add(guards->guards, guard);
		guards->families[address_family(&guard->address)] = true;
	}
}

bool conntrack_guards_is_empty(const ConntrackGuards *guards, enum family family)
{
	return !guards->families[family];
}

void conntrack_guards_sort(ConntrackGuards *guards)
{
	guards_sort(guards->guards);
}

static const char *find_interface(ConntrackGuards *guards, const Address *address, Netlink *routes)
{
	char *name = g_hash_table_lookup(guards->interfaces, address);
	int ifindex;

	if (name)
		return name;
	name = g_malloc0(IFNAMSIZ);
	/* Without a way back it comes by no interface that anybody names. */
	if (!route_lookup(routes, address, &ifindex, name, NULL))
		*name = '\0';
	g_hash_table_insert(guards->interfaces, g_memdup2(address, sizeof *address), name);
	return name;
}

bool conntrack_guards_denies(ConntrackGuards *guards, const Address *address, guint8 protocol, guint16 port,
			     const Address *source, bool is_host, Netlink *routes)
{
	const Guard *guard = guards_find(guards->guards, address, protocol, port);
	const char *interface = "";

	if (!guard)
		return false;
	if (!is_host && (allow_from_has_interfaces(guard->list) || allow_from_has_interfaces(guards->ceiling)))
		interface = find_interface(guards, source, routes);
	return !allow_from_allows(guard->list, source, is_host, interface) ||
	       !allow_from_allows(guards->ceiling, source, is_host, interface);
}
