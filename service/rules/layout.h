/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/rules/rule.h"

/**
 * The layout of the tables: every group of rules that stands together in a
 * chain, from top to bottom. The renderers name a place; layout.c knows where
 * that is.
 */
enum place {
	PLACE_RAW_GUARD,

	PLACE_FORWARD_TO_INGRESS,
	PLACE_FORWARD_TO_ISOLATION,
	PLACE_FORWARD_NETWORK,
	PLACE_FORWARD_DROP,
	PLACE_DOCKER_EXISTS,
	PLACE_DOCKER_ACCEPT,
	PLACE_INGRESS_ACCEPT,
	PLACE_INGRESS_RETURN,
	PLACE_ISOLATION_NETWORK,
	PLACE_ISOLATION_RETURN,
	PLACE_STAGE_2_DROP,
	PLACE_STAGE_2_RETURN,

	PLACE_PREROUTING_TO_INGRESS,
	PLACE_PREROUTING_TO_DOCKER,
	PLACE_OUTPUT_TO_INGRESS,
	PLACE_OUTPUT_TO_DOCKER,
	PLACE_OUTPUT_LOCALHOST,
	PLACE_POSTROUTING_MASQUERADE,
	PLACE_POSTROUTING_SELF,
	PLACE_NAT_DOCKER_EXISTS,
	PLACE_NAT_DOCKER_RETURN,
	PLACE_NAT_DOCKER_DNAT,
	PLACE_NAT_INGRESS_DNAT,
	PLACE_NAT_INGRESS_RETURN,
	N_PLACES
};

/**
 * Appends a blank rule at a place to a GArray of RuleItem and returns it to be
 * filled in; it is valid until the next is added. sequence is the age of what
 * asks for it, index its place among the rules of one asker; both are ignored where
 * a place holds one rule that all askers share.
 */
Rule *layout_add(GArray *items, enum place place, enum family family, guint64 sequence, guint32 index);

void rule_set_in(Rule *rule, const char *interface);
void rule_set_out(Rule *rule, const char *interface);
void rule_set_source(Rule *rule, const Prefix *prefix);
void rule_set_destination(Rule *rule, const Prefix *prefix);
void rule_set_source_host(Rule *rule, const Address *address);
void rule_set_destination_host(Rule *rule, const Address *address);
void rule_set_jump(Rule *rule, enum chain chain);
