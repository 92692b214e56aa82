/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/port.h"

#include "service/model/special.h"

#include <stdio.h>
#include <string.h>

static const struct {
	guint8 number;
	const char *name;
} protocols[] = {
	{ IPPROTO_TCP, "tcp" },
	{ IPPROTO_UDP, "udp" },
	{ IPPROTO_SCTP, "sctp" },
};

const char *protocol_to_string(guint8 protocol)
{
	for (gsize i = 0; i < G_N_ELEMENTS(protocols); i++)
		if (protocols[i].number == protocol)
			return protocols[i].name;
	g_assert_not_reached();
}

guint8 protocol_from_string(const char *text)
{
	for (gsize i = 0; i < G_N_ELEMENTS(protocols); i++)
		if (strcmp(protocols[i].name, text) == 0)
			return protocols[i].number;
	return 0;
}

bool port_mapping_parse(const char *protocol, const char *host_address, guint16 host_port, guint16 endpoint_port,
			guint16 count, PortMapping *ret, GError **error)
{
	PortMapping mapping = {
		.protocol = protocol_from_string(protocol),
		.host_port = host_port,
		.endpoint_port = endpoint_port,
		.count = count,
	};

	if (!mapping.protocol)
		return netfilter_fail(error, INVALID_ARGS, "protocol \"%s\" is not tcp, udp or sctp", cut(protocol));
	if (*host_address && !address_parse(host_address, &mapping.host_address))
		return netfilter_fail(error, INVALID_ARGS, "host address \"%s\" is not an address", cut(host_address));
	if (!address_is_publishable(&mapping.host_address))
		return netfilter_fail(error, INVALID_ARGS, "host address \"%s\" is not one host's", cut(host_address));
	if (endpoint_port == 0)
		return netfilter_fail(error, INVALID_ARGS, "endpoint port 0 is not from 1 to 65535");
	if (count == 0)
		return netfilter_fail(error, INVALID_ARGS, "a count of 0 ports is not from 1 to 65535");
	if (host_port + count - 1 > G_MAXUINT16)
		return netfilter_fail(error, INVALID_ARGS, "%u host ports from %u go beyond 65535", count, host_port);
	if (endpoint_port + count - 1 > G_MAXUINT16)
		return netfilter_fail(error, INVALID_ARGS, "%u endpoint ports from %u go beyond 65535", count,
				      endpoint_port);
	*ret = mapping;
	return true;
}

bool port_mapping_equal(const PortMapping *a, const PortMapping *b)
{
	return a->protocol == b->protocol && a->host_port == b->host_port && a->endpoint_port == b->endpoint_port &&
	       a->count == b->count && address_equal(&a->host_address, &b->host_address);
}

const char *port_mapping_format(const PortMapping *mapping, char buffer[static PORT_MAPPING_STRLEN])
{
	char address[INET6_ADDRSTRLEN];
	bool brackets = mapping->host_address.family == AF_INET6;
	int n;

	n = snprintf(buffer, PORT_MAPPING_STRLEN, "%s %s%s%s:%u", protocol_to_string(mapping->protocol),
		     brackets ? "[" : "", address_format(&mapping->host_address, address), brackets ? "]" : "",
		     mapping->host_port);
	if (mapping->count > 1)
		n += snprintf(buffer + n, PORT_MAPPING_STRLEN - n, "-%u", mapping->host_port + mapping->count - 1);
	snprintf(buffer + n, PORT_MAPPING_STRLEN - n, " to %u", mapping->endpoint_port);
	return buffer;
}

bool link_port_parse(const char *protocol, guint16 port, LinkPort *ret, GError **error)
{
	LinkPort link_port = { .protocol = protocol_from_string(protocol), .port = port };

	if (!link_port.protocol)
		return netfilter_fail(error, INVALID_ARGS, "protocol \"%s\" is not tcp, udp or sctp", cut(protocol));
	if (port == 0)
		return netfilter_fail(error, INVALID_ARGS, "port 0 is not from 1 to 65535");
	*ret = link_port;
	return true;
}

bool link_port_equal(const LinkPort *a, const LinkPort *b)
{
	return a->protocol == b->protocol && a->port == b->port;
}

bool link_port_is_in(const LinkPort *port, const GArray *ports)
{
	for (guint i = 0; i < ports->len; i++)
		if (link_port_equal(&g_array_index(ports, LinkPort, i), port))
			return true;
	return false;
}

const char *port_range_format(const PortRange *range, guint16 port, char buffer[static PORT_RANGE_STRLEN])
{
	char address[INET6_ADDRSTRLEN];
	bool any = range->address.family == AF_UNSPEC || address_is_any(&range->address);

	snprintf(buffer, PORT_RANGE_STRLEN, "%s port %u on %s", protocol_to_string(range->protocol), port,
		 !any                           ? address_format(&range->address, address)
		 : range->family == FAMILY_IPV6 ? "any IPv6 address"
						: "any IPv4 address");
	return buffer;
}
