/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cli/client.h"
#include "service/cli/pager.h"
#include "service/cli/rule-list.h"
#include "service/cli/table.h"
#include "service/cli/verbs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FAMILY, TABLE, CHAIN, PACKETS, BYTES, RULE, N_COLUMNS };

static const Column columns[N_COLUMNS] = {
	[FAMILY] = { "FAMILY", "Family" },    [TABLE] = { "TABLE", "Table" },
	[CHAIN] = { "CHAIN", "Chain" },       [PACKETS] = { "PACKETS", "Packets", true },
	[BYTES] = { "BYTES", "Bytes", true }, [RULE] = { "RULE", "Rule" },
};

/* What there was of each rule when it was last shown: by its place and text, the packets. */
typedef GHashTable Seen;

static Seen *seen_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static void add_line(Table *table, const RuleLine *line)
{
	Row *row = table_add(table, NULL);

	row_set(row, FAMILY, g_strdup(line->family), NULL);
	row_set(row, TABLE, g_strdup(line->table), NULL);
	row_set(row, CHAIN, g_strdup(line->chain), NULL);
	row_set(row, PACKETS, g_strdup_printf("%" G_GUINT64_FORMAT, line->packets),
		g_variant_new_uint64(line->packets));
	row_set(row, BYTES, g_strdup_printf("%" G_GUINT64_FORMAT, line->bytes), g_variant_new_uint64(line->bytes));
	row_set(row, RULE, g_strdup(line->rule), NULL);
}

/* Objects have rules in common. before, if there is one, leaves out what has not counted since. */
static void add_lines(Table *table, GVariant *rules, Seen *now, const Seen *before)
{
	GVariantIter iter;
	RuleLine line;

	g_variant_iter_init(&iter, rules);
	while (rule_line_next(&iter, &line)) {
		char *key = g_strjoin(" ", line.family, line.table, line.chain, line.rule, NULL);
		const guint64 *packets = before ? g_hash_table_lookup((Seen *)before, key) : NULL;

		/* key is taken in any case */
		if (!g_hash_table_insert(now, key, g_memdup2(&line.packets, sizeof line.packets)))
			continue;
		if (!packets || *packets != line.packets)
			add_line(table, &line);
	}
}

/* Of all networks and ingresses; what is of an endpoint is of its network. */
static GPtrArray *all_objects(Cli *cli, int *ret_code)
{
	GPtrArray *objects = objects_read(cli, ret_code);

	for (guint i = 0; objects && i < objects->len;)
		if (((const Object *)objects->pdata[i])->kind == OBJECT_ENDPOINT)
			g_ptr_array_remove_index(objects, i);
		else
			i++;
	return objects;
}

static int read_all(Cli *cli, Table *table, Seen *now, const Seen *before)
{
	g_autoptr(GPtrArray) objects = NULL;
	int r;

	objects = all_objects(cli, &r);
	if (!objects)
		return r;
	for (guint i = 0; i < objects->len; i++) {
		g_autoptr(GVariant) rules = NULL;

		r = rules_read(cli, objects->pdata[i], &rules);
		if (r != 0)
			return r;
		add_lines(table, rules, now, before);
	}
	return 0;
}

static int read_some(Cli *cli, char **names, guint n, Table *table, Seen *now, const Seen *before)
{
	for (guint i = 0; i < n; i++) {
		g_autoptr(GVariant) rules = NULL;
		g_auto(Object) object = {};
		int r = object_find(cli, names[i], &object);

		if (r == 0)
			r = rules_read(cli, &object, &rules);
		if (r != 0)
			return r;
		add_lines(table, rules, now, before);
	}
	return 0;
}

static int print_rules(Cli *cli, char **names, guint n, Seen *now, const Seen *before)
{
	g_autoptr(Table) table = table_new(columns, N_COLUMNS, NULL);
	int r = n > 0 ? read_some(cli, names, n, table, now, before) : read_all(cli, table, now, before);

	if (r != 0)
		return r;
	if (cli->options.watch && cli->terminal)
		fputs("\x1b[H\x1b[2J", stdout);
	else if (!cli->options.watch)
		pager_start(cli);
	table_print(table, cli);
	fflush(stdout);
	return 0;
}

/* A terminal shows all of them each time, on a new page; elsewhere come those that counted, without another heading. */
static int watch(Cli *cli, char **names, guint n)
{
	g_autoptr(GHashTable) before = NULL;
	int r;

	do {
		g_autoptr(GHashTable) now = seen_new();

		r = print_rules(cli, names, n, now, cli->terminal ? NULL : before);
		if (!cli->terminal)
			cli->options.legend = false;
		g_clear_pointer(&before, g_hash_table_unref);
		before = g_steal_pointer(&now);
		if (r == 0)
			sleep(1);
	} while (r == 0 && !ferror(stdout));
	return r;
}

int verb_rules(Cli *cli, char **arguments, guint n)
{
	g_autoptr(GHashTable) seen = seen_new();

	return cli->options.watch ? watch(cli, arguments, n) : print_rules(cli, arguments, n, seen, NULL);
}
