/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cli/program.h"

#include "dbus/version.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

const char *program_path(void)
{
	return g_getenv("NETFILTERD") ?: NETFILTERD_PATH;
}

int program_become(const char *option, char *const *arguments, guint n)
{
	g_autofree const char **argv = g_new0(const char *, n + 3);

	argv[0] = "netfilterd";
	argv[1] = option;
	for (guint i = 0; i < n; i++)
		argv[i + 2] = arguments[i];
	fflush(stdout);
	execv(program_path(), (char *const *)argv);
	fprintf(stderr, "cannot run %s: %s\n", program_path(), g_strerror(errno));
	return EXIT_FAILED;
}
