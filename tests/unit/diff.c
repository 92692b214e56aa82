/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/diff.h"
#include "service/iptables/layout.h"

#include <string.h>

/*
 * The difference between a chain and what should be in it, without a kernel. A rule is a letter, a capital of a form
 * that we write, -i LETTER -j RETURN, or a small one, -i LETTER -j ACCEPT. Chains are written as strings, top to
 * bottom.
 */

static xt_chainlabel names[N_CHAINS];

/* One for each zone. */
static const enum place places[] = {
	[ZONE_HEAD] = PLACE_FORWARD_NETWORK,
	[ZONE_OWNED] = PLACE_ACCEPT_PORT,
	[ZONE_TAIL] = PLACE_COMMUNICATION_OFF,
};

typedef struct Chain {
	GArray *entries; /* Entry */
	GArray *actual;  /* ActualEntry */
	GPtrArray *wanted;
	GString *letters; /* as it is */
	bool owned;
} Chain;

static Rule letter_rule(char letter)
{
	return (Rule){ .place = PLACE_FORWARD_NETWORK,
		       .target = g_ascii_isupper(letter) ? TARGET_RETURN : TARGET_ACCEPT,
		       .in = { letter } };
}

/* An entry as the kernel hands it out: verdicts have no name, libiptc tells it. */
static Chain chain_new(bool owned, const char *actual)
{
	Chain chain = {
		g_array_new(FALSE, FALSE, sizeof(Entry)),
		g_array_new(FALSE, FALSE, sizeof(ActualEntry)),
		g_ptr_array_new_with_free_func(g_free),
		g_string_new(actual),
		owned,
	};

	g_array_set_size(chain.entries, strlen(actual));
	for (guint i = 0; actual[i]; i++) {
		Entry *entry = &g_array_index(chain.entries, Entry, i);
		Rule rule = letter_rule(actual[i]);
		entry_encode(&rule, names, entry);
		struct xt_entry_target *target = (void *)(entry->bytes + entry->ipv4.target_offset);
		memset(target->u.user.name, 0, sizeof target->u.user.name);
		entry->ipv4.counters.pcnt = i;
		const char *verdict = g_ascii_isupper(actual[i]) ? "RETURN" : "ACCEPT";
		ActualEntry f = { entry, verdict, entry_digest(FAMILY_IPV4, entry, verdict) };
		g_array_append_val(chain.actual, f);
	}
	return chain;
}

static void chain_clear(Chain *chain)
{
	g_array_unref(chain->entries);
	g_array_unref(chain->actual);
	g_ptr_array_unref(chain->wanted);
	g_string_free(chain->letters, TRUE);
}

/* Entries of a zone; each letter may be followed by '+' (new) or '-' (to go); else it is wanted and held. */
static void chain_want(Chain *chain, enum zone zone, const char *text)
{
	for (; *text; text++) {
		RulesetEntry *entry = g_new0(RulesetEntry, 1);
		entry->rule = letter_rule(*text);
		entry->rule.place = places[zone];
		entry->references = text[1] != '-';
		entry->committed = text[1] != '+';
		if (text[1] == '+' || text[1] == '-')
			text++;
		g_ptr_array_add(chain->wanted, entry);
	}
}

/* Runs the diff and returns the chain that it leads to. */
static char *chain_apply(Chain *chain, Diff *diff)
{
	GString *result = g_string_new(chain->letters->str);

	diff_compare(diff, &(Comparison){
				   .family = FAMILY_IPV4,
				   .chain = CHAIN_NAT_DOCKER,
				   .owned = chain->owned,
				   .names = names,
				   .wanted = chain->wanted,
				   .actual = (ActualEntry *)chain->actual->data,
				   .n_actual = chain->actual->len,
			   });
	for (guint i = diff->deletions->len; i-- > 0;)
		g_string_erase(result, g_array_index(diff->deletions, guint, i), 1);
	for (guint i = 0; i < diff->insertions->len; i++) {
		const DiffInsertion *insertion = &g_array_index(diff->insertions, DiffInsertion, i);
		g_assert_cmpuint(insertion->position, <=, result->len);
		g_string_insert_c(result, insertion->position, insertion->entry->rule.in[0]);
	}
	return g_string_free(result, FALSE);
}

typedef struct Case {
	const char *actual, *head, *tail, *result;
	guint deletions, insertions;
	bool drifted;
} Case;

static void check_cases(const Case *cases, gsize n, bool owned)
{
	g_autoptr(Diff) diff = diff_new();

	for (gsize i = 0; i < n; i++) {
		const Case *c = &cases[i];
		Chain chain = chain_new(owned, c->actual);
		chain_want(&chain, owned ? ZONE_OWNED : ZONE_HEAD, c->head);
		if (c->tail)
			chain_want(&chain, ZONE_TAIL, c->tail);
		g_autofree char *result = chain_apply(&chain, diff);
		g_test_message("%s: %s, %s", c->actual, c->head, c->tail ? c->tail : "owned");
		g_assert_cmpstr(result, ==, c->result);
		g_assert_cmpuint(diff->deletions->len, ==, c->deletions);
		g_assert_cmpuint(diff->insertions->len, ==, c->insertions);
		g_assert_cmpint(diff_drifted(diff), ==, c->drifted);
		chain_clear(&chain);
	}
}

static void test_builtin(void)
{
	static const Case cases[] = {
		/* Nothing to do, wherever foreign rules stand. */
		{ "", "", "", "", 0, 0, false },
		{ "xy", "", "", "xy", 0, 0, false },
		{ "ABxyYZ", "AB", "YZ", "ABxyYZ", 0, 0, false },
		{ "xABYZy", "AB", "YZ", "xABYZy", 0, 0, false },
		{ "xAyBzYxZy", "AB", "YZ", "xAyBzYxZy", 0, 0, false },
		/* The first of a zone: on top, at the bottom. */
		{ "xy", "A+B+", "Y+Z+", "ABxyYZ", 0, 4, false },
		{ "", "A+", "Z+", "AZ", 0, 2, false },
		{ "xZy", "A+", "Z", "AxZy", 0, 1, false },
		{ "xAy", "A", "Z+", "xAyZ", 0, 1, false },
		/* Beside our own, wherever those stand by now. */
		{ "xABy", "AC+B", "", "xACBy", 0, 1, false },
		{ "xABy", "C+AB", "", "xCABy", 0, 1, false },
		{ "xABy", "ABC+", "", "xABCy", 0, 1, false },
		{ "xAyB", "AC+B", "", "xACyB", 0, 1, false },
		{ "AxZy", "A", "Y+Z", "AxYZy", 0, 1, false },
		{ "AxZy", "A", "ZY+", "AxZYy", 0, 1, false },
		{ "xABy", "C+D+AE+F+B", "", "xCDAEFBy", 0, 4, false },
		/* Going. */
		{ "xAByZ", "A-B", "Z", "xByZ", 1, 0, false },
		{ "xABy", "A-B-", "", "xy", 2, 0, false },
		/* The last goes, another comes: in the same place. */
		{ "xAy", "A-B+", "", "xBy", 1, 1, false },
		{ "xZy", "", "Z-Y+", "xYy", 1, 1, false },
		{ "xZyA", "A", "Z-Y+", "xyAY", 1, 1, false },
		/* Foreign rules that look like ours. */
		{ "xAy", "A+", "", "AxAy", 0, 1, false },
		{ "AxABC", "ABC", "", "AxABC", 0, 0, false },
		{ "AxABC", "A-BC", "", "AxBC", 1, 0, false },
		{ "ABCxA", "A-BC", "", "BCxA", 1, 0, false },
		{ "AAB", "A-B", "", "AB", 1, 0, false },
		{ "xBABC", "AB-C", "", "xBAC", 1, 0, false },
		{ "ABxB", "AB-", "", "AxB", 1, 0, false },
		{ "ZxZ", "", "Z-", "Zx", 1, 0, false },
		{ "YxYZ", "", "Y-Z", "YxZ", 1, 0, false },
		{ "xYZxZ", "", "YZ-", "xYxZ", 1, 0, false },
		{ "AZAZ", "A-", "Z-", "ZA", 2, 0, false },
		/* Repair. */
		{ "xBy", "AB", "", "xABy", 0, 1, true },
		{ "xy", "AB", "Z", "ABxyZ", 0, 3, true },
		{ "xBAy", "AB", "", "xABy", 1, 1, true },
		{ "BCDA", "ABCD", "", "ABCD", 1, 1, true },
		{ "ZxA", "A", "Z", "AZx", 1, 1, true },
		{ "xB", "A-B", "", "xB", 0, 0, true },
		/* One is gone; of two copies of another the one beside ours counts. */
		{ "CxBCy", "ABC-", "", "CxABy", 1, 1, true },
		{ "ZxZ", "A", "Z-", "AZx", 1, 1, true },
		{ "BxB", "B-", "Z", "xBZ", 1, 1, true },
	};

	check_cases(cases, G_N_ELEMENTS(cases), false);
}

static void test_owned(void)
{
	static const Case cases[] = {
		{ "", "", NULL, "", 0, 0, false },
		{ "", "A+B+C+", NULL, "ABC", 0, 3, false },
		{ "ABC", "ABC", NULL, "ABC", 0, 0, false },
		{ "ABC", "AB-C", NULL, "AC", 1, 0, false },
		{ "ABC", "A-B-C-", NULL, "", 3, 0, false },
		{ "ABC", "D+AE+BCF+", NULL, "DAEBCF", 0, 3, false },
		/* Foreign rules stay where they stand. */
		{ "xAyBz", "AB", NULL, "xAyBz", 0, 0, false },
		{ "xAyBz", "AC+BD+", NULL, "xACyBDz", 0, 2, false },
		{ "xAB", "A-B-", NULL, "x", 2, 0, false },
		{ "xAyB", "A-B-C+", NULL, "xCy", 2, 1, false },
		{ "xyB", "AB", NULL, "xyAB", 0, 1, true },
		{ "xBAy", "AB", NULL, "xABy", 1, 1, true },
		/* What they drop is dropped before what comes. */
		{ "x", "A+", NULL, "xA", 0, 1, false },
		{ "xy", "A+B+", NULL, "xyAB", 0, 2, false },
		/* What could be ours, and is not wanted, does not stay. */
		{ "XAYBZ", "AB", NULL, "AB", 3, 0, true },
		{ "xXAyYBZ", "AB", NULL, "xAyB", 3, 0, true },
		{ "X", "A+", NULL, "A", 1, 1, true },
		{ "XAB", "A-B-", NULL, "", 3, 0, true },
		{ "AAB", "AB", NULL, "AB", 1, 0, true },
		/* What is wanted and stands there already, stays. */
		{ "ABC", "A+B+C+", NULL, "ABC", 0, 0, false },
		{ "CAB", "A+B+C+", NULL, "ABC", 1, 1, true },
		/* The fewest move. */
		{ "EABCD", "ABCDE", NULL, "ABCDE", 1, 1, true },
		{ "BADC", "ABCD", NULL, "ABCD", 2, 2, true },
	};

	check_cases(cases, G_N_ELEMENTS(cases), true);
}

/* An order that we changed ourselves is not somebody else's doing. */
static void test_reordered(void)
{
	g_autoptr(Diff) diff = diff_new();
	Chain chain = chain_new(true, "BA");

	chain_want(&chain, ZONE_OWNED, "AB");
	((RulesetEntry *)g_ptr_array_index(chain.wanted, 0))->reordered = true;
	g_autofree char *result = chain_apply(&chain, diff);
	g_assert_cmpstr(result, ==, "AB");
	g_assert_cmpuint(diff->moved, ==, 1);
	g_assert_false(diff_drifted(diff));
	chain_clear(&chain);
}

/* The rules of a chain that are not foreign, or those that are. */
static char *letters_of(const char *chain, bool foreign)
{
	GString *letters = g_string_new(NULL);
	for (; *chain; chain++)
		if (g_ascii_islower(*chain) == foreign)
			g_string_append_c(letters, *chain);
	return g_string_free(letters, FALSE);
}

/* The most of the wanted letters that can stay as they stand; quadratic, and so plainly right. */
static guint longest_common(const char *actual, const char *wanted)
{
	gsize n = strlen(actual), m = strlen(wanted);
	g_autofree guint *table = g_new0(guint, (n + 1) * (m + 1));

	for (gsize i = 1; i <= n; i++)
		for (gsize j = 1; j <= m; j++) {
			guint *cell = &table[i * (m + 1) + j];
			if (actual[i - 1] == wanted[j - 1])
				*cell = table[(i - 1) * (m + 1) + j - 1] + 1;
			else
				*cell = MAX(table[(i - 1) * (m + 1) + j], table[i * (m + 1) + j - 1]);
		}
	return table[n * (m + 1) + m];
}

static void shuffle(char *letters, gsize n, gsize swaps)
{
	for (gsize i = 0; n > 1 && i < swaps; i++) {
		gsize a = g_test_rand_int_range(0, n), b = g_test_rand_int_range(0, n);
		char letter = letters[a];
		letters[a] = letters[b];
		letters[b] = letter;
	}
}

/* Any chain, order and wish: foreign rules stay in order, ours end as wanted, no more is done than needs be. */
static void test_random(void)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	g_autoptr(Diff) diff = diff_new();

	for (guint round = 0; round < 20000; round++) {
		bool owned = g_test_rand_bit();
		g_autoptr(GString) actual = g_string_new(NULL);
		g_autoptr(GString) head = g_string_new(NULL);
		g_autoptr(GString) tail = g_string_new(NULL);
		g_autoptr(GString) wanted = g_string_new(NULL);
		g_autoptr(GString) standing = g_string_new(NULL);
		gsize n = g_test_rand_int_range(0, 12), split = g_test_rand_int_range(0, n + 1);

		for (gsize i = 0; i < n; i++) {
			GString *zone = owned || i < split ? head : tail;
			int what = g_test_rand_int_range(0, 10);
			g_string_append_c(zone, alphabet[i]);
			if (what < 2)
				g_string_append_c(zone, '+');
			else if (what < 4)
				g_string_append_c(zone, '-');
			if (what < 2 || what >= 4)
				g_string_append_c(wanted, alphabet[i]);
			if (what >= 2 && g_test_rand_int_range(0, 8)) {
				g_string_append_c(actual, alphabet[i]);
				if (what >= 4)
					g_string_append_c(standing, alphabet[i]);
			}
		}
		shuffle(actual->str, actual->len, g_test_rand_int_range(0, 4));
		for (int i = g_test_rand_int_range(0, 4); i > 0; i--)
			g_string_insert_c(actual, g_test_rand_int_range(0, actual->len + 1), 'w' + i);

		Chain chain = chain_new(owned, actual->str);
		chain_want(&chain, owned ? ZONE_OWNED : ZONE_HEAD, head->str);
		chain_want(&chain, ZONE_TAIL, tail->str);
		g_autofree char *result = chain_apply(&chain, diff);
		g_autofree char *ours = letters_of(result, false), *theirs = letters_of(result, true);
		g_autofree char *theirs_before = letters_of(actual->str, true);
		g_autofree char *ours_before = letters_of(actual->str, false);

		g_assert_cmpstr(ours, ==, wanted->str);
		g_assert_cmpstr(theirs, ==, theirs_before);
		g_assert_cmpuint(diff->insertions->len, ==, wanted->len - longest_common(ours_before, standing->str));
		chain_clear(&chain);
		if (g_test_failed()) {
			g_test_message("%s -> %s; head %s tail %s", actual->str, result, head->str, tail->str);
			return;
		}
	}
}

/* What a commit adds to libiptc's own work. */
static void test_cost(void)
{
	enum { N = 30000, ROUNDS = 20 };
	g_autoptr(Diff) diff = diff_new();
	g_autofree Entry *entries = g_new(Entry, N);
	g_autofree ActualEntry *actual = g_new(ActualEntry, N + 2);
	g_autoptr(GPtrArray) wanted = g_ptr_array_new_with_free_func(g_free);
	Rule foreign = letter_rule('x');
	Entry strange;

	entry_encode(&foreign, names, &strange);
	for (guint i = 0; i < N; i++) {
		RulesetEntry *entry = g_new0(RulesetEntry, 1);
		entry->rule = (Rule){ .target = TARGET_DNAT, .protocol = IPPROTO_TCP, .flags = RULE_NOT_IN };
		entry->rule.place = places[ZONE_TAIL];
		strcpy(entry->rule.in, "docker0");
		entry->rule.destination_port[0] = entry->rule.destination_port[1] = i + 1;
		entry->rule.dnat_port = 80;
		memcpy(entry->rule.dnat_address, &i, 4);
		entry->references = 1;
		entry->committed = i != N - 1;
		g_ptr_array_add(wanted, entry);
		entry_encode(&entry->rule, names, &entries[i]);
		actual[i + 1] = (ActualEntry){ &entries[i], "DNAT", entry_digest(FAMILY_IPV4, &entries[i], "DNAT") };
	}
	/* A foreign rule above and one below, so that neither end is ours. */
	actual[0] = actual[N] = (ActualEntry){ &strange, "ACCEPT", entry_digest(FAMILY_IPV4, &strange, "ACCEPT") };

	Comparison input = {
		.family = FAMILY_IPV4,
		.names = names,
		.wanted = wanted,
		.actual = actual,
		.n_actual = N + 1,
	};
	gint64 start = g_get_monotonic_time();
	for (guint i = 0; i < ROUNDS; i++)
		diff_compare(diff, &input);
	g_test_message("%.1f ns a rule", (g_get_monotonic_time() - start) * 1e3 / ROUNDS / N);
	g_assert_cmpuint(diff->deletions->len, ==, 0);
	g_assert_cmpuint(diff->insertions->len, ==, 1);
	g_assert_cmpuint(g_array_index(diff->insertions, DiffInsertion, 0).position, ==, N);

	start = g_get_monotonic_time();
	for (guint i = 0; i < N; i++)
		((RulesetEntry *)g_ptr_array_index(wanted, i))->committed = true;
	diff_compare(diff, &input);
	g_test_message("%.1f ns a rule when one is missing", (g_get_monotonic_time() - start) * 1e3 / N);
	g_assert_cmpuint(diff->missing, ==, 1);
	g_assert_cmpuint(diff->insertions->len, ==, 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	g_test_add_func("/diff/builtin", test_builtin);
	g_test_add_func("/diff/owned", test_owned);
	g_test_add_func("/diff/reordered", test_reordered);
	g_test_add_func("/diff/random", test_random);
	g_test_add_func("/diff/cost", test_cost);
	return g_test_run();
}
