/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the service switched on for its networks is given back with the last of them, whatever came in between. */

#include "tests/support/rig.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_POINTS = 16, MAX_CALLS = 4 };

/* --- calls that are sent together --- */

typedef struct Call {
	const char *path, *interface, *member, *types, *arguments;
} Call;

static const Call create_a = { "", "Manager", "CreateNetwork", "sa{sv}",
			       "'a', {'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>}" };
static const Call create_b = { "", "Manager", "CreateNetwork", "sa{sv}",
			       "'b', {'Subnets': <['172.19.0.0/16', 'fd00:19::/64']>}" };
static const Call create_b4 = { "", "Manager", "CreateNetwork", "sa{sv}", "'b', {'Subnets': <['172.19.0.0/16']>}" };
static const Call create_b6 = { "", "Manager", "CreateNetwork", "sa{sv}", "'b', {'Subnets': <['fd00:19::/64']>}" };
static const Call create_internal = { "", "Manager", "CreateNetwork", "sa{sv}",
				      "'b', {'Subnets': <['172.19.0.0/16']>, 'Internal': <true>}" };
static const Call create_a_bridge_of_b = {
	"", "Manager", "CreateNetwork", "sa{sv}",
	"'a', {'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, 'Bridge': <'br-b'>}"
};
static const Call create_ingress = {
	"", "Manager", "CreateIngress", "sa{sv}",
	"'front', {'Gateway': <'192.0.2.2'>, 'Bridge': <'uplink'>, 'Persistent': <true>}"
};
static const Call delete_a = { "/network/a", "Network", "Delete", "", "" };
static const Call delete_b = { "/network/b", "Network", "Delete", "", "" };
static const Call delete_ingress = { "/ingress/front", "Ingress", "Delete", "", "" };

typedef struct History {
	const char *name;
	const Call *before[MAX_CALLS]; /* one after the other */
	const Call *calls[MAX_CALLS];  /* together */
} History;

static const History histories[] = {
	{ "first", {}, { &create_a } },
	{ "last", { &create_a }, { &delete_a } },
	{ "last-then-next", { &create_a }, { &delete_a, &create_b } },
	{ "next-then-last", { &create_a }, { &create_b, &delete_a } },
	{ "last-then-itself", { &create_a }, { &delete_a, &create_a } },
	{ "come-and-gone", {}, { &create_a, &delete_a, &create_b } },
	{ "both-go", { &create_a, &create_b }, { &delete_a, &delete_b } },
	{ "last-of-ipv6", { &create_a, &create_b4 }, { &delete_a } },
	{ "last-of-ipv4", { &create_a, &create_b6 }, { &delete_a } },
	{ "ipv6-alone", { &create_b6 }, { &delete_b } },
	{ "ipv4-to-ipv6", { &create_b4 }, { &delete_b, &create_b6 } },
	{ "to-internal", { &create_a }, { &delete_a, &create_internal } },
	{ "to-ingress", { &create_a }, { &delete_a, &create_ingress } },
	{ "from-ingress", { &create_ingress }, { &create_a, &delete_ingress } },
	{ "bridge-passed-on", { &create_b }, { &delete_b, &create_a_bridge_of_b } },
};

static void delete_everything(const Rig *rig)
{
	static const Call *const deletions[] = { &delete_a, &delete_b, &delete_ingress };

	for (guint i = 0; i < G_N_ELEMENTS(deletions); i++) {
		g_autoptr(GVariant) reply G_GNUC_UNUSED =
			ask_with_fds(rig->bus, deletions[i]->path, deletions[i]->interface, deletions[i]->member, "",
				     "", NULL, NULL);
	}
}

/* Whether the service died on the way. It finds all of them at once, so that they are one batch on a busy machine too.
 */
static bool run_together(Rig *rig, const Call *const *calls)
{
	Pipeline *pipeline = pipeline_new();
	bool died;

	rig_pause(rig);
	for (guint i = 0; i < MAX_CALLS && calls[i]; i++)
		pipeline_call(pipeline, rig->bus, calls[i]->path, calls[i]->interface, calls[i]->member,
			      calls[i]->types, calls[i]->arguments);
	rig_resume(rig);
	pipeline_run(pipeline);
	died = strstr(pipeline_outcome(pipeline, 0), "NoReply");
	for (guint i = 0; !died && i < MAX_CALLS && calls[i]; i++)
		g_assert_cmpstr(pipeline_outcome(pipeline, i), ==, "");
	pipeline_free(pipeline);
	return died;
}

/* Killed at each point of the way, and at last after the answers. */
static void kill_everywhere(Rig *rig, const History *history)
{
	g_autofree char *clean = rig_state(rig);

	for (guint k = 1; k <= MAX_POINTS; k++) {
		g_autofree char *fault = g_strdup_printf("commit:kill:%u", k), *state = NULL;
		bool died;

		for (guint i = 0; i < MAX_CALLS && history->before[i]; i++)
			done(rig, history->before[i]->path, history->before[i]->interface, history->before[i]->member,
			     history->before[i]->types, history->before[i]->arguments);
		service_kill(rig->service);
		rig_start_failing(rig, fault);
		died = run_together(rig, history->calls);
		if (died)
			g_assert_cmpint(waitpid(rig->service, NULL, 0), ==, rig->service);
		else
			service_kill(rig->service);
		rig_start_failing(rig, NULL);
		answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
		rig_restart(rig);
		answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
		delete_everything(rig);
		state = rig_state(rig);
		if (strcmp(state, clean) != 0) {
			g_test_message("%s, %s:\n%s\n--- not as before:\n%s", history->name, fault, state, clean);
			g_test_fail();
			return;
		}
		if (!died)
			return;
	}
	g_test_message("%s: more than %d points", history->name, MAX_POINTS);
	g_test_fail();
}

static void all(Rig *rig)
{
	for (guint i = 0; i < G_N_ELEMENTS(histories); i++)
		kill_everywhere(rig, &histories[i]);
}

/* A host that forwards and drops by itself goes on doing so. */
static void forwards_already(const Rig *rig)
{
	netns_sysctl(rig->host, "net/ipv4/ip_forward", "1");
	netns_sysctl(rig->host, "net/ipv6/conf/all/forwarding", "1");
	netns_run(rig->host, "iptables-legacy -P FORWARD DROP");
}

/* --- another interface takes what routers advertise --- */

static void expect_accept_ra(const Rig *rig, const char *expected)
{
	g_autofree char *found = netns_output(rig->host, "sysctl --values net.ipv6.conf.uplink.accept_ra");

	g_assert_cmpstr(g_strstrip(found), ==, expected);
}

/* It was told to meanwhile, and the service dies when it has seen to that, and has not written down that it did. */
static void listener_in_doubt(Rig *rig)
{
	Pipeline *pipeline = pipeline_new();

	netns_sysctl(rig->host, "net/ipv6/conf/uplink/accept_ra", "0");
	done(rig, create_a.path, create_a.interface, create_a.member, create_a.types, create_a.arguments);
	service_kill(rig->service);
	rig_start_failing(rig, "bridge:kill:1");
	expect_accept_ra(rig, "0");
	rig_pause(rig);
	netns_sysctl(rig->host, "net/ipv6/conf/uplink/accept_ra", "1");
	netns_run(rig->host, "ip link set uplink alias touched");
	pipeline_call(pipeline, rig->bus, create_b.path, create_b.interface, create_b.member, create_b.types,
		      create_b.arguments);
	rig_resume(rig);
	pipeline_run(pipeline);
	pipeline_free(pipeline);
	g_assert_cmpint(waitpid(rig->service, NULL, 0), ==, rig->service);
	expect_accept_ra(rig, "2");
	rig_start_failing(rig, NULL);
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	expect_accept_ra(rig, "2");
	delete_everything(rig);
	expect_accept_ra(rig, "1");
}

/* --- the configuration changes in between --- */

static const char *const configurations[] = {
	"",
	"IPForward=no",
	"ForwardPolicy=keep",
	"Hairpin=yes",
	"LocalhostPublish=no",
	"Hairpin=yes\nLocalhostPublish=no",
};

static char *switches(const Rig *rig)
{
	g_autofree char *rules = rig_rules(rig);
	g_autofree char *sysctls =
		netns_output(rig->host, "sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding "
					"net.ipv4.conf.br-a.route_localnet "
					"net.ipv4.conf.br-a.forwarding net.ipv4.conf.br-a.rp_filter");

	return g_strconcat(sysctls, rules, NULL);
}

/* By a reload or by a restart, it is the same in the end as if it had always been so. */
static void configured(Rig *rig)
{
	static const char *const publish =
		"'a', {'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, 'Endpoints': <[('app', "
		"{'Addresses': <['172.18.0.2', 'fd00:18::2']>, 'Ports': <[('tcp', '', uint16 "
		"8080, uint16 80, uint16 1)]>})]>}";
	g_autofree char *clean = rig_state(rig);

	for (guint from = 0; from < G_N_ELEMENTS(configurations); from++)
		for (guint to = 0; to < G_N_ELEMENTS(configurations); to++)
			for (guint restarted = 0; restarted < 2; restarted++) {
				g_autofree char *wanted = NULL, *found = NULL, *state = NULL;

				rig->configuration = configurations[to];
				rig_restart(rig);
				done(rig, "", "Manager", "CreateNetwork", "sa{sv}", publish);
				wanted = switches(rig);
				done(rig, "/network/a", "Network", "Delete", "", "");

				rig->configuration = configurations[from];
				rig_restart(rig);
				done(rig, "", "Manager", "CreateNetwork", "sa{sv}", publish);
				rig->configuration = configurations[to];
				rig_configure(rig, rig->configuration);
				if (!restarted)
					done(rig, "", "Manager", "Reload", "", "");
				rig_restart(rig);
				found = switches(rig);
				if (strcmp(found, wanted) != 0) {
					g_test_message("from \"%s\" to \"%s\" by %s:\n%s\n--- not as if always so:\n%s",
						       configurations[from], configurations[to],
						       restarted ? "restart" : "reload", found, wanted);
					g_test_fail();
				}
				done(rig, "/network/a", "Network", "Delete", "", "");
				state = rig_state(rig);
				g_assert_cmpstr(state, ==, clean);
			}
	rig->configuration = "";
}

static const BusTest tests[] = {
	{ "/given-back/all", all },
	{ "/given-back/host-forwards-already", all, NULL, forwards_already },
	{ "/given-back/listener-in-doubt", listener_in_doubt },
	{ "/given-back/configured", configured },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
