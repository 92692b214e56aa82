/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"
#include "service/model/address.h"

/**
 * Tells that the addresses of interfaces, or their settings (net.ipv4.conf.NAME.*, net.ipv6.conf.NAME.*, as far as the
 * kernel says), may have changed, and those of the host. The caller watches setting_monitor_fd() for input and calls
 * setting_monitor_dispatch(), which never blocks, and returns after some hundred messages though more may wait.
 */
typedef struct SettingMonitor SettingMonitor;

typedef struct SettingMonitorCallbacks {
	/** Of one interface; of any of them, where ifindex is 0: messages were lost. Must not free the monitor. */
	void (*interface)(int ifindex, void *userdata);
	/** What is set for the whole host: forwarding. */
	void (*host)(void *userdata);
	/** An interface has lost an address; not told of those in messages that were lost. */
	void (*address_gone)(const Address *address, void *userdata);
} SettingMonitorCallbacks;

/** The callbacks are copied. FAILED when the settings cannot be watched. */
SettingMonitor *setting_monitor_new(const SettingMonitorCallbacks *callbacks, void *userdata, GError **error);
void setting_monitor_free(SettingMonitor *monitor); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SettingMonitor, setting_monitor_free)

/** For polling; the monitor's. */
int setting_monitor_fd(const SettingMonitor *monitor);
void setting_monitor_dispatch(SettingMonitor *monitor);
