/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/world.h"

#include <string.h>

/*
 * A neighbour that has a route to a network, through a host that forwards everything, sends to endpoints' own
 * addresses.
 */

#define OPEN "ProtectEndpoints=no"

/* A network with what an endpoint may have: published on any address, on one, on 127.0.0.1 alone, and not at all. */
typedef struct Case {
	const char *network, *bridge;
	const char *address, *subnet, *gateway, *own; /* "172.18.0.2/16", … */
	const char *host;                             /* an address of the host */
	bool adopted, masquerade;
} Case;

static const Case cases[] = {
	{ "web", "br-web", "172.18.0.2/16", "172.18.0.0/16", "172.18.0.1", "172.18.0.2", "192.0.2.1", false, true },
	{ "plain", "br-plain", "172.19.0.2/16", "172.19.0.0/16", "172.19.0.1", "172.19.0.2", "192.0.2.1", false,
	  false },
	{ "lent", "br-lent", "172.20.0.2/16", "172.20.0.0/16", "172.20.0.1", "172.20.0.2", "192.0.2.1", true, true },
	{ "six", "br-six", "fd00:18::2/64", "fd00:18::/64", "fd00:18::1", "fd00:18::2", "2001:db8:1::1", false, true },
	{ "seven", "br-seven", "fd00:19::2/64", "fd00:19::/64", "fd00:19::1", "fd00:19::2", "2001:db8:1::1", true,
	  false },
};

static bool is_ipv6(const Case *this)
{
	return g_str_has_prefix(this->own, "fd");
}

static int container(World *world, const Case *this, const char *address)
{
	const Place place = is_ipv6(this)
				    ? (Place){ .bridge = this->bridge, .address6 = address, .gateway6 = this->gateway }
				    : (Place){ .bridge = this->bridge, .address = address, .gateway = this->gateway };
	int netns = world_container(world, &place);

	for (guint port = 80; port <= 83; port++)
		listener_open(netns, "app", "tcp", NULL, port);
	listener_open(netns, "app", "udp", NULL, 80);
	return netns;
}

static int build(World *world, const Case *this, guint16 first)
{
	g_autofree char *path = g_strconcat("/network/", this->network, NULL);
	g_autofree char *app = g_strconcat(path, "/endpoint/app", NULL);
	const char *loopback = is_ipv6(this) ? "::1" : "127.0.0.1";

	if (this->adopted) {
		netns_run(world->host, "ip link add %s type bridge", this->bridge);
		netns_run(world->host, "ip addr add %s%s dev %s%s", this->gateway, strchr(this->subnet, '/'),
			  this->bridge, is_ipv6(this) ? " nodad" : "");
		netns_run(world->host, "ip link set %s up", this->bridge);
	}
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", this->network, 3, "Subnets", "as", 1, this->subnet,
	     "Bridge", "s", this->bridge, "Masquerade", "b", this->masquerade);
	call(world->bus, path, "Network", "CreateEndpoint", "sa{sv}", "app", 1, "Addresses", "as", 1, this->own);
	call(world->bus, app, "Endpoint", "Publish", "a(ssqqq)", 4, "tcp", "", first, 80, 1, "tcp", this->host,
	     first + 1, 81, 1, "tcp", loopback, first + 2, 82, 1, "udp", "", first, 80, 1);
	return container(world, this, this->address);
}

static void probe_direct(World *world, const Case *this, bool open)
{
	const char *expected = open ? is_ipv6(this) ? "app from 2001:db8:1::2" : "app from 192.0.2.2" : "silence";
	Probe probes[] = {
		{ world->outside, "tcp", this->own, 80, expected }, { world->outside, "udp", this->own, 80, expected },
		{ world->outside, "tcp", this->own, 81, expected }, { world->outside, "tcp", this->own, 82, expected },
		{ world->outside, "tcp", this->own, 83, expected },
	};

	probe_all(probes, G_N_ELEMENTS(probes));
	for (guint i = 0; i < G_N_ELEMENTS(probes); i++) {
		g_test_message("%s: %s %u, from outside", this->network, probes[i].protocol, probes[i].port);
		g_assert_cmpstr(probes[i].result, ==, expected);
		g_free(probes[i].result);
	}
}

/* Whatever else there is goes on: published ports, the host, neighbours on the bridge, the way out. */
static void probe_others(World *world, const Case *this, int app, guint16 first)
{
	const char *outside = is_ipv6(this) ? "2001:db8:1::2" : "192.0.2.2";
	g_autofree char *from_outside = g_strconcat("app from ", outside, NULL);
	g_autofree char *from_gateway = g_strconcat("app from ", this->gateway, NULL);
	g_autofree char *out = g_strconcat("outside from ", this->masquerade ? this->host : this->own, NULL);

	expect(world->outside, "tcp", this->host, first, from_outside);
	expect(world->outside, "udp", this->host, first, from_outside);
	expect(world->outside, "tcp", this->host, first + 1, from_outside);
	expect(world->host, "tcp", this->own, 83, from_gateway);
	expect(app, "tcp", outside, 7000, out);
	expect(app, "udp", outside, 7000, out);
}

static void direct(World *world, bool open)
{
	int apps[G_N_ELEMENTS(cases)];

	listener_open(world->outside, "outside", "tcp", NULL, 7000);
	listener_open(world->outside, "outside", "udp", NULL, 7000);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		apps[i] = build(world, &cases[i], 8000 + 10 * i);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		probe_others(world, &cases[i], apps[i], 8000 + 10 * i);
		probe_direct(world, &cases[i], open);
	}
}

static void closed(World *world)
{
	direct(world, false);
}

static void opened(World *world)
{
	direct(world, true);
}

/* By a reload or by a restart. */
static void switched(World *world)
{
	const Case *own = &cases[0], *adopted = &cases[2];

	build(world, own, 8000);
	build(world, adopted, 8010);
	for (guint i = 0; i < 4; i++) {
		bool open = i % 2 == 0;

		world_configure(world, open ? OPEN : "");
		if (i < 2)
			call(world->bus, "", "Manager", "Reload", NULL);
		else
			world_restart_service(world);
		probe_direct(world, own, open);
		probe_direct(world, adopted, open);
	}
}

/* On a bridge that is not ours there are machines that are none of our endpoints. */
static void of_others(World *world)
{
	const Case *lent = &cases[2];
	int machine;

	build(world, lent, 8010);
	machine = container(world, lent, "172.20.0.9/16");
	listener_open(machine, "machine", "tcp", NULL, 9000);
	expect(world->outside, "tcp", "172.20.0.9", 9000, "machine from 192.0.2.2");
	probe_direct(world, lent, false);
	call(world->bus, "/network/lent/endpoint/app", "Endpoint", "Delete", NULL);
	expect(world->outside, "tcp", "172.20.0.2", 83, "app from 192.0.2.2");
}

/* An ingress's port is no port of the endpoints; and a translation of the administrator's is one. */
static void beside(World *world)
{
	const Case *web = &cases[0];

	build(world, web, 8000);
	call(world->bus, "", "Manager", "CreateIngress", "sa{sv}", "front", 2, "Gateway", "s", web->own, "Ports",
	     "a(sq)", 1, "tcp", 83);
	expect(world->outside, "tcp", web->host, 83, "app from 192.0.2.2");
	probe_direct(world, web, false);
	if (world_has_nftables())
		netns_run(world->host,
			  "nft 'add table ip own; add chain ip own pre { type nat hook prerouting priority -100; }; "
			  "add rule ip own pre tcp dport 9999 dnat to 172.18.0.2:81'");
	else
		netns_run(world->host,
			  "iptables-legacy -t nat -A PREROUTING -p tcp --dport 9999 -j DNAT --to 172.18.0.2:81");
	expect(world->outside, "tcp", web->host, 9999, "app from 192.0.2.2");
}

static const Scenario scenarios[] = {
	{ "/direct/closed", closed, NULL, true },     { "/direct/opened", opened, OPEN, true },
	{ "/direct/switched", switched, NULL, true }, { "/direct/of-others", of_others, NULL, true },
	{ "/direct/beside", beside, NULL, true },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
