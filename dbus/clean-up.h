/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/bus.h"

/**
 * Deletes what has outlived what it lived by: a connection, a descriptor, a deadline. Nobody waits for an answer who
 * could ask again, so what cannot be deleted is tried again by itself: after a second, and then after twice as long
 * each time, up to a minute. The log says so once.
 */
typedef struct CleanUp CleanUp;

/** The context is borrowed. */
CleanUp *clean_up_new(const Bus *bus);
void clean_up_free(CleanUp *clean_up); /* NULL is fine */

/** Negative errno. To be called before the others. */
int clean_up_start(CleanUp *clean_up);

/** The connection is gone, and with it all it owned. */
void clean_up_owner(CleanUp *clean_up, const char *unique_name);

/** Some lifetime may have ended. */
void clean_up_expired(CleanUp *clean_up);

/** Changes were made, or failed: what waits until changes are possible at all is tried again once they are. */
void clean_up_on_committed(CleanUp *clean_up);
