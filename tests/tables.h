/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/iptables/iptables.h"
#include "service/rules/text.h"

/**
 * A ruleset and the backend in a network namespace of their own, with the
 * iptables-legacy tools as the judge. What fails here ends the test program.
 */
typedef struct Tables {
	int home, netns;
	enum family family; /* of the judge */
	Iptables *iptables;
	Ruleset *ruleset;
	gint64 sequence;
} Tables;

/** Enters a fresh namespace, the lock held. */
Tables *tables_new(enum family family);
void tables_free(Tables *tables);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tables, tables_free)

/** Adds a rule below what the zone has, and declares its chain. Returns the item, for tables_remove(). */
RuleItem tables_add(Tables *tables, const Rule *rule);
void tables_remove(Tables *tables, const RuleItem *item);

/** "-i INTERFACE -j ACCEPT" in a zone of filter FORWARD or of an owned chain. */
Rule tables_rule(const Tables *tables, enum chain chain, enum zone zone, const char *interface);

/** Commits, settles, and returns what was done; it must succeed. */
IptablesCommit tables_commit(Tables *tables);

/** iptables-legacy or ip6tables-legacy with these arguments; it must succeed. */
void tables_run(const Tables *tables, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** Feeds iptables-legacy-restore -c --noflush. */
void tables_restore(const Tables *tables, const char *text);

/** What iptables-legacy-save prints of a chain, after "-A CHAIN ", a line a rule; with counters before it. */
char *tables_chain(const Tables *tables, const char *table, const char *chain);
char *tables_chain_counted(const Tables *tables, const char *table, const char *chain);

/** The line that declares a chain, with policy and counters: ":FORWARD DROP [1:2]"; NULL if there is none. */
char *tables_chain_head(const Tables *tables, const char *table, const char *chain);
