/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/network.h"
#include "service/netlink/netlink.h"

/**
 * The ports by which the service attached endpoints to a network's bridge: the veths' ends on the host. Ports that
 * somebody else put there are his.
 */

/**
 * Those that are no ports of that bridge (ifindex) any more, or down: their names (char *, the caller's), NULL for
 * none. FAILED.
 */
bool bridge_ports_find_lost(Netlink *netlink, const Network *network, int bridge, GPtrArray **ret,
			    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Puts all of a network in that are not there; what fails is said in the log. */
void bridge_ports_mend(Netlink *netlink, const Network *network, int bridge);
