/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/layout.h"

#define NOWHERE N_CHAINS

const Layout layouts[N_PLACES] = {
	[PLACE_LOOPBACK_GUARD] = { CHAIN_RAW_PREROUTING, ZONE_HEAD, NOWHERE },
	[PLACE_INTERNAL] = { CHAIN_MANGLE_FORWARD, ZONE_HEAD, NOWHERE },
	[PLACE_DIRECT] = { CHAIN_MANGLE_FORWARD, ZONE_HEAD, CHAIN_MANGLE_DIRECT },
	[PLACE_DIRECT_PORT] = { CHAIN_MANGLE_DIRECT, ZONE_OWNED, NOWHERE },
	[PLACE_DIRECT_NETWORK] = { CHAIN_MANGLE_DIRECT, ZONE_OWNED, NOWHERE },
	[PLACE_DIRECT_ENDPOINT] = { CHAIN_MANGLE_DIRECT, ZONE_OWNED, NOWHERE },
	[PLACE_DIRECT_END] = { CHAIN_MANGLE_DIRECT, ZONE_OWNED, NOWHERE },
	[PLACE_STRAY_SEGMENT] = { CHAIN_MANGLE_FORWARD, ZONE_HEAD, NOWHERE },
	[PLACE_STRAY_RESET] = { CHAIN_MANGLE_OUTPUT, ZONE_HEAD, NOWHERE },
	[PLACE_BRIDGE] = { NOWHERE, ZONE_HEAD, NOWHERE },
	[PLACE_PORTS_PASSED_BY] = { NOWHERE, ZONE_HEAD, NOWHERE },

	[PLACE_FORWARD_POSED] = { CHAIN_FILTER_FORWARD, ZONE_HEAD, CHAIN_FILTER_DENY },
	[PLACE_FORWARD_LIMITS] = { CHAIN_FILTER_FORWARD, ZONE_HEAD, CHAIN_FILTER_ALLOW },
	[PLACE_FORWARD_INGRESS] = { CHAIN_FILTER_FORWARD, ZONE_HEAD, CHAIN_FILTER_INGRESS },
	[PLACE_FORWARD_ISOLATION] = { CHAIN_FILTER_FORWARD, ZONE_HEAD, CHAIN_FILTER_ISOLATION },
	[PLACE_FORWARD_NETWORK] = { CHAIN_FILTER_FORWARD, ZONE_HEAD, CHAIN_FILTER_DOCKER },
	[PLACE_FORWARD_OPEN] = { CHAIN_FILTER_FORWARD, ZONE_HEAD, NOWHERE },
	[PLACE_FORWARD_CONTAINERS] = { CHAIN_FILTER_FORWARD, ZONE_HEAD, NOWHERE },
	[PLACE_COMMUNICATION_OFF] = { CHAIN_FILTER_FORWARD, ZONE_TAIL, NOWHERE },
	[PLACE_COMMUNICATION_OFF_INTERNAL] = { CHAIN_FILTER_FORWARD, ZONE_TAIL, NOWHERE },
	[PLACE_OUTPUT_LIMITS] = { CHAIN_FILTER_OUTPUT, ZONE_HEAD, CHAIN_FILTER_ALLOW },
	[PLACE_LIMITS_EXIST] = { CHAIN_FILTER_ALLOW, ZONE_OWNED, NOWHERE },
	[PLACE_LIMIT_CEILING] = { CHAIN_FILTER_ALLOW, ZONE_OWNED, CHAIN_FILTER_CEILING },
	[PLACE_LIMIT_INGRESS] = { CHAIN_FILTER_ALLOW, ZONE_OWNED, CHAIN_FILTER_DENY },
	[PLACE_LIMIT_ENDPOINT] = { CHAIN_FILTER_ALLOW, ZONE_OWNED, CHAIN_FILTER_DENY },
	[PLACE_LIMIT_NETWORK] = { CHAIN_FILTER_ALLOW, ZONE_OWNED, CHAIN_FILTER_DENY },
	[PLACE_CEILING] = { CHAIN_FILTER_CEILING, ZONE_OWNED, CHAIN_FILTER_DENY },
	[PLACE_CEILING_END] = { CHAIN_FILTER_CEILING, ZONE_OWNED, CHAIN_FILTER_DENY },
	[PLACE_DENIALS_EXIST] = { CHAIN_FILTER_DENY, ZONE_OWNED, NOWHERE },
	[PLACE_DENY_PORT] = { CHAIN_FILTER_DENY, ZONE_OWNED, NOWHERE },
	[PLACE_ACCEPT_EXISTS] = { CHAIN_FILTER_DOCKER, ZONE_OWNED, NOWHERE },
	[PLACE_ACCEPT_PORT] = { CHAIN_FILTER_DOCKER, ZONE_OWNED, NOWHERE },
	[PLACE_INGRESS_INTERNAL] = { CHAIN_FILTER_INGRESS, ZONE_OWNED, NOWHERE },
	[PLACE_INGRESS_SIBLINGS] = { CHAIN_FILTER_INGRESS, ZONE_OWNED, NOWHERE },
	[PLACE_INGRESS_ACCEPT] = { CHAIN_FILTER_INGRESS, ZONE_OWNED, NOWHERE },
	[PLACE_INGRESS_GATEWAY] = { NOWHERE, ZONE_OWNED, NOWHERE },
	[PLACE_INGRESS_ERRORS] = { CHAIN_FILTER_INGRESS, ZONE_OWNED, NOWHERE },
	[PLACE_INGRESS_ACCEPT_END] = { CHAIN_FILTER_INGRESS, ZONE_OWNED, NOWHERE },
	[PLACE_ISOLATION_INTERNAL] = { CHAIN_FILTER_ISOLATION, ZONE_OWNED, NOWHERE },
	[PLACE_ISOLATION_CONTAINERS] = { CHAIN_FILTER_ISOLATION, ZONE_OWNED, NOWHERE },
	[PLACE_ISOLATION_PORT] = { CHAIN_FILTER_ISOLATION, ZONE_OWNED, NOWHERE },
	[PLACE_ISOLATION_ANSWERS] = { CHAIN_FILTER_ISOLATION, ZONE_OWNED, NOWHERE },
	[PLACE_ISOLATION] = { CHAIN_FILTER_ISOLATION, ZONE_OWNED, CHAIN_FILTER_ISOLATION_STAGE_2 },
	[PLACE_ISOLATION_END] = { CHAIN_FILTER_ISOLATION, ZONE_OWNED, NOWHERE },
	[PLACE_ISOLATION_ENTER] = { CHAIN_FILTER_ISOLATION_STAGE_2, ZONE_OWNED, NOWHERE },
	[PLACE_ISOLATION_ENTER_END] = { CHAIN_FILTER_ISOLATION_STAGE_2, ZONE_OWNED, NOWHERE },

	[PLACE_PREROUTING_INGRESS] = { CHAIN_NAT_PREROUTING, ZONE_HEAD, CHAIN_NAT_INGRESS },
	[PLACE_PREROUTING_PORTS] = { CHAIN_NAT_PREROUTING, ZONE_TAIL, CHAIN_NAT_DOCKER },
	[PLACE_PREROUTING_CONTAINERS] = { CHAIN_NAT_PREROUTING, ZONE_TAIL, CHAIN_NAT_CONTAINERS },
	[PLACE_OUTPUT_INGRESS] = { CHAIN_NAT_OUTPUT, ZONE_HEAD, CHAIN_NAT_INGRESS },
	[PLACE_OUTPUT_PORTS] = { CHAIN_NAT_OUTPUT, ZONE_TAIL, CHAIN_NAT_DOCKER },
	[PLACE_OUTPUT_LOCALHOST] = { CHAIN_NAT_OUTPUT, ZONE_TAIL, CHAIN_NAT_DOCKER },
	[PLACE_MASQUERADE_NETWORK] = { CHAIN_NAT_POSTROUTING, ZONE_HEAD, NOWHERE },
	[PLACE_MASQUERADE_INGRESS] = { CHAIN_NAT_POSTROUTING, ZONE_HEAD, NOWHERE },
	[PLACE_MASQUERADE_CONTAINERS] = { CHAIN_NAT_POSTROUTING, ZONE_HEAD, NOWHERE },
	[PLACE_MASQUERADE_SELF] = { CHAIN_NAT_POSTROUTING, ZONE_TAIL, NOWHERE },
	[PLACE_DNAT_EXISTS] = { CHAIN_NAT_DOCKER, ZONE_OWNED, NOWHERE },
	[PLACE_DNAT_RETURN] = { CHAIN_NAT_DOCKER, ZONE_OWNED, NOWHERE },
	[PLACE_DNAT_PORT] = { CHAIN_NAT_DOCKER, ZONE_OWNED, NOWHERE },
	[PLACE_DNAT_CONTAINERS_EXISTS] = { CHAIN_NAT_CONTAINERS, ZONE_OWNED, NOWHERE },
	[PLACE_DNAT_CONTAINERS] = { CHAIN_NAT_CONTAINERS, ZONE_OWNED, NOWHERE },
	[PLACE_INGRESS_DNAT_RETURN] = { CHAIN_NAT_INGRESS, ZONE_OWNED, NOWHERE },
	[PLACE_INGRESS_DNAT] = { CHAIN_NAT_INGRESS, ZONE_OWNED, NOWHERE },
	[PLACE_INGRESS_DNAT_END] = { CHAIN_NAT_INGRESS, ZONE_OWNED, NOWHERE },
};

static enum table table_of(enum place place)
{
	return layouts[place].chain == NOWHERE ? N_TABLES : chain_info(layouts[place].chain)->table;
}

ChainState layout_chain_state(const Ruleset *ruleset, enum family family, enum chain chain)
{
	ChainState state = { false, false };

	for (enum place place = 0; place < N_PLACES; place++) {
		if (layouts[place].chain != chain)
			continue;
		const GPtrArray *entries = ruleset_place(ruleset, family, place);
		for (guint i = 0; i < entries->len && !(state.wanted && state.committed); i++) {
			const RulesetEntry *entry = g_ptr_array_index(entries, i);
			state.wanted |= entry->references > 0;
			state.committed |= entry->committed;
		}
	}
	return state;
}

void layout_read_chain(const Ruleset *ruleset, enum family family, enum chain chain, GPtrArray *entries)
{
	g_ptr_array_set_size(entries, 0);
	for (enum place place = 0; place < N_PLACES; place++)
		if (layouts[place].chain == chain)
			g_ptr_array_extend(entries, (GPtrArray *)ruleset_place(ruleset, family, place), NULL, NULL);
}

bool layout_needs_table(const Ruleset *ruleset, enum family family, enum table table)
{
	if (table == TABLE_FILTER && ruleset_forward_policy(ruleset, family) == TARGET_DROP)
		return true;
	for (enum chain chain = 0; chain < N_CHAINS; chain++)
		if (chain_info(chain)->table == table && layout_chain_state(ruleset, family, chain).wanted)
			return true;
	return false;
}

bool layout_touches_table(const Ruleset *ruleset, enum family family, enum table table)
{
	if (table == TABLE_FILTER && ruleset_forward_policy(ruleset, family) != TARGET_PLACE)
		return true;
	for (enum chain chain = 0; chain < N_CHAINS; chain++)
		if (chain_info(chain)->table == table && layout_chain_state(ruleset, family, chain).committed)
			return true;
	return layout_needs_table(ruleset, family, table);
}

bool layout_chain_is_dirty(const Ruleset *ruleset, enum family family, enum chain chain)
{
	for (enum place place = 0; place < N_PLACES; place++)
		if (layouts[place].chain == chain && ruleset_is_dirty(ruleset, family, place))
			return true;
	return false;
}

bool layout_table_is_dirty(const Ruleset *ruleset, enum family family, enum table table)
{
	for (enum place place = 0; place < N_PLACES; place++)
		if (table_of(place) == table && ruleset_is_dirty(ruleset, family, place))
			return true;
	return false;
}

void layout_table_committed(Ruleset *ruleset, enum family family, enum table table)
{
	for (enum place place = 0; place < N_PLACES; place++)
		if (table_of(place) == table)
			ruleset_committed(ruleset, family, place);
}
