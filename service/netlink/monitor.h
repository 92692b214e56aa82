/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"

/**
 * Tells what becomes of the interfaces (RTNLGRP_LINK). The caller watches
 * interface_monitor_fd() for input and calls interface_monitor_dispatch(), which never
 * blocks and survives an overrun (ENOBUFS) by looking every known interface up
 * again: what was undone meanwhile is not told then, all else is.
 */
typedef struct InterfaceMonitor InterfaceMonitor;

/**
 * An interface came, was renamed, was set up or down (also when it was set back before anybody looked), with the name
 * it has now; or it is gone: deleted or moved to another namespace, with the last name it had. Each is told of an
 * ifindex that this monitor knows: it is not told of those that are there already when it begins. Must not free the
 * monitor.
 */
typedef void (*interface_changed_func)(int ifindex, const char *name, bool gone, void *userdata);

/** Something else of one may have changed; of any of them, where ifindex is 0. Must not free the monitor. */
typedef void (*interface_touched_func)(int ifindex, void *userdata);

/** touched: NULL where nobody asks. FAILED when the interfaces cannot be watched. */
InterfaceMonitor *interface_monitor_new(interface_changed_func changed, interface_touched_func touched, void *userdata,
					GError **error);
void interface_monitor_free(InterfaceMonitor *monitor); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InterfaceMonitor, interface_monitor_free)

/** For polling; the monitor's. */
int interface_monitor_fd(const InterfaceMonitor *monitor);
void interface_monitor_dispatch(InterfaceMonitor *monitor);
