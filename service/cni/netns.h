/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/cni/error.h"

/**
 * A NETLINK_ROUTE socket of the namespace that a path names, which names it to the service; close it. Negative:
 * CNI_ERROR_CONTAINER where there is no such path, CNI_ERROR_ENVIRONMENT where it is no network namespace.
 */
int netns_socket(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The MAC address of an interface in the namespace of a socket; false where there is no such interface. */
bool netns_get_mac(int socket, const char *ifname, guint8 ret[static 6]);

/** Deletes a veth in the namespace that a path names; that path, or interface, may be gone. */
bool netns_remove_veth(const char *path, const char *ifname, GError **error) G_GNUC_WARN_UNUSED_RESULT;
