/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/change/adopted-bridge.h"

#include "service/netlink/ip-address.h"

/* Of one family, "172.18.0.1/16, 172.18.1.1/24", or "no ipv4 address". */
static char *list_addresses(const GArray *addresses, enum family family)
{
	GString *list = g_string_new(NULL);
	char text[INET6_ADDRSTRLEN + 4];

	for (guint i = 0; i < addresses->len; i++) {
		const Prefix *prefix = &g_array_index(addresses, IpAddress, i).prefix;

		if (address_family(&prefix->address) == family)
			g_string_append_printf(list, "%s%s", list->len > 0 ? ", " : "", prefix_format(prefix, text));
	}
	if (list->len == 0)
		g_string_append_printf(list, "no %s address", family_to_string(family));
	return g_string_free(list, FALSE);
}

static bool has_address(const GArray *addresses, const Address *address)
{
	for (guint i = 0; i < addresses->len; i++)
		if (address_equal(&g_array_index(addresses, IpAddress, i).prefix.address, address))
			return true;
	return false;
}

/* By one of them the host finds all of a subnet on the bridge. */
static bool has_covering(const GArray *addresses, const Prefix *subnet)
{
	for (guint i = 0; i < addresses->len; i++) {
		const Prefix *prefix = &g_array_index(addresses, IpAddress, i).prefix;

		if (prefix->length <= subnet->length && prefix_contains(prefix, &subnet->address))
			return true;
	}
	return false;
}

/* An isolated network's bridge, on which the kernel's own link-local address is nobody's choice. */
static bool check_bare(const Network *network, const GArray *addresses, enum family family, GError **error)
{
	char text[INET6_ADDRSTRLEN + 4];

	for (guint i = 0; i < addresses->len; i++) {
		const Prefix *prefix = &g_array_index(addresses, IpAddress, i).prefix;

		if (address_family(&prefix->address) == family && !address_is_link_local(&prefix->address))
			return netfilter_fail(error, INVALID_ARGS,
					      "Bridge: \"%s\" has %s; that of an isolated network has no %s address",
					      network->bridge, prefix_format(prefix, text), family_to_string(family));
	}
	return true;
}

/* Endpoints find the host by the gateway's address, and it finds them; what is not ours is not given any. */
bool adopted_bridge_check(Netlink *netlink, const Network *network, int ifindex, GError **error)
{
	g_autoptr(GArray) addresses = NULL;

	if (!ip_address_list(netlink, ifindex, &addresses, error))
		return false;
	for (enum family family = 0; family < N_FAMILIES; family++) {
		g_autofree char *list = NULL;
		const Prefix needed = { network->gateways[family], network->subnets[family].length };
		char gateway[INET6_ADDRSTRLEN + 4];
		bool has_gateway;

		if (!network_has_family(network, family))
			continue;
		if (network->modes[family] == MODE_ISOLATED) {
			if (!check_bare(network, addresses, family, error))
				return false;
			continue;
		}
		has_gateway = has_address(addresses, &needed.address);
		if (network->internal || (has_gateway && has_covering(addresses, &network->subnets[family])))
			continue;
		list = list_addresses(addresses, family);
		return netfilter_fail(error, INVALID_ARGS,
				      "Bridge: \"%s\" has %s; it needs %s, the network's gateway%s", network->bridge,
				      cut(list), prefix_format(&needed, gateway),
				      has_gateway ? " with the whole subnet" : ", or Gateways names what it has");
	}
	return true;
}
