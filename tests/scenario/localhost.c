/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/world.h"

#include <unistd.h>

static const Place app_place = { .bridge = "br-web", .address = "172.18.0.2/16", .gateway = "172.18.0.1" };

static int web(World *world, const char *host_address)
{
	int app;

	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "web", 2, "Subnets", "as", 1, "172.18.0.0/16",
	     "Bridge", "s", "br-web");
	call(world->bus, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "app", 2, "Addresses", "as", 1,
	     "172.18.0.2", "Ports", "a(ssqqq)", 2, "tcp", host_address, 8080, 80, 1, "udp", host_address, 5353, 53, 1);
	app = world_container(world, &app_place);
	listener_open(app, "app", "tcp", NULL, 80);
	listener_open(app, "app", "udp", NULL, 53);
	return app;
}

static void any_address(World *world)
{
	web(world, "");
	expect(world->host, "tcp", "127.0.0.1", 8080, "app from 172.18.0.1");
	expect(world->host, "udp", "127.0.0.1", 5353, "app from 172.18.0.1");
	expect(world->host, "tcp", "127.0.0.1", 80, "refused");
	expect(world->host, "tcp", "::1", 8080, "refused");
	expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");

	call(world->bus, "/network/web/endpoint/app", "Endpoint", "Delete", NULL);
	expect(world->host, "tcp", "127.0.0.1", 8080, "refused");
	expect(world->host, "udp", "127.0.0.1", 5353, "refused");
}

/* What is bound to the loopback address is for the host alone. */
static void loopback_only(World *world)
{
	web(world, "127.0.0.1");
	expect(world->host, "tcp", "127.0.0.1", 8080, "app from 172.18.0.1");
	expect(world->host, "udp", "127.0.0.1", 5353, "app from 172.18.0.1");
	expect(world->host, "tcp", "192.0.2.1", 8080, "refused");
	expect(world->outside, "tcp", "192.0.2.1", 8080, "refused");
	expect(world->outside, "udp", "192.0.2.1", 5353, "refused");
}

static void switched_off(World *world)
{
	web(world, "");
	expect(world->host, "tcp", "127.0.0.1", 8080, "refused");
	expect(world->host, "tcp", "192.0.2.1", 8080, "app from 192.0.2.1");
	expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");
}

/* A machine that takes 127.0.0.1 for an address beyond its gateway. */
static void reach_for_loopback(int netns)
{
	netns_sysctl(netns, "net/ipv4/conf/all/route_localnet", "1");
	netns_run(netns, "ip address del 127.0.0.1/8 dev lo");
	netns_run(netns, "ip route add 127.0.0.1 dev eth0 via 172.18.0.1 src 172.18.0.2");
}

static void expect_guarded(World *world, int app)
{
	reach_for_loopback(app);
	listener_open(world->host, "host", "tcp", "127.0.0.1", 631);
	listener_open(world->host, "host", "udp", "127.0.0.1", 631);
	expect(app, "tcp", "127.0.0.1", 631, "silence");
	expect(app, "udp", "127.0.0.1", 631, "silence");

	/* That it is the guard, and no mistake here: past it the packet does arrive. */
	netns_run(world->host, "iptables-legacy -t raw -I PREROUTING -d 127.0.0.1 -j ACCEPT");
	expect(app, "tcp", "127.0.0.1", 631, "host from 172.18.0.2");
	expect(app, "udp", "127.0.0.1", 631, "host from 172.18.0.2");
}

static void guarded(World *world)
{
	expect_guarded(world, web(world, ""));
}

static const Scenario scenarios[] = {
	{ "/localhost/any-address", any_address },
	{ "/localhost/any-address-hairpin", any_address, "Hairpin=yes" },
	{ "/localhost/loopback-only", loopback_only },
	{ "/localhost/switched-off", switched_off, "LocalhostPublish=no" },
	{ "/localhost/guarded", guarded },
	{ "/localhost/guarded-hairpin", guarded, "Hairpin=yes" },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
