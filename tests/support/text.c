/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/text.h"

void put_file(const char *path, const char *text)
{
	g_autofree char *directory = g_path_get_dirname(path);
	g_autoptr(GError) error = NULL;

	g_assert_no_errno(g_mkdir_with_parents(directory, 0755));
	g_file_set_contents(path, text, -1, &error);
	g_assert_no_error(error);
}

static void tell_missing(const char *sign, const char *text, const char *other)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1), others = g_strsplit(other, "\n", -1);

	for (char **line = lines; *line; line++)
		if (!g_strv_contains((const char *const *)others, *line))
			g_test_message("%s%s", sign, *line);
}

void tell_difference(const char *before, const char *after)
{
	tell_missing("-", before, after);
	tell_missing("+", after, before);
}
