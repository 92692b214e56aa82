/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/container.h"
#include "tests/support/signals.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WEB "/network/web"
#define APP WEB "/endpoint/app"

static void create_network(Rig *rig)
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Bridge': <'br0'>, 'Subnets': <['172.18.0.0/16']>, 'Persistent': <true>}");
}

static void expect_success(const Pipeline *pipeline, guint n)
{
	for (guint i = 0; i < n; i++)
		g_assert_cmpstr(pipeline_outcome(pipeline, i), ==, "");
}

static void expect_failure(const Pipeline *pipeline, guint n, const char *name)
{
	if (g_str_has_prefix(pipeline_outcome(pipeline, n), name))
		return;
	g_test_message("call %u: \"%s\", not %s", n, pipeline_outcome(pipeline, n), name);
	g_test_fail();
}

/* What is built up without waiting for the answers in between. */
static void build_up(Rig *rig)
{
	Pipeline *pipeline = pipeline_new();

	pipeline_call(pipeline, rig->bus, "", "Manager", "CreateNetwork", "sa{sv}",
		      "'web', {'Bridge': <'br0'>, 'Subnets': <['172.18.0.0/16']>}");
	pipeline_call(pipeline, rig->bus, WEB, "Network", "CreateEndpoint", "sa{sv}",
		      "'app', {'Addresses': <['172.18.0.2']>}");
	pipeline_call(pipeline, rig->bus, APP, "Endpoint", "Publish", "a(ssqqq)", "[('tcp', '', 8080, 80, 1)]");
	pipeline_call(pipeline, rig->bus, WEB, "Network", "Update", "a{sv}", "{'Masquerade': <false>}");
	pipeline_call(pipeline, rig->bus, "", "Manager", "CreateIngress", "sa{sv}",
		      "'front', {'Gateway': <'172.18.0.9'>}");
	pipeline_call(pipeline, rig->bus, "/ingress/front", "Ingress", "Publish", "a(sq)", "[('tcp', 443)]");
	pipeline_run(pipeline);
	expect_success(pipeline, 6);
	for (guint i = 0; i < 6; i++)
		g_assert_cmpuint(pipeline_place(pipeline, i), ==, i);
	property_is(rig, "[('tcp', '', 8080, 80, 1)]", APP, "Endpoint", "Ports");
	property_is(rig, "false", WEB, "Network", "Masquerade");
	property_is(rig, "[('tcp', 443)]", "/ingress/front", "Ingress", "Ports");
	pipeline_free(pipeline);
}

static void tear_down(Rig *rig)
{
	g_autofree char *before = rig_state(rig), *after = NULL;
	Pipeline *pipeline = pipeline_new();

	pipeline_call(pipeline, rig->bus, "", "Manager", "CreateNetwork", "sa{sv}",
		      "'web', {'Bridge': <'br0'>, 'Subnets': <['172.18.0.0/16']>}");
	pipeline_call(pipeline, rig->bus, WEB, "Network", "CreateEndpoint", "sa{sv}",
		      "'app', {'Addresses': <['172.18.0.2']>, 'Ports': <[('tcp', '', uint16 80, uint16 80, "
		      "uint16 1)]>}");
	pipeline_call(pipeline, rig->bus, APP, "Endpoint", "Delete", "", "");
	pipeline_call(pipeline, rig->bus, WEB, "Network", "Delete", "", "");
	pipeline_run(pipeline);
	expect_success(pipeline, 4);
	after = rig_state(rig);
	g_assert_cmpstr(before, ==, after);
	pipeline_free(pipeline);
}

/* A bad call among good ones fails alone. */
static void bad_one(Rig *rig)
{
	Pipeline *pipeline = pipeline_new();

	create_network(rig);
	for (guint i = 0; i < 60; i++) {
		g_autofree char *arguments =
			g_strdup_printf("'e%u', {'Addresses': <['%s.%u']>, 'Ports': <[('tcp', '', uint16 %u, "
					"uint16 80, uint16 1)]>}",
					i, i == 30 ? "10.0.0" : "172.18.0", 2 + i, 8000 + (i == 40 ? 39 : i));

		pipeline_call(pipeline, rig->bus, WEB, "Network", "CreateEndpoint", "sa{sv}", arguments);
	}
	pipeline_run(pipeline);
	for (guint i = 0; i < 60; i++) {
		g_autofree char *path = g_strdup_printf(WEB "/endpoint/e%u", i);

		if (i == 30) {
			expect_failure(pipeline, i, STANDARD("InvalidArgs") ": ");
		} else if (i == 40) {
			expect_failure(pipeline, i, OURS("PortInUse") ": ");
		} else {
			g_assert_cmpstr(pipeline_outcome(pipeline, i), ==, "");
			exists(rig, path);
			continue;
		}
		gone(rig, path);
	}
	pipeline_free(pipeline);
}

/* One that only the host refuses, when everything is committed together: the others do not notice. */
static void bad_on_host(Rig *rig)
{
	Pipeline *pipeline = pipeline_new();
	g_autofree char *text = NULL;

	create_network(rig);
	/* That IPv6 forwarding cannot be switched on nobody knows before it is tried. */
	netns_run(rig->host, "mount --bind /proc/sys/net/ipv6/conf/all /proc/sys/net/ipv6/conf/all");
	netns_run(rig->host, "mount -o remount,bind,ro /proc/sys/net/ipv6/conf/all");
	for (guint i = 0; i < 20; i++) {
		g_autofree char *arguments = g_strdup_printf("'n%u', {'Subnets': <['%s']>, 'Persistent': <true>}", i,
							     i == 11 ? "fd00:11::/64" : "10.0.0.0/24");
		g_autofree char *good = g_strdup_printf("'e%u', {'Addresses': <['172.18.0.%u']>}", i, 2 + i);

		if (i == 11)
			pipeline_call(pipeline, rig->bus, "", "Manager", "CreateNetwork", "sa{sv}", arguments);
		else
			pipeline_call(pipeline, rig->bus, WEB, "Network", "CreateEndpoint", "sa{sv}", good);
	}
	pipeline_run(pipeline);
	for (guint i = 0; i < 20; i++) {
		if (i == 11)
			expect_failure(pipeline, i, STANDARD("Failed") ": ");
		else
			g_assert_cmpstr(pipeline_outcome(pipeline, i), ==, "");
	}
	gone(rig, "/network/n11");
	text = rig_links(rig);
	g_assert_null(strstr(text, "br-n11"));
	pipeline_free(pipeline);
	netns_run(rig->host, "umount /proc/sys/net/ipv6/conf/all");
}

/* The same name, bridge and port, given up and taken again before the kernel has heard of either. */
static void again(Rig *rig)
{
	g_autofree char *before = NULL, *after = NULL;
	Pipeline *pipeline = pipeline_new();

	create_network(rig);
	done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}",
	     "'app', {'Addresses': <['172.18.0.2']>, 'Persistent': <true>,"
	     " 'Ports': <[('tcp', '', uint16 8080, uint16 80, uint16 1)]>}");
	before = rig_state(rig);
	for (guint i = 0; i < 5; i++) {
		pipeline_call(pipeline, rig->bus, WEB, "Network", "Delete", "", "");
		pipeline_call(pipeline, rig->bus, "", "Manager", "CreateNetwork", "sa{sv}",
			      "'web', {'Bridge': <'br0'>, 'Subnets': <['172.18.0.0/16']>, 'Persistent': <true>}");
		pipeline_call(pipeline, rig->bus, WEB, "Network", "CreateEndpoint", "sa{sv}",
			      "'app', {'Addresses': <['172.18.0.2']>, 'Persistent': <true>}");
		pipeline_call(pipeline, rig->bus, APP, "Endpoint", "Publish", "a(ssqqq)",
			      "[('tcp', '192.0.2.1', 8080, 80, 1)]");
		pipeline_call(pipeline, rig->bus, APP, "Endpoint", "Unpublish", "a(ssqqq)",
			      "[('tcp', '192.0.2.1', 8080, 80, 1)]");
		pipeline_call(pipeline, rig->bus, APP, "Endpoint", "Publish", "a(ssqqq)", "[('tcp', '', 8080, 80, 1)]");
	}
	pipeline_run(pipeline);
	expect_success(pipeline, 30);
	after = rig_state(rig);
	/* The bridge is another one, with another index. */
	g_free(after);
	after = rig_rules(rig);
	g_assert_nonnull(strstr(before, after));
	property_is(rig, "[('tcp', '', 8080, 80, 1)]", APP, "Endpoint", "Ports");
	pipeline_free(pipeline);
}

/* The FORWARD policy that was there before the first network is there after the last, also when one follows another
 * within one commit. */
static void policy_handed_on(Rig *rig)
{
	g_autofree char *before = rig_rules(rig), *after = NULL;
	Pipeline *pipeline = pipeline_new();

	create_network(rig);
	/* What comes first may be worked off alone, and what follows it then comes together. */
	for (guint i = 0; i < 40; i++)
		pipeline_call(pipeline, rig->bus, WEB, "Network", "Update", "a{sv}",
			      i % 2 ? "{'Masquerade': <true>}" : "{'Masquerade': <false>}");
	for (guint i = 0; i < 20; i++) {
		g_autofree char *arguments =
			g_strdup_printf("'n%u', {'Subnets': <['172.19.%u.0/24']>, 'Persistent': <true>}", i, i);
		g_autofree char *previous = i > 0 ? g_strdup_printf("/network/n%u", i - 1) : g_strdup(WEB);

		pipeline_call(pipeline, rig->bus, previous, "Network", "Delete", "", "");
		pipeline_call(pipeline, rig->bus, "", "Manager", "CreateNetwork", "sa{sv}", arguments);
	}
	pipeline_call(pipeline, rig->bus, "/network/n19", "Network", "Delete", "", "");
	pipeline_run(pipeline);
	expect_success(pipeline, 81);
	after = rig_rules(rig);
	g_assert_cmpstr(after, ==, before);
	pipeline_free(pipeline);
}

/* Three clients at once, each with its own network, all in each other's way at one port. */
static void mixed(Rig *rig)
{
	enum { CLIENTS = 3, ROUNDS = 48 };
	GDBusConnection *clients[CLIENTS];
	Pipeline *pipeline = pipeline_new();
	guint taken = 0, n = 0;

	for (guint c = 0; c < CLIENTS; c++)
		clients[c] = connection_new();
	for (guint c = 0; c < CLIENTS; c++) {
		g_autofree char *arguments = g_strdup_printf("'n%u', {'Subnets': <['10.%u.0.0/16']>}", c, c);

		pipeline_call(pipeline, clients[c], "", "Manager", "CreateNetwork", "sa{sv}", arguments);
	}
	for (guint i = 0; i < ROUNDS; i++) {
		for (guint c = 0; c < CLIENTS; c++) {
			g_autofree char *network = g_strdup_printf("/network/n%u", c);
			g_autofree char *endpoint = g_strdup_printf("/network/n%u/endpoint/e%u", c, i);
			g_autofree char *create =
				g_strdup_printf("'e%u', {'Addresses': <['10.%u.1.%u']>}", i, c, 2 + i);

			pipeline_call(pipeline, clients[c], network, "Network", "CreateEndpoint", "sa{sv}", create);
			pipeline_call(pipeline, clients[c], endpoint, "Endpoint", "Publish", "a(ssqqq)",
				      "[('tcp', '', 0, 80, 1)]");
			pipeline_call(pipeline, clients[c], endpoint, "Endpoint", "Publish", "a(ssqqq)",
				      "[('udp', '', 53, 53, 1)]");
			if (i % 2)
				pipeline_call(pipeline, clients[c], endpoint, "Endpoint", "Delete", "", "");
		}
	}
	pipeline_run(pipeline);
	for (guint c = 0; c < CLIENTS; c++)
		g_assert_cmpstr(pipeline_outcome(pipeline, n++), ==, "");
	for (guint i = 0; i < ROUNDS; i++)
		for (guint c = 0; c < CLIENTS; c++) {
			g_assert_cmpstr(pipeline_outcome(pipeline, n++), ==, "");
			g_assert_cmpstr(pipeline_outcome(pipeline, n++), ==, "");
			if (*pipeline_outcome(pipeline, n) == '\0')
				taken++;
			else
				expect_failure(pipeline, n, OURS("PortInUse") ": ");
			n++;
			if (i % 2)
				g_assert_cmpstr(pipeline_outcome(pipeline, n++), ==, "");
		}
	/* Somebody is first; once it is deleted the next one is, until one keeps it. */
	g_assert_cmpuint(taken, >=, 1);
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	for (guint c = 0; c < CLIENTS; c++)
		connection_close(clients[c]);
	for (guint c = 0; c < CLIENTS; c++) {
		g_autofree char *network = g_strdup_printf("/network/n%u", c);

		goes(rig, network);
	}
	pipeline_free(pipeline);
}

/* Calls that come together are committed together; Generation counts tables, of which a publication needs
 * two. */
static void group_commit(Rig *rig)
{
	enum { CALLS = 120 };
	g_autoptr(GArray) commits = NULL;
	g_autoptr(GVariant) reply = NULL;
	Pipeline *pipeline = pipeline_new();
	Signals *signals;
	guint added = 0;

	create_network(rig);
	done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}",
	     "'app', {'Addresses': <['172.18.0.2']>, 'Persistent': <true>}");
	signals = signals_new(rig);
	kill(rig->service, SIGSTOP);
	for (guint i = 0; i < CALLS; i++) {
		g_autofree char *ports = g_strdup_printf("[('tcp', '0.0.0.0', %u, %u, 1)]", 2000 + i, 2000 + i);

		pipeline_call(pipeline, rig->bus, APP, "Endpoint", "Publish", "a(ssqqq)", ports);
	}
	/* The bus answers this when it has passed on what came before. */
	reply = g_dbus_connection_call_sync(rig->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
					    "org.freedesktop.DBus", "GetId", NULL, NULL, G_DBUS_CALL_FLAGS_NONE, -1,
					    NULL, NULL);
	g_assert_nonnull(reply);
	kill(rig->service, SIGCONT);
	pipeline_run(pipeline);
	expect_success(pipeline, CALLS);
	commits = signals_take_commits(signals);
	g_assert_cmpuint(commits->len, >=, 1);
	g_assert_cmpuint(commits->len, <=, CALLS / 10);
	for (guint i = 0; i < commits->len; i++) {
		const Commit *commit = &g_array_index(commits, Commit, i);

		added += commit->added;
		g_assert_cmpuint(commit->removed, ==, 0);
		if (i > 0)
			g_assert_cmpuint(commit->generation, >, (commit - 1)->generation);
	}
	/* And what the first brings that answers on 127.0.0.1: a masquerade, and guards of what goes there and comes.
	 */
	g_assert_cmpuint(added, ==, 4 * CALLS + 3);
	signals_free(signals);
	pipeline_free(pipeline);
}

/* Nothing is held back to wait for company: a lone call takes less than the least that would be waited. */
static void lone_call(Rig *rig)
{
	gint64 best = G_MAXINT64;

	create_network(rig);
	done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}",
	     "'app', {'Addresses': <['172.18.0.2']>, 'Persistent': <true>}");
	/* What else goes on may keep any of them waiting, but not all. */
	for (guint i = 0; i < 300 && best >= 5000; i++) {
		gint64 start = g_get_monotonic_time();

		done(rig, APP, "Endpoint", "Publish", "a(ssqqq)", "[('sctp', '', 80, 80, 1)]");
		best = MIN(best, g_get_monotonic_time() - start);
		done(rig, APP, "Endpoint", "Unpublish", "a(ssqqq)", "[('sctp', '', 80, 80, 1)]");
	}
	g_assert_cmpint(best, <, 5000);
}

/* A call is sent that attaches so many; nobody waits for it. */
static void send_attaching(const Rig *rig, int socket, guint call, guint n)
{
	int copy = fcntl(socket, F_DUPFD_CLOEXEC, 3);
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new_from_array(&copy, 1);
	g_autoptr(GString) list = g_string_new("([");

	for (guint i = 0; i < n; i++)
		g_string_append_printf(list,
				       "%s('x%u-%u', {'Allocate': <['ipv4']>, 'NetNS': <handle 0>, 'Interface': "
				       "<'x%u-%u'>, 'Ports': <[('tcp', '', 0, 80, 1)]>})",
				       i ? ", " : "", call, i, call, i);
	g_string_append(list, "],)");
	g_dbus_connection_call_with_unix_fd_list(
		rig->bus, "org.example.NetFilter", ROOT WEB, "org.example.NetFilter.Network", "CreateEndpoints",
		g_variant_parse(G_VARIANT_TYPE("(a(sa{sv}))"), list->str, NULL, NULL, NULL), NULL,
		G_DBUS_CALL_FLAGS_NONE, -1, fds, NULL, NULL, NULL);
}

static guint64 generation(const Rig *rig)
{
	g_autofree char *text = property(rig, "", "Manager", "Generation");

	return g_ascii_strtoull(text, NULL, 10);
}

/* What attaches many is committed in several turns, each of which others have theirs after; in order all the same. */
static void attached_in_turns(Rig *rig)
{
	static const struct {
		guint calls, each, commits;
	} loads[] = {
		{ 2, 20, 1 },
		{ 8, 20, 2 },
		{ 3, 64, 3 },
		{ 70, 1, 2 },
	};
	int netns = netns_new(), socket = container_socket(netns);
	g_autofree char *before = NULL, *after = NULL;

	create_network(rig);
	before = rig_rules(rig);
	for (guint i = 0; i < G_N_ELEMENTS(loads); i++) {
		g_autofree char *deleted = g_strdup_printf("(%u,)", loads[i].calls * loads[i].each);
		guint64 from = generation(rig);
		int status;

		kill(rig->service, SIGSTOP);
		g_assert_cmpint(waitpid(rig->service, &status, WUNTRACED), ==, rig->service);
		for (guint c = 0; c < loads[i].calls; c++)
			send_attaching(rig, socket, c, loads[i].each);
		g_dbus_connection_flush_sync(rig->bus, NULL, NULL);
		kill(rig->service, SIGCONT);
		done(rig, WEB, "Network", "Update", "a{sv}", "{}");
		g_test_message("%u calls of %u: %u commits", loads[i].calls, loads[i].each,
			       (guint)(generation(rig) - from));
		g_assert_cmpuint(generation(rig) - from, >=, loads[i].commits);
		answers(rig, deleted, WEB, "Network", "Retain", "as", "@as []");
	}
	after = rig_rules(rig);
	g_assert_cmpstr(before, ==, after);
	close(socket);
	close(netns);
}

static const BusTest tests[] = {
	{ "/bus/batch/build-up", build_up },   { "/bus/batch/tear-down", tear_down },
	{ "/bus/batch/bad-one", bad_one },     { "/bus/batch/bad-on-host", bad_on_host },
	{ "/bus/batch/again", again },         { "/bus/batch/policy-handed-on", policy_handed_on },
	{ "/bus/batch/mixed", mixed },         { "/bus/batch/group-commit", group_commit },
	{ "/bus/batch/lone-call", lone_call }, { "/bus/batch/attached-in-turns", attached_in_turns },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
