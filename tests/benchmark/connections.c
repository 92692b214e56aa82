/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/benchmark/measurements.h"
#include "tests/support/connections.h"

/* Changes that end old connections, on a host that tracks as many as a kernel does by default, and others' reads
 * meanwhile. */

#define APART ROOT "/network/apart"

typedef struct Run {
	Service service;
	sd_bus *other;
	guint n;
	GArray *reads;
} Run;

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	if (sd_bus_message_is_method_error(reply, NULL))
		g_error("%s", sd_bus_message_get_error(reply)->message);
	*(bool *)userdata = true;
	return 0;
}

static void change(Run *run, GArray *samples, sd_bus_message *message)
{
	double start = now_ms();
	bool done = false;

	if (sd_bus_call_async(run->service.bus, NULL, message, on_reply, &done, 0) < 0 ||
	    sd_bus_flush(run->service.bus) < 0)
		g_error("cannot call");
	sd_bus_message_unref(message);
	while (!done) {
		double read = now_ms();

		get_generation(run->other);
		samples_add(run->reads, now_ms() - read);
		/* It asks now and then: there are two of us, the bus and the service on the machine. */
		g_usleep(1000);
		while (sd_bus_process(run->service.bus, NULL) > 0)
			;
	}
	if (samples)
		samples_add(samples, now_ms() - start);
}

static sd_bus_message *udp_message(sd_bus *bus, const char *method)
{
	return message_new(bus, SPARE, SERVICE ".Endpoint", method, "a(ssqqq)", 1, "udp", "", CONNECTIONS_PORT, 53, 1);
}

static sd_bus_message *delete_message(sd_bus *bus, const char *path, const char *interface)
{
	return message_new(bus, path, interface, "Delete", NULL);
}

static void measure(gconstpointer data G_GNUC_UNUSED)
{
	Run run = { .n = quick ? 20000 : 240000, .reads = samples_new() };
	GArray *publish = samples_new(), *unpublish = samples_new(), *endpoint = samples_new(),
	       *network = samples_new();

	run.service = service_new(0);
	run.other = bus_connect();
	connections_fill(run.n, AF_INET, 100);
	for (guint i = 0; i < (quick ? 3 : 20); i++) {
		sd_bus *bus = run.service.bus;

		change(&run, publish, udp_message(bus, "Publish"));
		change(&run, unpublish, udp_message(bus, "Unpublish"));
		change(&run, NULL, endpoint_message(bus, "gone", 7, 0, true));
		change(&run, endpoint, delete_message(bus, WEB "/endpoint/gone", SERVICE ".Endpoint"));
		call(bus, message_new(bus, ROOT, SERVICE ".Manager", "CreateNetwork", "sa{sv}", "apart", 2, "Subnets",
				      "as", 1, "172.31.0.0/24", "Persistent", "b", true));
		call(bus, message_new(bus, APART, SERVICE ".Network", "CreateEndpoint", "sa{sv}", "gone", 2,
				      "Addresses", "as", 1, "172.31.0.2", "Persistent", "b", true));
		change(&run, network, delete_message(bus, APART, SERVICE ".Network"));
	}
	report("connections", "Publish of a UDP port", run.n, publish);
	report("connections", "Unpublish of a UDP port", run.n, unpublish);
	report("connections", "Delete of an endpoint", run.n, endpoint);
	report("connections", "Delete of a network with an endpoint", run.n, network);
	report("connections", "a property read of another meanwhile", run.n, run.reads);
}

void measure_connections(void)
{
	measure_apart(measure, NULL);
}
