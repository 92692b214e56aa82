/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/benchmark/firewalld.h"

#include "tests/benchmark/measurements.h"

#include <stdlib.h>

#define FIREWALLD "org.fedoraproject.FirewallD1"

static sd_bus *firewalld_bus;

static void call_zone(const char *member, const char *types, ...)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *message = NULL;
	va_list args;

	va_start(args, types);
	if (sd_bus_message_new_method_call(firewalld_bus, &message, FIREWALLD, "/org/fedoraproject/FirewallD1",
					   FIREWALLD ".zone", member) < 0 ||
	    sd_bus_message_appendv(message, types, args) < 0 ||
	    sd_bus_call(firewalld_bus, message, 600 * G_USEC_PER_SEC, &error, NULL) < 0)
		g_error("%s: %s", member, error.message);
	va_end(args);
	sd_bus_message_unref(message);
}

static void write_settings(guint n)
{
	GString *zone = g_string_new("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<zone>\n<short>Public</short>\n");
	char address[16];

	for (guint i = 0; i < n; i++)
		g_string_append_printf(zone,
				       "<forward-port port=\"%u\" protocol=\"tcp\" to-port=\"80\" to-addr=\"%s\"/>\n",
				       FIRST_PORT + i, endpoint_address(i, address));
	g_string_append(zone, "</zone>\n");
	g_mkdir_with_parents("/run/firewalld/zones", 0755);
	write_file("/run/firewalld/zones/public.xml", zone->str);
	write_file("/run/firewalld/firewalld.conf", "DefaultZone=public\nFirewallBackend=nftables\nCleanupOnExit=no\n");
	g_string_free(zone, TRUE);
}

/* It has its name before its rules, and goes on without them when they fail. */
static bool is_running(void)
{
	char *state = NULL;
	bool running = sd_bus_get_property_string(firewalld_bus, FIREWALLD, "/org/fedoraproject/FirewallD1", FIREWALLD,
						  "state", NULL, &state) >= 0 &&
		       g_str_equal(state, "RUNNING");

	free(state);
	return running;
}

void firewalld_prepare(guint n)
{
	static const char *const argv[] = {
		"firewalld",    "--nofork", "--nopid",    "--system-config",    "/run/firewalld",
		"--log-target", "file",     "--log-file", "/run/firewalld.log", NULL
	};

	write_settings(n);
	bus_start();
	firewalld_bus = bus_connect();
	spawn(argv);
	for (guint i = 0; !is_running(); i++) {
		if (i == 600)
			g_error("firewalld does not start; BENCHMARK_VERBOSE=1 shows why");
		g_usleep(100 * G_TIME_SPAN_MILLISECOND);
	}
}

void firewalld_publish(void)
{
	call_zone("addForwardPort", "sssssi", "public", ONE_MORE_PORT, "tcp", "80", ONE_MORE_ADDRESS, 0);
}

void firewalld_unpublish(void)
{
	call_zone("removeForwardPort", "sssss", "public", ONE_MORE_PORT, "tcp", "80", ONE_MORE_ADDRESS);
}
