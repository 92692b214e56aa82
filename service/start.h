/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"

/**
 * Looks whether the chains are ours to use and makes those that stand from the start, with the rules and the host as
 * the model has them. What keeps it from doing so (FOREIGN_CHAIN, BACKEND_UNAVAILABLE, FAILED: the journal cannot be
 * written, BUSY) is what every later change fails with, and is said in the log. Needs the lock.
 */
void service_start(Service *service);

/** It could not begin, as what it needs cannot be had: likewise what every later change fails with, until it can. */
void service_put_off_start(Service *service, const GError *why);

/** Before changes: tries again what kept them from being possible, where that may have passed. Needs the lock. */
void service_retry_start(Service *service);

/** What the previous instance switched on that this version has no use for. */
void service_switch_off_unused(Service *service);

/** After a commit of everything: takes the rules away that another backend kept before, if any. Needs the lock. BUSY,
 * NO_MEMORY, FAILED. */
bool service_end_handover(Service *service, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** When nothing is held any more: asks for the chains, and with them the journal, to go too. Commit afterwards. */
void service_stop(Service *service);
