/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/action.h"
#include "service/error.h"
#include <sys/types.h>
#include <systemd/sd-bus.h>

/**
 * May this sender do that? Asked of polkit about the sender's unique name,
 * asynchronously; the answer may come at once, later, or never if the sender
 * leaves. uid 0 and the service's own uid are never asked about.
 */
typedef struct Policy Policy;

/**
 * max_pending: how many questions one uid may have open at polkit at a time, those
 * of its connections that left meanwhile included.
 */
Policy *policy_new(sd_bus *bus, guint max_pending);
void policy_free(Policy *policy); /* NULL is fine; drops open questions without an answer */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Policy, policy_free)

/**
 * The answer: error NULL means yes. uid is the sender's. Otherwise the error is
 * ACCESS_DENIED, QUOTA_EXCEEDED (too many questions open), or
 * INTERACTIVE_REQUIRED, and is the callee's to read only.
 */
typedef void (*PolicyAnswer)(sd_bus_message *call, uid_t uid, const GError *error, void *userdata);

/**
 * Step one: who is it? Finds the sender's uid (asked of the bus once a
 * connection, then remembered until it leaves) and calls back, in the order of asking for one sender.
 * Returns a negative errno only if nothing will be called.
 */
int policy_identify(Policy *policy, sd_bus_message *call, PolicyAnswer answer, void *userdata);

/** Whether this uid may have one more question open. QUOTA_EXCEEDED; what policy_ask() would answer. */
bool policy_may_ask(const Policy *policy, uid_t uid, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Step two: may it? actions is a set of 1 << enum policy_action, asked one after the other, each must be
 * granted; details is a NULL-terminated list of key, value, key, value…, copied. "verb" is added from
 * policy_methods unless it is there. Interactive only if the message allows it.
 * With polkit absent, hung (25 s) or restarting the answer is ACCESS_DENIED that says so.
 * Negative errno if no answer will come: -ENOTCONN where policy_identify() has not answered for this sender
 * or it left, -EINVAL for a key without its value or a bit that is no action, or what the bus says.
 */
int policy_ask(Policy *policy, sd_bus_message *call, guint actions, const char *const *details, PolicyAnswer answer,
	       void *userdata);

/**
 * The connection is gone: its open questions are dropped (polkit's are cancelled),
 * its uid forgotten. No answer comes.
 */
void policy_sender_left(Policy *policy, const char *sender);

/** Whether a uid is never asked about. */
bool policy_is_privileged(uid_t uid);
