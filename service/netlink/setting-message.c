/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/setting-message.h"

#include <linux/if_addr.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* The host's own; IFA_ADDRESS is that of a peer where there is IFA_LOCAL as well. */
static void read_gone(struct nlmsghdr *header, const struct ifaddrmsg *data, Address *ret)
{
	struct nlattr *attributes[IFA_MAX + 1], *local;
	guint bytes = data->ifa_family == AF_INET ? 4 : 16;

	if ((data->ifa_family != AF_INET && data->ifa_family != AF_INET6) ||
	    nlmsg_parse(header, sizeof *data, attributes, IFA_MAX, NULL) < 0)
		return;
	local = attributes[IFA_LOCAL] ?: attributes[IFA_ADDRESS];
	if (!local || nla_len(local) < (int)bytes)
		return;
	ret->family = data->ifa_family;
	memcpy(ret->bytes, nla_data(local), bytes);
}

bool setting_message_read(struct nl_msg *message, int *ret_ifindex, Address *ret_gone)
{
	struct nla_policy policy[NETCONFA_MAX + 1] = { [NETCONFA_IFINDEX] = { .type = NLA_U32 } };
	struct nlattr *attributes[NETCONFA_MAX + 1];
	struct nlmsghdr *header = nlmsg_hdr(message);

	*ret_gone = (Address){};
	if (header->nlmsg_type == RTM_DELADDR && nlmsg_valid_hdr(header, sizeof(struct ifaddrmsg))) {
		const struct ifaddrmsg *data = nlmsg_data(header);

		*ret_ifindex = data->ifa_index;
		read_gone(header, data, ret_gone);
		return true;
	}
	if (header->nlmsg_type != RTM_NEWNETCONF ||
	    nlmsg_parse(header, sizeof(struct netconfmsg), attributes, NETCONFA_MAX, policy) < 0 ||
	    !attributes[NETCONFA_IFINDEX])
		return false;
	*ret_ifindex = (gint32)nla_get_u32(attributes[NETCONFA_IFINDEX]);
	return true;
}
