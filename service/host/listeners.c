/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/listeners.h"

#include "service/host/interface-values.h"
#include "service/netlink/interface6.h"

static GHashTable *set_of(const GArray *list)
{
	GHashTable *set = g_hash_table_new(NULL, NULL);

	for (guint i = 0; list && i < list->len; i++)
		g_hash_table_add(set, GINT_TO_POINTER(g_array_index(list, int, i)));
	return set;
}

/* What comes later has what the host has for all that come. */
static bool forwarded(const ForwardingBefore *before, const InterfaceValues *values, const Interface6 *interface)
{
	const InterfaceValue *had = interface_values_find(values, interface->ifindex, interface->name);

	return had ? had->value : before->along & 1;
}

GArray *listeners_find(const ForwardingBefore *before, const GArray *created, const GArray *interfaces)
{
	g_autoptr(InterfaceValues) values = interface_values_new(before->interfaces);
	g_autoptr(GHashTable) ours = set_of(created);
	GArray *list = g_array_new(FALSE, FALSE, sizeof(int));

	for (guint i = 0; i < interfaces->len; i++) {
		const Interface6 *interface = &g_array_index(interfaces, Interface6, i);

		/* Of a port of a bridge, the bridge listens. */
		if (interface->settings[INTERFACE6_ACCEPT_RA] == 1 && !interface->bridge_port &&
		    !g_hash_table_contains(ours, GINT_TO_POINTER(interface->ifindex)) &&
		    !forwarded(before, values, interface))
			g_array_append_val(list, interface->ifindex);
	}
	return list;
}

static GHashTable *set_of_interfaces(const GArray *interfaces)
{
	GHashTable *set = g_hash_table_new(NULL, NULL);

	for (guint i = 0; i < interfaces->len; i++)
		g_hash_table_add(set, GINT_TO_POINTER(g_array_index(interfaces, Interface6, i).ifindex));
	return set;
}

/* What one was given went with it. */
static GArray *copy_present(const GArray *listeners, GHashTable *touched, const GArray *interfaces)
{
	g_autoptr(GHashTable) present = set_of_interfaces(interfaces);
	bool all = g_hash_table_contains(touched, NULL);
	GArray *list = g_array_new(FALSE, FALSE, sizeof(int));

	for (guint i = 0; listeners && i < listeners->len; i++) {
		gpointer ifindex = GINT_TO_POINTER(g_array_index(listeners, int, i));

		if (!(all || g_hash_table_contains(touched, ifindex)) || g_hash_table_contains(present, ifindex))
			g_array_append_val(list, g_array_index(listeners, int, i));
	}
	return list;
}

GArray *listeners_renew(const ForwardingBefore *before, const GArray *created, GHashTable *touched,
			const GArray *interfaces)
{
	g_autoptr(GArray) found = listeners_find(before, created, interfaces);
	g_autoptr(GArray) list = copy_present(before->listeners, touched, interfaces);
	g_autoptr(GHashTable) known = set_of(list);

	if (found->len == 0 && list->len == (before->listeners ? before->listeners->len : 0))
		return NULL;
	for (guint i = 0; i < found->len; i++)
		if (g_hash_table_add(known, GINT_TO_POINTER(g_array_index(found, int, i))))
			g_array_append_val(list, g_array_index(found, int, i));
	return g_steal_pointer(&list);
}
