/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/iptables/iptables.h"

/**
 * A ruleset and the backend in a network namespace of their own, with the
 * iptables-legacy tools as the judge. What fails here ends the test program.
 */
typedef struct Tables {
	int home, netns;
	enum family family; /* of the judge */
	Backend *backend;
	Ruleset *ruleset;
	gint64 sequence;
} Tables;

/** Enters a fresh namespace, the lock held. */
Tables *tables_new(enum family family);
void tables_free(Tables *tables);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tables, tables_free)

/** Adds a rule below what the place has, and declares its chain and the one it leads to. Returns the item, for
 * tables_remove(). */
RuleItem tables_add(Tables *tables, const Rule *rule);
void tables_remove(Tables *tables, const RuleItem *item);

/** "-i INTERFACE -j ACCEPT" at a place. */
Rule tables_rule(const Tables *tables, enum place place, const char *interface);

/** Commits, settles, and returns what was done; it must succeed. */
BackendCommit tables_commit(Tables *tables);

/** iptables-legacy or ip6tables-legacy with these arguments; it must succeed. */
void tables_run(const Tables *tables, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** Feeds iptables-legacy-restore -c --noflush. */
void tables_restore(const Tables *tables, const char *text);

/** What iptables-legacy-save prints of a chain, after "-A CHAIN ", a line a rule; with counters before it. */
char *tables_chain(const Tables *tables, const char *table, const char *chain);
char *tables_chain_counted(const Tables *tables, const char *table, const char *chain);

/** The line that declares a chain, with policy and counters: ":FORWARD DROP [1:2]"; NULL if there is none. */
char *tables_chain_head(const Tables *tables, const char *table, const char *chain);

/** Adds tables_rule(), and the jump of a place; declares a chain that may stay empty. */
RuleItem add_accept(Tables *tables, enum place place, const char *interface);
RuleItem add_jump(Tables *tables, enum place place);
RuleItem declare_chain(Tables *tables, enum place place);

/** As if anything might have changed in any table of the family. */
void make_dirty(Tables *tables);

/** Commits and compares what was done; drifted is a comma-separated list, NULL for none. */
void expect_commit(Tables *tables, guint commits, guint added, guint removed, const char *drifted);

/** A commit that fails with this code. */
void expect_error(Tables *tables, int code);

/** Compares tables_chain(), tables_chain_counted() and tables_chain_head(). */
void expect_chain(Tables *tables, const char *table, const char *chain, const char *expected);
void expect_counted(Tables *tables, const char *table, const char *chain, const char *expected);
void expect_head(Tables *tables, const char *table, const char *chain, const char *expected);

/* Places that stand for their zone of a chain. */
#define RAW_HEAD PLACE_LOOPBACK_GUARD
#define FORWARD_HEAD PLACE_FORWARD_NETWORK
#define FORWARD_TAIL PLACE_COMMUNICATION_OFF
#define DOCKER PLACE_ACCEPT_PORT
#define NAT_DOCKER PLACE_DNAT_PORT

typedef struct TablesTest {
	const char *name;
	GTestDataFunc run_in; /* once a family, which FAMILY(data) is */
	GTestFunc run;        /* or once */
} TablesTest;

#define FAMILY(data) ((enum family)GPOINTER_TO_UINT(data))

/** main() of a program of such tests. */
int tables_tests_main(int argc, char **argv, const TablesTest *tests, gsize n);
