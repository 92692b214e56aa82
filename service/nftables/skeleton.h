/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/nftables/batch.h"
#include "service/nftables/chains.h"

/**
 * What a table has whatever objects there are: sets, maps, and chains with the rules that look into them. It is made
 * with the first object and never changes after that.
 */

/** What the table of a prefix is called. The caller's. */
char *skeleton_table(const char *prefix);

/** Makes a table: flags are NFT_TABLE_F_*, drop is the policy of forwarding. Nothing of that name may be there. */
void skeleton_put(Batch *batch, enum family family, const char *table, guint32 flags, bool drop);

/** Makes the table that is there ours, with flags it had. */
void skeleton_adopt(Batch *batch, enum family family, const char *table, guint32 flags);

void skeleton_put_policy(Batch *batch, enum family family, const char *table, bool drop);
void skeleton_delete(Batch *batch, enum family family, const char *table);

/** The whole table without elements, as nft loads it. */
void skeleton_append_text(GString *text, enum family family, const char *table, bool drop);

/** All rules of a chain as expression_print() has them, a line each; NULL: there is no such chain. The caller's. */
char *skeleton_print_chain(enum family family, const char *chain);

/** The nth rule of a chain, in nft's words, "ip" for either family; NULL: it has no more. Static. */
const char *skeleton_rule(enum family family, const char *chain, guint n);

/** How many chains and sets there are, and what a set is to be: NFT_SET_* flags. */
guint skeleton_n_chains(enum family family);
guint skeleton_n_sets(enum family family);
guint32 skeleton_set_flags(guint set);
