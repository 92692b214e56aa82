/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/netlink/netlink.h"
#include "service/model/address.h"

/**
 * The routes that the kernel makes for an address of an interface that is up: to its subnet and to itself, and with
 * IPv6 to multicast. Whoever takes them away leaves the address without a use, and nobody but he who gave the address
 * makes them again.
 */

/** The routes that lead by one interface alone, as address_route_is_missing() asks for them. The caller's. */
bool address_route_list(Netlink *netlink, int ifindex, GArray **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Whether the list is without one that an address has. One that somebody put in its place is as good. */
bool address_route_is_missing(const GArray *routes, const Prefix *address);

/** Makes those that are missing, in the kernel's form: they go with the address. FAILED. */
bool address_route_add(Netlink *netlink, int ifindex, const Prefix *address, GError **error) G_GNUC_WARN_UNUSED_RESULT;
