/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/rules/ruleset.h"

#include <string.h>

/* A rule that is told from others by its interface alone. */
static RuleItem item_new(enum chain chain, enum zone zone, const char *name, guint8 rank, gint64 sequence)
{
	RuleItem item = {};

	item.rule.chain = chain;
	item.rule.zone = zone;
	item.rule.target = TARGET_ACCEPT;
	g_strlcpy(item.rule.in, name, sizeof item.rule.in);
	item.order.rank = rank;
	item.order.sequence = sequence;
	return item;
}

/* "a b c": the desired entries of a chain; "(b)" for one that is still there, but not wanted. */
static char *names(const Ruleset *ruleset, enum chain chain)
{
	const GPtrArray *entries = ruleset_chain(ruleset, FAMILY_IPV4, chain);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < entries->len; i++) {
		const RulesetEntry *entry = entries->pdata[i];

		g_string_append_printf(text, entry->references > 0 ? "%s%s" : "%s(%s)", i > 0 ? " " : "",
				       entry->rule.in);
	}
	return g_string_free(text, FALSE);
}

#define assert_names(ruleset, chain, expected)                   \
	G_STMT_START                                             \
	{                                                        \
		g_autofree char *names_ = names(ruleset, chain); \
		g_assert_cmpstr(names_, ==, expected);           \
	}                                                        \
	G_STMT_END

static void commit(Ruleset *ruleset)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		for (enum table table = 0; table < N_TABLES; table++)
			ruleset_committed(ruleset, family, table);
}

static void test_order(void)
{
	g_autoptr(Ruleset) ruleset = ruleset_new();
	const RuleItem items[] = {
		item_new(CHAIN_FILTER_FORWARD, ZONE_TAIL, "tail-2", 0, 2),
		item_new(CHAIN_FILTER_FORWARD, ZONE_TAIL, "tail-1", 0, 1),
		item_new(CHAIN_FILTER_FORWARD, ZONE_HEAD, "rank-1-new", 1, -9),
		item_new(CHAIN_FILTER_FORWARD, ZONE_HEAD, "rank-1-old", 1, -8),
		item_new(CHAIN_FILTER_FORWARD, ZONE_HEAD, "rank-0", 0, 100),
		item_new(CHAIN_NAT_OUTPUT, ZONE_HEAD, "elsewhere", 0, 0),
	};
	RuleItem second = item_new(CHAIN_FILTER_FORWARD, ZONE_TAIL, "index-1", 0, 1);

	second.order.index = 1;
	for (gsize i = 0; i < G_N_ELEMENTS(items); i++)
		ruleset_add(ruleset, &items[i]);
	assert_names(ruleset, CHAIN_FILTER_FORWARD, "rank-0 rank-1-new rank-1-old tail-1 tail-2");
	ruleset_add(ruleset, &second);
	assert_names(ruleset, CHAIN_FILTER_FORWARD, "rank-0 rank-1-new rank-1-old tail-1 index-1 tail-2");
	assert_names(ruleset, CHAIN_NAT_OUTPUT, "elsewhere");
	g_assert_cmpuint(ruleset_size(ruleset), ==, 7);
}

/* Equal places are told apart by content, whichever came first. */
static void test_equal_order(void)
{
	const RuleItem a = item_new(CHAIN_FILTER_DOCKER, ZONE_OWNED, "a", 0, 1);
	const RuleItem b = item_new(CHAIN_FILTER_DOCKER, ZONE_OWNED, "b", 0, 1);
	g_autoptr(Ruleset) one = ruleset_new(), other = ruleset_new();

	ruleset_add(one, &a);
	ruleset_add(one, &b);
	ruleset_add(other, &b);
	ruleset_add(other, &a);
	assert_names(one, CHAIN_FILTER_DOCKER, "a b");
	assert_names(other, CHAIN_FILTER_DOCKER, "a b");
}

static void test_counted(void)
{
	g_autoptr(Ruleset) ruleset = ruleset_new();
	const RuleItem between = item_new(CHAIN_FILTER_DOCKER, ZONE_OWNED, "between", 0, 2);
	const RuleItem first = item_new(CHAIN_FILTER_DOCKER, ZONE_OWNED, "shared", 0, 1);
	const RuleItem second = item_new(CHAIN_FILTER_DOCKER, ZONE_OWNED, "shared", 0, 3);

	ruleset_add(ruleset, &first);
	ruleset_add(ruleset, &between);
	ruleset_add(ruleset, &second);
	g_assert_cmpuint(ruleset_find(ruleset, &first.rule)->references, ==, 2);
	g_assert_cmpuint(ruleset_size(ruleset), ==, 2);
	commit(ruleset);

	/* It stands where the first asker put it, also when that one has gone. */
	ruleset_remove(ruleset, &first);
	ruleset_settle(ruleset);
	assert_names(ruleset, CHAIN_FILTER_DOCKER, "shared between");
	g_assert_false(ruleset_is_dirty(ruleset, FAMILY_IPV4, CHAIN_FILTER_DOCKER));
	ruleset_remove(ruleset, &second);
	g_assert_true(ruleset_is_dirty(ruleset, FAMILY_IPV4, CHAIN_FILTER_DOCKER));
	g_assert_cmpuint(ruleset_size(ruleset), ==, 1);
}

static void test_undo(void)
{
	g_autoptr(Ruleset) ruleset = ruleset_new();
	const RuleItem a = item_new(CHAIN_FILTER_DOCKER, ZONE_OWNED, "a", 0, 1);
	const RuleItem b = item_new(CHAIN_FILTER_DOCKER, ZONE_OWNED, "b", 0, 2);
	const RuleItem c = item_new(CHAIN_FILTER_DOCKER, ZONE_OWNED, "c", 0, 3);
	const RuleItem moved = item_new(CHAIN_FILTER_DOCKER, ZONE_OWNED, "b", 0, 4);

	ruleset_add(ruleset, &a);
	ruleset_add(ruleset, &b);
	ruleset_add(ruleset, &c);
	g_assert_true(ruleset_grows(ruleset));
	commit(ruleset);
	g_assert_false(ruleset_grows(ruleset));

	/* Out and in again: nothing to commit. */
	ruleset_remove(ruleset, &b);
	ruleset_settle(ruleset);
	assert_names(ruleset, CHAIN_FILTER_DOCKER, "a (b) c");
	g_assert_true(ruleset_table_is_dirty(ruleset, FAMILY_IPV4, TABLE_FILTER));
	ruleset_add(ruleset, &b);
	assert_names(ruleset, CHAIN_FILTER_DOCKER, "a b c");
	g_assert_false(ruleset_table_is_dirty(ruleset, FAMILY_IPV4, TABLE_FILTER));

	/* Committed in between: it has to be added, where it was. */
	ruleset_remove(ruleset, &b);
	commit(ruleset);
	assert_names(ruleset, CHAIN_FILTER_DOCKER, "a (b) c");
	ruleset_add(ruleset, &b);
	g_assert_true(ruleset_grows(ruleset));
	assert_names(ruleset, CHAIN_FILTER_DOCKER, "a b c");
	commit(ruleset);

	/* Another asker puts what nobody wanted any more into its own place, and that is a change. */
	ruleset_remove(ruleset, &b);
	ruleset_add(ruleset, &moved);
	assert_names(ruleset, CHAIN_FILTER_DOCKER, "a c b");
	g_assert_true(ruleset_is_dirty(ruleset, FAMILY_IPV4, CHAIN_FILTER_DOCKER));
	g_assert_false(ruleset_grows(ruleset));
	commit(ruleset);

	ruleset_remove(ruleset, &moved);
	commit(ruleset);
	ruleset_settle(ruleset);
	assert_names(ruleset, CHAIN_FILTER_DOCKER, "a c");
	g_assert_null(ruleset_find(ruleset, &b.rule));
}

static void test_hold(void)
{
	g_autoptr(Ruleset) ruleset = ruleset_new();
	const RuleItem stale = item_new(CHAIN_NAT_DOCKER, ZONE_OWNED, "stale", 0, 1);
	const RuleItem kept = item_new(CHAIN_NAT_DOCKER, ZONE_OWNED, "kept", 0, 2);

	ruleset_hold(ruleset, &stale);
	ruleset_hold(ruleset, &kept);
	ruleset_add(ruleset, &kept);
	g_assert_true(ruleset_table_is_dirty(ruleset, FAMILY_IPV4, TABLE_NAT));
	g_assert_false(ruleset_table_is_dirty(ruleset, FAMILY_IPV6, TABLE_NAT));
	g_assert_false(ruleset_table_is_dirty(ruleset, FAMILY_IPV4, TABLE_FILTER));
	g_assert_false(ruleset_grows(ruleset));
	g_assert_cmpuint(ruleset_size(ruleset), ==, 1);
	ruleset_settle(ruleset);
	assert_names(ruleset, CHAIN_NAT_DOCKER, "(stale) kept");
	commit(ruleset);
	ruleset_settle(ruleset);
	assert_names(ruleset, CHAIN_NAT_DOCKER, "kept");
	g_assert_false(ruleset_table_is_dirty(ruleset, FAMILY_IPV4, TABLE_NAT));
}

static void test_dirty(void)
{
	g_autoptr(Ruleset) ruleset = ruleset_new();
	RuleItem exists = item_new(CHAIN_FILTER_DOCKER, ZONE_OWNED, "", 0, 0);

	ruleset_set_dirty(ruleset, FAMILY_IPV6, TABLE_NAT);
	for (enum family family = 0; family < N_FAMILIES; family++)
		for (enum chain chain = 0; chain < N_CHAINS; chain++)
			g_assert_cmpint(ruleset_is_dirty(ruleset, family, chain), ==,
					family == FAMILY_IPV6 && chain_info(chain)->table == TABLE_NAT);
	g_assert_false(ruleset_grows(ruleset));
	ruleset_committed(ruleset, FAMILY_IPV6, TABLE_NAT);
	g_assert_false(ruleset_table_is_dirty(ruleset, FAMILY_IPV6, TABLE_NAT));

	g_assert_cmpint(ruleset_forward_policy(ruleset, FAMILY_IPV4), ==, TARGET_CHAIN);
	ruleset_set_forward_policy(ruleset, FAMILY_IPV4, TARGET_CHAIN);
	g_assert_false(ruleset_is_dirty(ruleset, FAMILY_IPV4, CHAIN_FILTER_FORWARD));
	ruleset_set_forward_policy(ruleset, FAMILY_IPV4, TARGET_DROP);
	g_assert_true(ruleset_is_dirty(ruleset, FAMILY_IPV4, CHAIN_FILTER_FORWARD));
	g_assert_false(ruleset_is_dirty(ruleset, FAMILY_IPV6, CHAIN_FILTER_FORWARD));
	g_assert_cmpint(ruleset_forward_policy(ruleset, FAMILY_IPV4), ==, TARGET_DROP);
	g_assert_cmpint(ruleset_forward_policy(ruleset, FAMILY_IPV6), ==, TARGET_CHAIN);
	commit(ruleset);

	exists.rule.target = TARGET_CHAIN;
	ruleset_add(ruleset, &exists);
	g_assert_true(ruleset_is_dirty(ruleset, FAMILY_IPV4, CHAIN_FILTER_DOCKER));
	g_assert_cmpuint(ruleset_size(ruleset), ==, 0);
}

/* The naive model: every rule there can be, looked at one by one. */
enum { N_NAIVE = 60 };

typedef struct Naive {
	RuleItem item;
	guint references;
	bool there, held, moved; /* moved: since the last commit */
	GArray *askers;          /* RuleOrder of each reference */
} Naive;

static const enum chain naive_chains[] = { CHAIN_FILTER_FORWARD, CHAIN_FILTER_DOCKER, CHAIN_NAT_DOCKER };

static int naive_compare(gconstpointer a, gconstpointer b)
{
	const Naive *x = *(Naive *const *)a, *y = *(Naive *const *)b;
	int r;

	if (x->item.rule.zone != y->item.rule.zone)
		return (int)x->item.rule.zone - (int)y->item.rule.zone;
	r = rule_order_compare(&x->item.order, &y->item.order);
	return r != 0 ? r : memcmp(&x->item.rule, &y->item.rule, sizeof(Rule));
}

static void naive_init(Naive naive[N_NAIVE])
{
	for (guint i = 0; i < N_NAIVE; i++) {
		enum chain chain = naive_chains[i % G_N_ELEMENTS(naive_chains)];
		enum zone zone = chain == CHAIN_FILTER_FORWARD ? (i % 2 ? ZONE_HEAD : ZONE_TAIL) : ZONE_OWNED;
		g_autofree char *name = g_strdup_printf("n%u", i);

		naive[i] = (Naive){ item_new(chain, zone, name, 0, 0) };
		naive[i].askers = g_array_new(FALSE, FALSE, sizeof(RuleOrder));
	}
}

static void naive_check(const Naive naive[N_NAIVE], const Ruleset *ruleset)
{
	bool grows = false;
	guint size = 0;

	for (gsize c = 0; c < G_N_ELEMENTS(naive_chains); c++) {
		const GPtrArray *entries = ruleset_chain(ruleset, FAMILY_IPV4, naive_chains[c]);
		g_autoptr(GPtrArray) expected = g_ptr_array_new();
		bool dirty = false;

		for (guint i = 0; i < N_NAIVE; i++) {
			if (naive[i].item.rule.chain != naive_chains[c])
				continue;
			if (naive[i].there)
				g_ptr_array_add(expected, (gpointer)&naive[i]);
			size += naive[i].references > 0;
			grows |= naive[i].references > 0 && !naive[i].held;
			dirty |= naive[i].moved || (naive[i].references > 0) != naive[i].held;
		}
		g_ptr_array_sort(expected, naive_compare);
		g_assert_cmpuint(entries->len, ==, expected->len);
		for (guint i = 0; i < entries->len; i++) {
			const RulesetEntry *entry = entries->pdata[i];
			const Naive *one = expected->pdata[i];

			g_assert_true(rule_equal(&entry->rule, &one->item.rule));
			g_assert_true(ruleset_find(ruleset, &one->item.rule) == entry);
			g_assert_cmpuint(entry->references, ==, one->references);
			g_assert_cmpint(entry->held, ==, one->held);
		}
		g_assert_cmpint(ruleset_is_dirty(ruleset, FAMILY_IPV4, naive_chains[c]), ==, dirty);
	}
	g_assert_cmpint(ruleset_grows(ruleset), ==, grows);
	g_assert_cmpuint(ruleset_size(ruleset), ==, size);
}

/* Finds the place of a rule nobody wants, as the header says it. */
static void naive_place(Naive *one, RuleOrder order)
{
	if (one->there && one->references == 0 && rule_order_compare(&one->item.order, &order) != 0)
		one->moved = true;
	if (one->references == 0)
		one->item.order = order;
	one->there = true;
}

static void naive_step(Naive naive[N_NAIVE], Ruleset *ruleset)
{
	Naive *one = &naive[g_test_rand_int_range(0, N_NAIVE)];
	RuleItem item = one->item;
	int dice = g_test_rand_int_range(0, 100);

	if (dice < 50) {
		item.order.sequence = g_test_rand_int_range(-9, 9);
		item.order.index = g_test_rand_int_range(0, 2);
		naive_place(one, item.order);
		one->references++;
		g_array_append_val(one->askers, item.order);
		ruleset_add(ruleset, &item);
	} else if (dice < 90) {
		if (one->references == 0)
			return;
		one->references--;
		item.order = g_array_index(one->askers, RuleOrder, one->references);
		g_array_set_size(one->askers, one->references);
		ruleset_remove(ruleset, &item);
	} else if (dice < 92) {
		naive_place(one, item.order);
		one->held = true;
		ruleset_hold(ruleset, &item);
	} else if (dice < 96) {
		commit(ruleset);
		for (guint i = 0; i < N_NAIVE; i++) {
			naive[i].held = naive[i].references > 0;
			naive[i].moved = false;
		}
	} else {
		ruleset_settle(ruleset);
		for (guint i = 0; i < N_NAIVE; i++)
			naive[i].there = naive[i].references > 0 || naive[i].held;
	}
}

static void test_random(void)
{
	for (guint round = 0; round < 50; round++) {
		g_autoptr(Ruleset) ruleset = ruleset_new();
		Naive naive[N_NAIVE];

		naive_init(naive);
		for (guint step = 0; step < 500; step++) {
			naive_step(naive, ruleset);
			/* Not each time: what nobody looks at stays unsorted, and that must go well too. */
			if (g_test_rand_int_range(0, 4) == 0)
				naive_check(naive, ruleset);
		}
		naive_check(naive, ruleset);
		for (guint i = 0; i < N_NAIVE; i++)
			g_array_unref(naive[i].askers);
	}
}

/* A remove that follows the adds in between keeps everything else where it is. */
static void test_all(void)
{
	g_autoptr(Ruleset) ruleset = ruleset_new();
	g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(RuleItem));

	for (guint i = 0; i < 1000; i++) {
		g_autofree char *name = g_strdup_printf("r%u", i);
		RuleItem item = item_new(CHAIN_NAT_DOCKER, ZONE_OWNED, name, 0, -(gint64)i);

		g_array_append_val(items, item);
	}
	ruleset_add_all(ruleset, items);
	g_assert_cmpuint(ruleset_size(ruleset), ==, 1000);
	for (guint i = 0; i < 1000; i++) {
		const RulesetEntry *entry = ruleset_chain(ruleset, FAMILY_IPV4, CHAIN_NAT_DOCKER)->pdata[999 - i];

		g_assert_true(rule_equal(&entry->rule, &g_array_index(items, RuleItem, i).rule));
	}
	ruleset_remove_all(ruleset, items);
	ruleset_settle(ruleset);
	g_assert_cmpuint(ruleset_size(ruleset), ==, 0);
	g_assert_cmpuint(ruleset_chain(ruleset, FAMILY_IPV4, CHAIN_NAT_DOCKER)->len, ==, 0);
}

/* Every field of a rule tells it from others. */
static void test_content(void)
{
	const Rule zero = {};

	for (gsize i = 0; i < sizeof zero; i++) {
		Rule other = zero;

		((guint8 *)&other)[i] = 1;
		g_assert_false(rule_equal(&zero, &other));
		g_assert_cmpuint(rule_hash(&zero), !=, rule_hash(&other));
	}
	g_assert_true(rule_equal(&zero, &(Rule){}));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ruleset/order", test_order);
	g_test_add_func("/ruleset/equal-order", test_equal_order);
	g_test_add_func("/ruleset/counted", test_counted);
	g_test_add_func("/ruleset/undo", test_undo);
	g_test_add_func("/ruleset/hold", test_hold);
	g_test_add_func("/ruleset/dirty", test_dirty);
	g_test_add_func("/ruleset/random", test_random);
	g_test_add_func("/ruleset/all", test_all);
	g_test_add_func("/ruleset/content", test_content);
	return g_test_run();
}
