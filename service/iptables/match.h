/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/iptables/view.h"
#include "service/rules/trace.h"

enum match {
	MATCH_NOT,
	MATCH_IS,
	MATCH_UNREAD, /* it says something that is not read here, or that is not known of the packet */
};

/** Whether the first packet of a connection is one that somebody's rule is about, struct ipt_entry or struct ip6t_entry
 * of the packet's family: by addresses, interfaces, protocol, ports, the state and the addresses that conntrack knows,
 * and whether addresses are this host's. */
enum match match_entry(const void *entry, const TracePacket *packet);
