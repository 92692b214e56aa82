/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"

/**
 * Adds (ForeignChain) where others stop what this service lets through: base chains at the hook forward whose policy is
 * drop, or that end in a rule which drops or refuses everything, but for those of a table (NULL: none). An accept of
 * ours is no accept there. Nothing where the kernel has no nf_tables. BUSY while others change them, FAILED.
 */
bool forward_drops_find(const char *own_table, GPtrArray *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Likewise the chains of a name that iptables-nft has in its tables "filter" and to which nothing there leads. */
bool forward_idle_chains_find(const char *name, GPtrArray *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
