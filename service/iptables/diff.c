/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/diff.h"

#include "service/iptables/form.h"
#include "service/iptables/layout.h"

#include <string.h>

#define NOWHERE G_MAXUINT

enum verdict { VERDICT_FOREIGN, VERDICT_KEPT, VERDICT_DELETED };

Diff *diff_new(void)
{
	Diff *diff = g_new0(Diff, 1);
	diff->deletions = g_array_new(FALSE, FALSE, sizeof(guint));
	diff->foreign = g_array_new(FALSE, FALSE, sizeof(guint));
	diff->insertions = g_array_new(FALSE, FALSE, sizeof(DiffInsertion));
	diff->wanted = g_ptr_array_new();
	diff->actual = g_array_new(FALSE, FALSE, sizeof(ActualEntry));
	diff->positions = g_array_new(FALSE, FALSE, sizeof(guint));
	diff->verdicts = g_byte_array_new();
	return diff;
}

void diff_free(Diff *diff)
{
	if (!diff)
		return;
	g_array_unref(diff->deletions);
	g_array_unref(diff->foreign);
	g_array_unref(diff->insertions);
	g_ptr_array_unref(diff->wanted);
	g_array_unref(diff->actual);
	g_array_unref(diff->positions);
	g_byte_array_unref(diff->verdicts);
	g_free(diff);
}

static enum zone zone_of(const RulesetEntry *entry)
{
	return layout_of(&entry->rule)->zone;
}

static bool is_wanted(const RulesetEntry *entry)
{
	return entry->references && layout_has_rule(&entry->rule);
}

static guint *position_of(const Diff *diff, guint i)
{
	return &g_array_index(diff->positions, guint, i);
}

/* Whether a rule in the kernel that equals this entry is ours. */
static bool is_ours(const Comparison *comparison, const RulesetEntry *entry)
{
	if (!layout_has_rule(&entry->rule))
		return false;
	return entry->committed || (comparison->owned && entry->references);
}

/* The entry of ours in the same zone before i (step -1) or after it (1); NOWHERE at the zone's end. */
static guint neighbour(const Comparison *comparison, guint i, int step)
{
	enum zone zone = zone_of(comparison_entry(comparison, i));

	for (guint j = i + step; j < comparison->wanted->len; j += step) {
		const RulesetEntry *entry = comparison_entry(comparison, j);
		if (zone_of(entry) != zone)
			break;
		if (is_ours(comparison, entry))
			return j;
	}
	return NOWHERE;
}

/*
 * Entry i stands beyond a gap, seen in the direction of step. What stands in
 * the gap right before it may be its neighbour, and what was taken for that a
 * foreign copy.
 */
static void take_neighbours(Diff *diff, const Comparison *comparison, guint i, guint position, int step)
{
	for (;;) {
		i = neighbour(comparison, i, -step);
		position -= step;
		if (i == NOWHERE || *position_of(diff, i) == NOWHERE || *position_of(diff, i) == position ||
		    !comparison_stands_at(comparison, i, position))
			return;
		*position_of(diff, i) = position;
	}
}

/* What is left to look through between what was seen from above and what from below. */
typedef struct Gap {
	guint low, high; /* positions, the latter not included */
	bool lacking;    /* something wanted is not there, which need not be */
} Gap;

/*
 * Finds one entry of ours from the top (step 1) or the bottom (-1) of the gap,
 * and narrows it. False: not there, though committed.
 */
static bool find_next(Diff *diff, const Comparison *comparison, guint i, int step, Gap *gap)
{
	const RulesetEntry *wanted = comparison_entry(comparison, i);
	guint first = step > 0 ? gap->low : gap->high - 1, left = gap->high - gap->low;

	*position_of(diff, i) = NOWHERE;
	if (!is_ours(comparison, wanted))
		return true;

	guint64 digest = comparison_digest(comparison, i);
	for (guint at = first; left; at += step, left--) {
		if (comparison->actual[at].digest == digest) {
			*position_of(diff, i) = at;
			if (at != first)
				take_neighbours(diff, comparison, i, at, step);
			if (step > 0)
				gap->low = at + 1;
			else
				gap->high = at;
			return true;
		}
		if (!wanted->committed)
			break;
	}
	gap->lacking = true;
	return !wanted->committed;
}

/*
 * Finds our entries in one walk down both lists, and for the tail, which
 * was put at the bottom, one up: what nearly always succeeds. False when one
 * that is committed does not stand beyond the one before it, or when a chain of ours
 * holds something unaccounted for.
 */
static bool find_in_order(Diff *diff, const Comparison *comparison)
{
	Gap gap = { 0, comparison->n_actual, false };
	guint tail = 0, n = comparison->wanted->len;

	for (; tail < n && zone_of(comparison_entry(comparison, tail)) != ZONE_TAIL; tail++)
		if (!find_next(diff, comparison, tail, 1, &gap))
			return false;
	for (guint i = n; i-- > tail;)
		if (!find_next(diff, comparison, i, -1, &gap))
			return false;
	if (!comparison->owned || !gap.lacking)
		return true;

	guint n_matched = 0;
	for (guint i = 0; i < n; i++)
		n_matched += *position_of(diff, i) != NOWHERE;
	return n_matched == comparison->n_actual;
}

/* How many of the rules around a position are the ones that should be. */
static guint count_neighbours(const Comparison *comparison, guint i, guint position)
{
	guint before = neighbour(comparison, i, -1), after = neighbour(comparison, i, 1);

	return (before != NOWHERE && position > 0 && comparison_stands_at(comparison, before, position - 1)) +
	       (after != NOWHERE && comparison_stands_at(comparison, after, position + 1));
}

/* Finds our entries wherever they stand. */
static void find_anywhere(Diff *diff, const Comparison *comparison)
{
	g_autoptr(GHashTable) first = g_hash_table_new(NULL, NULL);      /* digest → position + 1 */
	g_autofree guint *next = g_new(guint, comparison->n_actual + 1); /* position + 1 → position + 1 */
	guint8 *verdicts = diff->verdicts->data;

	for (guint position = comparison->n_actual; position > 0; position--) {
		gpointer digest = GSIZE_TO_POINTER(comparison->actual[position - 1].digest);
		next[position] = GPOINTER_TO_UINT(g_hash_table_lookup(first, digest));
		g_hash_table_insert(first, digest, GUINT_TO_POINTER(position));
	}

	for (guint i = 0; i < comparison->wanted->len; i++) {
		const RulesetEntry *wanted = comparison_entry(comparison, i);
		guint best = NOWHERE, n_best = 0;

		*position_of(diff, i) = NOWHERE;
		if (!is_ours(comparison, wanted))
			continue;

		gpointer digest = GSIZE_TO_POINTER(comparison_digest(comparison, i));
		for (guint at = GPOINTER_TO_UINT(g_hash_table_lookup(first, digest)); at; at = next[at]) {
			if (verdicts[at - 1] != VERDICT_FOREIGN)
				continue;
			bool only = best == NOWHERE && !next[at];
			guint n = only ? 0 : count_neighbours(comparison, i, at - 1);
			/* Foreign copies were there before: below the head, above the tail. */
			if (best == NOWHERE || n > n_best || (n == n_best && zone_of(wanted) == ZONE_TAIL)) {
				best = at - 1;
				n_best = n;
			}
		}
		if (best != NOWHERE) {
			*position_of(diff, i) = best;
			verdicts[best] = VERDICT_KEPT;
		}
	}
}

static void count_missing(Diff *diff, const Comparison *comparison)
{
	for (guint i = 0; i < comparison->wanted->len; i++) {
		const RulesetEntry *entry = comparison_entry(comparison, i);
		if (entry->committed && is_ours(comparison, entry) && *position_of(diff, i) == NOWHERE)
			diff->missing++;
		diff->reordered |= entry->reordered;
	}
}

/*
 * Leaves the longest increasing subsequence of the positions of wanted rules as
 * it stands; the others are to be deleted there and inserted anew.
 */
static void move_disordered(Diff *diff, const Comparison *comparison)
{
	guint n = comparison->wanted->len;
	/* By length: the entry that ends the lowest such sequence; by entry: the one before it there. */
	g_autofree guint *ends = g_new(guint, n + 1);
	g_autofree guint *previous = g_new(guint, n + 1);
	guint length = 0;

	for (guint i = 0; i < n; i++) {
		if (*position_of(diff, i) == NOWHERE || !is_wanted(comparison_entry(comparison, i)))
			continue;
		guint low = 0, high = length;
		while (low < high) {
			guint middle = (low + high) / 2;
			if (*position_of(diff, ends[middle]) < *position_of(diff, i))
				low = middle + 1;
			else
				high = middle;
		}
		previous[i] = low ? ends[low - 1] : NOWHERE;
		ends[low] = i;
		length = MAX(length, low + 1);
	}

	guint stays = length ? ends[length - 1] : NOWHERE;
	for (guint i = n; i-- > 0;) {
		if (i == stays) {
			stays = previous[i];
		} else if (*position_of(diff, i) != NOWHERE && is_wanted(comparison_entry(comparison, i))) {
			diff->verdicts->data[*position_of(diff, i)] =
				comparison_is_exactly(comparison, i, *position_of(diff, i)) ? VERDICT_DELETED
											    : VERDICT_FOREIGN;
			*position_of(diff, i) = NOWHERE;
			diff->moved++;
		}
	}
}

/* Says what becomes of each actual rule, but for those that move_disordered() spoke of. */
static void resolve_verdicts(Diff *diff, const Comparison *comparison)
{
	guint8 *verdicts = diff->verdicts->data;

	for (guint i = 0; i < comparison->wanted->len; i++) {
		guint at = *position_of(diff, i);
		if (at != NOWHERE && is_wanted(comparison_entry(comparison, i)))
			verdicts[at] = VERDICT_KEPT;
		else if (at != NOWHERE && comparison_is_exactly(comparison, i, at))
			verdicts[at] = VERDICT_DELETED;
	}
	for (guint position = 0; position < comparison->n_actual; position++) {
		if (comparison->owned && verdicts[position] == VERDICT_FOREIGN) {
			if (form_is_ours(comparison->family, comparison->chain, &comparison->actual[position],
					 comparison->names)) {
				verdicts[position] = VERDICT_DELETED;
				diff->stale++;
			} else {
				g_array_append_val(diff->foreign, position);
			}
		}
		if (verdicts[position] == VERDICT_DELETED)
			g_array_append_val(diff->deletions, position);
	}
}

/*
 * Above which actual rule the zone whose first entry is i begins: above its own
 * first that stays; else where one stood that goes; else at its end of the
 * chain. Between floor and the first rule of ours below the zone in any case.
 */
static guint open_zone(const Diff *diff, const Comparison *comparison, guint i, guint floor)
{
	enum zone zone = zone_of(comparison_entry(comparison, i));
	guint gone = NOWHERE, ceiling = comparison->n_actual;

	for (; i < comparison->wanted->len; i++) {
		const RulesetEntry *entry = comparison_entry(comparison, i);
		guint at = *position_of(diff, i);
		if (at == NOWHERE)
			continue;
		if (zone_of(entry) != zone) {
			if (!is_wanted(entry))
				continue;
			ceiling = at;
			break;
		}
		if (is_wanted(entry))
			return at;
		gone = MIN(gone, at);
	}
	/* Below what others have in a chain of ours: what they drop there stays dropped. */
	if (gone == NOWHERE)
		gone = zone == ZONE_HEAD ? 0 : comparison->n_actual;
	return CLAMP(gone, floor, ceiling);
}

/* Inserts the wanted entries that do not stand: below those before them, standing or new. */
static void add_insertions(Diff *diff, const Comparison *comparison)
{
	guint slot = 0, n_deleted = 0, first = 0;
	bool opened = false;

	for (guint i = 0; i < comparison->wanted->len; i++) {
		const RulesetEntry *entry = comparison_entry(comparison, i);
		guint at = *position_of(diff, i);

		if (zone_of(entry) != zone_of(comparison_entry(comparison, first))) {
			first = i;
			opened = false;
		}
		if (!is_wanted(entry))
			continue;
		if (at != NOWHERE) {
			slot = at + 1;
			opened = true;
			continue;
		}
		if (!opened) {
			slot = open_zone(diff, comparison, first, slot);
			opened = true;
		}
		while (n_deleted < diff->deletions->len && g_array_index(diff->deletions, guint, n_deleted) < slot)
			n_deleted++;
		DiffInsertion insertion = { slot - n_deleted + diff->insertions->len, entry };
		g_array_append_val(diff->insertions, insertion);
	}
}

static void diff_clear(Diff *diff)
{
	g_array_set_size(diff->deletions, 0);
	g_array_set_size(diff->insertions, 0);
	g_array_set_size(diff->foreign, 0);
	diff->missing = diff->moved = diff->stale = 0;
	diff->reordered = false;
}

void diff_compare(Diff *diff, const Comparison *comparison)
{
	diff_clear(diff);
	diff->n_actual = comparison->n_actual;
	g_array_set_size(diff->positions, comparison->wanted->len);
	g_byte_array_set_size(diff->verdicts, comparison->n_actual);
	if (comparison->n_actual)
		memset(diff->verdicts->data, VERDICT_FOREIGN, comparison->n_actual);

	if (!find_in_order(diff, comparison)) {
		find_anywhere(diff, comparison);
		count_missing(diff, comparison);
		move_disordered(diff, comparison);
	}
	resolve_verdicts(diff, comparison);
	add_insertions(diff, comparison);
}

void diff_chain(Diff *diff, Snapshot *snapshot, const xt_chainlabel *names, const Ruleset *ruleset, enum chain chain)
{
	enum family family = snapshot_family(snapshot);

	layout_read_chain(ruleset, family, chain, diff->wanted);
	snapshot_read_chain(snapshot, names[chain], diff->actual);
	diff_compare(diff, &(Comparison){
				   .family = family,
				   .chain = chain,
				   .owned = !chain_info(chain)->builtin,
				   .names = names,
				   .wanted = diff->wanted,
				   .actual = (ActualEntry *)diff->actual->data,
				   .n_actual = diff->actual->len,
			   });
}
