/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/world.h"

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Segments that conntrack finds to be of no connection, as middle boxes and late retransmissions bring them about: no
 * address of theirs is translated. Whoever gets one so answers it with a reset, which must not end the connection that
 * the segment came by.
 */

static const Place places[] = {
	{ .bridge = "br-web", .address = "172.18.0.2/16", .gateway = "172.18.0.1" },
	{ .bridge = "br-web", .address6 = "fd00:18::2/64", .gateway6 = "fd00:18::1" },
};

typedef union SocketAddress {
	struct sockaddr any;
	struct sockaddr_storage storage;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
} SocketAddress;

/* A connection as its client's socket has it. */
typedef struct Connection {
	SocketAddress client, server;
	guint32 sent, received; /* the next sequence numbers */
} Connection;

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

static Connection connection_of(int flow)
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

static void inject(int netns, SocketAddress from, SocketAddress to, guint32 number, guint32 acknowledged, bool fin)
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

static SocketAddress address(const char *text, guint16 port)
{
	SocketAddress ret = {};

	socket_address(text, port, &ret.storage);
	return ret;
}

static void connections_survive(World *world, int endpoint, const char *host, guint16 host_port, const char *own,
				guint16 port, const char *answer)
{
	static const struct {
		guint32 ahead, acknowledged_ahead;
		bool fin;
	} strays[] = {
		{ 1 << 30 }, { -(1u << 30) }, { 1 << 30, .fin = true }, { 0, 1 << 30 }, { 1 << 30, 1 << 30 },
	};

	for (guint i = 0; i < 2 * G_N_ELEMENTS(strays); i++) {
		guint32 ahead = strays[i / 2].ahead, acknowledged = strays[i / 2].acknowledged_ahead;
		int flow = flow_open(world->outside, "tcp", host, host_port);
		Connection connection;

		expect_flow(flow, answer);
		connection = connection_of(flow);
		g_test_message("%s, %u ahead, acknowledges %u ahead, %s",
			       i % 2 ? "from the endpoint" : "from the client", ahead, acknowledged, host);
		if (i % 2 == 0)
			inject(world->outside, connection.client, connection.server, connection.sent + ahead,
			       connection.received + acknowledged, strays[i / 2].fin);
		else
			inject(endpoint, address(own, port), connection.client, connection.received + ahead,
			       connection.sent + acknowledged, strays[i / 2].fin);
		expect_flow(flow, answer);
		close(flow);
	}
}

static int web_with_app(World *world)
{
	const Place place = { places[0].bridge, places[0].address, places[0].gateway, places[1].address6,
			      places[1].gateway6 };
	int app;

	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "web", 2, "Subnets", "as", 2, "172.18.0.0/16",
	     "fd00:18::/64", "Bridge", "s", "br-web");
	call(world->bus, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "app", 1, "Addresses", "as", 2,
	     "172.18.0.2", "fd00:18::2");
	app = world_container(world, &place);
	listener_open(app, "app", "tcp", NULL, 80);
	listener_open(app, "gate", "tcp", NULL, 9003);
	return app;
}

static void published(World *world)
{
	int app = web_with_app(world);

	call(world->bus, "/network/web/endpoint/app", "Endpoint", "Publish", "a(ssqqq)", 1, "tcp", "", 8080, 80, 1);
	connections_survive(world, app, "192.0.2.1", 8080, "172.18.0.2", 80, "app from 192.0.2.2");
	connections_survive(world, app, "2001:db8:1::1", 8080, "fd00:18::2", 80, "app from 2001:db8:1::2");
}

static void by_ingress(World *world)
{
	int app = web_with_app(world);

	call(world->bus, "", "Manager", "CreateIngress", "sa{sv}", "front", 2, "Gateway", "s", "172.18.0.2", "Ports",
	     "a(sq)", 1, "tcp", 9003);
	connections_survive(world, app, "192.0.2.1", 9003, "172.18.0.2", 9003, "gate from 192.0.2.2");
}

/* What others are told stays as it was: a port that nobody listens on refuses, also in the middle of a connection. */
static void others_are_refused(World *world)
{
	web_with_app(world);
	call(world->bus, "/network/web/endpoint/app", "Endpoint", "Publish", "a(ssqqq)", 1, "tcp", "", 8080, 80, 1);
	expect(world->outside, "tcp", "192.0.2.1", 8081, "refused");
	expect(world->outside, "tcp", "2001:db8:1::1", 8081, "refused");
	call(world->bus, "/network/web/endpoint/app", "Endpoint", "Unpublish", "a(ssqqq)", 1, "tcp", "", 8080, 80, 1);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "refused");
}

static const Scenario scenarios[] = {
	{ "/stray/published", published },
	{ "/stray/ingress", by_ingress },
	{ "/stray/others-are-refused", others_are_refused },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
