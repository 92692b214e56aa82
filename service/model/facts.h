/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/address.h"

/**
 * What was done to the host and cannot be told from it: plain data that the journal keeps for the next instance.
 */

/** Switches of one interface. */
enum interface_switch {
	SWITCH_LOCALNET, /* net.ipv4.conf.NAME.route_localnet */
	SWITCH_FORWARDING_IPV4,
	SWITCH_FORWARDING_IPV6,
	SWITCH_NF_CALL_IPV4, /* a bridge's nf_call_iptables */
	SWITCH_NF_CALL_IPV6,
	N_INTERFACE_SWITCHES
};

/** An interface that serves objects, or did. */
typedef struct InterfaceFacts {
	char name[IFNAMSIZ];
	int ifindex;     /* 0: there is none */
	guint64 mac;     /* of a bridge of ours, which an ifindex that was given out again does not have; 0: any */
	bool created;    /* a bridge of ours, to be deleted when no network has it */
	guint8 switched; /* set of 1 << enum interface_switch: on, and was off before */
} InterfaceFacts;

/** What one interface had. */
typedef struct InterfaceValue {
	int ifindex;
	guint value;
	char name[IFNAMSIZ];
} InterfaceValue;

/** What a host had before its forwarding of one family was switched on: the kernel sets all of it at once. */
typedef struct ForwardingBefore {
	guint8 along;       /* set of 1 << the number of a sysctl that is set along, which was on */
	GArray *interfaces; /* InterfaceValue: the forwarding of each; NULL: nobody knows */
	GArray *listeners;  /* int: ifindex of those that took what routers advertise by accept_ra 1; 2 meanwhile */
} ForwardingBefore;

static inline void forwarding_before_clear(ForwardingBefore *before)
{
	g_clear_pointer(&before->interfaces, g_array_unref);
	g_clear_pointer(&before->listeners, g_array_unref);
	before->along = 0;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ForwardingBefore, forwarding_before_clear)

typedef struct ForwardingFacts {
	bool switched[N_FAMILIES]; /* forwarding of the host is on, and was off before */
	guint8 policy[N_FAMILIES]; /* enum rule_target: what FORWARD's policy was before; TARGET_PLACE: it is others' */
	bool bridge_filter[N_FAMILIES]; /* the sysctl for all bridges was switched on, as version 2 did */
} ForwardingFacts;
