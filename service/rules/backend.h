/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"
#include "service/rules/ruleset.h"

/**
 * What makes the kernel hold a ruleset. A backend knows what it has at each place, and touches nothing else of the
 * kernel; nothing in it waits for anything but the kernel. Its functions report NETFILTER_ERROR.
 */
typedef struct Backend Backend;
typedef struct BackendKind BackendKind;

/** What a backend's own struct begins with. */
struct Backend {
	const BackendKind *kind;
};

typedef struct BackendCommit {
	guint commits;      /* writes to the kernel */
	guint added;        /* rules */
	guint removed;      /* rules */
	GPtrArray *drifted; /* where the kernel was not as held, "filter DOCKER"; char *; NULL when none */
} BackendCommit;
void backend_commit_clear(BackendCommit *commit);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BackendCommit, backend_commit_clear)

typedef struct RuleCounters {
	guint64 packets, bytes;
} RuleCounters;

/** A rule in the backend's words. */
typedef struct RuleText {
	const char *table; /* static */
	const char *chain; /* valid as long as the backend */
	char *rule;        /* owned by the caller */
} RuleText;

/** The longest prefix of names that every backend can use, in bytes: what the longest name of a chain leaves. */
#define BACKEND_PREFIX_MAX 10

struct BackendKind {
	const char *name;
	const char *const *features; /* NULL-terminated */
	const char *lock_name;       /* for sentences; NULL when there is no lock */

	/** prefix begins every name in the kernel; it is copied, and at most BACKEND_PREFIX_MAX long. */
	Backend *(*new)(const char *prefix);
	void (*free)(Backend *backend); /* NULL is fine; lets the lock go */

	/** Whether it works for a family. BACKEND_UNAVAILABLE names what the kernel or the service lacks; FAILED. */
	bool (*probe)(Backend *backend, enum family family, GError **error);

	/**
	 * Takes the lock that all who write share, without waiting: 0, -EAGAIN while another has it, another negative
	 * errno when it cannot be had at all. Both are NULL where there is no lock. commit, find_foreign and clean need
	 * it.
	 */
	int (*lock)(Backend *backend);
	void (*unlock)(Backend *backend);

	/**
	 * Makes the kernel hold what is wanted, where the ruleset is dirty; writes only what differs. Where that takes
	 * several writes they are in an order in which each leaves less open than what follows, or no more than before.
	 * False: BUSY, NO_MEMORY, BACKEND_UNAVAILABLE or FAILED. What was written before the failure is marked
	 * committed: to put it back, undo the change in the ruleset and commit again. On success nothing is dirty any
	 * more; ruleset_settle() is the caller's. *ret says what was written in either case; clear it.
	 */
	bool (*commit)(Backend *backend, Ruleset *ruleset, BackendCommit *ret, GError **error);

	/** The counters of n rules; G_MAXUINT64 in both where a rule is not there. BACKEND_UNAVAILABLE, NO_MEMORY,
	 * FAILED. */
	bool (*counters)(Backend *backend, const Rule *const *rules, gsize n, RuleCounters *ret, GError **error);

	/** False: the backend has no rule for this one's place. */
	bool (*describe)(const Backend *backend, const Rule *rule, RuleText *ret);

	/** All that is wanted in a family, as iptables-restore(8) --noflush takes it; "" for nothing. The caller's. */
	char *(*text)(const Backend *backend, const Ruleset *ruleset, enum family family);

	/** The policy of forwarding in the kernel now: TARGET_ACCEPT or TARGET_DROP. Errors as counters. */
	bool (*forward_policy)(Backend *backend, enum family family, enum rule_target *ret, GError **error);

	/**
	 * Whether places of ours hold, in the kernel now, rules that the ruleset neither wants nor holds: somebody
	 * else's. *ret is NULL or a list of such places, "ipv4 filter DOCKER", the caller's. Errors as counters.
	 */
	bool (*find_foreign)(Backend *backend, const Ruleset *ruleset, char ***ret, GError **error);

	/** Takes away everything that is named by our prefix, and what leads there. Errors as commit. */
	bool (*clean)(Backend *backend, GError **error);
};

/** A rendering alone (GArray of RuleItem) as text: for each family that has something, "# ipv4" or "# ipv6" and its
 * text. */
char *backend_text_of(const Backend *backend, const GArray *items);
