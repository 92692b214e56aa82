/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/rules/ruleset.h"

/**
 * Appends a rule as iptables-save(8) prints it after "-A CHAIN ": the matches
 * in the kernel's order and the target, e.g. "-i docker0 ! -o docker0 -j ACCEPT".
 * The rule is one that layout_has_rule().
 */
void rule_append_text(const Rule *rule, const char *chain_prefix, GString *text);

/**
 * The wanted rules of one family as text that iptables-restore(8) --noflush
 * takes: "*filter", ":CHAIN - [0:0]" for each chain of ours, "-A CHAIN …",
 * "COMMIT", for each table that has something, filter, nat, raw. Chains in name order, builtin ones first
 * (kernel order: PREROUTING, FORWARD, OUTPUT, POSTROUTING), as iptables-save does.
 * Returns a new string.
 */
char *ruleset_to_text(const Ruleset *ruleset, enum family family, const char *chain_prefix);
