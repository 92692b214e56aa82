/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/world.h"

#include <string.h>
#include <unistd.h>

static const Place app_place = { .bridge = "br-web",
				 .address = "172.18.0.2/16",
				 .gateway = "172.18.0.1",
				 .address6 = "fd00:18::2/64",
				 .gateway6 = "fd00:18::1" };
static const Place app6_place = { .bridge = "br-web", .address6 = "fd00:18::2/64", .gateway6 = "fd00:18::1" };
static const Place sibling_place = { .bridge = "br-web", .address6 = "fd00:18::3/64", .gateway6 = "fd00:18::1" };
static const Place blue_place = { .bridge = "br-blue", .address6 = "fd00:19::2/64", .gateway6 = "fd00:19::1" };

#define APP "/network/web/endpoint/app"

static void web6(World *world, const char *switch_name, gboolean on)
{
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "web", 3, "Subnets", "as", 1, "fd00:18::/64",
	     "Bridge", "s", "br-web", switch_name, "b", on);
	call(world->bus, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "app", 1, "Addresses", "as", 1,
	     "fd00:18::2");
}

/* One mapping without a host address opens the port in both families. */
static void both_families(World *world)
{
	int app;

	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "web", 2, "Subnets", "as", 2, "172.18.0.0/16",
	     "fd00:18::/64", "Bridge", "s", "br-web");
	call(world->bus, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "app", 2, "Addresses", "as", 2,
	     "172.18.0.2", "fd00:18::2", "Ports", "a(ssqqq)", 2, "tcp", "", 8080, 80, 1, "udp", "", 5353, 53, 1);
	app = world_container(world, &app_place);
	listener_open(app, "app", "tcp", NULL, 80);
	listener_open(app, "app", "udp", NULL, 53);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");
	expect(world->outside, "tcp", "2001:db8:1::1", 8080, "app from 2001:db8:1::2");
	expect(world->outside, "udp", "2001:db8:1::1", 5353, "app from 2001:db8:1::2");
	expect(world->elsewhere, "tcp", "2001:db8:1::1", 8080, "app from 2001:db8:2::2");
	expect(world->outside, "tcp", "2001:db8:1::1", 8081, "refused");

	call(world->bus, APP, "Endpoint", "Unpublish", "a(ssqqq)", 1, "tcp", "", 8080, 80, 1);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "refused");
	expect(world->outside, "tcp", "2001:db8:1::1", 8080, "refused");
	expect(world->outside, "udp", "2001:db8:1::1", 5353, "app from 2001:db8:1::2");
}

static void create_app(World *world)
{
	call(world->bus, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "app", 2, "Addresses", "as", 2,
	     "172.18.0.2", "fd00:18::2", "Ports", "a(ssqqq)", 1, "tcp", "", 8080, 80, 1);
}

/* Another container in its place, with another MAC address, that says nothing by itself. */
static void another_in_its_place(World *world)
{
	int first, second;

	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "web", 2, "Subnets", "as", 2, "172.18.0.0/16",
	     "fd00:18::/64", "Bridge", "s", "br-web");
	/* Without it the bridge would have no carrier for a moment, and forget all. */
	world_container(world, &sibling_place);
	create_app(world);
	first = world_container(world, &app_place);
	listener_open(first, "first", "tcp", NULL, 80);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "first from 192.0.2.2");
	expect(world->outside, "tcp", "2001:db8:1::1", 8080, "first from 2001:db8:1::2");
	call(world->bus, APP, "Endpoint", "Delete", NULL);
	netns_run(first, "ip link set eth0 down");

	create_app(world);
	second = world_container(world, &app_place);
	listener_open(second, "second", "tcp", NULL, 80);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "second from 192.0.2.2");
	expect(world->outside, "tcp", "2001:db8:1::1", 8080, "second from 2001:db8:1::2");
}

/* Two addresses are a network: the gateway's and the endpoint's. */
static void smallest_subnets(World *world)
{
	static const Place place = { .bridge = "br-web",
				     .address = "172.18.0.3/31",
				     .gateway = "172.18.0.2",
				     .address6 = "fd00:18::3/127",
				     .gateway6 = "fd00:18::2" };
	int app;

	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "web", 2, "Subnets", "as", 2, "172.18.0.2/31",
	     "fd00:18::2/127", "Bridge", "s", "br-web");
	call(world->bus, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "app", 2, "Allocate", "as", 2, "ipv4",
	     "ipv6", "Ports", "a(ssqqq)", 2, "tcp", "", 8080, 80, 1, "tcp", "127.0.0.1", 8081, 80, 1);
	app = world_container(world, &place);
	listener_open(app, "app", "tcp", NULL, 80);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");
	expect(world->outside, "tcp", "2001:db8:1::1", 8080, "app from 2001:db8:1::2");
	expect(world->host, "tcp", "127.0.0.1", 8081, "app from 172.18.0.2");
	listener_open(world->outside, "outside", "tcp", NULL, 9000);
	expect(app, "tcp", "192.0.2.2", 9000, "outside from 192.0.2.1");
	expect(app, "tcp", "2001:db8:1::2", 9000, "outside from 2001:db8:1::1");
}

/* New interfaces of the host have no IPv6, but for those of networks that have it. */
static void disabled_by_default(World *world)
{
	int app;

	netns_run(world->host, "sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "web", 2, "Subnets", "as", 2, "172.18.0.0/16",
	     "fd00:18::/64", "Bridge", "s", "br-web");
	create_app(world);
	app = world_container(world, &app_place);
	listener_open(app, "app", "tcp", NULL, 80);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");
	expect(world->outside, "tcp", "2001:db8:1::1", 8080, "app from 2001:db8:1::2");
	listener_open(world->outside, "outside", "tcp", NULL, 9000);
	expect(app, "tcp", "2001:db8:1::2", 9000, "outside from 2001:db8:1::1");
}

static void one_host_address(World *world)
{
	int app;

	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "web", 2, "Subnets", "as", 2, "172.18.0.0/16",
	     "fd00:18::/64", "Bridge", "s", "br-web");
	call(world->bus, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "app", 2, "Addresses", "as", 2,
	     "172.18.0.2", "fd00:18::2", "Ports", "a(ssqqq)", 1, "tcp", "2001:db8:1::1", 8080, 80, 1);
	app = world_container(world, &app_place);
	listener_open(app, "app", "tcp", NULL, 80);
	expect(world->outside, "tcp", "2001:db8:1::1", 8080, "app from 2001:db8:1::2");
	expect(world->outside, "tcp", "2001:db8:2::1", 8080, "refused");
	expect(world->outside, "tcp", "192.0.2.1", 8080, "refused");
}

static void range(World *world)
{
	int app;

	web6(world, "Masquerade", TRUE);
	app = world_container(world, &app6_place);
	listener_open(app, "first", "tcp", NULL, 3000);
	listener_open(app, "last", "tcp", NULL, 3009);
	listener_open(app, "beyond", "tcp", NULL, 3010);
	call(world->bus, APP, "Endpoint", "Publish", "a(ssqqq)", 1, "tcp", "", 9000, 3000, 10);
	expect(world->outside, "tcp", "2001:db8:1::1", 9000, "first from 2001:db8:1::2");
	expect(world->outside, "tcp", "2001:db8:1::1", 9009, "last from 2001:db8:1::2");
	expect(world->outside, "tcp", "2001:db8:1::1", 9010, "refused");
	call(world->bus, APP, "Endpoint", "Delete", NULL);
	expect(world->outside, "tcp", "2001:db8:1::1", 9009, "refused");
}

/* The host reaches them by every address but [::1], which has no way to a bridge. */
static void expect_from_the_host(World *world, int app, guint16 port, const char *source)
{
	expect(world->host, "tcp", "2001:db8:1::1", port, source);
	expect(world->host, "tcp", "::1", port, "refused");
	expect(app, "tcp", "2001:db8:1::1", port, "app from fd00:18::1");
}

static void expect_port_and_ingress(World *world, const char *source)
{
	int app = world_container(world, &app6_place);

	listener_open(app, "app", "tcp", NULL, 80);
	listener_open(app, "app", "tcp", NULL, 4510);
	call(world->bus, APP, "Endpoint", "Publish", "a(ssqqq)", 1, "tcp", "", 8080, 80, 1);
	expect_from_the_host(world, app, 8080, source);
	call(world->bus, "", "Manager", "CreateIngress", "sa{sv}", "mesh", 2, "Gateway", "s", "fd00:18::2", "Ports",
	     "a(sq)", 1, "tcp", 4510);
	expect_from_the_host(world, app, 4510, "app from fd00:18::1");
}

static void from_the_host(World *world)
{
	web6(world, "Masquerade", TRUE);
	expect_port_and_ingress(world, "app from 2001:db8:1::1");
}

static void hairpin(World *world)
{
	web6(world, "Masquerade", TRUE);
	expect_port_and_ingress(world, "app from fd00:18::1");
}

static void communication_off(World *world)
{
	int app, sibling;

	web6(world, "InterContainerCommunication", FALSE);
	app = world_container(world, &app6_place);
	sibling = world_container(world, &sibling_place);
	listener_open(app, "app", "tcp", NULL, 80);
	listener_open(app, "app", "udp", NULL, 53);
	expect(sibling, "tcp", "fd00:18::2", 80, "silence");
	expect(sibling, "udp", "fd00:18::2", 53, "silence");
	call(world->bus, "/network/web", "Network", "Update", "a{sv}", 1, "InterContainerCommunication", "b", TRUE);
	expect(sibling, "tcp", "fd00:18::2", 80, "app from fd00:18::3");
	expect(sibling, "udp", "fd00:18::2", 53, "app from fd00:18::3");
}

static void isolation(World *world)
{
	int app, blue;

	web6(world, "Masquerade", TRUE);
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "blue", 2, "Subnets", "as", 1, "fd00:19::/64",
	     "Bridge", "s", "br-blue");
	app = world_container(world, &app6_place);
	blue = world_container(world, &blue_place);
	listener_open(app, "app", "tcp", NULL, 80);
	listener_open(blue, "blue", "tcp", NULL, 80);
	expect(app, "tcp", "fd00:19::2", 80, "silence");
	expect(blue, "tcp", "fd00:18::2", 80, "silence");
	expect(world->host, "tcp", "fd00:18::2", 80, "app from fd00:18::1");
}

static void internal(World *world)
{
	int app, sibling;

	web6(world, "Internal", TRUE);
	app = world_container(world, &app6_place);
	sibling = world_container(world, &sibling_place);
	listener_open(app, "app", "tcp", NULL, 80);
	listener_open(world->outside, "outside", "tcp", NULL, 80);
	expect(app, "tcp", "2001:db8:1::2", 80, "silence");
	expect(world->outside, "tcp", "fd00:18::2", 80, "silence");
	expect(sibling, "tcp", "fd00:18::2", 80, "app from fd00:18::3");
}

static void udp_flow_ends(World *world)
{
	int app, flow;

	web6(world, "Masquerade", TRUE);
	app = world_container(world, &app6_place);
	listener_open(app, "app", "udp", NULL, 53);
	call(world->bus, APP, "Endpoint", "Publish", "a(ssqqq)", 1, "udp", "", 5353, 53, 1);
	flow = flow_open(world->outside, "udp", "2001:db8:1::1", 5353);
	expect_flow(flow, "app from 2001:db8:1::2");
	call(world->bus, APP, "Endpoint", "Unpublish", "a(ssqqq)", 1, "udp", "", 5353, 53, 1);
	expect_flow(flow, "refused");
	close(flow);
}

/* A network of one family leaves the other one's rules alone. */
static void one_family(World *world)
{
	g_autofree char *with = NULL, *rules6 = NULL;

	web6(world, "Masquerade", TRUE);
	call(world->bus, APP, "Endpoint", "Publish", "a(ssqqq)", 1, "tcp", "", 8080, 80, 1);
	with = world_rules(world, "iptables");
	rules6 = world_rules(world, "ip6tables");
	g_assert_null(strstr(with, "br-web"));
	g_assert_nonnull(strstr(rules6, "br-web"));
	call(world->bus, "/network/web", "Network", "Delete", NULL);
	g_clear_pointer(&rules6, g_free);
	rules6 = world_rules(world, "ip6tables");
	g_assert_null(strstr(rules6, "br-web"));
}

static const Scenario scenarios[] = {
	{ "/ipv6/both-families", both_families },
	{ "/ipv6/another-in-its-place", another_in_its_place },
	{ "/ipv6/smallest-subnets", smallest_subnets },
	{ "/ipv6/disabled-by-default", disabled_by_default },
	{ "/ipv6/one-host-address", one_host_address },
	{ "/ipv6/range", range },
	{ "/ipv6/from-the-host", from_the_host },
	{ "/ipv6/hairpin", hairpin, "Hairpin=yes" },
	{ "/ipv6/communication-off", communication_off },
	{ "/ipv6/isolation", isolation },
	{ "/ipv6/internal", internal },
	{ "/ipv6/udp-flow-ends", udp_flow_ends },
	{ "/ipv6/one-family", one_family },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
