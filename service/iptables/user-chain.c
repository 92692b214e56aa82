/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/user-chain.h"

#include "service/iptables/layout.h"

#include <string.h>

#define NOWHERE G_MAXUINT

void user_chain_init(UserChain *user, const char *prefix)
{
	*user = (UserChain){};
	g_snprintf(user->name, sizeof user->name, "%s-USER", prefix);
}

/* As the way to a chain of ours, which is called otherwise. */
static void encode_way(const UserChain *user, enum family family, Entry *ret)
{
	const Rule rule = { .family = family, .place = PLACE_FORWARD_NETWORK, .target = TARGET_PLACE };
	xt_chainlabel names[N_CHAINS] = {};

	memcpy(names[layout_of(&rule)->jump], user->name, sizeof user->name);
	entry_encode(&rule, names, ret);
}

/* The digests of what is wanted in FORWARD. */
static GHashTable *list_ours(const Ruleset *ruleset, enum family family, const xt_chainlabel *names)
{
	GHashTable *ours = g_hash_table_new(NULL, NULL);
	g_autoptr(GPtrArray) entries = g_ptr_array_new();

	layout_read_chain(ruleset, family, CHAIN_FILTER_FORWARD, entries);
	for (guint i = 0; i < entries->len; i++) {
		const RulesetEntry *wanted = entries->pdata[i];
		Entry entry;

		if (!wanted->references || !layout_has_rule(&wanted->rule))
			continue;
		entry_encode(&wanted->rule, names, &entry);
		g_hash_table_add(ours, GSIZE_TO_POINTER(entry_digest(family, &entry, NULL)));
	}
	return ours;
}

/* One that was inserted since the table was read has its verdict's name still in it. */
static guint64 digest_of(enum family family, const GArray *actual, guint i, bool inserted)
{
	const ActualEntry *entry = &g_array_index(actual, ActualEntry, i);

	return inserted ? entry_digest(family, entry->entry, NULL) : entry->digest;
}

static guint find_first(enum family family, const GArray *actual, GHashTable *ours)
{
	for (guint i = 0; i < actual->len; i++)
		for (guint inserted = 0; inserted < 2; inserted++)
			if (g_hash_table_contains(ours, GSIZE_TO_POINTER(digest_of(family, actual, i, inserted))))
				return i;
	return NOWHERE;
}

/* The last before a position. */
static guint find_way(const GArray *actual, guint64 digest, guint end)
{
	for (guint i = MIN(actual->len, end); i-- > 0;)
		if (g_array_index(actual, ActualEntry, i).digest == digest)
			return i;
	return NOWHERE;
}

bool user_chain_lead(UserChain *user, Snapshot *snapshot, const Ruleset *ruleset, const xt_chainlabel *names, int *ret)
{
	enum family family = snapshot_family(snapshot);
	const char *forward = names[CHAIN_FILTER_FORWARD];
	g_autoptr(GArray) actual = g_array_new(FALSE, FALSE, sizeof(ActualEntry));
	g_autoptr(GHashTable) ours = NULL;
	guint first, way;
	Entry entry;

	*ret = 0;
	if (!snapshot_has_chain(snapshot, user->name)) {
		user->led[family] = false;
		return true;
	}
	encode_way(user, family, &entry);
	ours = list_ours(ruleset, family, names);
	snapshot_read_chain(snapshot, forward, actual);
	first = find_first(family, actual, ours);
	way = find_way(actual, entry_digest(family, &entry, NULL), first);
	if (first != NOWHERE && way == NOWHERE) {
		user->led[family] = true;
		*ret = 1;
		return snapshot_insert(snapshot, forward, first, &entry);
	}
	/* The one right above ours is where we put it, this instance or the previous one. */
	if (first != NOWHERE) {
		user->led[family] |= way + 1 == first;
		return true;
	}
	if (way == NOWHERE || !user->led[family])
		return true;
	user->led[family] = false;
	*ret = -1;
	return snapshot_delete(snapshot, forward, way);
}
