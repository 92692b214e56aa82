/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/route.h"

#include "service/netlink/request.h"

#include <linux/rtnetlink.h>

struct route {
	guint8 type; /* RTN_UNICAST, RTN_LOCAL, ... */
	int ifindex;
};

static int on_route(struct nl_msg *reply, void *userdata)
{
	struct nlmsghdr *header = nlmsg_hdr(reply);
	struct nlattr *attributes[RTA_MAX + 1];
	struct route *route = userdata;

	if (header->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse(header, sizeof(struct rtmsg), attributes, RTA_MAX, NULL) < 0)
		return NL_SKIP;
	route->type = ((struct rtmsg *)nlmsg_data(header))->rtm_type;
	if (attributes[RTA_OIF])
		route->ifindex = nla_get_u32(attributes[RTA_OIF]);
	return NL_OK;
}

/* Asks for the route that a packet of the host itself would take. Returns 0 or a negative errno. */
static int get_route(Netlink *netlink, const Address *address, struct route *ret)
{
	const guint8 bits = family_bits(address_family(address));
	struct rtmsg header = { .rtm_family = address->family, .rtm_dst_len = bits };
	NlMsg *request = nlmsg_alloc_simple(RTM_GETROUTE, 0);

	if (!request || nlmsg_append(request, &header, sizeof(header), NLMSG_ALIGNTO) < 0 ||
	    nla_put(request, RTA_DST, bits / 8, address->bytes) < 0)
		g_error("Out of memory");
	*ret = (struct route){};
	return netlink_request(netlink, request, on_route, ret);
}

bool route_lookup(Netlink *netlink, const Address *address, char ret[static IFNAMSIZ], GError **error)
{
	g_autoptr(RtnlLink) link = NULL;
	char text[INET6_ADDRSTRLEN];
	struct route route;

	address_format(address, text);
	if (get_route(netlink, address, &route) < 0)
		return netlink_failed(netlink, error, "There is no route to %s", text);
	if (route.ifindex && netlink_get_link(netlink, route.ifindex, NULL, &link) < 0)
		return netlink_failed(netlink, error, "Cannot find the interface that reaches %s", text);
	if (link && rtnl_link_get_flags(link) & IFF_LOOPBACK) {
		g_set_error(error, NETFILTER_ERROR, NETFILTER_ERROR_FAILED,
			    "%s is reached by loopback, not through an interface", text);
		return false;
	}
	if (!link || route.type != RTN_UNICAST) {
		g_set_error(error, NETFILTER_ERROR, NETFILTER_ERROR_FAILED, "There is no unicast route to %s", text);
		return false;
	}
	g_strlcpy(ret, rtnl_link_get_name(link), IFNAMSIZ);
	return true;
}
