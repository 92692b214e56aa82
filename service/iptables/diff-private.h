/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/iptables/diff.h"

/* What the two ways to find a difference share. */

static inline const RulesetEntry *wanted_entry(const DiffInput *input, guint i)
{
	return g_ptr_array_index(input->wanted, i);
}

static inline bool is_desired(const RulesetEntry *entry)
{
	return entry->references && entry->rule.target != TARGET_CHAIN;
}

/** Whether wanted entry i stands at a position, as far as digests can tell. */
bool diff_stands_at(const DiffInput *input, guint i, guint position);

/** Whether it does beyond any doubt: what goes must be ours. */
bool diff_is_exactly(const DiffInput *input, guint i, guint position);

/**
 * The difference by input->changes alone: where our rules begin and end, and around every change, the chain is
 * looked at, and how many there are. False when that is not as it should be; then diff is void.
 */
bool diff_changes(Diff *diff, const DiffInput *input);
