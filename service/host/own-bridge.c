/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/own-bridge.h"

#include "service/netlink/bridge.h"
#include "service/netlink/ip-address.h"

#include <string.h>

static void mac_from_number(guint64 number, guint8 ret[static 6])
{
	for (guint i = 0; i < 6; i++)
		ret[i] = number >> (8 * (5 - i));
}

bool own_bridge_matches(const LinkInfo *info, guint64 mac)
{
	guint8 bytes[6];

	mac_from_number(mac, bytes);
	return info->kind == LINK_BRIDGE && memcmp(info->mac, bytes, sizeof bytes) == 0;
}

static void revert(void *self, int ifindex, guint value G_GNUC_UNUSED)
{
	GError *error = NULL;

	if (!bridge_remove(self, ifindex, &error))
		error_warn(error);
}

/*
 * The link-local address that the kernel would make as well, but would hold back for a second or two once the first
 * port brings the carrier; meanwhile it has no source for neighbour discovery, and nothing is forwarded to the bridge.
 */
static Prefix link_local_address(const guint8 mac[static 6])
{
	const guint8 interface_id[8] = { mac[0] ^ 0x02, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5] };
	Prefix address = { .address = { AF_INET6, { 0xfe, 0x80 } }, .length = 64 };

	memcpy(address.address.bytes + 8, interface_id, sizeof interface_id);
	return address;
}

/* Fails where the host has no IPv6, which is no matter to a network that has none. */
static void prepare_ipv6(Netlink *netlink, int ifindex, const guint8 mac[static 6], bool needed)
{
	const Prefix address = link_local_address(mac);
	g_autoptr(GError) error = NULL;

	if (needed && !link_set_switch6(netlink, ifindex, LINK6_DISABLE, 0, &error))
		g_info("%s", error->message);
	g_clear_error(&error);
	/* Otherwise an endpoint could make itself the default router of a host that does not forward IPv6. */
	if (!link_set_switch6(netlink, ifindex, LINK6_ACCEPT_RA, 0, &error))
		g_info("%s", error->message);
	g_clear_error(&error);
	if (!ip_address_add(netlink, ifindex, &address, &error))
		g_info("%s", error->message);
}

static bool add_gateways(Netlink *netlink, int ifindex, const Network *network, GError **error)
{
	for (enum family family = 0; family < N_FAMILIES; family++) {
		Prefix address = { network->gateways[family], network->subnets[family].length };

		if (network_has_family(network, family) && !ip_address_add(netlink, ifindex, &address, error))
			return false;
	}
	return true;
}

bool own_bridge_create(Netlink *netlink, const Network *network, Effects *effects, int *ret_ifindex, GError **error)
{
	guint8 mac[6];

	mac_from_number(network->mac, mac);
	if (!bridge_add(netlink, network->bridge, mac, ret_ifindex, error))
		return false;
	effects_add(effects, revert, netlink, *ret_ifindex, 0);
	/* An endpoint in two networks answers by the one that has its default route. */
	if (!link_set_switch(netlink, *ret_ifindex, LINK_RP_FILTER, 2, error))
		return false;
	prepare_ipv6(netlink, *ret_ifindex, mac, network_has_family(network, FAMILY_IPV6));
	return add_gateways(netlink, *ret_ifindex, network, error);
}
