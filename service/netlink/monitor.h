/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"

/**
 * Tells what becomes of the interfaces (RTNLGRP_LINK). The caller watches
 * link_monitor_fd() for input and calls link_monitor_dispatch(), which never
 * blocks and survives an overrun (ENOBUFS) by looking every known interface up
 * again: what was undone meanwhile is not told then, all else is.
 */
typedef struct LinkMonitor LinkMonitor;

typedef struct LinkMonitorCallbacks {
	/**
	 * An interface came, was renamed, was set up or down (also when it was
	 * set back before anybody looked), with the name it has now; or it is
	 * gone: deleted or moved to another namespace, with the last name it
	 * had. Each is told of an ifindex that this monitor knows: it is not
	 * told of those that are there already when it begins. Must not free
	 * the monitor.
	 */
	void (*changed)(int ifindex, const char *name, bool gone, void *userdata);
} LinkMonitorCallbacks;

/** The callbacks are copied. FAILED when the interfaces cannot be watched. */
LinkMonitor *link_monitor_new_full(const LinkMonitorCallbacks *callbacks, void *userdata, GError **error);
void link_monitor_free(LinkMonitor *monitor); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LinkMonitor, link_monitor_free)

/** For polling; the monitor's. */
int link_monitor_fd(const LinkMonitor *monitor);
void link_monitor_dispatch(LinkMonitor *monitor);

/* By name. */

/**
 * Told of every interface that is deleted, moved to another namespace or renamed
 * away, by its (old) name; another interface may have taken that name meanwhile.
 * Who deletes one and creates one of the same name dispatches in between, or
 * takes the end of the first for that of the second. Must not free the monitor.
 */
typedef void (*link_vanished_func)(const char *name, void *userdata);
LinkMonitor *link_monitor_new(link_vanished_func vanished, void *userdata, GError **error);
