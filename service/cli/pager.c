/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cli/pager.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COLUMNS = 80 };

void output_look(Cli *cli)
{
	const char *terminal = g_getenv("TERM"), *none = g_getenv("NO_COLOR");
	struct winsize size;

	cli->terminal = isatty(STDOUT_FILENO);
	cli->colours = cli->terminal && terminal && strcmp(terminal, "dumb") != 0 && (!none || !*none);
	cli->columns = cli->terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
													: COLUMNS;
}

/* What systemd's tools take. NULL: none. */
static const char *choose(void)
{
	const char *pager = g_getenv("SYSTEMD_PAGER") ?: g_getenv("PAGER");

	if (!pager)
		return "less";
	return *pager && strcmp(pager, "cat") != 0 ? pager : NULL;
}

void pager_start(Cli *cli)
{
	const char *pager = choose();
	g_auto(GStrv) argv = NULL, environment = NULL;
	int input;

	if (!cli->terminal || !cli->options.pager || cli->options.json != JSON_OFF || !pager ||
	    !g_shell_parse_argv(pager, NULL, &argv, NULL))
		return;
	/* It ends by itself after less than a screen, shows colours, and starts no other program. */
	environment = g_environ_setenv(g_get_environ(), "LESS", g_getenv("SYSTEMD_LESS") ?: "FRSXMK", TRUE);
	environment = g_environ_setenv(environment, "LESSSECURE", "1", TRUE);
	fflush(stdout);
	if (!g_spawn_async_with_pipes(NULL, argv, environment, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL,
				      NULL, &cli->pager, &input, NULL, NULL, NULL)) {
		cli->pager = 0;
		return;
	}
	dup2(input, STDOUT_FILENO);
	close(input);
}

void pager_finish(Cli *cli)
{
	fflush(stdout);
	if (!cli->pager)
		return;
	signal(SIGINT, SIG_IGN); /* is the pager's */
	fclose(stdout);
	waitpid(cli->pager, NULL, 0);
	cli->pager = 0;
}
