/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/benchmark/measurements.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

/* Lines of JSON on stdout, a word about what is going on on stderr. tests/benchmark/run makes the rest of it. */

static const struct {
	const char *name, *title;
	void (*measure)(void);
	bool once; /* not with each backend, or it sees to that itself */
} measurements[] = {
	{ "one-more-port", "One more published port when n are published", measure_one_more_port, true },
	{ "pipelined", "Calls sent by one client without waiting, to the last reply", measure_pipelined },
	{ "endpoints", "Endpoints with a port each in one call", measure_endpoints },
	{ "range", "A range of n ports in one call", measure_range },
	{ "managed-objects", "Everything there is, read in one call", measure_managed_objects },
	{ "dump", "All rules as text", measure_dump },
	{ "restart", "kill -9 and start again with n published ports", measure_restart },
	{ "dying-clients", "Clients with an endpoint and a port each dying at once", measure_dying_clients },
	{ "networks", "One more network", measure_networks },
	{ "attach", "Containers attached by the service", measure_attach },
	{ "plugins", "A container more, by CNI plugins", measure_plugins },
	{ "connections", "Changes where many connections are tracked", measure_connections, true },
	{ "fairness", "Calls beside users without rights who ask for all they can", measure_fairness, true },
	{ "connect", "A TCP connection to the last port", measure_connect },
	{ "allow-from", "A thousand prefixes that may reach 10,000 published ports", measure_allow_from },
	{ "neighbours", "No answer after others changed what the service needs", measure_neighbours },
	{ "insisting", "CPU while somebody undoes it each 100 ms for a minute", measure_insistence },
	{ "instructions", "Instructions of one more published port and one less", measure_instructions },
	{ "memory", "Memory", measure_memory },
	{ "idle", "Wake-ups while nothing happens", measure_idle },
};

static void measure(guint which)
{
	static const char *const backends[] = { "iptables", "nftables" };

	for (guint i = 0; i < (measurements[which].once ? 1 : G_N_ELEMENTS(backends)); i++) {
		service_backend = backends[i];
		measurements[which].measure();
	}
}

static bool is_chosen(const char *name, int argc, char **argv)
{
	bool any = false;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], name) == 0)
			return true;
		any |= argv[i][0] != '-';
	}
	return !any;
}

int main(int argc, char **argv)
{
	double start = now_ms();
	struct rlimit limit;

	end_on_signals();
	g_test_init(&argc, &argv, NULL); /* where the files beside the program are */
	/* A published port is a descriptor, and so is a client. */
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max < 11000)
		progress("Only %lu descriptors are allowed (ulimit -Hn), 10,000 ports need 11000",
			 (gulong)limit.rlim_max);
	for (int i = 1; i < argc; i++) {
		quick |= strcmp(argv[i], "--quick") == 0;
		if (strcmp(argv[i], "--list") == 0) {
			for (gsize j = 0; j < G_N_ELEMENTS(measurements); j++)
				printf("%-16s %s\n", measurements[j].name, measurements[j].title);
			return 0;
		}
	}
	for (gsize i = 0; i < G_N_ELEMENTS(measurements); i++) {
		if (!is_chosen(measurements[i].name, argc, argv))
			continue;
		progress("[%3.0f s] %s", (now_ms() - start) / 1e3, measurements[i].title);
		measure(i);
	}
	progress("[%3.0f s] done", (now_ms() - start) / 1e3);
	return 0;
}
