/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/rules/place.h"

/**
 * All rules that are wanted, kept in order by family and place, and beside it what the kernel has by the last commit.
 * Objects add and remove the rules they render; a rule asked for twice is counted. The backend reads the difference
 * and, commit by commit, says what is committed.
 */
typedef struct Ruleset Ruleset;

typedef struct RulesetEntry {
	Rule rule;
	guint32 references : 29; /* > 0: wanted */
	bool listed : 1;         /* the ruleset's own: among its place's changed entries */
	bool committed : 1;      /* in the kernel, as far as we know */
	bool reordered : 1;      /* its order changed since the last commit: that it stands elsewhere is no drift */
	RuleOrder order;
	guint64 digest; /* the backend's own, of the rule in its form; 0: not taken yet */
} RulesetEntry;

/* Four of these for every published port. */
G_STATIC_ASSERT(sizeof(RulesetEntry) <= 136);

Ruleset *ruleset_new(void);
void ruleset_free(Ruleset *ruleset); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ruleset, ruleset_free)

/**
 * Counts a rule in. The item is copied. O(log n) at most: a place is put in order when ruleset_place() is next asked
 * for it. The rule stands where the oldest of those who ask for it now puts it, by sequence whatever its sign, then
 * index.
 */
void ruleset_add(Ruleset *ruleset, const RuleItem *item);

/** Counts a rule out; it was added with the same order. What nobody wants stays until ruleset_finish(). */
void ruleset_remove(Ruleset *ruleset, const RuleItem *item);
/** ruleset_add / ruleset_remove over a rendering (GArray of RuleItem); remove goes backwards. */
void ruleset_add_all(Ruleset *ruleset, const GArray *items);
void ruleset_remove_all(Ruleset *ruleset, const GArray *items);

/** The kernel may have this rule though nobody asks for it, and a commit takes it out; it has everything wanted. */
void ruleset_pin(Ruleset *ruleset, const RuleItem *item);
void ruleset_pin_all(Ruleset *ruleset);

/** The entries of a place in order (GPtrArray of RulesetEntry, owned by the ruleset, valid until it changes). */
const GPtrArray *ruleset_place(const Ruleset *ruleset, enum family family, enum place place);

/** The entry with this content, or NULL. */
RulesetEntry *ruleset_find(const Ruleset *ruleset, const Rule *rule);

/** Whether a place changed since it was last committed; and that it shall be looked at as if it had. */
bool ruleset_is_dirty(const Ruleset *ruleset, enum family family, enum place place);
void ruleset_set_dirty(Ruleset *ruleset, enum family family, enum place place);
void ruleset_set_all_dirty(Ruleset *ruleset);

/** Whether the latter was said of any place: the kernel may not have what is committed. */
bool ruleset_is_doubted(const Ruleset *ruleset);

/** Of a place's entries those that are not as committed, and maybe others, in no order; as ruleset_place() but
 * O(changes).
 */
const GPtrArray *ruleset_changes(const Ruleset *ruleset, enum family family, enum place place);

/** Whether some wanted rule is not committed: decides in which order a backend commits what it cannot commit at once.
 */
bool ruleset_grows(const Ruleset *ruleset);

/** The policy of forwarding, TARGET_ACCEPT or _DROP; TARGET_PLACE (the default) leaves it to others. A new one makes
 * PLACE_FORWARD_NETWORK dirty. */
void ruleset_set_forward_policy(Ruleset *ruleset, enum family family, enum rule_target policy);
enum rule_target ruleset_forward_policy(const Ruleset *ruleset, enum family family);

/** The backend's word after a place was committed: what is wanted is now committed, the rest is not. */
void ruleset_committed(Ruleset *ruleset, enum family family, enum place place);

/** Frees what is neither wanted nor committed; called when a change is final. */
void ruleset_finish(Ruleset *ruleset);
