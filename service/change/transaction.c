/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/change/transaction.h"

/* One large change should not cost its memory for ever. */
#define KEPT_CHANGES 4096
#define KEPT_ITEMS 1024

static GArray *new_changes(void)
{
	return g_array_new(FALSE, FALSE, sizeof(Change));
}

void transaction_init(Transaction *transaction)
{
	transaction->changes = new_changes();
	transaction->delta.joins = rendering_new();
	transaction->delta.leaves = rendering_new();
	transaction->claims = g_array_new(FALSE, FALSE, sizeof(PortRange));
}

void transaction_clear(Transaction *transaction)
{
	if (!transaction->changes)
		return;
	g_assert(transaction->changes->len == 0);
	g_array_unref(transaction->changes);
	g_array_unref(transaction->delta.joins);
	g_array_unref(transaction->delta.leaves);
	g_array_unref(transaction->claims);
}

RenderOptions render_options(const Config *config, bool ipv6)
{
	return (RenderOptions){
		.hairpin = config->hairpin,
		.localhost_publish = config->localhost_publish,
		.container_publish = config->container_publish,
		.drop_invalid = config->drop_invalid,
		.protect_endpoints = config->protect_endpoints,
		.isolation_pairwise_max = config->isolation_pairwise_max,
		.ipv6 = ipv6,
		.capped = config->allow_from != NULL,
		.ceiling = config->allow_from,
	};
}

static GArray *emptied(GArray *items)
{
	if (items->len <= KEPT_ITEMS) {
		g_array_set_size(items, 0);
		return items;
	}
	g_array_unref(items);
	return rendering_new();
}

/* The rules of a change that is made now; valid until the next. */
static const RuleDelta *render(Transaction *transaction, const Change *change)
{
	RenderOptions options = render_options(transaction->config, transaction->ipv6);
	RuleDelta *delta = &transaction->delta;

	delta->joins = emptied(delta->joins);
	delta->leaves = emptied(delta->leaves);
	if (change->kind->rules)
		change->kind->rules(change, transaction->model, &options, delta);
	return delta;
}

void transaction_make(Transaction *transaction, const Change *request)
{
	const RuleDelta *delta;
	Change *change;

	g_array_append_val(transaction->changes, *request);
	change = &g_array_index(transaction->changes, Change, transaction->changes->len - 1);
	if (change->kind->apply)
		change->kind->apply(transaction->model, change);
	if (change->kind->ports)
		change->kind->ports(change, transaction->claims);
	delta = render(transaction, change);
	if (!transaction->ruleset) {
		g_array_append_vals(transaction->collected, delta->joins->data, delta->joins->len);
		return;
	}
	/* In this order, so that what is in both stays where it stands. */
	ruleset_add_all(transaction->ruleset, delta->joins);
	ruleset_remove_all(transaction->ruleset, delta->leaves);
}

guint transaction_savepoint(const Transaction *transaction)
{
	return transaction->changes->len;
}

static void revert(Transaction *transaction, Change *change)
{
	if (transaction->ruleset) {
		const RuleDelta *delta = render(transaction, change);

		ruleset_add_all(transaction->ruleset, delta->leaves);
		ruleset_remove_all(transaction->ruleset, delta->joins);
	}
	if (change->kind->revert)
		change->kind->revert(transaction->model, change);
	if (change->kind->release)
		change->kind->release(change, false);
}

void transaction_roll_back(Transaction *transaction, guint savepoint)
{
	while (transaction->changes->len > savepoint) {
		revert(transaction, &g_array_index(transaction->changes, Change, transaction->changes->len - 1));
		g_array_set_size(transaction->changes, transaction->changes->len - 1);
	}
}

void transaction_finish(Transaction *transaction)
{
	for (guint i = 0; i < transaction->changes->len; i++) {
		Change *change = &g_array_index(transaction->changes, Change, i);

		if (change->kind->release)
			change->kind->release(change, true);
	}
	if (transaction->changes->len <= KEPT_CHANGES) {
		g_array_set_size(transaction->changes, 0);
		return;
	}
	g_array_unref(transaction->changes);
	transaction->changes = new_changes();
}

guint64 transaction_next_sequence(Transaction *transaction)
{
	return ++transaction->model->sequence;
}
