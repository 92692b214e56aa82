/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/rules/render-allow.h"

#include "service/rules/place.h"

#include <netinet/icmp6.h>
#include <string.h>

static void set_port_range(guint16 range[2], guint16 first, guint16 count)
{
	range[0] = first;
	range[1] = first + (count - 1);
}

/* exclude: an interface by which packets are not translated; NULL: none. */
static Rule *add_dnat(const Endpoint *endpoint, const PortMapping *mapping, enum place place, const char *exclude,
		      enum family family, guint32 index, GArray *items)
{
	static const Prefix link_local = { { AF_INET6, { 0xfe, 0x80 } }, 10 };
	const Address *host = &mapping->host_address;
	Rule *rule = place_add(items, place, family, mapping->sequence, index);

	if (family == FAMILY_IPV6) {
		rule->flags |= RULE_NOT_SOURCE;
		rule_set_source(rule, &link_local);
	}
	if (host->family != AF_UNSPEC && !address_is_any(host))
		rule_set_destination_host(rule, host);
	if (exclude) {
		rule->flags |= RULE_NOT_IN;
		rule_set_in(rule, exclude);
	}
	rule->protocol = mapping->protocol;
	rule->target = TARGET_DNAT;
	memcpy(rule->dnat_address, endpoint->addresses[family].bytes, sizeof rule->dnat_address);
	return rule;
}

/*
 * A range onto the same numbers keeps the port by not naming any. Onto others it is a rule for each port: of a range
 * the kernel would choose another port wherever the client's address and port are taken for the right one.
 */
static void render_dnat(const Endpoint *endpoint, const PortMapping *mapping, enum place place, const char *exclude,
			enum family family, GArray *items)
{
	Rule *rule;

	if (mapping->count > 1 && mapping->host_port == mapping->endpoint_port) {
		rule = add_dnat(endpoint, mapping, place, exclude, family, 0, items);
		set_port_range(rule->destination_port, mapping->host_port, mapping->count);
		return;
	}
	for (guint i = 0; i < mapping->count; i++) {
		rule = add_dnat(endpoint, mapping, place, exclude, family, i, items);
		set_port_range(rule->destination_port, mapping->host_port + i, 1);
		rule->dnat_port = mapping->endpoint_port + i;
	}
}

static Rule *add_to_port(const Endpoint *endpoint, const PortMapping *mapping, enum place place, enum family family,
			 GArray *items)
{
	Rule *rule = place_add(items, place, family, mapping->sequence, 0);

	rule_set_destination_host(rule, &endpoint->addresses[family]);
	rule_set_out(rule, endpoint->network->bridge);
	rule->protocol = mapping->protocol;
	set_port_range(rule->destination_port, mapping->endpoint_port, mapping->count);
	return rule;
}

static void render_accept(const Endpoint *endpoint, const PortMapping *mapping, enum family family, GArray *items)
{
	Rule *rule = add_to_port(endpoint, mapping, PLACE_ACCEPT_PORT, family, items);

	rule->flags = RULE_NOT_IN;
	rule_set_in(rule, endpoint->network->bridge);
	rule->target = TARGET_ACCEPT;
}

/* What is for a port by the endpoint's own address is let past what stops the rest. */
static void render_direct_port(const Endpoint *endpoint, const PortMapping *mapping, enum place place,
			       enum family family, GArray *items)
{
	add_to_port(endpoint, mapping, place, family, items)->target = TARGET_RETURN;
}

static void render_port_family(const Endpoint *endpoint, const PortMapping *mapping, const RenderOptions *options,
			       enum family family, GArray *items)
{
	const Address *address = &endpoint->addresses[family];
	const char *bridge = endpoint->network->bridge;
	Rule *rule;

	if (endpoint->network->modes[family] != MODE_NAT) {
		render_accept(endpoint, mapping, family, items);
		render_direct_port(endpoint, mapping, PLACE_ISOLATION_PORT, family, items);
		if (endpoint->network->modes[family] == MODE_ROUTED)
			render_direct_port(endpoint, mapping, PLACE_DIRECT_PORT, family, items);
		return;
	}
	render_dnat(endpoint, mapping, PLACE_DNAT_PORT, options->hairpin ? NULL : bridge, family, items);
	if (options->container_publish && !options->hairpin && !address_is_loopback(&mapping->host_address))
		render_dnat(endpoint, mapping, PLACE_DNAT_CONTAINERS, NULL, family, items);
	render_accept(endpoint, mapping, family, items);

	rule = place_add(items, PLACE_MASQUERADE_SELF, family, mapping->sequence, 0);
	rule_set_source_host(rule, address);
	rule_set_destination_host(rule, address);
	rule->protocol = mapping->protocol;
	set_port_range(rule->destination_port, mapping->endpoint_port, mapping->count);
	rule->target = TARGET_MASQUERADE;
}

void render_port(const Endpoint *endpoint, const PortMapping *mapping, const RenderOptions *options, GArray *items)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (port_mapping_serves(endpoint, mapping, family))
			render_port_family(endpoint, mapping, options, family, items);
	if (endpoint_is_limited(endpoint, options))
		render_denial(endpoint, mapping, items);
}

void render_next_in_group(const Model *model, const Endpoint *endpoint, const PortMapping *gone,
			  const RenderOptions *options, GArray *items)
{
	PortRange ranges[N_FAMILIES];
	guint n = endpoint_port_ranges(endpoint, gone, ranges);

	for (guint i = 0; i < n; i++) {
		PortMapping alone;
		const PortMapping *next = NULL;
		Endpoint *heir;

		if (!(gone->standby & 1 << ranges[i].family))
			next = port_table_oldest(model->ports, &ranges[i], &heir);
		if (!next)
			continue;
		/* In the other family it served before, or does not yet. */
		alone = *next;
		alone.standby = ~(1 << ranges[i].family);
		render_port(heir, &alone, options, items);
	}
}

static Rule *render_link_accept(const Address *from, const Address *to, const char *bridge, const Link *link,
				const LinkPort *port, guint32 index, GArray *items)
{
	Rule *rule = place_add(items, PLACE_ACCEPT_PORT, address_family(from), link->sequence, index);

	rule_set_source_host(rule, from);
	rule_set_destination_host(rule, to);
	rule_set_in(rule, bridge);
	rule_set_out(rule, bridge);
	rule->protocol = port->protocol;
	rule->target = TARGET_ACCEPT;
	return rule;
}

/*
 * Endpoints find each other on the bridge by multicast, which is bridged past the rules in IPv4 (ARP) but not in
 * IPv6: without these two a link would have nobody to talk to.
 */
static void render_neighbour_discovery(const char *bridge, guint64 sequence, guint32 index, GArray *items)
{
	static const guint8 types[] = { ND_NEIGHBOR_SOLICIT, ND_NEIGHBOR_ADVERT };

	for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
		Rule *rule = place_add(items, PLACE_ACCEPT_PORT, FAMILY_IPV6, sequence, index + i);

		rule_set_in(rule, bridge);
		rule_set_out(rule, bridge);
		rule->protocol = IPPROTO_ICMPV6;
		rule->icmpv6_type = types[i];
		rule->target = TARGET_ACCEPT;
	}
}

void render_link(const Endpoint *parent, const Link *link, GArray *items)
{
	const char *bridge = parent->network->bridge;
	Rule *rule;

	for (enum family family = 0; family < N_FAMILIES; family++) {
		const Address *from = &parent->addresses[family], *to = &link->child->addresses[family];

		if (from->family == AF_UNSPEC || to->family == AF_UNSPEC || network_is_closed(parent->network, family))
			continue;
		for (guint i = 0; i < link->ports->len; i++) {
			const LinkPort *port = &g_array_index(link->ports, LinkPort, i);

			rule = render_link_accept(from, to, bridge, link, port, 2 * i, items);
			set_port_range(rule->destination_port, port->port, 1);
			rule = render_link_accept(to, from, bridge, link, port, 2 * i + 1, items);
			set_port_range(rule->source_port, port->port, 1);
		}
		if (family == FAMILY_IPV6)
			render_neighbour_discovery(bridge, link->sequence, 2 * link->ports->len, items);
	}
}
