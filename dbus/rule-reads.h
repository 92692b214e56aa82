/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/announce.h"
#include "dbus/reads.h"

/**
 * GetRules and DumpRules. What was read is sent again while nothing has changed: the text of a family, and the rules of
 * the object that was asked for last, whose counters are read from the kernel at most ten times a second. What nobody
 * asks for is dropped a few seconds later.
 */
typedef struct RuleReads RuleReads;

/** All is borrowed but event. NULL when out of memory. */
RuleReads *rule_reads_new(Service *service, const Announcer *announcer, sd_event *event);
void rule_reads_free(RuleReads *reads); /* NULL is fine; before the service, after the reads */

/** To be put in with a RuleReads: GetRules of the object at the path, DumpRules. */
extern const ReadKind get_rules_read, dump_rules_read;
