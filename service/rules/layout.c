/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/rules/layout.h"

#include <string.h>

enum age { SHARED, OLDEST_FIRST, NEWEST_FIRST };

/* Within a chain's zone the places stand in the order they are listed in: a place's number is its rank. */
static const struct {
	enum chain chain;
	enum zone zone;
	enum age age;
} layout[N_PLACES] = {
	[PLACE_RAW_GUARD] = { CHAIN_RAW_PREROUTING, ZONE_HEAD, NEWEST_FIRST },

	[PLACE_FORWARD_TO_INGRESS] = { CHAIN_FILTER_FORWARD, ZONE_HEAD, SHARED },
	[PLACE_FORWARD_TO_ISOLATION] = { CHAIN_FILTER_FORWARD, ZONE_HEAD, SHARED },
	[PLACE_FORWARD_NETWORK] = { CHAIN_FILTER_FORWARD, ZONE_HEAD, NEWEST_FIRST },
	[PLACE_FORWARD_DROP] = { CHAIN_FILTER_FORWARD, ZONE_TAIL, OLDEST_FIRST },
	[PLACE_DOCKER_EXISTS] = { CHAIN_FILTER_DOCKER, ZONE_OWNED, SHARED },
	[PLACE_DOCKER_ACCEPT] = { CHAIN_FILTER_DOCKER, ZONE_OWNED, OLDEST_FIRST },
	[PLACE_INGRESS_ACCEPT] = { CHAIN_FILTER_INGRESS, ZONE_OWNED, NEWEST_FIRST },
	[PLACE_INGRESS_RETURN] = { CHAIN_FILTER_INGRESS, ZONE_OWNED, SHARED },
	[PLACE_ISOLATION_NETWORK] = { CHAIN_FILTER_ISOLATION, ZONE_OWNED, NEWEST_FIRST },
	[PLACE_ISOLATION_RETURN] = { CHAIN_FILTER_ISOLATION, ZONE_OWNED, SHARED },
	[PLACE_STAGE_2_DROP] = { CHAIN_FILTER_ISOLATION_STAGE_2, ZONE_OWNED, NEWEST_FIRST },
	[PLACE_STAGE_2_RETURN] = { CHAIN_FILTER_ISOLATION_STAGE_2, ZONE_OWNED, SHARED },

	[PLACE_PREROUTING_TO_INGRESS] = { CHAIN_NAT_PREROUTING, ZONE_HEAD, SHARED },
	[PLACE_PREROUTING_TO_DOCKER] = { CHAIN_NAT_PREROUTING, ZONE_TAIL, SHARED },
	[PLACE_OUTPUT_TO_INGRESS] = { CHAIN_NAT_OUTPUT, ZONE_HEAD, SHARED },
	[PLACE_OUTPUT_TO_DOCKER] = { CHAIN_NAT_OUTPUT, ZONE_TAIL, SHARED },
	[PLACE_OUTPUT_LOCALHOST] = { CHAIN_NAT_OUTPUT, ZONE_TAIL, SHARED },
	[PLACE_POSTROUTING_MASQUERADE] = { CHAIN_NAT_POSTROUTING, ZONE_HEAD, NEWEST_FIRST },
	[PLACE_POSTROUTING_SELF] = { CHAIN_NAT_POSTROUTING, ZONE_TAIL, OLDEST_FIRST },
	[PLACE_NAT_DOCKER_EXISTS] = { CHAIN_NAT_DOCKER, ZONE_OWNED, SHARED },
	[PLACE_NAT_DOCKER_RETURN] = { CHAIN_NAT_DOCKER, ZONE_OWNED, NEWEST_FIRST },
	[PLACE_NAT_DOCKER_DNAT] = { CHAIN_NAT_DOCKER, ZONE_OWNED, OLDEST_FIRST },
	[PLACE_NAT_INGRESS_DNAT] = { CHAIN_NAT_INGRESS, ZONE_OWNED, NEWEST_FIRST },
	[PLACE_NAT_INGRESS_RETURN] = { CHAIN_NAT_INGRESS, ZONE_OWNED, SHARED },
};

Rule *layout_add(GArray *items, enum place place, enum family family, guint64 sequence, guint32 index)
{
	RuleItem *item;

	g_array_set_size(items, items->len + 1);
	item = &g_array_index(items, RuleItem, items->len - 1);
	memset(item, 0, sizeof *item);
	item->rule.family = family;
	item->rule.chain = layout[place].chain;
	item->rule.zone = layout[place].zone;
	item->order.rank = place;
	if (layout[place].age != SHARED) {
		item->order.sequence = layout[place].age == NEWEST_FIRST ? -(gint64)sequence : (gint64)sequence;
		item->order.index = index;
	}
	return &item->rule;
}

void rule_set_in(Rule *rule, const char *interface)
{
	g_strlcpy(rule->in, interface, sizeof rule->in);
}

void rule_set_out(Rule *rule, const char *interface)
{
	g_strlcpy(rule->out, interface, sizeof rule->out);
}

void rule_set_source(Rule *rule, const Prefix *prefix)
{
	memcpy(rule->source, prefix->address.bytes, sizeof rule->source);
	rule->source_length = prefix->length;
}

void rule_set_destination(Rule *rule, const Prefix *prefix)
{
	memcpy(rule->destination, prefix->address.bytes, sizeof rule->destination);
	rule->destination_length = prefix->length;
}

void rule_set_source_host(Rule *rule, const Address *address)
{
	rule_set_source(rule, &(Prefix){ *address, family_bits(address_family(address)) });
}

void rule_set_destination_host(Rule *rule, const Address *address)
{
	rule_set_destination(rule, &(Prefix){ *address, family_bits(address_family(address)) });
}

void rule_set_jump(Rule *rule, enum chain chain)
{
	rule->target = TARGET_JUMP;
	rule->jump = chain;
}
