/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is there after the service died, its state was damaged, its bus was lost, or its clients died by the
 * hundred. */

#include "tests/support/rig.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WEB "/network/web"
#define STATE "/run/netfilterd/state"
#define DAMAGED STATE ".damaged"
#define LOG "/run/netfilterd.log"

static void create_endpoint(Rig *rig, const char *name, guint n, const char *settings)
{
	g_autofree char *arguments = g_strdup_printf("'%s', {'Addresses': <['172.18.%u.%u']>, 'Ports': "
						     "<[('tcp', '', uint16 %u, uint16 80, uint16 1)]>%s}",
						     name, 1 + n / 200, 1 + n % 200, 10000 + n, settings);

	done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}", arguments);
}

static void create_network(Rig *rig, const char *settings)
{
	g_autofree char *arguments = g_strdup_printf("'web', {'Subnets': <['172.18.0.0/16']>%s}", settings);

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", arguments);
}

/* What the kernel has is what the service wants. */
static void expect_whole(Rig *rig)
{
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
}

/* Those in our own chains: what the kernel sends by itself passes some others. */
static char *counted_rules(const Rig *rig)
{
	return netns_output(rig->host, "sh -c \"iptables-legacy-save -c | grep -e '-A DOCKER'\"");
}

static guint count_rules(const Rig *rig, const char *part)
{
	g_autofree char *rules = rig_rules(rig);

	return count_parts(rules, part);
}

static bool there(const Rig *rig, const char *path)
{
	g_autofree char *objects = rig_objects(rig), *start = g_strconcat(path, " ", NULL);

	return strstr(objects, start);
}

/* The service with its log in a file. */
static void start_logged(Rig *rig)
{
	int saved = dup(STDERR_FILENO);

	g_assert_nonnull(freopen(LOG, "w", stderr));
	rig->service = service_start(rig->starter, rig->configuration);
	dup2(saved, STDERR_FILENO);
	close(saved);
}

static void log_says(const char *part)
{
	g_autofree char *text = NULL;

	g_assert_true(g_file_get_contents(LOG, &text, NULL, NULL));
	if (strstr(text, part))
		return;
	g_test_message("the log does not say \"%s\":\n%s", part, text);
	g_test_fail();
}

/* --- a crash --- */

/* Whoever lives keeps everything: paths, ports, rules, counters; and the kernel is not even written to. */
static void unharmed(Rig *rig)
{
	g_autofree char *generation = NULL, *before = NULL, *after = NULL, *counters = NULL, *counters_after = NULL;
	guint descriptors;

	create_network(rig, ", 'InterContainerCommunication': <false>");
	create_endpoint(rig, "app", 1, ", 'Persistent': <true>");
	create_endpoint(rig, "db", 2, "");
	done(rig, "", "Manager", "CreateIngress", "sa{sv}",
	     "'front', {'Gateway': <'172.18.0.9'>, 'Ports': <[('tcp', uint16 443)]>}");
	netns_run(rig->host, "sh -c \"iptables-legacy-save -c | sed 's/^\\[0:0\\]/[7:77]/' | "
			     "iptables-legacy-restore -c\"");
	generation = property(rig, "", "Manager", "Generation");
	before = rig_state(rig);
	descriptors = rig_descriptors(rig);
	counters = counted_rules(rig);
	g_assert_nonnull(strstr(counters, "[7:77] -A DOCKER"));

	rig_restart(rig);
	expect_whole(rig);
	after = rig_state(rig);
	g_assert_cmpstr(after, ==, before);
	g_assert_cmpuint(rig_descriptors(rig), ==, descriptors);
	counters_after = counted_rules(rig);
	g_assert_cmpstr(counters_after, ==, counters);
	property_is(rig, generation, "", "Manager", "Generation");
	/* Its ports are nobody else's. */
	refused(rig, OURS("PortInUse"), "10001", WEB "/endpoint/db", "Endpoint", "Publish", "a(ssqqq)",
		"[('tcp', '', uint16 10001, uint16 80, uint16 1)]");
}

/* An owner that left while nobody listened has left all the same. */
static void orphans(Rig *rig)
{
	GDBusConnection *mine = rig->bus, *client = connection_new();
	g_autofree char *before = NULL, *after = NULL;

	create_network(rig, "");
	create_endpoint(rig, "app", 1, "");
	before = rig_state(rig);
	rig->bus = client;
	create_endpoint(rig, "theirs", 2, "");
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'other', {'Subnets': <['172.19.0.0/16']>}");
	rig->bus = mine;

	service_kill(rig->service);
	connection_close(client);
	rig->service = service_start(rig->starter, rig->configuration);
	expect_whole(rig);
	after = rig_state(rig);
	g_assert_cmpstr(after, ==, before);
}

/* The promised end does not move because of a crash, nor because it comes while the service is dead. */
static void deadlines(Rig *rig)
{
	gint64 start, left;

	create_network(rig, "");
	create_endpoint(rig, "long", 1, ", 'TimeoutUSec': <uint64 3600000000>");
	start = g_get_monotonic_time();
	create_endpoint(rig, "later", 2, ", 'TimeoutUSec': <uint64 4000000>");
	create_endpoint(rig, "soon", 3, ", 'TimeoutUSec': <uint64 300000>");
	service_kill(rig->service);
	g_usleep(300000);
	rig->service = service_start(rig->starter, rig->configuration);
	expect_whole(rig);
	gone(rig, WEB "/endpoint/soon");
	exists(rig, WEB "/endpoint/later");
	left = start + 4 * G_USEC_PER_SEC - g_get_monotonic_time();
	g_usleep(MAX(left, 0));
	goes(rig, WEB "/endpoint/later");
	exists(rig, WEB "/endpoint/long");
	g_assert_cmpuint(count_rules(rig, "172.18.1.4"), ==, 0);
	expect_whole(rig);
}

/* Names, addresses, bridges and ports that were given back and taken again, more than once. */
static void history(Rig *rig)
{
	g_autofree char *before = NULL, *after = NULL;

	for (guint i = 0; i < 5; i++) {
		create_network(rig, ", 'Bridge': <'br-web'>");
		create_endpoint(rig, "app", 1, "");
		done(rig, WEB "/endpoint/app", "Endpoint", "Unpublish", "a(ssqqq)",
		     "[('tcp', '', uint16 10001, uint16 80, uint16 1)]");
		done(rig, WEB "/endpoint/app", "Endpoint", "Delete", "", "");
		create_endpoint(rig, "app", 1, "");
		if (i < 4)
			done(rig, WEB, "Network", "Delete", "", "");
	}
	before = rig_state(rig);
	rig_restart(rig);
	expect_whole(rig);
	after = rig_state(rig);
	g_assert_cmpstr(after, ==, before);
}

/* The rules that others took away, or put into our chains, while the service was dead. */
static void drifted(Rig *rig)
{
	g_autofree char *before = NULL, *after = NULL;

	create_network(rig, "");
	create_endpoint(rig, "app", 1, "");
	before = rig_state(rig);
	service_kill(rig->service);
	netns_run(rig->host, "iptables-legacy -t nat -F DOCKER");
	netns_run(rig->host, "iptables-legacy -D FORWARD -j DOCKER-ISOLATION");
	rig->service = service_start(rig->starter, rig->configuration);
	expect_whole(rig);
	after = rig_state(rig);
	g_assert_cmpstr(after, ==, before);
}

/* At any instant: as many calls under way as may be, and the end in the middle of them. */
static void any_instant(Rig *rig)
{
	enum { ROUNDS = 12, CALLS = 60 };

	for (guint round = 0; round < ROUNDS; round++) {
		g_autofree char *rules = NULL, *objects = NULL;
		Pipeline *pipeline = pipeline_new();
		guint n_kept = 0;

		create_network(rig, "");
		for (guint i = 0; i < CALLS; i++) {
			g_autofree char *arguments =
				g_strdup_printf("'e%u', {'Addresses': <['172.18.1.%u']>, 'Ports': <[('tcp', "
						"'', uint16 %u, uint16 80, uint16 1)]>}",
						i, i + 1, 10000 + i);
			g_autofree char *path = g_strdup_printf(WEB "/endpoint/e%u", i / 2);

			pipeline_call(pipeline, rig->bus, WEB, "Network", "CreateEndpoint", "sa{sv}", arguments);
			if (i % 4 == 3)
				pipeline_call(pipeline, rig->bus, path, "Endpoint", "Delete", "", "");
		}
		/* Between the first call and the last answer, which is some 20 ms away. */
		for (gint64 end = g_get_monotonic_time() + 2000 * round; g_get_monotonic_time() < end;)
			g_main_context_iteration(NULL, FALSE);
		rig_restart(rig);
		pipeline_run(pipeline);
		expect_whole(rig);
		rules = rig_rules(rig);
		objects = rig_objects(rig);
		for (guint i = 0; i < CALLS; i++) {
			g_autofree char *path = g_strdup_printf(WEB "/endpoint/e%u ", i);
			g_autofree char *rule =
				g_strdup_printf("-A DOCKER ! -i br-web -p tcp -m tcp --dport %u ", 10000 + i);
			g_autofree char *accept = g_strdup_printf("-d 172.18.1.%u/32 ! -i br-web -o br-web", i + 1);
			bool kept = strstr(objects, path);

			g_assert_cmpuint(count_parts(rules, rule), ==, kept);
			g_assert_cmpuint(count_parts(rules, accept), ==, kept);
			n_kept += kept;
		}
		g_test_message("round %u: %u endpoints were there", round, n_kept);
		pipeline_free(pipeline);
		done(rig, WEB, "Network", "Delete", "", "");
	}
}

/* --- a state that cannot be read --- */

/* Whatever is left of the objects, there is no rule without one, and the service works. */
static void expect_usable(Rig *rig)
{
	expect_whole(rig);
	if (count_rules(rig, "--to-destination 172.18.1.2:80") == 1)
		exists(rig, WEB "/endpoint/app");
	else
		gone(rig, WEB "/endpoint/app");
	g_assert_cmpuint(count_rules(rig, "-j THEIRS"), ==, 1);
	/* What can be read is what was up to some point, and that may be the change before. */
	if (!there(rig, "/network/other"))
		done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'other', {'Subnets': <['172.19.0.0/16']>}");
	done(rig, "/network/other", "Network", "Delete", "", "");
	expect_whole(rig);
}

typedef void (*Damage)(char **text, gsize *size, guint round);

static void damaged(Rig *rig, Damage damage, guint rounds)
{
	netns_run(rig->host, "iptables-legacy -N THEIRS");
	netns_run(rig->host, "iptables-legacy -A FORWARD -j THEIRS");
	for (guint round = 0; round < rounds; round++) {
		g_autofree char *text = NULL;
		gsize size;

		create_network(rig, "");
		create_endpoint(rig, "app", 1, "");
		service_kill(rig->service);
		g_assert_true(g_file_get_contents(STATE, &text, &size, NULL));
		damage(&text, &size, round);
		g_assert_true(g_file_set_contents(STATE, text, size, NULL));
		unlink(DAMAGED);
		start_logged(rig);
		log_says("kept as state.damaged");
		g_assert_true(g_file_test(DAMAGED, G_FILE_TEST_EXISTS));
		expect_usable(rig);
		if (there(rig, WEB))
			done(rig, WEB, "Network", "Delete", "", "");
	}
}

static void flip_bit(char **text, gsize *size, guint round)
{
	(*text)[*size * round / 20] ^= 1 << round % 8;
}

static void cut_off(char **text G_GNUC_UNUSED, gsize *size, guint round)
{
	*size = *size * round / 20;
}

static void another_version(char **text, gsize *size G_GNUC_UNUSED, guint round G_GNUC_UNUSED)
{
	/* The first line ends with it. */
	strchr(*text, '\n')[-1] = '9';
}

static void corrupt(Rig *rig)
{
	damaged(rig, flip_bit, 20);
}

static void truncated(Rig *rig)
{
	damaged(rig, cut_off, 20);
}

static void future(Rig *rig)
{
	damaged(rig, another_version, 1);
}

static void missing(Rig *rig)
{
	netns_run(rig->host, "iptables-legacy -N THEIRS");
	netns_run(rig->host, "iptables-legacy -A FORWARD -j THEIRS");
	create_network(rig, "");
	create_endpoint(rig, "app", 1, "");
	service_kill(rig->service);
	g_assert_cmpint(unlink(STATE), ==, 0);
	start_logged(rig);
	log_says("is missing");
	expect_usable(rig);
	gone(rig, WEB);
}

/* --- the bus --- */

/* The service ends with it. */
static void replace_bus(Rig *rig)
{
	pid_t bus = rig_bus_pid(rig);
	int status;

	kill(bus, SIGKILL);
	g_assert_cmpint(waitpid(rig->service, &status, 0), ==, rig->service);
	g_assert_true(WIFEXITED(status));
	g_object_unref(rig->bus);
	sd_bus_close_unref(rig->starter);
	g_assert_cmpint(waitpid(bus, NULL, 0), ==, bus);

	unlink("/run/dbus/system_bus_socket");
	bus_start();
	rig->starter = bus_connect();
	rig->bus = connection_new();
}

/* With the bus all owners are gone, even if the next ones have their names. */
static void bus_lost(Rig *rig)
{
	g_autofree char *before = NULL, *after = NULL;

	create_network(rig, ", 'Persistent': <true>");
	create_endpoint(rig, "kept", 1, ", 'Persistent': <true>");
	before = rig_state(rig);
	create_endpoint(rig, "owned", 2, "");
	replace_bus(rig);
	for (guint i = 0; i < 10; i++) /* names up to those of the first bus */
		connection_close(connection_new());
	rig->service = service_start(rig->starter, rig->configuration);
	expect_whole(rig);
	after = rig_state(rig);
	g_assert_cmpstr(after, ==, before);
}

/* One that has this unique name. */
static GDBusConnection *connection_with_name(const char *name)
{
	for (guint i = 0; i < 100; i++) {
		GDBusConnection *connection = connection_new();

		if (strcmp(g_dbus_connection_get_unique_name(connection), name) == 0)
			return connection;
		connection_close(connection);
	}
	g_error("nobody is called %s", name);
}

/* What its owners left could not be deleted at once, and is tried again: nobody who came since is taken for them. */
static void bus_lost_and_name_taken(Rig *rig)
{
	g_autofree char *name = NULL;

	create_network(rig, ", 'Persistent': <true>");
	for (guint i = 0; i < 10; i++)
		connection_close(connection_new());
	g_object_unref(rig->bus);
	rig->bus = connection_new();
	name = g_strdup(g_dbus_connection_get_unique_name(rig->bus));
	create_endpoint(rig, "owned", 2, "");
	replace_bus(rig);
	rig_start_failing(rig, "commit:ENOMEM:1");
	exists(rig, WEB "/endpoint/owned");
	connection_close(rig->bus);
	rig->bus = connection_with_name(name);
	create_endpoint(rig, "later", 3, "");
	goes(rig, WEB "/endpoint/owned");
	expect_whole(rig);
	exists(rig, WEB "/endpoint/later");
	done(rig, WEB, "Network", "Delete", "", "");
}

/* --- clients --- */

/* A thousand clients that create something and die, half of them before they have the answer. */
static void storm(Rig *rig)
{
	enum { CLIENTS = 1000 };
	GDBusConnection *mine = rig->bus;
	g_autofree char *before = NULL, *after = NULL, *endpoints = NULL;

	create_network(rig, "");
	before = rig_state(rig);
	for (guint i = 0; i < CLIENTS; i++) {
		g_autofree char *name = g_strdup_printf("e%u", i);
		g_autofree char *arguments =
			g_strdup_printf("'%s', {'Addresses': <['172.18.%u.%u']>, 'Ports': <[('tcp', '', "
					"uint16 %u, uint16 80, uint16 1)]>}",
					name, 1 + i / 200, 1 + i % 200, 10000 + i);

		rig->bus = connection_new();
		if (i % 2) {
			done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}", arguments);
		} else {
			Pipeline *pipeline = pipeline_new();

			pipeline_call(pipeline, rig->bus, WEB, "Network", "CreateEndpoint", "sa{sv}", arguments);
			g_dbus_connection_flush_sync(rig->bus, NULL, NULL);
			g_dbus_connection_close_sync(rig->bus, NULL, NULL);
			pipeline_run(pipeline);
			pipeline_free(pipeline);
			g_object_unref(rig->bus);
			continue;
		}
		connection_close(rig->bus);
	}
	rig->bus = mine;
	for (guint i = 0; i < 500; i++) {
		g_clear_pointer(&endpoints, g_free);
		endpoints = property(rig, WEB, "Network", "Endpoints");
		if (strcmp(endpoints, "[]") == 0)
			break;
		g_usleep(10000);
	}
	g_assert_cmpstr(endpoints, ==, "[]");
	expect_whole(rig);
	after = rig_state(rig);
	g_assert_cmpstr(after, ==, before);
}

static const BusTest tests[] = {
	{ "/crash/unharmed", unharmed },    { "/crash/orphans", orphans },
	{ "/crash/deadlines", deadlines },  { "/crash/history", history },
	{ "/crash/drifted", drifted },      { "/crash/any-instant", any_instant },
	{ "/state/corrupt", corrupt },      { "/state/truncated", truncated },
	{ "/state/of-the-future", future }, { "/state/missing", missing },
	{ "/bus/lost", bus_lost },          { "/bus/lost-and-name-taken", bus_lost_and_name_taken },
	{ "/clients/storm", storm },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
