/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/details.h"

#include <string.h>

Description description_new(void)
{
	return (Description){ .details = g_ptr_array_new_with_free_func(g_free) };
}

void description_clear(Description *description)
{
	g_clear_pointer(&description->details, g_ptr_array_unref);
}

void description_add(Description *description, const char *key, const char *value)
{
	g_ptr_array_add(description->details, g_strdup(key));
	g_ptr_array_add(description->details, g_strdup(cut(value)));
}

/* Says a detail only when every one of the mappings would say the same: a rule in polkit must not be misled by one of
 * them. */
typedef char *(*DetailFormat)(const void *element);

static void add_common_detail(Description *description, const char *key, const GArray *elements, DetailFormat format)
{
	gsize size = g_array_get_element_size((GArray *)elements);
	g_autofree char *common = NULL;

	for (guint i = 0; i < elements->len; i++) {
		g_autofree char *value = format(elements->data + i * size);

		if (common && strcmp(common, value) != 0)
			return;
		if (!common)
			common = g_steal_pointer(&value);
	}
	if (common)
		description_add(description, key, common);
}

static char *format_mapping_protocol(const void *element)
{
	return g_strdup(protocol_to_string(((const PortMapping *)element)->protocol));
}

static char *format_mapping_address(const void *element)
{
	char buffer[INET6_ADDRSTRLEN];

	return g_strdup(address_format(&((const PortMapping *)element)->host_address, buffer));
}

static char *format_mapping_port(const void *element)
{
	const PortMapping *mapping = element;

	if (mapping->count == 1)
		return g_strdup_printf("%u", mapping->host_port);
	return g_strdup_printf("%u-%u", mapping->host_port, mapping->host_port + mapping->count - 1);
}

void description_add_mappings(Description *description, const GArray *mappings)
{
	add_common_detail(description, "protocol", mappings, format_mapping_protocol);
	add_common_detail(description, "host-address", mappings, format_mapping_address);
	add_common_detail(description, "host-port", mappings, format_mapping_port);
}

static char *format_port_protocol(const void *element)
{
	return g_strdup(protocol_to_string(((const LinkPort *)element)->protocol));
}

static char *format_port_number(const void *element)
{
	return g_strdup_printf("%u", ((const LinkPort *)element)->port);
}

void description_add_ports(Description *description, const GArray *ports)
{
	add_common_detail(description, "protocol", ports, format_port_protocol);
	add_common_detail(description, "host-port", ports, format_port_number);
}

static void add_claim(Description *description, const Claim *claim)
{
	if (claim->host)
		description->actions |= 1 << ACTION_USE_HOST_RESOURCES;
	if (claim->foreign)
		description->actions |= 1 << ACTION_MANAGE_FOREIGN;
}

static void append_to_list(GString *list, const char *text)
{
	g_string_append_printf(list, "%s%s", list->len > 0 ? ", " : "", text);
}

void description_add_network(Description *description, const Network *network, const Claim *claim)
{
	g_autoptr(GString) subnets = g_string_new(NULL), gateways = g_string_new(NULL);
	char text[INET6_ADDRSTRLEN + 4];

	for (enum family family = 0; family < N_FAMILIES; family++) {
		if (!network_has_family(network, family))
			continue;
		append_to_list(subnets, prefix_format(&network->subnets[family], text));
		append_to_list(gateways, address_format(&network->gateways[family], text));
	}
	description_add(description, "bridge", network->bridge);
	description_add(description, "subnet", subnets->str);
	description_add(description, "gateway", gateways->str);
	add_claim(description, claim);
}

void description_add_ingress(Description *description, const Ingress *ingress, const Claim *claim)
{
	char text[INET6_ADDRSTRLEN];

	description_add(description, "bridge", ingress->bridge);
	description_add(description, "gateway", address_format(&ingress->gateway, text));
	add_claim(description, claim);
}

void description_add_lifetime(Description *description, const LifetimeSettings *lifetime)
{
	if (lifetime->persistent)
		description->actions |= 1 << ACTION_MAKE_PERSISTENT;
}

void description_add_endpoint(Description *description, const EndpointSettings *settings)
{
	description_add_lifetime(description, &settings->lifetime);
	if (settings->ports)
		description_add_mappings(description, settings->ports);
}

void description_add_endpoints(Description *description, const GPtrArray *endpoints)
{
	g_autoptr(GArray) mappings = g_array_new(FALSE, FALSE, sizeof(PortMapping));
	g_autoptr(GString) names = g_string_new(NULL);

	for (guint i = 0; i < endpoints->len; i++) {
		const EndpointSettings *settings = endpoints->pdata[i];

		g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", settings->name);
		description_add_lifetime(description, &settings->lifetime);
		if (settings->ports)
			g_array_append_vals(mappings, settings->ports->data, settings->ports->len);
	}
	description_add(description, "endpoint", names->str);
	description_add_mappings(description, mappings);
}
