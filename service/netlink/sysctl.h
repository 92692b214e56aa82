/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"
#include <stdbool.h>

/**
 * A switch of the host that has no netlink form, under /proc/sys:
 * "net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding", "net/bridge/bridge-nf-call-iptables".
 * Failures are FAILED and name the file; a missing bridge-nf switch names br_netfilter,
 * a missing one of IPv6 that the host has none.
 *
 * Writing net/ipv4/ip_forward, to whatever value it did not have, sets the
 * forwarding of every interface to it, and that of those to come
 * (net/ipv4/conf/default/forwarding); net/ipv6/conf/all/forwarding does the same
 * for IPv6. interfaces_save_forwarding() and interfaces_restore_forwarding() put that of
 * the interfaces right again.
 */
bool sysctl_get(const char *name, bool *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool sysctl_set(const char *name, bool on, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** What a file holds, without the newline at its end; at most 4095 bytes. The caller's. */
bool sysctl_read(const char *name, char **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
