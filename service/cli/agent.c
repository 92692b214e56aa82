/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cli/agent.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READY_MS = 10000 };

void agent_start(Cli *cli)
{
	/* Not as a fallback: polkit looks for such agents in sessions alone. */
	const char *const argv[] = { "pkttyagent", "--notify-fd", "3", NULL };
	int ready[2], target = 3;

	if (cli->agent || cli->options.host || cli->options.machine || !isatty(STDIN_FILENO))
		return;
	if (pipe2(ready, O_CLOEXEC) < 0)
		return;
	if (g_spawn_async_with_pipes_and_fds(NULL, argv, NULL,
					     G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD |
						     G_SPAWN_CHILD_INHERITS_STDIN | G_SPAWN_STDOUT_TO_DEV_NULL,
					     NULL, NULL, -1, -1, -1, &ready[1], &target, 1, &cli->agent, NULL, NULL,
					     NULL, NULL)) {
		close(ready[1]);
		poll(&(struct pollfd){ .fd = ready[0] }, 1, READY_MS); /* it hangs up */
	} else {
		cli->agent = 0;
		close(ready[1]);
	}
	close(ready[0]);
}

void agent_stop(Cli *cli)
{
	if (!cli->agent)
		return;
	kill(cli->agent, SIGTERM);
	kill(cli->agent, SIGCONT);
	waitpid(cli->agent, NULL, 0);
	cli->agent = 0;
}
