/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/world.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Who may reach a published port. One world for each list, and all the ways in it: from everybody, by an address of the
 * host and by the endpoint's own.
 */

enum { HOST, OUTSIDE, ELSEWHERE, SIBLING, OTHER, N_PARTIES };

/* In what a case lets through: a bit for each party, and what is meant by it. */
#define FROM(party) (1 << (party))

static const struct {
	const char *name;
	Place place; /* of containers */
} parties[N_PARTIES] = {
	[HOST] = { "host" },
	[OUTSIDE] = { "outside" },
	[ELSEWHERE] = { "elsewhere" },
	[SIBLING] = { "sibling", { "br-web", "172.18.0.3/16", "172.18.0.1", "fd00:18::3/64", "fd00:18::1" } },
	[OTHER] = { "other", { "br-alt", "172.19.0.2/16", "172.19.0.1", "fd00:19::2/64", "fd00:19::1" } },
};

static const Place app_place = { "br-web", "172.18.0.2/16", "172.18.0.1", "fd00:18::2/64", "fd00:18::1" };

/* What is published at port 8080 of the host for port 80 of the endpoint; port 22 is not. */
static const struct {
	const char *protocol, *address, *direct;
} targets[] = {
	{ "tcp", "192.0.2.1", "172.18.0.2" },
	{ "udp", "192.0.2.1", "172.18.0.2" },
	{ "tcp", "2001:db8:1::1", "fd00:18::2" },
	{ "udp", "2001:db8:1::1", "fd00:18::2" },
};

typedef struct Allow {
	World *world;
	int netns[N_PARTIES];
} Allow;

static void set_from(const Allow *allow, const char *path, const char *interface, const char *const *list)
{
	sd_bus_message *message = NULL, *reply = NULL;
	sd_bus_error error = SD_BUS_ERROR_NULL;
	g_autofree char *object = g_strconcat("/org/example/NetFilter", path, NULL);
	g_autofree char *full = g_strconcat("org.example.NetFilter.", interface, NULL);
	sd_bus *bus = allow->world->bus;

	g_assert_cmpint(sd_bus_message_new_method_call(bus, &message, "org.example.NetFilter", object, full, "Update"),
			>=, 0);
	sd_bus_message_open_container(message, 'a', "{sv}");
	sd_bus_message_open_container(message, 'e', "sv");
	sd_bus_message_append(message, "s", "AllowFrom");
	sd_bus_message_open_container(message, 'v', "as");
	sd_bus_message_append_strv(message, (char **)list);
	for (guint i = 0; i < 3; i++)
		sd_bus_message_close_container(message);
	if (sd_bus_call(bus, message, 0, &error, &reply) < 0)
		g_error("Update: %s", error.message);
	sd_bus_message_unref(message);
	sd_bus_message_unref(reply);
}

static void allow_init(Allow *allow, World *world)
{
	const int there[] = { world->host, world->outside, world->elsewhere };
	int app;

	allow->world = world;
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "web", 2, "Subnets", "as", 2, "172.18.0.0/16",
	     "fd00:18::/64", "Bridge", "s", "br-web");
	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "alt", 2, "Subnets", "as", 2, "172.19.0.0/16",
	     "fd00:19::/64", "Bridge", "s", "br-alt");
	call(world->bus, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "app", 2, "Addresses", "as", 2,
	     "172.18.0.2", "fd00:18::2", "Ports", "a(ssqqq)", 3, "tcp", "", 8080, 80, 1, "udp", "", 8080, 80, 1, "sctp",
	     "", 8080, 80, 1);
	app = world_container(world, &app_place);
	listener_open(app, "app", "tcp", NULL, 80);
	listener_open(app, "app", "udp", NULL, 80);
	listener_open(app, "app", "tcp", NULL, 22);
	for (guint i = 0; i < N_PARTIES; i++)
		allow->netns[i] = i < G_N_ELEMENTS(there) ? there[i] : world_container(world, &parties[i].place);
}

static void add(GArray *probes, int netns, const char *protocol, const char *address, guint16 port, bool passes)
{
	Probe probe = { netns, protocol, address, port, passes ? "app" : "silence" };

	g_array_append_val(probes, probe);
}

/* A packet that is not translated is stopped by isolation or by the policy of forwarding, whoever sent it. */
static bool goes_direct(guint party)
{
	return party != OTHER;
}

static void ask_all(const Allow *allow, const char *list, guint allowed, guint allowed6)
{
	g_autoptr(GArray) probes = g_array_new(FALSE, FALSE, sizeof(Probe));

	for (guint party = 0; party < N_PARTIES; party++)
		for (guint i = 0; i < G_N_ELEMENTS(targets); i++) {
			guint from = strchr(targets[i].address, ':') ? allowed6 : allowed;
			bool passes = from & FROM(party);

			add(probes, allow->netns[party], targets[i].protocol, targets[i].address, 8080, passes);
			add(probes, allow->netns[party], targets[i].protocol, targets[i].direct, 80,
			    passes && goes_direct(party));
		}
	add(probes, allow->world->host, "tcp", "127.0.0.1", 8080, allowed & FROM(HOST));
	add(probes, allow->world->host, "udp", "127.0.0.1", 8080, allowed & FROM(HOST));
	/* What is not published is none of it. */
	add(probes, allow->netns[SIBLING], "tcp", "172.18.0.2", 22, true);
	add(probes, allow->world->host, "tcp", "172.18.0.2", 22, true);
	probe_all((Probe *)probes->data, probes->len);
	for (guint i = 0; i < probes->len; i++) {
		const Probe *probe = &g_array_index(probes, Probe, i);
		bool passes = !g_str_equal(probe->expected, "silence");
		bool passed = g_str_has_prefix(probe->result, "app ");

		/* Who is on the host itself is told at once. */
		bool stopped = g_str_equal(probe->result, "silence") ||
			       (probe->netns == allow->world->host && g_str_equal(probe->result, g_strerror(EPERM)));

		if (passes ? !passed : !stopped) {
			g_test_message("%s: %s %s:%u from %d: %s", list, probe->protocol, probe->address, probe->port,
				       probe->netns, probe->result);
			g_test_fail();
		}
		g_free(probe->result);
	}
}

#define EVERYBODY (FROM(HOST) | FROM(OUTSIDE) | FROM(ELSEWHERE) | FROM(SIBLING) | FROM(OTHER))

static const struct {
	const char *list; /* words */
	guint allowed, allowed6;
} cases[] = {
	{ "", EVERYBODY, EVERYBODY },
	{ "192.0.2.0/24", FROM(OUTSIDE), 0 },
	{ "192.0.2.2 2001:db8:2::2", FROM(OUTSIDE), FROM(ELSEWHERE) },
	{ "lo", FROM(HOST), FROM(HOST) },
	{ "0.0.0.0/0", EVERYBODY & ~FROM(HOST), 0 },
	{ "::/0 lo", FROM(HOST), EVERYBODY },
	{ "br-web", FROM(SIBLING), FROM(SIBLING) },
	{ "172.16.0.0/12 br-alt", FROM(SIBLING) | FROM(OTHER), FROM(OTHER) },
	{ "10.0.0.0/8", 0, 0 },
};

static void each_list(World *world)
{
	Allow allow;

	allow_init(&allow, world);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(GStrv) words = *cases[i].list ? g_strsplit(cases[i].list, " ", -1) : g_new0(char *, 1);
		/* By turns of the network and of the endpoint, whose own list goes before. */
		bool own = i % 2 == 0;
		static const char *const nobody[] = { "203.0.113.1", NULL }, *const none[] = { NULL };

		if (own && *words) {
			set_from(&allow, "/network/web", "Network", nobody);
			set_from(&allow, "/network/web/endpoint/app", "Endpoint", (const char *const *)words);
		} else {
			set_from(&allow, "/network/web/endpoint/app", "Endpoint", none);
			set_from(&allow, "/network/web", "Network", (const char *const *)words);
		}
		ask_all(&allow, cases[i].list, cases[i].allowed, cases[i].allowed6);
	}
}

static const Scenario scenarios[] = {
	{ "/allow-from/each-list", each_list },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
