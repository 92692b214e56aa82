/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/change/network-settings.h"

#include "service/change/source-address.h"
#include "service/model/labels.h"
#include "service/model/name.h"
#include "service/model/special.h"
#include "service/netlink/interface.h"

#include <stdio.h>
#include <string.h>

/* The longest subnets that hold a gateway and an endpoint, the shortest that are still somebody's network. */
static const struct {
	guint8 min, max;
} subnet_lengths[N_FAMILIES] = { [FAMILY_IPV4] = { 8, 31 }, [FAMILY_IPV6] = { 16, 127 } };

static bool parse_subnet(Network *network, const char *text, GError **error)
{
	const char *special;
	enum family family;
	Prefix subnet;

	if (!prefix_parse(text, &subnet))
		return netfilter_fail(error, INVALID_ARGS, "Subnets: \"%s\" is not a subnet (like 172.18.0.0/16)",
				      cut(text));
	family = address_family(&subnet.address);
	if (network_has_family(network, family))
		return netfilter_fail(error, INVALID_ARGS, "Subnets: \"%s\" is a second %s subnet", text,
				      family_to_string(family));
	if (subnet.length < subnet_lengths[family].min || subnet.length > subnet_lengths[family].max)
		return netfilter_fail(error, INVALID_ARGS, "Subnets: the prefix length of \"%s\" is not from %u to %u",
				      text, subnet_lengths[family].min, subnet_lengths[family].max);
	subnet = prefix_mask(&subnet);
	special = prefix_find_special(&subnet);
	if (special)
		return netfilter_fail(error, INVALID_ARGS, "Subnets: \"%s\" overlaps with %s", text, special);
	network->subnets[family] = subnet;
	return true;
}

static bool parse_subnets(Network *network, char **texts, GError **error)
{
	if (!texts || !texts[0])
		return netfilter_fail(error, INVALID_ARGS, "Subnets: a network needs at least one");
	for (guint i = 0; texts[i]; i++)
		if (!parse_subnet(network, texts[i], error))
			return false;
	return true;
}

static bool parse_mode(const Network *network, const char *key, const char *text, enum gateway_mode *ret,
		       GError **error)
{
	*ret = gateway_mode_from_string(text);
	if (*ret == N_MODES)
		return netfilter_fail(error, INVALID_ARGS, "%s: \"%s\" is not nat, routed, open or isolated", key,
				      cut(text));
	if (network->internal && (*ret == MODE_ROUTED || *ret == MODE_OPEN))
		return netfilter_fail(error, INVALID_ARGS,
				      "%s: \"%s\": the network is internal; nat and isolated are allowed", key, text);
	return true;
}

static bool parse_mode_of(Network *network, const char *name, const char *text, GError **error)
{
	enum family family;

	if (!family_from_string(name, &family))
		return netfilter_fail(error, INVALID_ARGS, "GatewayModes: \"%s\" is not ipv4 or ipv6", cut(name));
	if (!network_has_family(network, family))
		return netfilter_fail(error, INVALID_ARGS, "GatewayModes: \"%s\": the network has no %s subnet", name,
				      name);
	return parse_mode(network, "GatewayModes", text, &network->modes[family], error);
}

static bool parse_modes(Network *network, const NetworkSettings *settings, GError **error)
{
	enum gateway_mode all = MODE_NAT;

	if (settings->gateway_mode && settings->gateway_modes)
		return netfilter_fail(error, INVALID_ARGS,
				      "GatewayMode: \"%s\" is given beside GatewayModes; one of them is allowed",
				      cut(settings->gateway_mode));
	if (settings->gateway_mode && !parse_mode(network, "GatewayMode", settings->gateway_mode, &all, error))
		return false;
	for (enum family family = 0; family < N_FAMILIES; family++)
		network->modes[family] = all;
	for (char **i = settings->gateway_modes; i && *i; i += 2)
		if (!parse_mode_of(network, i[0], i[1], error))
			return false;
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (!network_has_family(network, family))
			network->modes[family] = network->modes[!family];
	return true;
}

static bool parse_gateway(Network *network, const char *text, GError **error)
{
	Address gateway;
	enum family family;

	if (!address_parse(text, &gateway))
		return netfilter_fail(error, INVALID_ARGS, "Gateways: \"%s\" is not an address", cut(text));
	family = address_family(&gateway);
	if (network->gateways[family].family != AF_UNSPEC)
		return netfilter_fail(error, INVALID_ARGS, "Gateways: \"%s\" is a second %s gateway", text,
				      family_to_string(family));
	if (!network_has_family(network, family) || !prefix_contains(&network->subnets[family], &gateway) ||
	    prefix_reserves(&network->subnets[family], &gateway))
		return netfilter_fail(error, INVALID_ARGS, "Gateways: \"%s\" is not a host of the network's subnet",
				      text);
	if (network->modes[family] == MODE_ISOLATED)
		return netfilter_fail(error, INVALID_ARGS,
				      "Gateways: \"%s\": the network is isolated in %s, its bridge has no address",
				      text, family_to_string(family));
	network->gateways[family] = gateway;
	return true;
}

static bool parse_gateways(Network *network, char **texts, GError **error)
{
	for (guint i = 0; texts && texts[i]; i++)
		if (!parse_gateway(network, texts[i], error))
			return false;
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (network_has_family(network, family) && network->modes[family] != MODE_ISOLATED &&
		    network->gateways[family].family == AF_UNSPEC)
			network->gateways[family] = prefix_first_host(&network->subnets[family]);
	return true;
}

static bool parse_range(Network *network, const char *text, bool given[static N_FAMILIES], GError **error)
{
	enum family family;
	Prefix range;

	if (!prefix_parse(text, &range))
		return netfilter_fail(error, INVALID_ARGS, "AddressRange: \"%s\" is not a subnet (like 172.18.8.0/24)",
				      cut(text));
	family = address_family(&range.address);
	if (given[family])
		return netfilter_fail(error, INVALID_ARGS, "AddressRange: \"%s\" is a second %s range", text,
				      family_to_string(family));
	if (!network_has_family(network, family) || range.length < network->subnets[family].length ||
	    !prefix_contains(&network->subnets[family], &range.address))
		return netfilter_fail(error, INVALID_ARGS, "AddressRange: \"%s\" is not within the network's subnet",
				      text);
	network->ranges[family] = prefix_mask(&range);
	given[family] = true;
	return true;
}

static bool parse_ranges(Network *network, char **texts, GError **error)
{
	bool given[N_FAMILIES] = {};

	memcpy(network->ranges, network->subnets, sizeof network->ranges);
	for (guint i = 0; texts && texts[i]; i++)
		if (!parse_range(network, texts[i], given, error))
			return false;
	return true;
}

bool network_parse_host_binding(const Network *network, const char *text, Address *ret, GError **error)
{
	Address address = {};

	if (text && *text && (!address_parse(text, &address) || !address_is_publishable(&address)))
		return netfilter_fail(error, INVALID_ARGS, "HostBinding: \"%s\" is not an address to publish on",
				      cut(text));
	if (address.family != AF_UNSPEC && !network_has_family(network, address_family(&address)))
		return netfilter_fail(error, INVALID_ARGS, "HostBinding: \"%s\": the network has no %s subnet", text,
				      family_to_string(address_family(&address)));
	if (address.family != AF_UNSPEC && !address_is_any(&address) &&
	    network->modes[address_family(&address)] != MODE_NAT)
		return netfilter_fail(error, INVALID_ARGS,
				      "HostBinding: \"%s\": the network is %s, its ports have no host address", text,
				      gateway_mode_to_string(network->modes[address_family(&address)]));
	*ret = address;
	return true;
}

/* "br-NAME" where that is an interface name, else "br-" and something of the same name's digest. */
static void derive_bridge(Network *network)
{
	g_autofree char *name = g_strdup_printf("br-%s", network->name);
	g_autofree char *digest = NULL;

	if (!interface_name_is_valid(name)) {
		digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, network->name, -1);
		snprintf(network->bridge, sizeof network->bridge, "br-%.12s", digest);
		return;
	}
	g_strlcpy(network->bridge, name, sizeof network->bridge);
}

static bool parse_bridge(Network *network, const char *name, GError **error)
{
	if (!name || !*name)
		derive_bridge(network);
	else if (!interface_name_is_valid(name))
		return netfilter_fail(error, INVALID_ARGS, "Bridge: \"%s\" is not an interface name", cut(name));
	else if (g_str_equal(name, "lo"))
		return netfilter_fail(error, INVALID_ARGS, "Bridge: \"lo\" is the host's own; a bridge is allowed");
	else
		g_strlcpy(network->bridge, name, sizeof network->bridge);
	return true;
}

static bool parse_zone(Network *network, const char *name, GError **error)
{
	if (!name)
		return true;
	if (!zone_name_is_valid(name, error)) {
		g_prefix_error(error, "Zone: ");
		return false;
	}
	g_free(network->zone);
	network->zone = g_strdup(name);
	return true;
}

bool network_parse(Network *network, const NetworkSettings *settings, GError **error)
{
	network->internal = settings->internal;
	network->options.communication = settings->communication;
	network->options.masquerade = settings->masquerade;
	network->labels = g_strdupv(settings->labels);
	network->reserves = settings->reserve != CHOICE_NO;
	network->ends_with_endpoints = settings->lifetime_endpoints;
	return parse_subnets(network, settings->subnets, error) && parse_modes(network, settings, error) &&
	       parse_gateways(network, settings->gateways, error) &&
	       parse_ranges(network, settings->address_range, error) &&
	       network_parse_host_binding(network, settings->host_binding, &network->options.host_binding, error) &&
	       source_address_parse(network, settings->source_address, network->options.source_addresses, error) &&
	       source_address_check_options(network, &network->options, error) &&
	       parse_bridge(network, settings->bridge, error) && parse_zone(network, settings->zone, error);
}
