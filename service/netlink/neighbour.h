/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/netlink/netlink.h"
#include "service/model/address.h"

/**
 * Forgets the MAC address that an interface has for this address, also one that
 * was set for good: the next packet asks for it. That there is none, or that the
 * interface is gone, is no failure.
 */
bool neighbour_flush(Netlink *netlink, int ifindex, const Address *address, GError **error);
