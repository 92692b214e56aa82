/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/netlink/netlink.h"
#include "service/model/address.h"
#include "tests/support/netns.h"

/* What the tests of service/netlink share: a namespace of their own, and ip, sysctl and /proc as judges. */

typedef struct Fixture {
	int before, netns;
	Netlink *netlink;
} Fixture;

/** For g_test_add(). In the namespace, an IPv6 address that is not told otherwise is tentative at first. */
void fixture_set_up(Fixture *f, gconstpointer data);
void fixture_tear_down(Fixture *f, gconstpointer data);

#define run(f, ...) netns_run((f)->netns, __VA_ARGS__)

/** Whether what a command prints holds a text; says so if not as expected, and fails the test. */
void assert_output(Fixture *f, const char *command, const char *wanted, bool contained);
#define assert_shows(f, command, wanted) assert_output(f, command, wanted, true)
#define assert_hides(f, command, unwanted) assert_output(f, command, unwanted, false)

#define assert_fails(call, error_code, text)                                                \
	G_STMT_START                                                                        \
	{                                                                                   \
		g_autoptr(GError) error = NULL;                                             \
		g_assert_false(call);                                                       \
		g_assert_error(error, NETFILTER_ERROR, NETFILTER_ERROR_##error_code);       \
		if (error && !strstr(error->message, text)) {                               \
			g_test_message("\"%s\" does not say \"%s\"", error->message, text); \
			g_test_fail();                                                      \
		}                                                                           \
	}                                                                                   \
	G_STMT_END

#define assert_succeeds(call)                   \
	G_STMT_START                            \
	{                                       \
		g_autoptr(GError) error = NULL; \
		bool succeeded = call;          \
		g_assert_no_error(error);       \
		g_assert_true(succeeded);       \
	}                                       \
	G_STMT_END

/** From text that is right. */
Address address(const char *text);
Prefix prefix(const char *text);

/** The ifindex of a name, or 0. */
int ifindex_of(const char *name);

/** Flushes one address of one interface. */
bool flush_neighbour(Fixture *f, int ifindex, const Address *address, GError **error);
