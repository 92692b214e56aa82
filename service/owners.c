/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/private.h"

static void on_over(Lifetime *lifetime, void *userdata)
{
	Manager *manager = userdata;

	g_hash_table_add(manager->over, lifetime);
	manager->observer.over(manager->observer.userdata);
}

bool manager_begin_lifetime(Manager *manager, Lifetime *lifetime, enum object_kind kind, void *object,
			    const LifetimeSettings *settings, GError **error)
{
	LifetimeSettings own = *settings;

	if (own.fd >= 0 && own.token == 0)
		own.token = manager_next_sequence(manager);
	if (!lifetime_init(lifetime, kind, object, &own, manager->event, on_over, manager, error))
		return false;
	/* A descriptor that did not survive cannot say any more when it is over. */
	if (own.token && own.fd < 0)
		g_hash_table_add(manager->over, lifetime);
	return true;
}

static void unstore(void *context G_GNUC_UNUSED, void *object)
{
	lifetime_unstore(object);
}

static void forget_over(void *context, void *object)
{
	Manager *manager = context;

	g_hash_table_remove(manager->over, object);
}

static void bind_to_owner(void *context, void *object)
{
	Manager *manager = context;
	Lifetime *lifetime = object;
	GHashTable *set = g_hash_table_lookup(manager->owners, lifetime->owner);

	if (!set) {
		set = g_hash_table_new(NULL, NULL);
		g_hash_table_insert(manager->owners, g_strdup(lifetime->owner), set);
	}
	g_hash_table_add(set, lifetime);
}

static void unbind_from_owner(void *context, void *object)
{
	Manager *manager = context;
	Lifetime *lifetime = object;
	GHashTable *set = g_hash_table_lookup(manager->owners, lifetime->owner);

	g_hash_table_remove(set, lifetime);
	if (g_hash_table_size(set) == 0)
		g_hash_table_remove(manager->owners, lifetime->owner);
}

void manager_own(Manager *manager, Lifetime *lifetime)
{
	transaction_push(manager->transaction, forget_over, NULL, NULL, manager, lifetime);
	if (lifetime->fd >= 0) {
		if (!manager->restoring)
			lifetime_store(lifetime);
		transaction_push(manager->transaction, unstore, NULL, NULL, NULL, lifetime);
	}
	if (!lifetime->with_owner)
		return;
	bind_to_owner(manager, lifetime);
	transaction_push(manager->transaction, unbind_from_owner, NULL, NULL, manager, lifetime);
}

static void undo_end(void *context, void *object)
{
	Manager *manager = context;

	g_hash_table_add(manager->over, object);
}

void manager_disown(Manager *manager, Lifetime *lifetime)
{
	if (g_hash_table_remove(manager->over, lifetime))
		transaction_push(manager->transaction, undo_end, NULL, NULL, manager, lifetime);
	transaction_push(manager->transaction, NULL, NULL, unstore, NULL, lifetime);
	if (!lifetime->with_owner)
		return;
	unbind_from_owner(manager, lifetime);
	transaction_push(manager->transaction, bind_to_owner, NULL, NULL, manager, lifetime);
}

static void delete_object(Manager *manager, const Lifetime *lifetime)
{
	switch (lifetime->kind) {
	case OBJECT_NETWORK:
		network_delete(manager, lifetime->object);
		break;
	case OBJECT_ENDPOINT:
		endpoint_delete(manager, lifetime->object);
		break;
	case OBJECT_INGRESS:
		ingress_delete(manager, lifetime->object);
		break;
	}
}

void manager_owner_left(Manager *manager, const char *owner)
{
	GHashTable *set;
	GHashTableIter iter;
	gpointer lifetime;

	/* Deleting a network takes endpoints of the same owner along: start over after each. */
	while ((set = g_hash_table_lookup(manager->owners, owner))) {
		g_hash_table_iter_init(&iter, set);
		g_hash_table_iter_next(&iter, &lifetime, NULL);
		delete_object(manager, lifetime);
	}
}

void manager_end_orphans(Manager *manager, char *const *alive)
{
	g_autoptr(GPtrArray) gone = g_ptr_array_new_with_free_func(g_free);
	GHashTableIter iter;
	gpointer name;

	g_hash_table_iter_init(&iter, manager->owners);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		if (manager->other_bus || !g_strv_contains((const char *const *)alive, name))
			g_ptr_array_add(gone, g_strdup(name));
	for (guint i = 0; i < gone->len; i++)
		manager_owner_left(manager, gone->pdata[i]);
	manager_end_lifetimes(manager);
}

void manager_end_lifetimes(Manager *manager)
{
	GHashTableIter iter;
	gpointer lifetime;

	while (g_hash_table_size(manager->over) > 0) {
		g_hash_table_iter_init(&iter, manager->over);
		g_hash_table_iter_next(&iter, &lifetime, NULL);
		delete_object(manager, lifetime);
	}
}
