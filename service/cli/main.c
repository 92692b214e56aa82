/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cli/client.h"
#include "service/cli/options.h"
#include "service/cli/pager.h"
#include "service/cli/verbs.h"

#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>

int usage_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return EXIT_USAGE;
}

int report_error(GError *error)
{
	int code = g_error_matches(error, NETFILTER_ERROR, NETFILTER_ERROR_INVALID_ARGS) ? EXIT_USAGE : EXIT_FAILED;

	fprintf(stderr, "%s\n", error->message);
	g_error_free(error);
	return code;
}

int main(int argc, char **argv)
{
	Cli cli = {};
	char **arguments;
	int code;
	guint n;

	setlocale(LC_ALL, "");
	output_look(&cli);
	if (options_read(argc, argv, &cli.options, &arguments, &n, &code))
		code = verbs_run(&cli, arguments, n);
	client_close(&cli);
	pager_finish(&cli);
	options_clear(&cli.options);
	if (fflush(stdout) != 0 && errno != EBADF && code == EXIT_DONE)
		code = EXIT_FAILED;
	return code;
}
