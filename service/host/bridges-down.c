/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/bridges-down.h"

#include "service/netlink/interface.h"
#include "service/netlink/ip-address.h"

struct BridgesDown {
	Netlink *netlink;
	GArray *addresses; /* IpAddress: those that they lost */
};

BridgesDown *bridges_down_new(Netlink *netlink)
{
	BridgesDown *down = g_new(BridgesDown, 1);

	down->netlink = netlink;
	down->addresses = g_array_new(FALSE, FALSE, sizeof(IpAddress));
	return down;
}

void bridges_down_free(BridgesDown *down)
{
	g_array_unref(down->addresses);
	g_free(down);
}

void bridges_down_clear(BridgesDown *down)
{
	g_array_set_size(down->addresses, 0);
}

static void revert(void *self, int ifindex, guint value G_GNUC_UNUSED)
{
	const BridgesDown *down = self;
	GError *error = NULL;

	/* Of those of IPv6 the one that comes last is the first. */
	for (guint i = down->addresses->len; i-- > 0;) {
		const IpAddress *address = &g_array_index(down->addresses, IpAddress, i);

		if (address->ifindex == ifindex && !ip_address_add(down->netlink, ifindex, &address->prefix, &error))
			error_warn(g_steal_pointer(&error));
	}
	if (!interface_set_up(down->netlink, ifindex, true, &error))
		error_warn(error);
}

void bridges_down_add(BridgesDown *down, Effects *effects, int ifindex)
{
	g_autoptr(GArray) addresses = NULL;
	GError *error = NULL;

	if (!ip_address_list(down->netlink, ifindex, &addresses, &error) ||
	    !interface_set_up(down->netlink, ifindex, false, &error)) {
		error_warn(error);
		return;
	}
	g_array_append_vals(down->addresses, addresses->data, addresses->len);
	effects_add(effects, revert, down, ifindex, 0);
}
