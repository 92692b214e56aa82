/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/bus.h"

/** What changes something without a call: connections that leave, lifetimes that end, firewalld, interfaces. */
typedef struct Watch Watch;

/** The context is borrowed. drops_changed is called when other chains than before stop what is forwarded. */
Watch *watch_new(const Bus *bus, void (*drops_changed)(void *userdata), void *userdata);
void watch_free(Watch *watch); /* NULL is fine */

/** Listens to the bus and to the kernel. Negative errno. */
int watch_start(Watch *watch);

/**
 * Deletes what outlived its owner while no instance ran: with the next commit, or as soon as changes are possible. To
 * be called before anything is read from the bus. Negative errno.
 */
int watch_end_orphans(Watch *watch);

/** Changes were made, or failed. */
void watch_on_committed(Watch *watch);

/** Some lifetime has ended: its object goes with the next commit. */
void watch_lifetimes_ended(Watch *watch);

/** Rules of ours had been changed by others, and were put right: "filter FORWARD", char *; NULL: none. */
void watch_drifted(Watch *watch, const GPtrArray *drifted);
