/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/world.h"

#include <unistd.h>

/*
 * By which address of the host others see what leaves a network: the one it is told to, beside a network that is
 * masqueraded; and that all that is published stays reachable by every way.
 */

static const Place app_place = { "br-web", "172.18.0.2/16", "172.18.0.1", "fd00:18::2/64", "fd00:18::1" };
static const Place sibling_place = { "br-web", "172.18.0.3/16", "172.18.0.1", "fd00:18::3/64", "fd00:18::1" };
static const Place other_place = { "br-other", "172.19.0.2/16", "172.19.0.1", "fd00:19::2/64", "fd00:19::1" };

enum { APP, SIBLING, OTHER, N_CONTAINERS };

/* The host has 192.0.2.3 from the beginning. None of them is one that masquerade would take. */
static void give_addresses(const World *world)
{
	netns_run(world->host, "ip address add 192.0.2.4/32 dev outside");
	netns_run(world->host, "ip address add 2001:db8:1::103/128 dev outside nodad preferred_lft 0");
	netns_run(world->host, "ip address add 2001:db8:1::104/128 dev outside nodad preferred_lft 0");
	netns_wait_for_addresses(world->host, "outside");
}

static void create(World *world, const char *name, const char *bridge, const char *subnet, const char *subnet6,
		   const char *source, const char *source6)
{
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", name, 4, "Subnets", "as", 2, subnet, subnet6,
	     "Bridge", "s", bridge, "Persistent", "b", TRUE, "SourceAddress", "as", source ? 2 : 0, source, source6);
}

static void build(World *world, int containers[N_CONTAINERS])
{
	give_addresses(world);
	create(world, "web", "br-web", "172.18.0.0/16", "fd00:18::/64", "192.0.2.3", "2001:db8:1::103");
	create(world, "other", "br-other", "172.19.0.0/16", "fd00:19::/64", NULL, NULL);
	call(world->bus, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "app", 3, "Addresses", "as", 2,
	     "172.18.0.2", "fd00:18::2", "Ports", "a(ssqqq)", 2, "tcp", "", 8080, 80, 1, "udp", "", 8080, 80, 1,
	     "Persistent", "b", TRUE);
	call(world->bus, "/network/other", "Network", "CreateEndpoint", "sa{sv}", "app", 3, "Addresses", "as", 2,
	     "172.19.0.2", "fd00:19::2", "Ports", "a(ssqqq)", 1, "tcp", "", 8090, 80, 1, "Persistent", "b", TRUE);
	containers[APP] = world_container(world, &app_place);
	containers[SIBLING] = world_container(world, &sibling_place);
	containers[OTHER] = world_container(world, &other_place);
	listener_open(world->outside, "outside", "tcp", NULL, 7000);
	listener_open(world->outside, "outside", "udp", NULL, 7000);
	listener_open(world->elsewhere, "elsewhere", "tcp", NULL, 7000);
	listener_open(containers[APP], "app", "tcp", NULL, 80);
	listener_open(containers[APP], "app", "udp", NULL, 80);
	listener_open(containers[OTHER], "other", "tcp", NULL, 80);
}

static void update(World *world, guint n, const char *source, const char *source6)
{
	call(world->bus, "/network/web", "Network", "Update", "a{sv}", 1, "SourceAddress", "as", n, source, source6);
}

static void expect_from(int netns, const char *protocol, const char *address, const char *name, const char *source)
{
	g_autofree char *expected = g_strdup_printf("%s from %s", name, source);

	expect(netns, protocol, address, 7000, expected);
}

static void expect_out(const int containers[N_CONTAINERS], const char *source, const char *source6)
{
	for (guint i = APP; i <= SIBLING; i++) {
		expect_from(containers[i], "tcp", "192.0.2.2", "outside", source);
		expect_from(containers[i], "udp", "192.0.2.2", "outside", source);
		expect_from(containers[i], "tcp", "2001:db8:1::2", "outside", source6);
		expect_from(containers[i], "udp", "2001:db8:1::2", "outside", source6);
	}
	expect_from(containers[OTHER], "tcp", "192.0.2.2", "outside", "192.0.2.1");
	expect_from(containers[OTHER], "tcp", "2001:db8:1::2", "outside", "2001:db8:1::1");
}

/* Published ports by each way; source is what the other network sees of this one. */
static void expect_published(const World *world, const int containers[N_CONTAINERS], const char *source,
			     const char *source6)
{
	const struct {
		int netns;
		const char *address;
		guint16 port;
		const char *name, *source;
	} rows[] = {
		{ world->outside, "192.0.2.1", 8080, "app", "192.0.2.2" },
		{ world->outside, "192.0.2.3", 8080, "app", "192.0.2.2" },
		{ world->outside, "2001:db8:1::103", 8080, "app", "2001:db8:1::2" },
		{ world->host, "192.0.2.3", 8080, "app", "172.18.0.1" },
		{ world->host, "127.0.0.1", 8080, "app", "172.18.0.1" },
		{ containers[APP], "192.0.2.3", 8080, "app", "172.18.0.1" },
		{ containers[APP], "2001:db8:1::103", 8080, "app", "fd00:18::1" },
		{ containers[SIBLING], "192.0.2.3", 8080, "app", "172.18.0.1" },
		{ containers[SIBLING], "2001:db8:1::103", 8080, "app", "fd00:18::1" },
		{ containers[SIBLING], "172.18.0.2", 80, "app", "172.18.0.3" },
		{ containers[OTHER], "192.0.2.3", 8080, "app", "172.18.0.1" },
		{ containers[OTHER], "2001:db8:1::103", 8080, "app", "fd00:18::1" },
		{ containers[APP], "192.0.2.1", 8090, "other", source },
		{ containers[APP], "2001:db8:1::1", 8090, "other", source6 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *expected = g_strdup_printf("%s from %s", rows[i].name, rows[i].source);

		g_test_message("%s port %u: %s", rows[i].address, rows[i].port, expected);
		expect(rows[i].netns, "tcp", rows[i].address, rows[i].port, expected);
	}
}

static void chosen(World *world)
{
	int containers[N_CONTAINERS];

	build(world, containers);
	expect_out(containers, "192.0.2.3", "2001:db8:1::103");
	/* By whichever interface it leaves. */
	expect_from(containers[APP], "tcp", "198.51.100.2", "elsewhere", "192.0.2.3");
	expect_from(containers[APP], "tcp", "2001:db8:2::2", "elsewhere", "2001:db8:1::103");
	expect_from(containers[OTHER], "tcp", "198.51.100.2", "elsewhere", "198.51.100.1");
	expect_published(world, containers, "192.0.2.3", "2001:db8:1::103");

	update(world, 0, NULL, NULL);
	expect_out(containers, "192.0.2.1", "2001:db8:1::1");
	expect_published(world, containers, "172.19.0.1", "fd00:19::1");

	update(world, 1, "2001:db8:1::104", NULL);
	expect_out(containers, "192.0.2.1", "2001:db8:1::104");
}

/* What stands keeps the address that its peer knows; what comes has the new one, after a restart as well. */
static void updated(World *world)
{
	static const char *const protocols[] = { "tcp", "udp" };
	int containers[N_CONTAINERS], flows[2][2];

	build(world, containers);
	for (guint i = 0; i < 2; i++) {
		flows[i][0] = flow_open(containers[APP], protocols[i], "192.0.2.2", 7000);
		flows[i][1] = flow_open(containers[APP], protocols[i], "2001:db8:1::2", 7000);
		expect_flow(flows[i][0], "outside from 192.0.2.3");
		expect_flow(flows[i][1], "outside from 2001:db8:1::103");
	}
	update(world, 2, "2001:db8:1::104", "192.0.2.4");
	for (guint restart = 0; restart < 2; restart++) {
		if (restart)
			world_restart_service(world);
		expect_out(containers, "192.0.2.4", "2001:db8:1::104");
		expect_published(world, containers, "192.0.2.4", "2001:db8:1::104");
		for (guint i = 0; i < 2; i++) {
			expect_flow(flows[i][0], "outside from 192.0.2.3");
			expect_flow(flows[i][1], "outside from 2001:db8:1::103");
		}
	}
	for (guint i = 0; i < 2; i++)
		for (guint j = 0; j < 2; j++)
			close(flows[i][j]);
}

/* Several may ask from the same port of theirs, the host from that of the address too. */
static void same_port(World *world)
{
	int containers[N_CONTAINERS], flows[3];

	build(world, containers);
	listener_open(world->host, "host", "tcp", "192.0.2.3", 5000);
	flows[0] = flow_open_from(containers[APP], "tcp", 5000, "192.0.2.2", 7000);
	flows[1] = flow_open_from(containers[SIBLING], "tcp", 5000, "192.0.2.2", 7000);
	flows[2] = flow_open_from(containers[OTHER], "tcp", 5000, "192.0.2.2", 7000);
	for (guint i = 0; i < 2; i++) {
		expect_flow(flows[0], "outside from 192.0.2.3");
		expect_flow(flows[1], "outside from 192.0.2.3");
		expect_flow(flows[2], "outside from 192.0.2.1");
		expect(world->outside, "tcp", "192.0.2.3", 5000, "host from 192.0.2.2");
	}
	for (guint i = 0; i < G_N_ELEMENTS(flows); i++)
		close(flows[i]);
}

/* The rules stay, and a restart that finds the address gone is none that fails. */
static void lost(World *world)
{
	int containers[N_CONTAINERS];

	build(world, containers);
	netns_run(world->host, "ip address del 192.0.2.3/24 dev outside");
	netns_run(world->host, "ip address del 2001:db8:1::103/128 dev outside");
	for (guint restart = 0; restart < 2; restart++) {
		if (restart)
			world_restart_service(world);
		expect(containers[SIBLING], "tcp", "192.0.2.2", 7000, "silence");
		expect_from(containers[OTHER], "tcp", "192.0.2.2", "outside", "192.0.2.1");
		expect(world->outside, "tcp", "192.0.2.1", 8080, "app from 192.0.2.2");
	}
	/* Others are changed beside it, and what another's neighbours have is not asked for again. */
	call(world->bus, "/network/web", "Network", "Update", "a{sv}", 1, "HostBinding", "s", "192.0.2.1");
	netns_run(world->host, "ip address add 192.0.2.3/24 dev outside");
	netns_run(world->host, "ip address add 2001:db8:1::103/128 dev outside nodad preferred_lft 0");
	netns_run(world->outside, "ip neigh flush all");
	expect_out(containers, "192.0.2.3", "2001:db8:1::103");
}

static const Scenario scenarios[] = {
	{ "/source-address/chosen", chosen },   { "/source-address/hairpin", chosen, "Hairpin=yes" },
	{ "/source-address/updated", updated }, { "/source-address/same-port", same_port },
	{ "/source-address/lost", lost },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
