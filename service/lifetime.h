/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/** Whose an object is and how long it lives. */
typedef struct Lifetime {
	uid_t uid;
	char *owner;     /* unique bus name whose departure ends it; NULL when something else does */
	bool persistent; /* until deleted */
} Lifetime;

/** Frees what is inside and zeroes it. */
void lifetime_clear(Lifetime *lifetime);
