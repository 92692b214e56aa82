/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/host/bridges-down.h"
#include "service/host/leftovers.h"
#include "service/host/own-bridge.h"
#include "service/host/pace.h"
#include "service/model/network.h"

/* What the files that make up Interfaces share. */

/* In what one can differ from what is wanted: its switches, what a bridge of ours has, the ports
 * that we gave it, and that it is there. */
enum { FAULT_BRIDGE = N_INTERFACE_SWITCHES, FAULT_PORTS = FAULT_BRIDGE + N_BRIDGE_FAULTS, FAULT_MISSING, N_FAULTS };

typedef struct Interface {
	InterfaceFacts facts;
	guint8 wanted;        /* set of 1 << enum interface_switch, as of the last plan */
	int present;          /* the ifindex of what has the name now; 0: nothing has */
	bool touched;         /* somebody may have changed it since the last look */
	bool ports_touched;   /* the same of its ports */
	gint64 missing_since; /* CLOCK_MONOTONIC, µs; 0: it is not missing */
	guint told;           /* hash of the failure that was said last; 0: none */
	Pace *paces;          /* by fault, NULL: nothing was put right yet */
} Interface;

/* What is to be done to one interface. */
typedef struct Plan {
	Interface *interface;
	Interface before;
	bool known;             /* else it is there for this plan only, so far */
	bool optional;          /* what fails is said in the log, and the rest goes on */
	bool down;              /* it is there, and not up */
	const Network *creates; /* the network whose bridge is to be created; NULL: none */
	guint8 on, off;         /* sets of 1 << enum interface_switch */
	const Network *network; /* whose bridge it is; NULL: none's */
	bool creates_bridge;    /* that one */
	BridgeFaults faults;    /* of a bridge of ours that is there */
	GArray *lost_ports;     /* PortFaults; NULL: none, or nobody looked */
	guint repairs;          /* set of 1 << fault: what is tried to be put right */
	bool failed;            /* what the plan opens */
} Plan;

typedef struct Interfaces {
	Netlink *netlink;
	GHashTable *by_name; /* name → Interface, owned: those that serve an object, or did until the last commit */
	GHashTable *touched_ports; /* set of int, ifindex: somebody may have changed them since the last look */
	Leftovers *leftovers;
	GArray *plans; /* Plan */
	BridgesDown *down;
} Interfaces;

/** Adds one, or puts it in the place of another of that name. */
Interface *interfaces_add(Interfaces *interfaces, const InterfaceFacts *facts);

/** Finds out what is to be done to plan->interface, as it is in plan->before. FAILED. */
bool interfaces_compare(Interfaces *interfaces, Plan *plan, const Network *network, guint8 wanted,
			GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The ifindex of what has a name now; 0: nothing has. */
int interfaces_find_present(Interfaces *interfaces, const char *name);

/** What it was may be given out again, but not what was done to it. */
void interface_set_void(Interface *interface);
