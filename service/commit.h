/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"

/**
 * Brings every change since the last commit to the journal, the kernel, the host and the observer, in this order; or,
 * when that fails, to nothing: BUSY, NO_MEMORY, BACKEND_UNAVAILABLE, BRIDGE_IN_USE, FAILED. Needs the lock.
 */
bool service_commit(Service *service, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** After requests of which none is left to commit: gives up what they claimed. */
void service_release_claims(Service *service);

/**
 * Compares everything in the kernel and on the host with what should be there, and mends it. Counts the rules written
 * or removed and what of the host was put right. Needs the lock.
 */
bool service_reconcile(Service *service, guint *ret_repaired, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Writes the journal anew, as everything is now. FAILED leaves it as it was. */
bool service_checkpoint(Service *service, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Begins a journal that has everything in it as it is now: anew; or, where there is no room for it beside the previous
 * instance's, by going on with that. FAILED leaves it as it was.
 */
bool service_begin_journal(Service *service, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Whether a commit failed for want of room in the journal, and there is more now: then it may be tried again. */
bool service_make_room(Service *service);

/** What can wait until the callers have their answers: a checkpoint, if one is due. */
void service_compact(Service *service);
