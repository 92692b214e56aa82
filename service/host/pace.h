/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/**
 * How soon one thing may be put right again, so that one who insists on having it otherwise costs us little: some
 * times in a minute at once, then after a wait that doubles up to a minute, until it stays right for a minute. Times
 * are CLOCK_MONOTONIC, in µs.
 */
typedef struct Pace {
	gint64 repairs[5]; /* when the last were, a ring */
	guint n_repairs;
	gint64 wait; /* 0: none */
} Pace;

/** From when on it may be put right. */
gint64 pace_next(const Pace *pace);

/** It was put right. Whether it has to wait from now on, and did not before. */
bool pace_note(Pace *pace, gint64 now);
