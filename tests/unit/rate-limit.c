/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/rate-limit.h"

typedef struct Event {
	gint64 time;
	uid_t uid;
	bool allowed;
} Event;

static void check(guint burst, gint64 interval, const Event *events, gsize n)
{
	g_autoptr(RateLimit) limit = rate_limit_new(burst, interval);

	for (gsize i = 0; i < n; i++) {
		g_test_message("%u in %" G_GINT64_FORMAT ": uid %u at %" G_GINT64_FORMAT, burst, interval,
			       events[i].uid, events[i].time);
		g_assert_cmpint(rate_limit_take(limit, events[i].uid, events[i].time), ==, events[i].allowed);
	}
}

#define CHECK(burst, interval, ...)                                   \
	do {                                                          \
		static const Event events[] = { __VA_ARGS__ };        \
		check(burst, interval, events, G_N_ELEMENTS(events)); \
	} while (false)

static void times(void)
{
	CHECK(1, 10, { 0, 1, true }, { 0, 1, false }, { 9, 1, false }, { 10, 1, true }, { 19, 1, false },
	      { 20, 1, true });
	/* Any span of the interval holds at most the burst, wherever it begins. */
	CHECK(3, 10, { 0, 1, true }, { 8, 1, true }, { 9, 1, true }, { 9, 1, false }, { 10, 1, true }, { 11, 1, false },
	      { 17, 1, false }, { 18, 1, true }, { 19, 1, true }, { 19, 1, false });
	/* What is not allowed does not count. */
	CHECK(2, 10, { 5, 1, true }, { 5, 1, true }, { 6, 1, false }, { 14, 1, false }, { 15, 1, true },
	      { 15, 1, true }, { 16, 1, false });
	/* Nobody has a part in another's. */
	CHECK(1, 10, { 0, 1, true }, { 0, 2, true }, { 0, 0, true }, { 0, (uid_t)-1, true }, { 1, 1, false },
	      { 1, 2, false }, { 1, 0, false }, { 1, (uid_t)-1, false }, { 10, 2, true });
	/* Time may have begun long ago. */
	CHECK(2, 10, { G_MAXINT64 - 20, 1, true }, { G_MAXINT64 - 20, 1, true }, { G_MAXINT64 - 11, 1, false },
	      { G_MAXINT64 - 10, 1, true });
}

static void many_users(void)
{
	g_autoptr(RateLimit) limit = rate_limit_new(2, 10);

	for (uid_t uid = 0; uid < 3 * RATE_LIMIT_USERS; uid++)
		g_assert_cmpint(rate_limit_take(limit, uid, 0), ==, uid < RATE_LIMIT_USERS);
	/* Who is known is not kept out, and makes no room. */
	g_assert_true(rate_limit_take(limit, 5, 9));
	g_assert_false(rate_limit_take(limit, RATE_LIMIT_USERS, 9));
	/* Those of long ago do. */
	for (uid_t uid = RATE_LIMIT_USERS; uid < 3 * RATE_LIMIT_USERS; uid++)
		g_assert_cmpint(rate_limit_take(limit, uid, 10), ==, uid < 2 * RATE_LIMIT_USERS - 1);
	g_assert_true(rate_limit_take(limit, 5, 10));
	g_assert_false(rate_limit_take(limit, 5, 10));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rate-limit/times", times);
	g_test_add_func("/rate-limit/many-users", many_users);
	return g_test_run();
}
