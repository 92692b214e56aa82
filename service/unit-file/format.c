/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/unit-file/format.h"

#include "service/model/port-spec.h"
#include "service/model/unit-name.h"
#include "service/model/name.h"

#define HEAD                                                                  \
	"# Written by netfilterd, which writes it anew when a call changes\n" \
	"# what it says. See netfilterd.network(5).\n"

static void put_bool(GString *text, const char *key, bool value, bool fallback)
{
	if (value != fallback)
		g_string_append_printf(text, "%s=%s\n", key, value ? "yes" : "no");
}

static void put_user(GString *text, const Lifetime *lifetime)
{
	if (lifetime->uid != 0)
		g_string_append_printf(text, "User=%u\n", (guint)lifetime->uid);
}

static void put_address(GString *text, const char *key, const Address *address)
{
	char buffer[INET6_ADDRSTRLEN];

	if (address->family != AF_UNSPEC)
		g_string_append_printf(text, "%s=%s\n", key, address_format(address, buffer));
}

static void put_labels(GString *text, char *const *labels)
{
	for (; labels && *labels; labels += 2)
		g_string_append_printf(text, "Label=%s=%s\n", labels[0], labels[1]);
}

static void put_allow_from(GString *text, const AllowFrom *list)
{
	char buffer[SOURCE_STRLEN];

	for (guint i = 0; list && i < list->len; i++)
		g_string_append_printf(text, "AllowFrom=%s\n", source_format(&g_array_index(list, Source, i), buffer));
}

static void put_link(GString *text, const Link *link)
{
	g_autofree char *child = unit_escape(link->child->name);
	char buffer[PORT_SPEC_STRLEN];

	for (guint i = 0; i < link->ports->len; i++)
		g_string_append_printf(text, "Link=%s:%s\n", child,
				       link_port_spec_format(&g_array_index(link->ports, LinkPort, i), buffer));
}

static void put_endpoint(GString *text, const Endpoint *endpoint)
{
	g_autofree char *name = unit_escape(endpoint->name);
	char buffer[PORT_SPEC_STRLEN];

	g_string_append_printf(text, "\n[Endpoint %s]\n", name);
	for (enum family family = 0; family < N_FAMILIES; family++)
		put_address(text, "Address", &endpoint->addresses[family]);
	put_bool(text, "Reserve", endpoint->reserves, endpoint->network->reserves);
	if (endpoint->port_group)
		g_string_append_printf(text, "PortGroup=%s\n", endpoint->port_group);
	put_allow_from(text, endpoint->allow_from);
	put_labels(text, endpoint->labels);
	if (endpoint->lifetime.uid != endpoint->network->lifetime.uid)
		g_string_append_printf(text, "User=%u\n", (guint)endpoint->lifetime.uid);
	for (guint i = 0; i < endpoint->ports->len; i++)
		g_string_append_printf(text, "Publish=%s\n", port_spec_format(endpoint->ports->pdata[i], buffer));
	for (guint i = 0; i < endpoint->links->len; i++) {
		const Link *link = endpoint->links->pdata[i];

		if (link->child->lifetime.fragment)
			put_link(text, link);
	}
}

char *unit_format_network(const Network *network)
{
	GString *text = g_string_new(HEAD "\n[Network]\n");
	char buffer[INET6_ADDRSTRLEN + 4];

	for (enum family family = 0; family < N_FAMILIES; family++)
		if (network_has_family(network, family))
			g_string_append_printf(text, "Subnet=%s\n", prefix_format(&network->subnets[family], buffer));
	for (enum family family = 0; family < N_FAMILIES; family++)
		put_address(text, "Gateway", &network->gateways[family]);
	g_string_append_printf(text, "Bridge=%s\n", network->bridge);
	put_bool(text, "Internal", network->internal, false);
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (network_has_family(network, family) && network->modes[family] != MODE_NAT)
			g_string_append_printf(text, "GatewayModes=%s=%s\n", family_to_string(family),
					       gateway_mode_to_string(network->modes[family]));
	put_bool(text, "InterContainerCommunication", network->options.communication, true);
	put_bool(text, "Masquerade", network->options.masquerade, true);
	put_address(text, "HostBinding", &network->options.host_binding);
	for (enum family family = 0; family < N_FAMILIES; family++)
		put_address(text, "SourceAddress", &network->options.source_addresses[family]);
	put_allow_from(text, network->options.allow_from);
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (network_has_family(network, family) &&
		    !prefix_equal(&network->ranges[family], &network->subnets[family]))
			g_string_append_printf(text, "AddressRange=%s\n",
					       prefix_format(&network->ranges[family], buffer));
	put_bool(text, "Reserve", network->reserves, true);
	if (strcmp(network->zone, ZONE_DEFAULT) != 0)
		g_string_append_printf(text, "Zone=%s\n", network->zone);
	put_labels(text, network->labels);
	put_user(text, &network->lifetime);
	for (const GList *i = network->endpoints_by_age.head; i; i = i->next)
		if (((const Endpoint *)i->data)->lifetime.fragment)
			put_endpoint(text, i->data);
	return g_string_free(text, FALSE);
}

char *unit_format_ingress(const Ingress *ingress)
{
	GString *text = g_string_new(HEAD "\n[Ingress]\n");
	char buffer[PORT_SPEC_STRLEN];

	for (guint i = 0; i < ingress->gateways->len; i++)
		put_address(text, "Gateway", &ingress_gateway(ingress, i)->address);
	/* Where it is one, it need not be looked for; where there are several, each is found again. */
	if (!ingress_bridge(ingress, 1))
		g_string_append_printf(text, "Bridge=%s\n", ingress_bridge(ingress, 0));
	if (ingress->masquerade_given)
		g_string_append_printf(text, "Masquerade=%s\n", ingress->masquerade ? "yes" : "no");
	put_allow_from(text, ingress->allow_from);
	put_labels(text, ingress->labels);
	put_user(text, &ingress->lifetime);
	for (guint i = 0; i < ingress->ports->len; i++) {
		const IngressPort *port = ingress->ports->pdata[i];
		LinkPort one = { port->protocol, port->port };

		g_string_append_printf(text, "Publish=%s\n", link_port_spec_format(&one, buffer));
	}
	return g_string_free(text, FALSE);
}
