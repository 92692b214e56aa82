/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/benchmark/service.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define CONFIGURATION "/run/netfilterd.conf"

/* From FIRST_PORT on there are so many of each protocol; then tcp has some below SPARE_PORT. */
#define PORTS_OF_PROTOCOL 45000u
#define LOW_PORT 1024u

/* As one call may bring. Above so many ports no socket holds any: a process may not have as many descriptors. */
#define CALL_MAX 10000u
#define SOCKETS_MAX 15000u

/* Measurements of sanitized or valgrinded services take their time. */
#define TIMEOUT_USEC (600 * G_USEC_PER_SEC)

const char *const *service_prefix;
const char *service_backend = "iptables";

/* As many as are measured. */
#define LIMITS                        \
	"MaxEndpoints=200000\n"       \
	"MaxPorts=200000\n"           \
	"MaxPortsPerCall=200000\n"    \
	"MaxEndpointsPerUID=200000\n" \
	"MaxPortsPerUID=200000\n"

static guint n_open; /* calls sent and not answered */

bool service_has_nftables(void)
{
	return strcmp(service_backend, "nftables") == 0;
}

const char *variant(const char *text)
{
	g_autofree char *with = g_strconcat(text, service_has_nftables() ? ", nftables" : "", NULL);

	return g_intern_string(with);
}

void bus_start(void)
{
	g_autofree char *config = g_test_build_filename(G_TEST_DIST, "bus.conf", NULL);
	const char *const argv[] = { "dbus-daemon", "--config-file", config, "--nofork", "--nopidfile", NULL };

	g_mkdir_with_parents("/run/dbus", 0755);
	g_setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/run/dbus/system_bus_socket", TRUE);
	spawn(argv);
}

sd_bus *bus_connect(void)
{
	sd_bus *bus = NULL;
	int r = -1;

	for (guint i = 0; i < 5000 && r < 0; i++) {
		r = sd_bus_open_system(&bus);
		if (r < 0)
			g_usleep(G_TIME_SPAN_MILLISECOND);
	}
	if (r < 0)
		g_error("no bus: %s", g_strerror(-r));
	sd_bus_set_method_call_timeout(bus, TIMEOUT_USEC);
	return bus;
}

static int on_name(sd_bus_message *message, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	const char *name, *old, *new;

	/* That the one before lost it is announced as well, with an empty new owner. */
	if (sd_bus_message_read(message, "sss", &name, &old, &new) >= 0 && *new)
		*(bool *)userdata = true;
	return 0;
}

GPid service_start(sd_bus *bus, double *ret_ms)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_autofree char *configuration = NULL;
	sd_bus_slot *slot = NULL;
	bool owned = false;
	double start;
	GPid pid;

	for (const char *const *word = service_prefix; word && *word; word++)
		g_ptr_array_add(argv, (char *)*word);
	g_ptr_array_add(argv, (char *)g_getenv("NETFILTERD"));
	g_ptr_array_add(argv, "--config");
	g_ptr_array_add(argv, CONFIGURATION);
	g_ptr_array_add(argv, "--runtime-directory");
	g_ptr_array_add(argv, "/run/netfilterd");
	g_ptr_array_add(argv, NULL);

	configuration = g_strdup_printf("[NetFilter]\nIdleExitSec=0\nContainerPublish=no\n" LIMITS "Backend=%s\n",
					service_backend);
	write_file(CONFIGURATION, configuration);
	if (sd_bus_add_match(bus, &slot,
			     "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" SERVICE "'",
			     on_name, &owned) < 0)
		g_error("NameOwnerChanged cannot be matched");
	start = now_ms();
	pid = spawn((const char *const *)argv->pdata);
	while (!owned) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			g_error("the service does not start; BENCHMARK_VERBOSE=1 shows why");
		if (sd_bus_process(bus, NULL) == 0)
			sd_bus_wait(bus, 100 * G_TIME_SPAN_MILLISECOND);
	}
	if (ret_ms)
		*ret_ms = now_ms() - start;
	sd_bus_slot_unref(slot);
	return pid;
}

static guint64 used_nsec(GPid pid)
{
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) < 0)
		g_error("the service is gone");
	return used.tv_sec * 1000000000ull + used.tv_nsec;
}

double service_used_ms(const Service *service)
{
	return used_nsec(service->pid) / 1e6;
}

void service_settle(const Service *service)
{
	guint64 before, now;

	/* Answered after everything that was sent before, through the same queues. */
	call(service->bus, ping_message(service->bus));
	now = used_nsec(service->pid);
	do {
		before = now;
		g_usleep(5 * G_TIME_SPAN_MILLISECOND);
		now = used_nsec(service->pid);
	} while (now != before);
}

void service_kill(Service *service)
{
	kill(service->pid, SIGKILL);
	waitpid(service->pid, NULL, 0);
}

const char *endpoint_address(guint i, char buffer[static 16])
{
	guint32 host = i + 2;

	snprintf(buffer, 16, "10.%u.%u.%u", host >> 16 & 255, host >> 8 & 255, host & 255);
	return buffer;
}

HostPort host_port(guint i)
{
	if (i < PORTS_OF_PROTOCOL)
		return (HostPort){ "tcp", FIRST_PORT + i };
	i -= PORTS_OF_PROTOCOL;
	if (i < PORTS_OF_PROTOCOL)
		return (HostPort){ "udp", FIRST_PORT + i };
	i -= PORTS_OF_PROTOCOL;
	g_assert(LOW_PORT + i < SPARE_PORT);
	return (HostPort){ "tcp", LOW_PORT + i };
}

sd_bus_message *message_new(sd_bus *bus, const char *path, const char *interface, const char *member, const char *types,
			    ...)
{
	sd_bus_message *message = NULL;
	va_list args;
	int r = sd_bus_message_new_method_call(bus, &message, SERVICE, path, interface, member);

	va_start(args, types);
	if (r >= 0 && types)
		r = sd_bus_message_appendv(message, types, args);
	va_end(args);
	if (r < 0)
		g_error("%s: %s", member, g_strerror(-r));
	return message;
}

sd_bus_message *ask(sd_bus *bus, sd_bus_message *message)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;

	if (sd_bus_call(bus, message, TIMEOUT_USEC, &error, &reply) < 0)
		g_error("%s: %s", sd_bus_message_get_member(message), error.message);
	sd_bus_message_unref(message);
	return reply;
}

void call(sd_bus *bus, sd_bus_message *message)
{
	sd_bus_message_unref(ask(bus, message));
}

static int on_reply(sd_bus_message *reply, void *userdata G_GNUC_UNUSED, sd_bus_error *ret_error G_GNUC_UNUSED)
{
	const sd_bus_error *error = sd_bus_message_get_error(reply);

	if (error)
		g_error("%s: %s", error->name, error->message);
	n_open--;
	return 0;
}

void send_call(sd_bus *bus, sd_bus_message *message)
{
	if (sd_bus_call_async(bus, NULL, message, on_reply, NULL, TIMEOUT_USEC) < 0)
		g_error("%s cannot be sent", sd_bus_message_get_member(message));
	sd_bus_message_unref(message);
	n_open++;
}

void wait_for_replies(sd_bus *bus)
{
	while (n_open > 0) {
		int r = sd_bus_process(bus, NULL);

		if (r < 0 || (r == 0 && sd_bus_wait(bus, UINT64_MAX) < 0))
			g_error("the bus is lost");
	}
}

sd_bus_message *publish_message(sd_bus *bus, const char *endpoint, const char *method, guint port, guint count)
{
	return message_new(bus, endpoint, SERVICE ".Endpoint", method, "a(ssqqq)", 1, "tcp", "", port, port, count);
}

sd_bus_message *ports_message(sd_bus *bus, guint n)
{
	sd_bus_message *message = message_new(bus, SPARE, SERVICE ".Endpoint", "Publish", NULL);
	int r = sd_bus_message_open_container(message, 'a', "(ssqqq)");

	for (guint i = 0; r >= 0 && i < n; i++)
		r = sd_bus_message_append(message, "(ssqqq)", "tcp", "", FIRST_PORT + i, FIRST_PORT + i, 1);
	if (r < 0 || sd_bus_message_close_container(message) < 0)
		g_error("Publish: %s", g_strerror(-r));
	return message;
}

sd_bus_message *endpoint_message(sd_bus *bus, const char *name, guint i, guint port, bool persistent)
{
	char address[16];

	endpoint_address(i, address);
	if (port == 0)
		return message_new(bus, WEB, SERVICE ".Network", "CreateEndpoint", "sa{sv}", name, 2, "Addresses", "as",
				   1, address, "Persistent", "b", persistent);
	return message_new(bus, WEB, SERVICE ".Network", "CreateEndpoint", "sa{sv}", name, 3, "Addresses", "as", 1,
			   address, "Ports", "a(ssqqq)", 1, "tcp", "", port, 80, 1, "Persistent", "b", persistent);
}

static sd_bus_message *endpoints_between(sd_bus *bus, guint first, guint end, bool ports, bool sockets)
{
	sd_bus_message *message = message_new(bus, WEB, SERVICE ".Network", "CreateEndpoints", NULL);
	char address[16], name[16];
	int r = sd_bus_message_open_container(message, 'a', "(sa{sv})");

	for (guint i = first; r >= 0 && i < end; i++) {
		HostPort port = host_port(i);

		snprintf(name, sizeof name, "e%u", i);
		r = sd_bus_message_append(message, "(sa{sv})", name, 4, "Addresses", "as", 1,
					  endpoint_address(i, address), "Persistent", "b", true, "Reserve", "b",
					  sockets, "Ports", "a(ssqqq)", ports ? 1 : 0, port.protocol, "", port.port, 80,
					  1);
	}
	if (r < 0 || sd_bus_message_close_container(message) < 0)
		g_error("CreateEndpoints: %s", g_strerror(-r));
	return message;
}

sd_bus_message *endpoints_message(sd_bus *bus, guint n, bool ports)
{
	return endpoints_between(bus, 0, n, ports, true);
}

Service service_new(guint n)
{
	Service service;

	bus_start();
	service.bus = bus_connect();
	service.pid = service_start(service.bus, NULL);
	call(service.bus, message_new(service.bus, ROOT, SERVICE ".Manager", "CreateNetwork", "sa{sv}", "web", 2,
				      "Subnets", "as", 1, "10.0.0.0/8", "Persistent", "b", true));
	call(service.bus, endpoint_message(service.bus, "spare", 1u << 22, 0, true));
	for (guint first = 0; first < n; first += CALL_MAX)
		call(service.bus,
		     endpoints_between(service.bus, first, MIN(first + CALL_MAX, n), true, n <= SOCKETS_MAX));
	service_settle(&service);
	return service;
}

sd_bus_message *ping_message(sd_bus *bus)
{
	return message_new(bus, ROOT, "org.freedesktop.DBus.Peer", "Ping", NULL);
}

sd_bus_message *network_message(sd_bus *bus, guint i)
{
	char name[16], subnet[24];

	snprintf(name, sizeof name, "net%u", i);
	snprintf(subnet, sizeof subnet, "10.%u.%u.0/24", i >> 8 & 255, i & 255);
	return message_new(bus, ROOT, SERVICE ".Manager", "CreateNetwork", "sa{sv}", name, 2, "Subnets", "as", 1,
			   subnet, "Persistent", "b", true);
}

guint64 get_generation(sd_bus *bus)
{
	guint64 generation;

	if (sd_bus_get_property_trivial(bus, SERVICE, ROOT, SERVICE ".Manager", "Generation", NULL, 't', &generation) <
	    0)
		g_error("Generation cannot be read");
	return generation;
}
