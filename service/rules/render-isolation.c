/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/private.h"

/*
 * Pairwise, as the classic code did, while the networks are few; N(N-1) rules.
 * Beyond IsolationPairwiseMax in two stages, 2N rules, which let through and drop the same.
 */
static bool is_linear(const Manager *manager, guint n_external)
{
	return n_external > manager->config.isolation_pairwise_max;
}

/* The network's part towards the others; with_newer leaves out no pair, without it each pair is the newer one's. */
static void render_part(const Manager *manager, const Network *network, bool linear, bool with_newer, GArray *items)
{
	GHashTableIter iter;
	gpointer value;

	if (linear) {
		render_isolation_linear(network, items);
		return;
	}
	g_hash_table_iter_init(&iter, manager->networks);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const Network *other = value;

		if (other->sequence < network->sequence)
			render_isolation_pair(network, other, items);
		else if (with_newer && other->sequence > network->sequence)
			render_isolation_pair(other, network, items);
	}
}

static GArray *render_all(const Manager *manager, bool linear)
{
	GArray *items = rendering_new();
	GHashTableIter iter;
	gpointer network;

	g_hash_table_iter_init(&iter, manager->networks);
	while (g_hash_table_iter_next(&iter, NULL, &network))
		render_part(manager, network, linear, false, items);
	return items;
}

void isolation_render(const Manager *manager, const Network *network, GArray *items)
{
	render_part(manager, network, is_linear(manager, manager->n_external), true, items);
}

void isolation_render_all(const Manager *manager, GArray *items)
{
	g_autoptr(GArray) all = render_all(manager, is_linear(manager, manager->n_external));

	g_array_append_vals(items, all->data, all->len);
}

static void change_form(Manager *manager, bool from_linear, bool to_linear)
{
	if (from_linear == to_linear)
		return;
	manager_remove_rules(manager, render_all(manager, from_linear));
	manager_add_rules(manager, render_all(manager, to_linear));
}

void isolation_join(Manager *manager, Network *network)
{
	bool was_linear = is_linear(manager, manager->n_external);
	GArray *items;

	if (network->internal)
		return;
	items = rendering_new();
	manager_count(manager, &manager->n_external, 1);
	change_form(manager, was_linear, is_linear(manager, manager->n_external));
	isolation_render(manager, network, items);
	manager_add_rules(manager, items);
}

void isolation_leave(Manager *manager, Network *network)
{
	bool was_linear = is_linear(manager, manager->n_external);
	GArray *items;

	if (network->internal)
		return;
	items = rendering_new();
	isolation_render(manager, network, items);
	manager_remove_rules(manager, items);
	manager_count(manager, &manager->n_external, -1);
	change_form(manager, was_linear, is_linear(manager, manager->n_external));
}
