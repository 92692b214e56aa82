/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/bus.h"

/**
 * Looks for chains of others that stop what is forwarded, a moment after the kernel told that any of nftables' has
 * changed: while there are objects, at most once a second, and less often while they come and go all the time.
 */
typedef struct DropWatch DropWatch;

/** The context is borrowed. changed is called when there are others than before. */
DropWatch *drop_watch_new(const Bus *bus, void (*changed)(void *userdata), void *userdata);
void drop_watch_free(DropWatch *watch); /* NULL is fine */

/** Negative errno. */
int drop_watch_start(DropWatch *watch);

/** Changes were made, or failed: whether there are objects may be otherwise. */
void drop_watch_on_committed(DropWatch *watch);
