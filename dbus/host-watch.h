/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/bus.h"

/**
 * What the kernel tells of the host: interfaces that come and go, and what somebody else changed about those that serve
 * objects, which is put right by way of the queue; and the rules, where it does not tell of them.
 */
typedef struct HostWatch HostWatch;

/** The context is borrowed. */
HostWatch *host_watch_new(const Bus *bus);
void host_watch_free(HostWatch *watch); /* NULL is fine */

/** Listens to the kernel. Negative errno. */
int host_watch_start(HostWatch *watch);

/** Changes were made, or failed: whether it is to be looked at what the kernel does not tell of, may be otherwise. */
void host_watch_settled(HostWatch *watch);
