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

static const Scenario scenarios[] = {
	{ "/restart/no-packet-is-lost", no_packet_is_lost },
	{ "/restart/after-a-history", after_a_history },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
