/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/rules/ruleset.h"

#include <stdlib.h>
#include <string.h>

/* What an entry is to its list; counted, so that nobody looks through a list in which nothing is to be done. */
enum status {
	STATUS_KEPT,   /* wanted and committed */
	STATUS_GAINED, /* wanted, not committed */
	STATUS_LOST,   /* committed, not wanted */
	STATUS_DEAD,   /* neither: waits for ruleset_finish() */
	N_STATUSES
};

typedef struct List {
	GPtrArray *entries; /* RulesetEntry, owned */
	GPtrArray *changed; /* those of them that are not kept, and some that are again */
	guint sorted;       /* so many entries at the front are in order, the rest are put in when somebody looks */
	guint count[N_STATUSES];
	bool touched; /* differs from the kernel in another way than by gained and lost entries */
	bool doubted; /* the kernel may not have what is committed */
} List;

struct Ruleset {
	List lists[N_FAMILIES][N_PLACES];
	GHashTable *entries; /* a set of RulesetEntry by content */
	GHashTable *askers; /* RulesetEntry → GSequence of RuleOrder, oldest first: who asks for it beside the oldest */
	enum rule_target forward_policy[N_FAMILIES];
};

static guint entry_hash(gconstpointer entry)
{
	return rule_hash(&((const RulesetEntry *)entry)->rule);
}

static gboolean entry_equal(gconstpointer a, gconstpointer b)
{
	return rule_equal(&((const RulesetEntry *)a)->rule, &((const RulesetEntry *)b)->rule);
}

/* The content decides where the order does not, so that equals do not depend on who came first. */
static int entry_compare(const RulesetEntry *a, const RulesetEntry *b)
{
	int r = rule_order_compare(&a->order, &b->order);

	return r != 0 ? r : memcmp(&a->rule, &b->rule, sizeof a->rule);
}

static int entry_compare_func(gconstpointer a, gconstpointer b, gpointer data)
{
	(void)data;
	return entry_compare(*(RulesetEntry *const *)a, *(RulesetEntry *const *)b);
}

static enum status entry_status(const RulesetEntry *entry)
{
	if (entry->references > 0)
		return entry->committed ? STATUS_KEPT : STATUS_GAINED;
	return entry->committed ? STATUS_LOST : STATUS_DEAD;
}

/* How many of the first n entries stand before this one. */
static guint entries_search(gpointer *entries, guint n, const RulesetEntry *entry)
{
	guint low = 0;

	while (low < n) {
		guint middle = low + (n - low) / 2;

		if (entry_compare(entries[middle], entry) < 0)
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

static void list_append(List *list, RulesetEntry *entry)
{
	guint n = list->entries->len;

	if (list->sorted == n && (n == 0 || entry_compare(list->entries->pdata[n - 1], entry) < 0))
		list->sorted++;
	g_ptr_array_add(list->entries, entry);
}

/* Puts the unsorted entries in, from the last one on, so that every pointer moves once. */
static void list_sort(List *list)
{
	gpointer *entries = list->entries->pdata;
	guint end = list->sorted, n = list->entries->len - end;
	g_autofree gpointer *fresh = NULL;

	if (n == 0)
		return;
	g_qsort_with_data(entries + end, n, sizeof *entries, entry_compare_func, NULL);
	fresh = g_memdup2(entries + end, n * sizeof *entries);
	for (; n > 0; n--) {
		guint at = entries_search(entries, end, fresh[n - 1]);

		memmove(entries + at + n, entries + at, (end - at) * sizeof *entries);
		entries[at + n - 1] = fresh[n - 1];
		end = at;
	}
	list->sorted = list->entries->len;
}

static bool list_is_dirty(const List *list)
{
	return list->touched || list->doubted || list->count[STATUS_GAINED] > 0 || list->count[STATUS_LOST] > 0;
}

static bool is_changed(const RulesetEntry *entry)
{
	return entry_status(entry) != STATUS_KEPT || entry->reordered;
}

static void list_note(List *list, RulesetEntry *entry)
{
	if (entry->listed || !is_changed(entry))
		return;
	entry->listed = true;
	g_ptr_array_add(list->changed, entry);
}

/* Leaves those that are kept again out of the list. */
static void list_prune(List *list)
{
	guint n = 0;

	for (guint i = 0; i < list->changed->len; i++) {
		RulesetEntry *entry = list->changed->pdata[i];

		entry->listed = is_changed(entry);
		if (entry->listed)
			list->changed->pdata[n++] = entry;
	}
	g_ptr_array_set_size(list->changed, n);
}

static void list_committed(List *list)
{
	list->touched = list->doubted = false;
	for (guint i = 0; i < list->changed->len; i++) {
		RulesetEntry *entry = list->changed->pdata[i];

		entry->committed = entry->references > 0;
		entry->reordered = false;
	}
	list->count[STATUS_KEPT] += list->count[STATUS_GAINED];
	list->count[STATUS_DEAD] += list->count[STATUS_LOST];
	list->count[STATUS_GAINED] = list->count[STATUS_LOST] = 0;
	list_prune(list);
}

/* Frees the dead, and closes the gaps. */
static int compare_indices(gconstpointer a, gconstpointer b)
{
	guint x = *(const guint *)a, y = *(const guint *)b;

	return x < y ? -1 : x > y;
}

/* Those behind one that goes move up, each once. The indices are in order. */
static void entries_remove(GPtrArray *entries, const guint *indices, guint n)
{
	for (guint i = 0; i < n; i++) {
		guint from = indices[i] + 1, end = i + 1 < n ? indices[i + 1] : entries->len;

		memmove(entries->pdata + from - 1 - i, entries->pdata + from, (end - from) * sizeof *entries->pdata);
	}
	g_ptr_array_set_size(entries, entries->len - n);
}

static void list_finish(Ruleset *ruleset, List *list)
{
	g_autofree guint *dead = NULL;
	guint n = 0, n_dead = 0;

	if (list->count[STATUS_DEAD] == 0)
		return;
	list_sort(list);
	dead = g_new(guint, list->count[STATUS_DEAD]);
	for (guint i = 0; i < list->changed->len; i++) {
		RulesetEntry *entry = list->changed->pdata[i];

		if (entry_status(entry) == STATUS_DEAD)
			dead[n_dead++] = entries_search(list->entries->pdata, list->entries->len, entry);
		else
			list->changed->pdata[n++] = entry;
	}
	g_ptr_array_set_size(list->changed, n);
	for (guint i = 0; i < n_dead; i++) {
		RulesetEntry *entry = list->entries->pdata[dead[i]];

		g_hash_table_remove(ruleset->entries, entry);
		g_free(entry);
	}
	qsort(dead, n_dead, sizeof *dead, compare_indices);
	entries_remove(list->entries, dead, n_dead);
	list->sorted = list->entries->len;
	list->count[STATUS_DEAD] = 0;
}

Ruleset *ruleset_new(void)
{
	Ruleset *ruleset = g_new0(Ruleset, 1);

	ruleset->entries = g_hash_table_new(entry_hash, entry_equal);
	ruleset->askers = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_sequence_free);
	for (enum family family = 0; family < N_FAMILIES; family++) {
		ruleset->forward_policy[family] = TARGET_PLACE;
		for (enum place place = 0; place < N_PLACES; place++)
			ruleset->lists[family][place] = (List){ g_ptr_array_new(), g_ptr_array_new() };
	}
	return ruleset;
}

void ruleset_free(Ruleset *ruleset)
{
	if (!ruleset)
		return;
	for (enum family family = 0; family < N_FAMILIES; family++) {
		for (enum place place = 0; place < N_PLACES; place++) {
			List *gone = &ruleset->lists[family][place];

			g_ptr_array_foreach(gone->entries, (GFunc)(void (*)(void))g_free, NULL);
			g_ptr_array_unref(gone->entries);
			g_ptr_array_unref(gone->changed);
		}
	}
	g_hash_table_unref(ruleset->entries);
	g_hash_table_unref(ruleset->askers);
	g_free(ruleset);
}

static List *ruleset_list(Ruleset *ruleset, const Rule *rule)
{
	return &ruleset->lists[rule->family][rule->place];
}

static void ruleset_move(Ruleset *ruleset, RulesetEntry *entry, const RuleOrder *order)
{
	List *list = ruleset_list(ruleset, &entry->rule);
	guint at = entries_search(list->entries->pdata, list->sorted, entry);
	bool sorted = at < list->sorted && list->entries->pdata[at] == entry;

	entry->order = *order;
	entry->reordered = true;
	list->touched = true;
	if (sorted) {
		g_ptr_array_remove_index(list->entries, at);
		list->sorted--;
		list_append(list, entry);
	}
	list_note(list, entry);
}

/* The entry of an item; a new one is dead and counted as such. One that nobody wants goes where the item says. */
static RulesetEntry *ruleset_ensure(Ruleset *ruleset, const RuleItem *item)
{
	List *list = ruleset_list(ruleset, &item->rule);
	RulesetEntry *entry = ruleset_find(ruleset, &item->rule);

	if (!entry) {
		entry = g_new0(RulesetEntry, 1);
		entry->rule = item->rule;
		entry->order = item->order;
		g_hash_table_add(ruleset->entries, entry);
		list_append(list, entry);
		list_note(list, entry);
		list->count[STATUS_DEAD]++;
	} else if (entry->references == 0 && rule_order_compare(&entry->order, &item->order) != 0) {
		ruleset_move(ruleset, entry, &item->order);
	}
	return entry;
}

/* By age, whichever end of its place the oldest has. */
static int age_compare(gconstpointer a, gconstpointer b, gpointer data G_GNUC_UNUSED)
{
	const RuleOrder *x = a, *y = b;
	RuleOrder ages[] = { { ABS(x->sequence), x->index }, { ABS(y->sequence), y->index } };

	return rule_order_compare(&ages[0], &ages[1]);
}

/* One more asks for a rule that is wanted already. */
static void ruleset_add_asker(Ruleset *ruleset, RulesetEntry *entry, const RuleOrder *order)
{
	GSequence *askers = g_hash_table_lookup(ruleset->askers, entry);
	RuleOrder younger = *order;

	if (age_compare(order, &entry->order, NULL) < 0) {
		younger = entry->order;
		ruleset_move(ruleset, entry, order);
	}
	if (!askers) {
		askers = g_sequence_new(g_free);
		g_hash_table_insert(ruleset->askers, entry, askers);
	}
	g_sequence_insert_sorted(askers, g_memdup2(&younger, sizeof younger), age_compare, NULL);
}

/* One less, and others still do. */
static void ruleset_remove_asker(Ruleset *ruleset, RulesetEntry *entry, const RuleOrder *order)
{
	GSequence *askers = g_hash_table_lookup(ruleset->askers, entry);
	GSequenceIter *iter = g_sequence_get_begin_iter(askers);
	const RuleOrder *next = g_sequence_get(iter);

	if (age_compare(order, &entry->order, NULL) != 0) {
		iter = g_sequence_lookup(askers, (gpointer)order, age_compare, NULL);
		g_assert(iter);
	} else if (age_compare(next, order, NULL) != 0) {
		ruleset_move(ruleset, entry, next);
	}
	g_sequence_remove(iter);
	if (g_sequence_is_empty(askers))
		g_hash_table_remove(ruleset->askers, entry);
}

static void ruleset_change(Ruleset *ruleset, RulesetEntry *entry, guint32 references, bool committed)
{
	List *list = ruleset_list(ruleset, &entry->rule);

	list->count[entry_status(entry)]--;
	entry->references = references;
	entry->committed = committed;
	list->count[entry_status(entry)]++;
	list_note(list, entry);
}

void ruleset_add(Ruleset *ruleset, const RuleItem *item)
{
	RulesetEntry *entry = ruleset_ensure(ruleset, item);

	if (entry->references > 0 && !place_is_shared(item->rule.place))
		ruleset_add_asker(ruleset, entry, &item->order);
	ruleset_change(ruleset, entry, entry->references + 1, entry->committed);
}

void ruleset_remove(Ruleset *ruleset, const RuleItem *item)
{
	RulesetEntry *entry = ruleset_find(ruleset, &item->rule);

	g_assert(entry && entry->references > 0);
	if (entry->references > 1 && !place_is_shared(item->rule.place))
		ruleset_remove_asker(ruleset, entry, &item->order);
	ruleset_change(ruleset, entry, entry->references - 1, entry->committed);
}

void ruleset_add_all(Ruleset *ruleset, const GArray *items)
{
	for (guint i = 0; i < items->len; i++)
		ruleset_add(ruleset, &g_array_index(items, RuleItem, i));
}

void ruleset_remove_all(Ruleset *ruleset, const GArray *items)
{
	for (guint i = items->len; i > 0; i--)
		ruleset_remove(ruleset, &g_array_index(items, RuleItem, i - 1));
}

void ruleset_pin(Ruleset *ruleset, const RuleItem *item)
{
	RulesetEntry *entry = ruleset_ensure(ruleset, item);

	ruleset_change(ruleset, entry, entry->references, true);
}

void ruleset_pin_all(Ruleset *ruleset)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		for (enum place place = 0; place < N_PLACES; place++) {
			List *list = &ruleset->lists[family][place];

			for (guint i = 0; i < list->changed->len; i++) {
				RulesetEntry *entry = list->changed->pdata[i];

				if (entry->references > 0)
					ruleset_change(ruleset, entry, entry->references, true);
			}
		}
}

const GPtrArray *ruleset_place(const Ruleset *ruleset, enum family family, enum place place)
{
	/* Putting entries in order changes nothing that can be seen from outside. */
	List *list = (List *)&ruleset->lists[family][place];

	list_sort(list);
	return list->entries;
}

RulesetEntry *ruleset_find(const Ruleset *ruleset, const Rule *rule)
{
	/* A rule is what an entry begins with, and all that hash and comparison look at. */
	G_STATIC_ASSERT(G_STRUCT_OFFSET(RulesetEntry, rule) == 0);

	return g_hash_table_lookup(ruleset->entries, rule);
}

bool ruleset_is_dirty(const Ruleset *ruleset, enum family family, enum place place)
{
	return list_is_dirty(&ruleset->lists[family][place]);
}

void ruleset_set_dirty(Ruleset *ruleset, enum family family, enum place place)
{
	ruleset->lists[family][place].doubted = true;
}

void ruleset_set_all_dirty(Ruleset *ruleset)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		for (enum place place = 0; place < N_PLACES; place++)
			ruleset_set_dirty(ruleset, family, place);
}

bool ruleset_is_doubted(const Ruleset *ruleset)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		for (enum place place = 0; place < N_PLACES; place++)
			if (ruleset->lists[family][place].doubted)
				return true;
	return false;
}

const GPtrArray *ruleset_changes(const Ruleset *ruleset, enum family family, enum place place)
{
	return ruleset->lists[family][place].changed;
}

bool ruleset_grows(const Ruleset *ruleset)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		for (enum place place = 0; place < N_PLACES; place++)
			if (ruleset->lists[family][place].count[STATUS_GAINED] > 0)
				return true;
	return false;
}

void ruleset_set_forward_policy(Ruleset *ruleset, enum family family, enum rule_target policy)
{
	if (ruleset->forward_policy[family] == policy)
		return;
	ruleset->forward_policy[family] = policy;
	ruleset->lists[family][PLACE_FORWARD_NETWORK].touched = true;
}

enum rule_target ruleset_forward_policy(const Ruleset *ruleset, enum family family)
{
	return ruleset->forward_policy[family];
}

void ruleset_committed(Ruleset *ruleset, enum family family, enum place place)
{
	list_committed(&ruleset->lists[family][place]);
}

void ruleset_finish(Ruleset *ruleset)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		for (enum place place = 0; place < N_PLACES; place++)
			list_finish(ruleset, &ruleset->lists[family][place]);
}
