/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/netlink/netlink.h"
#include "service/model/address.h"

/** An address behind an interface. */
typedef struct Neighbour {
	int ifindex;
	Address address;
} Neighbour;

/**
 * Flushes which MAC addresses these (GArray of Neighbour) have, so that they are asked for again. What somebody wrote
 * for good (permanent, noarp) stays. Those that are not known, or whose interface is gone, are no failure; FAILED: the
 * others are flushed.
 */
bool neighbours_flush(Netlink *netlink, const GArray *neighbours, GError **error) G_GNUC_WARN_UNUSED_RESULT;
