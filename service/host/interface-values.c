/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/interface-values.h"

struct InterfaceValues {
	GHashTable *by_ifindex, *by_name; /* → InterfaceValue, the list's */
};

InterfaceValues *interface_values_new(const GArray *list)
{
	InterfaceValues *values = g_new(InterfaceValues, 1);

	values->by_ifindex = g_hash_table_new(NULL, NULL);
	values->by_name = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; list && i < list->len; i++) {
		InterfaceValue *value = &g_array_index(list, InterfaceValue, i);

		g_hash_table_insert(values->by_ifindex, GINT_TO_POINTER(value->ifindex), value);
		g_hash_table_insert(values->by_name, value->name, value);
	}
	return values;
}

void interface_values_free(InterfaceValues *values)
{
	if (!values)
		return;
	g_hash_table_unref(values->by_ifindex);
	g_hash_table_unref(values->by_name);
	g_free(values);
}

const InterfaceValue *interface_values_find(const InterfaceValues *values, int ifindex, const char *name)
{
	return g_hash_table_lookup(values->by_ifindex, GINT_TO_POINTER(ifindex))
		       ?: g_hash_table_lookup(values->by_name, name);
}
