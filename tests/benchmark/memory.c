/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/benchmark/measurements.h"

#include <stdio.h>
#include <string.h>

/* What the service costs while it does nothing: memory, and sleep. */

static double read_memory(GPid pid, const char *key)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/smaps_rollup", pid), *text = NULL;
	const char *line;

	if (!g_file_get_contents(path, &text, NULL, NULL) || !(line = strstr(text, key)))
		g_error("%s cannot be read", path);
	return g_ascii_strtod(line + strlen(key), NULL);
}

static double settled_memory(const Service *service)
{
	service_settle(service);
	/* It gives back what was freed once it has been quiet for a second. */
	g_usleep(1500 * G_TIME_SPAN_MILLISECOND);
	return read_memory(service->pid, "Pss:");
}

static void report_growth(const char *variant, guint n, double before, double after)
{
	report_value("memory", variant, n, "bytes", (after - before) * 1024 / n);
}

static void measure_memory_of_endpoints(gconstpointer data)
{
	guint n = *(const guint *)data;
	Service service = service_new(0);
	double before = settled_memory(&service), after;

	report_value("memory", variant("idle, resident"), 0, "kB", read_memory(service.pid, "Rss:"));
	report_value("memory", variant("idle, proportional"), 0, "kB", before);
	call(service.bus, endpoints_message(service.bus, n, true));
	after = settled_memory(&service);
	report_growth(variant("an endpoint with a port, all in one CreateEndpoints"), n, before, after);
	report_value("memory", variant("n endpoints of a port each"), n, "kB", after);

	service_kill(&service);
	service.pid = service_start(service.bus, NULL);
	/* Answered after the kernel's tables have been read. */
	call(service.bus, message_new(service.bus, SPARE, SERVICE ".Endpoint", "Publish", "a(ssqqq)", 0));
	report_value("memory", variant("n endpoints of a port each, after a restart"), n, "kB",
		     settled_memory(&service));
}

static void measure_memory_of_ports(gconstpointer data)
{
	guint n = *(const guint *)data;
	Service service = service_new(0);
	double before;
	char path[64];

	call(service.bus, endpoints_message(service.bus, n, false));
	before = settled_memory(&service);
	for (guint i = 0; i < n; i++) {
		snprintf(path, sizeof path, WEB "/endpoint/e%u", i);
		send_call(service.bus, publish_message(service.bus, path, "Publish", FIRST_PORT + i, 1));
	}
	wait_for_replies(service.bus);
	report_growth(variant("a published port, n calls to an endpoint each"), n, before, settled_memory(&service));
}

static void measure_memory_of_one_call(gconstpointer data)
{
	guint n = *(const guint *)data;
	Service service = service_new(0);
	double before = settled_memory(&service);

	call(service.bus, ports_message(service.bus, n));
	report_growth(variant("a published port, n in one Publish"), n, before, settled_memory(&service));
}

void measure_memory(void)
{
	measure_apart(measure_memory_of_endpoints, &(guint){ many() });
	measure_apart(measure_memory_of_ports, &(guint){ many() });
	measure_apart(measure_memory_of_one_call, &(guint){ many() });
}

static double read_switches(GPid pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", pid), *text = NULL;
	static const char key[] = "\nvoluntary_ctxt_switches:";
	const char *line;

	if (!g_file_get_contents(path, &text, NULL, NULL) || !(line = strstr(text, key)))
		g_error("%s cannot be read", path);
	return g_ascii_strtod(line + strlen(key), NULL);
}

static void measure_sleep(gconstpointer data G_GNUC_UNUSED)
{
	Service service = service_new(100);
	double before;

	/* After it has given back what was freed. */
	g_usleep(2 * G_TIME_SPAN_SECOND);
	before = read_switches(service.pid);
	g_usleep(5 * G_TIME_SPAN_SECOND);
	report_value("idle", variant("wake-ups in 5 s"), 100, "", read_switches(service.pid) - before);
}

void measure_idle(void)
{
	measure_apart(measure_sleep, NULL);
}
