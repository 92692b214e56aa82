/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/agent.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { PATIENCE_MS = 20000 };

void agent_start(Agent *agent, pid_t process, const char *mind)
{
	g_autofree char *number = g_strdup_printf("%d", (int)process);
	char *argv[] = { (char *)g_getenv("POLKIT_AGENT"), number, (char *)mind, NULL };
	g_autoptr(GError) error = NULL;
	g_autofree char *line = NULL;
	int output;

	if (!g_spawn_async_with_pipes(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &agent->pid, NULL,
				      &output, NULL, &error))
		g_error("%s", error->message);
	agent->output = fdopen(output, "r");
	setvbuf(agent->output, NULL, _IONBF, 0); /* it is polled */
	line = agent_line(agent);
	if (strcmp(line, "ready") != 0)
		g_error("The agent is not registered");
}

char *agent_line(Agent *agent)
{
	struct pollfd output = { fileno(agent->output), POLLIN };
	char *line = NULL;
	gsize size = 0;

	if (poll(&output, 1, PATIENCE_MS) <= 0 || getline(&line, &size, agent->output) < 0) {
		free(line);
		return g_strdup("");
	}
	g_test_message("agent: %s", g_strchomp(line));
	return line;
}

char *agent_end(Agent *agent)
{
	char *line;

	kill(agent->pid, SIGTERM);
	line = agent_line(agent);
	fclose(agent->output);
	waitpid(agent->pid, NULL, 0);
	return line;
}
