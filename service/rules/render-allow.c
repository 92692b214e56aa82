/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/rules/render-allow.h"

#include "service/rules/render-common.h"

#include <string.h>

/*
 * Every packet to a limited port is looked at, whatever connection it is of and whoever began that: what is not let
 * through any more ends at once. Within the rules of one list: the host, whoever else is let through, the rest.
 */
enum { ORDER_HOST, ORDER_SOURCES, ORDER_REST };

/* What the rules of one list are about: all but their sources. */
typedef struct Subject {
	enum place place;
	enum family family;
	guint64 sequence;
	Prefix to;       /* AF_UNSPEC: every published port */
	guint8 protocol; /* 0: every port there */
	guint16 port;
} Subject;

static Rule *add_rule(const Subject *subject, guint32 index, enum rule_target target, GArray *items)
{
	Rule *rule = place_add(items, subject->place, subject->family, subject->sequence, index);

	if (subject->to.address.family != AF_UNSPEC)
		rule_set_destination(rule, &subject->to);
	rule->protocol = subject->protocol;
	rule->destination_port[0] = rule->destination_port[1] = subject->port;
	rule->target = target;
	return rule;
}

/* A port that everybody may reach is not for the lists of others that have its address. */
static void render_list(const Subject *subject, const AllowFrom *list, GArray *items)
{
	g_autoptr(GArray) prefixes = allow_from_prefixes(list, subject->family);

	if (!list) {
		add_rule(subject, ORDER_REST, TARGET_RETURN, items);
		return;
	}
	add_rule(subject, ORDER_HOST, allow_from_has_host(list) ? TARGET_RETURN : TARGET_PLACE, items)->addrtype =
		ADDRTYPE_SOURCE_LOCAL;
	for (guint i = 0; i < prefixes->len; i++)
		rule_set_source(add_rule(subject, ORDER_SOURCES, TARGET_RETURN, items),
				&g_array_index(prefixes, Prefix, i));
	for (guint i = 0; i < list->len; i++) {
		const Source *source = &g_array_index(list, Source, i);

		if (*source->interface && !source_is_host(source))
			rule_set_in(add_rule(subject, ORDER_SOURCES, TARGET_RETURN, items), source->interface);
	}
	add_rule(subject, ORDER_REST, TARGET_PLACE, items);
}

static void render_limits(enum family family, GArray *items)
{
	place_add(items, PLACE_LIMITS_EXIST, family, 0, 0)->target = TARGET_PLACE;
	place_add(items, PLACE_DENIALS_EXIST, family, 0, 0)->target = TARGET_PLACE;
}

static void render_ceiling(enum family family, const RenderOptions *options, GArray *items)
{
	const Subject subject = { .place = PLACE_CEILING, .family = family };

	place_add(items, PLACE_LIMIT_CEILING, family, 0, 0)->target = TARGET_PLACE;
	place_add(items, PLACE_CEILING_END, family, 0, 0)->target = TARGET_PLACE;
	if (options->ceiling)
		render_list(&subject, options->ceiling, items);
}

/* The ways to the lists: what enters an interface, and what this host itself sends there. */
static void render_ways(const char *interface, const Prefix *to, enum family family, guint64 sequence, GArray *items)
{
	Rule *rule = place_add(items, PLACE_FORWARD_POSED, family, sequence, 0);

	/* What this host itself sends is not forwarded. */
	rule_set_out(rule, interface);
	rule->addrtype = ADDRTYPE_SOURCE_LOCAL;
	rule->target = TARGET_PLACE;

	rule = place_add(items, PLACE_FORWARD_LIMITS, family, sequence, 0);
	rule_set_out(rule, interface);
	rule->target = TARGET_PLACE;

	rule = place_add(items, PLACE_OUTPUT_LIMITS, family, sequence, 0);
	rule_set_destination(rule, to);
	rule->target = TARGET_PLACE;
}

void render_network_limits(const Network *network, enum family family, const RenderOptions *options, GArray *items)
{
	const Subject subject = { PLACE_LIMIT_NETWORK, family, network->sequence, network->subnets[family] };

	if (!options->capped && !network->options.allow_from)
		return;
	render_limits(family, items);
	render_ways(network->bridge, &network->subnets[family], family, network->sequence, items);
	if (options->capped)
		render_ceiling(family, options, items);
	if (network->options.allow_from)
		render_list(&subject, network->options.allow_from, items);
}

static Prefix host_prefix(const Address *address)
{
	return (Prefix){ *address, family_bits(address_family(address)) };
}

void render_endpoint_limits(const Endpoint *endpoint, GArray *items)
{
	const Network *network = endpoint->network;

	if (!endpoint->allow_from)
		return;
	for (enum family family = 0; family < N_FAMILIES; family++) {
		const Address *address = &endpoint->addresses[family];
		Subject subject = { PLACE_LIMIT_ENDPOINT, family, network->sequence };

		if (address->family == AF_UNSPEC || network_is_closed(network, family))
			continue;
		subject.to = host_prefix(address);
		render_limits(family, items);
		render_ways(network->bridge, &network->subnets[family], family, network->sequence, items);
		render_list(&subject, endpoint->allow_from, items);
	}
}

static Rule *add_denial(const Address *to, guint8 protocol, guint64 sequence, GArray *items)
{
	Rule *rule = place_add(items, PLACE_DENY_PORT, address_family(to), sequence, 0);

	rule_set_destination_host(rule, to);
	rule->protocol = protocol;
	rule->target = TARGET_DROP;
	return rule;
}

/*
 * Of a long range the endpoint's own connections may begin at any port; of a single one or a few no port is given to
 * them as long as somebody listens there.
 */
void render_denial(const Endpoint *endpoint, const PortMapping *mapping, GArray *items)
{
	for (enum family family = 0; family < N_FAMILIES; family++) {
		Rule *rule;

		if (!port_mapping_serves(endpoint, mapping, family))
			continue;
		rule = add_denial(&endpoint->addresses[family], mapping->protocol, mapping->sequence, items);
		rule->destination_port[0] = mapping->endpoint_port;
		rule->destination_port[1] = mapping->endpoint_port + (mapping->count - 1);
		if (mapping->count > LONG_RANGE)
			rule->state = STATE_ORIGINAL;
	}
}

bool endpoint_is_limited(const Endpoint *endpoint, const RenderOptions *options)
{
	return options->capped || endpoint->allow_from || endpoint->network->options.allow_from;
}

void render_denials(const Endpoint *endpoint, GArray *items)
{
	for (guint i = 0; i < endpoint->ports->len; i++)
		render_denial(endpoint, endpoint->ports->pdata[i], items);
}

/* --- ingresses --- */

void render_ingress_limits(const Ingress *ingress, const RenderOptions *options, GArray *items)
{
	enum family family = ingress_family(ingress);

	if (!options->capped && !ingress->allow_from)
		return;
	render_limits(family, items);
	for (guint i = 0; i < ingress->gateways->len; i++) {
		Prefix to = host_prefix(&ingress_gateway(ingress, i)->address);

		render_ways(ingress_gateway(ingress, i)->bridge, &to, family, ingress->sequence, items);
	}
	if (options->capped)
		render_ceiling(family, options, items);
}

void render_ingress_port_limits(const Ingress *ingress, const IngressPort *port, const RenderOptions *options,
				GArray *items)
{
	Subject subject = { PLACE_LIMIT_INGRESS, ingress_family(ingress), port->sequence };

	if (!options->capped && !ingress->allow_from)
		return;
	subject.protocol = port->protocol;
	subject.port = port->port;
	for (guint i = 0; i < ingress->gateways->len; i++) {
		const Address *gateway = &ingress_gateway(ingress, i)->address;
		Rule *rule;

		subject.to = host_prefix(gateway);
		render_list(&subject, ingress->allow_from, items);
		rule = add_denial(gateway, port->protocol, port->sequence, items);
		rule->destination_port[0] = rule->destination_port[1] = port->port;
	}
}
