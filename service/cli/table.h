/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/cli/cli.h"

/** Rows and columns, printed for people or as JSON: an array of objects, whose members are the columns. */
typedef struct Table Table;
typedef struct Row Row;

typedef struct Column {
	const char *title; /* for people; NULL: not shown to them */
	const char *key;   /* in JSON */
	bool number;       /* aligned to the right */
	bool optional;     /* not shown to people where it is empty in all rows, nor in JSON where it is */
} Column;

/** The columns are borrowed. children is the key of the rows below a row, NULL in a table without any. */
Table *table_new(const Column *columns, guint n_columns, const char *children);
void table_free(Table *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Table, table_free)

/** A row below another one, or NULL; belongs to the table. */
Row *table_add(Table *table, Row *parent);

/** Both are taken: a text, and a floating value for JSON, where NULL is the text. Cells are empty before. */
void row_set(Row *row, guint column, char *text, GVariant *value);

/** How a row looks where there are colours; static, an escape sequence's name as of libsmartcols ("red"). */
void row_set_colour(Row *row, const char *colour);

void table_print(Table *table, Cli *cli);
