/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/rules/render.h"

#include "service/rules/render-common.h"

#include <string.h>

static void add_local_way(enum place place, enum family family, GArray *items)
{
	Rule *rule = place_add(items, place, family, 0, 0);

	rule->addrtype = ADDRTYPE_DESTINATION_LOCAL;
	rule->target = TARGET_PLACE;
}

void render_ingress(const Ingress *ingress, const RenderOptions *options, GArray *items)
{
	enum family family = address_family(&ingress->gateway);

	render_base(family, items);
	place_add(items, PLACE_INGRESS_ACCEPT_END, family, 0, 0)->target = TARGET_RETURN;
	place_add(items, PLACE_INGRESS_DNAT_END, family, 0, 0)->target = TARGET_RETURN;
	place_add(items, PLACE_FORWARD_INGRESS, family, 0, 0)->target = TARGET_PLACE;
	add_local_way(PLACE_PREROUTING_INGRESS, family, items);
	add_local_way(PLACE_OUTPUT_INGRESS, family, items);
	render_stray_reset(family, options, items);
	render_local_masquerade(ingress->bridge, family, ingress->sequence, items);
	if (family == FAMILY_IPV4)
		render_guard(ingress->bridge, ingress->sequence, items);
	render_ingress_limits(ingress, options, items);
}

/* Whether there is one of that family, other than but. */
static bool has_ingress(const Model *model, enum family family, const Ingress *but)
{
	for (const GList *i = model->ingresses_by_age.head; i; i = i->next)
		if (i->data != but && address_family(&((const Ingress *)i->data)->gateway) == family)
			return true;
	return false;
}

static void render_isolation_of(const Network *network, enum family family, GArray *items)
{
	if (network->internal && network_has_family(network, family))
		render_internal(network, family, PLACE_INGRESS_INTERNAL, items);
}

void render_ingress_isolation(const Model *model, const Network *network, GArray *items)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (has_ingress(model, family, NULL))
			render_isolation_of(network, family, items);
}

void render_ingress_isolation_all(const Model *model, const Ingress *ingress, GArray *items)
{
	enum family family = address_family(&ingress->gateway);

	if (has_ingress(model, family, ingress))
		return;
	for (const GList *i = model->networks_by_age.head; i; i = i->next)
		render_isolation_of(i->data, family, items);
}

static Rule *add_port_accept(const Ingress *ingress, const IngressPort *port, guint32 index, GArray *items)
{
	Rule *rule = place_add(items, PLACE_INGRESS_ACCEPT, address_family(&ingress->gateway), port->sequence, index);

	rule->protocol = port->protocol;
	rule->target = TARGET_ACCEPT;
	memcpy(rule->dnat_address, ingress->gateway.bytes, sizeof rule->dnat_address);
	return rule;
}

void render_ingress_port(const Ingress *ingress, const IngressPort *port, const RenderOptions *options, GArray *items)
{
	enum family family = address_family(&ingress->gateway);
	Rule *rule;

	rule = add_port_accept(ingress, port, 0, items);
	rule->destination_port[0] = rule->destination_port[1] = port->port;

	rule = add_port_accept(ingress, port, 1, items);
	rule->state = STATE_CLASSIC;
	rule->source_port[0] = rule->source_port[1] = port->port;

	rule = place_add(items, PLACE_INGRESS_DNAT, family, port->sequence, 0);
	rule->protocol = port->protocol;
	rule->destination_port[0] = rule->destination_port[1] = port->port;
	memcpy(rule->dnat_address, ingress->gateway.bytes, sizeof rule->dnat_address);
	rule->dnat_port = port->port;
	rule->target = TARGET_DNAT;

	render_ingress_port_limits(ingress, port, options, items);
}
