/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/burst.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVICE "org.example.NetFilter"
#define ROOT "/org/example/NetFilter"
#define WEB ROOT "/network/web"
#define MANAGER SERVICE ".Manager"
#define NETWORK SERVICE ".Network"
#define ENDPOINT SERVICE ".Endpoint"
/* Between two bursts: without it, what is waited for is the bus daemon. */
#define PAUSE_USEC 100000

#define STANDARD(interface) "org.freedesktop.DBus." interface

static int check(int r, const char *what)
{
	if (r < 0)
		g_error("%s: %s", what, g_strerror(-r));
	return r;
}

/* --- users without rights --- */

typedef enum Want { WANT_ANSWER, WANT_NONE } Want;

static sd_bus *connect_bus(void)
{
	sd_bus *bus = NULL;

	check(sd_bus_open_system(&bus), "the bus");
	return bus;
}

static sd_bus_message *new_call(sd_bus *bus, const char *path, const char *interface, const char *member)
{
	sd_bus_message *call = NULL;

	check(sd_bus_message_new_method_call(bus, &call, SERVICE, path, interface, member), member);
	return call;
}

static void send_call(sd_bus *bus, sd_bus_message *call, Want want)
{
	if (want == WANT_NONE)
		check(sd_bus_message_set_expect_reply(call, false), "a call");
	check(sd_bus_send(bus, call, NULL), "a call");
	sd_bus_message_unref(call);
}

static void send_n(sd_bus *bus, guint n, const char *path, const char *interface, const char *member,
		   const char *argument, Want want)
{
	for (guint i = 0; i < n; i++) {
		sd_bus_message *call = new_call(bus, path, interface, member);

		if (argument)
			check(sd_bus_message_append(call, "s", argument), member);
		send_call(bus, call, want);
	}
}

static void managed_objects_unanswered(void)
{
	sd_bus *bus = connect_bus();

	send_n(bus, 2000, ROOT, STANDARD("ObjectManager"), "GetManagedObjects", NULL, WANT_NONE);
	sd_bus_flush_close_unref(bus);
}

static void get_rules_unanswered(void)
{
	sd_bus *bus = connect_bus();

	send_n(bus, 2000, WEB, NETWORK, "GetRules", NULL, WANT_NONE);
	sd_bus_flush_close_unref(bus);
}

static void dump_rules_unanswered(void)
{
	sd_bus *bus = connect_bus();

	send_n(bus, 2000, ROOT, MANAGER, "DumpRules", "ipv4", WANT_NONE);
	sd_bus_flush_close_unref(bus);
}

/* Over so many connections, as many calls as the bus allows without an answer; then they are gone. */
static void crowd(const char *path, const char *interface, const char *member, const char *argument)
{
	sd_bus *buses[8];

	for (guint i = 0; i < G_N_ELEMENTS(buses); i++) {
		buses[i] = connect_bus();
		send_n(buses[i], 120, path, interface, member, argument, WANT_ANSWER);
	}
	for (guint i = 0; i < G_N_ELEMENTS(buses); i++)
		sd_bus_flush_close_unref(buses[i]);
}

static void managed_objects(void)
{
	crowd(ROOT, STANDARD("ObjectManager"), "GetManagedObjects", NULL);
}

static void get_rules(void)
{
	crowd(WEB, NETWORK, "GetRules", NULL);
}

static void get_rules_of_one(void)
{
	crowd(WEB "/endpoint/e7", ENDPOINT, "GetRules", NULL);
}

static void introspect(void)
{
	crowd(WEB "/endpoint", STANDARD("Introspectable"), "Introspect", NULL);
}

static void get_all(void)
{
	crowd(WEB, STANDARD("Properties"), "GetAll", NETWORK);
}

static void get_all_of_any(void)
{
	crowd(WEB, STANDARD("Properties"), "GetAll", "");
}

static sd_bus_message *new_preview(sd_bus *bus, const char *member, guint n_ports)
{
	sd_bus_message *call = new_call(bus, ROOT, MANAGER, member);
	int r;

	r = sd_bus_message_append(call, "s", "preview");
	for (const char *const *type = (const char *const[]){ "a{sv}", "esv", NULL }; r >= 0 && *type; type++)
		r = sd_bus_message_open_container(call, **type, *type + 1);
	if (r >= 0)
		r = sd_bus_message_append(call, "s", "Subnets");
	if (r >= 0)
		r = sd_bus_message_append(call, "v", "as", 1, "172.30.0.0/16");
	if (r >= 0)
		r = sd_bus_message_close_container(call);
	if (r >= 0)
		r = sd_bus_message_open_container(call, 'e', "sv");
	if (r >= 0)
		r = sd_bus_message_append(call, "s", "Endpoints");
	for (const char *const *type = (const char *const[]){ "va(sa{sv})", "a(sa{sv})", "rsa{sv}", NULL };
	     r >= 0 && *type; type++)
		r = sd_bus_message_open_container(call, **type, *type + 1);
	if (r >= 0)
		r = sd_bus_message_append(call, "s", "one");
	if (r >= 0)
		r = sd_bus_message_open_container(call, 'a', "{sv}");
	if (r >= 0)
		r = sd_bus_message_append(call, "{sv}", "Addresses", "as", 1, "172.30.0.2");
	for (const char *const *type = (const char *const[]){ "esv", NULL }; r >= 0 && *type; type++)
		r = sd_bus_message_open_container(call, **type, *type + 1);
	if (r >= 0)
		r = sd_bus_message_append(call, "s", "Ports");
	for (const char *const *type = (const char *const[]){ "va(ssqqq)", "a(ssqqq)", NULL }; r >= 0 && *type; type++)
		r = sd_bus_message_open_container(call, **type, *type + 1);
	for (guint i = 0; r >= 0 && i < n_ports; i++)
		r = sd_bus_message_append(call, "(ssqqq)", "tcp", "", 40000 + i % 20000, 80, 1);
	/* From the ports to the settings of the network. */
	for (guint depth = 0; r >= 0 && depth < 9; depth++)
		r = sd_bus_message_close_container(call);
	check(r, member);
	return call;
}

static void send_previews(guint n, const char *member, guint n_ports, Want want)
{
	sd_bus *bus = connect_bus();

	for (guint i = 0; i < n; i++)
		send_call(bus, new_preview(bus, member, n_ports), want);
	sd_bus_flush_close_unref(bus);
}

static void previews(void)
{
	send_previews(100, "PreviewNetwork", 10000, WANT_ANSWER);
}

static void small_previews(void)
{
	send_previews(120, "PreviewNetwork", 100, WANT_ANSWER);
}

sd_bus_message *preview_new(sd_bus *bus, guint n_endpoints)
{
	sd_bus_message *call = new_call(bus, ROOT, MANAGER, "PreviewNetwork");
	int r;

	r = sd_bus_message_append(call, "s", "preview");
	if (r >= 0)
		r = sd_bus_message_open_container(call, 'a', "{sv}");
	if (r >= 0)
		r = sd_bus_message_append(call, "{sv}", "Subnets", "as", 1, "172.30.0.0/16");
	for (const char *const *type = (const char *const[]){ "esv", NULL }; r >= 0 && *type; type++)
		r = sd_bus_message_open_container(call, **type, *type + 1);
	if (r >= 0)
		r = sd_bus_message_append(call, "s", "Endpoints");
	for (const char *const *type = (const char *const[]){ "va(sa{sv})", "a(sa{sv})", NULL }; r >= 0 && *type;
	     type++)
		r = sd_bus_message_open_container(call, **type, *type + 1);
	for (guint i = 0; r >= 0 && i < n_endpoints; i++) {
		char name[16], address[32];

		snprintf(name, sizeof name, "e%u", i);
		snprintf(address, sizeof address, "172.30.%u.%u", 1 + i / 250, 1 + i % 250);
		r = sd_bus_message_append(call, "(sa{sv})", name, 2, "Addresses", "as", 1, address, "Ports", "a(ssqqq)",
					  1, "tcp", "", 40000 + i, 80, 1);
	}
	/* From the endpoints to the settings of the network. */
	for (guint depth = 0; r >= 0 && depth < 4; depth++)
		r = sd_bus_message_close_container(call);
	check(r, "PreviewNetwork");
	return call;
}

static void send_previews_of_endpoints(guint n, guint n_endpoints)
{
	sd_bus *bus = connect_bus();

	for (guint i = 0; i < n; i++)
		send_call(bus, preview_new(bus, n_endpoints), WANT_ANSWER);
	sd_bus_flush_close_unref(bus);
}

static void preview_of_many_endpoints(void)
{
	send_previews_of_endpoints(1, 12000);
}

static void previews_of_endpoints(void)
{
	send_previews_of_endpoints(100, 500);
}

/* Changes, which are for others to make. */
static void changes(void)
{
	send_previews(120, "CreateNetwork", 1, WANT_ANSWER);
}

static void changes_unanswered(void)
{
	send_previews(2000, "CreateNetwork", 1, WANT_NONE);
}

static void large_changes_unanswered(void)
{
	send_previews(500, "CreateNetwork", 1300, WANT_NONE);
}

static void deletions_unanswered(void)
{
	sd_bus *bus = connect_bus();

	send_n(bus, 2000, WEB, NETWORK, "Delete", NULL, WANT_NONE);
	sd_bus_flush_close_unref(bus);
}

/* All objects, and none by a label that nothing has. */
static void find_objects(void)
{
	sd_bus *bus = connect_bus();

	for (guint i = 0; i < 120; i++) {
		sd_bus_message *call = new_call(bus, ROOT, MANAGER, "FindObjects");

		if (i % 2 == 0)
			check(sd_bus_message_append(call, "a{ss}", 0), "FindObjects");
		else
			check(sd_bus_message_append(call, "a{ss}", 1, "none", "has this"), "FindObjects");
		send_call(bus, call, WANT_ANSWER);
	}
	sd_bus_flush_close_unref(bus);
}

/* It has read what this connection sent before. */
static void wait_until_read(sd_bus *bus)
{
	sd_bus_message *call = new_call(bus, ROOT, STANDARD("Peer"), "Ping");

	sd_bus_call(bus, call, 120 * G_USEC_PER_SEC, NULL, NULL);
	sd_bus_message_unref(call);
}

/* As large as is allowed, read or a change that is refused; larger; and larger yet and never read. Less than the bus
 * lets wait for one connection: what comes on top of that is refused by the bus, whomever it is from. */
static void large_calls(void)
{
	g_autofree guint8 *bytes = g_malloc0(30 << 20);
	sd_bus *bus = connect_bus();

	for (guint i = 0; i < 3; i++) {
		static const char *const members[] = { "PreviewNetwork", "CreateNetwork", "DumpRules" };

		for (guint j = 0; j < 2; j++)
			send_call(bus, new_preview(bus, members[j], 170000), WANT_ANSWER);
		for (guint j = 0; j < G_N_ELEMENTS(members); j++) {
			sd_bus_message *call = new_call(bus, ROOT, MANAGER, members[j]);

			check(sd_bus_message_append_array(call, 'y', bytes, 30 << 20), members[j]);
			send_call(bus, call, j == 2 ? WANT_NONE : WANT_ANSWER);
		}
		wait_until_read(bus);
	}
	sd_bus_flush_close_unref(bus);
}

static void reading_all(void)
{
	static const struct {
		const char *path, *interface, *member, *argument;
	} calls[] = {
		{ WEB, NETWORK, "GetRules" },
		{ ROOT, MANAGER, "DumpRules", "ipv4" },
		{ ROOT, STANDARD("ObjectManager"), "GetManagedObjects" },
	};
	sd_bus *bus = connect_bus();

	for (guint i = 0; i < G_N_ELEMENTS(calls); i++) {
		sd_bus_message *call = new_call(bus, calls[i].path, calls[i].interface, calls[i].member);

		if (calls[i].argument)
			check(sd_bus_message_append(call, "s", calls[i].argument), calls[i].member);
		/* It may be refused. */
		sd_bus_call(bus, call, 60 * G_USEC_PER_SEC, NULL, NULL);
		sd_bus_message_unref(call);
	}
	sd_bus_flush_close_unref(bus);
}

const Burst bursts[] = {
	{ "2000 GetManagedObjects without answer", managed_objects_unanswered, 1 },
	{ "2000 GetRules without answer", get_rules_unanswered, 1 },
	{ "2000 DumpRules without answer", dump_rules_unanswered, 1 },
	{ "100 PreviewNetwork of 10,000 ports", previews, 1 },
	{ "120 PreviewNetwork of 100 ports", small_previews, 1 },
	{ "a PreviewNetwork of 12,000 endpoints", preview_of_many_endpoints, 1 },
	{ "100 PreviewNetwork of 500 endpoints", previews_of_endpoints, 1 },
	{ "120 FindObjects", find_objects, 1 },
	{ "120 CreateNetwork", changes, 1 },
	{ "2000 CreateNetwork without answer", changes_unanswered, 1 },
	{ "500 CreateNetwork of 60 KiB without answer", large_changes_unanswered, 1 },
	{ "2000 Delete without answer", deletions_unanswered, 1 },
	{ "8 x 120 GetManagedObjects", managed_objects, 1 },
	{ "8 x 120 GetRules of a network", get_rules, 1 },
	{ "8 x 120 GetRules of an endpoint", get_rules_of_one, 1 },
	{ "8 x 120 Introspect", introspect, 1 },
	{ "8 x 120 GetAll", get_all, 1 },
	{ "8 x 120 GetAll of any interface", get_all_of_any, 1 },
	{ "two who read all there is", reading_all, 2 },
	{ "calls of 4 and 30 MiB", large_calls, 1 },
};
const gsize n_bursts = G_N_ELEMENTS(bursts);

G_NORETURN static void burst(const Burst *burst)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (setresgid(BURST_UID, BURST_UID, BURST_UID) < 0 || setresuid(BURST_UID, BURST_UID, BURST_UID) < 0)
		g_error("another user");
	for (;;) {
		burst->run();
		g_usleep(PAUSE_USEC);
	}
}

Bursting burst_start(const Burst *of)
{
	Bursting bursting = {};

	for (guint i = 0; i < of->n_users; i++) {
		bursting.pids[i] = fork();
		if (bursting.pids[i] == 0)
			burst(of);
	}
	return bursting;
}

void burst_stop(Bursting *bursting)
{
	for (guint i = 0; i < MAX_BURST_USERS && bursting->pids[i] > 0; i++) {
		int status;

		kill(bursting->pids[i], SIGKILL);
		if (waitpid(bursting->pids[i], &status, 0) < 0 || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
			g_error("a user without rights failed");
	}
}

/* --- the others --- */

Waits waits_new(void)
{
	return (Waits){ g_array_new(FALSE, FALSE, sizeof(double)), g_array_new(FALSE, FALSE, sizeof(double)),
			g_array_new(FALSE, FALSE, sizeof(double)) };
}

void waits_clear(Waits *waits)
{
	g_array_unref(waits->reads);
	g_array_unref(waits->changes);
	g_array_unref(waits->departures);
}

static void add_since(GArray *waits, gint64 begin)
{
	double ms = (g_get_monotonic_time() - begin) / 1e3;

	g_array_append_val(waits, ms);
}

static void must(int r, sd_bus_error *error, const char *what)
{
	if (r < 0)
		g_error("%s: %s", what, error->message);
	sd_bus_error_free(error);
}

static void read_property(Waits *waits, sd_bus *root)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	gint64 begin = g_get_monotonic_time();
	g_autofree char *version = NULL;

	must(sd_bus_get_property_string(root, SERVICE, ROOT, MANAGER, "Version", &error, &version), &error, "Version");
	add_since(waits->reads, begin);
	free(g_steal_pointer(&version)); /* libsystemd's */
}

static void publish(Waits *waits, sd_bus *root)
{
	static const char *const members[] = { "Publish", "Unpublish" };

	for (guint i = 0; i < G_N_ELEMENTS(members); i++) {
		sd_bus_error error = SD_BUS_ERROR_NULL;
		gint64 begin = g_get_monotonic_time();

		must(sd_bus_call_method(root, SERVICE, WEB "/endpoint/spare", ENDPOINT, members[i], &error, NULL,
					"a(ssqqq)", 1, "tcp", "", 19000, 80, 1),
		     &error, members[i]);
		add_since(waits->changes, begin);
	}
}

static int on_removed(sd_bus_message *signal G_GNUC_UNUSED, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	*(bool *)userdata = true;
	return 0;
}

static void depart(Waits *waits, sd_bus *root)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus *guest = connect_bus();
	sd_bus_slot *slot = NULL;
	bool gone = false;
	gint64 begin;

	must(sd_bus_call_method(guest, SERVICE, WEB, NETWORK, "CreateEndpoint", &error, NULL, "sa{sv}", "guest", 1,
				"Addresses", "as", 1, "10.250.0.1"),
	     &error, "CreateEndpoint");
	check(sd_bus_match_signal(root, &slot, SERVICE, ROOT, STANDARD("ObjectManager"), "InterfacesRemoved",
				  on_removed, &gone),
	      "InterfacesRemoved");
	begin = g_get_monotonic_time();
	sd_bus_flush_close_unref(guest);
	while (!gone)
		if (check(sd_bus_process(root, NULL), "the bus") == 0)
			check(sd_bus_wait(root, UINT64_MAX), "the bus");
	add_since(waits->departures, begin);
	sd_bus_slot_unref(slot);
}

void waits_measure(Waits *waits, sd_bus *root, guint n)
{
	for (guint i = 0; i < n; i++) {
		for (guint j = 0; j < 10; j++)
			read_property(waits, root);
		publish(waits, root);
		if (i % 5 == 0)
			depart(waits, root);
	}
}

static int compare(gconstpointer a, gconstpointer b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

double waits_percentile(GArray *waits, guint percent)
{
	g_array_sort(waits, compare);
	return g_array_index(waits, double, (waits->len - 1) * percent / 100);
}

double memory_of(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/statm", pid), *text = NULL;
	unsigned long pages;

	if (!g_file_get_contents(path, &text, NULL, NULL) || sscanf(text, "%*u %lu", &pages) != 1)
		g_error("%s cannot be read", path);
	return (double)pages * sysconf(_SC_PAGESIZE) / (1 << 20);
}
