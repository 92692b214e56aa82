/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/tables.h"

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
	tables->iptables = iptables_new("DOCKER");
	tables->ruleset = ruleset_new();
	if (iptables_lock(tables->iptables) < 0)
		g_error("the xtables lock is taken");
	return tables;
}

void tables_free(Tables *tables)
{
	if (!tables)
		return;
	iptables_free(tables->iptables);
	ruleset_free(tables->ruleset);
	netns_enter(tables->home);
	close(tables->netns);
	close(tables->home);
	g_free(tables);
}

static RuleItem declaration(const Rule *rule)
{
	return (RuleItem){ .rule = { .family = rule->family, .chain = rule->chain, .zone = ZONE_OWNED } };
}

RuleItem tables_add(Tables *tables, const Rule *rule)
{
	RuleItem item = { *rule, { .sequence = ++tables->sequence } };
	RuleItem chain = declaration(rule);

	if (rule->zone == ZONE_OWNED)
		ruleset_add(tables->ruleset, &chain);
	if (rule->target == TARGET_JUMP) {
		chain.rule.chain = rule->jump;
		ruleset_add(tables->ruleset, &chain);
	}
	ruleset_add(tables->ruleset, &item);
	return item;
}

void tables_remove(Tables *tables, const RuleItem *item)
{
	RuleItem chain = declaration(&item->rule);

	ruleset_remove(tables->ruleset, item);
	if (item->rule.zone == ZONE_OWNED)
		ruleset_remove(tables->ruleset, &chain);
	if (item->rule.target == TARGET_JUMP) {
		chain.rule.chain = item->rule.jump;
		ruleset_remove(tables->ruleset, &chain);
	}
}

Rule tables_rule(const Tables *tables, enum chain chain, enum zone zone, const char *interface)
{
	Rule rule = { .family = tables->family, .chain = chain, .zone = zone, .target = TARGET_ACCEPT };

	g_strlcpy(rule.in, interface, sizeof rule.in);
	return rule;
}

IptablesCommit tables_commit(Tables *tables)
{
	g_autoptr(GError) error = NULL;
	IptablesCommit commit;

	if (!iptables_commit(tables->iptables, tables->ruleset, &commit, &error))
		g_error("commit: %s", error->message);
	ruleset_settle(tables->ruleset);
	return commit;
}

static const char *tool(const Tables *tables)
{
	return tables->family == FAMILY_IPV4 ? "iptables-legacy" : "ip6tables-legacy";
}

/* The judge takes the lock as well, so ours is let go for so long. */
static char *run(const Tables *tables, const char *command)
{
	iptables_unlock(tables->iptables);
	char *output = netns_output(tables->netns, "%s", command);
	if (iptables_lock(tables->iptables) < 0)
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

RuleItem add_accept(Tables *tables, enum chain chain, enum zone zone, const char *interface)
{
	Rule rule = tables_rule(tables, chain, zone, interface);
	return tables_add(tables, &rule);
}

RuleItem add_jump(Tables *tables, enum chain chain, enum zone zone, enum chain jump)
{
	Rule rule = tables_rule(tables, chain, zone, "");
	rule.target = TARGET_JUMP;
	rule.jump = jump;
	return tables_add(tables, &rule);
}

RuleItem declare_chain(Tables *tables, enum chain chain)
{
	RuleItem item = { .rule = { .family = tables->family, .chain = chain, .zone = ZONE_OWNED } };
	ruleset_add(tables->ruleset, &item);
	return item;
}

void expect_commit(Tables *tables, guint commits, guint added, guint removed, const char *drifted)
{
	IptablesCommit commit = tables_commit(tables);

	g_assert_cmpuint(commit.commits, ==, commits);
	g_assert_cmpuint(commit.added, ==, added);
	g_assert_cmpuint(commit.removed, ==, removed);
	if (commit.drifted)
		g_ptr_array_add(commit.drifted, NULL);
	g_autofree char *list = commit.drifted ? g_strjoinv(",", (char **)commit.drifted->pdata) : NULL;
	g_assert_cmpstr(list, ==, drifted);
	iptables_commit_clear(&commit);
}

void expect_error(Tables *tables, int code)
{
	g_autoptr(GError) error = NULL;
	IptablesCommit commit;

	g_assert_false(iptables_commit(tables->iptables, tables->ruleset, &commit, &error));
	g_assert_error(error, NETFILTER_ERROR, code);
	g_test_message("%s", error ? error->message : "no error");
	iptables_commit_clear(&commit);
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
	for (enum table table = 0; table < N_TABLES; table++)
		ruleset_set_dirty(tables->ruleset, tables->family, table);
}

int tables_tests_main(int argc, char **argv, const TablesTest *tests, gsize n)
{
	const char *reason;

	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	if (!netns_isolate(&reason)) {
		g_print("1..0 # SKIP %s\n", reason);
		return 0;
	}
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
