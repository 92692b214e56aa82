/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What users without any right can order at no cost keeps nobody waiting, and nothing of it stays. */

#include "tests/support/burst.h"
#include "tests/support/bus.h"
#include "tests/support/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A bus and a machine that others use have a share in what is waited for; behind a whole burst one waits for minutes.
 * How long it takes is the benchmark's to say. */
enum { N_ENDPOINTS = 3000, N_CHANGES = 20, MAX_MS = 10000, MAX_GROWTH_MIB = 24 };

typedef struct Fixture {
	sd_bus *root;
	GPid service;
} Fixture;

static Fixture fixture;

static void create_endpoints(sd_bus *root)
{
	sd_bus_message *call = NULL;
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r;

	r = sd_bus_message_new_method_call(root, &call, "org.example.NetFilter", "/org/example/NetFilter/network/web",
					   "org.example.NetFilter.Network", "CreateEndpoints");
	if (r >= 0)
		r = sd_bus_message_open_container(call, 'a', "(sa{sv})");
	for (guint i = 0; r >= 0 && i < N_ENDPOINTS; i++) {
		char name[16], address[16];

		snprintf(name, sizeof name, "e%u", i);
		snprintf(address, sizeof address, "10.1.%u.%u", i / 250, 1 + i % 250);
		r = sd_bus_message_append(call, "(sa{sv})", name, 2, "Addresses", "as", 1, address, "Ports", "a(ssqqq)",
					  1, "tcp", "", 20000 + i, 80, 1);
	}
	if (r >= 0)
		r = sd_bus_message_close_container(call);
	if (r >= 0)
		r = sd_bus_call(root, call, 60 * G_USEC_PER_SEC, &error, NULL);
	if (r < 0)
		g_error("CreateEndpoints: %s", error.message ?: g_strerror(-r));
	sd_bus_message_unref(call);
}

static void assert_below(GArray *waits, const char *what)
{
	double median = waits_percentile(waits, 50), most = waits_percentile(waits, 99);

	g_test_message("%-10s median %6.1f ms, 99 %% %6.1f ms, longest %6.1f ms", what, median, most,
		       waits_percentile(waits, 100));
	g_assert_cmpfloat(most, <, MAX_MS);
}

static void beside(gconstpointer data)
{
	double before = memory_of(fixture.service), after;
	Waits waits = waits_new();
	Bursting bursting = burst_start(data);

	waits_measure(&waits, fixture.root, N_CHANGES);
	burst_stop(&bursting);
	assert_below(waits.reads, "property");
	assert_below(waits.changes, "change");
	assert_below(waits.departures, "departure");
	/* The library reads a message as a whole before anybody can refuse it: the last one may be on its way. */
	for (guint i = 0; (after = memory_of(fixture.service)) - before >= MAX_GROWTH_MIB && i < 100; i++)
		g_usleep(50000);
	g_test_message("memory     %.1f MiB, %+.1f", after, after - before);
	g_assert_cmpfloat(after - before, <, MAX_GROWTH_MIB);
	waits_clear(&waits);
}

/* --- who reads how much --- */

typedef struct Reader {
	sd_bus *bus;
	guint n_open, n_answered, n_busy;
	bool answered_first; /* before any was refused */
} Reader;

#define OTHER_UID 1 /* whom the bus knows */

static Reader reader_new(uid_t uid)
{
	Reader reader = {};

	g_assert_no_errno(seteuid(uid));
	reader.bus = bus_connect();
	g_assert_no_errno(seteuid(0));
	return reader;
}

static int on_answer(sd_bus_message *answer, void *userdata, sd_bus_error *ret_error G_GNUC_UNUSED)
{
	Reader *reader = userdata;

	reader->n_open--;
	if (sd_bus_message_is_method_error(answer, NULL)) {
		g_assert_true(sd_bus_message_is_method_error(answer, "org.example.NetFilter.Error.Busy"));
		reader->n_busy++;
	} else {
		reader->answered_first |= reader->n_busy == 0;
		reader->n_answered++;
	}
	return 0;
}

static void reader_ask(Reader *reader, guint n)
{
	for (guint i = 0; i < n; i++) {
		int r = sd_bus_call_method_async(reader->bus, NULL, "org.example.NetFilter", "/org/example/NetFilter",
						 "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", on_answer,
						 reader, NULL);

		g_assert_cmpint(r, >=, 0);
		reader->n_open++;
	}
	g_assert_cmpint(sd_bus_flush(reader->bus), >=, 0);
}

static void reader_listen(Reader *reader)
{
	while (reader->n_open > 0) {
		int r = sd_bus_process(reader->bus, NULL);

		g_assert_cmpint(r, >=, 0);
		if (r == 0)
			sd_bus_wait(reader->bus, UINT64_MAX);
	}
}

/* What is asked meanwhile is there together when it goes on. */
static void hold(void)
{
	g_assert_no_errno(kill(fixture.service, SIGSTOP));
}

static void go_on(void)
{
	g_assert_no_errno(kill(fixture.service, SIGCONT));
}

/* Over however many connections; whoever asks for more is told so before the others are answered. */
static void a_few_a_user(void)
{
	Reader one = reader_new(BURST_UID), two = reader_new(BURST_UID), root = reader_new(0);

	hold();
	reader_ask(&one, 40);
	reader_ask(&two, 40);
	reader_ask(&root, 40);
	go_on();
	reader_listen(&one);
	reader_listen(&two);
	reader_listen(&root);
	g_assert_cmpuint(one.n_answered + two.n_answered, >=, 8);
	g_assert_cmpuint(one.n_busy, >, 0);
	g_assert_false(one.answered_first);
	g_assert_cmpuint(two.n_busy, >, 0);
	g_assert_cmpuint(one.n_answered + two.n_answered, <, 40);
	g_assert_cmpuint(root.n_answered, ==, 40);
	sd_bus_flush_close_unref(one.bus);
	sd_bus_flush_close_unref(two.bus);
	sd_bus_flush_close_unref(root.bus);
}

/* Who asks for one waits for one of another's, not for all of them. */
static void in_turn(void)
{
	Reader many = reader_new(BURST_UID), one = reader_new(OTHER_UID);

	hold();
	reader_ask(&many, 8);
	reader_ask(&one, 1);
	go_on();
	reader_listen(&one);
	while (sd_bus_process(many.bus, NULL) > 0)
		;
	g_assert_cmpuint(one.n_answered, ==, 1);
	g_assert_cmpuint(many.n_answered, <, 4);
	reader_listen(&many);
	g_assert_cmpuint(many.n_answered, ==, 8);
	sd_bus_flush_close_unref(many.bus);
	sd_bus_flush_close_unref(one.bus);
}

/* What nobody waits for any more is not made: whoever comes after is answered as if nobody had been there. */
static void gone_with_the_caller(void)
{
	Reader many[8], one = reader_new(BURST_UID);

	for (guint i = 0; i < G_N_ELEMENTS(many); i++) {
		many[i] = reader_new(BURST_UID);
		reader_ask(&many[i], 1);
	}
	for (guint i = 0; i < G_N_ELEMENTS(many); i++)
		sd_bus_close_unref(many[i].bus);
	/* The bus tells of them before it passes on what comes later. */
	reader_ask(&one, 8);
	reader_listen(&one);
	g_assert_cmpuint(one.n_answered, ==, 8);
	sd_bus_flush_close_unref(one.bus);
}

/* How much it had at most since the last call, in MiB; however late it is asked. */
static double take_peak_memory(void)
{
	g_autofree char *status_path = g_strdup_printf("/proc/%d/status", fixture.service), *status = NULL;
	g_autofree char *reset_path = g_strdup_printf("/proc/%d/clear_refs", fixture.service);
	const char *line;
	int fd;

	if (!g_file_get_contents(status_path, &status, NULL, NULL) || !(line = strstr(status, "VmHWM:")))
		g_error("%s cannot be read", status_path);
	fd = open(reset_path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "5", 1) != 1)
		g_error("%s: %s", reset_path, g_strerror(errno));
	close(fd);
	return atol(line + strlen("VmHWM:")) / 1024.0;
}

/* The memory once there is enough of it given back after one, at most half (0) or what is said; others are never quiet
 * meanwhile. */
static double preview(double enough)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *message = preview_new(fixture.root, 12000);
	double most, now;

	take_peak_memory();
	if (sd_bus_call(fixture.root, message, 60 * G_USEC_PER_SEC, &error, NULL) < 0)
		g_error("PreviewNetwork: %s", error.message);
	sd_bus_message_unref(message);
	most = take_peak_memory();
	if (enough == 0)
		enough = most / 2;
	now = memory_of(fixture.service);
	for (guint i = 0; now >= enough && i < 100; i++) {
		call(fixture.root, "", "Manager", "GetNetwork", "s", "web");
		g_usleep(100000);
		now = memory_of(fixture.service);
	}
	g_test_message("memory     %.1f MiB, then %.1f MiB", most, now);
	g_assert_cmpfloat(now, <, enough);
	return now;
}

/* What the first leaves serves the second. */
static void nothing_left_of_a_preview(void)
{
	double first = preview(0);

	preview(first + MAX_GROWTH_MIB / 4);
}

/* --- while it changes --- */

typedef struct Objects {
	bool read;
	GHashTable *paths;
	guint n; /* with those that are there twice */
} Objects;

static int on_objects(sd_bus_message *answer, void *userdata, sd_bus_error *ret_error G_GNUC_UNUSED)
{
	Objects *objects = userdata;
	const char *path;

	objects->read = true;
	g_assert_cmpint(sd_bus_message_enter_container(answer, 'a', "{oa{sa{sv}}}"), >, 0);
	while (sd_bus_message_enter_container(answer, 'e', "oa{sa{sv}}") > 0) {
		g_assert_cmpint(sd_bus_message_read(answer, "o", &path), >, 0);
		g_hash_table_add(objects->paths, g_strdup(path));
		objects->n++;
		g_assert_cmpint(sd_bus_message_skip(answer, "a{sa{sv}}"), >, 0);
		g_assert_cmpint(sd_bus_message_exit_container(answer), >=, 0);
	}
	return 0;
}

static void create_and_delete(void)
{
	call(fixture.root, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "other", 1, "Addresses", "as", 1,
	     "10.0.0.3");
	call(fixture.root, "/network/web/endpoint/other", "Endpoint", "Delete", NULL);
}

/* An answer that takes many turns shows all there is at one moment, and comes though there is always something new. */
static void whole_while_it_changes(void)
{
	Reader reader = reader_new(BURST_UID);

	for (guint i = 0; i < 10; i++) {
		Objects objects = { .paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL) };

		g_assert_cmpint(sd_bus_call_method_async(reader.bus, NULL, "org.example.NetFilter",
							 "/org/example/NetFilter", "org.freedesktop.DBus.ObjectManager",
							 "GetManagedObjects", on_objects, &objects, NULL),
				>=, 0);
		while (!objects.read) {
			create_and_delete();
			while (sd_bus_process(reader.bus, NULL) > 0)
				;
		}
		/* The network, its endpoints and "spare", and "other" or not. */
		g_assert_cmpuint(objects.n, ==, g_hash_table_size(objects.paths));
		g_assert_cmpuint(objects.n, >=, N_ENDPOINTS + 2);
		g_assert_cmpuint(objects.n, <=, N_ENDPOINTS + 3);
		g_hash_table_unref(objects.paths);
	}
	sd_bus_flush_close_unref(reader.bus);
}

int main(int argc, char **argv)
{
	int status;

	netns_test_init(&argc, &argv);
	netns_enter(netns_new());
	bus_start();
	fixture.root = bus_connect();
	g_assert_cmpint(sd_bus_set_method_call_timeout(fixture.root, 2 * MAX_MS * 1000ULL), >=, 0);
	fixture.service = service_start(fixture.root, "");
	call(fixture.root, "", "Manager", "CreateNetwork", "sa{sv}", "web", 1, "Subnets", "as", 1, "10.0.0.0/8");
	call(fixture.root, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "spare", 1, "Addresses", "as", 1,
	     "10.0.0.2");
	create_endpoints(fixture.root);
	for (gsize i = 0; i < n_bursts; i++) {
		g_autofree char *path = g_strdup_printf("/fairness/%s", bursts[i].name);

		g_test_add_data_func(path, &bursts[i], beside);
	}
	g_test_add_func("/fairness/a few a user", a_few_a_user);
	g_test_add_func("/fairness/in turn", in_turn);
	g_test_add_func("/fairness/gone with the caller", gone_with_the_caller);
	g_test_add_func("/fairness/nothing left of a preview", nothing_left_of_a_preview);
	g_test_add_func("/fairness/whole while it changes", whole_while_it_changes);
	status = g_test_run();
	sd_bus_flush_close_unref(fixture.root);
	service_stop(fixture.service);
	return status;
}
