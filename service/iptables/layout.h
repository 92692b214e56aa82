/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/iptables/chain.h"
#include "service/rules/ruleset.h"

/** Where each place stands in the tables. Within a zone of a chain the places stand in the order of their enum. */
typedef struct Layout {
	enum chain chain; /* N_CHAINS: the place is nothing here */
	enum zone zone;
	enum chain jump; /* where TARGET_PLACE leads; N_CHAINS: nowhere, it says that the chain exists */
} Layout;

extern const Layout layouts[N_PLACES];

static inline const Layout *layout_of(const Rule *rule)
{
	return &layouts[rule->place];
}

/** Whether it is a rule in the kernel, not only a word about its place. */
static inline bool layout_has_rule(const Rule *rule)
{
	const Layout *layout = layout_of(rule);

	return layout->chain != N_CHAINS && (rule->target != TARGET_PLACE || layout->jump != N_CHAINS);
}

/** What a ruleset says of a chain itself. */
typedef struct ChainState {
	bool wanted;    /* should exist */
	bool committed; /* we made it */
} ChainState;
ChainState layout_chain_state(const Ruleset *ruleset, enum family family, enum chain chain);

/** Replaces what is in entries (GPtrArray of RulesetEntry) by a chain's: head, owned, tail; valid until it changes. */
void layout_read_chain(const Ruleset *ruleset, enum family family, enum chain chain, GPtrArray *entries);

/** Whether anything is wanted in a table, or a policy that closes: whether its absence matters. */
bool layout_needs_table(const Ruleset *ruleset, enum family family, enum table table);
/** … or may be there. */
bool layout_touches_table(const Ruleset *ruleset, enum family family, enum table table);

/** ruleset_is_dirty() of any place of a chain or a table. */
bool layout_chain_is_dirty(const Ruleset *ruleset, enum family family, enum chain chain);
bool layout_table_is_dirty(const Ruleset *ruleset, enum family family, enum table table);

/** ruleset_committed() of all places of a table; N_TABLES: of those that are nothing here. */
void layout_table_committed(Ruleset *ruleset, enum family family, enum table table);
