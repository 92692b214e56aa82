/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/repair.h"

static void repair_free(gpointer data)
{
	Repair *repair = data;

	g_free(repair->object);
	g_free(repair->what);
	g_free(repair->from);
	g_free(repair->to);
	g_free(repair);
}

GPtrArray *repairs_new(void)
{
	return g_ptr_array_new_with_free_func(repair_free);
}

void repairs_add(GPtrArray *repairs, const char *object, const char *part, const char *from, const char *to)
{
	Repair *repair = g_new(Repair, 1);

	repair->object = g_strdup(object);
	repair->what = part ? g_strdup_printf("%s of %s", part, object) : g_strdup(object);
	repair->from = g_strdup(from);
	repair->to = g_strdup(to);
	g_ptr_array_add(repairs, repair);
}

void repairs_log(const GPtrArray *repairs)
{
	for (guint i = 0; i < repairs->len; i++) {
		const Repair *repair = repairs->pdata[i];

		g_warning("Somebody else changed what objects need: %s was %s, and is %s again", repair->what,
			  repair->from, repair->to);
	}
}

void repair_warn_of_pace(const Repair *repair)
{
	g_warning(
		"Somebody keeps changing what objects need: %s is %s again and again, and is put right after a second "
		"from now on, and later and later, up to a minute",
		repair->what, repair->from);
}
