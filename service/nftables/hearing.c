/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/nftables/hearing.h"

#include "service/nftables/attribute.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>

/* Changes of some ten thousand elements, ours too; when more are told than that everything is compared. */
#define BUFFER_SIZE (2 << 20)

/* The first attribute of what is told is the table's name, whatever it is about. */
G_STATIC_ASSERT((int)NFTA_TABLE_NAME == (int)NFTA_CHAIN_TABLE && (int)NFTA_TABLE_NAME == (int)NFTA_RULE_TABLE &&
		(int)NFTA_TABLE_NAME == (int)NFTA_SET_TABLE && (int)NFTA_TABLE_NAME == (int)NFTA_SET_ELEM_LIST_TABLE);

struct mnl_socket *hearing_open(void)
{
	struct mnl_socket *hearing = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int group = NFNLGRP_NFTABLES, size = BUFFER_SIZE;

	if (!hearing)
		return NULL;
	(void)setsockopt(mnl_socket_get_fd(hearing), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
	if (mnl_socket_bind(hearing, 0, MNL_SOCKET_AUTOPID) == 0 &&
	    mnl_socket_setsockopt(hearing, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) == 0)
		return hearing;
	mnl_socket_close(hearing);
	return NULL;
}

bool hearing_concerns(const struct nlmsghdr *message, const char *table, guint32 own_port)
{
	const struct nfgenmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *attribute;

	if (message->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES || (message->nlmsg_type & 0xff) == NFT_MSG_NEWGEN ||
	    message->nlmsg_pid == own_port || mnl_nlmsg_get_payload_len(message) < sizeof *header ||
	    (header->nfgen_family != AF_INET && header->nfgen_family != AF_INET6))
		return false;
	mnl_attr_for_each(attribute, message, sizeof *header)
	{
		if (mnl_attr_get_type(attribute) == NFTA_TABLE_NAME)
			return g_strcmp0(attribute_text(attribute), table) == 0;
	}
	return false;
}

bool hearing_read(struct mnl_socket *hearing, const char *table, guint32 own_port)
{
	guint64 buffer[8192];
	bool concerned = false;

	for (;;) {
		ssize_t n = recv(mnl_socket_get_fd(hearing), buffer, sizeof buffer, MSG_DONTWAIT);
		int left = n;

		if (n < 0 && errno == ENOBUFS)
			concerned = true;
		else if (n < 0 && errno != EINTR)
			return concerned;
		for (const struct nlmsghdr *message = (const void *)buffer; n > 0 && mnl_nlmsg_ok(message, left);
		     message = mnl_nlmsg_next(message, &left))
			concerned |= hearing_concerns(message, table, own_port);
	}
}
