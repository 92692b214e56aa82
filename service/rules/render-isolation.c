/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/rules/place.h"
#include "service/rules/render.h"

/*
 * Pairwise, as the classic code did, while the networks are few; N(N-1) rules.
 * Beyond IsolationPairwiseMax= in two stages, 2N rules, which let through and drop the same.
 */
static bool is_linear(const RenderOptions *options, guint n_external)
{
	return n_external > options->isolation_pairwise_max;
}

static void render_drop(const Network *newer, const Network *older, bool into_newer, enum family family, GArray *items)
{
	/* One pair's two drops stand together, the pairs of one network newest first too. */
	guint32 index = ~(guint32)older->sequence << 1 | !into_newer;
	Rule *rule = place_add(items, PLACE_ISOLATION, family, newer->sequence, index);

	rule_set_in(rule, into_newer ? older->bridge : newer->bridge);
	rule_set_out(rule, into_newer ? newer->bridge : older->bridge);
	rule->target = TARGET_DROP;
}

/* An internal one is kept apart from everybody already. */
static bool is_apart(const Network *network, enum family family)
{
	return network_has_family(network, family) && !network_is_closed(network, family);
}

static void render_pair(const Network *newer, const Network *older, GArray *items)
{
	if (g_str_equal(newer->bridge, older->bridge))
		return;
	for (enum family family = 0; family < N_FAMILIES; family++) {
		if (!is_apart(newer, family) || !is_apart(older, family))
			continue;
		render_drop(newer, older, true, family, items);
		render_drop(newer, older, false, family, items);
	}
}

static void render_linear(const Network *network, GArray *items)
{
	Rule *rule;

	for (enum family family = 0; family < N_FAMILIES; family++) {
		if (!is_apart(network, family))
			continue;
		rule = place_add(items, PLACE_ISOLATION, family, network->sequence, 0);
		rule->flags = RULE_NOT_OUT;
		rule_set_in(rule, network->bridge);
		rule_set_out(rule, network->bridge);
		rule->target = TARGET_PLACE;

		rule = place_add(items, PLACE_ISOLATION_ENTER, family, network->sequence, 0);
		rule_set_out(rule, network->bridge);
		rule->target = TARGET_DROP;

		place_add(items, PLACE_ISOLATION_ENTER_END, family, 0, 0)->target = TARGET_RETURN;
	}
}

/* The pairs of one network with the others. */
static void render_pairs(const Model *model, const Network *network, GArray *items)
{
	for (const GList *i = model->networks_by_age.head; i; i = i->next) {
		const Network *other = i->data;

		if (other->sequence < network->sequence)
			render_pair(network, other, items);
		else if (other->sequence > network->sequence)
			render_pair(other, network, items);
	}
}

/* All networks of the model but one. */
static void render_others(const Model *model, const Network *but, bool linear, GArray *items)
{
	for (const GList *i = model->networks_by_age.head; i; i = i->next) {
		const Network *network = i->data;

		if (network == but)
			continue;
		if (linear)
			render_linear(network, items);
		for (const GList *older = model->networks_by_age.head; !linear && older != i; older = older->next)
			if (older->data != but)
				render_pair(network, older->data, items);
	}
}

static void render_one(const Model *model, const Network *network, bool linear, GArray *items)
{
	if (linear)
		render_linear(network, items);
	else
		render_pairs(model, network, items);
}

void render_isolation(const Model *model, const Network *network, const RenderOptions *options, GArray *items)
{
	if (!network_is_internal(network))
		render_one(model, network, is_linear(options, model->n_external), items);
}

void render_isolation_all(const Model *model, const RenderOptions *options, GArray *items)
{
	render_others(model, NULL, is_linear(options, model->n_external), items);
}

void render_isolation_change(const Model *model, const Network *network, const RenderOptions *options, GArray *joins,
			     GArray *leaves)
{
	bool came = g_hash_table_lookup(model->networks, network->name) == network;
	guint others = model->n_external - (came && !network_is_internal(network));
	bool without = is_linear(options, others), with = is_linear(options, others + 1);

	if (network_is_internal(network))
		return;
	render_one(model, network, with, came ? joins : leaves);
	if (without == with)
		return;
	render_others(model, network, with, came ? joins : leaves);
	render_others(model, network, without, came ? leaves : joins);
}
