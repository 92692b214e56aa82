/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <systemd/sd-bus.h>

/* Processes of other users that call the service, each over a connection of its own. */

/** One call of a method of tests/support/policy-service.h. */
typedef struct Ask {
	const char *interface, *member; /* interface below org.example.NetFilter */
	guint actions;                  /* besides the method's own */
	const char *details[12];        /* NULL-terminated */
	bool interactive;
} Ask;

/** What a caller does: n calls, of asks[0] and asks[1] in turn; of asks[0] alone where the other is empty. */
typedef struct Errand {
	Ask asks[2];
	guint n;
	bool pipelined; /* all sent before the first reply is read */
} Errand;

typedef struct Caller {
	pid_t pid;
	int control;
	FILE *report;
} Caller;

/** The caller exists, and does nothing yet: an agent can be registered for it. */
void caller_start(Caller *caller, uid_t uid, const Errand *errand);

/** It sets out. */
void caller_go(Caller *caller);

/**
 * Its report, when it is back; free it. For a single call "yes UID" or
 * "ErrorName: sentence"; otherwise "yes=N denied=N interactive=N quota=N other=N"
 * for each of the two, and "in order" or "out of order", as the replies came.
 */
char *caller_finish(Caller *caller);

/** It dies, whatever it is at. */
void caller_kill(Caller *caller);

/** Start, go, finish. */
char *caller_run(uid_t uid, const Errand *errand);
