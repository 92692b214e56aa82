/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/netlink/netlink.h"

/** One end of a veth that is to come. */
typedef struct VethEnd {
	const char *name;
	guint8 mac[6];
} VethEnd;

/** The two ends: one is a port of a bridge here, the other in a namespace. */
typedef struct VethWanted {
	VethEnd here, there;
	int bridge;    /* ifindex */
	int namespace; /* a descriptor of it */
	guint mtu;     /* bytes; of both */
} VethWanted;

/**
 * Makes it, both ends down; *ret_ifindex is this end's, *ret_peer the other's in its namespace. INVALID_ARGS when one
 * of the names is taken where it is meant, or the MTU cannot be had; FAILED.
 */
bool veth_add(Netlink *netlink, const VethWanted *wanted, int *ret_ifindex, int *ret_peer,
	      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Makes this end a port of the bridge in our group, and sets it up: when the other is, since the kernel looks at all
 * ports of the bridge each time that one gains or loses its carrier. It is in hairpin mode, that an endpoint reaches
 * its own published port where rules see what crosses the bridge. FAILED.
 */
bool veth_join(Netlink *netlink, int ifindex, int bridge, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Deletes the interfaces (GArray of int: ifindex) and with them their other ends; those that are gone are no failure.
 * Of several the kernel waits once for all who may still use them.
 */
bool veths_remove(Netlink *netlink, const GArray *ifindexes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
