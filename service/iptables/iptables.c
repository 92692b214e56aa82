/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/iptables.h"

#include "service/iptables/lock.h"
#include "service/iptables/private.h"

#include <string.h>
#include <unistd.h>

Iptables *iptables_new(const char *chain_prefix)
{
	g_assert(strlen(chain_prefix) <= CHAIN_PREFIX_MAX);

	Iptables *iptables = g_new0(Iptables, 1);
	iptables->prefix = g_strdup(chain_prefix);
	iptables->lock = -1;
	iptables->found = g_array_new(FALSE, FALSE, sizeof(FoundEntry));
	iptables->diff = diff_new();
	for (enum chain chain = 0; chain < N_CHAINS; chain++) {
		char name[CHAIN_NAME_MAX + 1];
		g_strlcpy(iptables->names[chain], chain_name(chain, chain_prefix, name), sizeof iptables->names[chain]);
	}
	return iptables;
}

void iptables_free(Iptables *iptables)
{
	if (!iptables)
		return;
	iptables_unlock(iptables);
	g_array_unref(iptables->found);
	diff_free(iptables->diff);
	g_free(iptables->prefix);
	g_free(iptables);
}

int iptables_lock(Iptables *iptables)
{
	if (iptables->lock >= 0)
		return 0;

	int fd = xtables_lock();
	if (fd < 0)
		return fd;
	iptables->lock = fd;
	return 0;
}

void iptables_unlock(Iptables *iptables)
{
	if (iptables->lock < 0)
		return;
	close(iptables->lock);
	iptables->lock = -1;
}

bool iptables_needs_table(const Ruleset *ruleset, enum family family, enum table table)
{
	if (table == TABLE_FILTER && ruleset_forward_policy(ruleset, family) != TARGET_CHAIN)
		return true;

	for (enum chain chain = 0; chain < N_CHAINS; chain++) {
		if (chain_info(chain)->table != table)
			continue;
		const GPtrArray *entries = ruleset_chain(ruleset, family, chain);
		for (guint i = 0; i < entries->len; i++) {
			const RulesetEntry *entry = g_ptr_array_index(entries, i);
			if (entry->references || entry->held)
				return true;
		}
	}
	return false;
}

void iptables_diff(Iptables *iptables, Snapshot *snapshot, const Ruleset *ruleset, enum family family, enum chain chain)
{
	snapshot_read_chain(snapshot, iptables->names[chain], iptables->found);
	diff_chain(iptables->diff, &(DiffInput){
					   .family = family,
					   .owned = !chain_info(chain)->builtin,
					   .names = iptables->names,
					   .wanted = ruleset_chain(ruleset, family, chain),
					   .found = (FoundEntry *)iptables->found->data,
					   .n_found = iptables->found->len,
				   });
}
