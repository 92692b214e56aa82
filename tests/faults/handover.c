/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The rules move from one backend to the other at a start, and the service dies, or the kernel fails it, on the way.
 * Until those of the one are whole those of the other are, and whichever is asked for next has them alone in the end.
 */

#include "tests/support/rig.h"
#include "tests/support/text.h"

#include <string.h>

#define WEB "/network/web"
#define APP WEB "/endpoint/app"

#define MAX_POINTS 24

static const char *const configurations[] = { "Backend=iptables", "Backend=nftables" };

static void create_base(Rig *rig)
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Bridge': <'br-web'>, 'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>,"
	     " 'InterContainerCommunication': <false>, 'Endpoints': <["
	     "('app', {'Addresses': <['172.18.0.2', 'fd00:18::2']>,"
	     " 'Ports': <[('tcp', '', uint16 8080, uint16 80, uint16 1), ('tcp', '', uint16 8100, uint16 8100, "
	     "uint16 200)]>}),"
	     "('db', {'Addresses': <['172.18.0.3', 'fd00:18::3']>})]>}");
	done(rig, APP, "Endpoint", "Link", "oa(sq)", "objectpath '" ROOT WEB "/endpoint/db', [('tcp', uint16 5432)]");
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'inner', {'Subnets': <['172.19.0.0/16']>, 'Internal': <true>}");
	done(rig, "", "Manager", "CreateIngress", "sa{sv}",
	     "'front', {'Gateway': <'172.18.0.9'>, 'Ports': <[('tcp', uint16 443)]>, 'Persistent': <true>}");
}

/* In both backends' ways; what is a rule of both stands there twice. */
static void add_foreign(const Rig *rig)
{
	netns_run(rig->host, "iptables-legacy -N THEIRS");
	netns_run(rig->host, "iptables-legacy -I FORWARD -j THEIRS");
	netns_run(rig->host, "iptables-legacy -A FORWARD -i theirs0 -j DROP");
	netns_run(rig->host, "iptables-legacy -t nat -A PREROUTING -p tcp --dport 7 -j REDIRECT --to-ports 8");
	netns_run(rig->host, "ip6tables-legacy -A INPUT -s fd01::/16 -j DROP");
	netns_run(rig->host, "nft add table inet theirs");
	netns_run(rig->host, "nft add chain inet theirs forward '{ type filter hook forward priority 0 ; }'");
}

/* A listing has elements in an order of its own; and whose the table is ends with the service. */
static char *nftables_rules(const Rig *rig)
{
	return netns_output(rig->host,
			    "sh -c \"nft -s list ruleset | sed 's/ # progname.*//; /flags owner/d; /flags *$/d; "
			    "s/elements = //; s/[{},]//g; s/^[ \\t]*//; s/ *$//' | sort\"");
}

typedef struct Rules {
	char *legacy, *nftables;
} Rules;

static Rules rules_of(const Rig *rig)
{
	return (Rules){ rig_rules(rig), nftables_rules(rig) };
}

static void rules_clear(Rules *rules)
{
	g_free(rules->legacy);
	g_free(rules->nftables);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Rules, rules_clear)

static void expect_rules(const Rig *rig, const Rules *expected)
{
	g_auto(Rules) rules = rules_of(rig);

	g_assert_cmpstr(rules.legacy, ==, expected->legacy);
	g_assert_cmpstr(rules.nftables, ==, expected->nftables);
}

static void start_with(Rig *rig, guint backend)
{
	rig->configuration = configurations[backend];
	rig->service = service_start(rig->starter, rig->configuration);
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
}

/* Every rule of the one or of the other is in the kernel. */
static void expect_one_whole(const Rig *rig, const Rules *whole)
{
	g_auto(Rules) rules = rules_of(rig);

	if (strcmp(rules.legacy, whole[0].legacy) == 0 || strcmp(rules.nftables, whole[1].nftables) == 0)
		return;
	g_test_message("neither is whole:");
	tell_difference(whole[0].legacy, rules.legacy);
	tell_difference(whole[1].nftables, rules.nftables);
	g_test_fail();
}

/* At each point of a move from one backend a death, and after it a start with another. */
static void die_moving(Rig *rig, const Rules *whole, guint from, guint next)
{
	guint point;

	for (point = 1; point <= MAX_POINTS; point++) {
		start_with(rig, from);
		service_kill(rig->service);
		rig->configuration = configurations[!from];
		if (!rig_start_dying(rig, point))
			break;
		expect_one_whole(rig, whole);
		start_with(rig, next);
		expect_rules(rig, &whole[next]);
		service_kill(rig->service);
	}
	expect_rules(rig, &whole[!from]);
	service_kill(rig->service);
	g_test_message("from %s, then %s: %u points of death", configurations[from], configurations[next], point - 1);
	g_assert_cmpuint(point, >, 2);
	g_assert_cmpuint(point, <=, MAX_POINTS);
}

/* At each point the kernel has no memory, and the next call goes on from there. */
static void fail_moving(Rig *rig, const Rules *whole, guint from)
{
	guint n_failed = 0;

	for (guint point = 0; point < MAX_POINTS; point++) {
		g_autofree char *fault = g_strdup_printf("commit:ENOMEM:1:%u", point);
		g_auto(Rules) rules = {};

		start_with(rig, from);
		service_kill(rig->service);
		rig->configuration = configurations[!from];
		g_setenv(RIG_FAULT, fault, TRUE);
		rig->service = service_start(rig->starter, rig->configuration);
		g_unsetenv(RIG_FAULT);
		expect_one_whole(rig, whole);
		rules = rules_of(rig);
		n_failed += strcmp(rules.legacy, whole[!from].legacy) != 0 ||
			    strcmp(rules.nftables, whole[!from].nftables) != 0;
		answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
		expect_rules(rig, &whole[!from]);
		service_kill(rig->service);
		if (n_failed <= point)
			break;
	}
	g_assert_cmpuint(n_failed, >, 1);
	g_assert_cmpuint(n_failed, <, MAX_POINTS);
}

static void learn_wholes(Rig *rig, Rules whole[static 2])
{
	create_base(rig);
	for (guint i = 0; i < 2; i++) {
		service_kill(rig->service);
		start_with(rig, i);
		whole[i] = rules_of(rig);
	}
	service_kill(rig->service);
	g_assert_nonnull(strstr(whole[0].legacy, "DOCKER"));
	g_assert_null(strstr(whole[0].nftables, "netfilterd"));
	g_assert_null(strstr(whole[1].legacy, "DOCKER"));
	g_assert_nonnull(strstr(whole[1].nftables, "table ip6 netfilterd"));
}

static void end(Rig *rig, Rules whole[static 2])
{
	for (guint i = 0; i < 2; i++)
		rules_clear(&whole[i]);
	start_with(rig, 0);
}

static void killed(Rig *rig)
{
	Rules whole[2];

	learn_wholes(rig, whole);
	for (guint from = 0; from < 2; from++)
		for (guint next = 0; next < 2; next++)
			die_moving(rig, whole, from, next);
	end(rig, whole);
}

static void failed(Rig *rig)
{
	Rules whole[2];

	learn_wholes(rig, whole);
	for (guint from = 0; from < 2; from++)
		fail_moving(rig, whole, from);
	end(rig, whole);
}

/* What is left at each point of a move is taken away in either backend. */
static void cleared(Rig *rig)
{
	g_auto(Rules) before = {};

	service_stop(rig->service);
	before = rules_of(rig);
	for (guint from = 0; from < 2; from++)
		for (guint point = 1; point <= 6; point++) {
			start_with(rig, from);
			create_base(rig);
			service_kill(rig->service);
			rig->configuration = configurations[!from];
			g_assert_true(rig_start_dying(rig, point));
			netns_run(rig->host,
				  "%s --clear --config /run/netfilterd.conf --runtime-directory /run/netfilterd",
				  g_getenv("NETFILTERD"));
			expect_rules(rig, &before);
		}
	start_with(rig, 0);
}

static const BusTest tests[] = {
	{ "/handover/kill", killed, "Backend=iptables", add_foreign },
	{ "/handover/fail", failed, "Backend=iptables", add_foreign },
	{ "/handover/clear", cleared, "Backend=iptables", add_foreign },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
