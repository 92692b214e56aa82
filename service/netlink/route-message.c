/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/route-message.h"

#include <linux/rtnetlink.h>

bool route_read(struct nl_msg *message, struct route *ret)
{
	static const struct nla_policy policy[RTA_MAX + 1] = {
		[RTA_TABLE] = { .type = NLA_U32 },
		[RTA_OIF] = { .type = NLA_U32 },
	};
	struct nlmsghdr *header = nlmsg_hdr(message);
	const struct rtmsg *route = nlmsg_data(header);
	struct nlattr *attributes[RTA_MAX + 1];

	if ((header->nlmsg_type != RTM_NEWROUTE && header->nlmsg_type != RTM_DELROUTE) ||
	    nlmsg_parse(header, sizeof(*route), attributes, RTA_MAX, (struct nla_policy *)policy) < 0 ||
	    (route->rtm_family != AF_INET && route->rtm_family != AF_INET6) ||
	    route->rtm_dst_len > (route->rtm_family == AF_INET ? 32 : 128))
		return false;
	*ret = (struct route){
		.type = route->rtm_type,
		.protocol = route->rtm_protocol,
		.destination = { { .family = route->rtm_family }, route->rtm_dst_len },
		.table = attributes[RTA_TABLE] ? nla_get_u32(attributes[RTA_TABLE]) : route->rtm_table,
		.has_gateway = attributes[RTA_GATEWAY] || attributes[RTA_VIA],
		.multipath = attributes[RTA_MULTIPATH],
	};
	if (attributes[RTA_DST])
		nla_memcpy(ret->destination.address.bytes, attributes[RTA_DST],
			   family_bits(address_family(&ret->destination.address)) / 8);
	if (attributes[RTA_PREFSRC]) {
		ret->own.family = route->rtm_family;
		nla_memcpy(ret->own.bytes, attributes[RTA_PREFSRC], family_bits(address_family(&ret->own)) / 8);
	}
	if (attributes[RTA_OIF])
		ret->ifindex = nla_get_u32(attributes[RTA_OIF]);
	return true;
}

bool route_leads_by(const struct route *route, bool (*is_way)(int ifindex, const void *userdata), const void *userdata)
{
	const struct rtnexthop *hop;
	int left;

	if (!route->multipath)
		return is_way(route->ifindex, userdata);
	hop = nla_data(route->multipath);
	left = nla_len(route->multipath);
	for (; left >= (int)sizeof(*hop) && hop->rtnh_len >= sizeof(*hop) && hop->rtnh_len <= left;
	     left -= RTNH_ALIGN(hop->rtnh_len), hop = RTNH_NEXT(hop))
		if (!is_way(hop->rtnh_ifindex, userdata))
			return false;
	return true;
}
