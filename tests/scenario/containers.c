/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/world.h"

#include <string.h>

/*
 * Who calls a published port from within: by which address, and what comes of it, in every combination of the
 * switches that packets on a bridge meet.
 */

static const Place own_place = { .bridge = "br-web",
				 .address = "172.18.0.2/16",
				 .gateway = "172.18.0.1",
				 .address6 = "fd00:18::2/64",
				 .gateway6 = "fd00:18::1" };
static const Place sibling_place = { .bridge = "br-web",
				     .address = "172.18.0.3/16",
				     .gateway = "172.18.0.1",
				     .address6 = "fd00:18::3/64",
				     .gateway6 = "fd00:18::1" };
static const Place other_place = { .bridge = "br-other",
				   .address = "172.19.0.2/16",
				   .gateway = "172.19.0.1",
				   .address6 = "fd00:19::2/64",
				   .gateway6 = "fd00:19::1" };
static const Place inner_place = { .bridge = "br-inner",
				   .address = "172.20.0.2/16",
				   .gateway = "172.20.0.1",
				   .address6 = "fd00:20::2/64",
				   .gateway6 = "fd00:20::1" };

enum caller { OWN, SIBLING, OTHER, INNER, N_CALLERS };
static const Place *const places[N_CALLERS] = { &own_place, &sibling_place, &other_place, &inner_place };
static const char *const caller_names[N_CALLERS] = { "itself", "its sibling", "another network's",
						     "an internal one's" };

enum { ON = 1, OFF = 0, EITHER = 2 };

typedef struct Case {
	guint callers; /* set of 1 << enum caller */
	const char *address;
	guint16 port; /* the protocol's: see below */
	guint8 communication;
	bool answered;
} Case;

#define WITHIN (1 << OWN | 1 << SIBLING | 1 << OTHER)

static const Case cases[] = {
	{ WITHIN, "192.0.2.1", 8080, EITHER, true },
	{ WITHIN, "192.0.2.3", 8080, EITHER, true },
	{ WITHIN, "198.51.100.1", 8080, EITHER, true },
	{ WITHIN, "172.18.0.1", 8080, EITHER, true },
	{ WITHIN, "172.19.0.1", 8080, EITHER, true },
	{ WITHIN, "2001:db8:1::1", 8080, EITHER, true },
	{ WITHIN, "fd00:18::1", 8080, EITHER, true },
	{ WITHIN, "fd00:19::1", 8080, EITHER, true },
	/* published on that address alone */
	{ WITHIN, "192.0.2.1", 8081, EITHER, true },
	{ WITHIN, "192.0.2.3", 8081, EITHER, false },
	/* published on 127.0.0.1 alone */
	{ WITHIN, "192.0.2.1", 8082, EITHER, false },
	{ WITHIN, "172.18.0.1", 8082, EITHER, false },
	/* direct connections are what they were */
	{ 1 << SIBLING, "172.18.0.2", 80, OFF, false },
	{ 1 << SIBLING, "172.18.0.2", 80, ON, true },
	{ 1 << SIBLING, "fd00:18::2", 80, OFF, false },
	{ 1 << SIBLING, "fd00:18::2", 80, ON, true },
	{ 1 << OTHER, "172.18.0.2", 80, EITHER, false },
	{ 1 << OTHER, "fd00:18::2", 80, EITHER, false },
	{ 1 << INNER, "172.18.0.2", 80, EITHER, false },
	{ 1 << INNER, "192.0.2.1", 8080, EITHER, false },
	{ 1 << INNER, "172.18.0.1", 8080, EITHER, false },
	{ 1 << INNER, "172.20.0.1", 8080, EITHER, false },
	{ 1 << INNER, "2001:db8:1::1", 8080, EITHER, false },
	{ 1 << INNER, "fd00:20::1", 8080, EITHER, false },
};

static void create(World *world, gboolean communication, gboolean masquerade)
{
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "web", 4, "Subnets", "as", 2, "172.18.0.0/16",
	     "fd00:18::/64", "Bridge", "s", "br-web", "InterContainerCommunication", "b", communication, "Masquerade",
	     "b", masquerade);
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "other", 2, "Subnets", "as", 2, "172.19.0.0/16",
	     "fd00:19::/64", "Bridge", "s", "br-other");
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "inner", 3, "Subnets", "as", 2, "172.20.0.0/16",
	     "fd00:20::/64", "Bridge", "s", "br-inner", "Internal", "b", TRUE);
	call(world->bus, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "app", 2, "Addresses", "as", 2,
	     "172.18.0.2", "fd00:18::2", "Ports", "a(ssqqq)", 6, "tcp", "", 8080, 80, 1, "udp", "", 8080, 80, 1, "tcp",
	     "192.0.2.1", 8081, 80, 1, "udp", "192.0.2.1", 8081, 80, 1, "tcp", "127.0.0.1", 8082, 80, 1, "udp",
	     "127.0.0.1", 8082, 80, 1);
}

static void expect_cases(const int callers[N_CALLERS], gboolean communication, bool answers, const char *what)
{
	static const char *const protocols[] = { "tcp", "udp" };
	g_autoptr(GArray) probes = g_array_new(FALSE, TRUE, sizeof(Probe));
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		for (guint caller = 0; caller < N_CALLERS; caller++)
			for (guint p = 0; p < G_N_ELEMENTS(protocols); p++) {
				bool answered = cases[i].answered && (answers || cases[i].port == 80);
				Probe probe = { callers[caller],
						protocols[p],
						cases[i].address,
						cases[i].port,
						answered ? "app" : "silence",
						NULL };

				if (!(cases[i].callers & 1 << caller) ||
				    cases[i].communication == (guint8)!communication)
					continue;
				g_array_append_val(probes, probe);
				g_ptr_array_add(names, g_strdup(caller_names[caller]));
			}
	probe_all((Probe *)probes->data, probes->len);
	for (guint i = 0; i < probes->len; i++) {
		Probe *probe = &g_array_index(probes, Probe, i);

		if (g_str_has_prefix(probe->result, "app") != (probe->expected[0] == 'a')) {
			g_test_message("%s: %s calls %s %s port %u: %s", what, (char *)names->pdata[i], probe->protocol,
				       probe->address, probe->port, probe->result);
			g_test_fail();
		}
		g_free(probe->result);
	}
}

/* Where the rules see what a bridge forwards, it sends nothing back by the port it came from unless told so. */
static void let_turn_back(World *world, guint port)
{
	netns_run(world->host, "ip link set port%u type bridge_slave hairpin on", port);
}

static void run(World *world, bool answers)
{
	static const char *const seen[] = { "0", "1" };
	int callers[N_CALLERS];

	for (guint communication = 0; communication <= 1; communication++)
		for (guint masquerade = 0; masquerade <= 1; masquerade++) {
			guint first = world->containers->len;

			create(world, communication, masquerade);
			for (guint i = 0; i < N_CALLERS; i++)
				callers[i] = world_container(world, places[i]);
			listener_open(callers[OWN], "app", "tcp", NULL, 80);
			listener_open(callers[OWN], "app", "udp", NULL, 80);
			for (guint nf = 0; nf < G_N_ELEMENTS(seen); nf++) {
				g_autofree char *what = g_strdup_printf("communication=%u masquerade=%u bridge-nf=%s",
									communication, masquerade, seen[nf]);

				if (nf == 1 || !communication)
					let_turn_back(world, first + OWN);
				netns_sysctl(world->host, "net/bridge/bridge-nf-call-iptables", seen[nf]);
				netns_sysctl(world->host, "net/bridge/bridge-nf-call-ip6tables", seen[nf]);
				expect_cases(callers, communication, answers, what);
			}
			call(world->bus, "/network/inner", "Network", "Delete", NULL);
			call(world->bus, "/network/other", "Network", "Delete", NULL);
			call(world->bus, "/network/web", "Network", "Delete", NULL);
			listeners_close();
		}
}

static void answered(World *world)
{
	run(world, true);
}

static void switched_off(World *world)
{
	run(world, false);
}

/* The rules go and come with the configuration, of this instance or the one before. */
static void reloaded(World *world)
{
	static const char *const configurations[] = { "ContainerPublish=no", "", "Hairpin=yes\nContainerPublish=no",
						      "Hairpin=yes", "ContainerPublish=yes" };
	g_autofree char *before = NULL;
	int callers[N_CALLERS];

	create(world, FALSE, TRUE);
	before = world_rules(world, "iptables");
	for (guint restart = 0; restart <= 1; restart++) {
		for (guint i = 0; i < G_N_ELEMENTS(configurations); i++) {
			g_autofree char *rules = NULL;

			world_configure(world, configurations[i]);
			if (restart)
				world_restart_service(world);
			else
				call(world->bus, "", "Manager", "Reload", NULL);
			rules = world_rules(world, "iptables");
			if (world_has_nftables()) {
				g_assert_cmpint(
					strstr(rules, "callers {\n\t\ttype ifname\n\t\tcounter\n\t\telements") != NULL,
					==, strstr(configurations[i], "ContainerPublish=no") == NULL);
				continue;
			}
			g_assert_cmpint(strstr(rules, "DOCKER-CONTAINERS") != NULL, ==,
					strcmp(configurations[i], "") == 0 ||
						strcmp(configurations[i], "ContainerPublish=yes") == 0);
			g_assert_cmpint(strstr(rules, "--ctstate DNAT") != NULL, ==,
					strstr(configurations[i], "ContainerPublish=no") == NULL);
			if (strcmp(configurations[i], "ContainerPublish=yes") == 0)
				g_assert_cmpstr(rules, ==, before);
		}
	}
	for (guint i = 0; i < N_CALLERS; i++)
		callers[i] = world_container(world, places[i]);
	let_turn_back(world, OWN);
	listener_open(callers[OWN], "app", "tcp", NULL, 80);
	listener_open(callers[OWN], "app", "udp", NULL, 80);
	expect_cases(callers, FALSE, true, "after it all");
}

static const Scenario scenarios[] = {
	{ "/containers/answered", answered },
	{ "/containers/answered-linear", answered, "IsolationPairwiseMax=0" },
	{ "/containers/answered-hairpin", answered, "Hairpin=yes" },
	{ "/containers/switched-off", switched_off, "ContainerPublish=no" },
	{ "/containers/reloaded", reloaded },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
