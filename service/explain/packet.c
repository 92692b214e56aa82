/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/explain/packet.h"

#include "service/model/interface-name.h"
#include "service/model/special.h"

#define FIRST_EPHEMERAL 49152

/* Neither nobody's nor a group's, nor one of each interface. */
static bool is_of_one(const Address *address)
{
	return address_is_publishable(address) && !address_is_any(address);
}

static bool read_address(const char *key, const PacketEnd *end, Address *ret, GError **error)
{
	if (!end->text)
		return netfilter_fail(error, INVALID_ARGS, "%s is required", key);
	if (!address_parse(end->text, ret))
		return netfilter_fail(error, INVALID_ARGS, "%s: \"%s\" is neither an address nor an object", key,
				      cut(end->text));
	if (is_of_one(ret))
		return true;
	return netfilter_fail(error, INVALID_ARGS, "%s: \"%s\" is not the address of one machine", key, cut(end->text));
}

/* The only family of an end, or any of an endpoint's; N_FAMILIES: it has several. */
static enum family only_family(const PacketEnd *end, const Address *address)
{
	if (end->ingress)
		return ingress_family(end->ingress);
	if (!end->endpoint)
		return address_family(address);
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (end->endpoint->addresses[family].family == AF_UNSPEC)
			return !family;
	return N_FAMILIES;
}

static bool choose_family(const PacketSettings *settings, Packet *packet, GError **error)
{
	enum family from = only_family(&settings->source, &packet->source);
	enum family to = only_family(&settings->destination, &packet->destination);

	if (from != N_FAMILIES && to != N_FAMILIES && from != to)
		return netfilter_fail(
			error, INVALID_ARGS,
			"Source and Destination: one is of %s and the other of %s; both are of one family",
			from == FAMILY_IPV4 ? "IPv4" : "IPv6", to == FAMILY_IPV4 ? "IPv4" : "IPv6");
	packet->family = from != N_FAMILIES ? from : to != N_FAMILIES ? to : FAMILY_IPV4;
	return true;
}

static const PortMapping *find_published(const Endpoint *endpoint, const Packet *packet)
{
	for (guint i = 0; i < endpoint->ports->len; i++) {
		const PortMapping *mapping = endpoint->ports->pdata[i];

		if (mapping->protocol == packet->protocol && packet->port >= mapping->host_port &&
		    packet->port - mapping->host_port < mapping->count &&
		    port_mapping_translates(endpoint, mapping, packet->family))
			return mapping;
	}
	return NULL;
}

static Address find_destination(const PacketEnd *end, const Packet *packet)
{
	const PortMapping *mapping;

	if (end->ingress)
		return (Address){};
	mapping = find_published(end->endpoint, packet);
	if (!mapping)
		return end->endpoint->addresses[packet->family];
	return address_is_any(&mapping->host_address) ? (Address){} : mapping->host_address;
}

static bool read_ends(const PacketSettings *settings, Packet *packet, GError **error)
{
	const PacketEnd *from = &settings->source, *to = &settings->destination;
	bool from_object = from->endpoint, to_object = to->endpoint || to->ingress;

	if (from->ingress)
		return netfilter_fail(error, INVALID_ARGS,
				      "Source: no packet comes from an ingress; an address or an endpoint is allowed");
	if (!from_object && !read_address("Source", from, &packet->source, error))
		return false;
	if (!to_object && !read_address("Destination", to, &packet->destination, error))
		return false;
	if (!choose_family(settings, packet, error))
		return false;
	if (from_object)
		packet->source = from->endpoint->addresses[packet->family];
	if (to_object)
		packet->destination = find_destination(to, packet);
	return true;
}

bool packet_read(const PacketSettings *settings, Packet *ret, GError **error)
{
	const char *protocol = settings->protocol ?: "tcp";
	Packet packet = { .port = settings->port, .source_port = settings->source_port ?: FIRST_EPHEMERAL };

	packet.protocol = protocol_from_string(protocol);
	if (packet.protocol == 0)
		return netfilter_fail(error, INVALID_ARGS,
				      "Protocol: \"%s\" is neither \"tcp\" nor \"udp\" nor \"sctp\"", cut(protocol));
	if (packet.port == 0)
		return netfilter_fail(error, INVALID_ARGS, "Port is required, from 1 to 65535");
	if (settings->interface && !interface_name_is_valid(settings->interface))
		return netfilter_fail(error, INVALID_ARGS, "InInterface: \"%s\" cannot be the name of an interface",
				      cut(settings->interface));
	g_strlcpy(packet.interface, settings->interface ?: "", sizeof packet.interface);
	if (!read_ends(settings, &packet, error))
		return false;
	*ret = packet;
	return true;
}
