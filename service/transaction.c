/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/transaction.h"

typedef struct Step {
	TransactionFunc undo;
	TransactionEffect effect;
	TransactionFunc done;
	void *context, *object;
} Step;

struct Transaction {
	GArray *steps;
};

#define MANY_STEPS 4096

static GArray *new_steps(void)
{
	return g_array_new(FALSE, FALSE, sizeof(Step));
}

Transaction *transaction_new(void)
{
	Transaction *transaction = g_new(Transaction, 1);

	transaction->steps = new_steps();
	return transaction;
}

void transaction_free(Transaction *transaction)
{
	if (!transaction)
		return;
	g_assert(transaction_is_empty(transaction));
	g_array_unref(transaction->steps);
	g_free(transaction);
}

void transaction_push(Transaction *transaction, TransactionFunc undo, TransactionEffect effect, TransactionFunc done,
		      void *context, void *object)
{
	Step step = { undo, effect, done, context, object };

	g_array_append_val(transaction->steps, step);
}

bool transaction_is_empty(const Transaction *transaction)
{
	return transaction->steps->len == 0;
}

guint transaction_mark(const Transaction *transaction)
{
	return transaction->steps->len;
}

void transaction_rollback(Transaction *transaction, guint mark)
{
	while (transaction->steps->len > mark) {
		Step step = g_array_index(transaction->steps, Step, transaction->steps->len - 1);

		g_array_set_size(transaction->steps, transaction->steps->len - 1);
		if (step.undo)
			step.undo(step.context, step.object);
	}
}

bool transaction_effects(Transaction *transaction, GError **error)
{
	for (guint i = 0; i < transaction->steps->len; i++) {
		Step *step = &g_array_index(transaction->steps, Step, i);

		if (step->effect && !step->effect(step->context, step->object, error))
			return false;
	}
	return true;
}

void transaction_done(Transaction *transaction)
{
	for (guint i = 0; i < transaction->steps->len; i++) {
		Step step = g_array_index(transaction->steps, Step, i);

		if (step.done)
			step.done(step.context, step.object);
	}
	/* One large change should not cost its memory for ever. */
	if (transaction->steps->len > MANY_STEPS) {
		g_array_unref(transaction->steps);
		transaction->steps = new_steps();
	}
	g_array_set_size(transaction->steps, 0);
}
