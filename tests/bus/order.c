/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Order: of calls that are sent together, of what was made, of rules, and of what is told of them; restarts keep it. */

#include "tests/support/signals.h"

#include <string.h>

#define WEB "/network/web"

/* --- of calls --- */

typedef struct Sequence {
	const char *bridge, *ingress; /* settings */
} Sequence;

/* An ingress by the bridge that goes just before it is refused as it is one after the other, or leads elsewhere. */
static void ingress_behind_its_network(Rig *rig)
{
	static const Sequence sequences[] = {
		{ "", "'Gateway': <'172.18.0.9'>, 'Bridge': <'br-web'>" },
		{ "", "'Gateway': <'172.18.0.9'>" },
		{ ", 'Internal': <true>", "'Gateway': <'172.18.0.9'>, 'Bridge': <'br-web'>" },
		{ ", 'Bridge': <'theirs'>", "'Gateway': <'172.18.0.9'>, 'Bridge': <'theirs'>" },
	};

	netns_run(rig->host, "ip link add theirs type bridge");
	netns_run(rig->host, "ip link set theirs up");
	for (guint i = 0; i < G_N_ELEMENTS(sequences); i++) {
		g_autofree char *network =
			g_strdup_printf("'web', {'Subnets': <['172.18.0.0/16']>%s}", sequences[i].bridge);
		g_autofree char *ingress = g_strdup_printf("'front', {%s}", sequences[i].ingress);
		g_autofree char *alone = NULL;

		for (guint together = 0; together < 2; together++) {
			Pipeline *pipeline = pipeline_new();
			g_autoptr(GVariant) reply = NULL;

			netns_run(rig->host, strstr(network, "theirs") ? "ip address replace 172.18.0.1/16 dev theirs"
								       : "ip address flush dev theirs");
			done(rig, "", "Manager", "CreateNetwork", "sa{sv}", network);
			pipeline_call(pipeline, rig->bus, WEB, "Network", "Delete", "", "");
			if (!together)
				pipeline_run(pipeline);
			pipeline_call(pipeline, rig->bus, "", "Manager", "CreateIngress", "sa{sv}", ingress);
			pipeline_run(pipeline);
			g_assert_cmpstr(pipeline_outcome(pipeline, 0), ==, "");
			if (!together)
				alone = g_strdup(pipeline_outcome(pipeline, 1));
			else
				g_assert_cmpstr(pipeline_outcome(pipeline, 1), ==, alone);
			pipeline_free(pipeline);
			answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
			reply = ask_with_fds(rig->bus, "/ingress/front", "Ingress", "Delete", "", "", NULL, NULL);
		}
		if (strstr(sequences[i].ingress, "'br-web'"))
			g_assert_nonnull(strstr(alone, "InvalidArgs"));
	}
	netns_run(rig->host, "ip link delete theirs");
}

/* What is chosen is none of what the same call names, wherever it names it. */
static void chosen_after_named(Rig *rig)
{
	static const char *const lists[] = {
		"[('tcp', '', uint16 0, uint16 80, uint16 1), ('tcp', '', 32768, 81, 1)]",
		"[('tcp', '', uint16 0, uint16 80, uint16 2), ('tcp', '', 32769, 82, 1), ('tcp', '', 0, 83, 1)]",
		"[('udp', '192.0.2.1', uint16 0, uint16 80, uint16 1), ('udp', '', 32768, 81, 2)]",
	};

	netns_sysctl(rig->host, "net/ipv4/ip_local_port_range", "32768 32775");
	for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_autofree char *arguments =
			g_strdup_printf("'web', {'Subnets': <['172.18.0.0/16']>, 'Endpoints': <[('app', {'Addresses': "
					"<['172.18.0.2']>, 'Ports': <%s>})]>}",
					lists[i]);

		/* The cursor of allocation stands at the beginning. */
		rig_restart(rig);
		done(rig, "", "Manager", "CreateNetwork", "sa{sv}", arguments);
		done(rig, WEB "/endpoint/app", "Endpoint", "Delete", "", "");
		rig_restart(rig);
		done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}", "'app', {'Addresses': <['172.18.0.2']>}");
		done(rig, WEB "/endpoint/app", "Endpoint", "Publish", "a(ssqqq)", lists[i]);
		done(rig, WEB, "Network", "Delete", "", "");
	}
}

/* Nor of what it names for another endpoint, which come to be in the order of the list. */
static void chosen_after_others_named(Rig *rig)
{
	static const struct {
		const char *a, *b; /* settings */
		const char *a_is, *b_is, *property;
	} cases[] = {
		{ "'Addresses': <['172.18.0.2']>, 'Ports': <[('tcp', '', uint16 0, uint16 80, uint16 1)]>",
		  "'Addresses': <['172.18.0.3']>, 'Ports': <[('tcp', '', uint16 32768, uint16 80, uint16 1)]>",
		  "[('tcp', '', 32769, 80, 1)]", "[('tcp', '', 32768, 80, 1)]", "Ports" },
		{ "'Addresses': <['172.18.0.2']>, 'Ports': <[('udp', '192.0.2.1', uint16 0, uint16 80, uint16 2)]>",
		  "'Addresses': <['172.18.0.3']>, 'Ports': <[('udp', '', uint16 0, uint16 90, uint16 1), ('udp', '', "
		  "32769, 80, 2)]>",
		  "[('udp', '192.0.2.1', 32771, 80, 2)]", "[('udp', '', 32769, 80, 2), ('udp', '', 32773, 90, 1)]",
		  "Ports" },
		{ "'Allocate': <['ipv4']>", "'Addresses': <['172.18.0.1']>", "['172.18.0.2']", "['172.18.0.1']",
		  "Addresses" },
		{ "'Allocate': <['ipv4']>", "'Addresses': <['172.18.0.2']>", "['172.18.0.1']", "['172.18.0.2']",
		  "Addresses" },
	};
	static const char *const members[] = { "CreateNetwork", "EnsureNetwork", "CreateEndpoints" };
	const char *network = "'Subnets': <['172.18.0.0/16']>, 'Gateways': <['172.18.0.254']>";

	netns_sysctl(rig->host, "net/ipv4/ip_local_port_range", "32768 32775");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		for (guint m = 0; m < G_N_ELEMENTS(members); m++) {
			bool alone = m == 2;
			g_autofree char *list = g_strdup_printf("[('a', {%s}), ('b', {%s})]", cases[i].a, cases[i].b);
			g_autofree char *arguments =
				g_strdup_printf("'web', {%s%s%s%s}", network, alone ? "" : ", 'Endpoints': <",
						alone ? "" : list, alone ? "" : ">");

			g_test_message("%s %s", members[m], list);
			/* The cursor of allocation stands at the beginning. */
			rig_restart(rig);
			done(rig, "", "Manager", alone ? "CreateNetwork" : members[m], "sa{sv}", arguments);
			if (alone)
				answers(rig,
					"(['/org/example/NetFilter/network/web/endpoint/a', "
					"'/org/example/NetFilter/network/web/endpoint/b'],)",
					WEB, "Network", "CreateEndpoints", "a(sa{sv})", list);
			property_is(rig, cases[i].a_is, WEB "/endpoint/a", "Endpoint", cases[i].property);
			property_is(rig, cases[i].b_is, WEB "/endpoint/b", "Endpoint", cases[i].property);
			if (!alone)
				done(rig, "", "Manager", "EnsureNetwork", "sa{sv}", arguments);
			done(rig, WEB, "Network", "Delete", "", "");
		}
}

/* --- of what was made, and of rules --- */

enum { N_NETWORKS = 5, N_ENDPOINTS = 4, STEPS = 60 };

static bool attempt(Rig *rig, const char *path, const char *interface, const char *member, const char *types,
		    const char *arguments)
{
	g_autoptr(GVariant) reply = ask_with_fds(rig->bus, path, interface, member, types, arguments, NULL, NULL);

	return reply;
}

/* Makes something, or takes it away: what fails has no effect and is no matter. */
static void step(Rig *rig, GRand *random)
{
	guint n = g_rand_int_range(random, 0, N_NETWORKS), e = g_rand_int_range(random, 0, N_ENDPOINTS);
	g_autofree char *network = g_strdup_printf("/network/n%u", n);
	g_autofree char *endpoint = g_strdup_printf("%s/endpoint/e%u", network, e), *arguments = NULL;

	switch (g_rand_int_range(random, 0, 10)) {
	case 0 ... 2:
		arguments = g_strdup_printf("'n%u', {'Subnets': <['172.%u.0.0/16']>, 'InterContainerCommunication': "
					    "<%s>, 'Internal': <%s>}",
					    n, 20 + n, e % 2 ? "true" : "false", e == 3 ? "true" : "false");
		attempt(rig, "", "Manager", "CreateNetwork", "sa{sv}", arguments);
		break;
	case 3:
		attempt(rig, network, "Network", "Delete", "", "");
		break;
	case 4 ... 6:
		arguments = g_strdup_printf("'e%u', {'Addresses': <['172.%u.0.%u']>}", e, 20 + n, 2 + e);
		attempt(rig, network, "Network", "CreateEndpoint", "sa{sv}", arguments);
		arguments = (g_free(arguments),
			     g_strdup_printf("[('tcp', '', uint16 %u, uint16 80, uint16 1)]", 8000 + 10 * n + e));
		attempt(rig, endpoint, "Endpoint", "Publish", "a(ssqqq)", arguments);
		break;
	case 7:
		attempt(rig, endpoint, "Endpoint", "Delete", "", "");
		break;
	case 8:
		arguments = g_strdup_printf("'i%u', {'Gateway': <'172.%u.0.%u'>, 'Ports': <[('tcp', uint16 %u)]>}", n,
					    20 + n, 100 + e, 9000 + 10 * n + e);
		attempt(rig, "", "Manager", "CreateIngress", "sa{sv}", arguments);
		break;
	case 9:
		arguments = g_strdup_printf("/ingress/i%u", n);
		attempt(rig, arguments, "Ingress", "Delete", "", "");
		break;
	}
}

static void same(const char *when, guint seed, guint n, const char *before, const char *after)
{
	if (strcmp(before, after) == 0)
		return;
	g_test_message("seed %u, step %u, %s:\n%s\n--- after\n%s", seed, n, when, before, after);
	g_test_fail();
}

static char *what_is_there(const Rig *rig)
{
	g_autofree char *rules = rig_rules(rig), *objects = rig_objects(rig);

	return g_strconcat(rules, objects, NULL);
}

/* Whatever was made and deleted before: restarts and reloads move no rule and no name in a list. */
static void kept(Rig *rig)
{
	guint n_rules = 0;

	for (guint seed = 1; seed <= 3; seed++) {
		GRand *random = g_rand_new_with_seed(seed);

		for (guint n = 0; n < STEPS; n++) {
			g_autofree char *before = NULL, *restarted = NULL, *reloaded = NULL, *twice = NULL;

			step(rig, random);
			if (n % 6 != 5)
				continue;
			before = what_is_there(rig);
			rig_restart(rig);
			restarted = what_is_there(rig);
			same("restart", seed, n, before, restarted);
			done(rig, "", "Manager", "Reload", "", "");
			reloaded = what_is_there(rig);
			same("reload", seed, n, before, reloaded);
			rig_restart(rig);
			twice = what_is_there(rig);
			same("second restart", seed, n, before, twice);
			n_rules += count_parts(before, "\n-A ");
		}
		g_rand_free(random);
		for (guint n = 0; n < N_NETWORKS; n++) {
			g_autofree char *network = g_strdup_printf("/network/n%u", n);
			g_autofree char *ingress = g_strdup_printf("/ingress/i%u", n);

			attempt(rig, network, "Network", "Delete", "", "");
			attempt(rig, ingress, "Ingress", "Delete", "", "");
		}
	}
	g_test_message("%u rules were looked at", n_rules);
	g_assert_cmpuint(n_rules, >, 1000);
}

/* Another configuration, and back: all stands where it would stand had it never been otherwise. */
static void configured_and_back(Rig *rig)
{
	static const char *const configurations[] = { "Hairpin=yes", "LocalhostPublish=no", "IsolationPairwiseMax=1" };

	for (guint seed = 1; seed <= 2; seed++) {
		GRand *random = g_rand_new_with_seed(seed);

		for (guint n = 0; n < STEPS; n++) {
			const char *configuration = configurations[n / 10 % G_N_ELEMENTS(configurations)];
			g_autofree char *before = NULL, *other = NULL, *restarted = NULL, *back = NULL;

			step(rig, random);
			if (n % 10 != 9)
				continue;
			before = what_is_there(rig);
			rig_configure(rig, configuration);
			done(rig, "", "Manager", "Reload", "", "");
			other = what_is_there(rig);
			rig->configuration = configuration;
			rig_restart(rig);
			restarted = what_is_there(rig);
			same(configuration, seed, n, other, restarted);
			rig->configuration = "";
			rig_configure(rig, "");
			done(rig, "", "Manager", "Reload", "", "");
			back = what_is_there(rig);
			same("and back", seed, n, before, back);
		}
		g_rand_free(random);
		rig_restart(rig);
		for (guint n = 0; n < N_NETWORKS; n++) {
			g_autofree char *network = g_strdup_printf("/network/n%u", n);
			g_autofree char *ingress = g_strdup_printf("/ingress/i%u", n);

			attempt(rig, network, "Network", "Delete", "", "");
			attempt(rig, ingress, "Ingress", "Delete", "", "");
		}
	}
}

/* --- of what is told --- */

static guint64 generation(const Rig *rig)
{
	g_autofree char *text = property(rig, "", "Manager", "Generation");

	return g_ascii_strtoull(text, NULL, 10);
}

/* One signal a commit, with the value that the property then has; and none without one. */
static void told(Rig *rig)
{
	GRand *random = g_rand_new_with_seed(1);
	guint64 last = generation(rig);

	for (guint n = 0; n < STEPS; n++) {
		Signals *signals = signals_new(rig);
		g_autoptr(GArray) commits = NULL;

		if (n % 7 == 6)
			netns_run(rig->host, "iptables-legacy -t nat -F DOCKER");
		if (n % 7 == 6)
			done(rig, "", "Manager", "Reconcile", "", "");
		else
			step(rig, random);
		commits = signals_take_commits(signals);
		for (guint i = 0; i < commits->len; i++)
			g_assert_cmpuint(g_array_index(commits, Commit, i).generation, ==, ++last);
		g_assert_cmpuint(generation(rig), ==, last);
		signals_free(signals);
		if (n % 5 == 4) {
			rig_restart(rig);
			g_assert_cmpuint(generation(rig), ==, last);
		}
	}
	g_rand_free(random);
}

static const BusTest tests[] = {
	{ "/bus/order/ingress-behind-its-network", ingress_behind_its_network },
	{ "/bus/order/chosen-after-named", chosen_after_named },
	{ "/bus/order/chosen-after-others-named", chosen_after_others_named },
	{ "/bus/order/kept", kept },
	{ "/bus/order/configured-and-back", configured_and_back },
	{ "/bus/order/told", told },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
