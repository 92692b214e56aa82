/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/private.h"

#include <string.h>

/* Everything that is asked for, each thing once. */
static GArray *render_everything(Manager *manager)
{
	GArray *items = rendering_new();
	GHashTableIter iter, endpoints;
	gpointer object, endpoint;

	g_hash_table_iter_init(&iter, manager->networks);
	while (g_hash_table_iter_next(&iter, NULL, &object)) {
		const Network *network = object;
		g_autoptr(GArray) own = network_render_own(manager, network);

		g_array_append_vals(items, own->data, own->len);
		g_hash_table_iter_init(&endpoints, network->endpoints);
		while (g_hash_table_iter_next(&endpoints, NULL, &endpoint)) {
			g_autoptr(GArray) part = service_rules_of_endpoint(manager, endpoint);

			g_array_append_vals(items, part->data, part->len);
		}
	}
	isolation_render_all(manager, items);
	g_hash_table_iter_init(&iter, manager->ingresses);
	while (g_hash_table_iter_next(&iter, NULL, &object)) {
		g_autoptr(GArray) part = service_rules_of_ingress(manager, object);

		g_array_append_vals(items, part->data, part->len);
	}
	return items;
}

static bool use_host(Manager *manager, GError **error)
{
	GHashTableIter iter;
	gpointer object;

	g_hash_table_iter_init(&iter, manager->networks);
	while (g_hash_table_iter_next(&iter, NULL, &object))
		if (!network_use_host(manager, object, error))
			return false;
	g_hash_table_iter_init(&iter, manager->ingresses);
	while (g_hash_table_iter_next(&iter, NULL, &object))
		if (!ingress_use_host(manager, object, error))
			return false;
	return true;
}

static void leave_host(Manager *manager)
{
	GHashTableIter iter;
	gpointer object;

	g_hash_table_iter_init(&iter, manager->networks);
	while (g_hash_table_iter_next(&iter, NULL, &object))
		network_leave_host(manager, object);
	g_hash_table_iter_init(&iter, manager->ingresses);
	while (g_hash_table_iter_next(&iter, NULL, &object))
		ingress_leave_host(manager, object);
}

static void undo_config(void *context, void *object)
{
	Manager *manager = context;

	config_clear(&manager->config);
	manager->config = *(Config *)object;
	g_free(object);
}

static void done_config(void *context G_GNUC_UNUSED, void *object)
{
	config_clear(object);
	g_free(object);
}

bool manager_reload(Manager *manager, GError **error)
{
	Config *old, fresh;

	if (!config_load(manager->config_path, false, &fresh, error))
		return false;
	if (strcmp(fresh.chain_prefix, manager->config.chain_prefix) != 0) {
		netfilter_fail(error, INVALID_ARGS,
			       "%s: ChainPrefix=%s cannot be changed from %s while the service runs",
			       manager->config_path, fresh.chain_prefix, manager->config.chain_prefix);
		config_clear(&fresh);
		return false;
	}

	old = g_memdup2(&manager->config, sizeof *old);
	transaction_push(manager->transaction, undo_config, NULL, done_config, manager, old);
	manager_remove_rules(manager, render_everything(manager));
	manager->config = fresh;
	/* The new users come before the old ones go, so that what both need is not switched off in between. */
	if (!use_host(manager, error))
		return false;
	manager->config = *old;
	leave_host(manager);
	manager->config = fresh;
	manager_add_rules(manager, render_everything(manager));
	return true;
}
