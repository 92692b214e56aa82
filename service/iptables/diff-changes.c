/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/diff-private.h"

#define NOWHERE G_MAXUINT

/* Strangers above our head or below our tail, beyond which it is not looked for. */
#define STRANGERS_MAX 64

/* Our rules of one zone, and where they stand in the chain, one below the other. */
typedef struct Zone {
	guint begin, end; /* among the wanted entries, the latter not included */
	guint n_held;
	guint low; /* position of the first */
} Zone;

static const RulesetChange *change_at(const DiffInput *input, guint i)
{
	return &g_array_index(input->changes, RulesetChange, i);
}

static bool is_held_rule(const RulesetEntry *entry)
{
	return entry->held && entry->rule.target != TARGET_CHAIN;
}

static guint find_zone_end(const DiffInput *input, guint begin)
{
	guint8 zone = wanted_entry(input, begin)->rule.zone;
	guint low = begin, high = input->wanted->len;

	while (low < high) {
		guint middle = low + (high - low) / 2;
		if (wanted_entry(input, middle)->rule.zone == zone)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The nearest rule that is held, from entry i on in the direction of step; NOWHERE where the zone ends. */
static guint find_held(const DiffInput *input, const Zone *zone, guint i, int step)
{
	for (; i >= zone->begin && i < zone->end; i += step)
		if (is_held_rule(wanted_entry(input, i)))
			return i;
	return NOWHERE;
}

/* Looks for the zone from its end of the chain, and whether it is as long as it should be. */
static bool find_zone(const DiffInput *input, Zone *zone)
{
	guint first = find_held(input, zone, zone->begin, 1), last = find_held(input, zone, zone->end - 1, -1);
	guint strangers = 0, most = MIN(STRANGERS_MAX, input->n_found - zone->n_held);

	switch ((enum zone)wanted_entry(input, first)->rule.zone) {
	case ZONE_OWNED:
		zone->low = 0;
		break;
	case ZONE_HEAD:
		while (strangers < most && !diff_stands_at(input, first, strangers))
			strangers++;
		zone->low = strangers;
		break;
	case ZONE_TAIL:
		while (strangers < most && !diff_stands_at(input, last, input->n_found - 1 - strangers))
			strangers++;
		zone->low = input->n_found - strangers - zone->n_held;
		break;
	}
	return diff_stands_at(input, first, zone->low) && diff_stands_at(input, last, zone->low + zone->n_held - 1);
}

/* Whether the rules that should be are above and below a position, where entry i is to come. */
static bool has_neighbours(const DiffInput *input, const Zone *zone, guint i, guint position)
{
	guint above = find_held(input, zone, i - 1, -1), below = find_held(input, zone, i + 1, 1);

	return (above == NOWHERE || diff_stands_at(input, above, position - 1)) &&
	       (below == NOWHERE || diff_stands_at(input, below, position));
}

/* Turns the zone's changes, from the first-th up to the end-th, into deletions and insertions. */
static bool settle_zone(Diff *diff, const DiffInput *input, const Zone *zone, guint first, guint end)
{
	guint n_absent = 0, seen = NOWHERE;

	for (guint i = first; i < end; i++) {
		const RulesetChange *change = change_at(input, i);
		guint position = zone->low + change->index - zone->begin - n_absent;

		if (is_held_rule(change->entry)) {
			if (!diff_is_exactly(input, change->index, position))
				return false;
			g_array_append_val(diff->deletions, position);
			continue;
		}
		n_absent++;
		if (!is_desired(change->entry))
			continue;
		if (position != seen && !has_neighbours(input, zone, change->index, position))
			return false;
		seen = position;
		DiffInsertion insertion = { position - diff->deletions->len + diff->insertions->len, change->entry };
		g_array_append_val(diff->insertions, insertion);
	}
	return true;
}

bool diff_changes(Diff *diff, const DiffInput *input)
{
	guint first = 0, floor = 0;

	for (guint begin = 0; begin < input->wanted->len;) {
		Zone zone = { .begin = begin, .end = find_zone_end(input, begin) };
		guint end = first, n_gained = 0;

		zone.n_held = zone.end - zone.begin;
		for (; end < input->changes->len && change_at(input, end)->index < zone.end; end++) {
			const RulesetEntry *entry = change_at(input, end)->entry;
			zone.n_held -= !is_held_rule(entry);
			n_gained += !entry->held && is_desired(entry);
		}
		if (zone.n_held == 0
			    ? n_gained > 0
			    : zone.n_held > input->n_found || (input->owned && zone.n_held != input->n_found) ||
				      !find_zone(input, &zone) || zone.low < floor ||
				      !settle_zone(diff, input, &zone, first, end))
			return false;
		if (zone.n_held > 0)
			floor = zone.low + zone.n_held;
		begin = zone.end;
		first = end;
	}
	return true;
}
