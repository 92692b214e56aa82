/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"
#include "service/model/facts.h"
#include "service/netlink/netlink.h"

/**
 * Bridges of ours that nobody has any more and that wait to be deleted: the kernel needs some 20 ms for each. A bridge
 * is its ifindex. What the log says of one that cannot be deleted or set down is said here.
 */
typedef struct Leftovers Leftovers;

Leftovers *leftovers_new(Netlink *netlink);
void leftovers_free(Leftovers *leftovers); /* NULL is fine; the bridges stay */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Leftovers, leftovers_free)

guint leftovers_count(const Leftovers *leftovers);
const InterfaceFacts *leftovers_get(const Leftovers *leftovers, guint index);

/** The bridge of a name, if it waits; NULL: none. */
const InterfaceFacts *leftovers_find(const Leftovers *leftovers, const char *name);

void leftovers_add(Leftovers *leftovers, const InterfaceFacts *facts);

/** There are no rules for them any more: sets down those that are not yet. */
void leftovers_set_down(Leftovers *leftovers);

/** Deletes the one of a name, since another is to have it; nothing when none waits. FAILED. */
bool leftovers_delete(Leftovers *leftovers, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Deletes one of them. Whether more wait. */
bool leftovers_delete_one(Leftovers *leftovers);

/** Somebody else deleted it, if it was one. */
void leftovers_drop(Leftovers *leftovers, int ifindex);
