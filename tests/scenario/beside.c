/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Beside rules of others in nf_tables: what they have of their own stays as it is, ours work, and a drop is a drop. */

#include "tests/support/world.h"

#include <string.h>

#define APP "app from 192.0.2.2"

static const Place app_place = { .bridge = "br-web", .address = "172.18.0.2/16", .gateway = "172.18.0.1" };
static const Place other_place = { .bridge = "br-other", .address = "172.19.0.2/16", .gateway = "172.19.0.1" };

typedef struct Case {
	const char *rules;     /* of others, as nft loads them; NULL: none */
	const char *commands;  /* … or as a shell runs them */
	const char *published; /* what becomes of a call to a published port */
	guint16 foreign;       /* a port of the host that their rules lead to the same endpoint; 0: none */
} Case;

static const Case cases[] = {
	/* Rules of iptables-nft. */
	{ .commands = "iptables-nft -A INPUT -p tcp --dport 9 -j DROP; iptables-nft -A FORWARD -i theirs0 -j DROP; "
		      "iptables-nft -t nat -A POSTROUTING -s 10.9.0.0/16 -j MASQUERADE; "
		      "iptables-nft -t nat -A PREROUTING -p tcp --dport 8088 -j DNAT --to-destination 172.18.0.2:80",
	  .published = APP,
	  .foreign = 8088 },
	{ .commands = "iptables-nft -P FORWARD DROP", .published = "silence" },
	/* As an engine has them that was not told of this service. */
	{ .commands =
		  "iptables-nft -N DOCKER; iptables-nft -N DOCKER-USER; iptables-nft -A FORWARD -j DOCKER-USER; "
		  "iptables-nft -A FORWARD -o docker0 -j DOCKER; iptables-nft -A FORWARD -i docker0 ! -o docker0 -j "
		  "ACCEPT; iptables-nft -A DOCKER-USER -j RETURN; iptables-nft -t nat -N DOCKER; "
		  "iptables-nft -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER; "
		  "iptables-nft -t nat -A DOCKER -i docker0 -j RETURN; "
		  "iptables-nft -t nat -A DOCKER ! -i docker0 -p tcp --dport 8090 -j DNAT --to-destination "
		  "172.18.0.2:80",
	  .published = APP,
	  .foreign = 8090 },
	/* As firewalld has them, with the bridge in a zone that accepts and in none. */
	{ .rules = "table inet firewalld { chain filter_FORWARD { type filter hook forward priority filter + 10; "
		   "ct state established,related accept; iifname \"br-web\" accept; oifname \"br-web\" accept; reject "
		   "with icmpx admin-prohibited; }; }",
	  .published = APP },
	{ .rules = "table inet firewalld { chain filter_FORWARD { type filter hook forward priority filter + 10; "
		   "ct state established,related accept; reject with icmpx admin-prohibited; }; }",
	  .published = "unreachable" },
	/* The administrator's word about one client of a published port. */
	{ .rules = "table inet mine { chain forward { type filter hook forward priority filter - 1; meta l4proto tcp "
		   "ip saddr 192.0.2.2 ct original proto-dst 8080 drop; }; }",
	  .published = "silence" },
	/* At the same place in the kernel as ours. */
	{ .rules = "table ip theirs { chain pre { type nat hook prerouting priority -95; tcp dport 8070 dnat to "
		   "172.18.0.2:80; }; chain post { type nat hook postrouting priority 95; }; chain forward { type "
		   "filter "
		   "hook forward priority 0; iifname \"theirs0\" drop; }; }",
	  .published = APP,
	  .foreign = 8070 },
	{ .rules = "table ip theirs { chain forward { type filter hook forward priority 0; tcp dport 80 drop; }; }",
	  .published = "silence" },
	/* The administrator's DNAT goes before a published port. */
	{ .rules = "table ip theirs { chain pre { type nat hook prerouting priority -100; tcp dport 8080 dnat to "
		   "198.51.100.2:80; }; }",
	  .published = "elsewhere from 192.0.2.2" },
};

static void load(const World *world, const Case *c)
{
	if (c->commands) {
		netns_run(world->host, "sh -e -c \"%s\"", c->commands);
		return;
	}
	g_assert_true(g_file_set_contents("/run/theirs.nft", c->rules, -1, NULL));
	netns_run(world->host, "nft -f /run/theirs.nft");
}

/* All tables of nf_tables but ours. */
static char *theirs(const World *world)
{
	return netns_output(world->host, "sh -c \"for t in $(nft list tables | sed 's/table //; s/ /:/' | grep -v "
					 "netfilterd); do nft -s list table ${t%%%%:*} ${t##*:}; done\"");
}

static void create(World *world)
{
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "web", 2, "Subnets", "as", 1, "172.18.0.0/16",
	     "Bridge", "s", "br-web");
	call(world->bus, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "app", 2, "Addresses", "as", 1,
	     "172.18.0.2", "Ports", "a(ssqqq)", 1, "tcp", "", 8080, 80, 1);
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "other", 2, "Subnets", "as", 1, "172.19.0.0/16",
	     "Bridge", "s", "br-other");
}

static void expect_case(const World *world, const Case *c, int other)
{
	g_test_message("%s", c->commands ? c->commands : c->rules);
	expect(world->outside, "tcp", "192.0.2.1", 8080, c->published);
	if (c->foreign != 0)
		expect(world->outside, "tcp", "192.0.2.1", c->foreign, APP);
	expect(other, "tcp", "172.18.0.2", 80, "silence");
}

static void beside(World *world)
{
	int app, other;

	create(world);
	app = world_container(world, &app_place);
	other = world_container(world, &other_place);
	listener_open(app, "app", "tcp", NULL, 80);
	listener_open(world->elsewhere, "elsewhere", "tcp", NULL, 80);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *before = NULL, *after = NULL;

		load(world, &cases[i]);
		before = theirs(world);
		g_assert_nonnull(strstr(before, "chain"));
		expect_case(world, &cases[i], other);
		world_restart_service(world);
		expect_case(world, &cases[i], other);
		after = theirs(world);
		g_assert_cmpstr(after, ==, before);
		/* Ours are none of those that this takes away. */
		netns_run(world->host, "nft flush ruleset");
		expect(world->outside, "tcp", "192.0.2.1", 8080, APP);
		expect(other, "tcp", "172.18.0.2", 80, "silence");
	}
}

/* --- what netfilterd(8) tells administrators to do --- */

#define MANUAL_CLIENT "192.0.2.66"

/* The lines of the manual's example with this backend, without their indentation. */
static char *manual_example(void)
{
	g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "service", "man", "netfilterd.8.rst", NULL);
	const char *heading = world_has_nftables() ? "\nwith **Backend=nftables**\n" : "\nwith **Backend=iptables**\n";
	g_autofree char *page = NULL;
	g_auto(GStrv) lines = NULL;
	GString *example = g_string_new(NULL);
	const char *begin;

	g_assert_true(g_file_get_contents(path, &page, NULL, NULL));
	begin = strstr(page, heading);
	g_assert_nonnull(begin);
	begin = strstr(begin, "::\n\n");
	g_assert_nonnull(begin);
	lines = g_strsplit(begin + strlen("::\n\n"), "\n", -1);
	for (char **line = lines; g_str_has_prefix(*line, "        "); line++)
		g_string_append_printf(example, "%s\n", g_strstrip(*line));
	g_assert_cmpuint(example->len, >, 0);
	return g_string_free(example, FALSE);
}

static void call_from(const World *world, const char *address, const char *expected)
{
	netns_run(world->outside, "ip route replace 192.0.2.0/24 dev eth0 src %s", address);
	expect(world->outside, "tcp", "192.0.2.1", 8080, expected);
}

static void as_the_manual_says(World *world)
{
	g_autofree char *example = manual_example();

	create(world);
	listener_open(world_container(world, &app_place), "app", "tcp", NULL, 80);
	netns_run(world->outside, "ip address add " MANUAL_CLIENT "/24 dev eth0");
	call_from(world, MANUAL_CLIENT, "app from " MANUAL_CLIENT);
	g_test_message("%s", example);
	g_assert_true(g_file_set_contents("/run/example", example, -1, NULL));
	netns_run(world->host, world_has_nftables() ? "nft -f /run/example" : "sh -e /run/example");
	call(world->bus, "", "Manager", "Reconcile", NULL);
	call_from(world, MANUAL_CLIENT, "silence");
	call_from(world, "192.0.2.2", APP);
}

static const Scenario scenarios[] = {
	{ "/beside", beside, NULL, true },
	{ "/beside/manual", as_the_manual_says, NULL, false },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
