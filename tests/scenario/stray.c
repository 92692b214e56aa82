/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/segment.h"
#include "tests/support/world.h"

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
		connection = segment_connection(flow);
		g_test_message("%s, %u ahead, acknowledges %u ahead, %s",
			       i % 2 ? "from the endpoint" : "from the client", ahead, acknowledged, host);
		if (i % 2 == 0)
			segment_inject(world->outside, connection.client, connection.server, connection.sent + ahead,
				       connection.received + acknowledged, strays[i / 2].fin);
		else
			segment_inject(endpoint, segment_address(own, port), connection.client,
				       connection.received + ahead, connection.sent + acknowledged, strays[i / 2].fin);
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
