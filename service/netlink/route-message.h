/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/address.h"
#include "service/netlink/request.h"

/* What the kernel says of one route, shared by those who ask and those who are told. */
struct route {
	guint8 type; /* RTN_UNICAST, RTN_LOCAL, ... */
	Prefix destination;
	int ifindex;
	guint table;
	Address own;     /* RTA_PREFSRC; AF_UNSPEC: none */
	guint8 protocol; /* who made it: RTPROT_KERNEL, RTPROT_RA, ... */
	bool has_gateway;
	const struct nlattr *multipath; /* struct rtnexthop of each way, or NULL */
};

/** Reads RTM_NEWROUTE or RTM_DELROUTE; multipath is the message's. False for what is no route of IPv4 or IPv6: a kernel
 * without a family answers with all it has. */
bool route_read(struct nl_msg *message, struct route *ret);

/** Whether all the ways that it leads are such. */
bool route_leads_by(const struct route *route, bool (*is_way)(int ifindex, const void *userdata), const void *userdata);
