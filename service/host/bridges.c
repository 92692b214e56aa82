/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/private.h"

/* --- they come --- */

static bool create_bridge(void *context, void *object, GError **error)
{
	Manager *manager = context;
	Network *network = object;

	if (!bridge_create(manager->netlink, network->bridge, error)) {
		network->bridge_created = false; /* whatever is there is not ours to delete */
		return false;
	}
	for (enum family family = 0; family < N_FAMILIES; family++) {
		Prefix address = { network->gateways[family], network->subnets[family].length };

		if (network_has_family(network, family) &&
		    !link_add_address(manager->netlink, network->bridge, &address, error))
			return false;
	}
	return true;
}

static void delete_bridge(Manager *manager, Network *network)
{
	GError *error = NULL;

	if (network->bridge_created && !manager->replaying && !bridge_delete(manager->netlink, network->bridge, &error))
		host_warn(error);
	network->bridge_created = false;
}

static void undo_use_bridge(void *context, void *object)
{
	delete_bridge(context, object);
}

void host_create_bridge(Manager *manager, Network *network)
{
	network->bridge_created = true;
	transaction_push(manager->transaction, undo_use_bridge, create_bridge, NULL, manager, network);
}

void host_inherit_bridge(Manager *manager, Network *network)
{
	if (network->bridge_created)
		return;
	network->bridge_created = true;
	transaction_push(manager->transaction, undo_use_bridge, NULL, NULL, manager, network);
}

void host_assert_bridge(Manager *manager, Network *network)
{
	GError *error = NULL;
	enum link_kind kind;

	if (!network->bridge_created || !link_kind(manager->netlink, network->bridge, &kind, NULL) ||
	    kind != LINK_MISSING)
		return;
	if (!create_bridge(manager, network, &error))
		host_warn(error);
}

/* --- they go --- */

static void undo_leave_bridge(void *context, void *object)
{
	Manager *manager = context;
	const Network *network = object;

	manager->deletes_bridge = false;
	g_hash_table_remove(manager->bridges_leaving, network->bridge);
}

static void done_leave_bridge(void *context, void *object)
{
	Manager *manager = context;
	Network *network = object;

	delete_bridge(manager, network);
	manager->deletes_bridge = false;
	g_hash_table_remove(manager->bridges_leaving, network->bridge);
}

static void undo_put_off(void *context, void *object)
{
	Manager *manager = context;
	const Network *network = object;

	g_hash_table_remove(manager->bridges_pending, network->bridge);
	g_hash_table_remove(manager->bridges_leaving, network->bridge);
}

static void done_put_off(void *context, void *object)
{
	Manager *manager = context;
	const Network *network = object;

	g_hash_table_remove(manager->bridges_leaving, network->bridge);
}

static void add_pending(Manager *manager, const char *name, int ifindex)
{
	PendingBridge *pending = g_new(PendingBridge, 1);

	*pending = (PendingBridge){ .ifindex = ifindex };
	g_hash_table_insert(manager->bridges_pending, g_strdup(name), pending);
}

/* Also so that nobody makes and leaves bridges faster than they can be deleted. */
static bool may_put_off(const Manager *manager)
{
	return manager->deletes_bridge && g_hash_table_size(manager->bridges_pending) < manager->config.max_networks;
}

void host_leave_bridge(Manager *manager, Network *network)
{
	int ifindex = 0;

	g_hash_table_add(manager->bridges_leaving, g_strdup(network->bridge));
	if (network->bridge_created && !manager->restoring && may_put_off(manager) &&
	    bridge_index(manager->netlink, network->bridge, &ifindex, NULL) && ifindex > 0) {
		add_pending(manager, network->bridge, ifindex);
		transaction_push(manager->transaction, undo_put_off, NULL, done_put_off, manager, network);
		record_bridge(manager, network->bridge, ifindex);
		return;
	}
	manager->deletes_bridge |= network->bridge_created;
	transaction_push(manager->transaction, undo_leave_bridge, NULL, done_leave_bridge, manager, network);
}

void host_shut_bridges(Manager *manager)
{
	GHashTableIter iter;
	gpointer name, value;

	g_hash_table_iter_init(&iter, manager->bridges_pending);
	while (g_hash_table_iter_next(&iter, &name, &value)) {
		PendingBridge *pending = value;
		GError *error = NULL;

		if (!pending->shut && !bridge_shut(manager->netlink, name, pending->ifindex, &error))
			host_warn(error);
		pending->shut = true;
	}
}

static void sweep(Manager *manager, const char *name, const PendingBridge *pending)
{
	GError *error = NULL;

	if (!bridge_delete_index(manager->netlink, name, pending->ifindex, &error))
		host_warn(error);
}

bool manager_sweep_bridge(Manager *manager)
{
	GHashTableIter iter;
	gpointer name, pending;

	g_hash_table_iter_init(&iter, manager->bridges_pending);
	if (!g_hash_table_iter_next(&iter, &name, &pending))
		return false;
	sweep(manager, name, pending);
	g_hash_table_iter_remove(&iter);
	return g_hash_table_size(manager->bridges_pending) > 0;
}

void host_free_bridge_name(Manager *manager, const char *name)
{
	const PendingBridge *pending = g_hash_table_lookup(manager->bridges_pending, name);

	if (!pending)
		return;
	/* What is restored was freed when it was new. */
	if (!manager->restoring)
		sweep(manager, name, pending);
	g_hash_table_remove(manager->bridges_pending, name);
}

/* --- from a predecessor --- */

static void undo_inherit(void *context, void *object)
{
	Manager *manager = context;

	g_hash_table_remove(manager->bridges_pending, object);
	g_free(object);
}

static void done_inherit(void *context G_GNUC_UNUSED, void *object)
{
	g_free(object);
}

void host_inherit_pending(Manager *manager, const char *name, int ifindex)
{
	add_pending(manager, name, ifindex);
	transaction_push(manager->transaction, undo_inherit, NULL, done_inherit, manager, g_strdup(name));
}
