/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/compare.h"

guint64 comparison_digest(const Comparison *comparison, guint i)
{
	RulesetEntry *wanted = comparison_entry(comparison, i);

	if (!wanted->digest) {
		Entry entry;
		entry_encode(&wanted->rule, comparison->names, &entry);
		wanted->digest = entry_digest(comparison->family, &entry, NULL);
	}
	return wanted->digest;
}

bool comparison_stands_at(const Comparison *comparison, guint i, guint position)
{
	return position < comparison->n_actual &&
	       comparison_digest(comparison, i) == comparison->actual[position].digest;
}

bool comparison_is_exactly(const Comparison *comparison, guint i, guint position)
{
	Entry entry;

	entry_encode(&comparison_entry(comparison, i)->rule, comparison->names, &entry);
	return entry_equal(comparison->family, &entry, &comparison->actual[position]);
}
