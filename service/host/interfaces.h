/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/host/effects.h"
#include "service/host/wanted.h"
#include "service/netlink/interface.h"

/**
 * The interfaces that serve networks and ingresses: the bridges we create, and the switches of these and of others.
 * What is wanted is compared with what is, and the difference is made in two steps: before the rules change, what
 * must not be on without them goes off; afterwards comes what they are for. An interface is its ifindex: what was done
 * to one is not taken back on another of its name.
 *
 * The kernel needs some 20 ms to delete a bridge, so of those that go with one commit only the first is deleted at
 * once. The others are set down, and deleted one by one when there is time.
 */
typedef struct Interfaces Interfaces;

Interfaces *interfaces_new(Netlink *netlink);
void interfaces_free(Interfaces *interfaces); /* NULL is fine; what is there stays */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Interfaces, interfaces_free)

/** Whether a bridge of ours that no network has any more goes with the next commit; or waits to be deleted. */
bool interfaces_is_leaving(const Interfaces *interfaces, const char *name);
bool interfaces_is_leftover(const Interfaces *interfaces, const char *name, int ifindex);

/** The bridges created for networks, also those that wait to be deleted; and with those all that serve objects, or did
 * before the commit that is planned (GArray of int: ifindex). The caller's. */
GArray *interfaces_created(const Interfaces *interfaces);
bool interfaces_is_created(const Interfaces *interfaces, int ifindex);
GArray *interfaces_serving(const Interfaces *interfaces);

/**
 * Finds out what is to be done to one interface, or to all that serve or did: then what fails is said in the log, and
 * the rest goes on. thorough: also where nothing else is wanted than was last time. Ended by interfaces_keep() or
 * interfaces_cancel().
 */
bool interfaces_plan(Interfaces *interfaces, const Model *model, const Config *config, const char *name, bool thorough,
		     GError **error) G_GNUC_WARN_UNUSED_RESULT;
void interfaces_plan_all(Interfaces *interfaces, const Model *model, const Config *config);

/** Whether the plans change what is true; and what they, or all, make true (InterfaceFacts, the caller's). */
bool interfaces_changes(const Interfaces *interfaces);
GArray *interfaces_facts(const Interfaces *interfaces, bool all);

/** The two steps. When the second fails (FAILED, BRIDGE_IN_USE, INVALID_ARGS) the caller reverts the effects. */
void interfaces_close(Interfaces *interfaces, Effects *effects);
bool interfaces_open(Interfaces *interfaces, Effects *effects, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * It is final: bridges that nobody has any more go, at most so many of them later. What was wanted before, and was put
 * right, is added to a list of repairs.
 */
void interfaces_keep(Interfaces *interfaces, const Model *model, guint max_leftovers, GPtrArray *repairs);

void interfaces_cancel(Interfaces *interfaces); /* it is not: what is known is as before */

/** What one that serves had at the last look, 0: nothing; those that the plans make come or go (names, caller's). */
int interfaces_ifindex(const Interfaces *interfaces, const char *name);
GPtrArray *interfaces_presence_changes(const Interfaces *interfaces);

/** Looks again after one came, went or was renamed to a name. Those that are there now, or no longer. The caller's. */
GPtrArray *interfaces_look(Interfaces *interfaces, int ifindex, const char *name, bool gone);

/** Somebody may have changed one, or where ifindex is 0, all (whether any serves); what the kernel tells nobody of; a
 * port of a bridge. */
bool interfaces_touch(Interfaces *interfaces, int ifindex);
void interfaces_touch_untold(Interfaces *interfaces);
void interfaces_touch_port(Interfaces *interfaces, int ifindex);

/**
 * Looks at those that were touched: a plan is due for these now (names, the caller's), and for others at *ret_next
 * (CLOCK_MONOTONIC, µs; 0: for none). One that insists on changing them waits, see pace.h.
 */
GPtrArray *interfaces_find_faulty(Interfaces *interfaces, const Model *model, const Config *config, gint64 now,
				  gint64 *ret_next);

/** Deletes one of the bridges that wait for it, which takes some 20 ms. Whether more wait. */
bool interfaces_delete_one(Interfaces *interfaces);
bool interfaces_has_leftovers(const Interfaces *interfaces);
