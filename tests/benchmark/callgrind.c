/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/benchmark/callgrind.h"

#include <string.h>

/*
 * The format, as valgrind's manual has it: "ob=" names the object file that the lines of cost after it belong to;
 * "cob=" that of the function which the next "calls=" is to, by default the same, and the line of cost after "calls="
 * is what was spent in there and below. A name is given once, "(3) /lib/libc.so.6", and then by its number, "(3)". A
 * line of cost has as many positions as "positions:" says, and then the first of "events:", which is instructions.
 */

typedef struct Parser {
	GHashTable *objects; /* number → name */
	const char *program;
	const char *object; /* "ob=" */
	const char *called; /* "cob=" */
	guint n_positions;
	bool in_call; /* the next line is the cost of a call */
	Instructions sum;
} Parser;

static const char *object_name(Parser *parser, const char *text)
{
	char *end;
	gpointer number;

	if (*text != '(')
		return text;
	number = GUINT_TO_POINTER(g_ascii_strtoull(text + 1, &end, 10));
	if (g_str_has_prefix(end, ") "))
		g_hash_table_insert(parser->objects, number, (gpointer)(end + 2));
	return g_hash_table_lookup(parser->objects, number) ?: "";
}

static guint64 line_cost(const Parser *parser, const char *line)
{
	for (guint i = 0; i < parser->n_positions && line; i++)
		line = strchr(line, ' ') ? strchr(line, ' ') + 1 : NULL;
	return line ? g_ascii_strtoull(line, NULL, 10) : 0;
}

static bool is_libiptc(const char *object)
{
	return strstr(object, "/libip4tc.so") || strstr(object, "/libip6tc.so");
}

static bool is_cost(char c)
{
	return g_ascii_isdigit(c) || c == '+' || c == '-' || c == '*';
}

static void add_cost(Parser *parser, const char *line)
{
	guint64 cost = line_cost(parser, line);

	if (!parser->in_call) {
		parser->sum.all += cost;
		if (g_str_equal(parser->object, parser->program))
			parser->sum.program += cost;
		return;
	}
	/* Where libiptc is entered, so that nothing counts twice. */
	if (is_libiptc(parser->called) && !is_libiptc(parser->object))
		parser->sum.libiptc += cost;
	parser->in_call = false;
	parser->called = parser->object;
}

bool callgrind_parse(const char *text, const char *program, Instructions *ret)
{
	g_autoptr(GHashTable) objects = g_hash_table_new(NULL, NULL);
	Parser parser = { .objects = objects, .program = program, .object = "", .called = "", .n_positions = 1 };
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	bool counts_instructions = false;

	for (char **line = lines; *line; line++) {
		if (g_str_has_prefix(*line, "positions: "))
			parser.n_positions = strchr(*line + strlen("positions: "), ' ') ? 2 : 1;
		else if (g_str_has_prefix(*line, "events: Ir"))
			counts_instructions = true;
		else if (g_str_has_prefix(*line, "ob="))
			parser.object = parser.called = object_name(&parser, *line + strlen("ob="));
		else if (g_str_has_prefix(*line, "cob="))
			parser.called = object_name(&parser, *line + strlen("cob="));
		else if (g_str_has_prefix(*line, "calls="))
			parser.in_call = true;
		else if (is_cost(**line))
			add_cost(&parser, *line);
	}
	*ret = parser.sum;
	return counts_instructions;
}
