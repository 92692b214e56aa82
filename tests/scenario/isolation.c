/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/said.h"
#include "tests/support/world.h"

#include <string.h>
#include <unistd.h>

static const Place red_one = { .bridge = "br-red", .address = "172.18.0.2/16", .gateway = "172.18.0.1" };
static const Place red_two = { .bridge = "br-red", .address = "172.18.0.3/16", .gateway = "172.18.0.1" };
static const Place blue_one = { .bridge = "br-blue", .address = "172.19.0.2/16", .gateway = "172.19.0.1" };

static void network(World *world, const char *name, const char *bridge, const char *subnet, const char *switch_name,
		    gboolean on)
{
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", name, 3, "Subnets", "as", 1, subnet, "Bridge", "s",
	     bridge, switch_name, "b", on);
}

static void endpoint(World *world, const char *network, const char *name, const char *address)
{
	g_autofree char *path = g_strconcat("/network/", network, NULL);

	call(world->bus, path, "Network", "CreateEndpoint", "sa{sv}", name, 1, "Addresses", "as", 1, address);
}

/* Two networks never meet, by the endpoint's address or by the other one's host port. */
static void networks(World *world)
{
	int red, blue;

	network(world, "red", "br-red", "172.18.0.0/16", "Masquerade", TRUE);
	red = world_container(world, &red_one);
	network(world, "blue", "br-blue", "172.19.0.0/16", "Masquerade", TRUE);
	blue = world_container(world, &blue_one);
	endpoint(world, "red", "one", "172.18.0.2");
	endpoint(world, "blue", "one", "172.19.0.2");
	call(world->bus, "/network/red/endpoint/one", "Endpoint", "Publish", "a(ssqqq)", 1, "tcp", "", 8080, 80, 1);
	listener_open(red, "red", "tcp", NULL, 80);
	listener_open(red, "red", "udp", NULL, 53);
	listener_open(blue, "blue", "tcp", NULL, 80);
	listener_open(blue, "blue", "udp", NULL, 53);

	expect(red, "tcp", "172.19.0.2", 80, "silence");
	expect(red, "udp", "172.19.0.2", 53, "silence");
	expect(blue, "tcp", "172.18.0.2", 80, "silence");
	expect(blue, "udp", "172.18.0.2", 53, "silence");
	expect(blue, "tcp", "192.0.2.1", 8080, "refused");
	expect(world->outside, "tcp", "192.0.2.1", 8080, "red from 192.0.2.2");
	/* The host is in every network of its own. */
	expect(world->host, "tcp", "172.18.0.2", 80, "red from 172.18.0.1");
	expect(world->host, "tcp", "172.19.0.2", 80, "blue from 172.19.0.1");

	/* A third one is apart from both, and its end leaves the others apart. */
	network(world, "green", "br-green", "172.20.0.0/16", "Masquerade", TRUE);
	call(world->bus, "/network/green", "Network", "Delete", NULL);
	expect(red, "tcp", "172.19.0.2", 80, "silence");
	expect(blue, "tcp", "172.18.0.2", 80, "silence");
}

/* In hairpin mode the host port does lead to the other bridge, and isolation must be what stops it. */
static void networks_hairpin(World *world)
{
	int red, blue;

	network(world, "red", "br-red", "172.18.0.0/16", "Masquerade", TRUE);
	network(world, "blue", "br-blue", "172.19.0.0/16", "Masquerade", TRUE);
	red = world_container(world, &red_one);
	blue = world_container(world, &blue_one);
	endpoint(world, "red", "one", "172.18.0.2");
	call(world->bus, "/network/red/endpoint/one", "Endpoint", "Publish", "a(ssqqq)", 1, "tcp", "", 8080, 80, 1);
	listener_open(red, "red", "tcp", NULL, 80);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "red from 192.0.2.2");
	expect(blue, "tcp", "192.0.2.1", 8080, "silence");
	expect(blue, "tcp", "172.18.0.2", 80, "silence");
}

static void communication_on(World *world)
{
	int one, two;

	network(world, "red", "br-red", "172.18.0.0/16", "InterContainerCommunication", TRUE);
	one = world_container(world, &red_one);
	two = world_container(world, &red_two);
	listener_open(two, "two", "tcp", NULL, 80);
	listener_open(two, "two", "udp", NULL, 53);
	expect(one, "tcp", "172.18.0.3", 80, "two from 172.18.0.2");
	expect(one, "udp", "172.18.0.3", 53, "two from 172.18.0.2");
}

/* Packets between two ports of one bridge meet the rules only with the bridge's own nf_call_iptables on. */
static void communication_off(World *world)
{
	g_autofree char *value = NULL;
	int one, two;

	network(world, "red", "br-red", "172.18.0.0/16", "InterContainerCommunication", FALSE);
	one = world_container(world, &red_one);
	two = world_container(world, &red_two);
	listener_open(two, "two", "tcp", NULL, 80);
	listener_open(two, "two", "udp", NULL, 53);
	expect(one, "tcp", "172.18.0.3", 80, "silence");
	expect(one, "udp", "172.18.0.3", 53, "silence");
	value = netns_output(world->host, "ip -d link show br-red");
	g_assert_nonnull(strstr(value, "nf_call_iptables 1"));
	/* The way out and the host's way in stay open. */
	listener_open(world->outside, "outside", "tcp", NULL, 80);
	expect(one, "tcp", "192.0.2.2", 80, "outside from 192.0.2.1");
	expect(world->host, "tcp", "172.18.0.3", 80, "two from 172.18.0.1");
}

static void communication_switched(World *world)
{
	int one, two;

	network(world, "red", "br-red", "172.18.0.0/16", "InterContainerCommunication", TRUE);
	one = world_container(world, &red_one);
	two = world_container(world, &red_two);
	listener_open(two, "two", "tcp", NULL, 80);
	call(world->bus, "/network/red", "Network", "Update", "a{sv}", 1, "InterContainerCommunication", "b", FALSE);
	expect(one, "tcp", "172.18.0.3", 80, "silence");
	call(world->bus, "/network/red", "Network", "Update", "a{sv}", 1, "InterContainerCommunication", "b", TRUE);
	expect(one, "tcp", "172.18.0.3", 80, "two from 172.18.0.2");
}

/* What was let through while communication was on ends with it, but for what links and published ports let through. */
static void communication_ends(World *world)
{
	static const Place places[] = {
		{ "br-red", "172.18.0.2/16", "172.18.0.1", "fd00:18::2/64", "fd00:18::1" },
		{ "br-red", "172.18.0.3/16", "172.18.0.1", "fd00:18::3/64", "fd00:18::1" },
	};
	static const struct {
		const char *protocol, *to;
		guint16 port;
		const char *answer;
		gboolean stays;
	} cases[] = {
		{ "tcp", "172.18.0.3", 80, "two from 172.18.0.2" },
		{ "udp", "172.18.0.3", 53, "two from 172.18.0.2" },
		{ "tcp", "fd00:18::3", 80, "two from fd00:18::2" },
		{ "udp", "fd00:18::3", 53, "two from fd00:18::2" },
		{ "tcp", "172.18.0.3", 5432, "two from 172.18.0.2", TRUE },
		{ "tcp", "fd00:18::3", 5432, "two from fd00:18::2", TRUE },
		{ "tcp", "172.18.0.1", 8080, "two from 172.18.0.1", TRUE },
		{ "tcp", "192.0.2.2", 80, "outside from 192.0.2.1", TRUE },
	};
	int containers[2], flows[G_N_ELEMENTS(cases)], from_host;

	g_assert_true(netns_sysctl(world->host, "net/bridge/bridge-nf-call-iptables", "1"));
	g_assert_true(netns_sysctl(world->host, "net/bridge/bridge-nf-call-ip6tables", "1"));
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "red", 3, "Subnets", "as", 2, "172.18.0.0/16",
	     "fd00:18::/64", "Bridge", "s", "br-red", "InterContainerCommunication", "b", FALSE);
	call(world->bus, "/network/red", "Network", "CreateEndpoints", "a(sa{sv})", 2, "one", 1, "Addresses", "as", 2,
	     "172.18.0.2", "fd00:18::2", "two", 2, "Addresses", "as", 2, "172.18.0.3", "fd00:18::3", "Ports",
	     "a(ssqqq)", 1, "tcp", "", 8080, 80, 1);
	call(world->bus, "/network/red/endpoint/one", "Endpoint", "Link", "oa(sq)",
	     "/org/example/NetFilter/network/red/endpoint/two", 1, "tcp", 5432);
	call(world->bus, "/network/red", "Network", "Update", "a{sv}", 1, "InterContainerCommunication", "b", TRUE);
	for (guint i = 0; i < G_N_ELEMENTS(places); i++)
		containers[i] = world_container(world, &places[i]);
	listener_open(containers[1], "two", "tcp", NULL, 80);
	listener_open(containers[1], "two", "tcp", NULL, 5432);
	listener_open(containers[1], "two", "udp", NULL, 53);
	listener_open(world->outside, "outside", "tcp", NULL, 80);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		flows[i] = flow_open(containers[0], cases[i].protocol, cases[i].to, cases[i].port);
		expect_flow(flows[i], cases[i].answer);
	}
	from_host = flow_open(world->host, "tcp", "172.18.0.3", 80);
	expect_flow(from_host, "two from 172.18.0.1");

	call(world->bus, "/network/red", "Network", "Update", "a{sv}", 1, "InterContainerCommunication", "b", FALSE);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s %s %u", cases[i].protocol, cases[i].to, cases[i].port);
		expect_flow(flows[i], cases[i].stays ? cases[i].answer : "silence");
		close(flows[i]);
	}
	expect_flow(from_host, "two from 172.18.0.1");
	close(from_host);
}

/* An internal network is an island, even for one who has a route to it. */
static void internal(World *world)
{
	int red, two, blue;

	network(world, "red", "br-red", "172.18.0.0/16", "Internal", TRUE);
	network(world, "blue", "br-blue", "172.19.0.0/16", "Masquerade", TRUE);
	red = world_container(world, &red_one);
	two = world_container(world, &red_two);
	blue = world_container(world, &blue_one);
	listener_open(red, "red", "tcp", NULL, 80);
	listener_open(red, "red", "udp", NULL, 53);
	listener_open(world->outside, "outside", "tcp", NULL, 80);
	listener_open(world->outside, "outside", "udp", NULL, 53);
	listener_open(blue, "blue", "tcp", NULL, 80);

	expect(red, "tcp", "192.0.2.2", 80, "silence");
	expect(red, "udp", "192.0.2.2", 53, "silence");
	expect(world->outside, "tcp", "172.18.0.2", 80, "silence");
	expect(world->outside, "udp", "172.18.0.2", 53, "silence");
	expect(red, "tcp", "172.19.0.2", 80, "silence");
	expect(blue, "tcp", "172.18.0.2", 80, "silence");
	expect(two, "tcp", "172.18.0.2", 80, "red from 172.18.0.3");
	expect(blue, "tcp", "192.0.2.2", 80, "outside from 192.0.2.1");

	endpoint(world, "red", "one", "172.18.0.2");
	g_assert_cmpstr(call_error(world->bus, "/network/red/endpoint/one", "Endpoint", "Publish", "a(ssqqq)", 1, "tcp",
				   "", 8080, 80, 1),
			==, "NetworkInternal");
	expect(world->outside, "tcp", "192.0.2.1", 8080, "refused");
}

/* Who sends with an address of its subnet is not in it for that, nor what the host has a narrower route to. */
static void internal_by_subnet(World *world)
{
	static const struct {
		int family;
		const char *subnet, *other_subnet, *own, *host, *forged, *far, *router, *gateway, *outside;
		Place places[2];
	} cases[] = {
		{ AF_INET,
		  "172.18.0.0/16",
		  "172.19.0.0/16",
		  "172.18.0.2",
		  "172.18.0.1",
		  "172.18.0.99",
		  "172.18.0.200",
		  "192.0.2.1",
		  "172.18.0.1",
		  "192.0.2.2",
		  { { .bridge = "br-red", .address = "172.18.0.2/16", .gateway = "172.18.0.1" },
		    { .bridge = "br-blue", .address = "172.19.0.2/16", .gateway = "172.19.0.1" } } },
		{ AF_INET6,
		  "fd00:18::/64",
		  "fd00:19::/64",
		  "fd00:18::2",
		  "fd00:18::1",
		  "fd00:18::99",
		  "fd00:18::200",
		  "2001:db8:1::1",
		  "fd00:18::1",
		  "2001:db8:1::2",
		  { { .bridge = "br-red", .address6 = "fd00:18::2/64", .gateway6 = "fd00:18::1" },
		    { .bridge = "br-blue", .address6 = "fd00:19::2/64", .gateway6 = "fd00:19::1" } } },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *nodad = cases[i].family == AF_INET6 ? " nodad" : "";
		const guint bits = cases[i].family == AF_INET6 ? 128 : 32;
		int red, blue, inside, outside;

		network(world, "red", "br-red", cases[i].subnet, "Internal", TRUE);
		network(world, "blue", "br-blue", cases[i].other_subnet, "Masquerade", TRUE);
		red = world_container(world, &cases[i].places[0]);
		blue = world_container(world, &cases[i].places[1]);
		netns_run(blue, "ip addr add %s/%u dev eth0%s", cases[i].forged, bits, nodad);
		netns_run(world->outside, "ip addr add %s/%u dev lo%s", cases[i].forged, bits, nodad);
		netns_run(world->outside, "ip addr add %s/%u dev lo%s", cases[i].far, bits, nodad);
		netns_run(world->host, "ip route add %s/%u via %s", cases[i].far, bits, cases[i].outside);
		netns_run(red, "ip route add %s/%u via %s", cases[i].far, bits, cases[i].gateway);
		inside = hear(red, cases[i].family);
		outside = hear(world->outside, cases[i].family);

		find_way(world->host, cases[i].host, cases[i].own, inside);
		say(blue, cases[i].forged, cases[i].own, "from another network");
		say(world->outside, cases[i].forged, cases[i].own, "from outside");
		say(world->host, cases[i].host, cases[i].own, "from the host");
		expect_heard(inside, "from the host");

		find_way(world->host, cases[i].router, cases[i].far, outside);
		say(red, cases[i].own, cases[i].far, "from the network");
		say(world->host, cases[i].router, cases[i].far, "from the host");
		expect_heard(outside, "from the host");

		close(inside);
		close(outside);
		netns_run(world->host, "ip route del %s/%u", cases[i].far, bits);
		call(world->bus, "/network/red", "Network", "Delete", NULL);
		call(world->bus, "/network/blue", "Network", "Delete", NULL);
	}
}

/* Endpoints may have addresses of the family that their network lacks. The rules see also what stays on its bridge. */
static void internal_without_subnet(World *world)
{
	static const struct {
		int family;
		const char *subnet, *own, *sibling, *prefix, *host, *outside;
	} cases[] = {
		{ AF_INET, "fd00:18::/64", "172.18.0.2", "172.18.0.3", "24", "192.0.2.1", "192.0.2.2" },
		{ AF_INET6, "172.18.0.0/16", "fd00:18::2", "fd00:18::3", "64", "2001:db8:1::1", "2001:db8:1::2" },
	};

	netns_sysctl(world->host, "net/bridge/bridge-nf-call-iptables", "1");
	netns_sysctl(world->host, "net/bridge/bridge-nf-call-ip6tables", "1");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *nodad = cases[i].family == AF_INET6 ? " nodad" : "";
		g_autofree char *mac = NULL;
		int one, two, inside, outside;

		network(world, "red", "br-red", cases[i].subnet, "Internal", TRUE);
		mac = g_strstrip(
			netns_output(world->host, "sh -c \"ip -o link show br-red | sed 's/.*ether //; s/ .*//'\""));
		one = world_container(world, &(Place){ .bridge = "br-red" });
		two = world_container(world, &(Place){ .bridge = "br-red" });
		netns_run(one, "ip addr add %s/%s dev eth0%s", cases[i].own, cases[i].prefix, nodad);
		netns_run(two, "ip addr add %s/%s dev eth0%s", cases[i].sibling, cases[i].prefix, nodad);
		netns_run(one, "ip route add %s dev eth0", cases[i].outside);
		netns_run(one, "ip neigh add %s lladdr %s dev eth0", cases[i].outside, mac);
		netns_run(world->host, "ip route add %s dev br-red", cases[i].own);
		inside = hear(one, cases[i].family);
		outside = hear(world->outside, cases[i].family);

		find_way(world->host, cases[i].host, cases[i].own, inside);
		say(world->outside, cases[i].outside, cases[i].own, "from outside");
		say(world->host, cases[i].host, cases[i].own, "from the host");
		expect_heard(inside, "from the host");
		find_way(world->host, cases[i].host, cases[i].outside, outside);
		say(one, cases[i].own, cases[i].outside, "from the network");
		say(world->host, cases[i].host, cases[i].outside, "from the host");
		expect_heard(outside, "from the host");

		find_way(two, cases[i].sibling, cases[i].own, inside);
		say(two, cases[i].sibling, cases[i].own, "from the sibling");
		expect_heard(inside, "from the sibling");

		close(inside);
		close(outside);
		call(world->bus, "/network/red", "Network", "Delete", NULL);
	}
}

/* The rules see neighbour discovery on a bridge where the host has it so; it is not what an internal network drops. */
static void internal_ipv6(World *world)
{
	static const Place places[] = {
		{ .bridge = "br-red", .address6 = "fd00:18::2/64", .gateway6 = "fd00:18::1" },
		{ .bridge = "br-red", .address6 = "fd00:18::3/64", .gateway6 = "fd00:18::1" },
	};
	static const char *const seen[] = { "0", "1" };
	int one, two;

	network(world, "red", "br-red", "fd00:18::/64", "Internal", TRUE);
	one = world_container(world, &places[0]);
	two = world_container(world, &places[1]);
	listener_open(two, "two", "tcp", NULL, 80);
	listener_open(two, "two", "udp", NULL, 53);
	listener_open(world->outside, "outside", "tcp", NULL, 80);
	for (guint i = 0; i < G_N_ELEMENTS(seen); i++) {
		netns_sysctl(world->host, "net/bridge/bridge-nf-call-ip6tables", seen[i]);
		netns_run(one, "ip -6 neigh flush dev eth0");
		netns_run(two, "ip -6 neigh flush dev eth0");
		expect(one, "tcp", "fd00:18::3", 80, "two from fd00:18::2");
		expect(one, "udp", "fd00:18::3", 53, "two from fd00:18::2");
		expect(one, "tcp", "2001:db8:1::2", 80, "silence");
		expect(world->outside, "tcp", "fd00:18::3", 80, "silence");
	}
}

/* Whatever addresses they have besides those of the network. */
static void communication_off_in_every_family(World *world)
{
	static const struct {
		const char *subnet, *from, *to;
	} cases[] = {
		{ "172.18.0.0/16", "172.18.0.2", "172.18.0.3" },
		{ "fd00:18::/64", "fd00:18::2", "fd00:18::3" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		int one, two;

		network(world, "red", "br-red", cases[i].subnet, "InterContainerCommunication", FALSE);
		one = world_container(world, &(Place){ .bridge = "br-red" });
		two = world_container(world, &(Place){ .bridge = "br-red" });
		for (guint k = 0; k < G_N_ELEMENTS(cases); k++) {
			const char *length = strchr(cases[k].to, ':') ? "64" : "16";

			netns_run(one, "ip address add %s/%s dev eth0", cases[k].from, length);
			netns_run(two, "ip address add %s/%s dev eth0", cases[k].to, length);
		}
		listener_open(two, "two", "tcp", NULL, 80);
		listener_open(two, "two", "udp", NULL, 53);
		for (guint k = 0; k < G_N_ELEMENTS(cases); k++) {
			expect(one, "tcp", cases[k].to, 80, "silence");
			expect(one, "udp", cases[k].to, 53, "silence");
		}
		/* That it is the network's doing. */
		call(world->bus, "/network/red", "Network", "Update", "a{sv}", 1, "InterContainerCommunication", "b",
		     TRUE);
		for (guint k = 0; k < G_N_ELEMENTS(cases); k++) {
			g_autofree char *answer = g_strdup_printf("two from %s", cases[k].from);

			expect(one, "tcp", cases[k].to, 80, answer);
		}
		call(world->bus, "/network/red", "Network", "Delete", NULL);
		listeners_close();
	}
}

static const Scenario scenarios[] = {
	{ "/isolation/networks", networks, "ContainerPublish=no" },
	{ "/isolation/networks-hairpin", networks_hairpin, "Hairpin=yes\nContainerPublish=no" },
	{ "/isolation/communication-on", communication_on },
	{ "/isolation/communication-off", communication_off },
	{ "/isolation/communication-switched", communication_switched },
	{ "/isolation/communication-ends", communication_ends },
	{ "/isolation/communication-off-in-every-family", communication_off_in_every_family },
	{ "/isolation/internal", internal },
	{ "/isolation/internal-by-subnet", internal_by_subnet, NULL, true },
	{ "/isolation/internal-without-subnet", internal_without_subnet, NULL, true },
	{ "/isolation/internal-ipv6", internal_ipv6 },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
