/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/details.h"

#include "service/model/labels.h"
#include "service/model/name.h"

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

/* Whole, however long: a rule must not take a part for it. Each of its elements is right already. */
static void add_whole(Description *description, const char *key, const char *list)
{
	g_ptr_array_add(description->details, g_strdup(key));
	g_ptr_array_add(description->details, g_strdup(list));
}

void description_add_labels(Description *description, char *const *labels)
{
	g_autofree char *list = labels_format(labels);

	add_whole(description, "labels", list);
	description->tells_labels = true;
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

/* What a person can take in at a glance. */
#define MAX_TOLD_PORTS 4

/* For the person who is asked: "tcp port 8080 on any address, tcp ports 90-99 on 127.0.0.1 and 3 more". */
static void add_ports_told(Description *description, const GArray *elements, DetailFormat format)
{
	gsize size = g_array_get_element_size((GArray *)elements);
	g_autoptr(GString) told = g_string_new(NULL);

	if (elements->len == 0)
		return;
	for (guint i = 0; i < MIN(elements->len, MAX_TOLD_PORTS); i++) {
		g_autofree char *text = format(elements->data + i * size);

		g_string_append_printf(told, "%s%s", i > 0 ? ", " : "", text);
	}
	if (elements->len > MAX_TOLD_PORTS)
		g_string_append_printf(told, " and %u more", elements->len - MAX_TOLD_PORTS);
	add_whole(description, "ports", told->str);
}

static char *tell_mapping(const void *element)
{
	const PortMapping *mapping = element;
	bool any = mapping->host_address.family == AF_UNSPEC || address_is_any(&mapping->host_address);
	g_autofree char *address = format_mapping_address(mapping), *number = format_mapping_port(mapping);
	const char *protocol = protocol_to_string(mapping->protocol);

	if (mapping->host_port == 0)
		return g_strdup_printf("%u %s port%s to be chosen on %s", mapping->count, protocol,
				       mapping->count > 1 ? "s" : "", any ? "any address" : address);
	return g_strdup_printf("%s port%s %s on %s", protocol, mapping->count > 1 ? "s" : "", number,
			       any ? "any address" : address);
}

void description_add_mappings(Description *description, const GArray *mappings)
{
	add_common_detail(description, "protocol", mappings, format_mapping_protocol);
	add_common_detail(description, "host-address", mappings, format_mapping_address);
	add_common_detail(description, "host-port", mappings, format_mapping_port);
	add_ports_told(description, mappings, tell_mapping);
}

static char *format_port_protocol(const void *element)
{
	return g_strdup(protocol_to_string(((const LinkPort *)element)->protocol));
}

static char *format_port_number(const void *element)
{
	return g_strdup_printf("%u", ((const LinkPort *)element)->port);
}

static char *tell_port(const void *element)
{
	const LinkPort *port = element;

	return g_strdup_printf("%s port %u on any address", protocol_to_string(port->protocol), port->port);
}

void description_add_ports(Description *description, const GArray *ports)
{
	add_common_detail(description, "protocol", ports, format_port_protocol);
	add_common_detail(description, "host-port", ports, format_port_number);
	add_ports_told(description, ports, tell_port);
}

void description_add_claim(Description *description, const Claim *claim)
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

/* Of the families that it has; one word where it is the same for both. */
static void add_gateway_mode(Description *description, const Network *network)
{
	g_autoptr(GString) modes = g_string_new(NULL);

	for (enum family family = 0; family < N_FAMILIES; family++) {
		const char *mode = gateway_mode_to_string(network->modes[family]);

		if (network_has_family(network, family) && !g_str_equal(modes->str, mode))
			append_to_list(modes, mode);
	}
	add_whole(description, "gateway-mode", modes->str);
}

void description_add_network(Description *description, const Network *network)
{
	g_autoptr(GString) subnets = g_string_new(NULL), gateways = g_string_new(NULL);
	char text[INET6_ADDRSTRLEN + 4];

	for (enum family family = 0; family < N_FAMILIES; family++) {
		if (!network_has_family(network, family))
			continue;
		append_to_list(subnets, prefix_format(&network->subnets[family], text));
		if (network->gateways[family].family != AF_UNSPEC)
			append_to_list(gateways, address_format(&network->gateways[family], text));
	}
	description_add(description, "bridge", network->bridge);
	add_whole(description, "subnet", subnets->str);
	add_whole(description, "gateway", gateways->str);
	description_add_source_address(description, network->options.source_addresses);
	description_add(description, "zone", network->zone);
	add_gateway_mode(description, network);
}

void description_add_source_address(Description *description, const Address sources[static N_FAMILIES])
{
	g_autoptr(GString) list = g_string_new(NULL);
	char text[INET6_ADDRSTRLEN];

	for (enum family family = 0; family < N_FAMILIES; family++)
		if (sources[family].family != AF_UNSPEC)
			append_to_list(list, address_format(&sources[family], text));
	add_whole(description, "source-address", list->str);
}

void description_add_ingress(Description *description, const Ingress *ingress)
{
	g_autoptr(GString) bridges = g_string_new(NULL), gateways = g_string_new(NULL);
	char text[INET6_ADDRSTRLEN];
	const char *bridge;

	for (guint i = 0; (bridge = ingress_bridge(ingress, i)); i++)
		append_to_list(bridges, bridge);
	for (guint i = 0; i < ingress->gateways->len; i++)
		append_to_list(gateways, address_format(&ingress_gateway(ingress, i)->address, text));
	add_whole(description, "bridge", bridges->str);
	add_whole(description, "gateway", gateways->str);
}

void description_add_lifetime(Description *description, const LifetimeSettings *lifetime)
{
	if (lifetime_settings_persist(lifetime))
		description->actions |= 1 << ACTION_MAKE_PERSISTENT;
	/* That one never goes is as good. */
	if (lifetime->interface)
		description->actions |= 1 << ACTION_USE_HOST_RESOURCES;
}

/* Only when all of them have the same. */
static void add_common_labels(Description *description, char *const *labels, const GPtrArray *endpoints)
{
	for (guint i = 0; i < endpoints->len; i++)
		if (!labels_equal(((const EndpointSettings *)endpoints->pdata[i])->labels, labels)) {
			description->tells_labels = true;
			return;
		}
	description_add_labels(description, labels);
}

/* A list of names is no longer than one that would be carried out. */
static bool check_names(const GPtrArray *endpoints, guint max, GError **error)
{
	if (endpoints->len > max)
		return netfilter_fail(error, QUOTA_EXCEEDED, "%u endpoints would be more than MaxEndpointsPerUID=%u",
				      endpoints->len, max);
	for (guint i = 0; i < endpoints->len; i++)
		if (!name_is_valid("endpoint", ((const EndpointSettings *)endpoints->pdata[i])->name, error))
			return false;
	return true;
}

static void add_endpoints(Description *description, const GPtrArray *endpoints)
{
	g_autoptr(GArray) mappings = g_array_new(FALSE, FALSE, sizeof(PortMapping));
	g_autoptr(GString) names = g_string_new(NULL);

	for (guint i = 0; i < endpoints->len; i++) {
		const EndpointSettings *settings = endpoints->pdata[i];

		append_to_list(names, settings->name);
		description_add_lifetime(description, &settings->lifetime);
		if (settings->ports)
			g_array_append_vals(mappings, settings->ports->data, settings->ports->len);
	}
	add_whole(description, "endpoint", names->str);
	description_add_mappings(description, mappings);
}

void description_add_endpoint(Description *description, const EndpointSettings *settings)
{
	description_add_labels(description, settings->labels);
	description_add_lifetime(description, &settings->lifetime);
	if (settings->ports)
		description_add_mappings(description, settings->ports);
}

bool description_add_endpoints(Description *description, const GPtrArray *endpoints, guint max, GError **error)
{
	if (!check_names(endpoints, max, error))
		return false;
	add_common_labels(description,
			  endpoints->len > 0 ? ((const EndpointSettings *)endpoints->pdata[0])->labels : NULL,
			  endpoints);
	add_endpoints(description, endpoints);
	return true;
}

bool description_add_network_settings(Description *description, const NetworkSettings *settings, guint max,
				      GError **error)
{
	description_add_lifetime(description, &settings->lifetime);
	if (!settings->endpoints || settings->endpoints->len == 0) {
		description_add_labels(description, settings->labels);
		return true;
	}
	description->actions |= 1 << ACTION_MANAGE_ENDPOINTS;
	if (!check_names(settings->endpoints, max, error))
		return false;
	add_common_labels(description, settings->labels, settings->endpoints);
	add_endpoints(description, settings->endpoints);
	return true;
}

void description_add_ingress_settings(Description *description, const IngressSettings *settings)
{
	description_add_labels(description, settings->labels);
	description_add_lifetime(description, &settings->lifetime);
	if (settings->ports)
		description_add_ports(description, settings->ports);
}
