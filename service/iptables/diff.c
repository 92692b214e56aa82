/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/diff.h"

#include "service/iptables/layout.h"

#include <string.h>

#define NOWHERE G_MAXUINT

enum fate { FATE_FOREIGN, FATE_KEPT, FATE_DELETED };

Diff *diff_new(void)
{
	Diff *diff = g_new0(Diff, 1);
	diff->deletions = g_array_new(FALSE, FALSE, sizeof(guint));
	diff->insertions = g_array_new(FALSE, FALSE, sizeof(DiffInsertion));
	diff->places = g_array_new(FALSE, FALSE, sizeof(guint));
	diff->fates = g_byte_array_new();
	return diff;
}

void diff_free(Diff *diff)
{
	if (!diff)
		return;
	g_array_unref(diff->deletions);
	g_array_unref(diff->insertions);
	g_array_unref(diff->places);
	g_byte_array_unref(diff->fates);
	g_free(diff);
}

static const RulesetEntry *wanted_entry(const DiffInput *input, guint i)
{
	return g_ptr_array_index(input->wanted, i);
}

static enum zone zone_of(const RulesetEntry *entry)
{
	return layout_of(&entry->rule)->zone;
}

static bool is_wanted(const RulesetEntry *entry)
{
	return entry->references && layout_has_rule(&entry->rule);
}

static guint *place_of(const Diff *diff, guint i)
{
	return &g_array_index(diff->places, guint, i);
}

/* Whether a rule in the kernel that equals this entry is ours. */
static bool is_claimed(const DiffInput *input, const RulesetEntry *entry)
{
	if (!layout_has_rule(&entry->rule))
		return false;
	return entry->held || (input->owned && entry->references);
}

static guint64 wanted_digest(const DiffInput *input, guint i)
{
	RulesetEntry *wanted = g_ptr_array_index(input->wanted, i);

	if (!wanted->digest) {
		Entry entry;
		entry_encode(&wanted->rule, input->names, &entry);
		wanted->digest = entry_digest(input->family, &entry, NULL);
	}
	return wanted->digest;
}

/* Whether wanted entry i stands at a position, as far as digests can tell. */
static bool stands_at(const DiffInput *input, guint i, guint position)
{
	return position < input->n_found && wanted_digest(input, i) == input->found[position].digest;
}

/* Whether it does beyond any doubt: what goes must be ours. */
static bool is_exactly(const DiffInput *input, guint i, guint position)
{
	Entry entry;

	entry_encode(&wanted_entry(input, i)->rule, input->names, &entry);
	return entry_equal(input->family, &entry, &input->found[position]);
}

/* The claimed entry of the same zone before i (step -1) or after it (1); NOWHERE at the zone's end. */
static guint claimed_neighbour(const DiffInput *input, guint i, int step)
{
	enum zone zone = zone_of(wanted_entry(input, i));

	for (guint j = i + step; j < input->wanted->len; j += step) {
		const RulesetEntry *entry = wanted_entry(input, j);
		if (zone_of(entry) != zone)
			break;
		if (is_claimed(input, entry))
			return j;
	}
	return NOWHERE;
}

/*
 * Entry i was found beyond a gap, seen in the direction of step. What stands in
 * the gap right before it may be its neighbour, and what was taken for that a
 * stranger's copy.
 */
static void take_neighbours(Diff *diff, const DiffInput *input, guint i, guint position, int step)
{
	for (;;) {
		i = claimed_neighbour(input, i, -step);
		position -= step;
		if (i == NOWHERE || *place_of(diff, i) == NOWHERE || *place_of(diff, i) == position ||
		    !stands_at(input, i, position))
			return;
		*place_of(diff, i) = position;
	}
}

/* What is left to look through between what was found from above and what from below. */
typedef struct Gap {
	guint low, high; /* positions, the latter not included */
	bool lacking;    /* something wanted was not found, which need not be there */
} Gap;

/*
 * Finds one claimed entry from the top (step 1) or the bottom (-1) of the gap,
 * and narrows it. False: not there, though held.
 */
static bool find_next(Diff *diff, const DiffInput *input, guint i, int step, Gap *gap)
{
	const RulesetEntry *wanted = wanted_entry(input, i);
	guint first = step > 0 ? gap->low : gap->high - 1, left = gap->high - gap->low;

	*place_of(diff, i) = NOWHERE;
	if (!is_claimed(input, wanted))
		return true;

	guint64 digest = wanted_digest(input, i);
	for (guint at = first; left; at += step, left--) {
		if (input->found[at].digest == digest) {
			*place_of(diff, i) = at;
			if (at != first)
				take_neighbours(diff, input, i, at, step);
			if (step > 0)
				gap->low = at + 1;
			else
				gap->high = at;
			return true;
		}
		if (!wanted->held)
			break;
	}
	gap->lacking = true;
	return !wanted->held;
}

/*
 * Finds the claimed entries in one walk down both lists, and for the tail, which
 * was put at the bottom, one up: what nearly always succeeds. False when one
 * that is held does not stand beyond its predecessor, or when a chain of ours
 * holds something unaccounted for.
 */
static bool find_in_order(Diff *diff, const DiffInput *input)
{
	Gap gap = { 0, input->n_found, false };
	guint tail = 0, n = input->wanted->len;

	for (; tail < n && zone_of(wanted_entry(input, tail)) != ZONE_TAIL; tail++)
		if (!find_next(diff, input, tail, 1, &gap))
			return false;
	for (guint i = n; i-- > tail;)
		if (!find_next(diff, input, i, -1, &gap))
			return false;
	if (!input->owned || !gap.lacking)
		return true;

	guint n_matched = 0;
	for (guint i = 0; i < n; i++)
		n_matched += *place_of(diff, i) != NOWHERE;
	return n_matched == input->n_found;
}

/* How many of the rules around a position are the ones that should be. */
static guint count_neighbours(const DiffInput *input, guint i, guint position)
{
	guint before = claimed_neighbour(input, i, -1), after = claimed_neighbour(input, i, 1);

	return (before != NOWHERE && position > 0 && stands_at(input, before, position - 1)) +
	       (after != NOWHERE && stands_at(input, after, position + 1));
}

/* Finds the claimed entries wherever they stand. */
static void find_anywhere(Diff *diff, const DiffInput *input)
{
	g_autoptr(GHashTable) first = g_hash_table_new(NULL, NULL); /* digest → position + 1 */
	g_autofree guint *next = g_new(guint, input->n_found + 1);  /* position + 1 → position + 1 */
	guint8 *fates = diff->fates->data;

	for (guint position = input->n_found; position > 0; position--) {
		gpointer digest = GSIZE_TO_POINTER(input->found[position - 1].digest);
		next[position] = GPOINTER_TO_UINT(g_hash_table_lookup(first, digest));
		g_hash_table_insert(first, digest, GUINT_TO_POINTER(position));
	}

	for (guint i = 0; i < input->wanted->len; i++) {
		const RulesetEntry *wanted = wanted_entry(input, i);
		guint best = NOWHERE, n_best = 0;

		*place_of(diff, i) = NOWHERE;
		if (!is_claimed(input, wanted))
			continue;

		gpointer digest = GSIZE_TO_POINTER(wanted_digest(input, i));
		for (guint at = GPOINTER_TO_UINT(g_hash_table_lookup(first, digest)); at; at = next[at]) {
			if (fates[at - 1] != FATE_FOREIGN)
				continue;
			bool only = best == NOWHERE && !next[at];
			guint n = only ? 0 : count_neighbours(input, i, at - 1);
			/* Strangers' copies were there before: below the head, above the tail. */
			if (best == NOWHERE || n > n_best || (n == n_best && zone_of(wanted) == ZONE_TAIL)) {
				best = at - 1;
				n_best = n;
			}
		}
		if (best != NOWHERE) {
			*place_of(diff, i) = best;
			fates[best] = FATE_KEPT;
		}
	}
}

static void count_missing(Diff *diff, const DiffInput *input)
{
	for (guint i = 0; i < input->wanted->len; i++) {
		const RulesetEntry *entry = wanted_entry(input, i);
		if (entry->held && is_claimed(input, entry) && *place_of(diff, i) == NOWHERE)
			diff->missing++;
		diff->reordered |= entry->reordered;
	}
}

/*
 * Leaves the longest increasing subsequence of the places of wanted rules as
 * it stands; the others are to be deleted there and inserted anew.
 */
static void move_disordered(Diff *diff, const DiffInput *input)
{
	guint n = input->wanted->len;
	/* By length: the entry that ends the lowest such sequence; by entry: the one before it there. */
	g_autofree guint *ends = g_new(guint, n + 1);
	g_autofree guint *previous = g_new(guint, n + 1);
	guint length = 0;

	for (guint i = 0; i < n; i++) {
		if (*place_of(diff, i) == NOWHERE || !is_wanted(wanted_entry(input, i)))
			continue;
		guint low = 0, high = length;
		while (low < high) {
			guint middle = (low + high) / 2;
			if (*place_of(diff, ends[middle]) < *place_of(diff, i))
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
		} else if (*place_of(diff, i) != NOWHERE && is_wanted(wanted_entry(input, i))) {
			diff->fates->data[*place_of(diff, i)] =
				is_exactly(input, i, *place_of(diff, i)) ? FATE_DELETED : FATE_FOREIGN;
			*place_of(diff, i) = NOWHERE;
			diff->moved++;
		}
	}
}

/* Settles what becomes of each found rule, but for those that move_disordered() settled. */
static void settle_fates(Diff *diff, const DiffInput *input)
{
	guint8 *fates = diff->fates->data;

	for (guint i = 0; i < input->wanted->len; i++) {
		guint place = *place_of(diff, i);
		if (place != NOWHERE && is_wanted(wanted_entry(input, i)))
			fates[place] = FATE_KEPT;
		else if (place != NOWHERE && is_exactly(input, i, place))
			fates[place] = FATE_DELETED;
	}
	for (guint position = 0; position < input->n_found; position++) {
		if (input->owned && fates[position] == FATE_FOREIGN) {
			fates[position] = FATE_DELETED;
			diff->foreign++;
		}
		if (fates[position] == FATE_DELETED)
			g_array_append_val(diff->deletions, position);
	}
}

/*
 * Above which found rule the zone whose first entry is i begins: above its own
 * first that stays; else where one stood that goes; else at its end of the
 * chain. Between floor and the first rule of ours below the zone in any case.
 */
static guint open_zone(const Diff *diff, const DiffInput *input, guint i, guint floor)
{
	enum zone zone = zone_of(wanted_entry(input, i));
	guint gone = NOWHERE, ceiling = input->n_found;

	for (; i < input->wanted->len; i++) {
		const RulesetEntry *entry = wanted_entry(input, i);
		guint place = *place_of(diff, i);
		if (place == NOWHERE)
			continue;
		if (zone_of(entry) != zone) {
			if (!is_wanted(entry))
				continue;
			ceiling = place;
			break;
		}
		if (is_wanted(entry))
			return place;
		gone = MIN(gone, place);
	}
	if (gone == NOWHERE)
		gone = zone == ZONE_TAIL ? input->n_found : 0;
	return CLAMP(gone, floor, ceiling);
}

/* Places the wanted entries that do not stand: below their predecessors, standing or new. */
static void place_insertions(Diff *diff, const DiffInput *input)
{
	guint slot = 0, n_deleted = 0, first = 0;
	bool opened = false;

	for (guint i = 0; i < input->wanted->len; i++) {
		const RulesetEntry *entry = wanted_entry(input, i);
		guint place = *place_of(diff, i);

		if (zone_of(entry) != zone_of(wanted_entry(input, first))) {
			first = i;
			opened = false;
		}
		if (!is_wanted(entry))
			continue;
		if (place != NOWHERE) {
			slot = place + 1;
			opened = true;
			continue;
		}
		if (!opened) {
			slot = open_zone(diff, input, first, slot);
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
	diff->missing = diff->moved = diff->foreign = 0;
	diff->reordered = false;
}

void diff_chain(Diff *diff, const DiffInput *input)
{
	diff_clear(diff);
	g_array_set_size(diff->places, input->wanted->len);
	g_byte_array_set_size(diff->fates, input->n_found);
	if (input->n_found)
		memset(diff->fates->data, FATE_FOREIGN, input->n_found);

	if (!find_in_order(diff, input)) {
		find_anywhere(diff, input);
		count_missing(diff, input);
		move_disordered(diff, input);
	}
	settle_fates(diff, input);
	place_insertions(diff, input);
}
