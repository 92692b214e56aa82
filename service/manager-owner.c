/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/manager-private.h"

static void on_over(Lifetime *lifetime, void *userdata)
{
	Manager *manager = userdata;

	g_hash_table_add(manager->over, lifetime);
	manager->observer.over(manager->observer.userdata);
}

bool manager_begin_lifetime(Manager *manager, Lifetime *lifetime, enum object_kind kind, void *object,
			    const LifetimeSettings *settings, GError **error)
{
	return lifetime_init(lifetime, kind, object, settings, manager->event, on_over, manager, error);
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
