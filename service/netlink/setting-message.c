/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/setting-message.h"

#include <linux/if_addr.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>

bool setting_message_read(struct nl_msg *message, int *ret_ifindex)
{
	struct nla_policy policy[NETCONFA_MAX + 1] = { [NETCONFA_IFINDEX] = { .type = NLA_U32 } };
	struct nlattr *attributes[NETCONFA_MAX + 1];
	struct nlmsghdr *header = nlmsg_hdr(message);

	if (header->nlmsg_type == RTM_DELADDR && nlmsg_valid_hdr(header, sizeof(struct ifaddrmsg))) {
		*ret_ifindex = ((const struct ifaddrmsg *)nlmsg_data(header))->ifa_index;
		return true;
	}
	if (header->nlmsg_type != RTM_NEWNETCONF ||
	    nlmsg_parse(header, sizeof(struct netconfmsg), attributes, NETCONFA_MAX, policy) < 0 ||
	    !attributes[NETCONFA_IFINDEX])
		return false;
	*ret_ifindex = (gint32)nla_get_u32(attributes[NETCONFA_IFINDEX]);
	return true;
}
