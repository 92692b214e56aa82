/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/error.h"

#include <string.h>

/* clang-format off: the name is a word with hyphens, not a difference */
G_DEFINE_QUARK(netfilter - error - quark, netfilter_error)
/* clang-format on */

bool netfilter_set_error(GError **error, enum netfilter_error code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_propagate_error(error, g_error_new_valist(NETFILTER_ERROR, code, format, arguments));
	va_end(arguments);
	return false;
}

/* The next character, or byte that is none: how many bytes it has, and whether it can be printed. */
static gsize look_at(const char *text, bool *ret_printable)
{
	gunichar character = g_utf8_get_char_validated(text, -1);
	bool valid = character <= G_MAXINT32;

	*ret_printable = valid && g_unichar_isprint(character);
	return valid ? g_utf8_next_char(text) - text : 1;
}

char *printable(const char *text)
{
	GString *copy = g_string_new(NULL);
	bool is_printable;

	for (gsize bytes; *text; text += bytes) {
		bytes = look_at(text, &is_printable);
		g_string_append_len(copy, is_printable ? text : "?", is_printable ? bytes : 1);
	}
	return g_string_free(copy, FALSE);
}

const char *cut_into(const char *value, char buffer[static CUT_SIZE])
{
	gsize length = 0;

	for (const char *c = value ?: ""; *c;) {
		bool is_printable;
		gsize bytes = look_at(c, &is_printable);

		if (length + (is_printable ? bytes : 1) > CUT_MAX) {
			strcpy(buffer + length, "…");
			return buffer;
		}
		if (is_printable)
			memcpy(buffer + length, c, bytes);
		else
			buffer[length] = '?';
		length += is_printable ? bytes : 1;
		c += bytes;
	}
	buffer[length] = '\0';
	return buffer;
}

void error_warn(GError *error)
{
	g_warning("%s", error->message);
	g_error_free(error);
}
