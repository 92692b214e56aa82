/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/commit.h"

#include "service/iptables/form.h"
#include "service/iptables/layout.h"
#include "service/iptables/private.h"

#include <errno.h>
#include <string.h>

#define ATTEMPTS_MAX 10

/* The table being written. */
typedef struct Work {
	Iptables *iptables;
	const Ruleset *ruleset;
	enum family family;
	enum table table;
	bool optional; /* it is no failure that the kernel has no such table */
	Snapshot *snapshot;

	bool changed; /* the snapshot, so that it must be written */
	BackendCommit result;
} Work;

static void add_drift(BackendCommit *result, const char *table, const char *chain)
{
	g_autofree char *text = g_strdup_printf("%s %s", table, chain);

	if (!result->drifted)
		result->drifted = g_ptr_array_new_with_free_func(g_free);
	if (!g_ptr_array_find_with_equal_func(result->drifted, text, g_str_equal, NULL))
		g_ptr_array_add(result->drifted, g_steal_pointer(&text));
}

/* Nobody reads more of them. */
#define MAX_TOLD 256

/* Rules of others in a chain of ours, each once. */
static void tell_of_foreign(Work *work, enum chain chain)
{
	const Diff *diff = work->iptables->diff;
	GHashTable *told = work->iptables->told;

	for (guint i = 0; i < diff->foreign->len; i++) {
		guint position = g_array_index(diff->foreign, guint, i);
		const ActualEntry *actual = &g_array_index(diff->actual, ActualEntry, position);
		gpointer key = GSIZE_TO_POINTER(actual->digest + chain * N_FAMILIES + work->family);
		g_autofree char *text = NULL;

		if (g_hash_table_size(told) >= MAX_TOLD || !g_hash_table_add(told, key))
			continue;
		text = form_to_text(work->family, actual);
		g_message("A rule of somebody else's in %s chain %s of table %s is kept where it stands: %s",
			  family_to_string(work->family), work->iptables->names[chain], table_name(work->table), text);
	}
}

/* Makes what the diff says of a chain true of the snapshot. */
static bool apply_diff(Work *work, enum chain chain)
{
	const Diff *diff = work->iptables->diff;
	const char *name = work->iptables->names[chain];

	tell_of_foreign(work, chain);
	if (diff->deletions->len && diff->deletions->len == diff->n_actual) {
		if (!snapshot_flush_chain(work->snapshot, name))
			return false;
	} else {
		/* From the bottom, so that the numbers above stay right. */
		for (guint i = diff->deletions->len; i-- > 0;)
			if (!snapshot_delete(work->snapshot, name, g_array_index(diff->deletions, guint, i)))
				return false;
	}

	for (guint i = 0; i < diff->insertions->len; i++) {
		const DiffInsertion *insertion = &g_array_index(diff->insertions, DiffInsertion, i);
		Entry entry;
		entry_encode(&insertion->entry->rule, work->iptables->names, &entry);
		if (!snapshot_insert(work->snapshot, name, insertion->position, &entry))
			return false;
	}

	work->result.removed += diff->deletions->len;
	work->result.added += diff->insertions->len;
	work->changed |= diff->deletions->len || diff->insertions->len;
	if (diff_drifted(diff))
		add_drift(&work->result, table_name(work->table), name);
	return true;
}

/*
 * Jumps need their chains, so these come first. A chain that should be there and
 * is not must be filled, dirty or not.
 */
static bool create_chains(Work *work, bool *ret_created)
{
	for (enum chain chain = 0; chain < N_CHAINS; chain++) {
		const ChainInfo *info = chain_info(chain);
		const char *name = work->iptables->names[chain];

		ret_created[chain] = false;
		if (info->table != work->table || info->builtin || snapshot_has_chain(work->snapshot, name))
			continue;
		ChainState state = layout_chain_state(work->ruleset, work->family, chain);
		if (!state.wanted)
			continue;
		if (!snapshot_create_chain(work->snapshot, name))
			return false;
		ret_created[chain] = work->changed = true;
		if (state.committed)
			add_drift(&work->result, table_name(work->table), name);
	}
	return true;
}

static bool fill_chains(Work *work, const bool *created)
{
	for (enum chain chain = 0; chain < N_CHAINS; chain++) {
		const ChainInfo *info = chain_info(chain);

		if (info->table != work->table ||
		    !(layout_chain_is_dirty(work->ruleset, work->family, chain) || created[chain]))
			continue;
		/* Neither wanted nor made by us: whatever it holds is not ours to touch. */
		if (!info->builtin) {
			ChainState state = layout_chain_state(work->ruleset, work->family, chain);
			if (!state.wanted && !state.committed)
				continue;
		}
		diff_chain(work->iptables->diff, work->snapshot, work->iptables->names, work->ruleset, chain);
		if (!apply_diff(work, chain))
			return false;
	}
	return true;
}

/*
 * Takes away the chains of ours that nobody wants any more, emptied by now,
 * unless somebody else's rule jumps there.
 */
static bool delete_chains(Work *work)
{
	for (enum chain chain = 0; chain < N_CHAINS; chain++) {
		const ChainInfo *info = chain_info(chain);
		const char *name = work->iptables->names[chain];
		unsigned int references;

		if (info->table != work->table || info->builtin ||
		    !layout_chain_is_dirty(work->ruleset, work->family, chain) ||
		    !snapshot_has_chain(work->snapshot, name) ||
		    layout_chain_state(work->ruleset, work->family, chain).wanted)
			continue;
		if (!snapshot_count_references(work->snapshot, name, &references))
			return false;
		if (references || !snapshot_chain_is_empty(work->snapshot, name))
			continue;
		if (!snapshot_delete_chain(work->snapshot, name))
			return false;
		work->changed = true;
	}
	return true;
}

static bool set_policy(Work *work)
{
	static const xt_chainlabel accept = IPTC_LABEL_ACCEPT, drop = IPTC_LABEL_DROP;
	const char *name = work->iptables->names[CHAIN_FILTER_FORWARD];
	enum rule_target target = ruleset_forward_policy(work->ruleset, work->family);

	/* While it is ours it is looked at whenever the table is at hand. */
	if (work->table != TABLE_FILTER || target == TARGET_PLACE ||
	    (target != TARGET_DROP && !layout_chain_is_dirty(work->ruleset, work->family, CHAIN_FILTER_FORWARD)))
		return true;

	const char *wanted = target == TARGET_DROP ? drop : accept;
	const char *policy = snapshot_policy(work->snapshot, name);
	if (!policy)
		return false;
	if (strcmp(policy, wanted) == 0)
		return true;
	if (target == TARGET_DROP && work->iptables->drops[work->family])
		add_drift(&work->result, table_name(work->table), name);
	work->result.policies++;
	work->changed = true;
	return snapshot_set_policy(work->snapshot, name, wanted);
}

static bool lead_to_user(Work *work)
{
	int added;

	if (work->table != TABLE_FILTER || !layout_chain_is_dirty(work->ruleset, work->family, CHAIN_FILTER_FORWARD))
		return true;
	if (!user_chain_lead(&work->iptables->user, work->snapshot, work->ruleset, work->iptables->names, &added))
		return false;
	work->changed |= added != 0;
	work->result.added += MAX(added, 0);
	work->result.removed += MAX(-added, 0);
	return true;
}

static bool fill_table(Work *work)
{
	bool created[N_CHAINS];

	return create_chains(work, created) && fill_chains(work, created) && lead_to_user(work) &&
	       delete_chains(work) && set_policy(work);
}

/* Returns 0 or a negative errno; then *ret_writing says whether the table could be read at least. */
static int attempt(Work *work, bool *ret_writing)
{
	bool done;
	int r;

	backend_commit_clear(&work->result);
	work->changed = false;
	work->snapshot = snapshot_open(work->family, work->table);
	*ret_writing = work->snapshot;
	if (!work->snapshot)
		return -errno;

	done = fill_table(work);
	if (done && work->changed) {
		done = snapshot_commit(work->snapshot);
		work->result.commits = done;
	}
	r = done ? 0 : -errno;
	g_clear_pointer(&work->snapshot, snapshot_free);
	return r;
}

/* Edits the table, again when somebody else has written it meanwhile. The result is the caller's to clear. */
static bool write_table(Work *work, GError **error)
{
	bool writing = false;
	int r = -EAGAIN;

	for (guint i = 0; i < ATTEMPTS_MAX && r == -EAGAIN; i++)
		r = attempt(work, &writing);
	if (r == 0 || (work->optional && !writing && snapshot_is_missing(-r)))
		return true;
	snapshot_set_error(error, work->family, work->table, writing, -r);
	return false;
}

static void add_result(BackendCommit *total, const BackendCommit *one)
{
	total->commits += one->commits;
	total->added += one->added;
	total->removed += one->removed;
	total->policies += one->policies;
	for (guint i = 0; one->drifted && i < one->drifted->len; i++) {
		g_auto(GStrv) parts = g_strsplit(g_ptr_array_index(one->drifted, i), " ", 2);
		add_drift(total, parts[0], parts[1]);
	}
}

/* --- what is left --- */

static TableSize read_size(const Iptables *iptables, enum family family, enum table table)
{
	return iptables->sockets[family] >= 0 ? table_size_read(iptables->sockets[family], family, table)
					      : (TableSize){};
}

/* Whether all of our chains in a table are compared, and not only those that are to change. */
static bool is_whole(const Ruleset *ruleset, enum family family, enum table table)
{
	for (enum chain chain = 0; chain < N_CHAINS; chain++)
		if (chain_info(chain)->table == table && !layout_chain_is_dirty(ruleset, family, chain))
			return false;
	return true;
}

/* What somebody else changed in a chain that was not looked at is still to be found. */
static void note_size(Iptables *iptables, enum family family, enum table table, bool compared)
{
	iptables->sizes[family][table] = compared ? read_size(iptables, family, table) : (TableSize){};
}

static void open_sockets(Iptables *iptables)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (iptables->sockets[family] < 0)
			iptables->sockets[family] = table_size_socket(family);
}

static bool commit_table(Iptables *iptables, Ruleset *ruleset, enum family family, enum table table, BackendCommit *ret,
			 GError **error)
{
	/* A host without IPv6 tables is fine as long as nothing is to stand there. */
	Work work = { iptables, ruleset, family, table, .optional = !layout_needs_table(ruleset, family, table) };
	TableSize before;
	bool compared, ok;

	if (work.optional && !layout_touches_table(ruleset, family, table)) {
		layout_table_committed(ruleset, family, table);
		return true;
	}

	before = read_size(iptables, family, table);
	compared = is_whole(ruleset, family, table) || table_size_equal(&before, &iptables->sizes[family][table]);
	ok = write_table(&work, error);
	note_size(iptables, family, table, ok && compared);
	iptables->looked[family][table] = !work.optional;
	if (ok) {
		if (table == TABLE_FILTER && ruleset_forward_policy(ruleset, family) != TARGET_PLACE)
			iptables->drops[family] = ruleset_forward_policy(ruleset, family) == TARGET_DROP;
		add_result(ret, &work.result);
		layout_table_committed(ruleset, family, table);
	}
	backend_commit_clear(&work.result);
	return ok;
}

bool iptables_commit(Backend *backend, Ruleset *ruleset, BackendCommit *ret, GError **error)
{
	static const enum table growing[N_TABLES] = { TABLE_RAW, TABLE_MANGLE, TABLE_FILTER, TABLE_NAT };
	Iptables *iptables = (Iptables *)backend;
	bool grows = ruleset_grows(ruleset);

	iptables_assert_locked(iptables);
	open_sockets(iptables);
	*ret = (BackendCommit){};
	for (guint i = 0; i < N_TABLES; i++) {
		enum table table = growing[grows ? i : N_TABLES - 1 - i];
		for (enum family family = 0; family < N_FAMILIES; family++)
			if (layout_table_is_dirty(ruleset, family, table) &&
			    !commit_table(iptables, ruleset, family, table, ret, error))
				return false;
	}
	for (enum family family = 0; family < N_FAMILIES; family++)
		layout_table_committed(ruleset, family, N_TABLES);
	return true;
}
