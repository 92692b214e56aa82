/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"

/**
 * A conversation with the kernel's rtnetlink (libnl-route-3), in the network
 * namespace that the process is in when it is opened. Calls are synchronous; the
 * kernel answers at once.
 *
 * Interfaces are named by their ifindex: a name can be another's a moment later.
 * What these functions fail with is FAILED, or what is named beside it, with the
 * interface and the kernel's reason.
 */
typedef struct Netlink Netlink;

/** The group (ip-link(8)) that the interfaces are in which are made here, from when they are there: a rule of udev
 * tells others by it whose they are. */
#define NETLINK_OWN_GROUP 28262

Netlink *netlink_new(GError **error);
void netlink_free(Netlink *netlink); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Netlink, netlink_free)
