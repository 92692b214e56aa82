/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"
#include <stdbool.h>

/**
 * A switch of the host that has no netlink form, under /proc/sys:
 * "net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding", "net/bridge/bridge-nf-call-iptables".
 * Failures are FAILED and name the file; a missing bridge-nf switch names br_netfilter.
 */
bool sysctl_get(const char *name, bool *ret, GError **error);
bool sysctl_set(const char *name, bool on, GError **error);
