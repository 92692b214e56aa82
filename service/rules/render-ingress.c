/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/rules/render.h"

#include "service/rules/render-common.h"

#include <string.h>

static void render_local_jump(enum place place, enum family family, GArray *items)
{
	Rule *rule = layout_add(items, place, family, 0, 0);

	rule->addrtype = ADDRTYPE_DESTINATION_LOCAL;
	rule_set_jump(rule, CHAIN_NAT_INGRESS);
}

void render_ingress(const Ingress *ingress, GArray *items)
{
	enum family family = address_family(&ingress->gateway);

	render_base(family, items);
	layout_add(items, PLACE_INGRESS_RETURN, family, 0, 0)->target = TARGET_RETURN;
	layout_add(items, PLACE_NAT_INGRESS_RETURN, family, 0, 0)->target = TARGET_RETURN;
	rule_set_jump(layout_add(items, PLACE_FORWARD_TO_INGRESS, family, 0, 0), CHAIN_FILTER_INGRESS);
	render_local_jump(PLACE_PREROUTING_TO_INGRESS, family, items);
	render_local_jump(PLACE_OUTPUT_TO_INGRESS, family, items);
	render_local_masquerade(ingress->bridge, family, ingress->sequence, items);
	if (family == FAMILY_IPV4)
		render_guard(ingress->bridge, ingress->sequence, items);
}

void render_ingress_port(const Ingress *ingress, const IngressPort *port, GArray *items)
{
	enum family family = address_family(&ingress->gateway);
	Rule *rule;

	rule = layout_add(items, PLACE_INGRESS_ACCEPT, family, port->sequence, 0);
	rule->protocol = port->protocol;
	rule->destination_port[0] = rule->destination_port[1] = port->port;
	rule->target = TARGET_ACCEPT;

	rule = layout_add(items, PLACE_INGRESS_ACCEPT, family, port->sequence, 1);
	rule->protocol = port->protocol;
	rule->state = STATE_CLASSIC;
	rule->source_port[0] = rule->source_port[1] = port->port;
	rule->target = TARGET_ACCEPT;

	rule = layout_add(items, PLACE_NAT_INGRESS_DNAT, family, port->sequence, 0);
	rule->protocol = port->protocol;
	rule->destination_port[0] = rule->destination_port[1] = port->port;
	memcpy(rule->dnat_address, ingress->gateway.bytes, sizeof rule->dnat_address);
	rule->dnat_port[0] = rule->dnat_port[1] = port->port;
	rule->target = TARGET_DNAT;
}
