/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/world.h"

#define PARENT "/network/web/endpoint/parent"
#define CHILD "/network/web/endpoint/child"
#define CHILD_OBJECT "/org/example/NetFilter" CHILD

static void link_in(World *world, const char *subnet, const char *parent_address, const char *child_address,
		    const char *gateway, const Place *parent_place, const Place *child_place)
{
	g_autofree char *child_answer = g_strconcat("child from ", parent_address, NULL);
	g_autofree char *host_answer = g_strconcat("child from ", gateway, NULL);
	int parent, child, flows[3];

	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "web", 3, "Subnets", "as", 1, subnet, "Bridge", "s",
	     "br-web", "InterContainerCommunication", "b", FALSE);
	call(world->bus, "/network/web", "Network", "CreateEndpoints", "a(sa{sv})", 2, "parent", 1, "Addresses", "as",
	     1, parent_address, "child", 1, "Addresses", "as", 1, child_address);
	parent = world_container(world, parent_place);
	child = world_container(world, child_place);
	listener_open(child, "child", "tcp", NULL, 5432);
	listener_open(child, "child", "tcp", NULL, 22);
	listener_open(child, "child", "udp", NULL, 53);
	listener_open(parent, "parent", "tcp", NULL, 5432);
	expect(parent, "tcp", child_address, 5432, "silence");

	call(world->bus, PARENT, "Endpoint", "Link", "oa(sq)", CHILD_OBJECT, 2, "tcp", 5432, "udp", 53);
	expect(parent, "tcp", child_address, 5432, child_answer);
	expect(parent, "udp", child_address, 53, child_answer);
	expect(parent, "tcp", child_address, 22, "silence");
	expect(child, "tcp", parent_address, 5432, "silence");

	/* What goes on through it ends with it, and stays when ports are added. */
	flows[0] = flow_open(parent, "tcp", child_address, 5432);
	flows[1] = flow_open(parent, "udp", child_address, 53);
	flows[2] = flow_open(world->host, "tcp", child_address, 5432);
	call(world->bus, PARENT, "Endpoint", "Link", "oa(sq)", CHILD_OBJECT, 1, "tcp", 23);
	expect_flow(flows[0], child_answer);
	expect_flow(flows[1], child_answer);
	expect_flow(flows[2], host_answer);
	call(world->bus, PARENT, "Endpoint", "Unlink", "o", CHILD_OBJECT);
	expect_flow(flows[0], "silence");
	expect_flow(flows[1], "silence");
	expect_flow(flows[2], host_answer);
	for (guint i = 0; i < G_N_ELEMENTS(flows); i++)
		close(flows[i]);
	expect(parent, "tcp", child_address, 5432, "silence");
	expect(parent, "udp", child_address, 53, "silence");

	/* A link ends with either end. */
	call(world->bus, PARENT, "Endpoint", "Link", "oa(sq)", CHILD_OBJECT, 1, "tcp", 5432);
	expect(parent, "tcp", child_address, 5432, child_answer);
	call(world->bus, CHILD, "Endpoint", "Delete", NULL);
	expect(parent, "tcp", child_address, 5432, "silence");
}

static void ipv4(World *world)
{
	static const Place parent = { .bridge = "br-web", .address = "172.18.0.2/16", .gateway = "172.18.0.1" };
	static const Place child = { .bridge = "br-web", .address = "172.18.0.3/16", .gateway = "172.18.0.1" };

	link_in(world, "172.18.0.0/16", "172.18.0.2", "172.18.0.3", "172.18.0.1", &parent, &child);
}

static void ipv6(World *world)
{
	static const Place parent = { .bridge = "br-web", .address6 = "fd00:18::2/64", .gateway6 = "fd00:18::1" };
	static const Place child = { .bridge = "br-web", .address6 = "fd00:18::3/64", .gateway6 = "fd00:18::1" };

	link_in(world, "fd00:18::/64", "fd00:18::2", "fd00:18::3", "fd00:18::1", &parent, &child);
}

static const Scenario scenarios[] = {
	{ "/link/ipv4", ipv4 },
	{ "/link/ipv6", ipv6 },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
