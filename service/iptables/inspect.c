/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/inspect.h"

#include "service/iptables/layout.h"
#include "service/iptables/private.h"

#include <errno.h>

static Snapshot *open_table(enum family family, enum table table, GError **error)
{
	Snapshot *snapshot = snapshot_open(family, table);
	if (!snapshot)
		snapshot_set_error(error, family, table, false, errno);
	return snapshot;
}

bool iptables_probe(Backend *backend, enum family family, GError **error)
{
	(void)backend;

	for (enum table table = 0; table < N_TABLES; table++) {
		g_autoptr(Snapshot) snapshot = open_table(family, table, error);
		if (!snapshot)
			return false;
	}
	return true;
}

static bool find_foreign_in_table(Iptables *iptables, const Ruleset *ruleset, enum family family, enum table table,
				  GPtrArray *chains, GError **error)
{
	g_autoptr(GError) e = NULL;
	g_autoptr(Snapshot) snapshot = open_table(family, table, &e);

	if (!snapshot) {
		/* No table, no rules. */
		if (g_error_matches(e, NETFILTER_ERROR, NETFILTER_ERROR_BACKEND_UNAVAILABLE) &&
		    !layout_needs_table(ruleset, family, table))
			return true;
		g_propagate_error(error, g_steal_pointer(&e));
		return false;
	}

	for (enum chain chain = 0; chain < N_CHAINS; chain++) {
		const ChainInfo *info = chain_info(chain);
		if (info->table != table || info->builtin)
			continue;
		diff_chain(iptables->diff, snapshot, iptables->names, ruleset, chain);
		if (iptables->diff->stale)
			g_ptr_array_add(chains, g_strdup_printf("%s %s %s", family_to_string(family), table_name(table),
								iptables->names[chain]));
	}
	return true;
}

bool iptables_find_foreign(Backend *backend, const Ruleset *ruleset, char ***ret, GError **error)
{
	g_autoptr(GPtrArray) chains = g_ptr_array_new_with_free_func(g_free);
	Iptables *iptables = (Iptables *)backend;

	iptables_assert_locked(iptables);
	for (enum family family = 0; family < N_FAMILIES; family++)
		for (enum table table = 0; table < N_TABLES; table++)
			if (!find_foreign_in_table(iptables, ruleset, family, table, chains, error))
				return false;

	if (!chains->len) {
		*ret = NULL;
		return true;
	}
	g_ptr_array_add(chains, NULL);
	*ret = (char **)g_ptr_array_steal(chains, NULL);
	return true;
}

bool iptables_forward_policy(Backend *backend, enum family family, enum rule_target *ret, GError **error)
{
	g_autoptr(Snapshot) snapshot = open_table(family, TABLE_FILTER, error);
	Iptables *iptables = (Iptables *)backend;

	if (!snapshot)
		return false;
	*ret = g_strcmp0(snapshot_policy(snapshot, iptables->names[CHAIN_FILTER_FORWARD]), "DROP") == 0 ? TARGET_DROP
													: TARGET_ACCEPT;
	return true;
}

/* The rules of one chain among those asked for, by the digest of their entries. */
static GHashTable *index_rules(const Iptables *iptables, const Rule *const *rules, gsize n, enum family family,
			       enum chain chain)
{
	GHashTable *index = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_array_unref);

	for (gsize i = 0; i < n; i++) {
		if (rules[i]->family != family || layout_of(rules[i])->chain != chain || !layout_has_rule(rules[i]))
			continue;
		Entry entry;
		entry_encode(rules[i], iptables->names, &entry);
		gpointer digest = GSIZE_TO_POINTER(entry_digest(family, &entry, NULL));
		GArray *same = g_hash_table_lookup(index, digest);
		if (!same) {
			same = g_array_new(FALSE, FALSE, sizeof(gsize));
			g_hash_table_insert(index, digest, same);
		}
		g_array_append_val(same, i);
	}
	return index;
}

static void read_chain_counters(Iptables *iptables, Snapshot *snapshot, const Rule *const *rules, gsize n,
				enum family family, enum chain chain, RuleCounters *counters)
{
	g_autoptr(GHashTable) index = index_rules(iptables, rules, n, family, chain);
	if (!g_hash_table_size(index))
		return;

	g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(ActualEntry));
	snapshot_read_chain(snapshot, iptables->names[chain], entries);
	for (guint i = 0; i < entries->len; i++) {
		const ActualEntry *actual = &g_array_index(entries, ActualEntry, i);
		const GArray *same = g_hash_table_lookup(index, GSIZE_TO_POINTER(actual->digest));
		for (guint j = 0; same && j < same->len; j++) {
			gsize k = g_array_index(same, gsize, j);
			Entry entry;
			entry_encode(rules[k], iptables->names, &entry);
			if (counters[k].packets != G_MAXUINT64 || !entry_equal(family, &entry, actual))
				continue;
			struct xt_counters c = entry_counters(family, actual->entry);
			counters[k] = (RuleCounters){ c.pcnt, c.bcnt };
		}
	}
}

static bool asks_for_table(const Rule *const *rules, gsize n, enum family family, enum table table)
{
	for (gsize i = 0; i < n; i++)
		if (rules[i]->family == family && layout_has_rule(rules[i]) &&
		    chain_info(layout_of(rules[i])->chain)->table == table)
			return true;
	return false;
}

bool iptables_counters(Backend *backend, const Rule *const *rules, gsize n, RuleCounters *ret, GError **error)
{
	for (gsize i = 0; i < n; i++)
		ret[i] = (RuleCounters){ G_MAXUINT64, G_MAXUINT64 };

	for (enum family family = 0; family < N_FAMILIES; family++) {
		for (enum table table = 0; table < N_TABLES; table++) {
			if (!asks_for_table(rules, n, family, table))
				continue;
			g_autoptr(Snapshot) snapshot = open_table(family, table, error);
			if (!snapshot)
				return false;
			for (enum chain chain = 0; chain < N_CHAINS; chain++)
				if (chain_info(chain)->table == table)
					read_chain_counters((Iptables *)backend, snapshot, rules, n, family, chain,
							    ret);
		}
	}
	return true;
}
