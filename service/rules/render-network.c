/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/rules/render.h"

#include "service/rules/render-common.h"

#include <netinet/in.h>
#include <string.h>

static const Prefix loopback[N_FAMILIES] = {
	[FAMILY_IPV4] = { { AF_INET, { 127 } }, 8 },
	[FAMILY_IPV6] = { { AF_INET6, { [15] = 1 } }, 128 },
};

void render_base(enum family family, GArray *items)
{
	place_add(items, PLACE_ACCEPT_EXISTS, family, 0, 0)->target = TARGET_PLACE;
	place_add(items, PLACE_ISOLATION_END, family, 0, 0)->target = TARGET_RETURN;
	place_add(items, PLACE_DNAT_EXISTS, family, 0, 0)->target = TARGET_PLACE;
}

static Rule *add_guard(const char *interface, guint64 sequence, guint32 index, GArray *items)
{
	Rule *rule = place_add(items, PLACE_LOOPBACK_GUARD, FAMILY_IPV4, sequence, index);

	rule_set_in(rule, interface);
	rule->target = TARGET_DROP;
	return rule;
}

/* Route_localnet lets in what comes from there as well. Answers of ours have such an address only later. */
void render_guard(const char *interface, guint64 sequence, const RenderOptions *options, GArray *items)
{
	rule_set_destination(add_guard(interface, sequence, 0, items), &loopback[FAMILY_IPV4]);
	if (options->protect_endpoints)
		rule_set_source(add_guard(interface, sequence, 1, items), &loopback[FAMILY_IPV4]);
}

void render_loopback_return(GArray *items)
{
	Rule *rule = place_add(items, PLACE_INGRESS_DNAT_RETURN, FAMILY_IPV6, 0, 0);

	rule_set_destination(rule, &loopback[FAMILY_IPV6]);
	rule->target = TARGET_RETURN;
}

/* Addresses are translated before the kernel looks whether such a packet may come by its interface at all. */
void render_localhost_guard(enum family family, const RenderOptions *options, GArray *items)
{
	Rule *rule;

	if (family != FAMILY_IPV4 || !options->protect_endpoints)
		return;
	rule = add_guard("lo", 0, 0, items);
	rule->flags = RULE_NOT_IN;
	rule_set_destination(rule, &loopback[FAMILY_IPV4]);
}

void render_stray_reset(enum family family, const RenderOptions *options, GArray *items)
{
	Rule *rule;

	if (!options->drop_invalid)
		return;
	rule = place_add(items, PLACE_STRAY_RESET, family, 0, 0);
	rule->flags = RULE_RESET;
	rule->protocol = IPPROTO_TCP;
	rule->state = STATE_INVALID;
	rule->target = TARGET_DROP;
}

/*
 * What conntrack finds to be of no connection has its addresses as they are: whoever gets it answers it with a reset,
 * which ends the connection that it came by.
 */
static void render_strays(const Network *network, enum family family, const RenderOptions *options, GArray *items)
{
	Rule *rule;

	render_stray_reset(family, options, items);
	if (!options->drop_invalid)
		return;
	rule = place_add(items, PLACE_STRAY_SEGMENT, family, network->sequence, 0);
	rule->flags = RULE_NOT_OUT;
	rule_set_in(rule, network->bridge);
	rule_set_out(rule, network->bridge);
	rule->protocol = IPPROTO_TCP;
	rule->state = STATE_INVALID;
	rule->target = TARGET_DROP;
}

/*
 * To an endpoint's own address there is no way from elsewhere, whatever the host forwards, but for connections to
 * published ports. All that is on a bridge of ours are endpoints; on an adopted one there may be others' machines. What
 * is routed has published ports that are let through before.
 */
static void render_direct(const Network *network, enum family family, const RenderOptions *options, GArray *items)
{
	bool routed = network->modes[family] == MODE_ROUTED, listed = routed || !network->creates_bridge;
	Rule *rule;

	if (network->modes[family] == MODE_OPEN || (!options->protect_endpoints && !routed))
		return;
	rule = place_add(items, PLACE_DIRECT, family, network->sequence, 0);
	rule->flags = RULE_NOT_IN;
	rule_set_in(rule, network->bridge);
	rule_set_out(rule, network->bridge);
	rule->state = STATE_DIRECT;
	rule->target = listed ? TARGET_PLACE : TARGET_DROP;
	if (!listed)
		return;
	place_add(items, PLACE_DIRECT_END, family, 0, 0)->target = TARGET_RETURN;
	if (!network->creates_bridge)
		return;
	rule = place_add(items, PLACE_DIRECT_NETWORK, family, network->sequence, 0);
	rule_set_out(rule, network->bridge);
	rule->target = TARGET_DROP;
}

void render_protection(const Endpoint *endpoint, const RenderOptions *options, GArray *items)
{
	const Network *network = endpoint->network;

	if (network->creates_bridge)
		return;
	for (enum family family = 0; family < N_FAMILIES; family++) {
		bool wanted = network->modes[family] == MODE_ROUTED ||
			      (network->modes[family] == MODE_NAT && options->protect_endpoints);
		Rule *rule;

		if (!wanted || network->internal || endpoint->addresses[family].family == AF_UNSPEC)
			continue;
		rule = place_add(items, PLACE_DIRECT_ENDPOINT, family, network->sequence, 0);
		rule_set_destination_host(rule, &endpoint->addresses[family]);
		rule_set_out(rule, network->bridge);
		rule->target = TARGET_DROP;
	}
}

void render_local_masquerade(const char *interface, enum family family, guint64 sequence, GArray *items)
{
	Rule *rule = place_add(items, PLACE_MASQUERADE_NETWORK, family, sequence, 0);

	rule_set_out(rule, interface);
	rule->addrtype = ADDRTYPE_SOURCE_LOCAL;
	rule->target = TARGET_MASQUERADE;
}

/*
 * What its endpoints may do among themselves: an accept in the block, or a drop below everybody's rules. They have
 * link-local addresses without asking, so it is off in both families, whatever subnets the network has.
 */
static void render_communication(const Network *network, enum family family, GArray *items)
{
	enum place off =
		network_is_closed(network, family) ? PLACE_COMMUNICATION_OFF_INTERNAL : PLACE_COMMUNICATION_OFF;
	enum place place = network->options.communication ? PLACE_FORWARD_NETWORK : off;
	Rule *rule = place_add(items, place, family, network->sequence, 3);

	rule_set_in(rule, network->bridge);
	rule_set_out(rule, network->bridge);
	rule->target = network->options.communication ? TARGET_ACCEPT : TARGET_DROP;
}

static void render_bridge(const Network *network, enum family family, const RenderOptions *options, GArray *items)
{
	bool closed = network_is_closed(network, family);
	Rule *rule = place_add(items, PLACE_BRIDGE, family, network->sequence, 0);

	rule_set_in(rule, network->bridge);
	rule_set_out(rule, network->bridge);
	if (!closed)
		rule_set_source(rule, &network->subnets[family]);
	rule->target = TARGET_PLACE;

	if ((options->hairpin || options->container_publish) && !closed)
		return;
	rule = place_add(items, PLACE_PORTS_PASSED_BY, family, network->sequence, 0);
	rule_set_in(rule, network->bridge);
	rule->target = TARGET_PLACE;
}

/* In IPv6, neighbour discovery is no packet between addresses of the subnet, and the rules may see it on the bridge. */
void render_internal(const Network *network, enum family family, enum place place, GArray *items)
{
	Rule *rule;

	rule = place_add(items, place, family, network->sequence, 0);
	rule->flags = RULE_NOT_SOURCE;
	rule_set_source(rule, &network->subnets[family]);
	rule_set_out(rule, network->bridge);
	if (family == FAMILY_IPV6) {
		rule->flags |= RULE_NOT_IN;
		rule_set_in(rule, network->bridge);
	}
	rule->target = TARGET_DROP;

	rule = place_add(items, place, family, network->sequence, 1);
	rule->flags = RULE_NOT_DESTINATION;
	rule_set_destination(rule, &network->subnets[family]);
	rule_set_in(rule, network->bridge);
	if (family == FAMILY_IPV6) {
		rule->flags |= RULE_NOT_OUT;
		rule_set_out(rule, network->bridge);
	}
	rule->target = TARGET_DROP;
}

/* Anybody may send with an address of the subnet, and the host may have a narrower route to one. */
static void render_barrier(const Network *network, enum family family, const RenderOptions *options, GArray *items)
{
	Rule *rule;

	if (network_has_family(network, family) && network->modes[family] == MODE_NAT && !options->protect_endpoints)
		return;
	for (guint leaves = 0; leaves < 2; leaves++) {
		rule = place_add(items, PLACE_INTERNAL, family, network->sequence, leaves);
		rule->flags = leaves ? RULE_NOT_OUT : RULE_NOT_IN;
		rule_set_in(rule, network->bridge);
		rule_set_out(rule, network->bridge);
		rule->target = TARGET_DROP;
	}
}

/* From outside to every port, but for what isolation and lists keep out before. */
static void render_open(const Network *network, enum family family, GArray *items)
{
	Rule *rule = place_add(items, PLACE_FORWARD_OPEN, family, network->sequence, 0);

	rule->flags = RULE_NOT_IN;
	rule_set_in(rule, network->bridge);
	rule_set_out(rule, network->bridge);
	rule->target = TARGET_ACCEPT;
}

/*
 * Endpoints of other networks reach published ports as others do. Past isolation as well are the answers, and what
 * those there, and routers behind them, say of these.
 */
static void render_routed_answers(const Network *network, enum family family, GArray *items)
{
	Rule *rule = place_add(items, PLACE_ISOLATION_ANSWERS, family, network->sequence, 0);

	rule_set_in(rule, network->bridge);
	rule->state = STATE_CONNTRACK;
	rule->target = TARGET_RETURN;

	rule = place_add(items, PLACE_ISOLATION_ANSWERS, family, network->sequence, 1);
	rule_set_out(rule, network->bridge);
	rule->state = STATE_RELATED;
	rule->target = TARGET_RETURN;
}

static void render_forwarding(const Network *network, enum family family, GArray *items)
{
	Rule *rule;

	rule = place_add(items, PLACE_FORWARD_NETWORK, family, network->sequence, 0);
	rule_set_out(rule, network->bridge);
	rule->target = TARGET_PLACE;

	rule = place_add(items, PLACE_FORWARD_NETWORK, family, network->sequence, 1);
	rule_set_out(rule, network->bridge);
	rule->state = STATE_CONNTRACK;
	rule->target = TARGET_ACCEPT;

	rule = place_add(items, PLACE_FORWARD_NETWORK, family, network->sequence, 2);
	rule->flags = RULE_NOT_OUT;
	rule_set_in(rule, network->bridge);
	rule_set_out(rule, network->bridge);
	rule->target = TARGET_ACCEPT;
}

/* The ways to published ports for packets to an address of this host. */
static void render_ways_to_ports(enum family family, const RenderOptions *options, bool localhost, GArray *items)
{
	Rule *rule;

	render_localhost_guard(family, options, items);
	rule = place_add(items, PLACE_PREROUTING_PORTS, family, 0, 0);
	rule->addrtype = ADDRTYPE_DESTINATION_LOCAL;
	rule->target = TARGET_PLACE;

	rule = place_add(items, PLACE_OUTPUT_PORTS, family, 0, 0);
	/* A connection from ::1 cannot be answered from another interface: forwarded, it would hang. */
	if (!options->hairpin || family == FAMILY_IPV6) {
		rule->flags = RULE_NOT_DESTINATION;
		rule_set_destination(rule, &loopback[family]);
	}
	rule->addrtype = ADDRTYPE_DESTINATION_LOCAL;
	rule->target = TARGET_PLACE;

	if (!localhost)
		return;
	rule = place_add(items, PLACE_OUTPUT_LOCALHOST, family, 0, 0);
	rule_set_destination(rule, &loopback[family]);
	rule->addrtype = ADDRTYPE_DESTINATION_LOCAL;
	rule->target = TARGET_PLACE;
}

/* Route_localnet, which a way from 127.0.0.0/8 needs, is a way to it as well, but for the guard. */
static void render_way_from_host(const Network *network, enum family family, const RenderOptions *options,
				 GArray *items)
{
	render_local_masquerade(network->bridge, family, network->sequence, items);
	if (family == FAMILY_IPV4)
		render_guard(network->bridge, network->sequence, options, items);
}

void render_localhost(const Network *network, const RenderOptions *options, GArray *items)
{
	if (options->localhost_publish && !options->hairpin)
		render_way_from_host(network, FAMILY_IPV4, options, items);
}

/* What leaves gets an address of the host: the one that was chosen, or of the interface that it leaves by. */
static void render_source(const Network *network, enum family family, GArray *items)
{
	const Address *chosen = &network->options.source_addresses[family];
	Rule *rule = place_add(items, PLACE_MASQUERADE_NETWORK, family, network->sequence, 1);

	rule->flags = RULE_NOT_OUT;
	rule_set_source(rule, &network->subnets[family]);
	rule_set_out(rule, network->bridge);
	rule->target = TARGET_MASQUERADE;
	if (chosen->family == AF_UNSPEC)
		return;
	rule->target = TARGET_SNAT;
	memcpy(rule->dnat_address, chosen->bytes, sizeof rule->dnat_address);
}

static void render_nat(const Network *network, enum family family, const RenderOptions *options, GArray *items)
{
	/* Hairpin mode needs no way of its own: that of other addresses takes the loopback destinations in. */
	bool localhost = options->localhost_publish && !options->hairpin && family == FAMILY_IPV4;
	Rule *rule;

	render_ways_to_ports(family, options, localhost, items);
	if (options->hairpin)
		render_way_from_host(network, family, options, items);
	if (!network->options.masquerade)
		return;

	render_source(network, family, items);
	if (options->hairpin)
		return;
	rule = place_add(items, PLACE_DNAT_RETURN, family, network->sequence, 0);
	rule_set_in(rule, network->bridge);
	rule->target = TARGET_RETURN;
}

/*
 * The ways by which endpoints reach published ports at an address of this host. What they send to a port on their own
 * bridge gets this host's address, so that the answer comes back this way too. In hairpin mode, addresses are
 * translated for them as for others.
 */
static void render_container_ways(const Network *network, enum family family, const RenderOptions *options,
				  GArray *items)
{
	Rule *rule;

	if (!options->hairpin) {
		place_add(items, PLACE_DNAT_CONTAINERS_EXISTS, family, 0, 0)->target = TARGET_PLACE;
		rule = place_add(items, PLACE_PREROUTING_CONTAINERS, family, network->sequence, 0);
		rule_set_in(rule, network->bridge);
		rule->addrtype = ADDRTYPE_DESTINATION_LOCAL;
		rule->target = TARGET_PLACE;
	}

	rule = place_add(items, PLACE_MASQUERADE_CONTAINERS, family, network->sequence, 0);
	rule_set_source(rule, &network->subnets[family]);
	rule_set_out(rule, network->bridge);
	rule->state = STATE_DNAT;
	rule->target = TARGET_MASQUERADE;

	if (!network->options.communication) {
		rule = place_add(items, PLACE_FORWARD_CONTAINERS, family, network->sequence, 0);
		rule_set_in(rule, network->bridge);
		rule_set_out(rule, network->bridge);
		rule->state = STATE_DNAT;
		rule->target = TARGET_ACCEPT;
	}

	rule = place_add(items, PLACE_ISOLATION_CONTAINERS, family, 0, 0);
	rule->state = STATE_DNAT;
	rule->target = TARGET_RETURN;
}

/* Endpoints have link-local addresses without asking, and may take others: a promise holds without a subnet too. */
static void render_lacking(const Network *network, enum family family, const RenderOptions *options, GArray *items)
{
	bool closed = network_is_closed(network, family);

	if ((family == FAMILY_IPV6 && !options->ipv6) || (!closed && network->options.communication))
		return;
	render_base(family, items);
	render_communication(network, family, items);
	if (closed)
		render_barrier(network, family, options, items);
}

void render_network(const Network *network, const RenderOptions *options, GArray *items)
{
	for (enum family family = 0; family < N_FAMILIES; family++) {
		if (!network_has_family(network, family)) {
			render_lacking(network, family, options, items);
			continue;
		}
		render_base(family, items);
		place_add(items, PLACE_FORWARD_ISOLATION, family, 0, 0)->target = TARGET_PLACE;
		render_bridge(network, family, options, items);
		render_communication(network, family, items);
		if (network_is_closed(network, family)) {
			render_internal(network, family, PLACE_ISOLATION_INTERNAL, items);
			render_barrier(network, family, options, items);
		} else {
			render_forwarding(network, family, items);
			if (network->modes[family] == MODE_NAT)
				render_nat(network, family, options, items);
			else
				render_routed_answers(network, family, items);
			if (network->modes[family] == MODE_OPEN)
				render_open(network, family, items);
			render_strays(network, family, options, items);
			render_network_limits(network, family, options, items);
			render_direct(network, family, options, items);
			if (options->container_publish)
				render_container_ways(network, family, options, items);
		}
	}
	if (network->n_localhost > 0)
		render_localhost(network, options, items);
}
