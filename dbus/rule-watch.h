/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/host-watch.h"

/**
 * Puts the rules right when somebody else has changed them: as soon as the backend is told of it, or by looking from
 * time to time where it is not.
 */
typedef struct RuleWatch RuleWatch;

/** Both are borrowed: what looks from time to time looks at the host too. */
RuleWatch *rule_watch_new(const Bus *bus, HostWatch *host);
void rule_watch_free(RuleWatch *watch); /* NULL is fine */

/** Negative errno. */
int rule_watch_start(RuleWatch *watch);

/** Changes were made, or failed: whether there is something to listen to or to look at may be otherwise. */
void rule_watch_on_committed(RuleWatch *watch);

/** Chains of ours had been changed, and were put right ("filter FORWARD", char *; NULL: none): who insists on changing
 * them has it put right less and less often, and is told of in the log. */
void rule_watch_drifted(RuleWatch *watch, const GPtrArray *drifted);
