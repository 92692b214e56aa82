/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Where the kernel keeps nobody from our table of nftables, what others do to it is heard and put right at once. */

#include "tests/support/caught-log.h"
#include "tests/support/probe.h"
#include "tests/support/signals.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define WEB "/network/web"
#define APP WEB "/endpoint/app"
#define PATIENCE_MS 10000
#define PID_FILE "/run/author"

/* As a kernel before Linux 6.9: asked for all at once it fails, and for the flags of a table alone. */
#define NO_OWNERS "probe:EOPNOTSUPP:2"

/* The table can be anybody's. */
static void start_unowned(Rig *rig)
{
	service_stop(rig->service);
	rig_start_failing(rig, NO_OWNERS);
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Bridge': <'br-web'>, 'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, 'Endpoints': <["
	     "('app', {'Addresses': <['172.18.0.2', 'fd00:18::2']>, 'Ports': <[('tcp', '', uint16 8080, uint16 80, "
	     "uint16 1)]>})]>}");
}

/* Elements have no order. */
static char *rules_of(const Rig *rig)
{
	return netns_output(rig->host, "sh -c \"nft -s list ruleset | sed 's/elements = //; s/[{},]//g; s/^[ \\t]*//; "
				       "s/ *$//' | sort\"");
}

static bool becomes(const Rig *rig, const char *expected)
{
	gint64 end = g_get_monotonic_time() + PATIENCE_MS * G_TIME_SPAN_MILLISECOND;

	while (g_get_monotonic_time() < end) {
		g_autofree char *rules = rules_of(rig);

		if (strcmp(rules, expected) == 0)
			return true;
	}
	return false;
}

/* The command's process is the one that it is told of. */
static void act(const Rig *rig, const char *command)
{
	netns_run(rig->host, "sh -c 'echo $$ > " PID_FILE "; exec %s'", command);
}

static void is_told(const char *command)
{
	g_autofree char *pid = NULL, *sentence = NULL;

	g_assert_true(g_file_get_contents(PID_FILE, &pid, NULL, NULL));
	sentence = g_strdup_printf(", by \"nft\" (pid %s); mended\n", g_strchomp(pid));
	g_test_message("%s", command);
	wait_for(sentence);
}

static void mended(Rig *rig)
{
	static const char *const acts[] = {
		"nft flush ruleset",
		"nft delete table ip netfilterd",
		"nft delete table ip6 netfilterd",
		"nft flush table ip netfilterd",
		"nft flush chain ip netfilterd forward",
		"nft flush set ip netfilterd reachable",
		"nft flush map ip netfilterd published",
		"nft delete element ip6 netfilterd published { tcp . 8080 }",
		"nft add element ip netfilterd bridges { \"eth9\" }",
		"nft add rule ip netfilterd crossing accept",
		"nft add chain ip netfilterd more",
		"nft add table ip netfilterd { flags dormant \\; }",
	};
	g_autofree char *before = NULL;

	start_unowned(rig);
	before = rules_of(rig);
	g_assert_null(strstr(before, "flags owner"));
	for (guint i = 0; i < G_N_ELEMENTS(acts); i++) {
		Signals *signals;
		g_autofree char *told = NULL;
		gint64 begin;

		/* Whoever does it too often is answered more slowly. */
		if (i % 4 == 3) {
			service_kill(rig->service);
			rig_start_failing(rig, NO_OWNERS);
		}
		signals = signals_new(rig);
		act(rig, acts[i]);
		begin = g_get_monotonic_time();
		if (!becomes(rig, before)) {
			g_test_message("%s: is not put right", acts[i]);
			g_test_fail();
		}
		g_test_message("%s: put right in %.0f ms, listed", acts[i], (g_get_monotonic_time() - begin) / 1e3);
		answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
		told = signals_take(signals);
		g_assert_nonnull(strstr(told, "Drifted (['netfilterd "));
		is_told(acts[i]);
		signals_free(signals);
	}
}

/* Two who changed it before it was looked at: neither is named alone, but what both are called. */
static void authors(Rig *rig)
{
	static const struct {
		const char *commands;
		const char *told;
	} cases[] = {
		{ "nft flush chain ip netfilterd forward; nft flush map ip netfilterd published",
		  ", by \"nft\"; mended\n" },
		{ "nft flush chain ip netfilterd forward; cp /usr/sbin/nft /run/other; /run/other flush map ip "
		  "netfilterd "
		  "published",
		  "netfilterd chains; mended\n" },
	};

	start_unowned(rig);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		kill(rig->service, SIGSTOP);
		netns_run(rig->host, "sh -c '%s'", cases[i].commands);
		kill(rig->service, SIGCONT);
		wait_for(cases[i].told);
	}
}

/* A machine at the other end of the host's uplink, and one on the bridge. */
static int make_outside(const Rig *rig)
{
	int netns = netns_new();

	netns_run(rig->host, "ip link set downlink netns /proc/%d/fd/%d", getpid(), netns);
	netns_run(netns, "ip address add 192.0.2.2/24 dev downlink");
	netns_run(netns, "ip address add 2001:db8:1::2/64 dev downlink nodad");
	netns_run(netns, "ip link set downlink up");
	netns_wait_for_addresses(netns, "downlink");
	return netns;
}

static int make_app(const Rig *rig)
{
	int netns = netns_new();

	netns_run(rig->host, "ip link add name port0 type veth peer name eth0 netns /proc/%d/fd/%d", getpid(), netns);
	netns_run(rig->host, "ip link set port0 master br-web up");
	netns_run(netns, "ip link set eth0 up");
	netns_run(netns, "ip address add 172.18.0.2/16 dev eth0");
	netns_run(netns, "ip address add fd00:18::2/64 dev eth0 nodad");
	netns_run(netns, "ip route add default via 172.18.0.1");
	netns_run(netns, "ip -6 route add default via fd00:18::1");
	netns_wait_for_addresses(netns, "eth0");
	return netns;
}

static bool is_answered(int outside, const char *address, const char *answer)
{
	gint64 end = g_get_monotonic_time() + PATIENCE_MS * G_TIME_SPAN_MILLISECOND;

	while (g_get_monotonic_time() < end)
		if (strcmp(probe(outside, "tcp", address, 8080, answer), answer) == 0)
			return true;
	return false;
}

static void lost(Rig *rig, int outside, const char *act)
{
	static const struct {
		const char *address, *answer;
	} ways[] = { { "192.0.2.1", "app from 192.0.2.2" }, { "2001:db8:1::1", "app from 2001:db8:1::2" } };
	Signals *signals = signals_new(rig);
	g_autofree char *told = NULL;
	gint64 begin = g_get_monotonic_time();

	netns_run(rig->host, "%s", act);
	for (guint i = 0; i < G_N_ELEMENTS(ways); i++)
		g_assert_true(is_answered(outside, ways[i].address, ways[i].answer));
	g_test_message("%s: a connection from outside after %.0f ms, the command and both families' included", act,
		       (g_get_monotonic_time() - begin) / 1e3);
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	told = signals_take(signals);
	g_assert_cmpuint(count_parts(told, "Drifted (['netfilterd "), ==, 1);
	signals_free(signals);
}

/* Who calls a published port meanwhile is answered again. */
static void reached(Rig *rig)
{
	int outside, app;

	start_unowned(rig);
	outside = make_outside(rig);
	app = make_app(rig);
	listener_open(app, "app", "tcp", NULL, 80);
	lost(rig, outside, "nft flush ruleset");
	lost(rig, outside, "nft 'flush map ip netfilterd published ; flush map ip6 netfilterd published'");
	lost(rig, outside, "nft 'delete table ip netfilterd ; delete table ip6 netfilterd'");
	listeners_close();
	close(app);
	close(outside);
}

/* Neither what we do ourselves nor what others do to tables of their own is put right. */
static void nothing_to_mend(Rig *rig)
{
	g_autofree char *told = NULL;
	g_autoptr(GArray) commits = NULL;
	Signals *signals;

	start_unowned(rig);
	signals = signals_new(rig);
	for (guint i = 0; i < 10; i++) {
		done(rig, APP, "Endpoint", "Publish", "a(ssqqq)",
		     "[('udp', '', uint16 9000, uint16 9000, uint16 500)]");
		done(rig, APP, "Endpoint", "Unpublish", "a(ssqqq)",
		     "[('udp', '', uint16 9000, uint16 9000, uint16 500)]");
		netns_run(rig->host,
			  "nft add table inet theirs ; add table ip netfilterd-X ; add table inet netfilterd");
		netns_run(rig->host,
			  "nft delete table inet theirs ; delete table ip netfilterd-X ; delete table inet netfilterd");
	}
	told = signals_take(signals);
	commits = signals_take_commits(signals);
	g_assert_null(strstr(told, "Drifted"));
	g_assert_cmpuint(commits->len, ==, 20);
	signals_free(signals);
}

/* More happens than the kernel keeps for who does not look. */
static void overrun(Rig *rig)
{
	g_autofree char *before = NULL;

	start_unowned(rig);
	before = rules_of(rig);
	kill(rig->service, SIGSTOP);
	netns_run(rig->host,
		  "sh -c \"nft add table ip theirs; nft add set ip theirs s '{ type ipv4_addr . inet_service ; }'; "
		  "for i in 1 2 3; do (for a in $(seq 1 250); do for p in $(seq 1 100); do "
		  "echo add element ip theirs s { 10.0.$i.$a . $p }; done; done) | nft -f - ; done; "
		  "nft delete table ip netfilterd; nft delete table ip theirs\"");
	kill(rig->service, SIGCONT);
	g_assert_true(becomes(rig, before));
}

/* Where they cannot, nobody needs to listen. */
static void owned(Rig *rig)
{
	g_autofree char *before = NULL, *after = NULL;

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'web', {'Subnets': <['172.18.0.0/16']>}");
	before = rules_of(rig);
	netns_run(rig->host, "nft flush ruleset");
	after = rules_of(rig);
	g_assert_cmpstr(after, ==, before);
	/* What a death left to nobody is taken over. */
	service_kill(rig->service);
	netns_run(rig->host, "nft flush map ip netfilterd inside");
	rig->service = service_start(rig->starter, rig->configuration);
	g_free(after);
	after = rules_of(rig);
	g_assert_cmpstr(after, ==, before);
	netns_run(rig->host, "sh -c \"! nft delete table ip netfilterd\"");
}

static const BusTest tests[] = {
	{ .path = "/heard/mended", .run = mended, .configuration = "Backend=nftables", .before = catch_log },
	{ .path = "/heard/authors", .run = authors, .configuration = "Backend=nftables", .before = catch_log },
	{ .path = "/heard/reached", .run = reached, .configuration = "Backend=nftables" },
	{ .path = "/heard/nothing-to-mend", .run = nothing_to_mend, .configuration = "Backend=nftables" },
	{ .path = "/heard/overrun", .run = overrun, .configuration = "Backend=nftables" },
	{ .path = "/heard/owned", .run = owned, .configuration = "Backend=nftables" },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
