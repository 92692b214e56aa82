/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/tables.h"

#include <libiptc/libip6tc.h>
#include <libiptc/libiptc.h>
#include <string.h>

/* Ten thousand ports, and what a change costs among them. */

/* The three rules of a published port, appended to items. */
static void add_port(Tables *tables, guint i, GArray *items)
{
	guint16 port = 1 + i;
	Rule rule = { .family = tables->family, .protocol = IPPROTO_TCP };

	g_strlcpy(rule.in, "docker0", sizeof rule.in);
	rule.flags = RULE_NOT_IN;
	memcpy(rule.destination, (guint8[]){ 172, 17, i >> 8, i }, 4);
	rule.destination_length = family_bits(tables->family);
	rule.destination_port[0] = rule.destination_port[1] = port;

	Rule accept = rule, dnat = rule, self = rule;
	g_strlcpy(accept.out, "docker0", sizeof accept.out);
	accept.place = DOCKER;
	accept.target = TARGET_ACCEPT;
	dnat.place = NAT_DOCKER;
	dnat.target = TARGET_DNAT;
	dnat.dnat_port = port;
	memcpy(dnat.dnat_address, rule.destination, sizeof rule.destination);
	memset(self.in, 0, sizeof self.in);
	self.flags = 0;
	memcpy(self.source, rule.destination, sizeof self.source);
	self.source_length = rule.destination_length;
	self.place = PLACE_MASQUERADE_SELF;
	self.target = TARGET_MASQUERADE;

	RuleItem added[] = { tables_add(tables, &accept), tables_add(tables, &dnat), tables_add(tables, &self) };
	g_array_append_vals(items, added, G_N_ELEMENTS(added));
}

static double milliseconds_since(gint64 start)
{
	return (g_get_monotonic_time() - start) / 1e3;
}

/* A copy of a rule that libiptc showed; verdicts are nameless there, and would be none. */
static void *copy(const void *entry, guint16 target, guint16 size, const char *verdict)
{
	guint8 *copied = g_memdup2(entry, size);
	struct xt_entry_target *named = (struct xt_entry_target *)(copied + target);

	if (!named->u.user.name[0])
		g_strlcpy(named->u.user.name, verdict, sizeof named->u.user.name);
	return copied;
}

/* What cannot be saved: the table read and written with nothing in between. */
static double measure_floor(enum family family)
{
	static const char *const names[] = { "filter", "nat" };
	static const xt_chainlabel chain = "DOCKER";
	gint64 start = g_get_monotonic_time();

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		if (family == FAMILY_IPV4) {
			struct xtc_handle *handle = iptc_init(names[i]);
			const struct ipt_entry *first = iptc_first_rule(chain, handle);
			g_autofree struct ipt_entry *entry =
				copy(first, first->target_offset, first->next_offset, iptc_get_target(first, handle));

			g_assert_true(iptc_append_entry(chain, entry, handle));
			g_assert_true(iptc_commit(handle));
			iptc_free(handle);
		} else {
			struct xtc_handle *handle = ip6tc_init(names[i]);
			const struct ip6t_entry *first = ip6tc_first_rule(chain, handle);
			g_autofree struct ip6t_entry *entry =
				copy(first, first->target_offset, first->next_offset, ip6tc_get_target(first, handle));

			g_assert_true(ip6tc_append_entry(chain, entry, handle));
			g_assert_true(ip6tc_commit(handle));
			ip6tc_free(handle);
		}
	}
	return milliseconds_since(start);
}

static void test_many(gconstpointer data)
{
	enum { N = 10000, ROUNDS = 5 };
	g_autoptr(Tables) tables = tables_new(FAMILY(data));
	g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(RuleItem));
	double ours = G_MAXDOUBLE, floor = G_MAXDOUBLE;

	/* So that no end of a chain is ours. */
	tables_run(tables, "-t nat -A POSTROUTING -o above -j ACCEPT");
	for (guint i = 0; i < N; i++)
		add_port(tables, i, items);
	gint64 start = g_get_monotonic_time();
	expect_commit(tables, 2, 3 * N, 0, NULL);
	g_test_message("%u ports in one commit: %.1f ms", N, milliseconds_since(start));
	tables_run(tables, "-t nat -A POSTROUTING -o below -j ACCEPT");

	for (guint i = 0; i < ROUNDS; i++) {
		add_port(tables, N + i, items);
		start = g_get_monotonic_time();
		expect_commit(tables, 2, 3, 0, NULL);
		double elapsed = milliseconds_since(start);
		ours = MIN(ours, elapsed);
		/* Its copies of our first rules are in our way, which makes drift: taken out unmeasured. */
		elapsed = measure_floor(FAMILY(data));
		floor = MIN(floor, elapsed);
		make_dirty(tables);
		expect_commit(tables, 2, 0, 2, "nat DOCKER,filter DOCKER");
	}
	g_test_message("one port more at %u: %.1f ms, libiptc alone %.1f ms", N, ours, floor);

	start = g_get_monotonic_time();
	make_dirty(tables);
	expect_commit(tables, 0, 0, 0, NULL);
	g_test_message("nothing to do at %u: %.1f ms", N, milliseconds_since(start));

	g_autofree char *docker = tables_chain(tables, "filter", "DOCKER");
	g_autofree char *postrouting = tables_chain(tables, "nat", "POSTROUTING");
	g_auto(GStrv) accepts = g_strsplit(docker, "\n", -1);
	g_auto(GStrv) masquerades = g_strsplit(postrouting, "\n", -1);
	g_assert_cmpuint(g_strv_length(accepts), ==, N + ROUNDS + 1);
	g_assert_cmpuint(g_strv_length(masquerades), ==, N + ROUNDS + 2 + 1);
	g_assert_cmpstr(masquerades[0], ==, "-o above -j ACCEPT");
	g_assert_cmpstr(masquerades[N + ROUNDS + 1], ==, "-o below -j ACCEPT");

	/* Every tenth goes at once. */
	for (guint i = 0; i < N; i += 10)
		for (guint j = 0; j < 3; j++)
			tables_remove(tables, &g_array_index(items, RuleItem, 3 * i + j));
	start = g_get_monotonic_time();
	expect_commit(tables, 2, 0, 3 * N / 10, NULL);
	g_test_message("%u ports fewer at %u: %.1f ms", N / 10, N, milliseconds_since(start));
	make_dirty(tables);
	expect_commit(tables, 0, 0, 0, NULL);
}

static const TablesTest tests[] = {
	{ "many", test_many },
};

int main(int argc, char **argv)
{
	return tables_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
