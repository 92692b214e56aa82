/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/world.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Isolation has two forms, a rule for each pair of networks and, for many networks, two stages of chains. To
 * a packet they must be the same.
 */
#define PAIRWISE "IsolationPairwiseMax=32"
#define LINEAR "IsolationPairwiseMax=2"

/* What does not depend on isolation passes as it would without. */
#define OPEN "\nProtectEndpoints=no"
#define STAGE_2 "DOCKER-ISOLATION-STAGE-2"

/* --- who is there --- */

enum network { RED, BLUE, GREEN, PLAIN, INNER, N_NETWORKS, NOWHERE };

static const struct {
	const char *name;
	guint number; /* of its subnets and bridge */
	bool internal, ipv4_only;
} networks[N_NETWORKS] = {
	[RED] = { "red", 18 },
	[BLUE] = { "blue", 19 },
	[GREEN] = { "green", 20 },
	[PLAIN] = { "plain", 21, .ipv4_only = true },
	[INNER] = { "inner", 22, .internal = true },
};

enum { RED_ONE, BLUE_ONE = 2, OUTSIDE = 7, HOST, N_PARTIES };

static const struct {
	const char *name;
	enum network network;
	const char *address, *address6;
} parties[N_PARTIES] = {
	[RED_ONE] = { "red-one", RED, "172.18.0.2", "fd00:18::2" },
	{ "red-two", RED, "172.18.0.3", "fd00:18::3" },
	[BLUE_ONE] = { "blue-one", BLUE, "172.19.0.2", "fd00:19::2" },
	{ "green-one", GREEN, "172.20.0.2", "fd00:20::2" },
	{ "plain-one", PLAIN, "172.21.0.2", NULL },
	{ "inner-one", INNER, "172.22.0.2", "fd00:22::2" },
	{ "inner-two", INNER, "172.22.0.3", "fd00:22::3" },
	[OUTSIDE] = { "outside", NOWHERE, "192.0.2.2", "2001:db8:1::2" },
	[HOST] = { "host", NOWHERE, "192.0.2.1", "2001:db8:1::1" },
};

/* Ports that everybody listens on; those of red-one are published. */
enum { TCP_PORT = 80, TCP_HOST_PORT = 8080, UDP_PORT = 53, UDP_HOST_PORT = 5353 };

typedef struct Forms {
	World *world;
	int netns[N_PARTIES];
	bool hairpin;
	guint n_passed, n_stopped; /* of the last matrix */
} Forms;

static void create_network(World *world, enum network network)
{
	guint number = networks[network].number;
	g_autofree char *bridge = g_strconcat("br-", networks[network].name, NULL);
	g_autofree char *subnet = g_strdup_printf("172.%u.0.0/16", number);
	g_autofree char *subnet6 = g_strdup_printf("fd00:%u::/64", number);

	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", networks[network].name, 3, "Bridge", "s", bridge,
	     "Internal", "b", networks[network].internal, "Subnets", "as", networks[network].ipv4_only ? 1 : 2, subnet,
	     subnet6);
}

static int enter_container(World *world, guint party)
{
	enum network network = parties[party].network;
	g_autofree char *bridge = g_strconcat("br-", networks[network].name, NULL);
	g_autofree char *address = g_strconcat(parties[party].address, "/16", NULL);
	g_autofree char *gateway = g_strdup_printf("172.%u.0.1", networks[network].number);
	g_autofree char *address6 = parties[party].address6 ? g_strconcat(parties[party].address6, "/64", NULL) : NULL;
	g_autofree char *gateway6 = g_strdup_printf("fd00:%u::1", networks[network].number);

	return world_container(world, &(Place){ bridge, address, gateway, address6, gateway6 });
}

static void publish_red(World *world)
{
	call(world->bus, "/network/red", "Network", "CreateEndpoint", "sa{sv}", "one", 2, "Addresses", "as", 2,
	     parties[RED_ONE].address, parties[RED_ONE].address6, "Ports", "a(ssqqq)", 2, "tcp", "", TCP_HOST_PORT,
	     TCP_PORT, 1, "udp", "", UDP_HOST_PORT, UDP_PORT, 1);
}

static void listen_at(int netns, guint party, const char *address)
{
	listener_open(netns, parties[party].name, "tcp", address, TCP_PORT);
	listener_open(netns, parties[party].name, "udp", address, UDP_PORT);
}

/* A new address is not usable at once, and the kernel's work on it waits while other namespaces end. */
static void wait_for_address(const Forms *forms, const char *address)
{
	const char *answer = "silence";

	for (guint i = 0; i < 10 && !strstr(answer, " from "); i++)
		answer = probe(forms->world->host, "udp", address, UDP_PORT, " from ");
	g_assert_nonnull(strstr(answer, " from "));
}

static void settle_in(Forms *forms, guint party)
{
	if (party == HOST) {
		forms->netns[party] = forms->world->host;
		/* At one address: it has many, and would answer from another one. */
		listen_at(forms->world->host, party, parties[party].address);
		listen_at(forms->world->host, party, parties[party].address6);
		return;
	}
	forms->netns[party] =
		parties[party].network == NOWHERE ? forms->world->outside : enter_container(forms->world, party);
	listen_at(forms->netns[party], party, NULL);
	if (parties[party].address6)
		wait_for_address(forms, parties[party].address6);
}

static void populate(Forms *forms)
{
	for (enum network network = 0; network < N_NETWORKS; network++)
		create_network(forms->world, network);
	publish_red(forms->world);
	for (guint i = 0; i < N_PARTIES; i++)
		settle_in(forms, i);
}

/* --- the rule --- */

static bool is_internal(guint party)
{
	return parties[party].network != NOWHERE && networks[parties[party].network].internal;
}

/* A host that forwards for everybody does so to networks too; what they have among themselves is the same. */
static bool may_reach(const Forms *forms, guint from, guint to)
{
	if (from == HOST || to == HOST)
		return true;
	if (parties[from].network == parties[to].network)
		return true;
	if (is_internal(from) || is_internal(to))
		return false;
	if (parties[from].network == NOWHERE)
		return to == RED_ONE || forms->world->scenario->router;
	return parties[to].network == NOWHERE;
}

/* The host port leads from everywhere but internal networks, which nftables leaves to the socket that keeps it. */
static const char *expected_at_host_port(guint from, bool tcp)
{
	if (!is_internal(from))
		return parties[RED_ONE].name;
	return world_has_nftables() && tcp ? "refused" : "silence";
}

/* --- the matrix --- */

static void add_probe(const Forms *forms, GArray *probes, GPtrArray *names, guint from, guint to, bool host_port,
		      bool tcp, bool ipv6)
{
	guint16 port = tcp ? (host_port ? TCP_HOST_PORT : TCP_PORT) : (host_port ? UDP_HOST_PORT : UDP_PORT);
	Probe probe = { forms->netns[from], tcp ? "tcp" : "udp", ipv6 ? parties[to].address6 : parties[to].address,
			port };

	if (ipv6 && (!parties[from].address6 || !parties[to].address6))
		return;
	if (host_port)
		probe.expected = expected_at_host_port(from, tcp);
	else
		probe.expected = may_reach(forms, from, to) ? parties[to].name : "silence";
	g_array_append_val(probes, probe);
	g_ptr_array_add(names,
			g_strdup_printf("%s to %s %s:%u", parties[from].name, probe.protocol, probe.address, port));
}

static bool is_as_expected(const Probe *probe)
{
	if (strcmp(probe->expected, "silence") == 0 || strcmp(probe->expected, "refused") == 0)
		return strcmp(probe->result, probe->expected) == 0;
	return g_str_has_prefix(probe->result, probe->expected) &&
	       g_str_has_prefix(probe->result + strlen(probe->expected), " from ");
}

/* Every one to every other, as it was seen: "outside to tcp 172.18.0.2:80: red-one from 192.0.2.2". */
static char *matrix(Forms *forms)
{
	g_autoptr(GArray) probes = g_array_new(FALSE, FALSE, sizeof(Probe));
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	GString *text = g_string_new(NULL);

	for (guint variant = 0; variant < 4; variant++)
		for (guint from = 0; from < N_PARTIES; from++) {
			for (guint to = 0; to < N_PARTIES; to++)
				if (from != to)
					add_probe(forms, probes, names, from, to, false, variant & 1, variant & 2);
			add_probe(forms, probes, names, from, HOST, true, variant & 1, variant & 2);
		}

	probe_all((Probe *)(void *)probes->data, probes->len);
	forms->n_passed = forms->n_stopped = 0;
	for (guint i = 0; i < probes->len; i++) {
		Probe *probe = &g_array_index(probes, Probe, i);

		if (!is_as_expected(probe)) {
			g_test_message("%s: %s, not %s", (char *)names->pdata[i], probe->result, probe->expected);
			g_test_fail();
		}
		if (strstr(probe->result, " from "))
			forms->n_passed++;
		else
			forms->n_stopped++;
		g_string_append_printf(text, "%s: %s\n", (char *)names->pdata[i], probe->result);
		g_free(probe->result);
	}
	return g_string_free(text, FALSE);
}

static void expect_form(const World *world, bool linear)
{
	static const char *const families[] = { "iptables", "ip6tables" };

	/* nftables has one form. */
	if (world_has_nftables())
		return;
	for (guint i = 0; i < G_N_ELEMENTS(families); i++) {
		g_autofree char *rules = world_rules(world, families[i]);

		g_assert_true(!!strstr(rules, STAGE_2) == linear);
		g_assert_true(!!strstr(rules, "-A DOCKER-ISOLATION -i br-red -o br-blue -j DROP\n") != linear);
	}
}

static void reload(const Forms *forms, const char *form)
{
	const char *rest = strchr(forms->world->scenario->configuration, '\n');
	g_autofree char *text = g_strconcat(form, rest, NULL);

	service_configure(text);
	call(forms->world->bus, "", "Manager", "Reload", NULL);
}

/* Both as the networks came to it one by one, and as all of them change to it. */
static void same_packets(World *world)
{
	const char *configuration = world->scenario->configuration;
	Forms forms = { .world = world, .hairpin = strstr(configuration, "Hairpin=yes") };
	bool linear = g_str_has_prefix(configuration, LINEAR);
	g_autofree char *before = NULL, *after = NULL;

	populate(&forms);
	expect_form(world, linear);
	before = matrix(&forms);
	g_test_message("%u passed, %u stopped", forms.n_passed, forms.n_stopped);
	g_assert_cmpuint(forms.n_passed, >, 100);
	g_assert_cmpuint(forms.n_stopped, >, 100);
	reload(&forms, linear ? PAIRWISE : LINEAR);
	expect_form(world, !linear);
	after = matrix(&forms);
	g_assert_true(strcmp(before, after) == 0);
}

/* --- while the form changes --- */

enum { CROSSINGS = 20, MAX_CROSSINGS = 400, ENOUGH = 400, FORBIDDEN_PORT = 4444 };

/* Who talks with whom, and may: what is asked must be answered. */
typedef struct Talk {
	GArray *flows; /* int */
	atomic_bool over;
	atomic_uint n_asked;
	guint n_lost;
} Talk;

/* Who tries to reach the other network; whether anything arrives is counted where it would. */
typedef struct Attempt {
	const Forms *forms;
	atomic_bool over;
} Attempt;

static gpointer talk_all_the_time(gpointer data)
{
	Talk *talk = data;

	while (!talk->over) {
		for (guint i = 0; i < talk->flows->len; i++) {
			talk->n_asked++;
			talk->n_lost += !strstr(flow_ask(g_array_index(talk->flows, int, i), " from "), " from ");
		}
	}
	return NULL;
}

static void begin_talk(Talk *talk, int netns, const char *protocol, const char *address, guint16 port)
{
	int flow = flow_open(netns, protocol, address, port);

	g_assert_nonnull(strstr(flow_ask(flow, " from "), " from "));
	g_array_append_val(talk->flows, flow);
}

static void begin_talks(Talk *talk, const Forms *forms)
{
	int outside = forms->netns[OUTSIDE], red = forms->netns[RED_ONE], blue = forms->netns[BLUE_ONE];

	begin_talk(talk, outside, "udp", parties[HOST].address, UDP_HOST_PORT);
	begin_talk(talk, outside, "udp", parties[HOST].address6, UDP_HOST_PORT);
	begin_talk(talk, outside, "tcp", parties[HOST].address, TCP_HOST_PORT);
	begin_talk(talk, red, "udp", parties[OUTSIDE].address, UDP_PORT);
	begin_talk(talk, blue, "udp", parties[OUTSIDE].address6, UDP_PORT);
	begin_talk(talk, blue, "tcp", parties[OUTSIDE].address, TCP_PORT);
}

static gpointer try_all_the_time(gpointer data)
{
	const Attempt *attempt = data;
	const guint pairs[][2] = { { RED_ONE, BLUE_ONE }, { BLUE_ONE, RED_ONE } };

	while (!attempt->over) {
		for (guint i = 0; i < 4; i++) {
			guint to = pairs[i / 2][1];
			const char *address = i % 2 ? parties[to].address6 : parties[to].address;
			int netns = attempt->forms->netns[pairs[i / 2][0]];
			int udp = flow_open(netns, "udp", address, FORBIDDEN_PORT);

			for (guint n = 0; n < 10; n++) {
				send(udp, "", 1, MSG_NOSIGNAL);
				close(flow_open(netns, "tcp", address, FORBIDDEN_PORT));
			}
			close(udp);
		}
	}
	return NULL;
}

/* The kernel counts what comes to the forbidden port, by a rule that does nothing else. */
static void count_in(int netns, const char *chain)
{
	netns_run(netns,
		  "sh -ec \"for p in tcp udp; do for i in iptables ip6tables; do "
		  "$i-legacy -w -I %s -p $p --dport %d; done; done\"",
		  chain, FORBIDDEN_PORT);
}

static guint64 counted_in(int netns, const char *chain)
{
	g_autofree char *text = netns_output(netns,
					     "sh -c \"(iptables-legacy -w -nvxL %s; ip6tables-legacy -w -nvxL %s) | "
					     "awk '/dpt:%d/ { n += $1 } END { print n + 0 }'\"",
					     chain, chain, FORBIDDEN_PORT);

	return g_ascii_strtoull(text, NULL, 10);
}

static void crossing(Forms *forms, void (*cross)(const Forms *forms, bool linear))
{
	static const guint watched[] = { RED_ONE, BLUE_ONE };
	Talk talk = { .flows = g_array_new(FALSE, FALSE, sizeof(int)) };
	Attempt attempt = { .forms = forms };
	guint64 n_allowed[G_N_ELEMENTS(watched)], n_tried = 0;
	guint n_crossings;
	GThread *talker, *trier;

	count_in(forms->world->host, "FORWARD");
	for (guint i = 0; i < G_N_ELEMENTS(watched); i++) {
		count_in(forms->netns[watched[i]], "INPUT");
		/* What may arrive is counted. */
		expect(forms->world->host, "tcp", parties[watched[i]].address, FORBIDDEN_PORT, "refused");
		expect(forms->world->host, "udp", parties[watched[i]].address6, FORBIDDEN_PORT, "refused");
		n_allowed[i] = counted_in(forms->netns[watched[i]], "INPUT");
		g_assert_cmpuint(n_allowed[i], >=, 2);
	}

	begin_talks(&talk, forms);
	talker = g_thread_new("talker", talk_all_the_time, &talk);
	trier = g_thread_new("trier", try_all_the_time, &attempt);
	/* On a busy machine it takes more of them until enough was said. */
	for (n_crossings = 0;
	     n_crossings < CROSSINGS || (n_crossings < MAX_CROSSINGS && (talk.n_asked <= ENOUGH || n_tried <= ENOUGH));
	     n_crossings++) {
		cross(forms, true);
		expect_form(forms->world, true);
		cross(forms, false);
		expect_form(forms->world, false);
		n_tried = counted_in(forms->world->host, "FORWARD");
	}
	attempt.over = talk.over = true;
	g_thread_join(trier);
	g_thread_join(talker);

	n_tried = counted_in(forms->world->host, "FORWARD");
	g_test_message("%u crossings, %u questions, %" G_GUINT64_FORMAT " attempts", n_crossings, talk.n_asked,
		       n_tried);
	g_assert_cmpuint(talk.n_asked, >, ENOUGH);
	g_assert_cmpuint(talk.n_lost, ==, 0);
	g_assert_cmpuint(n_tried, >, ENOUGH);
	for (guint i = 0; i < G_N_ELEMENTS(watched); i++)
		g_assert_cmpuint(counted_in(forms->netns[watched[i]], "INPUT"), ==, n_allowed[i]);
	for (guint i = 0; i < talk.flows->len; i++)
		close(g_array_index(talk.flows, int, i));
	g_array_unref(talk.flows);
}

static void populate_for_crossing(Forms *forms)
{
	create_network(forms->world, RED);
	create_network(forms->world, BLUE);
	publish_red(forms->world);
	settle_in(forms, HOST);
	settle_in(forms, OUTSIDE);
	settle_in(forms, RED_ONE);
	settle_in(forms, BLUE_ONE);
}

static void cross_by_network(const Forms *forms, bool linear)
{
	if (linear)
		create_network(forms->world, GREEN);
	else
		call(forms->world->bus, "/network/green", "Network", "Delete", NULL);
}

static void crossing_by_network(World *world)
{
	Forms forms = { .world = world };

	populate_for_crossing(&forms);
	crossing(&forms, cross_by_network);
}

static void cross_by_reload(const Forms *forms, bool linear)
{
	reload(forms, linear ? LINEAR : PAIRWISE);
}

static void crossing_by_reload(World *world)
{
	Forms forms = { .world = world };

	populate_for_crossing(&forms);
	create_network(world, GREEN);
	crossing(&forms, cross_by_reload);
}

static const Scenario scenarios[] = {
	{ "/isolation-forms/pairwise", same_packets, PAIRWISE OPEN },
	{ "/isolation-forms/linear", same_packets, LINEAR OPEN },
	{ "/isolation-forms/hairpin", same_packets, LINEAR OPEN "\nHairpin=yes" },
	{ "/isolation-forms/router", same_packets, PAIRWISE OPEN, .router = true },
	{ "/isolation-forms/crossing-by-network", crossing_by_network, LINEAR OPEN },
	{ "/isolation-forms/crossing-by-reload", crossing_by_reload, PAIRWISE OPEN },
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
