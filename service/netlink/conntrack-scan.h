/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/netlink/request.h"
#include "service/model/address.h"

/* Walks through the kernel's table of connections, and what it is asked to show on the way (CTA_FILTER). */

/** A host port whose flows are looked for. */
struct udp_port {
	Address address; /* all zero bytes: any of the host's own */
	guint16 port;
};

/** What is forwarded to the same port of an address. */
struct forward {
	Address to;
	guint8 protocol;
	guint16 port;
};

/*
 * The kernel's CTA_FILTER_F_…, which no header of its says. Every kernel that has
 * them compares IPv6 addresses the wrong way round, and shows all but those.
 */
enum { FILTER_IPV4_SRC = 1 << 0, FILTER_IPV4_DST = 1 << 1, FILTER_PROTO_NUM = 1 << 3, FILTER_DST_PORT = 1 << 5 };

/** A walk. With no FILTER_… at all it shows every entry of the family. */
struct conntrack_scan {
	enum family family;
	guint32 original, reply;     /* what is to match in either direction: FILTER_… */
	Address source, destination; /* source of either direction */
	guint16 port;                /* of UDP */
};

/**
 * The walks (struct conntrack_scan, the caller's) that show, among others, every
 * entry of a family that one of the addresses began or answers, or one of answering answers, or whose original
 * destination is one of the ports, or with whole every one there is; entries: how many there are in both families.
 */
GArray *conntrack_plan(GHashTable *addresses, GHashTable *answering, GHashTable *udp_ports, enum family family,
		       bool whole, guint32 entries);

/** A ctnetlink message with its header alone, and the one that asks for a walk. */
NlMsg *conntrack_request(int type, int flags, sa_family_t family);
NlMsg *conntrack_scan_request(const struct conntrack_scan *scan);
