/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/interface.h"

#include "service/model/name.h"
#include "service/netlink/request.h"

#include <errno.h>
#include <linux/ip.h>
#include <net/ethernet.h>
#include <netlink/route/link/inet.h>
#include <string.h>

bool interface_check_name(const char *name, GError **error)
{
	if (strlen(name) >= IFNAMSIZ)
		return netfilter_fail(error, INVALID_ARGS, "interface name \"%s\" is longer than %d bytes", cut(name),
				      IFNAMSIZ - 1);
	if (!interface_name_is_valid(name))
		return netfilter_fail(error, INVALID_ARGS, "\"%s\" cannot be the name of an interface", cut(name));
	return true;
}

static void read_info(RtnlLink *link, const char *name, InterfaceInfo *ret)
{
	const struct nl_addr *mac = rtnl_link_get_addr(link);
	const char *real_name = rtnl_link_get_name(link) ?: "";
	bool is_bridge = g_strcmp0(rtnl_link_get_type(link), "bridge") == 0;
	int32_t namespace = -1;

	*ret = (InterfaceInfo){
		.ifindex = rtnl_link_get_ifindex(link),
		.kind = is_bridge && (!name || g_str_equal(name, real_name)) ? INTERFACE_BRIDGE : INTERFACE_OTHER,
		.up = rtnl_link_get_flags(link) & IFF_UP,
		.mtu = rtnl_link_get_mtu(link),
		.master = rtnl_link_get_master(link),
		.group = rtnl_link_get_group(link),
	};
	ret->leads_out = g_strcmp0(rtnl_link_get_type(link), "veth") == 0 &&
			 rtnl_link_get_link_netnsid(link, &namespace) == 0 && namespace >= 0;
	if (mac && nl_addr_get_len(mac) == sizeof(ret->mac))
		memcpy(ret->mac, nl_addr_get_binary_addr(mac), sizeof(ret->mac));
	g_strlcpy(ret->name, real_name, sizeof(ret->name));
	g_strlcpy(ret->alias, rtnl_link_get_ifalias(link) ?: "", sizeof ret->alias);
}

bool interface_find(Netlink *netlink, const char *name, InterfaceInfo *ret, GError **error)
{
	g_autoptr(RtnlLink) link = NULL;
	int r;

	if (!interface_check_name(name, error))
		return false;
	r = netlink_get_interface(netlink, 0, name, &link);
	if (r < 0 && r != -ENODEV)
		return netlink_failed(netlink, error, "interface \"%s\": cannot look it up", cut(name));
	if (r < 0)
		*ret = (InterfaceInfo){};
	else
		read_info(link, name, ret);
	return true;
}

bool interface_find_index(Netlink *netlink, int ifindex, InterfaceInfo *ret, GError **error)
{
	g_autoptr(RtnlLink) link = NULL;
	int r = ifindex > 0 ? netlink_get_interface(netlink, ifindex, NULL, &link) : -ENODEV;

	if (r < 0 && r != -ENODEV)
		return netlink_interface_failed(netlink, ifindex, error, "cannot look it up");
	if (r < 0)
		*ret = (InterfaceInfo){};
	else
		read_info(link, NULL, ret);
	return true;
}

/* The value of netlink_request(). */
static int change_link(Netlink *netlink, int ifindex, RtnlLink *change)
{
	g_autoptr(RtnlLink) link = rtnl_link_alloc();
	NlMsg *request = NULL;

	rtnl_link_set_ifindex(link, ifindex);
	if (rtnl_link_build_change_request(link, change, 0, &request) < 0)
		g_error("Out of memory");
	return netlink_request(netlink, request, NULL, NULL);
}

bool interface_set_alias(Netlink *netlink, int ifindex, const char *text, GError **error)
{
	g_autoptr(RtnlLink) change = rtnl_link_alloc();

	rtnl_link_set_ifalias(change, text);
	return change_link(netlink, ifindex, change) >= 0 ||
	       netlink_interface_failed(netlink, ifindex, error, "cannot give it an alias");
}

bool interface_set_group(Netlink *netlink, int ifindex, guint group, GError **error)
{
	g_autoptr(RtnlLink) change = rtnl_link_alloc();

	rtnl_link_set_group(change, group);
	return change_link(netlink, ifindex, change) >= 0 ||
	       netlink_interface_failed(netlink, ifindex, error, "cannot put it in group %u", group);
}

bool interface_set_mac(Netlink *netlink, int ifindex, const guint8 mac[static 6], GError **error)
{
	g_autoptr(RtnlLink) change = rtnl_link_alloc();
	g_autoptr(NlAddr) address = nl_addr_build(AF_LLC, mac, ETH_ALEN);

	rtnl_link_set_addr(change, address);
	return change_link(netlink, ifindex, change) >= 0 ||
	       netlink_interface_failed(netlink, ifindex, error, "cannot set its MAC address");
}

bool interface_set_mtu(Netlink *netlink, int ifindex, guint mtu, GError **error)
{
	g_autoptr(RtnlLink) change = rtnl_link_alloc();

	rtnl_link_set_mtu(change, mtu);
	return change_link(netlink, ifindex, change) >= 0 ||
	       netlink_interface_failed(netlink, ifindex, error, "cannot set its MTU to %u", mtu);
}

bool interface_set_up(Netlink *netlink, int ifindex, bool up, GError **error)
{
	g_autoptr(RtnlLink) change = rtnl_link_alloc();
	int r;

	if (up)
		rtnl_link_set_flags(change, IFF_UP);
	else
		rtnl_link_unset_flags(change, IFF_UP);
	r = change_link(netlink, ifindex, change);
	if (r == -ENODEV && !up)
		return true;
	if (r < 0)
		return netlink_interface_failed(netlink, ifindex, error, "cannot set it %s", up ? "up" : "down");
	return true;
}
