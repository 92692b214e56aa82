/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/others.h"

#include "service/iptables/snapshot.h"

#include <errno.h>
#include <string.h>

/* Whether FORWARD may be there already; to open its table makes it. Who is not root may not read which tables there
 * are, and sees only that there may be some. */
static bool may_have_forward(enum family family)
{
	static const char *const files[N_FAMILIES] = { "/proc/self/net/ip_tables_names",
						       "/proc/self/net/ip6_tables_names" };
	g_autoptr(GError) error = NULL;
	g_autofree char *names = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents(files[family], &names, NULL, &error))
		return g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_ACCES);
	lines = g_strsplit(names, "\n", -1);
	return g_strv_contains((const char *const *)lines, table_name(TABLE_FILTER));
}

static bool is_drop(const ActualEntry *entry)
{
	return g_str_equal(entry->target, "DROP") || g_str_equal(entry->target, "REJECT");
}

static bool is_of_all(enum family family, const void *entry)
{
	static const union {
		struct ipt_ip ipv4;
		struct ip6t_ip6 ipv6;
	} all;

	if (family == FAMILY_IPV4)
		return ((const struct ipt_entry *)entry)->target_offset == sizeof(struct ipt_entry) &&
		       memcmp(entry, &all.ipv4, sizeof all.ipv4) == 0;
	return ((const struct ip6t_entry *)entry)->target_offset == sizeof(struct ip6t_entry) &&
	       memcmp(entry, &all.ipv6, sizeof all.ipv6) == 0;
}

/* How much of what is forwarded others drop there. */
enum drops { DROPS_NOTHING, DROPS_SOME, DROPS_REST };

static enum drops find_drops_in(Snapshot *snapshot, enum family family)
{
	g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(ActualEntry));
	const char *chain = chain_info(CHAIN_FILTER_FORWARD)->name;
	enum drops drops = DROPS_NOTHING;

	if (g_strcmp0(snapshot_policy(snapshot, chain), "DROP") == 0)
		return DROPS_REST;
	snapshot_read_chain(snapshot, chain, entries);
	for (guint i = 0; i < entries->len; i++) {
		const ActualEntry *entry = &g_array_index(entries, ActualEntry, i);

		if (!is_drop(entry))
			continue;
		drops = i == entries->len - 1 && is_of_all(family, entry->entry) ? DROPS_REST : DROPS_SOME;
	}
	return drops;
}

/* What the kernel lacks, or does not show us, drops nothing. */
static bool find_drops(enum family family, enum drops *ret, GError **error)
{
	g_autoptr(Snapshot) snapshot = NULL;
	g_autoptr(GError) e = NULL;

	*ret = DROPS_NOTHING;
	if (!may_have_forward(family))
		return true;
	snapshot = snapshot_open(family, TABLE_FILTER);
	if (snapshot) {
		*ret = find_drops_in(snapshot, family);
		return true;
	}
	snapshot_set_error(&e, family, TABLE_FILTER, false, errno);
	if (g_error_matches(e, NETFILTER_ERROR, NETFILTER_ERROR_BACKEND_UNAVAILABLE))
		return true;
	g_propagate_error(error, g_steal_pointer(&e));
	return false;
}

static bool stop_forwarding(void)
{
	for (enum family family = 0; family < N_FAMILIES; family++) {
		enum drops drops;

		if (find_drops(family, &drops, NULL) && drops != DROPS_NOTHING)
			return true;
	}
	return false;
}

static bool find_forward_drops(const char *prefix G_GNUC_UNUSED, GPtrArray *ret, GError **error)
{
	for (enum family family = 0; family < N_FAMILIES; family++) {
		enum drops drops;

		if (!find_drops(family, &drops, error))
			return false;
		if (drops == DROPS_REST)
			g_ptr_array_add(ret, foreign_chain_new("legacy", family_to_af(family), table_name(TABLE_FILTER),
							       chain_info(CHAIN_FILTER_FORWARD)->name));
	}
	return true;
}

const Others iptables_others = {
	.stop_forwarding = stop_forwarding,
	.find_forward_drops = find_forward_drops,
};
