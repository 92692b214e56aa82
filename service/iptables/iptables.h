/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"
#include "service/rules/ruleset.h"

/**
 * The backend: makes the kernel's tables hold a ruleset, through libiptc, in
 * both families, and touches nothing else. Nothing here blocks but the kernel.
 */
typedef struct Iptables Iptables;

/** chain_prefix is copied; it is at most CHAIN_PREFIX_MAX long. */
Iptables *iptables_new(const char *chain_prefix);
void iptables_free(Iptables *iptables); /* NULL is fine; releases the lock */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Iptables, iptables_free)

/**
 * Whether this family's raw, filter and nat tables can be read. False with
 * BACKEND_UNAVAILABLE that names the missing kernel option (CONFIG_IP_NF_RAW, …)
 * or the missing capability.
 */
bool iptables_probe(Iptables *iptables, enum family family, GError **error);

/**
 * Takes the lock all xtables users share ($XTABLES_LOCKFILE, else
 * /run/xtables.lock, flock(2)) without waiting. Returns 0, -EAGAIN while another holds it, or
 * another negative errno when the file cannot be opened. The functions below need it.
 */
int iptables_lock(Iptables *iptables);
void iptables_unlock(Iptables *iptables);

typedef struct IptablesCommit {
	guint commits;      /* tables written */
	guint added;        /* rules */
	guint removed;      /* rules */
	GPtrArray *drifted; /* "filter DOCKER": where the kernel was not as held; char *; NULL when none */
} IptablesCommit;
void iptables_commit_clear(IptablesCommit *commit);

/**
 * Reads every dirty table, and where it differs from what the ruleset wants,
 * writes it once. Growing changes go raw, filter, nat; shrinking ones the
 * other way, so that every prefix is closed rather than open. Another writer's
 * interference (EAGAIN) is met by reading again, a bounded number of times.
 *
 * False: BUSY, NO_MEMORY, BACKEND_UNAVAILABLE or FAILED. Tables written before
 * the failure are marked committed; to put them back, undo the change in the
 * ruleset and commit again. On success the ruleset's tables are clean, not settled.
 * *ret says what was written in either case.
 */
bool iptables_commit(Iptables *iptables, Ruleset *ruleset, IptablesCommit *ret, GError **error);

/**
 * The chains of ours, in the kernel now, that hold rules the ruleset neither
 * wants nor holds: somebody else's. On success *ret is NULL or an array of "ipv4 filter DOCKER".
 */
bool iptables_find_foreign(Iptables *iptables, const Ruleset *ruleset, char ***ret, GError **error);

/** The policy FORWARD has in the kernel now: TARGET_ACCEPT or TARGET_DROP. Needs no lock. */
bool iptables_get_forward_policy(Iptables *iptables, enum family family, enum rule_target *ret, GError **error);

typedef struct RuleCounters {
	guint64 packets, bytes;
} RuleCounters;

/** The counters of n rules as the kernel has them; UINT64_MAX where a rule is not there. Needs no lock. */
bool iptables_read_counters(Iptables *iptables, const Rule *const *rules, gsize n, RuleCounters *ret, GError **error);
