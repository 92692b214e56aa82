/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/world.h"

#include <stdlib.h>
#include <string.h>

/* As many networks as a host may have: pair by pair they would need a million rules. */
enum { N_NETWORKS = 1000, LAST = N_NETWORKS - 1 };

#define LIMITS "MaxNetworks=1001\nMaxNetworksPerUID=1001"

/* --- many calls under way --- */

/* A system bus lets a connection have 128 calls without an answer. */
enum { MAX_OPEN = 120, CALL_USEC = 300 * G_USEC_PER_SEC };

typedef struct Calls {
	sd_bus *bus;
	guint n_open;
} Calls;

static int on_answer(sd_bus_message *answer, void *userdata, sd_bus_error *ret_error G_GNUC_UNUSED)
{
	Calls *calls = userdata;
	const sd_bus_error *error = sd_bus_message_get_error(answer);

	calls->n_open--;
	if (error) {
		g_test_message("%s: %s", error->name, error->message);
		g_test_fail();
	}
	return 0;
}

/* Until no more than so many have no answer. */
static void wait_for_calls(Calls *calls, guint n)
{
	while (calls->n_open > n) {
		int r = sd_bus_process(calls->bus, NULL);

		if (r == 0)
			r = sd_bus_wait(calls->bus, UINT64_MAX);
		if (r < 0)
			g_error("%s", g_strerror(-r));
	}
}

static void send_call(Calls *calls, const char *path, const char *interface, const char *member, const char *types, ...)
{
	g_autofree char *object = g_strconcat("/org/example/NetFilter", path, NULL);
	g_autofree char *full = g_strconcat("org.example.NetFilter.", interface, NULL);
	sd_bus_message *message = NULL;
	va_list args;
	int r;

	wait_for_calls(calls, MAX_OPEN - 1);
	r = sd_bus_message_new_method_call(calls->bus, &message, "org.example.NetFilter", object, full, member);
	va_start(args, types);
	if (r >= 0 && types)
		r = sd_bus_message_appendv(message, types, args);
	va_end(args);
	if (r >= 0)
		r = sd_bus_call_async(calls->bus, NULL, message, on_answer, calls, CALL_USEC);
	if (r < 0)
		g_error("%s.%s: %s", interface, member, g_strerror(-r));
	sd_bus_message_unref(message);
	calls->n_open++;
}

/* --- networks --- */

static char *prefix_of(guint n)
{
	return g_strdup_printf("10.%u.%u", n / 250, n % 250);
}

static void send_create(Calls *calls, guint n)
{
	g_autofree char *name = g_strdup_printf("n%u", n);
	g_autofree char *bridge = g_strdup_printf("b%u", n);
	g_autofree char *prefix = prefix_of(n), *subnet = g_strconcat(prefix, ".0/24", NULL);

	send_call(calls, "", "Manager", "CreateNetwork", "sa{sv}", name, 2, "Subnets", "as", 1, subnet, "Bridge", "s",
		  bridge);
}

static void send_delete(Calls *calls, guint n)
{
	g_autofree char *path = g_strdup_printf("/network/n%u", n);

	send_call(calls, path, "Network", "Delete", NULL);
}

static int container(World *world, guint n)
{
	g_autofree char *bridge = g_strdup_printf("b%u", n);
	g_autofree char *prefix = prefix_of(n), *address = g_strconcat(prefix, ".2/24", NULL);
	g_autofree char *gateway = g_strconcat(prefix, ".1", NULL);

	return world_container(world, &(Place){ .bridge = bridge, .address = address, .gateway = gateway });
}

static char *links(const World *world)
{
	return netns_output(world->host, "ip -o link");
}

static char *rules(const World *world)
{
	g_autofree char *ipv4 = world_rules(world, "iptables"), *ipv6 = world_rules(world, "ip6tables");

	return g_strconcat(ipv4, ipv6, NULL);
}

static guint count(const char *text, const char *pattern)
{
	g_autoptr(GRegex) regex = g_regex_new(pattern, G_REGEX_MULTILINE, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	guint n = 0;

	g_regex_match(regex, text, 0, &match);
	for (; g_match_info_matches(match); n++)
		g_match_info_next(match, NULL);
	return n;
}

static void expect_linear(const World *world, guint n)
{
	g_autofree char *text = world_rules(world, "iptables");

	g_assert_cmpuint(count(text, "^-A DOCKER-ISOLATION -i (b\\d+) ! -o \\1 -j DOCKER-ISOLATION-STAGE-2$"), ==, n);
	g_assert_cmpuint(count(text, "^-A DOCKER-ISOLATION-STAGE-2 -o b\\d+ -j DROP$"), ==, n);
	g_assert_cmpuint(count(text, "^-A DOCKER-ISOLATION(-STAGE-2)? "), ==, 2 * n + 3);
}

/* The answers do not wait for all the bridges to be gone. */
static void expect_links(const World *world, const char *expected)
{
	for (guint i = 0; i < 600; i++) {
		g_autofree char *found = links(world);

		if (strcmp(found, expected) == 0)
			return;
		g_usleep(100 * G_TIME_SPAN_MILLISECOND);
	}
	g_test_message("links are left");
	g_test_fail();
}

/* --- what they are good for --- */

static double seconds_since(gint64 *since)
{
	gint64 before = *since;

	*since = g_get_monotonic_time();
	return (double)(*since - before) / G_USEC_PER_SEC;
}

static void one_more(Calls *calls)
{
	send_create(calls, N_NETWORKS);
	wait_for_calls(calls, 0);
	send_delete(calls, N_NETWORKS);
	wait_for_calls(calls, 0);
}

static void expect_packets(const World *world, int first, int last)
{
	expect(world->outside, "tcp", "192.0.2.1", 8080, "last from 192.0.2.2");
	expect(first, "tcp", "192.0.2.2", 80, "outside from 192.0.2.1");
	expect(last, "tcp", "192.0.2.2", 80, "outside from 192.0.2.1");
	expect(first, "tcp", "10.3.249.2", 80, "silence");
	expect(first, "udp", "10.3.249.2", 53, "silence");
	expect(last, "tcp", "10.0.0.2", 80, "silence");
	expect(last, "udp", "10.0.0.2", 53, "silence");
	expect(world->host, "tcp", "10.0.0.2", 80, "first from 10.0.0.1");
}

static void many_networks(World *world)
{
	g_autofree char *rules_before = rules(world), *links_before = links(world);
	g_autofree char *rules_full = NULL, *rules_again = NULL, *links_full = NULL, *links_again = NULL;
	Calls calls = { .bus = world->bus };
	gint64 time = g_get_monotonic_time();
	int first, last;

	for (guint n = 0; n < N_NETWORKS; n++)
		send_create(&calls, n);
	wait_for_calls(&calls, 0);
	g_test_message("created in %.2f s", seconds_since(&time));
	expect_linear(world, N_NETWORKS);

	seconds_since(&time);
	one_more(&calls);
	g_test_message("one more and back in %.3f s", seconds_since(&time));
	expect_linear(world, N_NETWORKS);

	first = container(world, 0);
	last = container(world, LAST);
	listener_open(first, "first", "tcp", NULL, 80);
	listener_open(first, "first", "udp", NULL, 53);
	listener_open(last, "last", "tcp", NULL, 80);
	listener_open(last, "last", "udp", NULL, 53);
	listener_open(world->outside, "outside", "tcp", NULL, 80);
	call(world->bus, "/network/n999", "Network", "CreateEndpoint", "sa{sv}", "app", 2, "Addresses", "as", 1,
	     "10.3.249.2", "Ports", "a(ssqqq)", 1, "tcp", "", 8080, 80, 1);
	expect_packets(world, first, last);

	rules_full = rules(world);
	links_full = links(world);
	seconds_since(&time);
	world_restart_service(world);
	call(world->bus, "", "Manager", "Reconcile", NULL);
	g_test_message("restarted in %.2f s", seconds_since(&time));
	rules_again = rules(world);
	g_assert_true(strcmp(rules_again, rules_full) == 0);
	links_again = links(world);
	g_assert_true(strcmp(links_again, links_full) == 0);
	expect_packets(world, first, last);
	one_more(&calls);

	seconds_since(&time);
	for (guint n = 0; n < N_NETWORKS; n++)
		send_delete(&calls, n);
	wait_for_calls(&calls, 0);
	g_test_message("deleted in %.2f s", seconds_since(&time));
	g_free(rules_again);
	rules_again = rules(world);
	g_assert_cmpstr(rules_again, ==, rules_before);
	netns_run(world->host, "ip link delete port0");
	netns_run(world->host, "ip link delete port1");
	seconds_since(&time);
	expect_links(world, links_before);
	g_test_message("all bridges gone in %.2f s more", seconds_since(&time));
}

static const Scenario scenarios[] = {
	{ "/many/networks", many_networks, LIMITS },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
