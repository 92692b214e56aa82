/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/netlink/netlink.h"
#include "service/model/address.h"
#include <net/if.h>

/**
 * The interface that a packet of the host to this address leaves by.
 * INVALID_ARGS when there is no unicast route, or it is loopback: nothing is then written to ret.
 */
bool route_lookup(Netlink *netlink, const Address *address, int *ret_ifindex, char ret_name[static IFNAMSIZ],
		  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** What the kernel says of one packet's route. */
typedef struct RouteAnswer {
	guint8 type; /* RTN_LOCAL, RTN_UNICAST, … */
	int ifindex; /* by which it leaves */
	Address own; /* what the host calls itself on that way; AF_UNSPEC: nothing */
} RouteAnswer;

/**
 * The route of a packet from an address (AF_UNSPEC: whatever) that comes by an interface, or, 0, that the host itself
 * sends. Returns 0 or a negative errno, which is the kernel's verdict: -EXDEV by rp_filter, -EINVAL for a martian,
 * -EHOSTUNREACH or -ENETUNREACH where there is no route or nothing is forwarded.
 */
int route_ask(Netlink *netlink, const Address *from, const Address *to, int ifindex,
	      RouteAnswer *ret) G_GNUC_WARN_UNUSED_RESULT;

/** Whether the host takes an address for the broadcast address of a subnet it is in. */
bool route_is_broadcast(Netlink *netlink, const Address *address);

/** What of the host lies over a prefix. */
typedef struct Overlap {
	Prefix prefix; /* the address with its length, or the destination of the route */
	int ifindex;   /* 0: the route has none, or several */
	guint table;   /* the routing table it is in; 0 for an address */
} Overlap;

/**
 * Looks for an address or a route of the host that overlaps a prefix, in all
 * routing tables; an address rather than a route. Of every type (also local, blackhole,
 * unreachable), but for "throw", which says nothing of where packets go. Default
 * routes do not count, nor do the two halves (/1) that some VPNs write in their place;
 * nor does what is on the interfaces in except alone (n_except of them; NULL for none).
 * *ret is set only when *ret_found is.
 */
bool route_find_overlap(Netlink *netlink, const Prefix *prefix, const int *except, guint n_except, Overlap *ret,
			bool *ret_found, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * What the host takes for its own (addrtype LOCAL): the local routes of all
 * tables, both families, as Prefix. The caller's.
 */
bool route_list_local(Netlink *netlink, GArray **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Whether any route but those of every interface (link-local, multicast) leads by an interface. */
bool route_find_by_interface(Netlink *netlink, int ifindex, bool *ret_found, GError **error) G_GNUC_WARN_UNUSED_RESULT;
