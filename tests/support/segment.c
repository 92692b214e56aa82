/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/segment.h"

#include "tests/support/netns.h"
#include "tests/support/probe.h"

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <string.h>
#include <unistd.h>

static guint16 *port_of(SocketAddress *address)
{
	return address->any.sa_family == AF_INET ? &address->ipv4.sin_port : &address->ipv6.sin6_port;
}

static guint32 queue_number(int flow, int queue)
{
	guint32 number = 0;
	socklen_t length = sizeof(number);

	g_assert_no_errno(setsockopt(flow, IPPROTO_TCP, TCP_REPAIR_QUEUE, &queue, sizeof(queue)));
	g_assert_no_errno(getsockopt(flow, IPPROTO_TCP, TCP_QUEUE_SEQ, &number, &length));
	return number;
}

Connection segment_connection(int flow)
{
	const int on = TCP_REPAIR_ON, off = TCP_REPAIR_OFF_NO_WP;
	Connection connection = {};
	socklen_t client = sizeof(connection.client), server = sizeof(connection.server);

	g_assert_no_errno(getsockname(flow, &connection.client.any, &client));
	g_assert_no_errno(getpeername(flow, &connection.server.any, &server));
	g_assert_no_errno(setsockopt(flow, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)));
	connection.sent = queue_number(flow, TCP_SEND_QUEUE);
	connection.received = queue_number(flow, TCP_RECV_QUEUE);
	g_assert_no_errno(setsockopt(flow, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off)));
	return connection;
}

static guint16 checksum(const SocketAddress *from, const SocketAddress *to, const struct tcphdr *segment)
{
	union {
		struct {
			struct in_addr from, to;
			guint16 protocol, length;
			struct tcphdr segment;
		};
		guint16 words[16];
	} bytes = { { from->ipv4.sin_addr, to->ipv4.sin_addr, htons(IPPROTO_TCP), htons(sizeof(*segment)), *segment } };
	guint32 sum = 0;

	for (guint i = 0; i < G_N_ELEMENTS(bytes.words); i++)
		sum += bytes.words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return ~(guint16)((sum & 0xffff) + (sum >> 16));
}

void segment_inject(int netns, SocketAddress from, SocketAddress to, guint32 number, guint32 acknowledged, bool fin)
{
	int family = from.any.sa_family, before = netns_current(), fd;
	struct tcphdr segment = {
		.source = *port_of(&from),
		.dest = *port_of(&to),
		.seq = htonl(number),
		.ack_seq = htonl(acknowledged),
		.doff = sizeof(segment) / 4,
		.ack = 1,
		.fin = fin,
		.window = htons(1000),
	};

	netns_enter(netns);
	fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP);
	netns_enter(before);
	g_assert_cmpint(fd, >=, 0);
	if (family == AF_INET6)
		g_assert_no_errno(setsockopt(fd, IPPROTO_IPV6, IPV6_CHECKSUM, &(int){ 16 }, sizeof(int)));
	else
		segment.check = checksum(&from, &to, &segment);
	*port_of(&from) = *port_of(&to) = 0;
	g_assert_no_errno(bind(fd, &from.any, family == AF_INET ? sizeof(from.ipv4) : sizeof(from.ipv6)));
	g_assert_cmpint(sendto(fd, &segment, sizeof(segment), 0, &to.any,
			       family == AF_INET ? sizeof(to.ipv4) : sizeof(to.ipv6)),
			==, sizeof(segment));
	close(fd);
	close(before);
}

SocketAddress segment_address(const char *text, guint16 port)
{
	SocketAddress ret = {};

	socket_address(text, port, &ret.storage);
	return ret;
}
