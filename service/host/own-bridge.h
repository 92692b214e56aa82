/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/host/effects.h"
#include "service/model/network.h"
#include "service/netlink/link.h"

/** The bridge that a network of ours is given. */

/**
 * Creates it with the network's MAC address and its gateways' addresses, as a bridge has to be that endpoints trust;
 * it is still down. It is an effect from when it is there, also when what comes after it fails: BRIDGE_IN_USE,
 * INVALID_ARGS, FAILED.
 */
bool own_bridge_create(Netlink *netlink, const Network *network, Effects *effects, int *ret_ifindex, GError **error);

/** Whether an interface is a bridge that has the MAC address of a network (Network.mac). */
bool own_bridge_matches(const LinkInfo *info, guint64 mac);
