/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/tables.h"

#include "service/iptables/layout.h"
#include "tests/support/netns.h"

#include <string.h>
#include <unistd.h>

Tables *tables_new(enum family family)
{
	Tables *tables = g_new0(Tables, 1);

	tables->family = family;
	tables->home = netns_current();
	tables->netns = netns_new();
	netns_enter(tables->netns);
	tables->backend = iptables_backend.new("DOCKER");
	tables->ruleset = ruleset_new();
	if (iptables_backend.lock(tables->backend) < 0)
		g_error("the xtables lock is taken");
	return tables;
}

void tables_free(Tables *tables)
{
	if (!tables)
		return;
	iptables_backend.free(tables->backend);
	ruleset_free(tables->ruleset);
	netns_enter(tables->home);
	close(tables->netns);
	close(tables->home);
	g_free(tables);
}

/* Says that a chain exists. */
static RuleItem declaration(enum family family, enum chain chain)
{
	static const enum place places[N_CHAINS] = {
		[CHAIN_MANGLE_DIRECT] = PLACE_DIRECT_END,
		[CHAIN_FILTER_DOCKER] = PLACE_ACCEPT_EXISTS,
		[CHAIN_FILTER_INGRESS] = PLACE_INGRESS_ACCEPT_END,
		[CHAIN_FILTER_ISOLATION] = PLACE_ISOLATION_END,
		[CHAIN_FILTER_ISOLATION_STAGE_2] = PLACE_ISOLATION_ENTER_END,
		[CHAIN_NAT_DOCKER] = PLACE_DNAT_EXISTS,
		[CHAIN_NAT_INGRESS] = PLACE_INGRESS_DNAT_END,
	};

	return (RuleItem){ .rule = { .family = family, .place = places[chain], .target = TARGET_PLACE } };
}

RuleItem tables_add(Tables *tables, const Rule *rule)
{
	RuleItem item = { *rule, { .sequence = ++tables->sequence } };
	const Layout *layout = layout_of(rule);
	RuleItem chain;

	if (layout->zone == ZONE_OWNED) {
		chain = declaration(rule->family, layout->chain);
		ruleset_add(tables->ruleset, &chain);
	}
	if (rule->target == TARGET_PLACE) {
		chain = declaration(rule->family, layout->jump);
		ruleset_add(tables->ruleset, &chain);
	}
	ruleset_add(tables->ruleset, &item);
	return item;
}

void tables_remove(Tables *tables, const RuleItem *item)
{
	const Layout *layout = layout_of(&item->rule);
	RuleItem chain;

	ruleset_remove(tables->ruleset, item);
	if (layout->zone == ZONE_OWNED) {
		chain = declaration(item->rule.family, layout->chain);
		ruleset_remove(tables->ruleset, &chain);
	}
	if (item->rule.target == TARGET_PLACE) {
		chain = declaration(item->rule.family, layout->jump);
		ruleset_remove(tables->ruleset, &chain);
	}
}

Rule tables_rule(const Tables *tables, enum place place, const char *interface)
{
	Rule rule = { .family = tables->family, .place = place, .target = TARGET_ACCEPT };

	g_strlcpy(rule.in, interface, sizeof rule.in);
	return rule;
}

BackendCommit tables_commit(Tables *tables)
{
	g_autoptr(GError) error = NULL;
	BackendCommit commit;

	if (!iptables_backend.commit(tables->backend, tables->ruleset, &commit, &error))
		g_error("commit: %s", error->message);
	ruleset_finish(tables->ruleset);
	return commit;
}

static const char *tool(const Tables *tables)
{
	return tables->family == FAMILY_IPV4 ? "iptables-legacy" : "ip6tables-legacy";
}

/* The judge takes the lock as well, so ours is let go for so long. */
static char *run(const Tables *tables, const char *command)
{
	iptables_backend.unlock(tables->backend);
	char *output = netns_output(tables->netns, "%s", command);
	if (iptables_backend.lock(tables->backend) < 0)
		g_error("the xtables lock is taken");
	return output;
}

void tables_run(const Tables *tables, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_autofree char *arguments = g_strdup_vprintf(format, args);
	va_end(args);
	g_autofree char *command = g_strdup_printf("%s %s", tool(tables), arguments);
	g_free(run(tables, command));
}

void tables_restore(const Tables *tables, const char *text)
{
	g_autoptr(GError) error = NULL;

	if (!g_file_set_contents("/run/restore", text, -1, &error))
		g_error("%s", error->message);
	g_autofree char *command = g_strdup_printf("%s-restore -c --noflush /run/restore", tool(tables));
	g_free(run(tables, command));
}

static char *save_chain(const Tables *tables, const char *table, const char *chain, bool counted)
{
	g_autofree char *command = g_strdup_printf("%s-save -c -t %s", tool(tables), table);
	g_autofree char *output = run(tables, command);
	g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
	g_autofree char *mark = g_strdup_printf(" -A %s ", chain);
	GString *text = g_string_new(NULL);

	for (char **line = lines; *line; line++) {
		char *at = strstr(*line, mark);
		if (!at)
			continue;
		if (counted)
			g_string_append_printf(text, "%.*s ", (int)(at - *line), *line);
		g_string_append_printf(text, "%s\n", at + strlen(mark));
	}
	return g_string_free(text, FALSE);
}

char *tables_chain(const Tables *tables, const char *table, const char *chain)
{
	return save_chain(tables, table, chain, false);
}

char *tables_chain_counted(const Tables *tables, const char *table, const char *chain)
{
	return save_chain(tables, table, chain, true);
}

char *tables_chain_head(const Tables *tables, const char *table, const char *chain)
{
	g_autofree char *command = g_strdup_printf("%s-save -c -t %s", tool(tables), table);
	g_autofree char *output = run(tables, command);
	g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
	g_autofree char *mark = g_strdup_printf(":%s ", chain);

	for (char **line = lines; *line; line++)
		if (g_str_has_prefix(*line, mark))
			return g_strdup(*line);
	return NULL;
}

RuleItem add_accept(Tables *tables, enum place place, const char *interface)
{
	Rule rule = tables_rule(tables, place, interface);
	return tables_add(tables, &rule);
}

RuleItem add_jump(Tables *tables, enum place place)
{
	Rule rule = { .family = tables->family, .place = place, .target = TARGET_PLACE };
	return tables_add(tables, &rule);
}

RuleItem declare_chain(Tables *tables, enum place place)
{
	RuleItem item = { .rule = { .family = tables->family, .place = place, .target = TARGET_PLACE } };
	ruleset_add(tables->ruleset, &item);
	return item;
}

void expect_commit(Tables *tables, guint commits, guint added, guint removed, const char *drifted)
{
	BackendCommit commit = tables_commit(tables);

	g_assert_cmpuint(commit.commits, ==, commits);
	g_assert_cmpuint(commit.added, ==, added);
	g_assert_cmpuint(commit.removed, ==, removed);
	if (commit.drifted)
		g_ptr_array_add(commit.drifted, NULL);
	g_autofree char *list = commit.drifted ? g_strjoinv(",", (char **)commit.drifted->pdata) : NULL;
	g_assert_cmpstr(list, ==, drifted);
	backend_commit_clear(&commit);
}

void expect_error(Tables *tables, int code)
{
	g_autoptr(GError) error = NULL;
	BackendCommit commit;

	g_assert_false(iptables_backend.commit(tables->backend, tables->ruleset, &commit, &error));
	g_assert_error(error, NETFILTER_ERROR, code);
	g_test_message("%s", error ? error->message : "no error");
	backend_commit_clear(&commit);
}

void expect_chain(Tables *tables, const char *table, const char *chain, const char *expected)
{
	g_autofree char *text = tables_chain(tables, table, chain);
	g_assert_cmpstr(text, ==, expected);
}

void expect_counted(Tables *tables, const char *table, const char *chain, const char *expected)
{
	g_autofree char *text = tables_chain_counted(tables, table, chain);
	g_assert_cmpstr(text, ==, expected);
}

void expect_head(Tables *tables, const char *table, const char *chain, const char *expected)
{
	g_autofree char *text = tables_chain_head(tables, table, chain);
	g_assert_cmpstr(text, ==, expected);
}

void make_dirty(Tables *tables)
{
	for (enum place place = 0; place < N_PLACES; place++)
		ruleset_set_dirty(tables->ruleset, tables->family, place);
}

int tables_tests_main(int argc, char **argv, const TablesTest *tests, gsize n)
{
	netns_test_init(&argc, &argv);
	for (gsize i = 0; i < n; i++)
		for (enum family family = 0; family < N_FAMILIES && tests[i].run_in; family++) {
			g_autofree char *path =
				g_strdup_printf("/iptables/%s/%s", family_to_string(family), tests[i].name);

			g_test_add_data_func(path, GUINT_TO_POINTER(family), tests[i].run_in);
		}
	for (gsize i = 0; i < n; i++)
		if (tests[i].run) {
			g_autofree char *path = g_strdup_printf("/iptables/%s", tests[i].name);

			g_test_add_func(path, tests[i].run);
		}
	return g_test_run();
}
