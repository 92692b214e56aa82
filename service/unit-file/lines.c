/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/unit-file/lines.h"

#include <string.h>

static bool read_head(char *text, UnitLine *line, GError **error)
{
	char *end = strchr(text, ']');

	if (!end || end[1] != '\0')
		return netfilter_fail(error, INVALID_ARGS, "\"%s\" is not the head of a group, \"[Group]\"", cut(text));
	*end = '\0';
	if (end == text + 1 || strchr(text + 1, '['))
		return netfilter_fail(error, INVALID_ARGS, "\"%s\" is not the name of a group", cut(text + 1));
	line->group = text + 1;
	line->key = line->value = NULL;
	return true;
}

static bool read_assignment(char *text, UnitLine *line, GError **error)
{
	char *equals = strchr(text, '=');

	if (!line->group)
		return netfilter_fail(error, INVALID_ARGS, "\"%s\" stands before the first group", cut(text));
	if (!equals || equals == text)
		return netfilter_fail(error, INVALID_ARGS, "\"%s\" is neither \"Key=value\", a group nor a comment",
				      cut(text));
	*equals = '\0';
	line->key = g_strchomp(text);
	line->value = g_strstrip(equals + 1);
	return true;
}

static bool read_line(char *text, UnitLine *line, UnitLineFunc func, void *userdata, GError **error)
{
	text = g_strstrip(text);
	if (*text == '\0' || *text == '#' || *text == ';')
		return true;
	if (!g_utf8_validate(text, -1, NULL))
		return netfilter_fail(error, INVALID_ARGS, "\"%s\" is not UTF-8", cut(text));
	return (*text == '[' ? read_head(text, line, error) : read_assignment(text, line, error)) &&
	       func(line, userdata, error);
}

bool unit_lines_read(const char *path, char *text, gsize size, UnitLineFunc func, void *userdata, GError **error)
{
	char *end = size > 0 ? text + size : text;
	UnitLine line = {};

	while (text < end) {
		char *newline = memchr(text, '\n', end - text), *next = newline ? newline + 1 : end;
		g_autofree char *last = newline ? NULL : g_strndup(text, end - text);
		gsize length = (newline ?: end) - text;
		bool good;

		line.number++;
		if (newline)
			*newline = '\0';
		good = !memchr(text, '\0', length) || netfilter_fail(error, INVALID_ARGS, "there is a NUL byte in it");
		if (!good || !read_line(last ?: text, &line, func, userdata, error)) {
			g_prefix_error(error, "%s:%u: ", path, line.number);
			return false;
		}
		text = next;
	}
	return true;
}
