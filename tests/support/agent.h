/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdio.h>

/* tests/polkit-agent, at work for one process. */
typedef struct Agent {
	GPid pid;
	FILE *output;
} Agent;

/** Registers it. mind is "allow", "deny" or "wait". */
void agent_start(Agent *agent, pid_t process, const char *mind);

/** What it says next; "" when it has nothing to say. Free it. */
char *agent_line(Agent *agent);

/** Ends it. The first of what it said and nobody has read, or "". Free it. */
char *agent_end(Agent *agent);
