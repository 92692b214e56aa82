/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"

/**
 * Looks whether the chains are ours to use and asks for those that stand from the start. If they are not, or the
 * journal cannot be written, every later change fails with the reason (FOREIGN_CHAIN, BACKEND_UNAVAILABLE, FAILED).
 * Needs the lock; commit afterwards, alone.
 */
void service_start(Service *service);

/** Before changes: tries again what kept them from being possible, where that may have passed. */
void service_retry_start(Service *service);

/** After the first commit: what the previous instance switched on that this one has no use for goes off. */
void service_finish_recovery(Service *service);

/** When nothing is held any more: asks for the chains, and with them the journal, to go too. Commit afterwards. */
void service_stop(Service *service);
