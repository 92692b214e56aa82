/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/netlink/netlink.h"
#include "service/model/address.h"

/** An address that an interface has, with its prefix length: the full one where that is a peer's. */
typedef struct IpAddress {
	int ifindex;
	Prefix prefix;
} IpAddress;

/**
 * Gives an interface an address with its prefix length, IPv6 without duplicate
 * address detection. One that is there already is no failure; there with another
 * prefix length, it is FAILED. INVALID_ARGS for an address that the kernel does not take.
 */
bool ip_address_add(Netlink *netlink, int ifindex, const Prefix *address, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * The addresses of an interface, or of all of them where ifindex is 0, both
 * families: IpAddress, in the kernel's order. The caller's. An interface that is
 * gone has none.
 */
bool ip_address_list(Netlink *netlink, int ifindex, GArray **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Whether the kernel has yet to take an IPv6 address of an interface that is up into use. It does so in a work queue,
 * which may have much to do for others: until then the address is there, but no route leads to it.
 */
bool ip_address_is_pending(Netlink *netlink, int ifindex, const Address *address, bool *ret,
			   GError **error) G_GNUC_WARN_UNUSED_RESULT;
