/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/firewall.h"

/**
 * From the backend that the previous instance had to another: its rules stay until those of the other are in the
 * kernel, so that what is closed by either is closed meanwhile, and what both let through goes on. What has been done
 * of it when the service ends is to be in the journal.
 */
typedef struct Handover Handover;

Handover *handover_new(const BackendKind *from, const char *prefix);
void handover_free(Handover *handover); /* NULL is fine; lets the lock go */

const BackendKind *handover_from(const Handover *handover);

/** What the kernel may have of the previous instance: to be pinned there by whoever restores, and wanted by nobody. */
Ruleset *handover_ruleset(Handover *handover);

/** What the policy of forwarding was before there were any rules, enum rule_target; TARGET_PLACE: it is others'. */
void handover_set_policy_before(Handover *handover, enum family family, guint8 before);
guint8 handover_policy_before(const Handover *handover, enum family family);

/** As firewall_lock(). */
int handover_lock(Handover *handover) G_GNUC_WARN_UNUSED_RESULT;
void handover_unlock(Handover *handover);
const char *handover_lock_name(const Handover *handover);

/**
 * Before the firewall's first commit: the policies of forwarding that are ours become its own, once. To be called again
 * when that commit failed. BACKEND_UNAVAILABLE, NO_MEMORY, FAILED. Needs both locks.
 */
bool handover_begin(Handover *handover, Firewall *to, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The previous instance has done that. */
void handover_resume(Handover *handover);

/** After it: takes the previous instance's rules away. BUSY, NO_MEMORY, FAILED. Needs the lock. */
bool handover_end(Handover *handover, GError **error) G_GNUC_WARN_UNUSED_RESULT;
