/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/benchmark/floor.h"
#include "tests/benchmark/measurements.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static guint times(void)
{
	return quick ? 3 : 5;
}

/* One measurement n times over, each on a fresh service. */
typedef double (*Sample)(guint n);

typedef struct Repeated {
	const char *measurement, *variant;
	Sample sample;
	guint n;
} Repeated;

/* Every sample in a place of its own; a pipe brings the number home. */
typedef struct SampleJob {
	const Repeated *repeated;
	int fd;
} SampleJob;

static void measure_sample(gconstpointer data)
{
	const SampleJob *job = data;
	double ms = job->repeated->sample(job->repeated->n);

	if (write(job->fd, &ms, sizeof ms) != sizeof ms)
		g_error("write: %s", g_strerror(errno));
}

static void repeat(const char *measurement, const char *variant, Sample sample, guint n)
{
	const Repeated repeated = { measurement, variant, sample, n };
	GArray *samples = samples_new();
	int fds[2];

	if (pipe(fds) < 0)
		g_error("pipe: %s", g_strerror(errno));
	for (guint i = 0; i < times(); i++)
		measure_apart(measure_sample, &(SampleJob){ &repeated, fds[1] });
	close(fds[1]);
	for (double ms; read(fds[0], &ms, sizeof ms) == sizeof ms;)
		samples_add(samples, ms);
	close(fds[0]);
	if (samples->len > 0)
		report(measurement, variant, n, samples);
	else
		g_array_unref(samples);
}

/* --- pipelined --- */

static double sample_pipelined_publish(guint n)
{
	Service service = service_new(0);
	double start = now_ms();

	for (guint i = 0; i < n; i++)
		send_call(service.bus, publish_message(service.bus, SPARE, "Publish", FIRST_PORT + i, 1));
	wait_for_replies(service.bus);
	return now_ms() - start;
}

/* One port on each of n endpoints. */
static double sample_pipelined_spread(guint n)
{
	Service service = service_new(0);
	char path[64];
	double start;

	call(service.bus, endpoints_message(service.bus, n, false));
	service_settle(&service);
	start = now_ms();
	for (guint i = 0; i < n; i++) {
		snprintf(path, sizeof path, WEB "/endpoint/e%u", i);
		send_call(service.bus, publish_message(service.bus, path, "Publish", FIRST_PORT + i, 1));
	}
	wait_for_replies(service.bus);
	return now_ms() - start;
}

static double sample_pipelined_ping(guint n)
{
	Service service = service_new(0);
	double start = now_ms();

	for (guint i = 0; i < n; i++)
		send_call(service.bus, ping_message(service.bus));
	wait_for_replies(service.bus);
	return now_ms() - start;
}

void measure_pipelined(void)
{
	repeat("pipelined", variant("Publish, one endpoint"), sample_pipelined_publish, many());
	repeat("pipelined", variant("Publish, an endpoint each"), sample_pipelined_spread, many());
	if (!service_has_nftables())
		repeat("pipelined", "Ping", sample_pipelined_ping, many());
}

/* --- at once --- */

static double sample_endpoints(guint n)
{
	Service service = service_new(0);
	sd_bus_message *message = endpoints_message(service.bus, n, true);
	double start = now_ms();

	call(service.bus, message);
	return now_ms() - start;
}

/* Of any method: its arguments are read, from end to end. */
static int on_call(sd_bus_message *message, void *userdata G_GNUC_UNUSED, sd_bus_error *error G_GNUC_UNUSED)
{
	if (sd_bus_message_is_method_call(message, NULL, NULL) <= 0)
		return 0;
	if (sd_bus_message_skip(message, sd_bus_message_get_signature(message, true)) < 0)
		g_error("a call cannot be read");
	return sd_bus_reply_method_return(message, NULL);
}

static void be_reader(int ready)
{
	sd_bus *bus = bus_connect();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (sd_bus_add_filter(bus, NULL, on_call, NULL) < 0 || sd_bus_request_name(bus, SERVICE, 0) < 0 ||
	    write(ready, "", 1) != 1)
		g_error("cannot get ready");
	for (;;)
		if (sd_bus_process(bus, NULL) == 0)
			sd_bus_wait(bus, UINT64_MAX);
}

/* The same call, to a service that does nothing but read it. */
static double sample_reading(guint n)
{
	sd_bus_message *message;
	int ready[2];
	double start;
	sd_bus *bus;
	char byte;

	bus_start();
	if (pipe(ready) < 0)
		g_error("cannot get ready");
	if (fork() == 0)
		be_reader(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		g_error("nobody reads");
	bus = bus_connect();
	message = endpoints_message(bus, n, true);
	call(bus, ping_message(bus));
	start = now_ms();
	call(bus, message);
	return now_ms() - start;
}

void measure_endpoints(void)
{
	repeat("endpoints at once", variant("CreateEndpoints, a port each"), sample_endpoints, many());
	if (service_has_nftables()) {
		repeat("endpoints at once", "netlink in process (floor)", floor_netlink_build, many());
		repeat("endpoints at once", "libnftables in process, text", floor_libnftables_build, many());
	} else {
		repeat("endpoints at once", "libiptc in process (floor)", floor_build, many());
		repeat("endpoints at once", "n sockets bound (floor)", floor_bind, many());
		repeat("endpoints at once", "the call carried and read (floor)", sample_reading, many());
	}
}

static double sample_range(guint n)
{
	Service service = service_new(0);
	double start = now_ms();

	call(service.bus, publish_message(service.bus, SPARE, "Publish", FIRST_PORT, n));
	return now_ms() - start;
}

void measure_range(void)
{
	repeat("range", variant("Publish, a range"), sample_range, 1);
	repeat("range", variant("Publish, a range"), sample_range, many());
	if (!service_has_nftables())
		repeat("range", "n sockets bound (floor)", floor_bind, many());
}

/* --- reading --- */

static double sample_managed_objects(guint n)
{
	Service service = service_new(n);
	sd_bus_message *message =
		message_new(service.bus, ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL);
	double start = now_ms();

	call(service.bus, message);
	return now_ms() - start;
}

void measure_managed_objects(void)
{
	repeat("read everything", "GetManagedObjects", sample_managed_objects, many());
}

static double sample_dump(guint n)
{
	Service service = service_new(n);
	sd_bus_message *message = message_new(service.bus, ROOT, SERVICE ".Manager", "DumpRules", "s", "ipv4");
	double start = now_ms();

	call(service.bus, message);
	return now_ms() - start;
}

void measure_dump(void)
{
	repeat("dump", variant("DumpRules"), sample_dump, many());
}

/* --- restart --- */

static double restart(guint n, bool until_changed)
{
	Service service = service_new(n);
	guint64 generation = get_generation(service.bus);
	double ms, start;

	service_kill(&service);
	service.pid = service_start(service.bus, &ms);
	if (!until_changed)
		return ms;
	/* Answered after the first look at the kernel, and it changes nothing itself. */
	start = now_ms();
	call(service.bus, message_new(service.bus, SPARE, SERVICE ".Endpoint", "Publish", "a(ssqqq)", 0));
	ms += now_ms() - start;
	/* The tables of nftables are taken over, which is a commit without a rule. */
	if (get_generation(service.bus) != generation + service_has_nftables())
		g_error("the restart committed something");
	return ms;
}

static double sample_restart_name(guint n)
{
	return restart(n, false);
}

static double sample_restart(guint n)
{
	return restart(n, true);
}

/* What is to be had again: the rules as they are in the kernel, and the ports. */
static double sample_restart_floor(guint n)
{
	return (service_has_nftables() ? floor_netlink_read : floor_read)(n) + floor_bind(n);
}

void measure_restart(void)
{
	bool nftables = service_has_nftables();

	repeat("restart", variant("until the name is on the bus"), sample_restart_name, many());
	repeat("restart", variant("until the first change is answered"), sample_restart, many());
	repeat("restart",
	       nftables ? "netlink reads, n sockets bound (floor)" : "libiptc reads, n sockets bound (floor)",
	       sample_restart_floor, many());
	repeat("restart", variant("until the first change is answered"), sample_restart, 0);
}

/* --- clients that die --- */

static guint n_removed;

static int on_removed(sd_bus_message *message G_GNUC_UNUSED, void *userdata G_GNUC_UNUSED,
		      sd_bus_error *error G_GNUC_UNUSED)
{
	n_removed++;
	return 0;
}

static void create_an_endpoint_each(sd_bus **clients, guint n)
{
	char name[16];

	for (guint i = 0; i < n; i++) {
		snprintf(name, sizeof name, "e%u", i);
		send_call(clients[i], endpoint_message(clients[i], name, i, FIRST_PORT + i, false));
		sd_bus_flush(clients[i]);
	}
	/* Another change by the same client is answered after its first. */
	for (guint i = 0; i < n; i++)
		call(clients[i], message_new(clients[i], SPARE, SERVICE ".Endpoint", "Publish", "a(ssqqq)", 0));
}

/* Whoever was answered has a name. */
static void ask_the_bus(sd_bus *bus, guint i G_GNUC_UNUSED)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;

	if (sd_bus_call_method(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetId",
			       &error, NULL, "") < 0)
		g_error("GetId: %s", error.message);
}

/* A process that has n clients, which own nothing or an endpoint each. */
static pid_t start_clients(guint n, bool own)
{
	sd_bus **clients;
	int ready[2];
	pid_t pid;
	char byte;

	if (pipe(ready) < 0)
		g_error("cannot get ready");
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		clients = g_new(sd_bus *, n);
		for (guint i = 0; i < n; i++) {
			clients[i] = bus_connect();
			ask_the_bus(clients[i], i);
		}
		if (own)
			create_an_endpoint_each(clients, n);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	if (read(ready[0], &byte, 1) != 1)
		g_error("the clients cannot get ready");
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static guint count_objects(sd_bus *bus)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	char **paths;
	guint n = 0;

	if (sd_bus_get_property_strv(bus, SERVICE, WEB, SERVICE ".Network", "Endpoints", &error, &paths) >= 0)
		for (; paths[n]; n++)
			free(paths[n]);
	return n;
}

static void publish_or_not(sd_bus *bus, guint i)
{
	call(bus, publish_message(bus, SPARE, i % 2 ? "Unpublish" : "Publish", SPARE_PORT, 1));
}

/* Until whoever watches has heard of n, and what another's calls take meanwhile. How many these were. */
static guint kill_clients(pid_t pid, guint n, sd_bus *watching, void (*ask)(sd_bus *bus, guint i), sd_bus *other,
			  double *ret_total, double *ret_worst)
{
	double start = now_ms();
	guint calls = 0;

	*ret_worst = 0;
	kill(pid, SIGKILL);
	while (n_removed < n && now_ms() - start < 60000) {
		double before = now_ms(), took;

		ask(other, calls);
		took = now_ms() - before;
		*ret_worst = MAX(*ret_worst, took);
		calls++;
		while (sd_bus_process(watching, NULL) > 0)
			;
	}
	*ret_total = now_ms() - start;
	if (n_removed < n)
		g_error("%u of %u are still there", n - n_removed, n);
	return calls;
}

static guint many_clients(void)
{
	return quick ? 200 : 1000;
}

static void measure_death(gconstpointer data G_GNUC_UNUSED)
{
	guint n = many_clients(), calls;
	Service service = service_new(0);
	sd_bus *other = bus_connect();
	double worst, total;
	guint64 generation;
	pid_t pid;

	if (sd_bus_match_signal(service.bus, NULL, SERVICE, NULL, "org.freedesktop.DBus.ObjectManager",
				"InterfacesRemoved", on_removed, NULL) < 0)
		g_error("cannot get ready");
	pid = start_clients(n, true);
	if (count_objects(other) != n + 1)
		g_error("the clients have not got their endpoints");
	service_settle(&service);
	generation = get_generation(service.bus);
	calls = kill_clients(pid, n, service.bus, publish_or_not, other, &total, &worst);
	report_value("dying clients", variant("until all endpoints are gone"), n, "ms", total);
	report_value("dying clients", variant("slowest call of another meanwhile"), n, "ms", worst);
	/* A change of the others' is at most two tables. */
	report_value("dying clients", variant("commits, those of other calls included"), n, "",
		     (double)(get_generation(service.bus) - generation));
	report_value("dying clients", variant("calls of the other meanwhile"), n, "", calls);
}

/* Clients that own nothing, on a bus without the service. */
static void measure_death_floor(gconstpointer data G_GNUC_UNUSED)
{
	guint n = many_clients();
	double worst, total;
	sd_bus *watching, *other;
	pid_t pid;

	bus_start();
	watching = bus_connect();
	other = bus_connect();
	pid = start_clients(n, false);
	/* Whoever came was heard of too. */
	if (sd_bus_match_signal(watching, NULL, "org.freedesktop.DBus", NULL, "org.freedesktop.DBus",
				"NameOwnerChanged", on_removed, NULL) < 0)
		g_error("cannot get ready");
	kill_clients(pid, n, watching, ask_the_bus, other, &total, &worst);
	report_value("dying clients", "until the bus has told of all (floor)", n, "ms", total);
	report_value("dying clients", "slowest call of another to the bus meanwhile (floor)", n, "ms", worst);
}

void measure_dying_clients(void)
{
	measure_apart(measure_death, NULL);
	if (service_has_nftables())
		measure_apart(measure_death_floor, NULL);
}

/* --- networks --- */

static void measure_network_creation(gconstpointer data G_GNUC_UNUSED)
{
	static const guint counts[] = { 10, 32, 33, 100, 300, 1000 };
	Service service;
	char path[64];
	guint n = 0;

	bus_start();
	service.bus = bus_connect();
	service.pid = service_start(service.bus, NULL);
	for (guint i = 0; i < (quick ? 4 : G_N_ELEMENTS(counts)); i++) {
		GArray *samples = samples_new();

		for (; n + 1 < counts[i]; n++)
			send_call(service.bus, network_message(service.bus, n));
		wait_for_replies(service.bus);
		service_settle(&service);
		snprintf(path, sizeof path, ROOT "/network/net%u", n);
		for (guint j = 0; j < times() + 1; j++) {
			double start = now_ms();

			call(service.bus, network_message(service.bus, n));
			samples_add(samples, now_ms() - start);
			call(service.bus, message_new(service.bus, path, SERVICE ".Network", "Delete", NULL));
			call(service.bus, ping_message(service.bus));
		}
		report("networks", variant("CreateNetwork, the last of n"), counts[i], samples);
	}
}

void measure_networks(void)
{
	measure_apart(measure_network_creation, NULL);
}
