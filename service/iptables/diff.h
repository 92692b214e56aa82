/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/iptables/compare.h"
#include "service/iptables/snapshot.h"

/**
 * What must be deleted from a chain and inserted into it, and nothing more, to make it hold what the ruleset wants. In
 * a builtin chain our rules are those that equal a committed entry; all others are foreign and stay as they stand. In a
 * chain of our own those go, too, that are of a form of ours (form.h): they are stale.
 */

typedef struct DiffInsertion {
	guint position; /* from 0, in the chain as it will be */
	const RulesetEntry *entry;
} DiffInsertion;

/** Reusable, so that a diff allocates only while it grows. */
typedef struct Diff {
	GArray *deletions;  /* guint, ascending: positions from 0 in the chain as it is */
	GArray *insertions; /* DiffInsertion, ascending, to be made after the deletions */
	guint n_actual;     /* how many rules the chain has now */
	guint missing;      /* committed rules that are not there */
	guint moved;        /* rules of ours that stand out of order */
	bool reordered;     /* because the order itself changed */
	guint stale;        /* rules in a chain of ours, of a form of ours, that nobody wants, nor was committed */
	GArray *foreign;    /* guint, ascending: positions of what else stands in a chain of ours */

	/* Private. */
	GPtrArray *wanted;    /* RulesetEntry */
	GArray *actual;       /* ActualEntry */
	GArray *positions;    /* guint by wanted entry: where it stands */
	GByteArray *verdicts; /* by actual entry */
} Diff;

Diff *diff_new(void);
void diff_free(Diff *diff); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Diff, diff_free)

/** Fills in the public part. */
void diff_compare(Diff *diff, const Comparison *comparison);

/** Reads a chain of the snapshot and compares it with the ruleset. names: as entry_encode(). */
void diff_chain(Diff *diff, Snapshot *snapshot, const xt_chainlabel *names, const Ruleset *ruleset, enum chain chain);

/** Whether somebody else changed our rules. */
static inline bool diff_drifted(const Diff *diff)
{
	return diff->missing || diff->stale || (diff->moved && !diff->reordered);
}
