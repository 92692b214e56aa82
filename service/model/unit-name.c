/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/unit-name.h"

#include "service/model/name.h"

#include <string.h>

static const char *const suffixes[] = { [OBJECT_NETWORK] = ".network", [OBJECT_INGRESS] = ".ingress" };

char **unit_directories_below(const char *root)
{
	static const char *const paths[N_UNIT_DIRECTORIES] = {
		[UNIT_DIRECTORY_ETC] = "/etc/netfilterd",
		[UNIT_DIRECTORY_RUN] = "/run/netfilterd.d",
		[UNIT_DIRECTORY_STATE] = "/var/lib/netfilterd",
		[UNIT_DIRECTORY_VENDOR] = "/usr/lib/netfilterd",
	};
	char **directories = g_new0(char *, N_UNIT_DIRECTORIES + 1);

	for (enum unit_directory i = 0; i < N_UNIT_DIRECTORIES; i++)
		directories[i] = g_strconcat(root, paths[i], NULL);
	return directories;
}

char *unit_escape(const char *name)
{
	GString *text = g_string_new(NULL);
	gsize length = strlen(name);

	for (gsize i = 0; i < length; i++) {
		bool at_end = i == 0 || i == length - 1;

		if (strchr("/\\[]", name[i]) || (name[i] == '.' && i == 0) || (name[i] == ' ' && at_end))
			g_string_append_printf(text, "\\x%02x", (guint8)name[i]);
		else
			g_string_append_c(text, name[i]);
	}
	return g_string_free(text, FALSE);
}

char *unit_unescape(const char *text)
{
	g_autoptr(GString) name = g_string_new(NULL);
	g_autofree char *again = NULL;

	for (const char *c = text; *c; c++) {
		if (*c != '\\') {
			g_string_append_c(name, *c);
			continue;
		}
		if (c[1] != 'x' || !g_ascii_isxdigit(c[2]) || !g_ascii_isxdigit(c[3]))
			return NULL;
		g_string_append_c(name, g_ascii_xdigit_value(c[2]) << 4 | g_ascii_xdigit_value(c[3]));
		c += 3;
	}
	/* One text a name. */
	again = unit_escape(name->str);
	return strcmp(again, text) == 0 ? g_string_free(g_steal_pointer(&name), FALSE) : NULL;
}

char *unit_file_name(enum object_kind kind, const char *name)
{
	g_autofree char *escaped = unit_escape(name);

	return g_strconcat(escaped, suffixes[kind], NULL);
}

bool unit_file_name_parse(const char *file_name, enum object_kind *ret_kind, char **ret_name)
{
	static const enum object_kind kinds[] = { OBJECT_NETWORK, OBJECT_INGRESS };

	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autofree char *stem = NULL, *name = NULL;

		if (!g_str_has_suffix(file_name, suffixes[kinds[i]]))
			continue;
		stem = g_strndup(file_name, strlen(file_name) - strlen(suffixes[kinds[i]]));
		name = unit_unescape(stem);
		if (!name || !name_is_valid("object", name, NULL))
			return false;
		*ret_kind = kinds[i];
		*ret_name = g_steal_pointer(&name);
		return true;
	}
	return false;
}
