/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/world.h"

#include <string.h>
#include <unistd.h>

static const Place gateway_place = { .bridge = "br-gw", .address = "172.18.0.2/16", .gateway = "172.18.0.1" };
static const Place app_place = { .bridge = "br-web", .address = "172.19.0.2/16", .gateway = "172.19.0.1" };

#define INGRESS "/ingress/mesh"

/* The gateway bridge as a swarm has it, without communication, and the ingress that leads there. */
static int mesh(World *world)
{
	int gateway;

	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "gw", 3, "Subnets", "as", 1, "172.18.0.0/16",
	     "Bridge", "s", "br-gw", "InterContainerCommunication", "b", FALSE);
	call(world->bus, "", "Manager", "CreateIngress", "sa{sv}", "mesh", 2, "Gateway", "s", "172.18.0.2", "Ports",
	     "a(sq)", 1, "tcp", 4510);
	gateway = world_container(world, &gateway_place);
	listener_open(gateway, "mesh", "tcp", NULL, 4510);
	listener_open(gateway, "mesh", "udp", NULL, 4511);
	listener_open(gateway, "mesh", "tcp", NULL, 4512);
	return gateway;
}

static void reached(World *world)
{
	g_autofree char *rules = NULL;
	int app;

	mesh(world);
	expect(world->outside, "tcp", "192.0.2.1", 4510, "mesh from 192.0.2.2");
	expect(world->outside, "udp", "192.0.2.1", 4511, "refused");
	expect(world->outside, "tcp", "192.0.2.1", 4512, "refused");
	expect(world->outside, "tcp", "172.18.0.2", 4512, "silence");
	expect(world->host, "tcp", "192.0.2.1", 4510, "mesh from 172.18.0.1");
	expect(world->host, "tcp", "127.0.0.1", 4510, "mesh from 172.18.0.1");

	call(world->bus, INGRESS, "Ingress", "Publish", "a(sq)", 1, "udp", 4511);
	expect(world->outside, "udp", "192.0.2.1", 4511, "mesh from 192.0.2.2");
	expect(world->host, "udp", "127.0.0.1", 4511, "mesh from 172.18.0.1");

	/* The mesh is for other networks' containers as well: it stands above isolation. */
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "web", 2, "Subnets", "as", 1, "172.19.0.0/16",
	     "Bridge", "s", "br-web");
	app = world_container(world, &app_place);
	expect(app, "tcp", "192.0.2.1", 4510, "mesh from 172.18.0.1");
	expect(app, "tcp", "172.18.0.2", 4512, "silence");

	call(world->bus, INGRESS, "Ingress", "Delete", NULL);
	expect(world->outside, "tcp", "192.0.2.1", 4510, "refused");
	expect(world->outside, "udp", "192.0.2.1", 4511, "refused");
	expect(world->host, "tcp", "127.0.0.1", 4510, "refused");
	rules = world_rules(world, "iptables");
	g_assert_null(strstr(rules, "DOCKER-INGRESS"));
}

/* Two services may publish the same port: it is closed with the last of them. */
static void counted(World *world)
{
	mesh(world);
	call(world->bus, INGRESS, "Ingress", "Publish", "a(sq)", 1, "tcp", 4510);
	call(world->bus, INGRESS, "Ingress", "Unpublish", "a(sq)", 1, "tcp", 4510);
	expect(world->outside, "tcp", "192.0.2.1", 4510, "mesh from 192.0.2.2");
	call(world->bus, INGRESS, "Ingress", "Unpublish", "a(sq)", 1, "tcp", 4510);
	expect(world->outside, "tcp", "192.0.2.1", 4510, "refused");
}

static void taken_port(World *world)
{
	mesh(world);
	listener_open(world->host, "host", "tcp", NULL, 4512);
	g_assert_cmpstr(call_error(world->bus, INGRESS, "Ingress", "Publish", "a(sq)", 2, "udp", 4511, "tcp", 4512), ==,
			"PortInUse");
	expect(world->outside, "tcp", "192.0.2.1", 4512, "host from 192.0.2.2");
	expect(world->outside, "udp", "192.0.2.1", 4511, "refused");
	g_assert_false(listener_possible(world->host, "tcp", "0.0.0.0", 4510));
}

static void udp_flow_ends(World *world)
{
	int flow;

	mesh(world);
	call(world->bus, INGRESS, "Ingress", "Publish", "a(sq)", 1, "udp", 4511);
	flow = flow_open(world->outside, "udp", "192.0.2.1", 4511);
	expect_flow(flow, "mesh from 192.0.2.2");
	call(world->bus, INGRESS, "Ingress", "Unpublish", "a(sq)", 1, "udp", 4511);
	expect_flow(flow, "refused");
	close(flow);
}

static void client_died(World *world)
{
	sd_bus *client = bus_connect();

	mesh(world);
	call(client, "", "Manager", "CreateIngress", "sa{sv}", "other", 2, "Gateway", "s", "172.18.0.2", "Ports",
	     "a(sq)", 1, "tcp", 4512);
	expect(world->outside, "tcp", "192.0.2.1", 4512, "mesh from 192.0.2.2");
	sd_bus_flush_close_unref(client);
	wait_gone(world->bus, "/ingress/other");
	expect(world->outside, "tcp", "192.0.2.1", 4512, "refused");
	expect(world->outside, "tcp", "192.0.2.1", 4510, "mesh from 192.0.2.2");
}

static void expect_island(World *world, int island)
{
	expect(island, "tcp", "192.0.2.2", 9003, "silence");
	expect(island, "udp", "192.0.2.2", 9003, "silence");
	expect(world->outside, "tcp", "172.20.0.2", 9003, "silence");
	expect(world->outside, "udp", "172.20.0.2", 9003, "silence");
}

/* An ingress's port is open to where its packets go, but not for what an internal network keeps in. */
static void internal_network(World *world)
{
	static const Place place = { .bridge = "br-in", .address = "172.20.0.2/16", .gateway = "172.20.0.1" };
	int gateway = mesh(world), island;

	listener_open(gateway, "mesh", "tcp", NULL, 9003);
	listener_open(world->outside, "outside", "tcp", NULL, 9003);
	listener_open(world->outside, "outside", "udp", NULL, 9003);
	call(world->bus, INGRESS, "Ingress", "Publish", "a(sq)", 2, "tcp", 9003, "udp", 9003);
	for (guint i = 0; i < 2; i++) {
		call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "in", 3, "Subnets", "as", 1, "172.20.0.0/16",
		     "Bridge", "s", "br-in", "Internal", "b", TRUE);
		island = world_container(world, &place);
		listener_open(island, "island", "tcp", NULL, 9003);
		listener_open(island, "island", "udp", NULL, 9003);
		expect_island(world, island);
		expect(world->outside, "tcp", "192.0.2.1", 9003, "mesh from 192.0.2.2");
		/* The same where the ingress comes after the network. */
		call(world->bus, INGRESS, "Ingress", "Delete", NULL);
		expect_island(world, island);
		call(world->bus, "", "Manager", "CreateIngress", "sa{sv}", "mesh", 2, "Gateway", "s", "172.18.0.2",
		     "Ports", "a(sq)", 2, "tcp", 9003, "udp", 9003);
		expect_island(world, island);
		call(world->bus, "/network/in", "Network", "Delete", NULL);
	}
}

/* A network of which an ingress's ports are none, and its two endpoints. */
static void make_red(World *world, int red[static 2])
{
	static const Place places[] = {
		{ .bridge = "br-red", .address = "172.21.0.2/16", .gateway = "172.21.0.1" },
		{ .bridge = "br-red", .address = "172.21.0.3/16", .gateway = "172.21.0.1" },
	};

	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "red", 3, "Subnets", "as", 1, "172.21.0.0/16",
	     "Bridge", "s", "br-red", "InterContainerCommunication", "b", FALSE);
	for (guint i = 0; i < 2; i++) {
		red[i] = world_container(world, &places[i]);
		listener_open(red[i], "red", "tcp", NULL, 4510);
	}
}

static void expect_red(World *world, int red, bool open)
{
	expect(red, "tcp", "172.21.0.3", 4510, open ? "red from 172.21.0.2" : "silence");
	expect(red, "tcp", "192.0.2.1", 4510, "mesh from 172.18.0.1");
	expect(red, "tcp", "172.18.0.2", 4510, "silence");
	expect(world->outside, "tcp", "192.0.2.1", 4510, "mesh from 192.0.2.2");
}

static void siblings(World *world)
{
	static const Place beside = { .bridge = "br-gw", .address = "172.18.0.3/16", .gateway = "172.18.0.1" };
	int red[2], sibling;

	mesh(world);
	make_red(world, red);
	expect_red(world, red[0], false);

	call(world->bus, "/network/red", "Network", "Update", "a{sv}", 1, "InterContainerCommunication", "b", TRUE);
	expect_red(world, red[0], true);
	call(world->bus, "/network/red", "Network", "Update", "a{sv}", 1, "InterContainerCommunication", "b", FALSE);
	expect_red(world, red[0], false);

	/* The same where the ingress comes after the network. */
	call(world->bus, INGRESS, "Ingress", "Delete", NULL);
	call(world->bus, "", "Manager", "CreateIngress", "sa{sv}", "mesh", 2, "Gateway", "s", "172.18.0.2", "Ports",
	     "a(sq)", 1, "tcp", 4510);
	expect_red(world, red[0], false);

	sibling = world_container(world, &beside);
	expect(sibling, "tcp", "172.18.0.2", 4510, "silence");
	expect(sibling, "tcp", "192.0.2.1", 4510, "mesh from 172.18.0.1");
}

/* By the gateway's own address, as by an endpoint's. */
static void unprotected(World *world)
{
	int red[2];

	mesh(world);
	make_red(world, red);
	expect(red[0], "tcp", "172.18.0.2", 4510, "mesh from 172.18.0.1");
	expect(red[0], "tcp", "172.18.0.2", 4512, "silence");
}

static const Scenario scenarios[] = {
	{ "/ingress/reached", reached },         { "/ingress/counted", counted },
	{ "/ingress/taken-port", taken_port },   { "/ingress/udp-flow-ends", udp_flow_ends },
	{ "/ingress/client-died", client_died }, { "/ingress/internal-network", internal_network },
	{ "/ingress/siblings", siblings },       { "/ingress/unprotected", unprotected, "ProtectEndpoints=no" },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
