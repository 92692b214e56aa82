/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/iptables/diff.h"
#include "service/iptables/iptables.h"
#include "service/iptables/snapshot.h"

/* What the files of the backend share. */
struct Iptables {
	char *prefix;
	xt_chainlabel names[N_CHAINS]; /* libiptc wants whole labels */
	int lock;                      /* -1: not held */

	/* Kept between uses, so that a commit allocates nothing a rule. */
	GArray *found; /* FoundEntry */
	Diff *diff;
};

static inline void iptables_assert_locked(const Iptables *iptables)
{
	g_assert(iptables->lock >= 0);
}

/** Whether the ruleset wants or holds anything in a table, or a policy: whether its absence matters. */
bool iptables_needs_table(const Ruleset *ruleset, enum family family, enum table table);

/** Reads a chain and compares it with the ruleset: the result is in iptables->diff. */
void iptables_diff(Iptables *iptables, Snapshot *snapshot, const Ruleset *ruleset, enum family family,
		   enum chain chain);
