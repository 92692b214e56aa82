/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/endpoint.h"

#include <string.h>

Endpoint *endpoint_new(Network *network, const char *name)
{
	Endpoint *endpoint = g_new0(Endpoint, 1);

	endpoint->name = g_strdup(name);
	endpoint->network = network;
	endpoint->reserves = true;
	endpoint->by_age.data = endpoint;
	endpoint->ports = g_ptr_array_new_with_free_func(g_free);
	endpoint->links = g_ptr_array_new_with_free_func((GDestroyNotify)link_free);
	endpoint->parents = g_ptr_array_new();
	return endpoint;
}

void endpoint_free(Endpoint *endpoint)
{
	if (!endpoint)
		return;
	g_ptr_array_unref(endpoint->ports);
	g_ptr_array_unref(endpoint->links);
	g_ptr_array_unref(endpoint->parents);
	allow_from_unref(endpoint->allow_from);
	g_strfreev(endpoint->labels);
	g_free(endpoint->attachment);
	g_free(endpoint->port_group);
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

bool port_mapping_in_family(const Endpoint *endpoint, const PortMapping *mapping, enum family family)
{
	sa_family_t af = family_to_af(family);

	if (endpoint->addresses[family].family != af || network_is_closed(endpoint->network, family))
		return false;
	return mapping->host_address.family == AF_UNSPEC || mapping->host_address.family == af;
}

bool port_mapping_serves(const Endpoint *endpoint, const PortMapping *mapping, enum family family)
{
	return !(mapping->standby & 1 << family) && port_mapping_in_family(endpoint, mapping, family);
}

bool port_mapping_translates(const Endpoint *endpoint, const PortMapping *mapping, enum family family)
{
	return endpoint->network->modes[family] == MODE_NAT && port_mapping_in_family(endpoint, mapping, family);
}

bool port_mapping_on_localhost(const Endpoint *endpoint, const PortMapping *mapping)
{
	return port_mapping_translates(endpoint, mapping, FAMILY_IPV4) &&
	       (mapping->host_address.family == AF_UNSPEC || address_is_any(&mapping->host_address) ||
		address_is_loopback(&mapping->host_address));
}

guint endpoint_port_ranges(const Endpoint *endpoint, const PortMapping *mapping, PortRange ret[static N_FAMILIES])
{
	guint n = 0;

	for (enum family family = 0; family < N_FAMILIES; family++)
		if (port_mapping_translates(endpoint, mapping, family))
			ret[n++] = (PortRange){
				.protocol = mapping->protocol,
				.family = family,
				.first = mapping->host_port,
				.count = mapping->count,
				.address = mapping->host_address,
				.endpoint = (Endpoint *)endpoint,
				.mapping = (PortMapping *)mapping,
			};
	return n;
}

bool endpoint_shares_ports(const Endpoint *endpoint, const Endpoint *other)
{
	return endpoint != other && endpoint->port_group && other->port_group &&
	       endpoint->lifetime.uid == other->lifetime.uid && strcmp(endpoint->port_group, other->port_group) == 0;
}

Link *endpoint_find_link(const Endpoint *parent, const Endpoint *child)
{
	for (guint i = 0; i < parent->links->len; i++) {
		Link *link = parent->links->pdata[i];

		if (link->child == child)
			return link;
	}
	return NULL;
}

bool endpoint_find_mapping(const Endpoint *endpoint, const PortMapping *mapping, guint *ret_index)
{
	for (guint i = 0; i < endpoint->ports->len; i++)
		if (port_mapping_equal(endpoint->ports->pdata[i], mapping)) {
			*ret_index = i;
			return true;
		}
	return false;
}
