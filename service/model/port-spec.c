/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/port-spec.h"

#include <stdio.h>
#include <string.h>

/* What a text is made of; each part NULL when it is not there. Points into one buffer. */
typedef struct Parts {
	char *address;
	bool brackets;
	char *host, *endpoint; /* PORT[-LAST] */
	char *protocol;
} Parts;

typedef struct Run {
	guint16 first, count;
} Run;

static bool parse_port(const char *spec, const char *text, guint16 *ret, GError **error)
{
	guint64 port;

	if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT16, &port, NULL) || (text[0] == '0' && text[1]))
		return netfilter_fail(error, INVALID_ARGS, "\"%s\" in \"%s\" is not a port from 0 to 65535", cut(text),
				      cut(spec));
	*ret = port;
	return true;
}

static bool parse_run(const char *spec, char *text, Run *ret, GError **error)
{
	char *dash = strchr(text, '-');
	guint16 first, last;

	if (dash)
		*dash = '\0';
	if (!parse_port(spec, text, &first, error))
		return false;
	last = first;
	if (dash && !parse_port(spec, dash + 1, &last, error))
		return false;
	if (last < first)
		return netfilter_fail(error, INVALID_ARGS, "\"%s\" counts down from %u to %u", cut(spec), first, last);
	if (dash && first == 0)
		return netfilter_fail(error, INVALID_ARGS,
				      "\"%s\" counts from port 0, which is none; the first is at least 1", cut(spec));
	*ret = (Run){ first, last - first + 1 };
	return true;
}

static bool split(const char *spec, char *text, Parts *ret, GError **error)
{
	Parts parts = { .protocol = strrchr(text, '/') };
	char *end = NULL, *colon;

	if (parts.protocol)
		*parts.protocol++ = '\0';
	if (*text == '[') {
		end = strchr(text, ']');
		if (!end || end[1] != ':')
			return netfilter_fail(error, INVALID_ARGS, "\"%s\" has no \"]:\" after its \"[\"", cut(spec));
		*end = '\0';
		parts.address = text + 1;
		parts.brackets = true;
		text = end + 2;
	}
	colon = strrchr(text, ':');
	parts.endpoint = colon ? colon + 1 : text;
	if (colon) {
		*colon = '\0';
		parts.host = text;
		colon = strrchr(text, ':');
	}
	if (colon) {
		if (parts.brackets || memchr(text, ':', colon - text))
			return netfilter_fail(error, INVALID_ARGS,
					      "\"%s\" has too many \":\"; an IPv6 address stands in brackets",
					      cut(spec));
		*colon = '\0';
		parts.address = text;
		parts.host = colon + 1;
	}
	if (parts.address && !parts.host)
		return netfilter_fail(error, INVALID_ARGS, "\"%s\" has a host address and no host port; 0 is any",
				      cut(spec));
	*ret = parts;
	return true;
}

static bool check_address(const char *spec, const Parts *parts, GError **error)
{
	Address address;

	if (!parts->address)
		return true;
	if (!address_parse(parts->address, &address))
		return netfilter_fail(error, INVALID_ARGS, "\"%s\" in \"%s\" is not an address", cut(parts->address),
				      cut(spec));
	if (address.family == AF_INET && parts->brackets)
		return netfilter_fail(error, INVALID_ARGS,
				      "\"%s\" in \"%s\" is no IPv6 address, and stands in brackets",
				      cut(parts->address), cut(spec));
	return true;
}

static bool check_protocol(const char *spec, const char *protocol, GError **error)
{
	if (protocol_from_string(protocol) == 0)
		return netfilter_fail(error, INVALID_ARGS, "\"%s\" in \"%s\" is not tcp, udp or sctp", cut(protocol),
				      cut(spec));
	return true;
}

bool port_spec_parse(const char *spec, PortMapping *ret, GError **error)
{
	g_autofree char *text = g_strdup(spec);
	Run host = {}, endpoint = {};
	Parts parts = {};

	if (!*spec)
		return netfilter_fail(error, INVALID_ARGS, "\"\" is not " PORT_SPEC_FORM);
	if (!split(spec, text, &parts, error) || !check_protocol(spec, parts.protocol ?: "tcp", error) ||
	    !check_address(spec, &parts, error) || (parts.host && !parse_run(spec, parts.host, &host, error)) ||
	    !parse_run(spec, parts.endpoint, &endpoint, error))
		return false;
	if (host.first != 0 && host.count != endpoint.count)
		return netfilter_fail(error, INVALID_ARGS, "\"%s\" maps %u host ports to %u; both are as many",
				      cut(spec), host.count, endpoint.count);
	if (!port_mapping_parse(parts.protocol ?: "tcp", parts.address ?: "", host.first, endpoint.first,
				endpoint.count, ret, error)) {
		g_prefix_error(error, "\"%s\": ", cut(spec));
		return false;
	}
	return true;
}

static int format_run(guint first, guint count, char *buffer, gsize size)
{
	return count > 1 ? snprintf(buffer, size, "%u-%u", first, first + count - 1)
			 : snprintf(buffer, size, "%u", first);
}

const char *port_spec_format(const PortMapping *mapping, char buffer[static PORT_SPEC_STRLEN])
{
	bool brackets = mapping->host_address.family == AF_INET6;
	bool has_address = mapping->host_address.family != AF_UNSPEC;
	guint host_count = mapping->host_port ? mapping->count : 1;
	char address[INET6_ADDRSTRLEN];
	int n = 0;

	if (has_address)
		n += snprintf(buffer, PORT_SPEC_STRLEN, "%s%s%s:", brackets ? "[" : "",
			      address_format(&mapping->host_address, address), brackets ? "]" : "");
	if (has_address || mapping->host_port != 0) {
		n += format_run(mapping->host_port, host_count, buffer + n, PORT_SPEC_STRLEN - n);
		buffer[n++] = ':';
	}
	n += format_run(mapping->endpoint_port, mapping->count, buffer + n, PORT_SPEC_STRLEN - n);
	snprintf(buffer + n, PORT_SPEC_STRLEN - n, "/%s", protocol_to_string(mapping->protocol));
	return buffer;
}

bool link_port_spec_parse(const char *spec, LinkPort *ret, GError **error)
{
	g_autofree char *text = g_strdup(spec);
	char *protocol = strchr(text, '/');
	guint16 port;

	if (protocol)
		*protocol++ = '\0';
	if (!check_protocol(spec, protocol ?: "tcp", error) || !parse_port(spec, text, &port, error))
		return false;
	if (port == 0)
		return netfilter_fail(error, INVALID_ARGS, "\"%s\" has port 0, which is none", cut(spec));
	return link_port_parse(protocol ?: "tcp", port, ret, error);
}

const char *link_port_spec_format(const LinkPort *port, char buffer[static PORT_SPEC_STRLEN])
{
	snprintf(buffer, PORT_SPEC_STRLEN, "%u/%s", port->port, protocol_to_string(port->protocol));
	return buffer;
}
