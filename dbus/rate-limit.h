/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/** So many events in any span of so long, for each user by itself. */
typedef struct RateLimit RateLimit;

/** burst: events, at least 1; interval: microseconds. */
RateLimit *rate_limit_new(guint burst, gint64 interval_usec);
void rate_limit_free(RateLimit *limit); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RateLimit, rate_limit_free)

/**
 * Whether one more event of this user is within the limit now (g_get_monotonic_time()); it counts if it is. It never is
 * while more than RATE_LIMIT_USERS others had one within the interval.
 */
bool rate_limit_take(RateLimit *limit, uid_t uid, gint64 now_usec);

#define RATE_LIMIT_USERS 1024
