/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/bool.h"

#include <glib.h>
#include <string.h>

bool bool_parse(const char *text, bool *ret)
{
	static const char *const words[][2] = { { "no", "yes" }, { "false", "true" }, { "off", "on" }, { "0", "1" } };

	for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
		for (guint value = 0; value < 2; value++)
			if (strcmp(text, words[i][value]) == 0) {
				*ret = value;
				return true;
			}
	return false;
}
