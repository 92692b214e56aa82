/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/world.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Isolation has two forms, a rule for each pair of networks and, for many networks, two stages of chains. To a
 * packet they must be the same.
 */
#define PAIRWISE "IsolationPairwiseMax=32"
#define LINEAR "IsolationPairwiseMax=2"
#define STAGE_2 "DOCKER-ISOLATION-STAGE-2"

/* --- who is there --- */

enum network { RED, BLUE, GREEN, PLAIN, INNER, N_NETWORKS, NOWHERE };

static const struct {
	const char *name;
	guint number; /* of its subnets and bridge */
	bool internal, ipv4_only;
} networks[N_NETWORKS] = {
	[RED] = {"red", 18},
	[BLUE] = {"blue", 19},
	[GREEN] = {"green", 20},
	[PLAIN] = {"plain", 21, .ipv4_only = true},
	[INNER] = {"inner", 22, .internal = true},
};

enum { RED_ONE, HOST = 8, N_PARTIES };

static const struct {
	const char *name;
	enum network network;
	const char *address, *address6;
} parties[N_PARTIES] = {
	[RED_ONE] = {"red-one", RED, "172.18.0.2", "fd00:18::2"},
	{"red-two", RED, "172.18.0.3", "fd00:18::3"},
	{"blue-one", BLUE, "172.19.0.2", "fd00:19::2"},
	{"green-one", GREEN, "172.20.0.2", "fd00:20::2"},
	{"plain-one", PLAIN, "172.21.0.2", NULL},
	{"inner-one", INNER, "172.22.0.2", "fd00:22::2"},
	{"inner-two", INNER, "172.22.0.3", "fd00:22::3"},
	{"outside", NOWHERE, "192.0.2.2", "2001:db8:1::2"},
	[HOST] = {"host", NOWHERE, "192.0.2.1", "2001:db8:1::1"},
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

	call(world->bus, "", "Manager", "CreateNetwork", "sa{sv}", networks[network].name, 3, "Bridge", "s",
	     bridge, "Internal", "b", networks[network].internal, "Subnets", "as",
	     networks[network].ipv4_only ? 1 : 2, subnet, subnet6);
}

static int enter_container(World *world, guint party)
{
	enum network network = parties[party].network;
	g_autofree char *bridge = g_strconcat("br-", networks[network].name, NULL);
	g_autofree char *address = g_strconcat(parties[party].address, "/16", NULL);
	g_autofree char *gateway = g_strdup_printf("172.%u.0.1", networks[network].number);
	g_autofree char *address6 =
		parties[party].address6 ? g_strconcat(parties[party].address6, "/64", NULL) : NULL;
	g_autofree char *gateway6 = g_strdup_printf("fd00:%u::1", networks[network].number);

	return world_container(world, &(Place){bridge, address, gateway, address6, gateway6});
}

static void publish_red(World *world)
{
	call(world->bus, "/network/red", "Network", "CreateEndpoint", "sa{sv}", "one", 2, "Addresses", "as",
	     2, parties[RED_ONE].address, parties[RED_ONE].address6, "Ports", "a(ssqqq)", 2, "tcp", "",
	     TCP_HOST_PORT, TCP_PORT, 1, "udp", "", UDP_HOST_PORT, UDP_PORT, 1);
}

/* At that address alone: the host has many, and would answer from another one. */
static void listen_at(int netns, guint party, const char *address)
{
	listener_open(netns, parties[party].name, "tcp", address, TCP_PORT);
	listener_open(netns, parties[party].name, "udp", address, UDP_PORT);
}

static void populate(Forms *forms)
{
	for (enum network network = 0; network < N_NETWORKS; network++)
		create_network(forms->world, network);
	publish_red(forms->world);
	for (guint i = 0; i < N_PARTIES; i++) {
		forms->netns[i] = i == HOST			   ? forms->world->host
				  : parties[i].network == NOWHERE ? forms->world->outside
								   : enter_container(forms->world, i);
		listen_at(forms->netns[i], i, parties[i].address);
		if (parties[i].address6)
			listen_at(forms->netns[i], i, parties[i].address6);
	}
	/* A new address is not usable at once. */
	for (guint i = 0; i < HOST; i++)
		if (parties[i].address6)
			g_assert_true(g_str_has_prefix(probe(forms->world->host, "udp", parties[i].address6,
							     UDP_PORT, " from "),
						       parties[i].name));
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

/*
 * The host port leads from everywhere but the networks. In hairpin mode from the endpoint itself too; its sibling
 * would be answered straight over the bridge, by another address than it asked.
 */
static const char *expected_at_host_port(const Forms *forms, guint from, bool tcp)
{
	if (parties[from].network == NOWHERE || (forms->hairpin && from == RED_ONE))
		return parties[RED_ONE].name;
	/* Where it leads nowhere, there is the socket that keeps the port. */
	return forms->hairpin || is_internal(from) || !tcp ? "silence" : "refused";
}

/* --- the matrix --- */

static void add_probe(const Forms *forms, GArray *probes, GPtrArray *names, guint from, guint to,
		      bool host_port, bool tcp, bool ipv6)
{
	guint16 port = tcp ? (host_port ? TCP_HOST_PORT : TCP_PORT) : (host_port ? UDP_HOST_PORT : UDP_PORT);
	Probe probe = {forms->netns[from], tcp ? "tcp" : "udp",
		       ipv6 ? parties[to].address6 : parties[to].address, port};

	if (ipv6 && (!parties[from].address6 || !parties[to].address6))
		return;
	if (host_port)
		probe.expected = expected_at_host_port(forms, from, tcp);
	else
		probe.expected = may_reach(forms, from, to) ? parties[to].name : "silence";
	g_array_append_val(probes, probe);
	g_ptr_array_add(names, g_strdup_printf("%s to %s %s:%u", parties[from].name, probe.protocol,
					       probe.address, port));
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
					add_probe(forms, probes, names, from, to, false, variant & 1,
						  variant & 2);
			add_probe(forms, probes, names, from, HOST, true, variant & 1, variant & 2);
		}

	probe_all((Probe *)(void *)probes->data, probes->len);
	forms->n_passed = forms->n_stopped = 0;
	for (guint i = 0; i < probes->len; i++) {
		Probe *probe = &g_array_index(probes, Probe, i);

		if (!is_as_expected(probe)) {
			g_test_message("%s: %s, not %s", (char *)names->pdata[i], probe->result,
				       probe->expected);
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
	static const char *const families[] = {"iptables", "ip6tables"};

	for (guint i = 0; i < G_N_ELEMENTS(families); i++) {
		g_autofree char *rules = world_rules(world, families[i]);

		g_assert_true(!!strstr(rules, STAGE_2) == linear);
		g_assert_true(!!strstr(rules, "-A DOCKER-ISOLATION -i br-red -o br-blue -j DROP\n") != linear);
	}
}

static void reload(const Forms *forms, const char *form)
{
	g_autofree char *text = g_strdup_printf("[NetFilter]\n%s\n%s\n", form,
						forms->hairpin ? "Hairpin=yes" : "");
	g_autoptr(GError) error = NULL;

	g_file_set_contents("/run/netfilterd.conf", text, -1, &error);
	g_assert_no_error(error);
	call(forms->world->bus, "", "Manager", "Reload", NULL);
}

/* Both as the networks came to it one by one, and as all of them change to it. */
static void same_packets(World *world)
{
	const char *configuration = world->scenario->configuration;
	Forms forms = {.world = world, .hairpin = strstr(configuration, "Hairpin=yes")};
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

static const Scenario scenarios[] = {
	{"/isolation-forms/pairwise", same_packets, PAIRWISE},
	{"/isolation-forms/linear", same_packets, LINEAR},
	{"/isolation-forms/hairpin", same_packets, LINEAR "\nHairpin=yes"},
	{"/isolation-forms/router", same_packets, PAIRWISE, .router = true},
};

int main(int argc, char **argv)
{
	return scenarios_main(argc, argv, scenarios, G_N_ELEMENTS(scenarios));
}
