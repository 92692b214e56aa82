/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/rules/foreign-chain.h"

#include <linux/netfilter.h>

typedef struct Row {
	ForeignChain chain;
	const char *name;
	bool families[N_FAMILIES];
} Row;

static const Row rows[] = {
	{ { NULL, NFPROTO_IPV4, "filter", "FORWARD" }, "ip filter FORWARD", { true, false } },
	{ { NULL, NFPROTO_IPV6, "filter", "FORWARD" }, "ip6 filter FORWARD", { false, true } },
	{ { NULL, NFPROTO_INET, "firewalld", "filter_FORWARD" }, "inet firewalld filter_FORWARD", { true, true } },
	{ { "legacy", NFPROTO_IPV4, "filter", "FORWARD" }, "legacy ip filter FORWARD", { true, false } },
	{ { "legacy", NFPROTO_IPV6, "filter", "FORWARD" }, "legacy ip6 filter FORWARD", { false, true } },
	/* Names that read as something else. */
	{ { NULL, NFPROTO_IPV4, "ip6", "inet" }, "ip ip6 inet", { true, false } },
	{ { NULL, NFPROTO_INET, "legacy ip6", "x" }, "inet legacy ip6 x", { true, true } },
	{ { NULL, NFPROTO_INET, "a\xff", "\xc3" }, "inet a\xef\xbf\xbd \xef\xbf\xbd", { true, true } },
};

static void named(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *name = foreign_chain_name(&rows[i].chain);

		g_assert_cmpstr(name, ==, rows[i].name);
		for (enum family family = 0; family < N_FAMILIES; family++)
			g_assert_cmpint(foreign_chain_has_family(&rows[i].chain, family), ==, rows[i].families[family]);
	}
}

/* Names with spaces in them are two where they read as one. */
static void equal(void)
{
	g_autoptr(GPtrArray) chains = foreign_chains_new();

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		g_ptr_array_add(chains, foreign_chain_new(rows[i].chain.mechanism, rows[i].chain.family,
							  rows[i].chain.table, rows[i].chain.chain));
	g_ptr_array_add(chains, foreign_chain_new(NULL, NFPROTO_INET, "x y", "z"));
	g_ptr_array_add(chains, foreign_chain_new(NULL, NFPROTO_INET, "x", "y z"));
	for (guint i = 0; i < chains->len; i++)
		for (guint j = 0; j < chains->len; j++)
			g_assert_cmpint(foreign_chain_equal(chains->pdata[i], chains->pdata[j]), ==, i == j);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_true(foreign_chain_equal(chains->pdata[i], &rows[i].chain));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/foreign-chain/named", named);
	g_test_add_func("/foreign-chain/equal", equal);
	return g_test_run();
}
