/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"
#include "service/model/address.h"

/**
 * Tells of routes that appear, in any table, but for default routes. The caller watches route_monitor_fd() for input
 * and calls route_monitor_dispatch(), which never blocks, and returns after some hundred routes though more may wait.
 * What is lost in an overrun is not told.
 */
typedef struct RouteMonitor RouteMonitor;

/** ifindex is 0 for a route that has none, or several. Must not free the monitor. */
typedef void (*route_appeared_func)(const Prefix *destination, int ifindex, void *userdata);

/** FAILED when the routes cannot be watched. */
RouteMonitor *route_monitor_new(route_appeared_func appeared, void *userdata, GError **error);
void route_monitor_free(RouteMonitor *monitor); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RouteMonitor, route_monitor_free)

/** For polling; the monitor's. */
int route_monitor_fd(const RouteMonitor *monitor);
void route_monitor_dispatch(RouteMonitor *monitor);
