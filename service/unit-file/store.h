/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/change/transaction.h"

/**
 * The unit files that a commit writes and removes: all of them or none. What a full disk refuses is met before the
 * kernel is touched; what others read changes at once, and can be put back until it is kept.
 */
typedef struct UnitStore UnitStore;

UnitStore *unit_store_new(void);
void unit_store_free(UnitStore *store); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UnitStore, unit_store_free)

/** Removes what a crash left beside the files in a directory. */
void unit_store_clean(const char *directory);

/** Writes what a transaction asks for beside the files it is to replace. FAILED names the file. */
bool unit_store_stage(UnitStore *store, const Transaction *transaction, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Puts it in their place. FAILED names the file. */
bool unit_store_publish(UnitStore *store, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Takes back what was staged or published; or makes an end of it. Does nothing when there is nothing. */
void unit_store_revert(UnitStore *store);
void unit_store_keep(UnitStore *store);
