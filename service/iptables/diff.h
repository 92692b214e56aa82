/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/iptables/entry.h"
#include "service/rules/ruleset.h"

/**
 * What must be deleted from a chain and inserted into it, and nothing more, to
 * make it hold what the ruleset wants. In a builtin chain our rules are those
 * that equal a held entry; all others are foreign and stay as they stand. In a
 * chain of our own nothing foreign stays.
 */

typedef struct DiffInput {
	enum family family;
	bool owned;
	const xt_chainlabel *names; /* as entry_encode() */
	const GPtrArray *wanted;    /* RulesetEntry, in chain order */
	const FoundEntry *found;    /* what the chain holds, top to bottom */
	guint n_found;
} DiffInput;

typedef struct DiffInsertion {
	guint position; /* from 0, in the chain as it will be */
	const RulesetEntry *entry;
} DiffInsertion;

/** Reusable, so that a diff allocates only while it grows. */
typedef struct Diff {
	GArray *deletions;  /* guint, ascending: positions from 0 in the chain as found */
	GArray *insertions; /* DiffInsertion, ascending, to be made after the deletions */
	guint missing;      /* held rules that were not found */
	guint moved;        /* rules of ours that stood out of order */
	bool reordered;     /* because the order itself changed */
	guint foreign;      /* rules in a chain of ours that nobody wants or holds */

	/* Private. */
	GArray *places;    /* guint by wanted entry: where it was found */
	GByteArray *fates; /* by found entry */
} Diff;

Diff *diff_new(void);
void diff_free(Diff *diff); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Diff, diff_free)

void diff_chain(Diff *diff, const DiffInput *input);

/** Whether somebody else changed our rules. */
static inline bool diff_drifted(const Diff *diff)
{
	return diff->missing || diff->foreign || (diff->moved && !diff->reordered);
}
