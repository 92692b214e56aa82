/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/world.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define APP "app from 192.0.2.2"

static const Place app_place = { .bridge = "br-web", .address = "172.18.0.2/16", .gateway = "172.18.0.1" };

static void publish_app(World *world)
{
	int container;

	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "web", 2, "Subnets", "as", 1, "172.18.0.0/16",
	     "Bridge", "s", "br-web");
	call(world->bus, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "app", 2, "Addresses", "as", 1,
	     "172.18.0.2", "Ports", "a(ssqqq)", 2, "tcp", "", 8080, 80, 1, "udp", "", 5353, 53, 1);
	container = world_container(world, &app_place);
	listener_open(container, "app", "tcp", NULL, 80);
	listener_open(container, "app", "udp", NULL, 53);
}

typedef struct Prober {
	World *world;
	int flow;
	atomic_bool over;
	guint n_asked, n_lost;
} Prober;

static void note(Prober *prober, const char *answer)
{
	prober->n_asked++;
	prober->n_lost += strcmp(answer, APP) != 0;
}

static gpointer ask_all_the_time(gpointer data)
{
	Prober *prober = data;

	while (!prober->over) {
		note(prober, probe(prober->world->outside, "udp", "192.0.2.1", 5353, APP));
		note(prober, probe(prober->world->outside, "tcp", "192.0.2.1", 8080, APP));
		note(prober, flow_ask(prober->flow, APP));
	}
	return NULL;
}

/* New flows and an old one find their way at every moment of a death and the start that follows. */
static void no_packet_is_lost(World *world)
{
	Prober prober = { .world = world };
	GThread *thread;

	publish_app(world);
	prober.flow = flow_open(world->outside, "tcp", "192.0.2.1", 8080);
	expect_flow(prober.flow, APP);
	thread = g_thread_new("prober", ask_all_the_time, &prober);
	for (guint i = 0; i < 10; i++) {
		g_usleep(10000);
		world_restart_service(world);
	}
	prober.over = true;
	g_thread_join(thread);
	g_test_message("%u questions", prober.n_asked);
	g_assert_cmpuint(prober.n_asked, >, 30);
	g_assert_cmpuint(prober.n_lost, ==, 0);
	close(prober.flow);
}

/* The same where forwarding was switched on by the service, and the last of many histories had it off in
 * between. */
static void after_a_history(World *world)
{
	publish_app(world);
	world_reconnect(world);
	wait_gone(world->bus, "/network/web");
	listeners_close();
	no_packet_is_lost(world);
}

/* --- from one backend to the other --- */

/* What is open stays so and what is closed stays so, while the rules move. */
typedef struct Watch {
	World *world;
	int inner, flow;
	atomic_bool over;
	guint n_asked, n_lost, n_reached;
} Watch;

static void watch_once(Watch *watch)
{
	Probe closed[] = {
		/* By the way that a neighbour has to the containers, into and out of an internal network, and past
		 * isolation. */
		{ watch->world->outside, "tcp", "172.18.0.2", 81, "silence", NULL },
		{ watch->world->outside, "udp", "172.19.0.2", 53, "silence", NULL },
		{ watch->inner, "udp", "192.0.2.2", 53, "silence", NULL },
		{ watch->inner, "tcp", "172.18.0.2", 81, "silence", NULL },
	};
	const char *answer = probe(watch->world->outside, "tcp", "192.0.2.1", 8080, APP);

	watch->n_lost += strcmp(answer, APP) != 0;
	watch->n_lost += strcmp(probe(watch->world->outside, "udp", "192.0.2.1", 5353, APP), APP) != 0;
	watch->n_lost += strcmp(flow_ask(watch->flow, APP), APP) != 0;
	probe_all(closed, G_N_ELEMENTS(closed));
	for (guint i = 0; i < G_N_ELEMENTS(closed); i++) {
		watch->n_reached += strcmp(closed[i].result, "silence") != 0;
		g_free(closed[i].result);
	}
	watch->n_asked++;
}

static gpointer watch_all_the_time(gpointer data)
{
	Watch *watch = data;

	while (!watch->over)
		watch_once(watch);
	return NULL;
}

static void add_inner(Watch *watch)
{
	static const Place place = { .bridge = "br-in", .address = "172.19.0.2/16", .gateway = "172.19.0.1" };
	World *world = watch->world;

	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", "inner", 3, "Subnets", "as", 1, "172.19.0.0/16",
	     "Bridge", "s", "br-in", "Internal", "b", TRUE);
	watch->inner = world_container(world, &place);
	listener_open(watch->inner, "inner", "udp", NULL, 53);
	listener_open(world->outside, "outside", "udp", NULL, 53);
	netns_run(world->outside, "ip route add 172.16.0.0/12 via 192.0.2.1");
}

/* The rules of one backend alone, and nothing that the other left but what it found. */
static void expect_rules_of(const World *world, bool nftables)
{
	g_autofree char *legacy = netns_output(world->host, "sh -c \"iptables-legacy-save; ip6tables-legacy-save\"");
	g_autofree char *tables = netns_output(world->host, "nft list tables");

	g_assert_cmpint(strstr(tables, "netfilterd") != NULL, ==, nftables);
	g_assert_cmpint(strstr(legacy, "DOCKER") == NULL, ==, nftables);
	g_assert_cmpint(strstr(legacy, "br-") == NULL, ==, nftables);
	g_assert_cmpint(strstr(legacy, ":FORWARD DROP") == NULL, ==, nftables);
	g_assert_nonnull(strstr(legacy, "-A FORWARD -i theirs0 -j DROP"));
}

static void other_backend(World *world)
{
	Watch watch = { .world = world };
	bool nftables = world_has_nftables();
	GThread *thread;

	netns_run(world->host, "iptables-legacy -A FORWARD -i theirs0 -j DROP");
	publish_app(world);
	add_inner(&watch);
	watch.flow = flow_open(world->outside, "tcp", "192.0.2.1", 8080);
	expect_flow(watch.flow, APP);
	expect_rules_of(world, nftables);
	thread = g_thread_new("watch", watch_all_the_time, &watch);
	for (guint i = 0; i < 6; i++) {
		guint before = watch.n_asked;

		nftables = !nftables;
		world_configure(world, nftables ? "Backend=nftables" : "Backend=iptables");
		world_restart_service(world);
		expect_rules_of(world, nftables);
		for (guint n = 0; n < 10000 && watch.n_asked < before + 2; n++)
			g_usleep(1000);
	}
	watch.over = true;
	g_thread_join(thread);
	g_test_message("%u rounds", watch.n_asked);
	g_assert_cmpuint(watch.n_asked, >=, 12);
	g_assert_cmpuint(watch.n_lost, ==, 0);
	g_assert_cmpuint(watch.n_reached, ==, 0);
	close(watch.flow);
}

static const Scenario scenarios[] = {
	{ "/restart/no-packet-is-lost", no_packet_is_lost },
	{ "/restart/after-a-history", after_a_history },
	{ "/restart/other-backend", other_backend },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
