/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/rules/place.h"

#include <string.h>

enum age { SHARED, OLDEST_FIRST, NEWEST_FIRST };

static const enum age ages[N_PLACES] = {
	[PLACE_LOOPBACK_GUARD] = NEWEST_FIRST,
	[PLACE_BRIDGE] = OLDEST_FIRST,
	[PLACE_PORTS_PASSED_BY] = OLDEST_FIRST,

	[PLACE_FORWARD_INGRESS] = SHARED,
	[PLACE_FORWARD_ISOLATION] = SHARED,
	[PLACE_FORWARD_NETWORK] = NEWEST_FIRST,
	[PLACE_FORWARD_CONTAINERS] = NEWEST_FIRST,
	[PLACE_COMMUNICATION_OFF] = OLDEST_FIRST,
	[PLACE_COMMUNICATION_OFF_INTERNAL] = OLDEST_FIRST,
	[PLACE_ACCEPT_EXISTS] = SHARED,
	[PLACE_ACCEPT_PORT] = OLDEST_FIRST,
	[PLACE_INGRESS_INTERNAL] = NEWEST_FIRST,
	[PLACE_INGRESS_ACCEPT] = NEWEST_FIRST,
	[PLACE_INGRESS_ACCEPT_END] = SHARED,
	[PLACE_ISOLATION_INTERNAL] = NEWEST_FIRST,
	[PLACE_ISOLATION_CONTAINERS] = SHARED,
	[PLACE_ISOLATION] = NEWEST_FIRST,
	[PLACE_ISOLATION_END] = SHARED,
	[PLACE_ISOLATION_ENTER] = NEWEST_FIRST,
	[PLACE_ISOLATION_ENTER_END] = SHARED,

	[PLACE_PREROUTING_INGRESS] = SHARED,
	[PLACE_PREROUTING_PORTS] = SHARED,
	[PLACE_PREROUTING_CONTAINERS] = OLDEST_FIRST,
	[PLACE_OUTPUT_INGRESS] = SHARED,
	[PLACE_OUTPUT_PORTS] = SHARED,
	[PLACE_OUTPUT_LOCALHOST] = SHARED,
	[PLACE_MASQUERADE_NETWORK] = NEWEST_FIRST,
	[PLACE_MASQUERADE_CONTAINERS] = NEWEST_FIRST,
	[PLACE_MASQUERADE_SELF] = OLDEST_FIRST,
	[PLACE_DNAT_EXISTS] = SHARED,
	[PLACE_DNAT_RETURN] = NEWEST_FIRST,
	[PLACE_DNAT_PORT] = OLDEST_FIRST,
	[PLACE_DNAT_CONTAINERS_EXISTS] = SHARED,
	[PLACE_DNAT_CONTAINERS] = OLDEST_FIRST,
	[PLACE_INGRESS_DNAT] = NEWEST_FIRST,
	[PLACE_INGRESS_DNAT_END] = SHARED,
};

bool place_is_shared(enum place place)
{
	return ages[place] == SHARED;
}

GArray *rendering_new(void)
{
	return g_array_new(FALSE, FALSE, sizeof(RuleItem));
}

Rule *place_add(GArray *items, enum place place, enum family family, guint64 sequence, guint32 index)
{
	RuleItem *item;

	g_array_set_size(items, items->len + 1);
	item = &g_array_index(items, RuleItem, items->len - 1);
	memset(item, 0, sizeof *item);
	item->rule.family = family;
	item->rule.place = place;
	if (ages[place] != SHARED) {
		item->order.sequence = ages[place] == NEWEST_FIRST ? -(gint64)sequence : (gint64)sequence;
		item->order.index = index;
	}
	return &item->rule;
}
