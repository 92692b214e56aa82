/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cni/check.h"

#include "service/cni/netns.h"
#include "service/error.h"

#include <stdio.h>
#include <string.h>

static bool has_address(GVariant *endpoint, const Address *address)
{
	g_auto(GStrv) texts = NULL;
	Address found;

	if (g_variant_lookup(endpoint, "Addresses", "^as", &texts))
		for (guint i = 0; texts[i]; i++)
			if (address_parse(texts[i], &found) && address_equal(&found, address))
				return true;
	return false;
}

static bool check_addresses(const CniConfig *config, GVariant *endpoint, GError **error)
{
	for (enum family family = 0; family < N_FAMILIES; family++) {
		const Address *address = &config->previous.addresses[family].address;
		char text[INET6_ADDRSTRLEN];

		if (address->family != AF_UNSPEC && !has_address(endpoint, address))
			return cni_fail(error, DIFFERENT, "the endpoint does not have the address %s of prevResult",
					address_format(address, text));
	}
	return true;
}

/* A host address, or port, that the service was to choose may be any. */
static bool is_published(GVariant *wanted, GVariant *ports)
{
	const char *protocol, *host, *there_protocol, *there_host;
	guint16 host_port, port, count, there_host_port, there_port, there_count;
	GVariantIter iter;

	g_variant_get(wanted, "(&s&sqqq)", &protocol, &host, &host_port, &port, &count);
	g_variant_iter_init(&iter, ports);
	while (g_variant_iter_loop(&iter, "(&s&sqqq)", &there_protocol, &there_host, &there_host_port, &there_port,
				   &there_count))
		if (g_str_equal(protocol, there_protocol) && (!*host || g_str_equal(host, there_host)) &&
		    (host_port == 0 || host_port == there_host_port) && port == there_port && count == there_count)
			return true;
	return false;
}

static bool check_ports(const CniConfig *config, GVariant *endpoint, GError **error)
{
	g_autoptr(GVariant) wanted = NULL, ports = NULL;

	if (config->endpoint_settings)
		wanted = g_variant_lookup_value(config->endpoint_settings, "Ports", G_VARIANT_TYPE("a(ssqqq)"));
	ports = g_variant_lookup_value(endpoint, "Ports", G_VARIANT_TYPE("a(ssqqq)"));
	for (gsize i = 0; wanted && i < g_variant_n_children(wanted); i++) {
		g_autoptr(GVariant) mapping = g_variant_get_child_value(wanted, i);
		g_autofree char *text = g_variant_print(mapping, FALSE);

		if (!ports || !is_published(mapping, ports))
			return cni_fail(error, DIFFERENT, "the endpoint does not publish %s", text);
	}
	return true;
}

/* In a chain the plugin before looks at more of it. */
static bool check_interface(const Environment *environment, GVariant *endpoint, int socket, GError **error)
{
	const char *mac = "";
	char text[18];
	guint8 found[6];

	if (!netns_get_mac(socket, environment->ifname, found))
		return cni_fail(error, DIFFERENT, "the container has no interface \"%s\"", cut(environment->ifname));
	snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", found[0], found[1], found[2], found[3], found[4],
		 found[5]);
	g_variant_lookup(endpoint, "MACAddress", "&s", &mac);
	return !*mac || g_str_equal(mac, text) ||
	       cni_fail(error, DIFFERENT, "interface \"%s\" has the MAC address %s, and had %s",
			cut(environment->ifname), text, mac);
}

static bool check_network(GVariant *network, GError **error)
{
	gboolean served = TRUE;
	const char *bridge = "";

	g_variant_lookup(network, "Served", "b", &served);
	g_variant_lookup(network, "Bridge", "&s", &bridge);
	return served || cni_fail(error, DIFFERENT, "the bridge \"%s\" is gone", bridge);
}

bool check_attachment(const CniConfig *config, const Environment *environment, GVariant *endpoint, GVariant *network,
		      int socket, GError **error)
{
	return check_network(network, error) && check_addresses(config, endpoint, error) &&
	       check_ports(config, endpoint, error) && check_interface(environment, endpoint, socket, error);
}
