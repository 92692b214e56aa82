/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/explain/verdict.h"

#include "service/explain/words.h"

#include <netinet/icmp6.h>
#include <string.h>

/* An explanation that is being made. */
typedef struct Walk {
	const Grounds *grounds;
	TracePacket packet;
	bool refused; /* by who dropped it, whoever sent it is told */
	GPtrArray *steps;
} Walk;

static const Address anybody = { .family = AF_UNSPEC };

static Way find_way(const Walk *walk, const Address *from, const Address *to, const char *interface)
{
	return walk->grounds->facts->route(walk->grounds->facts, from, to, interface);
}

/* A fact that has no object. */
#define add_fact(walk, about, ...) steps_add((walk)->steps, about, OBJECT_NETWORK, NULL, NULL, __VA_ARGS__)

#define add_network_fact(walk, about, network, ...) \
	steps_add((walk)->steps, about, OBJECT_NETWORK, network, NULL, __VA_ARGS__)

static const Network *network_by(const Walk *walk, const char *interface)
{
	return words_network(walk->grounds->model, interface);
}

/* --- where it comes from --- */

static const Network *network_around(const Walk *walk, const Address *address)
{
	for (const GList *i = walk->grounds->model->networks_by_age.head; i; i = i->next) {
		const Network *network = i->data;

		if (prefix_contains(&network->subnets[walk->packet.family], address))
			return network;
	}
	return NULL;
}

static bool is_own(const Walk *walk, const Address *address)
{
	return find_way(walk, &anybody, address, "").kind == WAY_HOST;
}

/* Whether it is known by which interface it comes; "": the host itself sends it. */
static bool find_origin(Walk *walk, const char *given)
{
	TracePacket *packet = &walk->packet;
	const Endpoint *endpoint = words_endpoint(walk->grounds->model, &packet->source);
	const Network *network = network_around(walk, &packet->source);
	const char *reason = "where the route to its source leads";
	char text[INET6_ADDRSTRLEN];
	Way way;

	if (!*given && packet->source_is_local) {
		add_fact(walk, "source", "this host sends it");
		return true;
	}
	address_format(&packet->source, text);
	if (*given) {
		g_strlcpy(packet->in, given, sizeof packet->in);
		add_fact(walk, "source", "it comes in by %s", given);
		return true;
	}
	if (network) {
		g_strlcpy(packet->in, network->bridge, sizeof packet->in);
		if (endpoint)
			steps_add(walk->steps, "source", OBJECT_ENDPOINT, endpoint, NULL,
				  "it comes from endpoint %s/%s, by %s", cut(network->name), cut(endpoint->name),
				  network->bridge);
		else
			add_network_fact(walk, "source", network, "it comes from network %s, by %s; no endpoint has %s",
					 cut(network->name), network->bridge, text);
		return true;
	}
	way = find_way(walk, &anybody, &packet->source, "");
	if (way.kind != WAY_OUT) {
		add_fact(walk, "route", "no route leads to its source %s: nothing is answered there", text);
		return false;
	}
	g_strlcpy(packet->in, way.interface, sizeof packet->in);
	add_fact(walk, "source", "it comes in by %s, %s", way.interface, reason);
	return true;
}

/* --- rules --- */

static void add_unread(const Walk *walk, const TraceStep *step)
{
	for (guint i = 0; step->unread && i < step->unread->len; i++) {
		const char *text = g_ptr_array_index(step->unread, i);

		steps_add(walk->steps, "foreign", OBJECT_NETWORK, NULL, text,
			  "a rule that is not the service's is not followed");
	}
}

static void add_foreign(const Walk *walk, const TraceStep *step, enum rule_target target)
{
	const char *what = target == TARGET_ACCEPT ? "lets it pass" : step->refuses ? "refuses it" : "drops it";

	steps_add(walk->steps, "foreign", OBJECT_NETWORK, NULL, step->text, "a rule that is not the service's %s",
		  what);
}

static enum rule_target ask_rules(Walk *walk, enum trace_hook hook)
{
	const Grounds *grounds = walk->grounds;
	g_auto(TraceStep) step = {};
	enum rule_target target =
		grounds->backend->kind->trace(grounds->backend, grounds->ruleset, hook, &walk->packet, &step);

	add_unread(walk, &step);
	walk->refused = step.refuses;
	if (step.foreign)
		add_foreign(walk, &step, target);
	else if (target != TARGET_PLACE)
		words_of_rule(grounds, &walk->packet, &step, walk->steps);
	return target;
}

/* --- where it ends --- */

static const Endpoint *find_holder(const Walk *walk)
{
	const TracePacket *packet = &walk->packet;

	for (const GList *n = walk->grounds->model->networks_by_age.head; n; n = n->next)
		for (const GList *e = ((const Network *)n->data)->endpoints_by_age.head; e; e = e->next) {
			const Endpoint *endpoint = e->data;

			for (guint i = 0; i < endpoint->ports->len; i++) {
				const PortMapping *mapping = endpoint->ports->pdata[i];

				if (mapping->protocol == packet->protocol &&
				    packet->destination_port >= mapping->host_port &&
				    packet->destination_port - mapping->host_port < mapping->count &&
				    port_mapping_translates(endpoint, mapping, packet->family) &&
				    port_address_overlaps(&mapping->host_address, &packet->destination))
					return endpoint;
			}
		}
	return NULL;
}

/* A port that is published is held by a socket that answers nothing: of TCP with a reset, of UDP not at all. */
static enum outcome deliver(const Walk *walk)
{
	const TracePacket *packet = &walk->packet;
	const char *protocol = protocol_to_string(packet->protocol);
	const Facts *facts = walk->grounds->facts;
	bool listens = facts->listens(facts, packet->protocol, &packet->destination, packet->destination_port);
	const Endpoint *holder = find_holder(walk);
	char text[INET6_ADDRSTRLEN];

	address_format(&packet->destination, text);
	if (holder && (packet->protocol != IPPROTO_TCP || !listens)) {
		steps_add(walk->steps, "port", OBJECT_ENDPOINT, holder, NULL,
			  "%s is this host's; port %s %u is held for endpoint %s/%s, but not translated on this way",
			  text, protocol, packet->destination_port, cut(holder->network->name), cut(holder->name));
		return listens ? OUTCOME_DROPPED : OUTCOME_REFUSED;
	}
	if (listens) {
		add_fact(walk, "program", "%s is this host's; a program of the host has port %s %u", text, protocol,
			 packet->destination_port);
		return OUTCOME_NOT_OURS;
	}
	add_fact(walk, "program", "%s is this host's; nothing is published there, and no program has port %s %u", text,
		 protocol, packet->destination_port);
	return OUTCOME_REFUSED;
}

static bool is_ours(const Walk *walk)
{
	return walk->packet.translated || network_by(walk, walk->packet.in) || network_by(walk, walk->packet.out);
}

/* The rules let it out by an interface. */
static enum outcome leave(const Walk *walk)
{
	const TracePacket *packet = &walk->packet;
	const Network *network = network_by(walk, packet->out);
	const Endpoint *endpoint = words_endpoint(walk->grounds->model, &packet->destination);
	char text[INET6_ADDRSTRLEN];

	address_format(&packet->destination, text);
	if (network && !endpoint)
		add_network_fact(walk, "endpoint", network, "no endpoint of network %s has %s", cut(network->name),
				 text);
	else if (endpoint)
		steps_add(walk->steps, "endpoint", OBJECT_ENDPOINT, endpoint, NULL, "it reaches endpoint %s/%s by %s",
			  cut(endpoint->network->name), cut(endpoint->name), packet->out);
	else
		add_fact(walk, "route", "it leaves by %s", packet->out);
	return is_ours(walk) ? OUTCOME_ACCEPTED : OUTCOME_NOT_OURS;
}

static enum outcome fail_way(const Walk *walk, enum way way)
{
	const TracePacket *packet = &walk->packet;
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];

	address_format(&packet->source, from);
	address_format(&packet->destination, to);
	switch (way) {
	case WAY_CLOSED:
		add_fact(walk, "forwarding", "this host forwards nothing that comes in by %s", packet->in);
		return OUTCOME_DROPPED;
	case WAY_FILTERED:
		add_fact(walk, "rp_filter", "no answer to %s would leave by %s (rp_filter)", from, packet->in);
		return OUTCOME_DROPPED;
	case WAY_MARTIAN:
		add_fact(walk, "route", "the kernel lets nothing from %s to %s go that way", from, to);
		return OUTCOME_DROPPED;
	default:
		add_fact(walk, "route", "no route leads to %s", to);
		return OUTCOME_REFUSED;
	}
}

/* --- the ways through the host --- */

static enum outcome send_own(Walk *walk)
{
	TracePacket *packet = &walk->packet;
	Way way = find_way(walk, &packet->source, &packet->destination, "");

	if (way.kind != WAY_HOST && way.kind != WAY_OUT)
		return fail_way(walk, WAY_NONE);
	switch (ask_rules(walk, TRACE_OUTPUT)) {
	case TARGET_DROP:
		return OUTCOME_DROPPED;
	case TARGET_DNAT:
		way = find_way(walk, &packet->source, &packet->destination, "");
		if (way.kind != WAY_HOST && way.kind != WAY_OUT)
			return fail_way(walk, way.kind);
		break;
	default:
		break;
	}
	if (way.kind == WAY_HOST)
		return deliver(walk);
	g_strlcpy(packet->out, way.interface, sizeof packet->out);
	return ask_rules(walk, TRACE_SENT) == TARGET_DROP ? OUTCOME_DROPPED : leave(walk);
}

/* Whether who answers does so by this host, as he must where addresses were translated, and not past it. */
static bool is_answered_here(Walk *walk)
{
	const Grounds *grounds = walk->grounds;
	TracePacket *packet = &walk->packet;
	const Network *network = network_by(walk, packet->in);
	g_auto(TraceStep) step = {};
	enum rule_target target;

	if (!packet->translated || !g_str_equal(packet->in, packet->out) ||
	    (network && grounds->facts->sees_bridged(grounds->facts, packet->family, packet->in)))
		return true;
	target = grounds->backend->kind->trace(grounds->backend, grounds->ruleset, TRACE_POSTROUTING, packet, &step);
	if (target == TARGET_MASQUERADE || target == TARGET_SNAT)
		return true;
	add_network_fact(
		walk, "answer", network,
		"it goes back by %s as it came: the answer would not come by this host, and is none to its source",
		packet->in);
	return false;
}

/* Whether rules and others let it pass from one interface to another. */
static bool is_forwarded(Walk *walk)
{
	const Facts *facts = walk->grounds->facts;
	enum family family = walk->packet.family;
	g_autofree char *foreign = NULL;

	switch (ask_rules(walk, TRACE_FORWARD)) {
	case TARGET_DROP:
		return false;
	case TARGET_ACCEPT:
		break;
	default:
		if (!facts->policy_drops(facts, family))
			break;
		add_fact(walk, "policy", "no rule lets it pass from %s to %s, and what is left is dropped",
			 walk->packet.in, walk->packet.out);
		return false;
	}
	foreign = facts->foreign_drop(facts, family);
	if (foreign)
		add_fact(walk, "foreign", "chain %s is not the service's, and drops what it does not let pass itself",
			 cut(foreign));
	return !foreign;
}

static enum outcome stop(const Walk *walk)
{
	return walk->refused ? OUTCOME_REFUSED : OUTCOME_DROPPED;
}

/* The group that an address is asked for in: RFC 4291, 2.7.1. */
static Address solicited_node(const Address *address)
{
	Address group = { AF_INET6, { 0xff, 0x02, [11] = 0x01, [12] = 0xff } };

	memcpy(group.bytes + 13, address->bytes + 13, 3);
	return group;
}

static bool lets_pass(const Walk *walk, const Address *from, const Address *to, guint8 icmpv6_type)
{
	const Grounds *grounds = walk->grounds;
	TracePacket packet = walk->packet;
	g_auto(TraceStep) step = {};
	enum rule_target target;

	packet.source = *from;
	packet.destination = *to;
	packet.protocol = IPPROTO_ICMPV6;
	packet.icmpv6_type = icmpv6_type;
	packet.source_port = packet.destination_port = 0;
	target = grounds->backend->kind->trace(grounds->backend, grounds->ruleset, TRACE_FORWARD, &packet, &step);
	return target == TARGET_ACCEPT ||
	       (target == TARGET_PLACE && !grounds->facts->policy_drops(grounds->facts, packet.family));
}

/* Of IPv6 rules see on a bridge also how its neighbours find one another; of IPv4 that is ARP, which they do not see.
 */
static bool is_found(const Walk *walk, const Network *network)
{
	const TracePacket *packet = &walk->packet;
	Address group;

	if (packet->family != FAMILY_IPV6)
		return true;
	group = solicited_node(&packet->destination);
	if (lets_pass(walk, &packet->source, &group, ND_NEIGHBOR_SOLICIT) &&
	    lets_pass(walk, &packet->destination, &packet->source, ND_NEIGHBOR_ADVERT))
		return true;
	add_network_fact(walk, "neighbours", network,
			 "endpoints of network %s do not find one another: neighbour discovery is not let pass",
			 cut(network->name));
	return false;
}

/* From one port of a bridge to another, which the host is no part of but for its rules. */
static enum outcome cross_bridge(Walk *walk, const Network *network)
{
	TracePacket *packet = &walk->packet;
	const Facts *facts = walk->grounds->facts;
	bool passes;

	g_strlcpy(packet->out, packet->in, sizeof packet->out);
	if (!facts->sees_bridged(facts, packet->family, network->bridge)) {
		add_network_fact(walk, "bridge", network, "it stays on bridge %s, where no rule sees it",
				 network->bridge);
		return leave(walk);
	}
	if (ask_rules(walk, TRACE_PREROUTING) == TARGET_DROP)
		return OUTCOME_DROPPED;
	passes = is_forwarded(walk);
	/* Who finds nobody has nobody to be refused by either. */
	if ((passes || walk->refused) && !is_found(walk, network))
		return OUTCOME_DROPPED;
	return passes ? leave(walk) : stop(walk);
}

/* What the bridge gives back by the port it came from, it does only in hairpin mode, as of those that we attach. */
static bool comes_back(const Walk *walk)
{
	const TracePacket *packet = &walk->packet;
	const Facts *facts = walk->grounds->facts;
	const Endpoint *endpoint = words_endpoint(walk->grounds->model, &packet->source);

	if (!address_equal(&packet->source, &packet->destination) || (endpoint && endpoint->attachment) ||
	    !facts->sees_bridged(facts, packet->family, packet->in))
		return true;
	add_network_fact(walk, "bridge", network_by(walk, packet->in),
			 "it would go back by the port of bridge %s that it came from, which needs hairpin mode",
			 packet->in);
	return false;
}

/* What was translated to another place on the bridge that it came by goes on on that, whether the host forwards or not;
 * of IPv4 the kernel looks for a route first, and finds none where it does not forward. */
static bool stays_on_bridge(const Walk *walk)
{
	const TracePacket *packet = &walk->packet;
	const Facts *facts = walk->grounds->facts;
	const Network *network = network_by(walk, packet->in);

	return packet->family == FAMILY_IPV6 && packet->translated && network &&
	       prefix_contains(&network->subnets[packet->family], &packet->destination) &&
	       facts->sees_bridged(facts, packet->family, packet->in);
}

static enum outcome pass_through(Walk *walk)
{
	TracePacket *packet = &walk->packet;
	Way way;

	if (ask_rules(walk, TRACE_PREROUTING) == TARGET_DROP)
		return OUTCOME_DROPPED;
	way = find_way(walk, &packet->source, &packet->destination, packet->in);
	if (way.kind == WAY_HOST)
		return deliver(walk);
	if (way.kind == WAY_CLOSED && stays_on_bridge(walk)) {
		way.kind = WAY_OUT;
		g_strlcpy(way.interface, packet->in, sizeof way.interface);
	}
	if (way.kind != WAY_OUT)
		return fail_way(walk, way.kind);
	g_strlcpy(packet->out, way.interface, sizeof packet->out);
	return comes_back(walk) && is_forwarded(walk) && is_answered_here(walk) ? leave(walk) : stop(walk);
}

/* Of IPv4 the route says so. */
static bool is_stray_loopback(const TracePacket *packet)
{
	return packet->family == FAMILY_IPV6 && !g_str_equal(packet->in, "lo") &&
	       (address_is_loopback(&packet->source) || address_is_loopback(&packet->destination));
}

static enum outcome receive(Walk *walk)
{
	const TracePacket *packet = &walk->packet;
	const Network *network = network_by(walk, packet->in);
	const Prefix *subnet = network ? &network->subnets[packet->family] : NULL;

	if (is_stray_loopback(packet))
		return fail_way(walk, WAY_MARTIAN);
	if (network && prefix_contains(subnet, &packet->source)) {
		if (prefix_contains(subnet, &packet->destination) && !packet->destination_is_local)
			return cross_bridge(walk, network);
		if (network->modes[packet->family] == MODE_ISOLATED) {
			add_network_fact(walk, "isolated", network,
					 "network %s is isolated: this host has no address on its bridge %s",
					 cut(network->name), network->bridge);
			return OUTCOME_DROPPED;
		}
	}
	return pass_through(walk);
}

enum outcome explain(const Grounds *grounds, const Packet *packet, GPtrArray **ret)
{
	Walk walk = {
		.grounds = grounds,
		.packet = { .family = packet->family,
			    .protocol = packet->protocol,
			    .source = packet->source,
			    .destination = packet->destination,
			    .source_port = packet->source_port,
			    .destination_port = packet->port,
			    .original_port = packet->port },
		.steps = *ret = steps_new(),
	};

	if (walk.packet.destination.family == AF_UNSPEC)
		walk.packet.destination = find_way(&walk, &anybody, &packet->source, "").own;
	if (walk.packet.destination.family == AF_UNSPEC) {
		add_fact(&walk, "route", "no route leads to its source: it has no address of this host to call");
		return OUTCOME_DROPPED;
	}
	walk.packet.original = walk.packet.destination;
	walk.packet.source_is_local = is_own(&walk, &packet->source);
	walk.packet.destination_is_local = is_own(&walk, &walk.packet.destination);
	if (!find_origin(&walk, packet->interface))
		return OUTCOME_DROPPED;
	return *walk.packet.in ? receive(&walk) : send_own(&walk);
}
