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

static void render_ways(enum family family, GArray *items)
{
	add_local_way(PLACE_PREROUTING_INGRESS, family, items);
	add_local_way(PLACE_OUTPUT_INGRESS, family, items);
	if (family == FAMILY_IPV6)
		render_loopback_return(items);
}

/*
 * What routers say of connections to a gateway reaches it by whatever interface. For one on the bridge of a network, as
 * it is where nobody says whether to masquerade and nothing is, the network's own rule does.
 */
static void render_errors(const Ingress *ingress, GArray *items)
{
	for (guint i = 0; i < ingress->gateways->len; i++) {
		Rule *rule = place_add(items, PLACE_INGRESS_ERRORS, ingress_family(ingress), ingress->sequence, i);

		rule_set_destination_host(rule, &ingress_gateway(ingress, i)->address);
		rule->state = STATE_RELATED;
		rule->target = TARGET_ACCEPT;
	}
}

void render_ingress(const Ingress *ingress, const RenderOptions *options, GArray *items)
{
	enum family family = ingress_family(ingress);
	const char *bridge;

	render_base(family, items);
	place_add(items, PLACE_INGRESS_ACCEPT_END, family, 0, 0)->target = TARGET_RETURN;
	place_add(items, PLACE_INGRESS_DNAT_END, family, 0, 0)->target = TARGET_RETURN;
	place_add(items, PLACE_FORWARD_INGRESS, family, 0, 0)->target = TARGET_PLACE;
	render_ways(family, items);
	render_stray_reset(family, options, items);
	render_localhost_guard(family, options, items);
	for (guint i = 0; (bridge = ingress_bridge(ingress, i)); i++) {
		render_local_masquerade(bridge, family, ingress->sequence, items);
		if (family == FAMILY_IPV4)
			render_guard(bridge, ingress->sequence, options, items);
	}
	if (ingress->masquerade || ingress->masquerade_given || ingress->gateways->len > 1)
		render_errors(ingress, items);
	render_ingress_limits(ingress, options, items);
}

/* Whether there is one of that family, other than but. */
static bool has_ingress(const Model *model, enum family family, const Ingress *but)
{
	for (const GList *i = model->ingresses_by_age.head; i; i = i->next)
		if (i->data != but && ingress_family(i->data) == family)
			return true;
	return false;
}

/* The accepts name no address, and siblings whose communication is off are to stay apart on these ports too. */
static void render_siblings(const Network *network, enum family family, GArray *items)
{
	Rule *rule = place_add(items, PLACE_INGRESS_SIBLINGS, family, network->sequence, 0);

	rule_set_in(rule, network->bridge);
	rule_set_out(rule, network->bridge);
	rule->state = STATE_DIRECT;
	rule->target = TARGET_RETURN;
}

static void render_isolation_of(const Network *network, enum family family, const RenderOptions *options, GArray *items)
{
	if (network_is_closed(network, family) && network_has_family(network, family))
		render_internal(network, family, PLACE_INGRESS_INTERNAL, items);
	if (!network->options.communication && options->protect_endpoints)
		render_siblings(network, family, items);
}

void render_ingress_isolation(const Model *model, const Network *network, const RenderOptions *options, GArray *items)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (has_ingress(model, family, NULL))
			render_isolation_of(network, family, options, items);
}

void render_ingress_isolation_all(const Model *model, const Ingress *ingress, const RenderOptions *options,
				  GArray *items)
{
	enum family family = ingress_family(ingress);

	if (has_ingress(model, family, ingress))
		return;
	for (const GList *i = model->networks_by_age.head; i; i = i->next)
		render_isolation_of(i->data, family, options, items);
}

static Rule *add(const Ingress *ingress, const IngressPort *port, enum place place, guint32 index, GArray *items)
{
	Rule *rule = place_add(items, place, ingress_family(ingress), port->sequence, index);

	rule->protocol = port->protocol;
	return rule;
}

static void set_gateway(Rule *rule, const Gateway *gateway)
{
	memcpy(rule->dnat_address, gateway->address.bytes, sizeof rule->dnat_address);
}

static void set_destination_port(Rule *rule, const IngressPort *port)
{
	rule->destination_port[0] = rule->destination_port[1] = port->port;
}

/* One rule says it for all gateways where a rule names none: it is the same whichever they are. */
static void render_accepts(const Ingress *ingress, const IngressPort *port, GArray *items)
{
	Rule *rule = add(ingress, port, PLACE_INGRESS_ACCEPT, 0, items);

	rule->target = TARGET_ACCEPT;
	set_destination_port(rule, port);

	rule = add(ingress, port, PLACE_INGRESS_ACCEPT, 1, items);
	rule->target = TARGET_ACCEPT;
	rule->state = STATE_CLASSIC;
	rule->source_port[0] = rule->source_port[1] = port->port;

	for (guint i = 0; i < ingress->gateways->len; i++) {
		rule = add(ingress, port, PLACE_INGRESS_GATEWAY, i, items);
		rule->target = TARGET_ACCEPT;
		set_gateway(rule, ingress_gateway(ingress, i));
		set_destination_port(rule, port);
	}
}

static void render_translation(const Ingress *ingress, const IngressPort *port, guint i, GArray *items)
{
	Rule *rule = add(ingress, port, PLACE_INGRESS_DNAT, i, items);

	set_destination_port(rule, port);
	set_gateway(rule, ingress_gateway(ingress, i));
	rule->dnat_port = port->port;
	rule->target = TARGET_DNAT;
	if (ingress->gateways->len == 1)
		return;
	rule->turn = i;
	rule->turns = ingress->gateways->len;
}

static void render_masquerade(const Ingress *ingress, const IngressPort *port, guint i, GArray *items)
{
	Rule *rule = add(ingress, port, PLACE_MASQUERADE_INGRESS, i, items);

	rule_set_destination_host(rule, &ingress_gateway(ingress, i)->address);
	set_destination_port(rule, port);
	rule->target = TARGET_MASQUERADE;
}

void render_ingress_port(const Ingress *ingress, const IngressPort *port, const RenderOptions *options, GArray *items)
{
	render_accepts(ingress, port, items);
	for (guint i = 0; i < ingress->gateways->len; i++)
		render_translation(ingress, port, i, items);
	for (guint i = 0; ingress->masquerade && i < ingress->gateways->len; i++)
		render_masquerade(ingress, port, i, items);
	render_ingress_port_limits(ingress, port, options, items);
}
