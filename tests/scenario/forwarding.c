/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/world.h"

#include <string.h>
#include <unistd.h>

static const Place app_place = { .bridge = "br-web",
				 .address = "172.18.0.2/16",
				 .gateway = "172.18.0.1",
				 .address6 = "fd00:18::2/64",
				 .gateway6 = "fd00:18::1" };

static int web(World *world, gboolean masquerade)
{
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "web", 3, "Subnets", "as", 2, "172.18.0.0/16",
	     "fd00:18::/64", "Bridge", "s", "br-web", "Masquerade", "b", masquerade);
	call(world->bus, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "app", 2, "Addresses", "as", 2,
	     "172.18.0.2", "fd00:18::2", "Ports", "a(ssqqq)", 1, "tcp", "", 8080, 80, 1);
	return world_container(world, &app_place);
}

static void expect_out(int app, const char *answer, const char *answer6)
{
	expect(app, "tcp", "192.0.2.2", 80, answer);
	expect(app, "udp", "192.0.2.2", 53, answer);
	expect(app, "tcp", "2001:db8:1::2", 80, answer6);
	expect(app, "udp", "2001:db8:1::2", 53, answer6);
}

static void masquerade_on(World *world)
{
	int app = web(world, TRUE);

	listener_open(world->outside, "outside", "tcp", NULL, 80);
	listener_open(world->outside, "outside", "udp", NULL, 53);
	expect_out(app, "outside from 192.0.2.1", "outside from 2001:db8:1::1");
}

static void masquerade_off(World *world)
{
	int app = web(world, FALSE);

	listener_open(world->outside, "outside", "tcp", NULL, 80);
	listener_open(world->outside, "outside", "udp", NULL, 53);
	expect_out(app, "outside from 172.18.0.2", "outside from fd00:18::2");

	call(world->bus, "/network/web", "Network", "Update", "a{sv}", 1, "Masquerade", "b", TRUE);
	expect_out(app, "outside from 192.0.2.1", "outside from 2001:db8:1::1");
	call(world->bus, "/network/web", "Network", "Update", "a{sv}", 1, "Masquerade", "b", FALSE);
	expect_out(app, "outside from 172.18.0.2", "outside from fd00:18::2");
}

static void expect_strangers(World *world, const char *answer, const char *answer6)
{
	expect(world->outside, "tcp", "198.51.100.2", 80, answer);
	expect(world->outside, "tcp", "2001:db8:2::2", 80, answer6);
}

/* The service opens the host for its own traffic and for nobody else's. */
static void was_off(World *world)
{
	int app;

	listener_open(world->elsewhere, "elsewhere", "tcp", NULL, 80);
	app = web(world, TRUE);
	listener_open(app, "app", "tcp", NULL, 80);
	listener_open(app, "unpublished", "tcp", NULL, 22);

	expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");
	expect(world->outside, "tcp", "2001:db8:1::1", 8080, "app from 2001:db8:1::2");
	expect(app, "tcp", "198.51.100.2", 80, "elsewhere from 198.51.100.1");
	expect(app, "tcp", "2001:db8:2::2", 80, "elsewhere from 2001:db8:2::1");
	expect_strangers(world, "silence", "silence");
	expect(world->outside, "tcp", "172.18.0.2", 22, "silence");
	expect(world->outside, "tcp", "fd00:18::2", 22, "silence");

	call(world->bus, "/network/web", "Network", "Delete", NULL);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "refused");
	expect_strangers(world, "silence", "silence");
}

/* A host that is a router already stays the one it was. */
static void was_on(World *world)
{
	g_autofree char *rules = NULL;
	int app;

	listener_open(world->elsewhere, "elsewhere", "tcp", NULL, 80);
	expect_strangers(world, "elsewhere from 192.0.2.2", "elsewhere from 2001:db8:1::2");
	app = web(world, TRUE);
	listener_open(app, "app", "tcp", NULL, 80);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");
	expect_strangers(world, "elsewhere from 192.0.2.2", "elsewhere from 2001:db8:1::2");
	rules = world_rules(world, "iptables");
	g_assert_nonnull(strstr(rules, world_has_nftables() ? "hook forward priority filter; policy accept"
							    : ":FORWARD ACCEPT"));
}

static void policy_kept(World *world)
{
	listener_open(world->elsewhere, "elsewhere", "tcp", NULL, 80);
	web(world, TRUE);
	expect_strangers(world, "elsewhere from 192.0.2.2", "elsewhere from 2001:db8:1::2");
}

static void not_wanted(World *world)
{
	g_autofree char *value = NULL;
	int app;

	app = web(world, TRUE);
	listener_open(app, "app", "tcp", NULL, 80);
	expect(world->outside, "tcp", "192.0.2.1", 8080, "silence");
	expect(world->host, "tcp", "192.0.2.1", 8080, "app from 172.18.0.1");
	value = netns_output(world->host, "cat /proc/sys/net/ipv4/ip_forward");
	g_assert_cmpstr(g_strstrip(value), ==, "0");
}

static const Scenario scenarios[] = {
	{ "/forwarding/masquerade-on", masquerade_on },
	{ "/forwarding/masquerade-off", masquerade_off },
	{ "/forwarding/was-off", was_off },
	{ "/forwarding/was-on", was_on, .router = true },
	{ "/forwarding/policy-kept", policy_kept, "ForwardPolicy=keep" },
	{ "/forwarding/not-wanted", not_wanted, "IPForward=no" },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
