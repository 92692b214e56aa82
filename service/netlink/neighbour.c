/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/neighbour.h"

#include "service/netlink/request.h"

#include <errno.h>
#include <netlink/route/neighbour.h>

typedef struct rtnl_neigh RtnlNeigh;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RtnlNeigh, rtnl_neigh_put)

bool neighbour_flush(Netlink *netlink, int ifindex, const Address *address, GError **error)
{
	g_autoptr(RtnlNeigh) neighbour = rtnl_neigh_alloc();
	g_autoptr(NlAddr) destination = NULL;
	char text[INET6_ADDRSTRLEN];
	NlMsg *request = NULL;
	int r;

	destination = nl_addr_build(address->family, address->bytes, family_bits(address_family(address)) / 8);
	rtnl_neigh_set_ifindex(neighbour, ifindex);
	rtnl_neigh_set_dst(neighbour, destination);
	if (rtnl_neigh_build_delete_request(neighbour, 0, &request) < 0)
		g_error("Out of memory");
	r = netlink_request(netlink, request, NULL, NULL);
	/* The last: a kernel without IPv6 has no such table. */
	if (r >= 0 || r == -ENOENT || r == -ENODEV || r == -EAFNOSUPPORT)
		return true;
	return netlink_interface_failed(netlink, ifindex, error, "cannot forget its neighbour %s",
					address_format(address, text));
}
