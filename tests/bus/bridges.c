/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The ends of bridges. The kernel takes its time for each, and nobody is to wait for all of them. */

#include "tests/support/rig.h"

#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATE "/run/netfilterd/state"

enum { GONE_USEC = 20 * G_USEC_PER_SEC };

/* --- many networks --- */

/* A client that has n0, n1, … with the bridges b0, b1, … */
static GDBusConnection *client_with_networks(guint n)
{
	GDBusConnection *client = connection_new();
	Pipeline *pipeline = pipeline_new();

	for (guint i = 0; i < n; i++) {
		g_autofree char *arguments =
			g_strdup_printf("'n%u', {'Bridge': <'b%u'>, 'Subnets': <['10.%u.%u.0/24', 'fd00:%x::/64']>}", i,
					i, i / 256, i % 256, i);

		pipeline_call(pipeline, client, "", "Manager", "CreateNetwork", "sa{sv}", arguments);
	}
	pipeline_run(pipeline);
	for (guint i = 0; i < n; i++)
		g_assert_cmpstr(pipeline_outcome(pipeline, i), ==, "");
	pipeline_free(pipeline);
	return client;
}

static guint count_bridges(void)
{
	struct if_nameindex *links = if_nameindex();
	guint n = 0;

	for (const struct if_nameindex *link = links; link->if_index; link++)
		n += *link->if_name == 'b';
	if_freenameindex(links);
	return n;
}

/* The last bridge that is still there; false for none. */
static bool find_bridge(char ret[static IF_NAMESIZE])
{
	struct if_nameindex *links = if_nameindex();

	*ret = '\0';
	for (const struct if_nameindex *link = links; link->if_index; link++)
		if (*link->if_name == 'b')
			g_strlcpy(ret, link->if_name, IF_NAMESIZE);
	if_freenameindex(links);
	return *ret;
}

/* As long as there are fewer and fewer. */
static void wait_until_at_most(guint n)
{
	gint64 end = g_get_monotonic_time() + GONE_USEC;
	guint left = G_MAXUINT, now;

	while ((now = count_bridges()) > n && g_get_monotonic_time() < end) {
		if (now < left)
			end = g_get_monotonic_time() + GONE_USEC;
		left = now;
		g_usleep(G_TIME_SPAN_MILLISECOND);
	}
}

static void wait_for_bridges(guint n)
{
	wait_until_at_most(n);
	g_assert_cmpuint(count_bridges(), ==, n);
}

/* When it returns the networks are gone, and most of their bridges are not. */
static void client_dies(Rig *rig, GDBusConnection *client)
{
	connection_close(client);
	goes(rig, "/network/n0");
}

/* What is found now is as it is until the service may go on. */
static void halt(const Rig *rig)
{
	int status;

	g_assert_no_errno(kill(rig->service, SIGSTOP));
	g_assert_cmpint(waitpid(rig->service, &status, WUNTRACED), ==, rig->service);
	g_assert_true(WIFSTOPPED(status));
}

static void go_on(const Rig *rig)
{
	g_assert_no_errno(kill(rig->service, SIGCONT));
}

static void create_on(Rig *rig, const char *bridge)
{
	g_autofree char *arguments =
		g_strdup_printf("'web', {'Bridge': <'%s'>, 'Subnets': <['172.18.0.0/16']>}", bridge);

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", arguments);
}

static char *link_of(const Rig *rig, const char *name)
{
	return netns_output(rig->host, "ip -o address show dev %s up", name);
}

static bool has_state(void)
{
	return g_file_test(STATE, G_FILE_TEST_EXISTS);
}

/* --- one --- */

static void with_the_answer(Rig *rig)
{
	create_on(rig, "b0");
	g_assert_cmpuint(count_bridges(), ==, 1);
	done(rig, "/network/web", "Network", "Delete", "", "");
	g_assert_cmpuint(count_bridges(), ==, 0);
}

/* --- many --- */

static gint64 time_of_a_call(const Rig *rig)
{
	gint64 start = g_get_monotonic_time();
	g_autoptr(GVariant) reply G_GNUC_UNUSED =
		ask_with_fds(rig->bus, "", "Manager", "GetNetwork", "s", "'n0'", NULL, NULL);

	return g_get_monotonic_time() - start;
}

/* Nor does whoever wants the lock: what remains when the networks are gone needs none. */
static int take_lock(void)
{
	int lock = open("/run/xtables.lock", O_RDONLY | O_CREAT | O_CLOEXEC, 0600);

	g_assert_no_errno(flock(lock, LOCK_EX | LOCK_NB));
	return lock;
}

static void one_by_one(Rig *rig)
{
	enum { N_NETWORKS = 40 };
	g_autofree char *before = rig_rules(rig), *after = NULL;
	GDBusConnection *client = client_with_networks(N_NETWORKS);
	gint64 start = g_get_monotonic_time(), longest = 0, total;
	int lock = -1, status;

	g_assert_cmpuint(count_bridges(), ==, N_NETWORKS);
	connection_close(client);
	while (count_bridges() > 0 && g_get_monotonic_time() - start < GONE_USEC) {
		longest = MAX(longest, time_of_a_call(rig));
		if (lock < 0) {
			goes(rig, "/network/n0");
			lock = take_lock();
			g_assert_cmpuint(count_bridges(), >, N_NETWORKS / 2);
		}
	}
	total = g_get_monotonic_time() - start;
	close(lock);
	g_test_message("%d bridges were gone after %d ms, no call waited longer than %d ms", N_NETWORKS,
		       (int)(total / 1000), (int)(longest / 1000));
	g_assert_cmpuint(count_bridges(), ==, 0);
	g_assert_cmpint(longest, <, total / 3);
	after = rig_rules(rig);
	g_assert_cmpstr(after, ==, before);

	/* It goes when the last of them has gone, and leaves nothing. */
	g_assert_cmpint(waitpid(rig->service, &status, 0), ==, rig->service);
	g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	g_assert_false(has_state());
	rig->service = service_start(rig->starter, rig->configuration);
}

/* Nor do they wait for ever while there is always somebody to be answered. */
static void under_load(Rig *rig)
{
	GDBusConnection *client = client_with_networks(10);
	Pipeline *pipeline = pipeline_new();
	gint64 end = g_get_monotonic_time() + GONE_USEC;

	for (guint i = 0; i < 100; i++)
		pipeline_call(pipeline, rig->bus, "", "Manager", "PreviewIngress", "sa{sv}",
			      "'front', {'Gateway': <'192.0.2.2'>}");
	connection_close(client);
	while (count_bridges() > 0 && g_get_monotonic_time() < end)
		for (guint i = 0; i < 20; i++)
			pipeline_call(pipeline, rig->bus, "", "Manager", "PreviewIngress", "sa{sv}",
				      "'front', {'Gateway': <'192.0.2.2'>}");
	pipeline_run(pipeline);
	pipeline_free(pipeline);
	g_assert_cmpuint(count_bridges(), ==, 0);
}

/* What waits for its end lets nothing through any more. */
static void shut(Rig *rig)
{
	GDBusConnection *client = client_with_networks(15);
	g_autofree char *up = NULL;
	char name[IF_NAMESIZE];

	client_dies(rig, client);
	halt(rig);
	g_assert_true(find_bridge(name));
	up = netns_output(rig->host, "ip -o link show up type bridge");
	g_assert_cmpstr(up, ==, "");
	go_on(rig);
	wait_for_bridges(0);
}

static void taken_again(Rig *rig)
{
	GDBusConnection *client = client_with_networks(15);
	Pipeline *pipeline = pipeline_new();
	g_autofree char *link = NULL, *arguments = NULL;
	char name[IF_NAMESIZE];

	client_dies(rig, client);
	halt(rig);
	g_assert_true(find_bridge(name));
	arguments = g_strdup_printf("'web', {'Bridge': <'%s'>, 'Subnets': <['172.18.0.0/16']>}", name);
	pipeline_call(pipeline, rig->bus, "", "Manager", "CreateNetwork", "sa{sv}", arguments);
	go_on(rig);
	pipeline_run(pipeline);
	g_assert_cmpstr(pipeline_outcome(pipeline, 0), ==, "");
	pipeline_free(pipeline);
	wait_for_bridges(1);
	link = link_of(rig, name);
	g_assert_nonnull(strstr(link, "172.18.0.1/16"));
	g_assert_null(strstr(link, "10.0."));
}

/* Deleted by hand while others wait for their end. */
static void out_of_turn(Rig *rig)
{
	GDBusConnection *client = client_with_networks(15);

	create_on(rig, "bx");
	client_dies(rig, client);
	done(rig, "/network/web", "Network", "Delete", "", "");
	g_assert_cmpuint(if_nametoindex("bx"), ==, 0);
	g_assert_cmpuint(count_bridges(), >, 0);
	wait_for_bridges(0);
}

/* Somebody was faster, and has made something else of the name. */
static void of_somebody_else(Rig *rig)
{
	GDBusConnection *client = client_with_networks(15);
	char name[IF_NAMESIZE];

	client_dies(rig, client);
	halt(rig);
	g_assert_true(find_bridge(name));
	netns_run(rig->host, "sh -c \"ip link delete %s; ip link add %s type bridge\"", name, name);
	go_on(rig);
	wait_for_bridges(1);
	g_usleep(100 * G_TIME_SPAN_MILLISECOND);
	g_assert_cmpuint(if_nametoindex(name), >, 0);
	netns_run(rig->host, "ip link delete %s", name);
}

/* --- the service's own end --- */

/* In the midst of it. The next instance takes up the rest, and nothing that has such a name by chance. */
static void after_a_crash(Rig *rig)
{
	enum { N_NETWORKS = 15 };
	g_autofree char *before = rig_rules(rig), *after = NULL;
	GDBusConnection *client = client_with_networks(N_NETWORKS);
	char theirs[IF_NAMESIZE] = "";
	guint left;

	client_dies(rig, client);
	wait_until_at_most(N_NETWORKS - 5);
	service_kill(rig->service);
	left = count_bridges();
	g_assert_cmpuint(left, >, 0);
	for (guint i = 0; i < N_NETWORKS; i++) {
		g_snprintf(theirs, sizeof theirs, "b%u", i);
		if (if_nametoindex(theirs) == 0)
			break;
	}
	netns_run(rig->host, "ip link add %s type bridge", theirs);
	rig->service = service_start(rig->starter, rig->configuration);
	wait_for_bridges(1);
	g_usleep(100 * G_TIME_SPAN_MILLISECOND);
	g_assert_cmpuint(if_nametoindex(theirs), >, 0);
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	after = rig_rules(rig);
	g_assert_cmpstr(after, ==, before);
	netns_run(rig->host, "ip link delete %s", theirs);
}

/* Nobody would come back for them. */
static void before_the_last_leaves(Rig *rig)
{
	GDBusConnection *client = client_with_networks(15);

	client_dies(rig, client);
	g_assert_cmpuint(count_bridges(), >, 0);
	service_stop(rig->service);
	g_assert_cmpuint(count_bridges(), ==, 0);
	g_assert_false(has_state());
	rig->service = service_start(rig->starter, rig->configuration);
}

/* The next instance comes for the network anyway. */
static void by_the_next_instance(Rig *rig)
{
	GDBusConnection *client = client_with_networks(15);

	create_on(rig, "bx");
	client_dies(rig, client);
	service_stop(rig->service);
	g_assert_cmpuint(count_bridges(), >, 1);
	rig->service = service_start(rig->starter, rig->configuration);
	wait_for_bridges(1);
	g_assert_cmpuint(if_nametoindex("bx"), >, 0);
	exists(rig, "/network/web");
}

/* A stop does not wait for all of them, and the next instance answers before they are gone. */
static void left_to_the_next(Rig *rig)
{
	/* What systemd waits for either; a busy machine has its share in it. */
	enum { N_NETWORKS = 400, MAX_USEC = 90 * G_USEC_PER_SEC };
	GDBusConnection *client = client_with_networks(N_NETWORKS);
	gint64 begin, stopped, started;

	client_dies(rig, client);
	begin = g_get_monotonic_time();
	service_stop(rig->service);
	stopped = g_get_monotonic_time();
	g_test_message("%u of %d bridges were left", count_bridges(), N_NETWORKS);
	rig->service = service_start(rig->starter, rig->configuration);
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	started = g_get_monotonic_time();
	g_test_message("stopped after %d ms, and at work again after %d ms", (int)(stopped - begin) / 1000,
		       (int)(started - stopped) / 1000);
	g_assert_cmpint(stopped - begin, <, MAX_USEC);
	g_assert_cmpint(started - stopped, <, MAX_USEC);
	create_on(rig, "bx");
	wait_for_bridges(1);
	done(rig, "/network/web", "Network", "Delete", "", "");
}

static const BusTest tests[] = {
	{ "/bus/bridges/with-the-answer", with_the_answer },
	{ "/bus/bridges/one-by-one", one_by_one, "IdleExitSec=1" },
	{ "/bus/bridges/under-load", under_load },
	{ "/bus/bridges/shut", shut },
	{ "/bus/bridges/taken-again", taken_again },
	{ "/bus/bridges/out-of-turn", out_of_turn },
	{ "/bus/bridges/of-somebody-else", of_somebody_else },
	{ "/bus/bridges/after-a-crash", after_a_crash },
	{ "/bus/bridges/before-the-last-leaves", before_the_last_leaves },
	{ "/bus/bridges/by-the-next-instance", by_the_next_instance },
	{ "/bus/bridges/left-to-the-next", left_to_the_next, "MaxNetworksPerUID=1024" },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
