/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cni/settings.h"

#include "service/error.h"
#include "service/model/attachment.h"
#include "service/model/name.h"

#include <string.h>

void subnets_families(GVariant *subnets, const char *ret[static N_FAMILIES + 1])
{
	GVariantIter iter;
	const char *text;
	bool has[N_FAMILIES] = {};
	Prefix prefix;

	g_variant_iter_init(&iter, subnets);
	while (g_variant_iter_loop(&iter, "&s", &text))
		if (prefix_parse(text, &prefix))
			has[address_family(&prefix.address)] = true;
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (has[family])
			*ret++ = family_to_string(family);
	*ret = NULL;
}

/* --- the network --- */

static bool says(GVariantDict *dict, const char *key)
{
	return g_variant_dict_contains(dict, key);
}

static void add_previous(GVariantDict *settings, const Previous *previous)
{
	GVariantBuilder subnets, gateways;
	guint n = 0;

	g_variant_builder_init(&subnets, G_VARIANT_TYPE_STRING_ARRAY);
	g_variant_builder_init(&gateways, G_VARIANT_TYPE_STRING_ARRAY);
	for (enum family family = 0; family < N_FAMILIES; family++) {
		Prefix subnet = prefix_mask(&previous->addresses[family]);
		char text[INET6_ADDRSTRLEN + 4];

		if (subnet.address.family == AF_UNSPEC)
			continue;
		g_variant_builder_add(&subnets, "s", prefix_format(&subnet, text));
		if (previous->gateways[family].family == AF_UNSPEC)
			continue;
		g_variant_builder_add(&gateways, "s", address_format(&previous->gateways[family], text));
		n++;
	}
	g_variant_dict_insert_value(settings, "Subnets", g_variant_builder_end(&subnets));
	if (n > 0 && !says(settings, "Gateways"))
		g_variant_dict_insert_value(settings, "Gateways", g_variant_builder_end(&gateways));
	else
		g_variant_builder_clear(&gateways);
	if (previous->bridge && !says(settings, "Bridge"))
		g_variant_dict_insert(settings, "Bridge", "s", previous->bridge);
	/* Whether it does is said to the plugin before. */
	if (!says(settings, "Masquerade"))
		g_variant_dict_insert(settings, "Masquerade", "b", FALSE);
}

GVariant *cni_network_settings(const CniConfig *config)
{
	GVariantDict settings;

	g_variant_dict_init(&settings, config->network_settings);
	if (!config->alone)
		add_previous(&settings, &config->previous);
	g_variant_dict_insert(&settings, "Persistent", "b", TRUE);
	g_variant_dict_insert(&settings, "LifetimeEndpoints", "b", TRUE);
	return g_variant_dict_end(&settings);
}

/* --- the endpoint --- */

static bool add_adopted(GVariantDict *settings, const Previous *previous, GError **error)
{
	GVariantBuilder addresses;

	if (!previous->host_interface)
		return cni_fail(
			error, CONFIG,
			"prevResult: the host has no interface in it beside the bridge, that the container's is "
			"connected to");
	g_variant_builder_init(&addresses, G_VARIANT_TYPE_STRING_ARRAY);
	for (enum family family = 0; family < N_FAMILIES; family++) {
		char text[INET6_ADDRSTRLEN];

		if (previous->addresses[family].address.family != AF_UNSPEC)
			g_variant_builder_add(&addresses, "s",
					      address_format(&previous->addresses[family].address, text));
	}
	g_variant_dict_insert_value(settings, "Addresses", g_variant_builder_end(&addresses));
	g_variant_dict_insert(settings, "LifetimeInterface", "s", previous->host_interface);
	return true;
}

/* So runtimes ask for an address that know of no capability for it, as Podman does. */
static bool add_asked(GVariantDict *settings, const Environment *environment, GError **error)
{
	g_autofree char *ip = environment_arg(environment, "IP"), *mac = environment_arg(environment, "MAC");
	Address address;
	guint8 bytes[6];

	if (ip && !says(settings, "Addresses")) {
		*strchrnul(ip, '/') = '\0';
		if (!address_parse(ip, &address))
			return cni_fail(error, ENVIRONMENT, "CNI_ARGS: IP: \"%s\" is not an address", cut(ip));
		g_variant_dict_insert_value(settings, "Addresses", g_variant_new_strv((const char *[]){ ip }, 1));
	}
	if (mac && !says(settings, "MACAddress")) {
		if (!mac_parse(mac, bytes, NULL))
			return cni_fail(error, ENVIRONMENT,
					"CNI_ARGS: MAC: \"%s\" is not a MAC address of an interface", cut(mac));
		g_variant_dict_insert(settings, "MACAddress", "s", mac);
	}
	return true;
}

static bool is_given(GVariantDict *settings, const char *family)
{
	g_auto(GStrv) addresses = NULL;
	Address address;

	if (g_variant_dict_lookup(settings, "Addresses", "^as", &addresses))
		for (guint i = 0; addresses[i]; i++)
			if (address_parse(addresses[i], &address) &&
			    g_str_equal(family_to_string(address_family(&address)), family))
				return true;
	return false;
}

static bool add_attached(GVariantDict *settings, const Environment *environment, const char *const *families,
			 GError **error)
{
	GVariantBuilder allocate;
	guint n = 0;

	if (!add_asked(settings, environment, error))
		return false;
	g_variant_builder_init(&allocate, G_VARIANT_TYPE_STRING_ARRAY);
	for (; *families; families++) {
		if (is_given(settings, *families))
			continue;
		g_variant_builder_add(&allocate, "s", *families);
		n++;
	}
	if (n > 0)
		g_variant_dict_insert_value(settings, "Allocate", g_variant_builder_end(&allocate));
	else
		g_variant_builder_clear(&allocate);
	g_variant_dict_insert(settings, "Interface", "s", environment->ifname);
	return true;
}

/* A container in several networks is given the same ports in each. */
static void add_group(GVariantDict *settings, const char *container_id)
{
	g_autofree char *checksum = NULL;

	if (!says(settings, "Ports"))
		return;
	if (strlen(container_id) > NAME_MAX_BYTES)
		checksum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, container_id, -1);
	g_variant_dict_insert(settings, "PortGroup", "s", checksum ?: container_id);
}

GVariant *cni_endpoint_settings(const CniConfig *config, const Environment *environment, const char *const *families,
				GError **error)
{
	GVariantDict settings;

	g_variant_dict_init(&settings, config->endpoint_settings);
	if (!(config->alone ? add_attached(&settings, environment, families, error)
			    : add_adopted(&settings, &config->previous, error))) {
		g_variant_dict_clear(&settings);
		return NULL;
	}
	add_group(&settings, environment->container_id);
	g_variant_dict_insert_value(&settings, "Labels", environment_labels(environment, config->name));
	return g_variant_dict_end(&settings);
}
