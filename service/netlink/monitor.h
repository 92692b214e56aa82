/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"

/**
 * Told of every interface that is deleted, moved to another namespace or renamed
 * away, by its (old) name; another interface may have taken that name meanwhile.
 * Who deletes one and creates one of the same name dispatches in between, or
 * takes the end of the first for that of the second. Must not free the monitor.
 */
typedef void (*link_vanished_func)(const char *name, void *userdata);

/**
 * Subscribes to link notifications (RTNLGRP_LINK). The caller watches
 * link_monitor_fd() for input and calls link_monitor_dispatch(), which never
 * blocks and survives an overrun (ENOBUFS) by looking every known name up again.
 */
typedef struct LinkMonitor LinkMonitor;
LinkMonitor *link_monitor_new(link_vanished_func vanished, void *userdata, GError **error);
void link_monitor_free(LinkMonitor *monitor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LinkMonitor, link_monitor_free)
int link_monitor_fd(const LinkMonitor *monitor);
void link_monitor_dispatch(LinkMonitor *monitor);
