/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/address.h"
#include "service/netlink/request.h"
#include <linux/ipv6.h>

/* What the kernel says and is told of an interface, as far as libnl-route-3 has no words for it. */

/** A notification of RTNLGRP_LINK. */
struct interface_notice {
	int ifindex;
	const char *name; /* the message's */
	bool up, gone;
	bool of_bridge; /* a bridge says it of its ports: RTM_DELLINK is one that leaves it */
};

/** False for what is none. */
bool interface_notice_read(struct nl_msg *message, struct interface_notice *ret);

/** Of a bridge, its nf_call_iptables and nf_call_ip6tables. False for what is no bridge. */
bool bridge_message_read(struct nl_msg *message, guint8 ret_nf_call[static N_FAMILIES]);

/** Of a port of a bridge, whether it is in hairpin mode. False for what is no port. */
bool bridge_port_message_read(struct nl_msg *message, bool *ret_hairpin);

/** The IPv6 settings of an interface by DEVCONF_…. False: it has no IPv6. */
bool inet6_message_read(struct nl_msg *message, int *ret_ifindex, gint32 ret[static DEVCONF_MAX]);

/**
 * A change of an interface: it gives itself no link-local address, nor asks for routers with it. The kernel answers
 * -EAFNOSUPPORT where it has no IPv6. For netlink_request().
 */
struct nl_msg *no_link_local_message(int ifindex);
