/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Backend=auto: which one it is, on which host. */

#include "tests/support/rig.h"

#include <string.h>

#define NO_LEGACY "init:ENOPROTOOPT:1000000"
#define NO_NFTABLES "probe:EPROTONOSUPPORT:1000000"

typedef struct Case {
	const char *command; /* what others have done; NULL: nothing */
	const char *fault;   /* what the kernel lacks; NULL: nothing */
	const char *backend;
} Case;

static const Case cases[] = {
	{ NULL, NULL, "nftables" },
	{ "iptables-legacy -P FORWARD DROP", NULL, "iptables" },
	{ "ip6tables-legacy -P FORWARD DROP", NULL, "iptables" },
	{ "iptables-legacy -A FORWARD -j DROP", NULL, "iptables" },
	{ "iptables-legacy -A FORWARD -i theirs0 -j REJECT", NULL, "iptables" },
	{ "iptables-legacy -A FORWARD -j ACCEPT", NULL, "nftables" },
	{ "iptables-legacy -A INPUT -j DROP", NULL, "nftables" },
	{ "iptables-legacy -t mangle -A FORWARD -j DROP", NULL, "nftables" },
	{ "iptables-nft -P FORWARD DROP", NULL, "nftables" },
	{ NULL, NO_LEGACY, "nftables" },
	{ "iptables-legacy -P FORWARD DROP", NO_LEGACY, "nftables" },
	{ NULL, NO_NFTABLES, "iptables" },
	{ "iptables-legacy -P FORWARD DROP", NO_NFTABLES, "iptables" },
};

static void create_network(Rig *rig)
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Subnets': <['172.18.0.0/16']>, 'Persistent': <true>}");
}

static void backend_is(const Rig *rig, const char *backend)
{
	g_autofree char *value = g_strdup_printf("'%s'", backend);

	property_is(rig, value, "", "Manager", "Backend");
}

/* As on a host where no rule ever was. */
static void enter_fresh_host(Rig *rig)
{
	close(rig->host);
	rig->host = netns_new();
	netns_enter(rig->host);
}

static void chosen(Rig *rig)
{
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const Case *c = &cases[i];

		g_test_message("%s, %s", c->command ? c->command : "nothing", c->fault ? c->fault : "everything");
		service_stop(rig->service);
		enter_fresh_host(rig);
		if (c->command)
			netns_run(rig->host, "%s", c->command);
		rig_start_failing(rig, c->fault);
		backend_is(rig, c->backend);
		create_network(rig);
		done(rig, "/network/web", "Network", "Delete", "", "");
	}
}

/* Whoever can do without the legacy tables does not get them by being asked. */
static void no_legacy_tables(Rig *rig)
{
	g_autofree char *names = NULL;

	backend_is(rig, "nftables");
	create_network(rig);
	names = netns_output(rig->host, "cat /proc/self/net/ip_tables_names /proc/self/net/ip6_tables_names");
	g_assert_cmpstr(names, ==, "");
}

/* What there is stays where it is, whatever else would be chosen. */
static void kept(Rig *rig)
{
	static const char *const commands[] = { "iptables-legacy -P FORWARD ACCEPT",
						"iptables-legacy -P FORWARD DROP" };
	static const char *const backends[] = { "iptables", "nftables" };

	for (guint i = 0; i < G_N_ELEMENTS(backends); i++) {
		service_stop(rig->service);
		enter_fresh_host(rig);
		netns_run(rig->host, "%s", commands[!i]);
		rig_start_failing(rig, NULL);
		backend_is(rig, backends[i]);
		create_network(rig);
		service_kill(rig->service);
		netns_run(rig->host, "%s", commands[i]);
		rig_start_failing(rig, NULL);
		backend_is(rig, backends[i]);
		done(rig, "", "Manager", "Reload", "", "");
		answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
		done(rig, "/network/web", "Network", "Delete", "", "");
	}
}

/* Each reason is told, by the option that the kernel lacks. */
static void none(Rig *rig)
{
	static const char *const reasons[] = { "iptables: ", "CONFIG_IP_NF_", "nftables: ", "CONFIG_NF_TABLES" };

	service_stop(rig->service);
	rig_start_failing(rig, NO_LEGACY "," NO_NFTABLES);
	for (guint i = 0; i < G_N_ELEMENTS(reasons); i++)
		refused(rig, OURS("BackendUnavailable"), reasons[i], "", "Manager", "CreateNetwork", "sa{sv}",
			"'web', {'Subnets': <['172.18.0.0/16']>}");
	service_stop(rig->service);
	rig_start_failing(rig, NULL);
	create_network(rig);
}

/* A reload changes nothing about it, and says so where it should. */
static void reloaded(Rig *rig)
{
	backend_is(rig, "nftables");
	rig_configure(rig, "Backend=nftables");
	done(rig, "", "Manager", "Reload", "", "");
	rig_configure(rig, "Backend=iptables");
	refused(rig, STANDARD("InvalidArgs"), "Backend=\"iptables\" cannot be changed from \"nftables\"", "", "Manager",
		"Reload", "", "");
	rig_configure(rig, "Backend=auto");
	done(rig, "", "Manager", "Reload", "", "");
}

static const BusTest tests[] = {
	{ .path = "/backend/chosen", .run = chosen, .configuration = "Backend=auto" },
	{ .path = "/backend/no-legacy-tables", .run = no_legacy_tables, .configuration = "Backend=auto" },
	{ .path = "/backend/kept", .run = kept, .configuration = "Backend=auto" },
	{ .path = "/backend/none", .run = none, .configuration = "Backend=auto" },
	{ .path = "/backend/reloaded", .run = reloaded, .configuration = "Backend=auto" },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
