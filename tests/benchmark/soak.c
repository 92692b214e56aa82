/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/benchmark/service.h"

#include "tests/support/netns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * soak [--tap] [ROUNDS]: creates and deletes endpoints with a port each, BATCH at a time without waiting in between,
 * and watches the service's memory. After the first tenth it must not grow any more: by a tenth at most, and a little
 * more for what malloc happens to keep.
 */

#define BATCH 250
#define SLACK_KB 512

static guint64 resident_kb(GPid pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", pid), *text = NULL;
	const char *line;

	if (!g_file_get_contents(path, &text, NULL, NULL) || !(line = strstr(text, "VmRSS:")))
		g_error("the service is gone");
	return g_ascii_strtoull(line + strlen("VmRSS:"), NULL, 10);
}

static void round_trip(const Service *service, guint n)
{
	char name[16], path[64];

	for (guint i = 0; i < n; i++) {
		snprintf(name, sizeof name, "e%u", i);
		send_call(service->bus, endpoint_message(service->bus, name, i, FIRST_PORT + i, true));
	}
	for (guint i = 0; i < n; i++) {
		snprintf(path, sizeof path, WEB "/endpoint/e%u", i);
		send_call(service->bus, message_new(service->bus, path, SERVICE ".Endpoint", "Delete", NULL));
	}
	wait_for_replies(service->bus);
}

int main(int argc, char **argv)
{
	bool tap = argc > 1 && strcmp(argv[1], "--tap") == 0;
	guint rounds = argc > 1 + tap ? strtoul(argv[1 + tap], NULL, 10) : 1000000;
	guint done = 0, warm = MAX(rounds / 10, 4 * BATCH), said = 0;
	guint64 rss = 0, rss_warm = 0, limit = 0;
	double start = now_ms();
	const char *reason;
	Service service;

	end_on_signals();
	g_test_init(&argc, &argv, NULL);
	if (!netns_isolate(&reason)) {
		printf("1..0 # SKIP %s\n", reason);
		return 0;
	}
	netns_run(netns_current(), "ip link set lo up");
	service = service_new(0);
	while (done < rounds) {
		round_trip(&service, MIN(BATCH, rounds - done));
		done = MIN(done + BATCH, rounds);
		rss = resident_kb(service.pid);
		if (!rss_warm && done >= warm) {
			rss_warm = rss;
			limit = rss + rss / 10 + SLACK_KB;
		}
		if (done / (rounds / 20 + 1) != said || done == rounds) {
			said = done / (rounds / 20 + 1);
			printf("%s%9u rounds %8.1f s  RSS %6" G_GUINT64_FORMAT " kB\n", tap ? "# " : "", done,
			       (now_ms() - start) / 1e3, rss);
			fflush(stdout);
		}
		if (limit && rss > limit)
			break;
	}
	if (tap)
		printf("1..1\n%sok 1 memory does not grow in %u rounds\n", rss > limit ? "not " : "", done);
	else
		printf("%s: %" G_GUINT64_FORMAT " kB after %u rounds, %" G_GUINT64_FORMAT " kB after %u\n",
		       rss > limit ? "GROWS" : "does not grow", rss, done, rss_warm, warm);
	return rss > limit;
}
