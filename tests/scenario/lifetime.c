/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/world.h"

#include <string.h>
#include <unistd.h>

static const Place app_place = { .bridge = "br-web", .address = "172.18.0.2/16", .gateway = "172.18.0.1" };
static const Place other_place = { .bridge = "br-web", .address = "172.18.0.3/16", .gateway = "172.18.0.1" };

static void web(World *world, gboolean persistent)
{
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "web", 3, "Subnets", "as", 1, "172.18.0.0/16",
	     "Bridge", "s", "br-web", "Persistent", "b", persistent);
}

static void app(World *world, gboolean persistent)
{
	call(world->bus, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "app", 3, "Addresses", "as", 1,
	     "172.18.0.2", "Ports", "a(ssqqq)", 2, "tcp", "", 8080, 80, 1, "udp", "", 5353, 53, 1, "Persistent", "b",
	     persistent);
}

/* Nobody says goodbye for a client that dies: the name that leaves the bus does. */
static void client_died(World *world)
{
	g_autofree char *rules = NULL;
	int container, flow;

	web(world, FALSE);
	app(world, FALSE);
	container = world_container(world, &app_place);
	listener_open(container, "app", "tcp", NULL, 80);
	listener_open(container, "app", "udp", NULL, 53);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");
	flow = flow_open(world->outside, "udp", "192.0.2.1", 5353);
	expect_flow(flow, "app from 192.0.2.2");

	world_reconnect(world);
	wait_gone(world->bus, "/network/web");
	expect(world->outside, "tcp", "192.0.2.1", 8080, "refused");
	expect_flow(flow, "refused");
	expect(world->outside, "tcp", "172.18.0.2", 80, "silence");
	rules = world_rules(world, "iptables");
	g_assert_null(strstr(rules, "br-web"));
	close(flow);
}

static void persistent(World *world)
{
	int container;

	web(world, TRUE);
	app(world, TRUE);
	container = world_container(world, &app_place);
	listener_open(container, "app", "tcp", NULL, 80);
	world_reconnect(world);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");
	call(world->bus, "/network/web", "Network", "Delete", NULL);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "refused");
	g_assert_cmpstr(call_error(world->bus, "", "Manager", "GetNetwork", "s", "web"), ==, "NoSuchNetwork");
}

/* A second client's endpoint in the first one's network, and its death alone. */
static void one_of_two_clients_died(World *world)
{
	sd_bus *client = bus_connect();

	web(world, FALSE);
	app(world, FALSE);
	call(client, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "other", 2, "Addresses", "as", 1,
	     "172.18.0.3", "Ports", "a(ssqqq)", 1, "tcp", "", 8081, 80, 1);
	listener_open(world_container(world, &app_place), "app", "tcp", NULL, 80);
	listener_open(world_container(world, &other_place), "other", "tcp", NULL, 80);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");
	expect(world->outside, "tcp", "192.0.2.1", 8081, "other from 192.0.2.2");

	sd_bus_flush_close_unref(client);
	wait_gone(world->bus, "/network/web/endpoint/other");
	expect(world->outside, "tcp", "192.0.2.1", 8081, "refused");
	expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");
}

/* An endpoint that lives with a descriptor, whoever made it: here a pipe, as easily a pidfd. */
static void descriptor(World *world)
{
	sd_bus *client = bus_connect();
	int ends[2];

	web(world, FALSE);
	g_assert_no_errno(pipe(ends));
	call(client, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "other", 3, "Addresses", "as", 1,
	     "172.18.0.3", "Ports", "a(ssqqq)", 1, "tcp", "", 8081, 80, 1, "LifetimeFd", "h", ends[0]);
	close(ends[0]);
	sd_bus_flush_close_unref(client);
	listener_open(world_container(world, &other_place), "other", "tcp", NULL, 80);
	expect(world->outside, "tcp", "192.0.2.1", 8081, "other from 192.0.2.2");

	close(ends[1]);
	wait_gone(world->bus, "/network/web/endpoint/other");
	expect(world->outside, "tcp", "192.0.2.1", 8081, "refused");
}

static void timeout(World *world)
{
	web(world, FALSE);
	call(world->bus, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "other", 3, "Addresses", "as", 1,
	     "172.18.0.3", "Ports", "a(ssqqq)", 1, "tcp", "", 8081, 80, 1, "TimeoutUSec", "t",
	     (guint64)(3 * G_TIME_SPAN_SECOND));
	listener_open(world_container(world, &other_place), "other", "tcp", NULL, 80);
	expect(world->outside, "tcp", "192.0.2.1", 8081, "other from 192.0.2.2");
	wait_gone(world->bus, "/network/web/endpoint/other");
	expect(world->outside, "tcp", "192.0.2.1", 8081, "refused");
}

/* A crash is nobody's deletion: connections go on, new ones find their way, and the caller is still the
 * owner. */
static void service_crashed(World *world)
{
	int container, tcp, udp;

	web(world, FALSE);
	app(world, TRUE);
	container = world_container(world, &app_place);
	listener_open(container, "app", "tcp", NULL, 80);
	listener_open(container, "app", "udp", NULL, 53);
	tcp = flow_open(world->outside, "tcp", "192.0.2.1", 8080);
	udp = flow_open(world->outside, "udp", "192.0.2.1", 5353);
	expect_flow(tcp, "app from 192.0.2.2");
	expect_flow(udp, "app from 192.0.2.2");

	world_restart_service(world);
	expect_flow(tcp, "app from 192.0.2.2");
	expect_flow(udp, "app from 192.0.2.2");
	expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");
	g_assert_false(listener_possible(world->host, "tcp", "0.0.0.0", 8080));

	world_reconnect(world);
	wait_gone(world->bus, "/network/web");
	expect(world->outside, "tcp", "192.0.2.1", 8080, "refused");
	expect_flow(udp, "refused");
	close(tcp);
	close(udp);
}

static const Scenario scenarios[] = {
	{ "/lifetime/client-died", client_died },
	{ "/lifetime/persistent", persistent },
	{ "/lifetime/one-of-two-clients-died", one_of_two_clients_died },
	{ "/lifetime/descriptor", descriptor },
	{ "/lifetime/timeout", timeout },
	{ "/lifetime/service-crashed", service_crashed },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
