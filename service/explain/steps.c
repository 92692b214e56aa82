/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/explain/steps.h"

#include <stdarg.h>

const char *outcome_to_string(enum outcome outcome)
{
	static const char *const names[N_OUTCOMES] = {
		[OUTCOME_ACCEPTED] = "accepted",
		[OUTCOME_DROPPED] = "dropped",
		[OUTCOME_REFUSED] = "refused",
		[OUTCOME_NOT_OURS] = "not ours",
	};

	return names[outcome];
}

static void step_free(gpointer data)
{
	Step *step = data;

	g_free(step->rule);
	g_free(step->words);
	g_free(step);
}

GPtrArray *steps_new(void)
{
	return g_ptr_array_new_with_free_func(step_free);
}

void steps_add(GPtrArray *steps, const char *about, enum object_kind kind, const void *object, const char *rule,
	       const char *format, ...)
{
	Step *step = g_new(Step, 1);
	va_list arguments;

	*step = (Step){ .about = about, .kind = kind, .object = object, .rule = g_strdup(rule ?: "") };
	va_start(arguments, format);
	step->words = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_ptr_array_add(steps, step);
}
