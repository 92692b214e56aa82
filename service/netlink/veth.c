/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/veth.h"

#include "service/netlink/interface.h"
#include "service/netlink/interface-message.h"
#include "service/netlink/request.h"

#include <errno.h>
#include <linux/veth.h>
#include <string.h>

static NlMsg *message_new(int type, int flags, const struct ifinfomsg *header)
{
	NlMsg *message = nlmsg_alloc_simple(type, flags);

	if (!message || nlmsg_append(message, (void *)header, sizeof *header, NLMSG_ALIGNTO) < 0)
		g_error("Out of memory");
	return message;
}

static struct nlattr *begin(NlMsg *message, int attribute)
{
	struct nlattr *nest = nla_nest_start(message, attribute);

	if (!nest)
		g_error("Out of memory");
	return nest;
}

/* One queue is what the kernel leaves of many, unless it is asked for, and to have them go it waits for everybody. */
static void put_end(NlMsg *message, const VethEnd *end, guint mtu)
{
	if (nla_put_string(message, IFLA_IFNAME, end->name) < 0 ||
	    nla_put(message, IFLA_ADDRESS, sizeof end->mac, end->mac) < 0 || nla_put_u32(message, IFLA_MTU, mtu) < 0 ||
	    nla_put_u32(message, IFLA_NUM_TX_QUEUES, 1) < 0 || nla_put_u32(message, IFLA_NUM_RX_QUEUES, 1) < 0)
		g_error("Out of memory");
}

static NlMsg *build(const VethWanted *wanted)
{
	NlMsg *message = message_new(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &(struct ifinfomsg){});
	struct nlattr *info, *data, *peer;

	put_end(message, &wanted->here, wanted->mtu);
	if (nla_put_u32(message, IFLA_GROUP, NETLINK_OWN_GROUP) < 0)
		g_error("Out of memory");
	if (nla_put_u32(message, IFLA_MASTER, wanted->bridge) < 0)
		g_error("Out of memory");
	info = begin(message, IFLA_LINKINFO);
	if (nla_put_string(message, IFLA_INFO_KIND, "veth") < 0)
		g_error("Out of memory");
	data = begin(message, IFLA_INFO_DATA);
	peer = begin(message, VETH_INFO_PEER);
	if (nlmsg_append(message, &(struct ifinfomsg){}, sizeof(struct ifinfomsg), NLMSG_ALIGNTO) < 0)
		g_error("Out of memory");
	put_end(message, &wanted->there, wanted->mtu);
	if (nla_put_u32(message, IFLA_NET_NS_FD, wanted->namespace) < 0)
		g_error("Out of memory");
	nla_nest_end(message, peer);
	nla_nest_end(message, data);
	nla_nest_end(message, info);
	return message;
}

static bool creation_failed(Netlink *netlink, const VethWanted *wanted, int r, GError **error)
{
	InterfaceInfo info;

	if (r == -EEXIST && interface_find(netlink, wanted->here.name, &info, NULL) && info.ifindex != 0)
		return netfilter_fail(error, INVALID_ARGS, "HostInterface: there is already an interface named \"%s\"",
				      wanted->here.name);
	if (r == -EEXIST)
		return netfilter_fail(error, INVALID_ARGS,
				      "Interface: there is already an interface named \"%s\" in the namespace",
				      wanted->there.name);
	if (r == -ERANGE || r == -EINVAL)
		return netfilter_fail(error, INVALID_ARGS, "MTU: an interface \"%s\" of %u bytes cannot be had",
				      wanted->there.name, wanted->mtu);
	netlink->kernel = r;
	return netlink_failed(netlink, error, "interface \"%s\": cannot create it", wanted->here.name);
}

static int remove_one(Netlink *netlink, int ifindex)
{
	const struct ifinfomsg header = { .ifi_index = ifindex };
	int r = netlink_request(netlink, message_new(RTM_DELLINK, 0, &header), NULL, NULL);

	return r == -ENODEV ? 0 : r;
}

bool veth_add(Netlink *netlink, const VethWanted *wanted, int *ret_ifindex, int *ret_peer, GError **error)
{
	int r = netlink_request(netlink, build(wanted), NULL, NULL);
	g_autoptr(RtnlLink) made = NULL;
	const struct nl_addr *mac;

	if (r < 0)
		return creation_failed(netlink, wanted, r, error);
	/* The kernel does not say which one it made; the MAC tells it from one that took its name since. */
	r = netlink_get_interface(netlink, 0, wanted->here.name, &made);
	mac = r < 0 ? NULL : rtnl_link_get_addr(made);
	if (!mac || nl_addr_get_len(mac) != sizeof wanted->here.mac ||
	    memcmp(nl_addr_get_binary_addr(mac), wanted->here.mac, sizeof wanted->here.mac) != 0)
		return netfilter_fail(error, FAILED, "interface \"%s\": it was taken away as soon as it was made",
				      wanted->here.name);
	*ret_ifindex = rtnl_link_get_ifindex(made);
	*ret_peer = rtnl_link_get_link(made);
	return true;
}

/* What a port says of its own goes to the other end alone: on the host it has no use for an address. */
static bool set_no_link_local(Netlink *netlink, int ifindex, GError **error)
{
	int r = netlink_request(netlink, no_link_local_message(ifindex), NULL, NULL);

	return r >= 0 || r == -EAFNOSUPPORT ||
	       netlink_failed(netlink, error, "interface %d: cannot keep it from having a link-local address", ifindex);
}

static bool set_hairpin(Netlink *netlink, int ifindex, GError **error)
{
	const struct ifinfomsg header = { .ifi_family = AF_BRIDGE, .ifi_index = ifindex };
	NlMsg *message = message_new(RTM_SETLINK, 0, &header);
	struct nlattr *port = begin(message, IFLA_PROTINFO | NLA_F_NESTED);

	if (nla_put_u8(message, IFLA_BRPORT_MODE, 1) < 0)
		g_error("Out of memory");
	nla_nest_end(message, port);
	return netlink_request(netlink, message, NULL, NULL) >= 0 ||
	       netlink_failed(netlink, error, "interface %d: cannot set hairpin mode", ifindex);
}

bool veth_join(Netlink *netlink, int ifindex, int bridge, GError **error)
{
	const struct ifinfomsg up = { .ifi_index = ifindex, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	NlMsg *message;

	if (!set_no_link_local(netlink, ifindex, error))
		return false;
	message = message_new(RTM_SETLINK, 0, &up);
	if (nla_put_u32(message, IFLA_MASTER, bridge) < 0 || nla_put_u32(message, IFLA_GROUP, NETLINK_OWN_GROUP) < 0)
		g_error("Out of memory");
	if (netlink_request(netlink, message, NULL, NULL) < 0)
		return netlink_interface_failed(netlink, ifindex, error, "cannot make it a port of its bridge");
	return set_hairpin(netlink, ifindex, error);
}

static int set_group(Netlink *netlink, int ifindex, guint32 group)
{
	const struct ifinfomsg header = { .ifi_index = ifindex };
	NlMsg *message = message_new(RTM_SETLINK, 0, &header);
	int r;

	if (nla_put_u32(message, IFLA_GROUP, group) < 0)
		g_error("Out of memory");
	r = netlink_request(netlink, message, NULL, NULL);
	return r == -ENODEV ? 0 : r;
}

/* None that somebody has chosen: those who do take small numbers. */
static int remove_all(Netlink *netlink, const GArray *ifindexes)
{
	guint32 group = 0x40000000 | g_random_int_range(0, G_MAXINT32 >> 1);
	NlMsg *message;
	int r;

	for (guint i = 0; i < ifindexes->len; i++) {
		r = set_group(netlink, g_array_index(ifindexes, int, i), group);
		if (r < 0)
			return r;
	}
	message = message_new(RTM_DELLINK, 0, &(struct ifinfomsg){});
	if (nla_put_u32(message, IFLA_GROUP, group) < 0)
		g_error("Out of memory");
	r = netlink_request(netlink, message, NULL, NULL);
	return r == -ENODEV ? 0 : r;
}

bool veths_remove(Netlink *netlink, const GArray *ifindexes, GError **error)
{
	int r = ifindexes->len == 1 ? remove_one(netlink, g_array_index(ifindexes, int, 0))
				    : remove_all(netlink, ifindexes);

	return r >= 0 || netlink_failed(netlink, error, "cannot delete the interfaces of %u endpoints", ifindexes->len);
}
