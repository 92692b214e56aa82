/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/rules/rule.h"

/**
 * The whole desired state, kept in chain order, and beside it what the kernel
 * was last known to hold. Objects add and remove the rules they render; a rule
 * asked for twice is counted and stands where its first asker put it. The
 * backend reads the difference and, commit by commit, says what is held.
 */
typedef struct Ruleset Ruleset;

typedef struct RulesetEntry {
	Rule rule;
	guint32 references : 29; /* > 0: desired */
	bool listed : 1;         /* the ruleset's own: among its chain's changed entries */
	bool held : 1;           /* in the kernel, as far as we know */
	bool reordered : 1;      /* its order changed since the last commit: that it stands elsewhere is no drift */
	RuleOrder order;
	guint64 digest; /* the backend's own, of the rule in its form; 0: not taken yet */
} RulesetEntry;

/* Three of these for every published port. */
G_STATIC_ASSERT(sizeof(RulesetEntry) <= 136);

Ruleset *ruleset_new(void);
void ruleset_free(Ruleset *ruleset); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ruleset, ruleset_free)

/**
 * Counts a rule in. The item is copied. O(1): the chain is put in order when
 * ruleset_chain() is next asked for it. A rule that nobody wants any more but
 * that is still there takes the place this item names.
 */
void ruleset_add(Ruleset *ruleset, const RuleItem *item);

/**
 * Counts a rule out; it must have been added. It stays in its place until
 * ruleset_settle(), so that adding it again undoes this.
 */
void ruleset_remove(Ruleset *ruleset, const RuleItem *item);

/** ruleset_add / ruleset_remove over a rendering (GArray of RuleItem); remove goes backwards. */
void ruleset_add_all(Ruleset *ruleset, const GArray *items);
void ruleset_remove_all(Ruleset *ruleset, const GArray *items);

/**
 * Declares that the kernel may hold this rule though nobody asks for it: what a
 * predecessor left, so that a commit takes it out.
 */
void ruleset_hold(Ruleset *ruleset, const RuleItem *item);

/**
 * The entries of a chain in order: head, owned, tail (GPtrArray of RulesetEntry,
 * owned by the ruleset, valid until it changes).
 */
const GPtrArray *ruleset_chain(const Ruleset *ruleset, enum family family, enum chain chain);

/** The entry with this content, or NULL. */
RulesetEntry *ruleset_find(const Ruleset *ruleset, const Rule *rule);

/** Whether a chain changed since it was last committed. */
bool ruleset_is_dirty(const Ruleset *ruleset, enum family family, enum chain chain);
bool ruleset_table_is_dirty(const Ruleset *ruleset, enum family family, enum table table);
void ruleset_set_dirty(Ruleset *ruleset, enum family family, enum table table); /* every chain of the table */

/**
 * Whether some dirty chain gained a desired rule that is not held: decides in
 * which order tables are committed.
 */
bool ruleset_grows(const Ruleset *ruleset);

/**
 * The policy FORWARD should have: TARGET_ACCEPT or TARGET_DROP; TARGET_CHAIN
 * (the default) leaves it to others. Setting it makes the chain dirty.
 */
void ruleset_set_forward_policy(Ruleset *ruleset, enum family family, enum rule_target policy);
enum rule_target ruleset_forward_policy(const Ruleset *ruleset, enum family family);

/**
 * The backend's word after a table was committed: what is desired is now held,
 * the rest is not, and the table is clean.
 */
void ruleset_committed(Ruleset *ruleset, enum family family, enum table table);

/** Frees what is neither desired nor held; called when a change is final. */
void ruleset_settle(Ruleset *ruleset);

/** How many rules are desired, TARGET_CHAIN not counted. */
guint ruleset_size(const Ruleset *ruleset);
