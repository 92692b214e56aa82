/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/*
 * What an engine brings: a process in a network namespace of its own, and a NETLINK_ROUTE socket that was opened there.
 * What fails here ends the test program.
 */

typedef struct Container {
	pid_t pid;
	int socket; /* -1: closed */
} Container;

/** A NETLINK_ROUTE socket of a namespace that the process may enter. */
int container_socket(int netns);

/** The process is root, or of another user: then in a user namespace of its own too, as an unprivileged one makes it.
 */
void container_start(Container *container, uid_t uid);

/** Its namespace, to look into; who holds it keeps it from going. Close it. */
int container_netns(const Container *container);

void container_close_socket(Container *container);

/** Kills the process, which is the last in its namespace. */
void container_kill(Container *container);
