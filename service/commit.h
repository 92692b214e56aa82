/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"

/**
 * Brings every change since the last commit to the journal, the kernel, the host and the observer, in this order; or,
 * when that fails, to nothing: BUSY, NO_MEMORY, BACKEND_UNAVAILABLE, FOREIGN_CHAIN, BRIDGE_IN_USE, INVALID_ARGS or
 * FAILED. Needs the lock.
 */
bool service_commit(Service *service, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** After requests of which none is left to commit: gives up what they claimed. */
void service_release_claims(Service *service);

/**
 * Compares everything in the kernel and on the host with what should be there, and mends it. Counts the rules written
 * or removed and what of the host was put right. Needs the lock.
 */
bool service_reconcile(Service *service, guint *ret_repaired, GError **error) G_GNUC_WARN_UNUSED_RESULT;
