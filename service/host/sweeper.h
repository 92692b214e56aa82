/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <systemd/sd-event.h>

/**
 * Deletes what waits to be deleted, one thing at a time: whenever the event loop has nothing else to do, and every
 * 200 ms even while it has.
 */
typedef struct Sweeper Sweeper;

/** Deletes one. Whether more wait. */
typedef bool (*SweeperDelete)(void *userdata);

/** Refers to event; userdata is borrowed. NULL when out of memory. */
Sweeper *sweeper_new(sd_event *event, SweeperDelete delete_one, void *userdata);
void sweeper_free(Sweeper *sweeper); /* NULL is fine; what waits is left alone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sweeper, sweeper_free)

/** Something waits now. May be called again while it does. */
void sweeper_wake(Sweeper *sweeper);
