/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/bus.h"

/**
 * What the kernel tells of the host: interfaces that come and go, and what somebody else changed about those that serve
 * objects, which is put right by way of the queue.
 */
typedef struct HostWatch HostWatch;

/** The context is borrowed. */
HostWatch *host_watch_new(const Bus *bus);
void host_watch_free(HostWatch *watch); /* NULL is fine */

/** Looks for what somebody changed that the kernel tells nobody of. */
void host_watch_check(HostWatch *watch);

/** Changes are done, and what they left to be done later is looked at then. */
void host_watch_on_committed(HostWatch *watch);

/** A route is gone or replaced, as RouteMonitorCallbacks.gone has it. */
void host_watch_route_gone(HostWatch *watch, const Prefix *destination, int ifindex);

/** Listens to the kernel. Negative errno. */
int host_watch_start(HostWatch *watch);
