/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/nftables/private.h"

#include "service/nftables/translate.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

/* --- what the kernel can do --- */

static const char *option_of(const BatchFailure *failure, enum family family)
{
	static const struct {
		const char *expression, *options[N_FAMILIES];
	} options[] = {
		{ "ct", { "CONFIG_NFT_CT", "CONFIG_NFT_CT" } },
		{ "nat", { "CONFIG_NFT_NAT", "CONFIG_NFT_NAT" } },
		{ "masq", { "CONFIG_NFT_MASQ", "CONFIG_NFT_MASQ" } },
		{ "fib", { "CONFIG_NFT_FIB_IPV4", "CONFIG_NFT_FIB_IPV6" } },
	};

	for (guint i = 0; i < G_N_ELEMENTS(options); i++)
		if (g_str_equal(options[i].expression, failure->expression))
			return options[i].options[family];
	if (failure->message_type == NFT_MSG_NEWCHAIN)
		return "CONFIG_NFT_NAT";
	return family == FAMILY_IPV4 ? "CONFIG_NF_TABLES_IPV4" : "CONFIG_NF_TABLES_IPV6";
}

/* A transaction that is thrown away waits for all who read rules: where everything is there one tells. */
static bool can_do_all(Nftables *nftables)
{
	guint32 flags = nftables->flags_known ? nftables->flags : TABLE_FLAGS;
	g_autoptr(Batch) batch = batch_new(0);

	for (enum family family = 0; family < N_FAMILIES; family++)
		skeleton_put(batch, family, PROBE_TABLE, flags, false);
	if (batch_send(batch, nftables->socket, false, NULL) < 0)
		return false;
	nftables->flags = flags;
	nftables->flags_known = true;
	for (enum family family = 0; family < N_FAMILIES; family++)
		nftables->usable[family] = true;
	return true;
}

bool nftables_probe(Backend *backend, enum family family, GError **error)
{
	Nftables *nftables = (Nftables *)backend;
	g_autoptr(Batch) batch = batch_new(0);
	BatchFailure failure;
	int r;

	if (nftables->usable[family])
		return true;
	if (!nftables_open(nftables, error))
		return false;
	if (can_do_all(nftables))
		return true;
	if (!nftables_find_flags(nftables, error))
		return false;
	skeleton_put(batch, family, PROBE_TABLE, nftables->flags, false);
	r = batch_send(batch, nftables->socket, false, &failure);
	nftables->usable[family] = r == 0;
	if (r == 0)
		return true;
	if (r != -ENOENT && r != -EOPNOTSUPP && r != -EAFNOSUPPORT)
		return nftables_fail(error, r, &failure);
	return netfilter_fail(error, BACKEND_UNAVAILABLE, "the kernel's nf_tables cannot do %s of %s (%s)",
			      failure.subject ?: "tables", family_to_string(family), option_of(&failure, family));
}

/* --- whose it is --- */

typedef struct ForeignSearch {
	GHashTable *wanted; /* a set of Element */
	bool found;
} ForeignSearch;

static void want_element(const Element *element, void *userdata)
{
	g_hash_table_add(userdata, g_memdup2(element, sizeof *element));
}

static GHashTable *wanted_elements(const Ruleset *ruleset, enum family family)
{
	GHashTable *wanted = g_hash_table_new_full(element_hash, element_equal, g_free, NULL);

	for (enum place place = 0; place < N_PLACES; place++) {
		const GPtrArray *entries = ruleset_place(ruleset, family, place);

		for (guint i = 0; i < entries->len; i++)
			translate(&((const RulesetEntry *)entries->pdata[i])->rule, want_element, wanted);
	}
	return wanted;
}

static void look_for_foreign(const Element *element, const ActualCounter *counter G_GNUC_UNUSED, void *userdata)
{
	ForeignSearch *search = userdata;

	search->found |= !element || !g_hash_table_contains(search->wanted, element);
}

/* A table of our name that is empty, or that has nothing but what we want, is ours. */
static int is_foreign(Nftables *nftables, const Ruleset *ruleset, enum family family, bool *ret)
{
	ForeignSearch search = {};
	ActualTable actual;
	int r = actual_table(nftables->socket, family, nftables->table, &actual);

	*ret = actual.exists && (nftables_is_others(nftables, &actual) || !actual.intact);
	if (r < 0 || !actual.exists || *ret)
		return r;
	search.wanted = wanted_elements(ruleset, family);
	for (enum set set = 0; r == 0 && set < N_SETS; set++)
		if (set_in_family(set, family))
			r = actual_elements(nftables->socket, family, nftables->table, set, look_for_foreign, &search);
	g_hash_table_unref(search.wanted);
	*ret = search.found;
	return r;
}

bool nftables_find_foreign(Backend *backend, const Ruleset *ruleset, char ***ret, GError **error)
{
	g_autoptr(GPtrArray) tables = g_ptr_array_new_with_free_func(g_free);
	Nftables *nftables = (Nftables *)backend;

	*ret = NULL;
	if (!nftables_open(nftables, error))
		return false;
	for (enum family family = 0; family < N_FAMILIES; family++) {
		bool foreign;
		int r = is_foreign(nftables, ruleset, family, &foreign);

		if (r < 0)
			return nftables_fail(error, r, NULL);
		if (foreign)
			g_ptr_array_add(tables, g_strdup_printf("%s %s", family_to_string(family), nftables->table));
	}
	if (tables->len == 0)
		return true;
	g_ptr_array_add(tables, NULL);
	*ret = (char **)g_ptr_array_steal(tables, NULL);
	return true;
}

bool nftables_forward_policy(Backend *backend, enum family family, enum rule_target *ret, GError **error)
{
	Nftables *nftables = (Nftables *)backend;
	ActualTable actual;
	int r;

	if (!nftables_open(nftables, error))
		return false;
	r = actual_table(nftables->socket, family, nftables->table, &actual);
	if (r < 0)
		return nftables_fail(error, r, NULL);
	*ret = actual.drop ? TARGET_DROP : TARGET_ACCEPT;
	return true;
}

/* --- counters --- */

/* Above so many elements whole sets are read rather than each by itself. */
#define FEW 64

typedef struct Counted {
	Element element;
	ActualCounter counter;
} Counted;

static void keep_counter(const Element *element, const ActualCounter *counter, void *userdata)
{
	Counted *counted;

	if (!element)
		return;
	counted = g_new(Counted, 1);
	counted->element = *element;
	counted->counter = *counter;
	g_hash_table_add(userdata, counted);
}

/* All elements of the sets that the rules have elements in; NULL with a negative errno. */
static GHashTable *read_counters(const Nftables *nftables, GArray *const *elements, gsize n, int *ret)
{
	GHashTable *counters = g_hash_table_new_full(element_hash, element_equal, g_free, NULL);
	bool asked[N_FAMILIES][N_SETS] = {};

	*ret = 0;
	for (gsize i = 0; i < n && *ret == 0; i++)
		for (guint j = 0; j < elements[i]->len && *ret == 0; j++) {
			const Element *element = &g_array_index(elements[i], Element, j);

			if (asked[element->family][element->set])
				continue;
			asked[element->family][element->set] = true;
			*ret = actual_elements(nftables->socket, element->family, nftables->table, element->set,
					       keep_counter, counters);
		}
	/* Where there is no table there are no elements. Others' commits meanwhile do not matter here. */
	if (*ret == -ENOENT || *ret == -EINTR)
		*ret = 0;
	if (*ret < 0)
		g_clear_pointer(&counters, g_hash_table_unref);
	return counters;
}

/* The counter of one element, out of those that were read or from the kernel. */
static int find_counter(const Nftables *nftables, GHashTable *read, const Element *element, ActualCounter *ret)
{
	const Counted *counted;

	if (!read)
		return actual_element(nftables->socket, nftables->table, element, ret);
	counted = g_hash_table_lookup(read, element);
	if (!counted)
		return -ENOENT;
	*ret = counted->counter;
	return 0;
}

/* The sum over a rule's elements; G_MAXUINT64 if it has none or one is not there. */
static int count_rule(const Nftables *nftables, GHashTable *read, const GArray *elements, RuleCounters *ret)
{
	RuleCounters sum = {};

	*ret = (RuleCounters){ G_MAXUINT64, G_MAXUINT64 };
	for (guint i = 0; i < elements->len; i++) {
		const Element *element = &g_array_index(elements, Element, i);
		ActualCounter counter;
		int r;

		r = find_counter(nftables, read, element, &counter);
		if (r < 0)
			return r == -ENOENT ? 0 : r;
		sum.packets += counter.packets;
		sum.bytes += counter.bytes;
	}
	if (elements->len > 0)
		*ret = sum;
	return 0;
}

bool nftables_counters(Backend *backend, const Rule *const *rules, gsize n, RuleCounters *ret, GError **error)
{
	g_autoptr(GPtrArray) elements = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
	g_autoptr(GHashTable) read = NULL;
	Nftables *nftables = (Nftables *)backend;
	guint n_elements = 0;
	int r = 0;

	if (!nftables_open(nftables, error))
		return false;
	for (gsize i = 0; i < n; i++) {
		GArray *list = translate_to_array(rules[i]);

		n_elements += list->len;
		g_ptr_array_add(elements, list);
	}
	if (n_elements > FEW)
		read = read_counters(nftables, (GArray *const *)elements->pdata, n, &r);
	for (gsize i = 0; i < n && r == 0; i++)
		r = count_rule(nftables, read, elements->pdata[i], &ret[i]);
	return r == 0 || nftables_fail(error, r, NULL);
}
