/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/host/effects.h"
#include "service/host/wanted.h"
#include "service/netlink/interface.h"

/** The bridge that a network of ours is given. */

/** In which a bridge can differ from the one that is wanted. */
enum bridge_fault {
	BRIDGE_MAC,   /* another than the network's */
	BRIDGE_ALIAS, /* by this and the next it is known as ours, and others leave it alone */
	BRIDGE_GROUP,
	BRIDGE_MTU,     /* below what IPv6 needs: the kernel took it away */
	BRIDGE_NO_IPV6, /* disable_ipv6, though the network has it; or not, though it is isolated */
	BRIDGE_ACCEPT_RA,
	BRIDGE_RP_FILTER,
	BRIDGE_LINK_LOCAL, /* the address is missing, as the next are */
	BRIDGE_IPV4,
	BRIDGE_IPV6,
	BRIDGE_LINK_LOCAL_ROUTE, /* one that the kernel made for the address is missing, as the next are */
	BRIDGE_IPV4_ROUTE,
	BRIDGE_IPV6_ROUTE,
	BRIDGE_DOWN,
	N_BRIDGE_FAULTS
};

typedef struct BridgeFaults {
	guint set; /* of 1 << enum bridge_fault */
	guint accept_ra, rp_filter;
	guint mtu, mtu_wanted, group;
	guint8 mac[6];
	char alias[INTERFACE_ALIAS_MAX + 1];
} BridgeFaults;

/**
 * Creates it with the network's MAC address and its gateways' addresses, as a bridge has to be that endpoints trust;
 * it is still down. It is an effect from when it is there, also when what comes after it fails: BRIDGE_IN_USE,
 * INVALID_ARGS, FAILED.
 */
bool own_bridge_create(Netlink *netlink, const Network *network, Effects *effects, int *ret_ifindex,
		       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Whether an interface is a bridge that has the MAC address of a network (Network.mac); or, where it has the ifindex
 * of the one that we made, that or our alias: an ifindex can have been given out again, a MAC address changed. */
bool own_bridge_matches(const InterfaceInfo *info, guint64 mac);
bool own_bridge_is_same(const InterfaceInfo *info, guint64 mac);

/** In what one that is there differs. What the host has no IPv6 for is no fault. FAILED when something cannot be read,
 * or be as it should: *ret has all else. */
bool own_bridge_compare(Netlink *netlink, const Network *network, const InterfaceInfo *info, BridgeFaults *ret,
			GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Puts that right; what fails is said in the log, and is no longer in faults. */
void own_bridge_mend(Netlink *netlink, const Network *network, int ifindex, BridgeFaults *faults);

/** Adds what there was to a list of repairs. */
void own_bridge_tell(const Network *network, const BridgeFaults *faults, GPtrArray *repairs);
