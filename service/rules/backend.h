/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/rules/others.h"
#include "service/rules/trace.h"

/** What makes the kernel hold a ruleset. A backend knows what it has at each place, and touches nothing else of the
 * kernel; nothing in it waits for anything but the kernel. Its functions report NETFILTER_ERROR. */
typedef struct Backend Backend;
typedef struct BackendKind BackendKind;

struct Backend {
	const BackendKind *kind; /* what a backend's own struct begins with */
};

typedef struct BackendCommit {
	guint commits;        /* writes to the kernel */
	guint added, removed; /* rules */
	guint policies;       /* of chains, set */
	GPtrArray *drifted;   /* where the kernel was not as committed, "filter DOCKER"; char *; NULL when none */
	char *author;         /* of that, as a sentence quotes it; NULL where the kernel does not say */
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
	bool own_policy;             /* that of forwarding is a chain's of our own, and ends with our rules */
	const char *user_chain_tool; /* makes the chain for others' rules, PREFIX-USER; NULL: there is none */
	/** prefix begins every name in the kernel; it is copied. free takes NULL too, and lets the lock go. */
	Backend *(*new)(const char *prefix);
	void (*free)(Backend *backend);
	/** Whether it works for a family. BACKEND_UNAVAILABLE names what the kernel or the service lacks; FAILED. */
	bool (*probe)(Backend *backend, enum family family, GError **error);
	/** The lock of all who write, without waiting: 0, -EAGAIN, other negative errno. NULL: no lock. */
	int (*lock)(Backend *backend);
	void (*unlock)(Backend *backend);
	/** Makes the kernel hold what is wanted where the ruleset is dirty; needs the lock. Where that takes several
	 * writes each leaves less open than what follows, or no more than before. BUSY, NO_MEMORY, BACKEND_UNAVAILABLE,
	 * FOREIGN_CHAIN, FAILED: what was written before is marked committed, and *ret tells of it always; clear it. */
	bool (*commit)(Backend *backend, Ruleset *ruleset, BackendCommit *ret, GError **error);
	/** Adds the tables (char *, static) that others may have changed since the last commit. NULL: it is told. */
	void (*find_changed)(Backend *backend, GPtrArray *tables);
	/** The counters of n rules; G_MAXUINT64 where one is not there. BACKEND_UNAVAILABLE, NO_MEMORY, FAILED. */
	bool (*counters)(Backend *backend, const Rule *const *rules, gsize n, RuleCounters *ret, GError **error);
	/** False: the backend has no rule for this one's place. */
	bool (*describe)(const Backend *backend, const Rule *rule, RuleText *ret);
	TraceRules *trace;
	/** All that is wanted in a family, as the backend's own tool loads it; "" for nothing. The caller's. */
	char *(*text)(const Backend *backend, const Ruleset *ruleset, enum family family);
	/** The policy of forwarding in the kernel now: TARGET_ACCEPT or TARGET_DROP. Errors as counters. */
	bool (*forward_policy)(Backend *backend, enum family family, enum rule_target *ret, GError **error);
	/** Tells of what others do to the rules that this backend holds: readable when they may have changed some, -1
	 * where they cannot. NULL: nobody is told. */
	int (*watch)(const Backend *backend);
	bool (*heard)(Backend *backend); /* whether they have */
	/** Where we hold somebody else's rules: NULL or "ipv4 filter DOCKER", …, the caller's. Needs the lock. */
	bool (*find_foreign)(Backend *backend, const Ruleset *ruleset, char ***ret, GError **error);
	/** What others do to chains of their own, shown and told whichever backend is in use. */
	const Others *others;
};

/** A rendering alone (GArray of RuleItem) as text, a family after a line "# ipv4" or "# ipv6". */
char *backend_text_of(const Backend *backend, const GArray *items);
