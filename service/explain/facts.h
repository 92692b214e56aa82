/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/firewall.h"
#include "service/netlink/netlink.h"

/** What of the host decides about a packet beside the rules: questions, so that whoever asks need not be on one. */
typedef struct Facts Facts;

enum way {
	WAY_HOST,     /* to an address of the host */
	WAY_OUT,      /* by an interface */
	WAY_NONE,     /* there is no route */
	WAY_CLOSED,   /* the interface it came by is not forwarded */
	WAY_FILTERED, /* rp_filter: its source is not there where it came from */
	WAY_MARTIAN,  /* the kernel lets such addresses not go that way */
};

typedef struct Way {
	enum way kind;
	char interface[IFNAMSIZ]; /* of WAY_OUT */
	Address own;              /* the host's own address on that way; AF_UNSPEC: none */
} Way;

struct Facts {
	/** Where a packet goes that comes by an interface, or, "", that the host sends, maybe from whatever address
	 * (AF_UNSPEC). */
	Way (*route)(const Facts *facts, const Address *from, const Address *to, const char *interface);
	/** Whether rules see what passes on a bridge. */
	bool (*sees_bridged)(const Facts *facts, enum family family, const char *bridge);
	/** Whether a program of the host has a port there. */
	bool (*listens)(const Facts *facts, guint8 protocol, const Address *address, guint16 port);
	/** Whether what no rule speaks of is dropped when it is forwarded. */
	bool (*policy_drops)(const Facts *facts, enum family family);
	/** A chain of others that drops what is forwarded, for people, or NULL. The caller's. */
	char *(*foreign_drop)(const Facts *facts, enum family family);
};

/** Those of this host. Where it does not say, nothing is in the way. */
typedef struct HostFacts {
	Facts facts;
	Netlink *netlink;
	Firewall *firewall;
} HostFacts;

/** Both are borrowed. */
HostFacts host_facts(Netlink *netlink, Firewall *firewall);
