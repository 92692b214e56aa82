/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/snapshot.h"

#include <errno.h>

/* What libip4tc and libip6tc do alike; their functions, or wrappers where the type of an entry shows. */
typedef struct Library {
	struct xtc_handle *(*init)(const char *table);
	void (*free)(struct xtc_handle *handle);
	int (*commit)(struct xtc_handle *handle);
	const char *(*strerror)(int error);

	const char *(*first_chain)(struct xtc_handle *handle);
	const char *(*next_chain)(struct xtc_handle *handle);
	int (*is_chain)(const char *chain, struct xtc_handle *handle);
	int (*create_chain)(const xt_chainlabel chain, struct xtc_handle *handle);
	int (*delete_chain)(const xt_chainlabel chain, struct xtc_handle *handle);
	int (*flush_entries)(const xt_chainlabel chain, struct xtc_handle *handle);
	int (*get_references)(unsigned int *ret, const xt_chainlabel chain, struct xtc_handle *handle);

	const char *(*get_policy)(const char *chain, struct xt_counters *ret, struct xtc_handle *handle);
	int (*set_policy)(const xt_chainlabel chain, const xt_chainlabel policy, struct xt_counters *counters,
			  struct xtc_handle *handle);

	const void *(*first_rule)(const char *chain, struct xtc_handle *handle);
	const void *(*next_rule)(const void *previous, struct xtc_handle *handle);
	const char *(*get_target)(const void *entry, struct xtc_handle *handle);
	int (*insert_entry)(const xt_chainlabel chain, const Entry *entry, unsigned int position,
			    struct xtc_handle *handle);
	int (*delete_num_entry)(const xt_chainlabel chain, unsigned int position, struct xtc_handle *handle);
} Library;

static const void *first_rule_ipv4(const char *chain, struct xtc_handle *handle)
{
	return iptc_first_rule(chain, handle);
}

static const void *next_rule_ipv4(const void *previous, struct xtc_handle *handle)
{
	return iptc_next_rule(previous, handle);
}

static const char *get_target_ipv4(const void *entry, struct xtc_handle *handle)
{
	return iptc_get_target(entry, handle);
}

static int insert_entry_ipv4(const xt_chainlabel chain, const Entry *entry, unsigned int position,
			     struct xtc_handle *handle)
{
	return iptc_insert_entry(chain, &entry->ipv4, position, handle);
}

static const void *first_rule_ipv6(const char *chain, struct xtc_handle *handle)
{
	return ip6tc_first_rule(chain, handle);
}

static const void *next_rule_ipv6(const void *previous, struct xtc_handle *handle)
{
	return ip6tc_next_rule(previous, handle);
}

static const char *get_target_ipv6(const void *entry, struct xtc_handle *handle)
{
	return ip6tc_get_target(entry, handle);
}

static int insert_entry_ipv6(const xt_chainlabel chain, const Entry *entry, unsigned int position,
			     struct xtc_handle *handle)
{
	return ip6tc_insert_entry(chain, &entry->ipv6, position, handle);
}

static const Library libraries[N_FAMILIES] = {
	[FAMILY_IPV4] = {
		.init = iptc_init,
		.free = iptc_free,
		.commit = iptc_commit,
		.strerror = iptc_strerror,
		.first_chain = iptc_first_chain,
		.next_chain = iptc_next_chain,
		.is_chain = iptc_is_chain,
		.create_chain = iptc_create_chain,
		.delete_chain = iptc_delete_chain,
		.flush_entries = iptc_flush_entries,
		.get_references = iptc_get_references,
		.get_policy = iptc_get_policy,
		.set_policy = iptc_set_policy,
		.first_rule = first_rule_ipv4,
		.next_rule = next_rule_ipv4,
		.get_target = get_target_ipv4,
		.insert_entry = insert_entry_ipv4,
		.delete_num_entry = iptc_delete_num_entry,
	},
	[FAMILY_IPV6] = {
		.init = ip6tc_init,
		.free = ip6tc_free,
		.commit = ip6tc_commit,
		.strerror = ip6tc_strerror,
		.first_chain = ip6tc_first_chain,
		.next_chain = ip6tc_next_chain,
		.is_chain = ip6tc_is_chain,
		.create_chain = ip6tc_create_chain,
		.delete_chain = ip6tc_delete_chain,
		.flush_entries = ip6tc_flush_entries,
		.get_references = ip6tc_get_references,
		.get_policy = ip6tc_get_policy,
		.set_policy = ip6tc_set_policy,
		.first_rule = first_rule_ipv6,
		.next_rule = next_rule_ipv6,
		.get_target = get_target_ipv6,
		.insert_entry = insert_entry_ipv6,
		.delete_num_entry = ip6tc_delete_num_entry,
	},
};

struct Snapshot {
	enum family family;
	const Library *library;
	struct xtc_handle *handle;
};

Snapshot *snapshot_open(enum family family, enum table table)
{
	const Library *library = &libraries[family];

	struct xtc_handle *handle = library->init(table_name(table));
	if (!handle)
		return NULL;

	Snapshot *snapshot = g_new(Snapshot, 1);
	*snapshot = (Snapshot){ family, library, handle };
	return snapshot;
}

void snapshot_free(Snapshot *snapshot)
{
	if (!snapshot)
		return;
	snapshot->library->free(snapshot->handle);
	g_free(snapshot);
}

enum family snapshot_family(const Snapshot *snapshot)
{
	return snapshot->family;
}

bool snapshot_has_chain(Snapshot *snapshot, const xt_chainlabel chain)
{
	return snapshot->library->is_chain(chain, snapshot->handle);
}

bool snapshot_create_chain(Snapshot *snapshot, const xt_chainlabel chain)
{
	return snapshot->library->create_chain(chain, snapshot->handle);
}

bool snapshot_delete_chain(Snapshot *snapshot, const xt_chainlabel chain)
{
	return snapshot->library->delete_chain(chain, snapshot->handle);
}

bool snapshot_count_references(Snapshot *snapshot, const xt_chainlabel chain, unsigned int *ret)
{
	return snapshot->library->get_references(ret, chain, snapshot->handle);
}

void snapshot_read_chain(Snapshot *snapshot, const xt_chainlabel chain, GArray *entries)
{
	const Library *library = snapshot->library;
	guint n = 0;

	for (const void *entry = library->first_rule(chain, snapshot->handle); entry;
	     entry = library->next_rule(entry, snapshot->handle), n++) {
		if (n >= entries->len)
			g_array_set_size(entries, MAX(64, 2 * n));
		ActualEntry *actual = &g_array_index(entries, ActualEntry, n);
		actual->entry = entry;
		actual->target = library->get_target(entry, snapshot->handle);
		actual->digest = entry_digest(snapshot->family, entry, actual->target);
	}
	g_array_set_size(entries, n);
}

bool snapshot_chain_is_empty(Snapshot *snapshot, const xt_chainlabel chain)
{
	return !snapshot->library->first_rule(chain, snapshot->handle);
}

bool snapshot_insert(Snapshot *snapshot, const xt_chainlabel chain, guint position, const Entry *entry)
{
	return snapshot->library->insert_entry(chain, entry, position, snapshot->handle);
}

bool snapshot_delete(Snapshot *snapshot, const xt_chainlabel chain, guint position)
{
	return snapshot->library->delete_num_entry(chain, position, snapshot->handle);
}

bool snapshot_flush_chain(Snapshot *snapshot, const xt_chainlabel chain)
{
	return snapshot->library->flush_entries(chain, snapshot->handle);
}

const char *snapshot_policy(Snapshot *snapshot, const xt_chainlabel chain)
{
	struct xt_counters counters;
	return snapshot->library->get_policy(chain, &counters, snapshot->handle);
}

bool snapshot_set_policy(Snapshot *snapshot, const xt_chainlabel chain, const xt_chainlabel policy)
{
	struct xt_counters counters;

	if (!snapshot->library->get_policy(chain, &counters, snapshot->handle))
		return false;
	/* Without counters libiptc would zero them. */
	return snapshot->library->set_policy(chain, policy, &counters, snapshot->handle);
}

/* libiptc counts from zero again at every policy, with every commit; see __iptcc_p_del_policy() there. */
static bool keep_policy_counters(Snapshot *snapshot)
{
	const Library *library = snapshot->library;

	for (const char *chain = library->first_chain(snapshot->handle); chain;
	     chain = library->next_chain(snapshot->handle)) {
		struct xt_counters counters;
		const char *policy = library->get_policy(chain, &counters, snapshot->handle);
		if (policy && !library->set_policy(chain, policy, &counters, snapshot->handle))
			return false;
	}
	return true;
}

bool snapshot_commit(Snapshot *snapshot)
{
	if (keep_policy_counters(snapshot) && snapshot->library->commit(snapshot->handle))
		return true;
	/* The kernel says either when the table is no longer the one that was read. */
	if (errno == EINVAL)
		errno = EAGAIN;
	return false;
}

bool snapshot_is_missing(int number)
{
	/* No such table; no xtables at all; no such family. */
	return number == ENOENT || number == ENOPROTOOPT || number == EAFNOSUPPORT;
}

static const char *const table_options[N_FAMILIES][N_TABLES] = {
	[FAMILY_IPV4] = { "CONFIG_IP_NF_RAW", "CONFIG_IP_NF_MANGLE", "CONFIG_IP_NF_FILTER", "CONFIG_IP_NF_NAT" },
	[FAMILY_IPV6] = { "CONFIG_IP6_NF_RAW", "CONFIG_IP6_NF_MANGLE", "CONFIG_IP6_NF_FILTER", "CONFIG_IP6_NF_NAT" },
};

/* What the rules of a table are made of. */
static const char *const extension_options[N_TABLES] = {
	[TABLE_RAW] = "CONFIG_NETFILTER_XTABLES",
	[TABLE_MANGLE] = "CONFIG_NETFILTER_XT_MATCH_CONNTRACK",
	[TABLE_FILTER] = "CONFIG_NETFILTER_XT_MATCH_CONNTRACK",
	[TABLE_NAT] = "CONFIG_NETFILTER_XT_{MATCH_ADDRTYPE,TARGET_MASQUERADE,NAT}",
};

void snapshot_set_error(GError **error, enum family family, enum table table, bool writing, int number)
{
	enum netfilter_error code = NETFILTER_ERROR_BACKEND_UNAVAILABLE;
	g_autofree char *reason = NULL;

	if (number == EAGAIN) {
		code = NETFILTER_ERROR_BUSY;
		reason = g_strdup("somebody else keeps changing it");
	} else if (number == ENOMEM) {
		code = NETFILTER_ERROR_NO_MEMORY;
		reason = g_strdup("the kernel has no memory for it");
	} else if (number == EPERM || number == EACCES) {
		reason = g_strdup("it takes CAP_NET_ADMIN and CAP_NET_RAW");
	} else if (!writing && snapshot_is_missing(number)) {
		reason = g_strdup_printf("the kernel has no such table, it lacks %s", table_options[family][table]);
	} else if (number == ENOENT) {
		reason = g_strdup_printf("the kernel does not know a match or target in it, it lacks %s",
					 extension_options[table]);
	} else {
		code = NETFILTER_ERROR_FAILED;
		reason = g_strdup(libraries[family].strerror(number));
	}
	netfilter_set_error(error, code, "table \"%s\" of %s cannot be %s: %s", table_name(table),
			    family_to_string(family), writing ? "written" : "read", reason);
}
