/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/**
 * The journal of one commit. Whatever a request changes, in the model or on the
 * host, it notes here how to take back and what remains to be done once the
 * kernel has the rules. A request that fails is rolled back to the mark it began at;
 * a commit that fails is rolled back whole.
 */
typedef struct Transaction Transaction;

typedef void (*TransactionFunc)(void *context, void *object);

/** Like TransactionFunc, but may fail; then the whole transaction is taken back. */
typedef bool (*TransactionEffect)(void *context, void *object, GError **error);

Transaction *transaction_new(void);
void transaction_free(Transaction *transaction); /* NULL is fine; must be empty */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Transaction, transaction_free)

/**
 * Notes a step. undo runs on rollback, last step first; effect runs after the
 * kernel has the rules, first step first; done runs when nothing can fail any
 * more. Each may be NULL. Exactly one of undo and done runs, so each frees what the step owns.
 */
void transaction_push(Transaction *transaction, TransactionFunc undo, TransactionEffect effect, TransactionFunc done,
		      void *context, void *object);

bool transaction_is_empty(const Transaction *transaction);

/** Where the journal stands now, for transaction_rollback(). */
guint transaction_mark(const Transaction *transaction);

/** Undoes every step after the mark. */
void transaction_rollback(Transaction *transaction, guint mark);

/** Runs the effects. False at the first that fails; the caller rolls back. */
bool transaction_effects(Transaction *transaction, GError **error);

/** Runs every done and empties the journal. */
void transaction_done(Transaction *transaction);
