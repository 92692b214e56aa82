/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/benchmark/callgrind.h"
#include "tests/benchmark/measurements.h"

#include <stdlib.h>

/*
 * What grows with the number of published ports: the service under valgrind's tool callgrind, which counts the
 * instructions of a few changes and who they were spent by. Those of the kernel it does not see.
 */

#define ROUNDS 4

/* Names of pipes and files, in a /run of our own: nothing of them stays behind. */
#define PIPES "--vgdb-prefix=/run/vgdb"
#define DUMP "/run/callgrind"

static void tell_valgrind(const Service *service, const char *word, const char *value)
{
	g_autofree char *pid = g_strdup_printf("--pid=%d", service->pid);
	const char *const argv[] = { "vgdb", PIPES, pid, word, value, NULL };
	int status;

	if (!g_spawn_sync(NULL, (char **)argv, NULL,
			  G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
			  NULL, NULL, &status, NULL) ||
	    status != 0)
		g_error("vgdb %s fails", word);
}

static void change_a_port(const Service *service, guint rounds)
{
	for (guint i = 0; i < rounds; i++) {
		call(service->bus, publish_message(service->bus, SPARE, "Publish", SPARE_PORT, 1));
		call(service->bus, publish_message(service->bus, SPARE, "Unpublish", SPARE_PORT, 1));
	}
	service_settle(service);
}

static void read_dump(Instructions *ret)
{
	/* With every link resolved, as valgrind names it. */
	g_autofree char *program = realpath(g_getenv("NETFILTERD"), NULL), *text = NULL;
	g_autoptr(GError) error = NULL;

	if (!g_file_get_contents(DUMP ".1", &text, NULL, &error))
		g_error("%s", error->message);
	if (!program || !callgrind_parse(text, program, ret) || ret->program == 0 ||
	    (ret->libiptc == 0) != service_has_nftables())
		g_error("callgrind's dump cannot be understood");
}

static void report_share(const char *variant, guint n, guint64 instructions)
{
	report_value("instructions", variant, n, "thousand a change", instructions / (2e3 * ROUNDS));
}

static void measure_count(gconstpointer data)
{
	guint n = *(const guint *)data;
	Instructions counted;
	Service service;

	service_prefix = (const char *const[]){
		"valgrind", "--tool=callgrind", "--instr-atstart=no", "--callgrind-out-file=" DUMP, PIPES, NULL
	};
	service = service_new(n);
	change_a_port(&service, 2);
	tell_valgrind(&service, "instrumentation", "on");
	change_a_port(&service, ROUNDS);
	tell_valgrind(&service, "dump", NULL);
	read_dump(&counted);
	report_share(variant("all outside the kernel"), n, counted.all);
	if (!service_has_nftables())
		report_share("libiptc, with what it calls", n, counted.libiptc);
	report_share(variant("netfilterd itself"), n, counted.program);
	report_share(variant("libsystemd, GLib, libc"), n, counted.all - counted.program - counted.libiptc);
}

void measure_instructions(void)
{
	static const guint counts[] = { 0, 1000, 10000 };
	g_autofree char *valgrind = g_find_program_in_path("valgrind"), *vgdb = g_find_program_in_path("vgdb");

	if (!valgrind || !vgdb) {
		progress("  skipped: valgrind is not installed (apt install valgrind)");
		return;
	}
	for (guint i = 0; i < (quick ? 2 : G_N_ELEMENTS(counts)); i++)
		measure_apart(measure_count, &counts[i]);
}
