/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/pace.h"

#define WINDOW (60 * G_USEC_PER_SEC)
#define MIN_WAIT G_USEC_PER_SEC
#define MAX_WAIT (60 * G_USEC_PER_SEC)

static gint64 last(const Pace *pace)
{
	return pace->repairs[(pace->n_repairs - 1) % G_N_ELEMENTS(pace->repairs)];
}

gint64 pace_next(const Pace *pace)
{
	return pace->wait ? last(pace) + pace->wait : 0;
}

/* Whether as many as may be have been, the first of them less than a minute ago. */
static bool is_full(const Pace *pace, gint64 now)
{
	return pace->n_repairs >= G_N_ELEMENTS(pace->repairs) &&
	       pace->repairs[pace->n_repairs % G_N_ELEMENTS(pace->repairs)] > now - WINDOW;
}

bool pace_note(Pace *pace, gint64 now)
{
	bool waited = pace->wait > 0;

	if (waited && last(pace) + pace->wait + WINDOW < now)
		*pace = (Pace){};
	pace->repairs[pace->n_repairs++ % G_N_ELEMENTS(pace->repairs)] = now;
	if (pace->wait)
		pace->wait = MIN(2 * pace->wait, MAX_WAIT);
	else if (is_full(pace, now))
		pace->wait = MIN_WAIT;
	return !waited && pace->wait;
}
