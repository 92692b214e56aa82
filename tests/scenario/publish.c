/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/world.h"

#include "tests/support/connections.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static const Place app_place = { .bridge = "br-web", .address = "172.18.0.2/16", .gateway = "172.18.0.1" };

#define APP "/network/web/endpoint/app"

static int web_with_app(World *world)
{
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "web", 2, "Subnets", "as", 1, "172.18.0.0/16",
	     "Bridge", "s", "br-web");
	call(world->bus, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "app", 1, "Addresses", "as", 1,
	     "172.18.0.2");
	return world_container(world, &app_place);
}

static void publish(World *world, const char *protocol, const char *address, guint16 host_port, guint16 port,
		    guint16 count)
{
	call(world->bus, APP, "Endpoint", "Publish", "a(ssqqq)", 1, protocol, address, host_port, port, count);
}

static void unpublish(World *world, const char *protocol, const char *address, guint16 host_port, guint16 port,
		      guint16 count)
{
	call(world->bus, APP, "Endpoint", "Unpublish", "a(ssqqq)", 1, protocol, address, host_port, port, count);
}

static void one_port(World *world, const char *protocol)
{
	int app = web_with_app(world);

	listener_open(app, "app", protocol, NULL, 80);
	expect(world->outside, protocol, "192.0.2.1", 8080, "refused");

	publish(world, protocol, "", 8080, 80, 1);
	expect(world->outside, protocol, "192.0.2.1", 8080, "app from 192.0.2.2");
	expect(world->outside, protocol, "192.0.2.3", 8080, "app from 192.0.2.2");
	expect(world->elsewhere, protocol, "192.0.2.1", 8080, "app from 198.51.100.2");
	expect(world->outside, protocol, "192.0.2.1", 8081, "refused");
	expect(world->outside, protocol, "192.0.2.1", 80, "refused");
	expect(world->host, protocol, "192.0.2.1", 8080, "app from 172.18.0.1");

	unpublish(world, protocol, "", 8080, 80, 1);
	expect(world->outside, protocol, "192.0.2.1", 8080, "refused");
	expect(world->host, protocol, "192.0.2.1", 8080, "refused");
}

static void tcp(World *world)
{
	one_port(world, "tcp");
}

static void udp(World *world)
{
	one_port(world, "udp");
}

/* The classic rules alone let no container reach itself by an address of the host, but for those of hairpin mode. */
static void no_hairpin(World *world)
{
	int app = web_with_app(world);

	listener_open(app, "app", "tcp", NULL, 80);
	publish(world, "tcp", "", 8080, 80, 1);
	expect(app, "tcp", "192.0.2.1", 8080, "refused");
}

static void hairpin(World *world)
{
	int app = web_with_app(world), sibling;
	static const Place place = { .bridge = "br-web", .address = "172.18.0.3/16", .gateway = "172.18.0.1" };

	sibling = world_container(world, &place);
	listener_open(app, "app", "tcp", NULL, 80);
	listener_open(app, "first", "udp", NULL, 3000);
	publish(world, "tcp", "", 8080, 80, 1);
	publish(world, "udp", "", 9000, 3000, 10);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");
	expect(world->host, "tcp", "192.0.2.1", 8080, "app from 172.18.0.1");
	expect(app, "tcp", "192.0.2.1", 8080, "app from 172.18.0.1");
	expect(app, "udp", "192.0.2.1", 9000, "first from 172.18.0.1");

	unpublish(world, "tcp", "", 8080, 80, 1);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "refused");
	expect(app, "tcp", "192.0.2.1", 8080, "refused");
	expect(sibling, "tcp", "192.0.2.1", 8080, "refused");
}

static void range(World *world)
{
	int app = web_with_app(world);
	static const guint16 ends[] = { 7000, 7099 };

	for (guint i = 0; i < G_N_ELEMENTS(ends); i++) {
		listener_open(app, i == 0 ? "first" : "last", "tcp", NULL, ends[i]);
		listener_open(app, i == 0 ? "first" : "last", "udp", NULL, ends[i]);
	}
	listener_open(app, "below", "tcp", NULL, 6999);
	listener_open(app, "beyond", "tcp", NULL, 7100);

	publish(world, "tcp", "", 7000, 7000, 100);
	publish(world, "udp", "", 7000, 7000, 100);
	expect(world->outside, "tcp", "192.0.2.1", 7000, "first from 192.0.2.2");
	expect(world->outside, "tcp", "192.0.2.1", 7099, "last from 192.0.2.2");
	expect(world->outside, "udp", "192.0.2.1", 7000, "first from 192.0.2.2");
	expect(world->outside, "udp", "192.0.2.1", 7099, "last from 192.0.2.2");
	expect(world->outside, "tcp", "192.0.2.1", 6999, "refused");
	expect(world->outside, "tcp", "192.0.2.1", 7100, "refused");

	unpublish(world, "tcp", "", 7000, 7000, 100);
	expect(world->outside, "tcp", "192.0.2.1", 7000, "refused");
	expect(world->outside, "tcp", "192.0.2.1", 7099, "refused");
	expect(world->outside, "udp", "192.0.2.1", 7099, "last from 192.0.2.2");
}

static void shifted_range(World *world)
{
	int app = web_with_app(world);

	listener_open(app, "first", "tcp", NULL, 3000);
	listener_open(app, "last", "tcp", NULL, 3009);
	listener_open(app, "beyond", "tcp", NULL, 3010);
	publish(world, "tcp", "", 9000, 3000, 10);
	expect(world->outside, "tcp", "192.0.2.1", 9000, "first from 192.0.2.2");
	expect(world->outside, "tcp", "192.0.2.1", 9009, "last from 192.0.2.2");
	expect(world->host, "tcp", "192.0.2.1", 9009, "last from 172.18.0.1");
	expect(world->outside, "tcp", "192.0.2.1", 9010, "refused");
	expect(world->outside, "tcp", "192.0.2.1", 3000, "refused");

	unpublish(world, "tcp", "", 9000, 3000, 10);
	expect(world->outside, "tcp", "192.0.2.1", 9000, "refused");
}

/* Which of the ports is meant does not depend on what else the client has open. */
static void shifted_range_is_a_mapping(World *world)
{
	static const char *const protocols[] = { "tcp", "udp" };
	static const char *const addresses[] = { "192.0.2.1", "192.0.2.3", "198.51.100.1" };
	int app = web_with_app(world);

	for (guint i = 0; i < G_N_ELEMENTS(protocols); i++) {
		int flows[G_N_ELEMENTS(addresses)];

		listener_open(app, "first", protocols[i], NULL, 80);
		listener_open(app, "second", protocols[i], NULL, 81);
		publish(world, protocols[i], "", 5005, 80, 2);
		for (guint f = 0; f < G_N_ELEMENTS(flows); f++) {
			flows[f] = flow_open_from(world->outside, protocols[i], 40000, addresses[f], 5006);
			expect_flow(flows[f], "second from 192.0.2.2");
		}
		for (guint f = 0; f < G_N_ELEMENTS(flows); f++)
			close(flows[f]);
	}
}

static void one_host_address(World *world)
{
	int app = web_with_app(world);

	listener_open(app, "app", "tcp", NULL, 80);
	listener_open(world->host, "host", "tcp", "192.0.2.1", 8080);
	publish(world, "tcp", "192.0.2.3", 8080, 80, 1);
	expect(world->outside, "tcp", "192.0.2.3", 8080, "app from 192.0.2.2");
	expect(world->outside, "tcp", "192.0.2.1", 8080, "host from 192.0.2.2");
	expect(world->elsewhere, "tcp", "198.51.100.1", 8080, "refused");

	unpublish(world, "tcp", "192.0.2.3", 8080, 80, 1);
	expect(world->outside, "tcp", "192.0.2.3", 8080, "refused");
}

static guint16 publish_anywhere(World *world)
{
	sd_bus_message *reply;
	guint16 port = 0, endpoint_port = 0, count = 0;
	const char *protocol = "", *address = "";

	reply = call_reply(world->bus, APP, "Endpoint", "Publish", "a(ssqqq)", 1, "tcp", "", 0, 80, 1);
	if (reply) {
		sd_bus_message_read(reply, "a(ssqqq)", 1, &protocol, &address, &port, &endpoint_port, &count);
		g_assert_cmpstr(protocol, ==, "tcp");
		g_assert_cmpuint(endpoint_port, ==, 80);
		g_assert_cmpuint(count, ==, 1);
	}
	sd_bus_message_unref(reply);
	return port;
}

/* What the administrator keeps back is left out. */
static void allocated_beside_reserved(World *world)
{
	static const struct {
		const char *reserved;
		guint16 left;
	} cases[] = {
		{ "40000-40002", 40003 },
		{ "40001-40003", 40000 },
		{ "40000,40002-40003", 40001 },
		{ "1,40000-40001,40003,65535", 40002 },
		{ "39000-40002,40004-50000", 40003 },
	};

	web_with_app(world);
	netns_sysctl(world->host, "net/ipv4/ip_local_port_range", "40000 40003");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		netns_sysctl(world->host, "net/ipv4/ip_local_reserved_ports", cases[i].reserved);
		g_assert_cmpuint(publish_anywhere(world), ==, cases[i].left);
		g_assert_cmpstr(call_error(world->bus, APP, "Endpoint", "Publish", "a(ssqqq)", 1, "tcp", "", 0, 80, 1),
				==, "PortsExhausted");
		unpublish(world, "tcp", "", cases[i].left, 80, 1);
	}
	/* Who asks for one by its number gets it. */
	publish(world, "tcp", "", 40000, 80, 1);
}

static void allocated(World *world)
{
	int app = web_with_app(world);
	guint16 one, other;

	netns_sysctl(world->host, "net/ipv4/ip_local_port_range", "40000 40003");
	listener_open(world->host, "host", "tcp", NULL, 40001);
	listener_open(app, "app", "tcp", NULL, 80);
	one = publish_anywhere(world);
	other = publish_anywhere(world);
	g_assert_cmpuint(one, !=, other);
	g_assert_cmpuint(one, !=, 40001);
	g_assert_cmpuint(other, !=, 40001);
	g_assert_true(one >= 40000 && one <= 40003 && other >= 40000 && other <= 40003);
	expect(world->outside, "tcp", "192.0.2.1", one, "app from 192.0.2.2");
	expect(world->outside, "tcp", "192.0.2.1", other, "app from 192.0.2.2");
	expect(world->outside, "tcp", "192.0.2.1", 40001, "host from 192.0.2.2");

	/* The first rule goes with its last user only: both host ports end at port 80. */
	unpublish(world, "tcp", "", one, 80, 1);
	expect(world->outside, "tcp", "192.0.2.1", one, "refused");
	expect(world->outside, "tcp", "192.0.2.1", other, "app from 192.0.2.2");

	publish_anywhere(world);
	publish_anywhere(world);
	g_assert_cmpstr(call_error(world->bus, APP, "Endpoint", "Publish", "a(ssqqq)", 1, "tcp", "", 0, 80, 1), ==,
			"PortsExhausted");
}

static void taken_port(World *world)
{
	int app = web_with_app(world);

	listener_open(app, "app", "tcp", NULL, 80);
	listener_open(world->host, "host", "tcp", NULL, 8081);
	/* All or nothing: the free port of the same list must not be opened. */
	g_assert_cmpstr(call_error(world->bus, APP, "Endpoint", "Publish", "a(ssqqq)", 2, "tcp", "", 8080, 80, 1, "tcp",
				   "", 8081, 80, 1),
			==, "PortInUse");
	expect(world->outside, "tcp", "192.0.2.1", 8080, "refused");
	expect(world->outside, "tcp", "192.0.2.1", 8081, "host from 192.0.2.2");
	g_assert_true(listener_possible(world->host, "tcp", "0.0.0.0", 8080));

	/* Published, it is the host's no longer; another protocol is another port. */
	publish(world, "tcp", "", 8080, 80, 1);
	g_assert_false(listener_possible(world->host, "tcp", "0.0.0.0", 8080));
	g_assert_false(listener_possible(world->host, "tcp", "192.0.2.1", 8080));
	g_assert_true(listener_possible(world->host, "udp", "0.0.0.0", 8080));
	g_assert_cmpstr(
		call_error(world->bus, APP, "Endpoint", "Publish", "a(ssqqq)", 1, "tcp", "192.0.2.1", 8080, 81, 1), ==,
		"PortInUse");
	expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");

	unpublish(world, "tcp", "", 8080, 80, 1);
	g_assert_true(listener_possible(world->host, "tcp", "0.0.0.0", 8080));
}

/* A program on the host that had a client on port 8080, and closes first. keep: what it closes last. */
static void serve_once(World *world, gboolean reuse, gboolean keep)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(8080) };
	int listener, client, server;

	netns_enter(world->host);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_no_errno(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse));
	g_assert_no_errno(bind(listener, (struct sockaddr *)&address, sizeof address));
	g_assert_no_errno(listen(listener, 1));
	netns_enter(world->outside);
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	address.sin_addr.s_addr = inet_addr("192.0.2.1");
	g_assert_no_errno(connect(client, (struct sockaddr *)&address, sizeof address));
	netns_enter(world->host);
	server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	g_assert_cmpint(server, >=, 0);
	close(listener);
	if (keep) {
		g_assert_cmpstr(
			call_error(world->bus, APP, "Endpoint", "Publish", "a(ssqqq)", 1, "tcp", "", 8080, 80, 1), ==,
			"PortInUse");
	}
	close(server);
	g_assert_cmpint(read(client, &(char){ 0 }, 1), ==, 0);
	close(client);
}

/* What is left of its connections keeps the port from nobody; its connections do. */
static void left_over(World *world)
{
	int app = web_with_app(world);

	listener_open(app, "app", "tcp", NULL, 80);
	for (guint i = 0; i < 4; i++) {
		g_test_message("%s, %s", i & 1 ? "SO_REUSEADDR" : "without", i & 2 ? "with a connection" : "done");
		serve_once(world, i & 1, i & 2);
		publish(world, "tcp", "", 8080, 80, 1);
		expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");
		if (i & 1)
			g_assert_false(listener_possible(world->host, "tcp", "0.0.0.0", 8080));
		unpublish(world, "tcp", "", 8080, 80, 1);
		/* What is left of those without the option would be in the way of the next program. */
		netns_run(world->host, "ss --kill state time-wait sport = 8080");
	}
}

/* Where any port would do, one that needs more than a try is none of them; by its number it is to be had. */
static void left_over_is_not_chosen(World *world)
{
	web_with_app(world);
	netns_sysctl(world->host, "net/ipv4/ip_local_port_range", "8080 8081");
	serve_once(world, FALSE, FALSE);
	g_assert_cmpuint(publish_anywhere(world), ==, 8081);
	g_assert_cmpstr(call_error(world->bus, APP, "Endpoint", "Publish", "a(ssqqq)", 1, "tcp", "", 0, 80, 1), ==,
			"PortsExhausted");
	publish(world, "tcp", "", 8080, 80, 1);
}

static void wait_until_held(World *world)
{
	/* Whoever looks has it for a moment. */
	while (listener_possible(world->host, "tcp", "0.0.0.0", 8080))
		g_usleep(300000);
}

/* What could not be held at first is held as soon as it can be: what a program had, and what it left. */
static void held_later(World *world)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(8080) };
	int program, before;

	web_with_app(world);
	serve_once(world, FALSE, FALSE);
	publish(world, "tcp", "", 8080, 80, 1);
	netns_run(world->host, "ss --kill state time-wait sport = 8080");
	wait_until_held(world);
	unpublish(world, "tcp", "", 8080, 80, 1);
	g_assert_true(listener_possible(world->host, "tcp", "0.0.0.0", 8080));

	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "kept", 3, "Subnets", "as", 1, "172.19.0.0/16",
	     "Persistent", "b", TRUE, "Endpoints", "a(sa{sv})", 1, "app", 3, "Addresses", "as", 1, "172.19.0.2",
	     "Persistent", "b", TRUE, "Ports", "a(ssqqq)", 1, "tcp", "", 8080, 80, 1);
	g_assert_no_errno(kill(world->service, SIGKILL));
	before = netns_current();
	netns_enter(world->host);
	program = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	while (bind(program, (struct sockaddr *)&address, sizeof address) < 0)
		g_usleep(1000);
	netns_enter(before);
	close(before);
	world_restart_service(world);
	close(program);
	wait_until_held(world);
}

/* A flow that connection tracking knows does not pass the DNAT rule again: taking the rule away would not end
 * it. */
static void udp_flow_ends(World *world)
{
	int app = web_with_app(world), flow;

	listener_open(app, "app", "udp", NULL, 53);
	publish(world, "udp", "", 5300, 53, 1);
	flow = flow_open(world->outside, "udp", "192.0.2.1", 5300);
	expect_flow(flow, "app from 192.0.2.2");
	expect_flow(flow, "app from 192.0.2.2");
	unpublish(world, "udp", "", 5300, 53, 1);
	expect_flow(flow, "refused");
	close(flow);
}

/* Likewise the other way round: a flow that led to the host itself before the port was published. */
static void udp_flow_begins(World *world)
{
	int app = web_with_app(world), flow;

	listener_open(world->host, "host", "udp", NULL, 5300);
	flow = flow_open(world->outside, "udp", "192.0.2.1", 5300);
	expect_flow(flow, "host from 192.0.2.2");
	listeners_close();
	listener_open(app, "app", "udp", NULL, 53);
	publish(world, "udp", "", 5300, 53, 1);
	expect_flow(flow, "app from 192.0.2.2");
	close(flow);
}

static void endpoint_deleted(World *world)
{
	int app = web_with_app(world), flow;

	listener_open(app, "app", "tcp", NULL, 80);
	listener_open(app, "app", "udp", NULL, 53);
	publish(world, "tcp", "", 8080, 80, 1);
	publish(world, "udp", "", 5300, 53, 1);
	flow = flow_open(world->outside, "udp", "192.0.2.1", 5300);
	expect_flow(flow, "app from 192.0.2.2");
	call(world->bus, APP, "Endpoint", "Delete", NULL);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "refused");
	expect_flow(flow, "refused");
	g_assert_true(listener_possible(world->host, "tcp", "0.0.0.0", 8080));
	close(flow);
}

/* As many as are looked through beside the loop: nobody is answered before, and what others have stays. */
static void among_connections(World *world, void (*run)(World *world))
{
	const guint count = 10000;
	g_autofree char *left = NULL;

	connections_fill(count, AF_INET, 1);
	connections_fill(count, AF_INET6, 1);
	run(world);
	left = netns_output(world->host, "conntrack -C");
	g_assert_cmpuint(atoi(left), >=, 2 * count);
}

static void udp_flow_ends_among(World *world)
{
	among_connections(world, udp_flow_ends);
}

static void udp_flow_begins_among(World *world)
{
	among_connections(world, udp_flow_begins);
}

static void endpoint_deleted_among(World *world)
{
	among_connections(world, endpoint_deleted);
}

static int on_committed(sd_bus_message *signal G_GNUC_UNUSED, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	*(bool *)userdata = true;
	return 0;
}

/* The rules have changed, old connections are being ended, and whoever asked for it leaves before he is answered. */
static void caller_leaves_meanwhile(World *world)
{
	sd_bus_slot *slot = NULL;
	bool committed;

	web_with_app(world);
	connections_fill(60000, AF_INET, 100);
	g_assert_cmpint(sd_bus_match_signal(world->bus, &slot, "org.example.NetFilter", "/org/example/NetFilter",
					    "org.example.NetFilter.Manager", "RulesCommitted", on_committed,
					    &committed),
			>=, 0);
	for (guint i = 0; i < 10; i++) {
		sd_bus *caller = bus_connect();
		sd_bus_message *message = NULL;

		g_assert_cmpint(sd_bus_message_new_method_call(
					caller, &message, "org.example.NetFilter", "/org/example/NetFilter" APP,
					"org.example.NetFilter.Endpoint", i % 2 ? "Unpublish" : "Publish"),
				>=, 0);
		g_assert_cmpint(sd_bus_message_append(message, "a(ssqqq)", 1, "udp", "", CONNECTIONS_PORT, 53, 1), >=,
				0);
		committed = false;
		g_assert_cmpint(sd_bus_send(caller, message, NULL), >=, 0);
		sd_bus_flush(caller);
		while (!committed)
			if (sd_bus_process(world->bus, NULL) == 0)
				sd_bus_wait(world->bus, UINT64_MAX);
		sd_bus_close(caller);
		sd_bus_message_unref(message);
		sd_bus_unref(caller);
		call(world->bus, "/network/web", "Network", "DeleteEndpoint", "s", "none");
	}
	sd_bus_slot_unref(slot);
}

static const Scenario scenarios[] = {
	{ "/publish/tcp", tcp },
	{ "/publish/udp", udp },
	{ "/publish/no-hairpin", no_hairpin, "ContainerPublish=no" },
	{ "/publish/range", range },
	{ "/publish/shifted-range", shifted_range },
	{ "/publish/shifted-range-is-a-mapping", shifted_range_is_a_mapping },
	{ "/publish/one-host-address", one_host_address },
	{ "/publish/allocated", allocated },
	{ "/publish/allocated-beside-reserved", allocated_beside_reserved },
	{ "/publish/taken-port", taken_port },
	{ "/publish/left-over", left_over },
	{ "/publish/left-over-is-not-chosen", left_over_is_not_chosen },
	{ "/publish/held-later", held_later },
	{ "/publish/udp-flow-ends", udp_flow_ends },
	{ "/publish/udp-flow-begins", udp_flow_begins },
	{ "/publish/endpoint-deleted", endpoint_deleted },
	{ "/publish/caller-leaves-meanwhile", caller_leaves_meanwhile },
	{ "/publish/udp-flow-ends-among-connections", udp_flow_ends_among },
	{ "/publish/udp-flow-begins-among-connections", udp_flow_begins_among },
	{ "/publish/endpoint-deleted-among-connections", endpoint_deleted_among },
	{ "/publish/hairpin", hairpin, "Hairpin=yes" },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
