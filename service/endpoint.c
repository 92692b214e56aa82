/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/endpoint.h"

#include <string.h>

Endpoint *endpoint_new(Network *network, const char *name)
{
	Endpoint *endpoint = g_new0(Endpoint, 1);

	endpoint->name = g_strdup(name);
	endpoint->network = network;
	endpoint->ports = g_ptr_array_new_with_free_func(g_free);
	endpoint->links = g_ptr_array_new_with_free_func((GDestroyNotify)link_free);
	return endpoint;
}

void endpoint_free(Endpoint *endpoint)
{
	if (!endpoint)
		return;
	g_ptr_array_unref(endpoint->ports);
	g_ptr_array_unref(endpoint->links);
	lifetime_clear(&endpoint->lifetime);
	g_free(endpoint->name);
	g_free(endpoint);
}

Link *link_new(Endpoint *child)
{
	Link *link = g_new0(Link, 1);

	link->child = child;
	link->ports = g_array_new(FALSE, FALSE, sizeof(LinkPort));
	return link;
}

void link_free(Link *link)
{
	if (!link)
		return;
	g_array_unref(link->ports);
	g_free(link);
}

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

bool port_mapping_in_family(const Endpoint *endpoint, const PortMapping *mapping, enum family family)
{
	sa_family_t af = family_to_af(family);

	if (endpoint->addresses[family].family != af)
		return false;
	return mapping->host_address.family == AF_UNSPEC || mapping->host_address.family == af;
}
