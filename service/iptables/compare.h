/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/iptables/chain.h"
#include "service/iptables/entry.h"
#include "service/rules/ruleset.h"

/** A chain as the kernel has it beside what should be in it. */
typedef struct Comparison {
	enum family family;
	enum chain chain;
	bool owned;                 /* the chain is one of ours */
	const xt_chainlabel *names; /* as entry_encode() */
	const GPtrArray *wanted;    /* RulesetEntry, in chain order */
	const ActualEntry *actual;  /* top to bottom */
	guint n_actual;
} Comparison;

static inline RulesetEntry *comparison_entry(const Comparison *comparison, guint i)
{
	return g_ptr_array_index(comparison->wanted, i);
}

/** entry_digest() of wanted entry i, which is a rule; taken once. */
guint64 comparison_digest(const Comparison *comparison, guint i);

/** Whether wanted entry i stands at a position, as far as digests can tell. */
bool comparison_stands_at(const Comparison *comparison, guint i, guint position);

/** Whether it does beyond any doubt: what is deleted must be ours. */
bool comparison_is_exactly(const Comparison *comparison, guint i, guint position);
