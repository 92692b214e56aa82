/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/rules/ruleset.h"

#include <string.h>

/* What an entry is to its chain; counted, so that nobody has to look through a chain in which nothing is to
 * be done. */
enum status {
	STATUS_KEPT,   /* desired and held */
	STATUS_GAINED, /* desired, not held */
	STATUS_LOST,   /* held, not desired */
	STATUS_DEAD,   /* neither: waits for ruleset_settle() */
	N_STATUSES
};

typedef struct Chain {
	GPtrArray *entries; /* RulesetEntry, owned */
	GPtrArray *changed; /* those of them that are not kept, and some that are again; and what is no rule */
	guint sorted;       /* so many entries at the front are in order, the rest are put in when somebody looks */
	guint count[N_STATUSES];
	bool touched; /* differs from the kernel in another way than by gained and lost entries */
} Chain;

struct Ruleset {
	Chain chains[N_FAMILIES][N_CHAINS];
	GHashTable *entries; /* a set of RulesetEntry by content */
	enum rule_target forward_policy[N_FAMILIES];
	guint size;
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
	int r;

	if (a->rule.zone != b->rule.zone)
		return a->rule.zone < b->rule.zone ? -1 : 1;
	r = rule_order_compare(&a->order, &b->order);
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
		return entry->held ? STATUS_KEPT : STATUS_GAINED;
	return entry->held ? STATUS_LOST : STATUS_DEAD;
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

static void chain_append(Chain *chain, RulesetEntry *entry)
{
	guint n = chain->entries->len;

	if (chain->sorted == n && (n == 0 || entry_compare(chain->entries->pdata[n - 1], entry) < 0))
		chain->sorted++;
	g_ptr_array_add(chain->entries, entry);
}

/* Puts the unsorted entries in, from the last one on, so that every pointer moves once. */
static void chain_sort(Chain *chain)
{
	gpointer *entries = chain->entries->pdata;
	guint end = chain->sorted, n = chain->entries->len - end;
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
	chain->sorted = chain->entries->len;
}

static bool chain_is_dirty(const Chain *chain)
{
	return chain->touched || chain->count[STATUS_GAINED] > 0 || chain->count[STATUS_LOST] > 0;
}

static bool is_changed(const RulesetEntry *entry)
{
	return entry_status(entry) != STATUS_KEPT || entry->reordered || entry->rule.target == TARGET_CHAIN;
}

static void chain_list(Chain *chain, RulesetEntry *entry)
{
	if (entry->listed || !is_changed(entry))
		return;
	entry->listed = true;
	g_ptr_array_add(chain->changed, entry);
}

/* Leaves those that are kept again out of the list. */
static void chain_prune(Chain *chain)
{
	guint n = 0;

	for (guint i = 0; i < chain->changed->len; i++) {
		RulesetEntry *entry = chain->changed->pdata[i];

		entry->listed = is_changed(entry);
		if (entry->listed)
			chain->changed->pdata[n++] = entry;
	}
	g_ptr_array_set_size(chain->changed, n);
}

static void chain_committed(Chain *chain)
{
	chain->touched = false;
	for (guint i = 0; i < chain->changed->len; i++) {
		RulesetEntry *entry = chain->changed->pdata[i];

		entry->held = entry->references > 0;
		entry->reordered = false;
	}
	chain->count[STATUS_KEPT] += chain->count[STATUS_GAINED];
	chain->count[STATUS_DEAD] += chain->count[STATUS_LOST];
	chain->count[STATUS_GAINED] = chain->count[STATUS_LOST] = 0;
	chain_prune(chain);
}

/* Frees the dead, and closes the gaps. */
static void chain_settle(Ruleset *ruleset, Chain *chain)
{
	g_autofree guint *dead = g_new(guint, chain->count[STATUS_DEAD]);
	gpointer *entries = chain->entries->pdata;
	guint n = 0, n_dead = 0;

	if (chain->count[STATUS_DEAD] == 0)
		return;
	chain_sort(chain);
	for (guint i = 0; i < chain->changed->len; i++) {
		RulesetEntry *entry = chain->changed->pdata[i];

		if (entry_status(entry) == STATUS_DEAD)
			dead[n_dead++] = entries_search(entries, chain->entries->len, entry);
		else
			chain->changed->pdata[n++] = entry;
	}
	g_ptr_array_set_size(chain->changed, n);
	for (guint i = 0; i < n_dead; i++) {
		g_hash_table_remove(ruleset->entries, entries[dead[i]]);
		g_clear_pointer(&entries[dead[i]], g_free);
	}
	n = 0;
	for (guint i = 0; i < chain->entries->len; i++)
		if (entries[i])
			entries[n++] = entries[i];
	g_ptr_array_set_size(chain->entries, n);
	chain->sorted = n;
	chain->count[STATUS_DEAD] = 0;
}

Ruleset *ruleset_new(void)
{
	Ruleset *ruleset = g_new0(Ruleset, 1);

	ruleset->entries = g_hash_table_new(entry_hash, entry_equal);
	for (enum family family = 0; family < N_FAMILIES; family++) {
		ruleset->forward_policy[family] = TARGET_CHAIN;
		for (enum chain chain = 0; chain < N_CHAINS; chain++)
			ruleset->chains[family][chain] = (Chain){ g_ptr_array_new(), g_ptr_array_new() };
	}
	return ruleset;
}

void ruleset_free(Ruleset *ruleset)
{
	if (!ruleset)
		return;
	for (enum family family = 0; family < N_FAMILIES; family++) {
		for (enum chain chain = 0; chain < N_CHAINS; chain++) {
			Chain *gone = &ruleset->chains[family][chain];

			g_ptr_array_foreach(gone->entries, (GFunc)(void (*)(void))g_free, NULL);
			g_ptr_array_unref(gone->entries);
			g_ptr_array_unref(gone->changed);
		}
	}
	g_hash_table_unref(ruleset->entries);
	g_free(ruleset);
}

static Chain *ruleset_chain_of(Ruleset *ruleset, const Rule *rule)
{
	return &ruleset->chains[rule->family][rule->chain];
}

/* The entry of an item; a new one is dead and counted as such. One that nobody wants goes where the item
 * says. */
static RulesetEntry *ruleset_ensure(Ruleset *ruleset, const RuleItem *item)
{
	Chain *chain = ruleset_chain_of(ruleset, &item->rule);
	RulesetEntry *entry = ruleset_find(ruleset, &item->rule);

	if (!entry) {
		entry = g_new0(RulesetEntry, 1);
		entry->rule = item->rule;
		entry->order = item->order;
		g_hash_table_add(ruleset->entries, entry);
		chain_append(chain, entry);
		chain_list(chain, entry);
		chain->count[STATUS_DEAD]++;
	} else if (entry->references == 0 && rule_order_compare(&entry->order, &item->order) != 0) {
		entry->order = item->order;
		entry->reordered = true;
		chain->sorted = 0;
		chain->touched = true;
	}
	return entry;
}

static void ruleset_change(Ruleset *ruleset, RulesetEntry *entry, guint32 references, bool held)
{
	Chain *chain = ruleset_chain_of(ruleset, &entry->rule);

	if (entry->rule.target != TARGET_CHAIN)
		ruleset->size += (references > 0) - (entry->references > 0);
	chain->count[entry_status(entry)]--;
	entry->references = references;
	entry->held = held;
	chain->count[entry_status(entry)]++;
	chain_list(chain, entry);
}

void ruleset_add(Ruleset *ruleset, const RuleItem *item)
{
	RulesetEntry *entry = ruleset_ensure(ruleset, item);

	ruleset_change(ruleset, entry, entry->references + 1, entry->held);
}

void ruleset_remove(Ruleset *ruleset, const RuleItem *item)
{
	RulesetEntry *entry = ruleset_find(ruleset, &item->rule);

	g_assert(entry && entry->references > 0);
	ruleset_change(ruleset, entry, entry->references - 1, entry->held);
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

void ruleset_hold(Ruleset *ruleset, const RuleItem *item)
{
	RulesetEntry *entry = ruleset_ensure(ruleset, item);

	ruleset_change(ruleset, entry, entry->references, true);
}

const GPtrArray *ruleset_chain(const Ruleset *ruleset, enum family family, enum chain chain)
{
	/* Putting entries in order changes nothing that can be seen from outside. */
	Chain *sorted = (Chain *)&ruleset->chains[family][chain];

	chain_sort(sorted);
	return sorted->entries;
}

RulesetEntry *ruleset_find(const Ruleset *ruleset, const Rule *rule)
{
	/* A rule is what an entry begins with, and all that hash and comparison look at. */
	G_STATIC_ASSERT(G_STRUCT_OFFSET(RulesetEntry, rule) == 0);

	return g_hash_table_lookup(ruleset->entries, rule);
}

bool ruleset_is_dirty(const Ruleset *ruleset, enum family family, enum chain chain)
{
	return chain_is_dirty(&ruleset->chains[family][chain]);
}

bool ruleset_table_is_dirty(const Ruleset *ruleset, enum family family, enum table table)
{
	for (enum chain chain = 0; chain < N_CHAINS; chain++)
		if (chain_info(chain)->table == table && ruleset_is_dirty(ruleset, family, chain))
			return true;
	return false;
}

void ruleset_set_dirty(Ruleset *ruleset, enum family family, enum table table)
{
	for (enum chain chain = 0; chain < N_CHAINS; chain++)
		if (chain_info(chain)->table == table)
			ruleset->chains[family][chain].touched = true;
}

bool ruleset_grows(const Ruleset *ruleset)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		for (enum chain chain = 0; chain < N_CHAINS; chain++)
			if (ruleset->chains[family][chain].count[STATUS_GAINED] > 0)
				return true;
	return false;
}

void ruleset_set_forward_policy(Ruleset *ruleset, enum family family, enum rule_target policy)
{
	if (ruleset->forward_policy[family] == policy)
		return;
	ruleset->forward_policy[family] = policy;
	ruleset->chains[family][CHAIN_FILTER_FORWARD].touched = true;
}

enum rule_target ruleset_forward_policy(const Ruleset *ruleset, enum family family)
{
	return ruleset->forward_policy[family];
}

void ruleset_committed(Ruleset *ruleset, enum family family, enum table table)
{
	for (enum chain chain = 0; chain < N_CHAINS; chain++)
		if (chain_info(chain)->table == table)
			chain_committed(&ruleset->chains[family][chain]);
}

void ruleset_settle(Ruleset *ruleset)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		for (enum chain chain = 0; chain < N_CHAINS; chain++)
			chain_settle(ruleset, &ruleset->chains[family][chain]);
}

guint ruleset_size(const Ruleset *ruleset)
{
	return ruleset->size;
}
