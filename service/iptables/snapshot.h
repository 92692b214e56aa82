/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"
#include "service/iptables/chain.h"
#include "service/iptables/entry.h"

/**
 * A copy of one kernel table, to be looked at, changed and written back: libiptc
 * behind one face for both families, and the only place that calls it.
 * Functions that return bool or NULL set errno. Positions count from 0.
 */
typedef struct Snapshot Snapshot;

Snapshot *snapshot_open(enum family family, enum table table);
void snapshot_free(Snapshot *snapshot); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Snapshot, snapshot_free)

/** The family it is of. */
enum family snapshot_family(const Snapshot *snapshot);

bool snapshot_has_chain(Snapshot *snapshot, const xt_chainlabel chain);
bool snapshot_create_chain(Snapshot *snapshot, const xt_chainlabel chain) G_GNUC_WARN_UNUSED_RESULT;
bool snapshot_delete_chain(Snapshot *snapshot, const xt_chainlabel chain) G_GNUC_WARN_UNUSED_RESULT;

/** How many rules jump to a chain of one's own. */
bool snapshot_count_references(Snapshot *snapshot, const xt_chainlabel chain,
			       unsigned int *ret) G_GNUC_WARN_UNUSED_RESULT;

/** Replaces what is in entries (GArray of ActualEntry) by a chain's, none if there is no such chain; valid until it
 * changes. */
void snapshot_read_chain(Snapshot *snapshot, const xt_chainlabel chain, GArray *entries);

bool snapshot_chain_is_empty(Snapshot *snapshot, const xt_chainlabel chain);

bool snapshot_insert(Snapshot *snapshot, const xt_chainlabel chain, guint position,
		     const Entry *entry) G_GNUC_WARN_UNUSED_RESULT;
bool snapshot_delete(Snapshot *snapshot, const xt_chainlabel chain, guint position) G_GNUC_WARN_UNUSED_RESULT;
bool snapshot_flush_chain(Snapshot *snapshot, const xt_chainlabel chain) G_GNUC_WARN_UNUSED_RESULT;

/** "ACCEPT" or "DROP"; NULL if the chain is not a builtin one. */
const char *snapshot_policy(Snapshot *snapshot, const xt_chainlabel chain);

/** Its counters stay. */
bool snapshot_set_policy(Snapshot *snapshot, const xt_chainlabel chain,
			 const xt_chainlabel policy) G_GNUC_WARN_UNUSED_RESULT;

/** Writes it, whole or not at all. EAGAIN, also for the kernel's EINVAL: somebody else wrote meanwhile. */
bool snapshot_commit(Snapshot *snapshot) G_GNUC_WARN_UNUSED_RESULT;

/** Says why a table could not be opened, or with writing, written: BUSY, NO_MEMORY, BACKEND_UNAVAILABLE or FAILED. */
void snapshot_set_error(GError **error, enum family family, enum table table, bool writing, int number);

/** Whether an errno of snapshot_open() means that the kernel has no such table. */
bool snapshot_is_missing(int number);
