/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"
#include "service/model/address.h"

/**
 * Tells of routes that appear and go, in any table. The caller watches route_monitor_fd() for input and calls
 * route_monitor_dispatch(), which never blocks, and returns after some hundred routes though more may wait.
 */
typedef struct RouteMonitor RouteMonitor;

typedef struct RouteMonitorCallbacks {
	/** Not told of default routes, nor of what was lost in an overrun. ifindex is 0 for one that has none, or
	 * several. Must not free the monitor. */
	void (*appeared)(const Prefix *destination, int ifindex, void *userdata);
	/** One by an interface is gone; or where that is 0, one was put in the place of one by whatever interface, or
	 * messages were lost: then destination is NULL. Must not free the monitor. */
	void (*gone)(const Prefix *destination, int ifindex, void *userdata);
} RouteMonitorCallbacks;

/** The callbacks are copied. FAILED when the routes cannot be watched. */
RouteMonitor *route_monitor_new(const RouteMonitorCallbacks *callbacks, void *userdata, GError **error);
void route_monitor_free(RouteMonitor *monitor); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RouteMonitor, route_monitor_free)

/** For polling; the monitor's. */
int route_monitor_fd(const RouteMonitor *monitor);
void route_monitor_dispatch(RouteMonitor *monitor);
