/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cli/table.h"

#include "service/cli/value.h"

#include <libsmartcols.h>
#include <stdio.h>

typedef struct Cell {
	char *text;
	GVariant *value;
} Cell;

struct Row {
	GPtrArray *children; /* Row */
	const char *colour;
	guint n;
	Cell cells[];
};

struct Table {
	const Column *columns;
	guint n_columns;
	const char *children;
	GPtrArray *rows;
	bool shown[]; /* columns, to people */
};

static void row_free(gpointer data)
{
	Row *row = data;

	for (guint i = 0; i < row->n; i++) {
		g_free(row->cells[i].text);
		g_clear_pointer(&row->cells[i].value, g_variant_unref);
	}
	g_ptr_array_unref(row->children);
	g_free(row);
}

Table *table_new(const Column *columns, guint n_columns, const char *children)
{
	Table *table = g_malloc0(sizeof *table + n_columns * sizeof table->shown[0]);

	*table = (Table){ columns, n_columns, children, g_ptr_array_new_with_free_func(row_free) };
	return table;
}

void table_free(Table *table)
{
	g_ptr_array_unref(table->rows);
	g_free(table);
}

Row *table_add(Table *table, Row *parent)
{
	Row *row = g_malloc0(sizeof *row + table->n_columns * sizeof row->cells[0]);

	row->n = table->n_columns;
	row->children = g_ptr_array_new_with_free_func(row_free);
	g_ptr_array_add(parent ? parent->children : table->rows, row);
	return row;
}

void row_set(Row *row, guint column, char *text, GVariant *value)
{
	Cell *cell = &row->cells[column];

	g_free(cell->text);
	g_clear_pointer(&cell->value, g_variant_unref);
	cell->text = text;
	cell->value = value ? g_variant_ref_sink(value) : NULL;
}

void row_set_colour(Row *row, const char *colour)
{
	row->colour = colour;
}

static bool is_blank(const Cell *cell)
{
	return !cell->text || !*cell->text;
}

/* --- JSON --- */

static GVariant *rows_json(const Table *table, const GPtrArray *rows)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < rows->len; i++) {
		const Row *row = rows->pdata[i];

		g_variant_builder_open(&builder, G_VARIANT_TYPE_VARDICT);
		for (guint j = 0; j < row->n; j++) {
			const Cell *cell = &row->cells[j];

			if ((cell->value || cell->text) && !(table->columns[j].optional && is_blank(cell)))
				g_variant_builder_add(&builder, "{sv}", table->columns[j].key,
						      cell->value ?: g_variant_new_string(cell->text));
		}
		if (row->children->len > 0)
			g_variant_builder_add(&builder, "{sv}", table->children, rows_json(table, row->children));
		g_variant_builder_close(&builder);
	}
	return g_variant_builder_end(&builder);
}

/* --- for people --- */

static bool is_empty(const GPtrArray *rows, guint column)
{
	for (guint i = 0; i < rows->len; i++) {
		const Row *row = rows->pdata[i];

		if (!is_blank(&row->cells[column]) || !is_empty(row->children, column))
			return false;
	}
	return true;
}

static void choose_columns(Table *table)
{
	for (guint i = 0; i < table->n_columns; i++) {
		const Column *column = &table->columns[i];

		table->shown[i] = column->title && !(column->optional && is_empty(table->rows, i));
	}
}

static void add_columns(const Table *table, struct libscols_table *out)
{
	bool tree = table->children != NULL;

	for (guint i = 0; i < table->n_columns; i++) {
		const Column *column = &table->columns[i];

		if (!table->shown[i])
			continue;
		scols_table_new_column(out, column->title, 0,
				       (tree ? SCOLS_FL_TREE : 0) | (column->number ? SCOLS_FL_RIGHT : 0));
		tree = false;
	}
}

static void add_lines(const Table *table, struct libscols_table *out, const GPtrArray *rows,
		      struct libscols_line *parent)
{
	for (guint i = 0; i < rows->len; i++) {
		const Row *row = rows->pdata[i];
		struct libscols_line *line = scols_table_new_line(out, parent);
		guint n = 0;

		if (!line)
			g_error("Out of memory");
		if (row->colour)
			scols_line_set_color(line, row->colour);
		for (guint j = 0; j < row->n; j++)
			if (table->shown[j])
				scols_line_set_data(line, n++, row->cells[j].text ?: "");
		add_lines(table, out, row->children, line);
	}
}

void table_print(Table *table, Cli *cli)
{
	struct libscols_table *out;

	if (cli->options.json != JSON_OFF) {
		g_autoptr(GVariant) value = g_variant_ref_sink(rows_json(table, table->rows));

		value_print_json(value, cli->options.json);
		return;
	}
	if (table->rows->len == 0)
		return;
	out = scols_new_table();
	if (!out)
		g_error("Out of memory");
	scols_table_enable_noheadings(out, !cli->options.legend);
	scols_table_enable_colors(out, cli->colours);
	/* Lines are as long as they are; a terminal, or the pager, has its own way with long ones. */
	scols_table_set_termforce(out, SCOLS_TERMFORCE_NEVER);
	choose_columns(table);
	add_columns(table, out);
	add_lines(table, out, table->rows, NULL);
	scols_print_table(out);
	scols_unref_table(out);
}
