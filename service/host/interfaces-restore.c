/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/interfaces-restore.h"

#include "service/host/interfaces-private.h"
#include "service/host/own-bridge.h"

/* An ifindex can have been given out again while nobody looked. */
static bool is_ours(Interfaces *interfaces, const InterfaceFacts *facts)
{
	InterfaceInfo info;

	return facts->mac == 0 || !interface_find_index(interfaces->netlink, facts->ifindex, &info, NULL) ||
	       own_bridge_is_same(&info, facts->mac);
}

void interfaces_restore(Interfaces *interfaces, const InterfaceFacts *facts)
{
	const Interface *other = g_hash_table_lookup(interfaces->by_name, facts->name);
	Interface *interface;

	if (other && other->facts.created && other->facts.ifindex != 0 && other->facts.ifindex != facts->ifindex)
		leftovers_add(interfaces->leftovers, &other->facts);
	interface = interfaces_add(interfaces, facts);
	if (!is_ours(interfaces, facts))
		interface_set_void(interface);
	interface->present = interfaces_find_present(interfaces, facts->name);
}

void interfaces_restore_leftover(Interfaces *interfaces, const InterfaceFacts *facts)
{
	if (is_ours(interfaces, facts) && !interfaces_is_leftover(interfaces, facts->name, facts->ifindex))
		leftovers_add(interfaces->leftovers, facts);
}

void interfaces_restore_doubtful(Interfaces *interfaces, const InterfaceFacts *facts)
{
	Interface *known = g_hash_table_lookup(interfaces->by_name, facts->name);

	if (known && known->facts.ifindex == facts->ifindex)
		known->facts.switched |= facts->switched;
	else if (!known && facts->ifindex != 0)
		interfaces_add(interfaces, facts)->present = interfaces_find_present(interfaces, facts->name);
}

void interfaces_restore_by_name(Interfaces *interfaces, const char *name, bool created, guint8 switched)
{
	InterfaceFacts facts = { .created = created, .switched = switched };
	Interface *known = g_hash_table_lookup(interfaces->by_name, name);
	InterfaceInfo info;

	if (known) {
		known->facts.created |= created;
		known->facts.switched |= switched;
		return;
	}
	if (!interface_find(interfaces->netlink, name, &info, NULL) || info.ifindex == 0)
		return;
	facts.ifindex = info.ifindex;
	g_strlcpy(facts.name, name, sizeof facts.name);
	interfaces_add(interfaces, &facts)->present = info.ifindex;
}

void interfaces_disown(Interfaces *interfaces, const char *name, guint64 mac)
{
	const Interface *known = g_hash_table_lookup(interfaces->by_name, name);
	InterfaceFacts facts = { .created = true, .mac = mac };
	InterfaceInfo info;

	if (!interface_find(interfaces->netlink, name, &info, NULL) || !own_bridge_matches(&info, mac) ||
	    (known && known->facts.ifindex == info.ifindex) || interfaces_is_leftover(interfaces, name, info.ifindex))
		return;
	facts.ifindex = info.ifindex;
	g_strlcpy(facts.name, name, sizeof facts.name);
	leftovers_add(interfaces->leftovers, &facts);
}
