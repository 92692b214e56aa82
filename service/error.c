/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/error.h"

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
