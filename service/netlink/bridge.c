/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/internal.h"
#include "service/netlink/sysctl.h"

#include <errno.h>
#include <net/ethernet.h>
#include <string.h>
#include <sys/random.h>

/* A bridge that was not given one takes that of a port, and another as ports go: neighbours lose it. */
static void set_random_mac(RtnlLink *link, guint8 mac[static ETH_ALEN])
{
	g_autoptr(NlAddr) address = NULL;

	if (getrandom(mac, ETH_ALEN, 0) != ETH_ALEN)
		g_error("No random bytes: %s", g_strerror(errno));
	mac[0] = (mac[0] & ~0x01) | 0x02; /* one station, locally administered */
	address = nl_addr_build(AF_LLC, mac, ETH_ALEN);
	rtnl_link_set_addr(link, address);
}

/*
 * The link-local address that the kernel would make as well, but would hold back
 * for a second or two once the first port brings the carrier; meanwhile it has
 * no source for neighbour discovery, and nothing is forwarded to the bridge.
 */
static int add_link_local(Netlink *netlink, int ifindex, const guint8 mac[static ETH_ALEN])
{
	const guint8 interface_id[8] = { mac[0] ^ 0x02, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5] };
	Prefix address = { .address = { AF_INET6, { 0xfe, 0x80 } }, .length = 64 };
	int r;

	memcpy(address.address.bytes + 8, interface_id, sizeof(interface_id));
	r = netlink_add_address(netlink, ifindex, &address);
	/* IPv6 is switched off: on this interface; in the kernel. */
	return r == -EACCES || r == -EOPNOTSUPP || r == -EAFNOSUPPORT ? 0 : r;
}

/* Otherwise an endpoint could make itself the default router of a host that does not forward IPv6. */
static void refuse_router_advertisements(const char *name)
{
	g_autofree char *file = g_strdup_printf("net/ipv6/conf/%s/accept_ra", name);
	g_autoptr(GError) error = NULL;

	if (!sysctl_set(file, false, &error))
		g_info("Router advertisements stay accepted on %s: %s", name, error->message);
}

static int set_up(Netlink *netlink, RtnlLink *bridge, bool up)
{
	g_autoptr(RtnlLink) change = rtnl_link_alloc();
	NlMsg *request = NULL;

	if (up)
		rtnl_link_set_flags(change, IFF_UP);
	else
		rtnl_link_unset_flags(change, IFF_UP);
	if (rtnl_link_build_change_request(bridge, change, 0, &request) < 0)
		g_error("Out of memory");
	return netlink_request(netlink, request, NULL, NULL);
}

static int remove_link(Netlink *netlink, RtnlLink *bridge)
{
	NlMsg *request = NULL;

	if (rtnl_link_build_delete_request(bridge, &request) < 0)
		g_error("Out of memory");
	return netlink_request(netlink, request, NULL, NULL);
}

bool bridge_create(Netlink *netlink, const char *name, GError **error)
{
	g_autoptr(RtnlLink) wanted = NULL, bridge = NULL;
	guint8 mac[ETH_ALEN];
	NlMsg *request = NULL;
	int r;

	if (!netlink_check_name(name, error))
		return false;
	wanted = rtnl_link_alloc();
	rtnl_link_set_name(wanted, name);
	rtnl_link_set_type(wanted, "bridge");
	set_random_mac(wanted, mac);
	if (rtnl_link_build_add_request(wanted, NLM_F_CREATE | NLM_F_EXCL, &request) < 0)
		g_error("Out of memory");
	r = netlink_request(netlink, request, NULL, NULL);
	if (r == -EEXIST) {
		g_set_error(error, NETFILTER_ERROR, NETFILTER_ERROR_BRIDGE_IN_USE,
			    "There is already an interface named %s", name);
		return false;
	}
	if (r < 0)
		return netlink_failed(netlink, error, "Cannot create bridge %s", name);

	if (!netlink_find_link(netlink, name, &bridge, error))
		return false;
	refuse_router_advertisements(name);
	r = add_link_local(netlink, rtnl_link_get_ifindex(bridge), mac);
	if (r >= 0)
		r = set_up(netlink, bridge, true);
	if (r < 0) {
		netlink_failed(netlink, error, "Cannot set up bridge %s", name);
		(void)remove_link(netlink, bridge);
		return false;
	}
	return true;
}

/* NULL: there is no bridge of this name. */
static bool find_bridge(Netlink *netlink, const char *name, RtnlLink **ret, GError **error)
{
	g_autoptr(RtnlLink) link = NULL;
	int r;

	if (!netlink_check_name(name, error))
		return false;
	r = netlink_get_link(netlink, 0, name, &link);
	if (r < 0 && r != -ENODEV)
		return netlink_failed(netlink, error, "Cannot find bridge %s", name);
	*ret = r >= 0 && netlink_is_bridge(link, name) ? g_steal_pointer(&link) : NULL;
	return true;
}

bool bridge_index(Netlink *netlink, const char *name, int *ret, GError **error)
{
	g_autoptr(RtnlLink) bridge = NULL;

	if (!find_bridge(netlink, name, &bridge, error))
		return false;
	*ret = bridge ? rtnl_link_get_ifindex(bridge) : 0;
	return true;
}

static int set_down(Netlink *netlink, RtnlLink *bridge)
{
	return set_up(netlink, bridge, false);
}

/* What has the name and another index is not the one that was meant; that it is gone is no failure. */
static bool change_by_index(Netlink *netlink, const char *name, int ifindex, const char *verb,
			    int (*change)(Netlink *netlink, RtnlLink *bridge), GError **error)
{
	g_autoptr(RtnlLink) bridge = NULL;
	int r;

	if (!find_bridge(netlink, name, &bridge, error))
		return false;
	if (!bridge || rtnl_link_get_ifindex(bridge) != ifindex)
		return true;
	r = change(netlink, bridge);
	if (r < 0 && r != -ENODEV)
		return netlink_failed(netlink, error, "Cannot %s bridge %s", verb, name);
	return true;
}

bool bridge_shut(Netlink *netlink, const char *name, int ifindex, GError **error)
{
	return change_by_index(netlink, name, ifindex, "shut", set_down, error);
}

bool bridge_delete_index(Netlink *netlink, const char *name, int ifindex, GError **error)
{
	return change_by_index(netlink, name, ifindex, "delete", remove_link, error);
}

bool bridge_delete(Netlink *netlink, const char *name, GError **error)
{
	g_autoptr(RtnlLink) bridge = NULL;
	int r;

	if (!netlink_check_name(name, error))
		return false;
	r = netlink_get_link(netlink, 0, name, &bridge);
	if (r >= 0 && !netlink_is_bridge(bridge, name)) {
		g_set_error(error, NETFILTER_ERROR, NETFILTER_ERROR_FAILED,
			    "Cannot delete interface %s: it is no bridge", name);
		return false;
	}
	if (r >= 0)
		r = remove_link(netlink, bridge);
	if (r < 0 && r != -ENODEV)
		return netlink_failed(netlink, error, "Cannot delete bridge %s", name);
	return true;
}
