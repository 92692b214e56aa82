/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/rate-limit.h"

struct RateLimit {
	guint burst;
	gint64 interval_usec;
	GHashTable *users; /* uid → History, owned */
};

/* The last events, as many as make a burst, in a ring. */
typedef struct History {
	guint n, next;
	gint64 times[];
} History;

RateLimit *rate_limit_new(guint burst, gint64 interval_usec)
{
	RateLimit *limit = g_new(RateLimit, 1);

	*limit = (RateLimit){ burst, interval_usec, g_hash_table_new_full(NULL, NULL, NULL, g_free) };
	return limit;
}

void rate_limit_free(RateLimit *limit)
{
	if (!limit)
		return;
	g_hash_table_unref(limit->users);
	g_free(limit);
}

static gint64 last_time(const RateLimit *limit, const History *history)
{
	return history->times[(history->next + limit->burst - 1) % limit->burst];
}

static void drop_old(RateLimit *limit, gint64 now_usec)
{
	GHashTableIter iter;
	gpointer history;

	g_hash_table_iter_init(&iter, limit->users);
	while (g_hash_table_iter_next(&iter, NULL, &history))
		if (now_usec - last_time(limit, history) >= limit->interval_usec)
			g_hash_table_iter_remove(&iter);
}

static History *find_history(RateLimit *limit, uid_t uid, gint64 now_usec)
{
	History *history = g_hash_table_lookup(limit->users, GUINT_TO_POINTER(uid));

	if (history)
		return history;
	if (g_hash_table_size(limit->users) >= RATE_LIMIT_USERS)
		drop_old(limit, now_usec);
	if (g_hash_table_size(limit->users) >= RATE_LIMIT_USERS)
		return NULL;
	history = g_malloc0(sizeof *history + limit->burst * sizeof history->times[0]);
	g_hash_table_insert(limit->users, GUINT_TO_POINTER(uid), history);
	return history;
}

bool rate_limit_take(RateLimit *limit, uid_t uid, gint64 now_usec)
{
	History *history = find_history(limit, uid, now_usec);

	if (!history)
		return false;
	/* What would be overwritten is the oldest of the last burst. */
	if (history->n == limit->burst && now_usec - history->times[history->next] < limit->interval_usec)
		return false;
	history->times[history->next] = now_usec;
	history->next = (history->next + 1) % limit->burst;
	history->n = MIN(history->n + 1, limit->burst);
	return true;
}
