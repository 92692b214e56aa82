/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"
#include "service/model/network.h"
#include "service/netlink/netlink.h"

/**
 * Whether a bridge that is not ours has what a network on it needs: the gateways' addresses, by which it finds the
 * subnets, or none where the network is isolated. INVALID_ARGS names the bridge, what it has and what is needed;
 * FAILED.
 */
bool adopted_bridge_check(Netlink *netlink, const Network *network, int ifindex,
			  GError **error) G_GNUC_WARN_UNUSED_RESULT;
