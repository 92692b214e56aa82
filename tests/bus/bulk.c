/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Thousands at once, and chains of thousands: one commit a table, and the same rules as one by one. */

#include "tests/support/burst.h"
#include "tests/support/signals.h"

#include <string.h>

#define WEB "/network/web"
#define APP WEB "/endpoint/app"

#define MANY 2000

/* Endpoints e0 and on, with a port each. */
static char *endpoints_text(guint first, guint n)
{
	GString *text = g_string_new("[");

	for (guint i = first; i < first + n; i++)
		g_string_append_printf(text,
				       "%s('e%u', {'Addresses': <['172.18.%u.%u']>, 'Persistent': <true>, "
				       "'Ports': <[('tcp', '', uint16 %u, uint16 %u, uint16 1)]>})",
				       i > first ? ", " : "", i, 1 + i / 200, 1 + i % 200, 10000 + i, 10000 + i);
	g_string_append_c(text, ']');
	return g_string_free(text, FALSE);
}

static char *mappings_text(guint first, guint n)
{
	GString *text = g_string_new("[");

	for (guint i = first; i < first + n; i++)
		g_string_append_printf(text, "%s('tcp', '', %u, %u, 1)", i > first ? ", " : "", i, i);
	g_string_append_c(text, ']');
	return g_string_free(text, FALSE);
}

static guint64 generation(const Rig *rig)
{
	g_autofree char *text = property(rig, "", "Manager", "Generation");

	return g_ascii_strtoull(text, NULL, 10);
}

/* A change of IPv4 alone writes filter, nat, and raw where localhost publishing guards it. */
static void done_at_once(Rig *rig, const char *path, const char *interface, const char *member, const char *types,
			 const char *arguments)
{
	guint64 before = generation(rig);

	done(rig, path, interface, member, types, arguments);
	g_assert_cmpuint(generation(rig) - before, >=, 1);
	g_assert_cmpuint(generation(rig) - before, <=, 3);
}

/* Three rules a port, and one for endpoints that call it. */
static void has_ports(Rig *rig, guint n)
{
	g_autofree char *rules = netns_output(rig->host, "iptables-legacy-save");

	g_assert_cmpuint(count_parts(rules, "-A DOCKER ! -i "), ==, n);
	g_assert_cmpuint(count_parts(rules, "-o br0 -p tcp -m tcp --dport"), ==, n);
	g_assert_cmpuint(count_parts(rules, "/32 -d 172.18."), ==, n);
}

static void objects(Rig *rig)
{
	g_autofree char *before = rig_state(rig), *after = NULL, *rules = NULL, *again = NULL, *all = NULL;
	g_autofree char *some = endpoints_text(0, MANY), *more = endpoints_text(MANY, MANY);
	g_autofree char *settings = g_strdup_printf(
		"'web', {'Bridge': <'br0'>, 'Subnets': <['172.18.0.0/16']>, 'Persistent': <true>, 'Endpoints': <%s>}",
		some);

	done_at_once(rig, "", "Manager", "CreateNetwork", "sa{sv}", settings);
	has_ports(rig, MANY);
	done_at_once(rig, WEB, "Network", "CreateEndpoints", "a(sa{sv})", more);
	has_ports(rig, 2 * MANY);
	all = property(rig, WEB, "Network", "Endpoints");
	g_assert_cmpuint(count_parts(all, WEB "/endpoint/e"), ==, 2 * MANY);

	/* All or nothing: the last one is there already. */
	rules = rig_rules(rig);
	refused(rig, "org.example.NetFilter.Error.EndpointExists", "e3999", WEB, "Network", "CreateEndpoints",
		"a(sa{sv})",
		"[('new', {'Addresses': <['172.18.100.1']>}), ('e3999', {'Addresses': <['172.18.100.2']>})]");
	rig_restart(rig);
	again = rig_rules(rig);
	g_assert_cmpstr(again, ==, rules);

	done_at_once(rig, WEB, "Network", "Delete", "", "");
	after = rig_state(rig);
	g_assert_cmpstr(after, ==, before);
}

static void mappings(Rig *rig)
{
	g_autofree char *many = mappings_text(10000, MANY), *before = NULL, *after = NULL;

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Bridge': <'br0'>, 'Subnets': <['172.18.0.0/16']>}");
	done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}", "'app', {'Addresses': <['172.18.0.2']>}");
	before = rig_rules(rig);
	done_at_once(rig, APP, "Endpoint", "Publish", "a(ssqqq)", many);
	has_ports(rig, MANY);
	done_at_once(rig, APP, "Endpoint", "Unpublish", "a(ssqqq)", many);
	after = rig_rules(rig);
	g_assert_cmpstr(after, ==, before);
}

/* Changes here and there in long chains, with strangers around ours, lead to what one would see had it always been so.
 */
static void long_chains(Rig *rig)
{
	enum { ROUNDS = 30 };
	g_autofree char *many = mappings_text(10000, MANY / 2), *changed = NULL, *fresh = NULL;

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Bridge': <'br0'>, 'Subnets': <['172.18.0.0/16']>, 'Persistent': <true>}");
	done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}",
	     "'app', {'Addresses': <['172.18.0.2']>, 'Persistent': <true>}");
	done(rig, APP, "Endpoint", "Publish", "a(ssqqq)", many);
	netns_run(rig->host, "iptables-legacy -t nat -I POSTROUTING -s 10.9.9.9 -j ACCEPT");
	netns_run(rig->host, "iptables-legacy -t nat -A POSTROUTING -s 10.9.9.8 -j ACCEPT");
	for (guint i = 0; i < ROUNDS; i++) {
		guint port = 10000 + g_test_rand_int_range(0, MANY / 2);
		g_autofree char *one = mappings_text(port, 1);

		done(rig, APP, "Endpoint", "Unpublish", "a(ssqqq)", one);
		has_ports(rig, MANY / 2 - 1);
		done(rig, APP, "Endpoint", "Publish", "a(ssqqq)", one);
		has_ports(rig, MANY / 2);
	}
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	changed = rig_rules(rig);
	g_assert_cmpuint(count_parts(changed, "10.9.9."), ==, 2);
	/* Made anew from nothing but what is wanted, the strangers where they are. */
	netns_run(rig->host, "iptables-legacy -t nat -F DOCKER");
	netns_run(rig->host, "iptables-legacy -F DOCKER");
	rig_restart(rig);
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	fresh = rig_rules(rig);
	g_assert_cmpstr(fresh, ==, changed);
}

/* What others do to a long chain of ours is noticed when it next changes, also far from what changes. */
static void drift(Rig *rig)
{
	static const char *const damages[] = {
		"iptables-legacy -t nat -D DOCKER 500",
		"iptables-legacy -t nat -I DOCKER 300 ! -i br0 -p tcp --dport 7 -j DNAT --to-destination 172.18.0.9:7",
		"iptables-legacy -D DOCKER 1",
		"iptables-legacy -t nat -D POSTROUTING 700",
		"iptables-legacy -t nat -F DOCKER",
		"iptables-legacy -t nat -R DOCKER 500 ! -i br0 -p tcp --dport 7 -j DNAT --to-destination 172.18.0.9:7",
	};
	g_autofree char *many = mappings_text(10000, MANY / 2), *good = NULL;
	Signals *signals;

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Bridge': <'br0'>, 'Subnets': <['172.18.0.0/16']>}");
	done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}", "'app', {'Addresses': <['172.18.0.2']>}");
	done(rig, APP, "Endpoint", "Publish", "a(ssqqq)", many);
	good = rig_rules(rig);
	signals = signals_new(rig);
	for (guint i = 0; i < G_N_ELEMENTS(damages); i++) {
		g_autofree char *after = NULL, *text = NULL;

		netns_run(rig->host, "%s", damages[i]);
		done(rig, APP, "Endpoint", "Publish", "a(ssqqq)", "[('tcp', '', 9000, 80, 1)]");
		done(rig, APP, "Endpoint", "Unpublish", "a(ssqqq)", "[('tcp', '', 9000, 80, 1)]");
		after = rig_rules(rig);
		text = signals_take(signals);
		if (strcmp(after, good) != 0 || count_parts(text, "Drifted ") != 1) {
			g_test_message("%s was not noticed: %s", damages[i], text);
			g_test_fail();
		}
	}
	signals_free(signals);
}

/*
 * What thousands took is given back once they are gone, read again at a restart, or compared: glibc alone keeps what
 * was free between the little that stays.
 */
static void shrinks_to(const Rig *rig, const char *after, double limit)
{
	double memory = memory_of(rig->service);

	/* The signals are on their way when the call is answered. */
	for (guint i = 0; memory >= limit && i < 100; i++) {
		g_usleep(100000);
		memory = memory_of(rig->service);
	}
	g_test_message("after %s %.1f MiB", after, memory);
	g_assert_cmpfloat(memory, <, limit);
}

static void memory(Rig *rig)
{
	g_autofree char *endpoints = endpoints_text(0, 3 * MANY);
	double small, large;

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Bridge': <'br0'>, 'Subnets': <['172.18.0.0/16']>, 'Persistent': <true>}");
	small = memory_of(rig->service);
	done(rig, WEB, "Network", "CreateEndpoints", "a(sa{sv})", endpoints);
	large = memory_of(rig->service);
	g_test_message("%.1f MiB, with %d endpoints %.1f", small, 3 * MANY, large);
	/* Less than what stays where nothing is given back. */
	rig_restart(rig);
	shrinks_to(rig, "a restart and a reconciliation", small + 0.75 * (large - small) + MAX_KEPT_MIB);
	done(rig, WEB, "Network", "Delete", "", "");
	shrinks_to(rig, "their end", small + 4 + MAX_KEPT_MIB);
}

static const BusTest tests[] = {
	{ "/bus/bulk/objects", objects }, { "/bus/bulk/mappings", mappings }, { "/bus/bulk/long-chains", long_chains },
	{ "/bus/bulk/drift", drift },     { "/bus/bulk/memory", memory },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
