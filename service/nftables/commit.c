/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/nftables/private.h"

#include "service/nftables/translate.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

/* How often others may change the namespace's rules between our look and our commit. */
#define ATTEMPTS_MAX 20

enum table_change { TABLE_NONE, TABLE_CREATED, TABLE_KEPT, TABLE_REBUILT, TABLE_DELETED };

typedef struct Work {
	Nftables *nftables;
	const Ruleset *ruleset;
	BackendCommit *result;
	BackendCommit attempt; /* what this attempt does, if it succeeds */
	GPtrArray *touched;    /* Item whose count changed; NULL: all may have */
	int step;              /* what a rule counts */

	ActualTable actual[N_FAMILIES];
	guint32 generation;        /* of what was read */
	bool expected[N_FAMILIES]; /* the table was committed */
	bool drifted[N_FAMILIES];
	enum table_change changes[N_FAMILIES];
	GPtrArray *additions[N_FAMILIES][N_SETS], *deletions[N_FAMILIES][N_SETS]; /* Item; NULL: none */
	Batch *batch;
} Work;

static void work_clear(Work *work)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		for (enum set set = 0; set < N_SETS; set++) {
			g_clear_pointer(&work->additions[family][set], g_ptr_array_unref);
			g_clear_pointer(&work->deletions[family][set], g_ptr_array_unref);
		}
	g_clear_pointer(&work->batch, batch_free);
	g_clear_pointer(&work->touched, g_ptr_array_unref);
	backend_commit_clear(&work->attempt);
}

/* What is others' stays as it is in the kernel, as long as we have a table there. */
static bool wants_drop(const Work *work, enum family family)
{
	enum rule_target policy = ruleset_forward_policy(work->ruleset, family);

	if (policy != TARGET_PLACE)
		return policy == TARGET_DROP;
	return work->touched ? work->nftables->tables[family].drop : work->actual[family].drop;
}

/* A host that goes on to forward, as we made it do, stays closed also when there is no object any more. */
static bool wants_table(const Work *work, enum family family)
{
	return work->nftables->tables[family].wanted > 0 || wants_drop(work, family);
}

static void add_drift(Work *work, enum family family, const char *what)
{
	g_autofree char *text = g_strdup_printf("%s %s", work->nftables->table, what);

	work->drifted[family] = true;
	if (!work->attempt.drifted)
		work->attempt.drifted = g_ptr_array_new_with_free_func(g_free);
	if (!g_ptr_array_find_with_equal_func(work->attempt.drifted, text, g_str_equal, NULL))
		g_ptr_array_add(work->attempt.drifted, g_steal_pointer(&text));
}

/* --- what is to be done --- */

static void list_item(GPtrArray **list, Item *item)
{
	if (!*list)
		*list = g_ptr_array_new();
	g_ptr_array_add(*list, item);
}

static bool plan_item(Item *item, void *userdata)
{
	Work *work = userdata;
	enum family family = item->element.family;
	enum set set = item->element.set;
	bool there = work->touched ? item->committed : item->actual;

	switch (work->changes[family]) {
	case TABLE_KEPT:
		if (!work->touched && item->committed != item->actual)
			add_drift(work, family, set_info(set)->name);
		if (item->wanted > 0 && !there)
			list_item(&work->additions[family][set], item);
		else if (item->wanted == 0 && there)
			list_item(&work->deletions[family][set], item);
		break;
	case TABLE_CREATED:
	case TABLE_REBUILT:
		if (item->wanted > 0)
			list_item(&work->additions[family][set], item);
		break;
	default:
		/* They go with the table. */
		work->attempt.removed += there;
		break;
	}
	return false;
}

static void put_elements(Work *work, guint16 type, guint16 flags, const GPtrArray *items)
{
	bool adds = type == NFT_MSG_NEWSETELEM;
	struct nlmsghdr *message = NULL;
	struct nlattr *list = NULL;

	for (guint i = 0; i < items->len; i++) {
		const Element *element = &((const Item *)items->pdata[i])->element;
		const char *name = set_info(element->set)->name;

		if (!message) {
			message = batch_message(work->batch, element->family, type, flags, name);
			mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, work->nftables->table);
			mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, name);
			list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
		}
		element_put(element, message, adds ? ELEMENT_WHOLE : ELEMENT_TO_DELETE);
		*(adds ? &work->attempt.added : &work->attempt.removed) += 1;
		if (message->nlmsg_len < BATCH_MESSAGE_MAX - ELEMENT_ATTRIBUTES_MAX && i + 1 < items->len)
			continue;
		mnl_attr_nest_end(message, list);
		batch_put(work->batch);
		message = NULL;
	}
}

static void put_table(Work *work, enum family family)
{
	const Nftables *nftables = work->nftables;
	const char *table = nftables->table;

	if (work->changes[family] == TABLE_DELETED || work->changes[family] == TABLE_REBUILT)
		skeleton_delete(work->batch, family, table);
	if (work->changes[family] == TABLE_CREATED || work->changes[family] == TABLE_REBUILT)
		skeleton_put(work->batch, family, table, nftables->flags, wants_drop(work, family));
	if (work->changes[family] == TABLE_KEPT &&
	    (work->touched ? nftables->tables[family].drop : work->actual[family].drop) != wants_drop(work, family))
		skeleton_put_policy(work->batch, family, table, wants_drop(work, family));
}

static int compare_items(gconstpointer a, gconstpointer b)
{
	const Element *x = &(*(Item *const *)a)->element, *y = &(*(Item *const *)b)->element;
	int r = memcmp(x->bytes, y->bytes, MIN(x->size, y->size));

	return r != 0 ? r : x->size - y->size;
}

/*
 * Where intervals are of several fields the kernel looks for what is to be deleted from what came first on, 1,000 times
 * as long as if it stood there: they come and go in the same order.
 */
static void sort_intervals(GPtrArray *items, enum set set)
{
	if (set_info(set)->interval && !set_has_end_elements(set))
		g_ptr_array_sort(items, compare_items);
}

/* Deletions first, so that an element comes in the place of another with the same key. */
static void put_all(Work *work)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		put_table(work, family);
	for (enum family family = 0; family < N_FAMILIES; family++)
		for (enum set set = 0; set < N_SETS; set++)
			if (work->deletions[family][set]) {
				sort_intervals(work->deletions[family][set], set);
				put_elements(work, NFT_MSG_DELSETELEM, 0, work->deletions[family][set]);
			}
	for (enum family family = 0; family < N_FAMILIES; family++)
		for (enum set set = 0; set < N_SETS; set++)
			if (work->additions[family][set]) {
				sort_intervals(work->additions[family][set], set);
				put_elements(work, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL,
					     work->additions[family][set]);
			}
}

static int send_batch(Work *work, BatchFailure *failure)
{
	if (batch_is_empty(work->batch))
		return 0;
	work->attempt.commits = 1;
	return batch_send(work->batch, work->nftables->socket, true, failure);
}

/* --- it is done --- */

static bool finish_item(Item *item, void *userdata G_GNUC_UNUSED)
{
	item->committed = item->wanted > 0;
	item->actual = item->listed = false;
	return item->wanted == 0;
}

static void finish(Work *work, Ruleset *ruleset)
{
	Nftables *nftables = work->nftables;

	if (!work->touched)
		inventory_foreach(nftables->elements, finish_item, NULL);
	for (guint i = 0; work->touched && i < work->touched->len; i++)
		if (finish_item(work->touched->pdata[i], NULL))
			inventory_remove(nftables->elements, work->touched->pdata[i]);
	for (enum family family = 0; family < N_FAMILIES; family++) {
		nftables->tables[family].committed = wants_table(work, family);
		nftables->tables[family].drop = nftables->tables[family].committed && wants_drop(work, family);
		for (enum place place = 0; place < N_PLACES; place++)
			if (ruleset_is_dirty(ruleset, family, place))
				ruleset_committed(ruleset, family, place);
	}
	nftables->synced = true;
	*work->result = work->attempt;
	work->attempt = (BackendCommit){};
}

/* --- what has changed alone --- */

static void count_element(const Element *element, void *userdata)
{
	Work *work = userdata;
	Item *item = inventory_ensure(work->nftables->elements, element);

	item->wanted += work->step;
	if (!work->touched || item->listed)
		return;
	item->listed = true;
	g_ptr_array_add(work->touched, item);
}

static void count_changes(Work *work, int sign)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		for (enum place place = 0; place < N_PLACES; place++) {
			const GPtrArray *changes = ruleset_changes(work->ruleset, family, place);

			for (guint i = 0; i < changes->len; i++) {
				const RulesetEntry *entry = changes->pdata[i];

				work->step = sign * ((entry->references > 0) - entry->committed);
				if (work->step == 0)
					continue;
				work->nftables->tables[family].wanted += work->step;
				translate(&entry->rule, count_element, work);
			}
		}
}

static void take_counts_back(Work *work)
{
	count_changes(work, -1);
	for (guint i = 0; i < work->touched->len; i++) {
		Item *item = work->touched->pdata[i];

		item->listed = false;
		if (item->wanted == 0 && !item->committed)
			inventory_remove(work->nftables->elements, item);
	}
}

static enum table_change find_change(const Work *work, enum family family)
{
	bool wanted = wants_table(work, family), committed = work->nftables->tables[family].committed;

	if (committed)
		return wanted ? TABLE_KEPT : TABLE_DELETED;
	return wanted ? TABLE_CREATED : TABLE_NONE;
}

/* False: the kernel did not take it, and nothing has changed. */
static bool commit_changes(Nftables *nftables, Ruleset *ruleset, BackendCommit *ret)
{
	Work work = { nftables, ruleset, ret, .touched = g_ptr_array_new(), .batch = batch_new(0) };
	bool ok;

	count_changes(&work, 1);
	for (enum family family = 0; family < N_FAMILIES; family++)
		work.changes[family] = find_change(&work, family);
	for (guint i = 0; i < work.touched->len; i++)
		plan_item(work.touched->pdata[i], &work);
	put_all(&work);
	ok = send_batch(&work, NULL) == 0;
	if (ok)
		finish(&work, ruleset);
	else
		take_counts_back(&work);
	work_clear(&work);
	return ok;
}

/* --- everything, compared with what is --- */

static void count_all(Work *work)
{
	Nftables *nftables = work->nftables;

	inventory_clear(nftables->elements);
	for (enum family family = 0; family < N_FAMILIES; family++) {
		nftables->tables[family].wanted = 0;
		for (enum place place = 0; place < N_PLACES; place++) {
			const GPtrArray *entries = ruleset_place(work->ruleset, family, place);

			for (guint i = 0; i < entries->len; i++) {
				const RulesetEntry *entry = entries->pdata[i];

				work->step = entry->references > 0;
				work->expected[family] |= entry->committed;
				nftables->tables[family].wanted += work->step;
				translate(&entry->rule, count_element, work);
			}
		}
	}
}

static void pin_element(const Element *element, void *userdata)
{
	Work *work = userdata;

	inventory_ensure(work->nftables->elements, element)->committed = true;
}

static void pin_all(Work *work)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		for (enum place place = 0; place < N_PLACES; place++) {
			const GPtrArray *entries = ruleset_place(work->ruleset, family, place);

			for (guint i = 0; i < entries->len; i++) {
				const RulesetEntry *entry = entries->pdata[i];

				if (entry->committed)
					translate(&entry->rule, pin_element, work);
			}
		}
}

typedef struct Reading {
	Work *work;
	enum family family;
} Reading;

static void read_element(const Element *element, const ActualCounter *counter G_GNUC_UNUSED, void *userdata)
{
	const Reading *reading = userdata;

	if (element)
		inventory_ensure(reading->work->nftables->elements, element)->actual = true;
	else
		reading->work->actual[reading->family].intact = false;
}

/* Whether an existing table can be ours as it is. */
static bool has_flags(const Nftables *nftables, const ActualTable *actual)
{
	return (nftables->flags & ~NFT_TABLE_F_OWNER) == (actual->flags & ~NFT_TABLE_F_OWNER);
}

static int read_family(Work *work, enum family family)
{
	const Nftables *nftables = work->nftables;
	ActualTable *actual = &work->actual[family];
	Reading reading = { work, family };
	int r = actual_table(nftables->socket, family, nftables->table, actual);

	actual->intact &= has_flags(nftables, actual);
	for (enum set set = 0; r == 0 && actual->intact && set < N_SETS; set++)
		if (set_in_family(set, family))
			r = actual_elements(nftables->socket, family, nftables->table, set, read_element, &reading);
	return r;
}

/* What was read is of one moment. */
static int read_all(Work *work)
{
	guint32 after;
	int r = actual_generation(work->nftables->socket, &work->generation);

	for (enum family family = 0; family < N_FAMILIES && r == 0; family++)
		r = read_family(work, family);
	if (r == 0)
		r = actual_generation(work->nftables->socket, &after);
	return r == 0 && after != work->generation ? -EINTR : r;
}

static enum table_change judge(Work *work, enum family family)
{
	const ActualTable *actual = &work->actual[family];
	bool wanted = wants_table(work, family), expected = work->expected[family];

	if (!wanted && !expected && ruleset_forward_policy(work->ruleset, family) == TARGET_PLACE)
		return TABLE_NONE;
	if (expected && !actual->exists)
		add_drift(work, family, "table");
	else if (expected && !actual->intact)
		add_drift(work, family, "chains");
	else if (work->nftables->synced && expected && work->nftables->tables[family].drop != actual->drop)
		add_drift(work, family, CHAIN_FORWARD);
	if (!actual->exists)
		return wanted ? TABLE_CREATED : TABLE_NONE;
	if (!wanted)
		return TABLE_DELETED;
	return actual->intact ? TABLE_KEPT : TABLE_REBUILT;
}

static bool is_ours(const Nftables *nftables, const ActualTable *actual)
{
	return actual->owner == mnl_socket_get_portid(nftables->socket);
}

static bool judge_all(Work *work, GError **error)
{
	for (enum family family = 0; family < N_FAMILIES; family++) {
		work->changes[family] = judge(work, family);
		if (work->changes[family] != TABLE_NONE && nftables_is_others(work->nftables, &work->actual[family]))
			return nftables_fail_owned(error, work->nftables, family);
	}
	return true;
}

/* Whatever we do next to a table is done as its owner. */
static void adopt(Work *work)
{
	const Nftables *nftables = work->nftables;

	for (enum family family = 0; family < N_FAMILIES; family++)
		if (work->changes[family] == TABLE_KEPT && nftables->flags & NFT_TABLE_F_OWNER &&
		    !is_ours(nftables, &work->actual[family]))
			skeleton_adopt(work->batch, family, nftables->table, nftables->flags);
}

static bool may_change(const Work *work)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (work->changes[family] != TABLE_NONE && !is_ours(work->nftables, &work->actual[family]))
			return true;
	return false;
}

static int try_whole(Work *work, BatchFailure *failure, GError **error)
{
	int r;

	count_all(work);
	pin_all(work);
	r = read_all(work);
	if (r < 0)
		return r;
	if (!judge_all(work, error))
		return 0;
	work->batch = batch_new(may_change(work) ? work->generation : 0);
	adopt(work);
	inventory_foreach(work->nftables->elements, plan_item, work);
	put_all(work);
	return send_batch(work, failure);
}

/* NULL: nobody is sure that it was somebody alone. */
static char *find_author(const Work *work, enum family family)
{
	return hearing_author(work->nftables->hearing, family_to_af(family), work->nftables->table, work->generation);
}

/* Who changed the table of each family that had drifted. */
static char *find_author_of_all(const Work *work)
{
	g_autofree char *found = NULL;

	for (enum family family = 0; family < N_FAMILIES; family++) {
		g_autofree char *author = work->drifted[family] ? find_author(work, family) : NULL;

		if (work->drifted[family] && (!author || (found && !g_str_equal(author, found))))
			return NULL;
		if (!found)
			found = g_steal_pointer(&author);
	}
	return g_steal_pointer(&found);
}

static void finish_whole(Work *work, Ruleset *ruleset)
{
	Hearing *hearing = work->nftables->hearing;

	if (hearing) {
		work->attempt.author = find_author_of_all(work);
		hearing_drop_authors(hearing);
	}
	finish(work, ruleset);
}

static bool commit_whole(Nftables *nftables, Ruleset *ruleset, BackendCommit *ret, GError **error)
{
	BatchFailure failure = {};
	GError *e = NULL;
	int r = -EINTR;

	for (guint i = 0; i < ATTEMPTS_MAX && (r == -EINTR || r == -ERESTART); i++) {
		Work work = { nftables, ruleset, ret };

		r = try_whole(&work, &failure, &e);
		if (r == 0 && !e)
			finish_whole(&work, ruleset);
		else
			nftables->synced = false;
		work_clear(&work);
	}
	if (e) {
		g_propagate_error(error, e);
		return false;
	}
	return r == 0 || nftables_fail(error, r, &failure);
}

bool nftables_commit(Backend *backend, Ruleset *ruleset, BackendCommit *ret, GError **error)
{
	Nftables *nftables = (Nftables *)backend;

	*ret = (BackendCommit){};
	if (!nftables_find_flags(nftables, error))
		return false;
	if (nftables->synced && !ruleset_is_doubted(ruleset) && commit_changes(nftables, ruleset, ret))
		return true;
	return commit_whole(nftables, ruleset, ret, error);
}
