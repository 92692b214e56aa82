/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/pace.h"

#define SECOND G_USEC_PER_SEC
#define START (1000 * SECOND)

/* Now and then is no reason to wait. */
static void patient(void)
{
	Pace pace = {};

	for (guint i = 0; i < 100; i++) {
		g_assert_false(pace_note(&pace, START + i * 15 * SECOND));
		g_assert_cmpint(pace_next(&pace), ==, 0);
	}
}

/* One who undoes it at once each time. */
static void insisting(void)
{
	static const guint waits[] = { 1, 2, 4, 8, 16, 32, 60, 60, 60 };
	gint64 now = START;
	Pace pace = {};

	for (guint i = 0; i < 4; i++) {
		now += SECOND / 10;
		g_assert_false(pace_note(&pace, now));
		g_assert_cmpint(pace_next(&pace), ==, 0);
	}
	/* It is said once. */
	g_assert_true(pace_note(&pace, now));
	for (guint i = 0; i < G_N_ELEMENTS(waits); i++) {
		g_assert_cmpint(pace_next(&pace), ==, now + waits[i] * SECOND);
		now = pace_next(&pace);
		g_assert_false(pace_note(&pace, now));
	}
}

/* After a minute in which it stayed right, all is as in the beginning. */
static void given_up(void)
{
	gint64 now = START;
	Pace pace = {};

	for (guint i = 0; i < 5; i++)
		pace_note(&pace, now);
	now = pace_next(&pace) + 61 * SECOND;
	for (guint i = 0; i < 4; i++) {
		g_assert_false(pace_note(&pace, now));
		g_assert_cmpint(pace_next(&pace), ==, 0);
	}
	g_assert_true(pace_note(&pace, now));
	g_assert_cmpint(pace_next(&pace), ==, now + SECOND);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pace/patient", patient);
	g_test_add_func("/pace/insisting", insisting);
	g_test_add_func("/pace/given-up", given_up);
	return g_test_run();
}
