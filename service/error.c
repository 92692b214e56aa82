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

const char *cut_into(const char *value, char buffer[static CUT_SIZE])
{
	gsize length = 0;

	for (const char *c = value ?: ""; *c;) {
		gunichar character = g_utf8_get_char_validated(c, -1);
		bool valid = character <= G_MAXINT32;
		gsize bytes = valid ? g_utf8_next_char(c) - c : 1;
		bool printable = valid && g_unichar_isprint(character);

		if (length + (printable ? bytes : 1) > CUT_MAX) {
			strcpy(buffer + length, "…");
			return buffer;
		}
		if (printable)
			memcpy(buffer + length, c, bytes);
		else
			buffer[length] = '?';
		length += printable ? bytes : 1;
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
