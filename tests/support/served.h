/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <poll.h>
#include <stdbool.h>

/*
 * Sockets of this process that are answered while it waits for what it asked
 * itself: the listeners of probes.
 */

/** What a socket has to say, or an error of it; false: it is over, and closed. */
typedef bool (*serve_func)(int fd, void *userdata);

/** The socket is served from now on, and ours; userdata is freed with it, by NULL not at all. */
void served_add(int fd, serve_func serve, void *userdata, GDestroyNotify free_userdata);

/** Serves whoever speaks up until one of the flows has something to say; false: in time none has. */
bool served_until(struct pollfd *flows, guint n_flows, gint64 deadline);

/** Closes all of them. */
void served_close(void);
