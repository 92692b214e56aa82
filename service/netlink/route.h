/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/netlink/netlink.h"
#include "service/model/address.h"
#include <net/if.h>

/** The interface a packet to this address leaves by. FAILED when there is no unicast route, or it is loopback. */
bool route_lookup(Netlink *netlink, const Address *address, char ret[static IFNAMSIZ], GError **error);
