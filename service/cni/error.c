/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cni/error.h"

G_DEFINE_QUARK(cni - error, cni_error)

bool cni_set_error(GError **error, enum cni_error code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (error)
		*error = g_error_new_valist(CNI_ERROR, code, format, args);
	va_end(args);
	return false;
}
