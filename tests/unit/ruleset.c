/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/rules/ruleset.h"

#include <string.h>

/* A rule that is told from others by its interface alone. */
static RuleItem item_new(enum place place, const char *name, gint64 sequence)
{
	RuleItem item = {};

	item.rule.place = place;
	item.rule.target = TARGET_ACCEPT;
	g_strlcpy(item.rule.in, name, sizeof item.rule.in);
	item.order.sequence = sequence;
	return item;
}

/* "a b c": the wanted entries of a place; "(b)" for one that is still there, but not wanted. */
static char *names(const Ruleset *ruleset, enum place place)
{
	const GPtrArray *entries = ruleset_place(ruleset, FAMILY_IPV4, place);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < entries->len; i++) {
		const RulesetEntry *entry = entries->pdata[i];

		g_string_append_printf(text, entry->references > 0 ? "%s%s" : "%s(%s)", i > 0 ? " " : "",
				       entry->rule.in);
	}
	return g_string_free(text, FALSE);
}

#define assert_names(ruleset, place, expected)                   \
	G_STMT_START                                             \
	{                                                        \
		g_autofree char *names_ = names(ruleset, place); \
		g_assert_cmpstr(names_, ==, expected);           \
	}                                                        \
	G_STMT_END

static void commit(Ruleset *ruleset)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		for (enum place place = 0; place < N_PLACES; place++)
			ruleset_committed(ruleset, family, place);
}

static bool is_dirty(const Ruleset *ruleset, enum family family)
{
	for (enum place place = 0; place < N_PLACES; place++)
		if (ruleset_is_dirty(ruleset, family, place))
			return true;
	return false;
}

static void test_order(void)
{
	g_autoptr(Ruleset) ruleset = ruleset_new();
	const RuleItem items[] = {
		item_new(PLACE_ACCEPT_PORT, "second", 2),       item_new(PLACE_ACCEPT_PORT, "first", 1),
		item_new(PLACE_FORWARD_NETWORK, "newer", -9),   item_new(PLACE_FORWARD_NETWORK, "older", -8),
		item_new(PLACE_FORWARD_NETWORK, "newest", -10), item_new(PLACE_OUTPUT_PORTS, "elsewhere", 0),
	};
	RuleItem index = item_new(PLACE_ACCEPT_PORT, "index-1", 1);

	index.order.index = 1;
	for (gsize i = 0; i < G_N_ELEMENTS(items); i++)
		ruleset_add(ruleset, &items[i]);
	assert_names(ruleset, PLACE_FORWARD_NETWORK, "newest newer older");
	assert_names(ruleset, PLACE_ACCEPT_PORT, "first second");
	ruleset_add(ruleset, &index);
	assert_names(ruleset, PLACE_ACCEPT_PORT, "first index-1 second");
	assert_names(ruleset, PLACE_OUTPUT_PORTS, "elsewhere");
}

/* Equal orders are told apart by content, whichever came first. */
static void test_equal_order(void)
{
	const RuleItem a = item_new(PLACE_ACCEPT_PORT, "a", 1);
	const RuleItem b = item_new(PLACE_ACCEPT_PORT, "b", 1);
	g_autoptr(Ruleset) one = ruleset_new(), other = ruleset_new();

	ruleset_add(one, &a);
	ruleset_add(one, &b);
	ruleset_add(other, &b);
	ruleset_add(other, &a);
	assert_names(one, PLACE_ACCEPT_PORT, "a b");
	assert_names(other, PLACE_ACCEPT_PORT, "a b");
}

static void test_counted(void)
{
	g_autoptr(Ruleset) ruleset = ruleset_new();
	const RuleItem between = item_new(PLACE_ACCEPT_PORT, "between", 2);
	const RuleItem first = item_new(PLACE_ACCEPT_PORT, "shared", 1);
	const RuleItem second = item_new(PLACE_ACCEPT_PORT, "shared", 3);

	ruleset_add(ruleset, &first);
	ruleset_add(ruleset, &between);
	ruleset_add(ruleset, &second);
	g_assert_cmpuint(ruleset_find(ruleset, &first.rule)->references, ==, 2);
	commit(ruleset);

	/* The younger goes and nothing changes. */
	ruleset_remove(ruleset, &second);
	ruleset_finish(ruleset);
	assert_names(ruleset, PLACE_ACCEPT_PORT, "shared between");
	g_assert_false(ruleset_is_dirty(ruleset, FAMILY_IPV4, PLACE_ACCEPT_PORT));

	/* The older goes: the rule moves, and that is a change but no growth. */
	ruleset_add(ruleset, &second);
	ruleset_remove(ruleset, &first);
	ruleset_finish(ruleset);
	assert_names(ruleset, PLACE_ACCEPT_PORT, "between shared");
	g_assert_true(ruleset_is_dirty(ruleset, FAMILY_IPV4, PLACE_ACCEPT_PORT));
	g_assert_true(ruleset_find(ruleset, &first.rule)->reordered);
	g_assert_false(ruleset_grows(ruleset));
	commit(ruleset);

	ruleset_remove(ruleset, &second);
	assert_names(ruleset, PLACE_ACCEPT_PORT, "between (shared)");
	g_assert_true(ruleset_is_dirty(ruleset, FAMILY_IPV4, PLACE_ACCEPT_PORT));
}

/*
 * Where a shared rule stands is told by who asks for it now. Each step is a letter, an asker that comes ("a") or, in
 * capitals, goes ("A"); a is the oldest. Beside it stand rules of the ages of all askers, "0" to "4".
 */
static void test_shared(void)
{
	static const struct {
		enum place place;
		const char *steps, *expected;
	} cases[] = {
		{ PLACE_ACCEPT_PORT, "a", "0 s 1 2 3 4" },
		{ PLACE_ACCEPT_PORT, "b", "0 1 s 2 3 4" },
		{ PLACE_ACCEPT_PORT, "ab", "0 s 1 2 3 4" },
		{ PLACE_ACCEPT_PORT, "ba", "0 s 1 2 3 4" },
		{ PLACE_ACCEPT_PORT, "abA", "0 1 s 2 3 4" },
		{ PLACE_ACCEPT_PORT, "abB", "0 s 1 2 3 4" },
		{ PLACE_ACCEPT_PORT, "baAa", "0 s 1 2 3 4" },
		{ PLACE_ACCEPT_PORT, "edcba", "0 s 1 2 3 4" },
		{ PLACE_ACCEPT_PORT, "edcbaA", "0 1 s 2 3 4" },
		{ PLACE_ACCEPT_PORT, "edcbaBA", "0 1 2 s 3 4" },
		{ PLACE_ACCEPT_PORT, "abcdeABCD", "0 1 2 3 4 s" },
		{ PLACE_ACCEPT_PORT, "abcdeACBD", "0 1 2 3 4 s" },
		{ PLACE_ACCEPT_PORT, "abcABCc", "0 1 2 s 3 4" },
		/* One that asks twice counts twice. */
		{ PLACE_ACCEPT_PORT, "aabA", "0 s 1 2 3 4" },
		{ PLACE_ACCEPT_PORT, "aabAA", "0 1 s 2 3 4" },
		{ PLACE_ACCEPT_PORT, "abbA", "0 1 s 2 3 4" },
		{ PLACE_ACCEPT_PORT, "abbAB", "0 1 s 2 3 4" },
		/* The newest first, and among those who share the oldest all the same. */
		{ PLACE_FORWARD_NETWORK, "a", "4 3 2 1 0 s" },
		{ PLACE_FORWARD_NETWORK, "ba", "4 3 2 1 0 s" },
		{ PLACE_FORWARD_NETWORK, "baA", "4 3 2 1 s 0" },
		{ PLACE_FORWARD_NETWORK, "abcdeABCD", "4 s 3 2 1 0" },
		/* A place that all share has no ages. */
		{ PLACE_FORWARD_ISOLATION, "ba", "0 1 2 3 4 s" },
		{ PLACE_FORWARD_ISOLATION, "abA", "0 1 2 3 4 s" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		/* Whether what came before is committed, and whether somebody looked, makes no difference. */
		for (guint how = 0; how < 4; how++) {
			g_autoptr(Ruleset) ruleset = ruleset_new();
			g_autoptr(GArray) items = rendering_new();
			RuleItem *item;

			for (guint age = 0; age < 5; age++) {
				place_add(items, cases[i].place, FAMILY_IPV4, age + 1, 0)->in[0] = '0' + age;
				place_add(items, cases[i].place, FAMILY_IPV4, age + 1, 1)->in[0] = 's';
				ruleset_add(ruleset, &g_array_index(items, RuleItem, 2 * age));
			}
			for (const char *step = cases[i].steps; *step; step++) {
				item = &g_array_index(items, RuleItem, 2 * (g_ascii_tolower(*step) - 'a') + 1);
				if (g_ascii_islower(*step))
					ruleset_add(ruleset, item);
				else
					ruleset_remove(ruleset, item);
				if (how & 1)
					commit(ruleset);
				if (how & 2)
					ruleset_finish(ruleset);
				if (how & 2)
					g_free(names(ruleset, cases[i].place));
			}
			assert_names(ruleset, cases[i].place, cases[i].expected);
		}
	}
}

static void test_undo(void)
{
	g_autoptr(Ruleset) ruleset = ruleset_new();
	const RuleItem a = item_new(PLACE_ACCEPT_PORT, "a", 1);
	const RuleItem b = item_new(PLACE_ACCEPT_PORT, "b", 2);
	const RuleItem c = item_new(PLACE_ACCEPT_PORT, "c", 3);
	const RuleItem moved = item_new(PLACE_ACCEPT_PORT, "b", 4);

	ruleset_add(ruleset, &a);
	ruleset_add(ruleset, &b);
	ruleset_add(ruleset, &c);
	g_assert_true(ruleset_grows(ruleset));
	commit(ruleset);
	g_assert_false(ruleset_grows(ruleset));

	/* Out and in again: nothing to commit. */
	ruleset_remove(ruleset, &b);
	ruleset_finish(ruleset);
	assert_names(ruleset, PLACE_ACCEPT_PORT, "a (b) c");
	g_assert_true(ruleset_is_dirty(ruleset, FAMILY_IPV4, PLACE_ACCEPT_PORT));
	ruleset_add(ruleset, &b);
	assert_names(ruleset, PLACE_ACCEPT_PORT, "a b c");
	g_assert_false(ruleset_is_dirty(ruleset, FAMILY_IPV4, PLACE_ACCEPT_PORT));

	/* Committed in between: it has to be added, where it was. */
	ruleset_remove(ruleset, &b);
	commit(ruleset);
	assert_names(ruleset, PLACE_ACCEPT_PORT, "a (b) c");
	ruleset_add(ruleset, &b);
	g_assert_true(ruleset_grows(ruleset));
	assert_names(ruleset, PLACE_ACCEPT_PORT, "a b c");
	commit(ruleset);

	/* Another asker puts what nobody wanted any more into its own place, and that is a change. */
	ruleset_remove(ruleset, &b);
	ruleset_add(ruleset, &moved);
	assert_names(ruleset, PLACE_ACCEPT_PORT, "a c b");
	g_assert_true(ruleset_is_dirty(ruleset, FAMILY_IPV4, PLACE_ACCEPT_PORT));
	g_assert_false(ruleset_grows(ruleset));
	commit(ruleset);

	ruleset_remove(ruleset, &moved);
	commit(ruleset);
	ruleset_finish(ruleset);
	assert_names(ruleset, PLACE_ACCEPT_PORT, "a c");
	g_assert_null(ruleset_find(ruleset, &b.rule));
}

static void test_hold(void)
{
	g_autoptr(Ruleset) ruleset = ruleset_new();
	const RuleItem stale = item_new(PLACE_DNAT_PORT, "stale", 1);
	const RuleItem kept = item_new(PLACE_DNAT_PORT, "kept", 2);

	ruleset_pin(ruleset, &stale);
	ruleset_pin(ruleset, &kept);
	ruleset_add(ruleset, &kept);
	g_assert_true(ruleset_is_dirty(ruleset, FAMILY_IPV4, PLACE_DNAT_PORT));
	g_assert_false(ruleset_is_dirty(ruleset, FAMILY_IPV6, PLACE_DNAT_PORT));
	g_assert_false(ruleset_is_dirty(ruleset, FAMILY_IPV4, PLACE_ACCEPT_PORT));
	g_assert_false(ruleset_grows(ruleset));
	assert_names(ruleset, PLACE_DNAT_PORT, "(stale) kept");
	ruleset_finish(ruleset);
	assert_names(ruleset, PLACE_DNAT_PORT, "(stale) kept");
	commit(ruleset);
	ruleset_finish(ruleset);
	assert_names(ruleset, PLACE_DNAT_PORT, "kept");
	g_assert_false(ruleset_is_dirty(ruleset, FAMILY_IPV4, PLACE_DNAT_PORT));
}

static void test_dirty(void)
{
	g_autoptr(Ruleset) ruleset = ruleset_new();
	RuleItem exists = item_new(PLACE_ACCEPT_PORT, "", 0);

	ruleset_set_dirty(ruleset, FAMILY_IPV6, PLACE_DNAT_PORT);
	for (enum family family = 0; family < N_FAMILIES; family++)
		for (enum place place = 0; place < N_PLACES; place++)
			g_assert_cmpint(ruleset_is_dirty(ruleset, family, place), ==,
					family == FAMILY_IPV6 && place == PLACE_DNAT_PORT);
	g_assert_false(ruleset_grows(ruleset));
	ruleset_committed(ruleset, FAMILY_IPV6, PLACE_DNAT_PORT);
	g_assert_false(is_dirty(ruleset, FAMILY_IPV6));
	ruleset_set_all_dirty(ruleset);
	for (enum family family = 0; family < N_FAMILIES; family++)
		for (enum place place = 0; place < N_PLACES; place++)
			g_assert_true(ruleset_is_dirty(ruleset, family, place));
	commit(ruleset);
	g_assert_false(is_dirty(ruleset, FAMILY_IPV4) || is_dirty(ruleset, FAMILY_IPV6));

	g_assert_cmpint(ruleset_forward_policy(ruleset, FAMILY_IPV4), ==, TARGET_PLACE);
	ruleset_set_forward_policy(ruleset, FAMILY_IPV4, TARGET_PLACE);
	g_assert_false(ruleset_is_dirty(ruleset, FAMILY_IPV4, PLACE_FORWARD_NETWORK));
	ruleset_set_forward_policy(ruleset, FAMILY_IPV4, TARGET_DROP);
	g_assert_true(ruleset_is_dirty(ruleset, FAMILY_IPV4, PLACE_FORWARD_NETWORK));
	g_assert_false(ruleset_is_dirty(ruleset, FAMILY_IPV6, PLACE_FORWARD_NETWORK));
	g_assert_cmpint(ruleset_forward_policy(ruleset, FAMILY_IPV4), ==, TARGET_DROP);
	g_assert_cmpint(ruleset_forward_policy(ruleset, FAMILY_IPV6), ==, TARGET_PLACE);
	commit(ruleset);

	exists.rule.target = TARGET_PLACE;
	ruleset_add(ruleset, &exists);
	g_assert_true(ruleset_is_dirty(ruleset, FAMILY_IPV4, PLACE_ACCEPT_PORT));
}

/* The naive model: every rule there can be, looked at one by one. */
enum { N_NAIVE = 60 };

typedef struct Naive {
	RuleItem item;
	guint references;
	bool there, committed, moved; /* moved: since the last commit */
	GArray *askers;               /* RuleOrder of each reference */
} Naive;

static const enum place naive_places[] = { PLACE_FORWARD_NETWORK, PLACE_ACCEPT_PORT, PLACE_DNAT_PORT };

static int naive_compare(gconstpointer a, gconstpointer b)
{
	const Naive *x = *(Naive *const *)a, *y = *(Naive *const *)b;
	int r = rule_order_compare(&x->item.order, &y->item.order);

	return r != 0 ? r : memcmp(&x->item.rule, &y->item.rule, sizeof(Rule));
}

static void naive_init(Naive naive[N_NAIVE])
{
	for (guint i = 0; i < N_NAIVE; i++) {
		enum place place = naive_places[i % G_N_ELEMENTS(naive_places)];
		g_autofree char *name = g_strdup_printf("n%u", i);

		naive[i] = (Naive){ item_new(place, name, 0) };
		naive[i].askers = g_array_new(FALSE, FALSE, sizeof(RuleOrder));
	}
}

static void naive_check(const Naive naive[N_NAIVE], const Ruleset *ruleset)
{
	bool grows = false;

	for (gsize c = 0; c < G_N_ELEMENTS(naive_places); c++) {
		const GPtrArray *entries = ruleset_place(ruleset, FAMILY_IPV4, naive_places[c]);
		g_autoptr(GPtrArray) expected = g_ptr_array_new();
		bool dirty = false;

		for (guint i = 0; i < N_NAIVE; i++) {
			if (naive[i].item.rule.place != naive_places[c])
				continue;
			if (naive[i].there)
				g_ptr_array_add(expected, (gpointer)&naive[i]);
			grows |= naive[i].references > 0 && !naive[i].committed;
			dirty |= naive[i].moved || (naive[i].references > 0) != naive[i].committed;
		}
		g_ptr_array_sort(expected, naive_compare);
		g_assert_cmpuint(entries->len, ==, expected->len);
		for (guint i = 0; i < entries->len; i++) {
			const RulesetEntry *entry = entries->pdata[i];
			const Naive *one = expected->pdata[i];

			g_assert_true(rule_equal(&entry->rule, &one->item.rule));
			g_assert_true(ruleset_find(ruleset, &one->item.rule) == entry);
			g_assert_cmpuint(entry->references, ==, one->references);
			g_assert_cmpint(entry->committed, ==, one->committed);
		}
		g_assert_cmpint(ruleset_is_dirty(ruleset, FAMILY_IPV4, naive_places[c]), ==, dirty);
	}
	g_assert_cmpint(ruleset_grows(ruleset), ==, grows);
}

static bool is_older(const RuleOrder *a, const RuleOrder *b)
{
	gint64 x = ABS(a->sequence), y = ABS(b->sequence);

	return x != y ? x < y : a->index < b->index;
}

/* Where the rule stands, as the header says it. */
static void naive_place(Naive *one, const RuleOrder *order)
{
	RuleOrder oldest = one->askers->len > 0 ? g_array_index(one->askers, RuleOrder, 0) : *order;

	for (guint i = 1; i < one->askers->len; i++)
		if (is_older(&g_array_index(one->askers, RuleOrder, i), &oldest))
			oldest = g_array_index(one->askers, RuleOrder, i);
	one->moved |= one->there && rule_order_compare(&one->item.order, &oldest) != 0;
	one->item.order = oldest;
	one->there = true;
}

static void naive_step(Naive naive[N_NAIVE], Ruleset *ruleset)
{
	Naive *one = &naive[g_test_rand_int_range(0, N_NAIVE)];
	int sign = one->item.rule.place == PLACE_FORWARD_NETWORK ? -1 : 1;
	RuleItem item = one->item;
	int dice = g_test_rand_int_range(0, 100);
	guint victim;

	if (dice < 50) {
		item.order.sequence = sign * g_test_rand_int_range(0, 9);
		item.order.index = g_test_rand_int_range(0, 2);
		one->references++;
		g_array_append_val(one->askers, item.order);
		naive_place(one, &item.order);
		ruleset_add(ruleset, &item);
	} else if (dice < 90) {
		if (one->references == 0)
			return;
		one->references--;
		victim = g_test_rand_int_range(0, one->askers->len);
		item.order = g_array_index(one->askers, RuleOrder, victim);
		g_array_remove_index(one->askers, victim);
		naive_place(one, &one->item.order);
		ruleset_remove(ruleset, &item);
	} else if (dice < 92) {
		naive_place(one, &item.order);
		one->committed = true;
		ruleset_pin(ruleset, &item);
	} else if (dice < 96) {
		commit(ruleset);
		for (guint i = 0; i < N_NAIVE; i++) {
			naive[i].committed = naive[i].references > 0;
			naive[i].moved = false;
		}
	} else {
		ruleset_finish(ruleset);
		for (guint i = 0; i < N_NAIVE; i++)
			naive[i].there = naive[i].references > 0 || naive[i].committed;
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
		RuleItem item = item_new(PLACE_DNAT_PORT, name, -(gint64)i);

		g_array_append_val(items, item);
	}
	ruleset_add_all(ruleset, items);
	for (guint i = 0; i < 1000; i++) {
		const RulesetEntry *entry = ruleset_place(ruleset, FAMILY_IPV4, PLACE_DNAT_PORT)->pdata[999 - i];

		g_assert_true(rule_equal(&entry->rule, &g_array_index(items, RuleItem, i).rule));
	}
	ruleset_remove_all(ruleset, items);
	ruleset_finish(ruleset);
	g_assert_cmpuint(ruleset_place(ruleset, FAMILY_IPV4, PLACE_DNAT_PORT)->len, ==, 0);
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
	g_test_add_func("/ruleset/shared", test_shared);
	g_test_add_func("/ruleset/undo", test_undo);
	g_test_add_func("/ruleset/hold", test_hold);
	g_test_add_func("/ruleset/dirty", test_dirty);
	g_test_add_func("/ruleset/random", test_random);
	g_test_add_func("/ruleset/all", test_all);
	g_test_add_func("/ruleset/content", test_content);
	return g_test_run();
}
