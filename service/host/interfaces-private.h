/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/host/leftovers.h"
#include "service/model/network.h"

/* What the files that make up Interfaces share. */

typedef struct Interface {
	InterfaceFacts facts;
	guint8 wanted; /* set of 1 << enum interface_switch, as of the last plan */
	int present;   /* the ifindex of what has the name now; 0: nothing has */
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
} Plan;

typedef struct Interfaces {
	Netlink *netlink;
	GHashTable *by_name; /* name → Interface, owned: those that serve an object, or did until the last commit */
	Leftovers *leftovers;
	GArray *plans; /* Plan */
} Interfaces;

/** Adds one, or puts it in the place of another of that name. */
Interface *interfaces_add(Interfaces *interfaces, const InterfaceFacts *facts);

/** The ifindex of what has a name now; 0: nothing has. */
int interfaces_find_present(Interfaces *interfaces, const char *name);

/** What it was may be given out again, but not what was done to it. */
void interface_set_void(Interface *interface);
