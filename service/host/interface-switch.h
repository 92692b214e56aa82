/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"
#include "service/model/facts.h"
#include "service/netlink/netlink.h"

/** The switches of one interface, by its ifindex, whoever keeps them: IPv4, IPv6 or the bridge. */

/** For sentences; static. */
const char *interface_switch_name(enum interface_switch which);

/** FAILED where there is no such interface, or it has no such switch. */
bool interface_switch_set(Netlink *netlink, int ifindex, enum interface_switch which, bool on,
			  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * The same where nobody can be told: what fails is said in the log, and one that is gone took its switches along.
 * Returns whether the switch stood otherwise, and was set.
 */
bool interface_switch_put_back(Netlink *netlink, int ifindex, enum interface_switch which, bool on);

/** Those that are off, of a set of 1 << enum interface_switch, and those that cannot be read: FAILED, for the first. */
bool interface_switches_find_off(Netlink *netlink, int ifindex, guint8 set, guint8 *ret_off, guint8 *ret_unread,
				 GError **error) G_GNUC_WARN_UNUSED_RESULT;
