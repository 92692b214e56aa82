/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/socket-message.h"

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <string.h>

/* An IPv4 address may have come through an IPv6 socket. */
static Address local_address(const struct inet_diag_msg *socket)
{
	Address ret = { .family = socket->idiag_family };
	struct in6_addr source;

	memcpy(&source, socket->id.idiag_src, sizeof source);
	if (ret.family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&source)) {
		ret.family = AF_INET;
		memcpy(ret.bytes, &source.s6_addr[12], 4);
	} else {
		memcpy(ret.bytes, &source, family_bits(address_family(&ret)) / 8);
	}
	return ret;
}

bool socket_message_read(struct nl_msg *message, struct socket_info *ret)
{
	static const struct nla_policy policy[INET_DIAG_MAX + 1] = { [INET_DIAG_SKV6ONLY] = { .type = NLA_U8 } };
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct nlattr *attributes[INET_DIAG_MAX + 1];
	const struct inet_diag_msg *socket = nlmsg_data(header);

	if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    nlmsg_parse(header, sizeof *socket, attributes, INET_DIAG_MAX, (struct nla_policy *)policy) < 0 ||
	    (socket->idiag_family != AF_INET && socket->idiag_family != AF_INET6))
		return false;
	*ret = (struct socket_info){
		.local = local_address(socket),
		.port = g_ntohs(socket->id.idiag_sport),
		.inode = socket->idiag_inode,
		.uid = socket->idiag_uid,
		.v6_only = attributes[INET_DIAG_SKV6ONLY] && nla_get_u8(attributes[INET_DIAG_SKV6ONLY]),
	};
	return true;
}
