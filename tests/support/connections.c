/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/connections.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <unistd.h>

static void put(GByteArray *batch, guint16 type, gconstpointer data, gsize size)
{
	const struct nlattr attribute = { .nla_len = NLA_HDRLEN + size, .nla_type = type };

	g_byte_array_append(batch, (const guint8 *)&attribute, sizeof(attribute));
	g_byte_array_append(batch, data, size);
	g_byte_array_append(batch, (const guint8[4]){ 0 }, NLA_ALIGN(size) - size);
}

static guint begin(GByteArray *batch, guint16 type)
{
	guint at = batch->len;

	put(batch, type | NLA_F_NESTED, NULL, 0);
	return at;
}

static void end(GByteArray *batch, guint at)
{
	((struct nlattr *)(batch->data + at))->nla_len = batch->len - at;
}

static void put_tuple(GByteArray *batch, guint16 type, gconstpointer source, gconstpointer destination, gsize size,
		      guint16 source_port, guint16 destination_port)
{
	guint16 ports[2] = { g_htons(source_port), g_htons(destination_port) };
	guint tuple = begin(batch, type), part = begin(batch, CTA_TUPLE_IP);

	put(batch, size == 4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, source, size);
	put(batch, size == 4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, destination, size);
	end(batch, part);
	part = begin(batch, CTA_TUPLE_PROTO);
	put(batch, CTA_PROTO_NUM, &(guint8){ IPPROTO_UDP }, 1);
	put(batch, CTA_PROTO_SRC_PORT, &ports[0], 2);
	put(batch, CTA_PROTO_DST_PORT, &ports[1], 2);
	end(batch, part);
	end(batch, tuple);
}

/* conntrack(8) would take minutes. */
void connections_fill(guint count, sa_family_t family, guint same_port)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	const gsize size = family == AF_INET ? 4 : 16;
	g_autoptr(GByteArray) batch = g_byte_array_new();

	for (guint i = 0; i < count; i++) {
		guint8 client[16] = { 10, i >> 18, i >> 10, i >> 2 }, server[16] = { 198, 18, 100, i };
		const struct nfgenmsg info = { .nfgen_family = family };
		struct nlmsghdr header = {
			.nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE,
		};
		guint at = batch->len;
		guint16 port = i % same_port == 0 ? CONNECTIONS_PORT : 6000 + i % 1000;

		g_byte_array_append(batch, (const guint8 *)&header, sizeof(header));
		g_byte_array_append(batch, (const guint8 *)&info, sizeof(info));
		put_tuple(batch, CTA_TUPLE_ORIG, client, server, size, 1024 + i % 4 * 1000, port);
		put_tuple(batch, CTA_TUPLE_REPLY, server, client, size, port, 1024 + i % 4 * 1000);
		put(batch, CTA_TIMEOUT, &(guint32){ g_htonl(600) }, 4);
		((struct nlmsghdr *)(batch->data + at))->nlmsg_len = batch->len - at;
		if (i % 100 < 99 && i < count - 1)
			continue;
		g_assert_cmpint(send(fd, batch->data, batch->len, 0), ==, batch->len);
		g_byte_array_set_size(batch, 0);
	}
	close(fd);
}
