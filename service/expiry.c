/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/expiry.h"

#include "service/change/change-ingress.h"
#include "service/change/change-network.h"
#include "service/change/change-service.h"
#include "service/service.h"

static void delete_object(Service *service, const Lifetime *lifetime)
{
	switch (lifetime->kind) {
	case OBJECT_NETWORK:
		network_delete(&service->transaction, lifetime->object);
		break;
	case OBJECT_ENDPOINT:
		network_delete_endpoint(&service->transaction, lifetime->object);
		break;
	case OBJECT_INGRESS:
		ingress_delete(&service->transaction, lifetime->object);
		break;
	}
}

void service_end_owner(Service *service, const char *unique_name)
{
	GHashTable *set;
	GHashTableIter iter;
	gpointer lifetime;

	/* Deleting a network takes endpoints of the same owner along: start over after each. */
	while ((set = g_hash_table_lookup(service->model->owners, unique_name))) {
		g_hash_table_iter_init(&iter, set);
		g_hash_table_iter_next(&iter, &lifetime, NULL);
		delete_object(service, lifetime);
	}
}

GPtrArray *service_find_departed(const Service *service, GHashTable *alive)
{
	GPtrArray *departed = g_ptr_array_new_with_free_func(g_free);
	GHashTableIter iter;
	gpointer name;

	g_hash_table_iter_init(&iter, service->model->owners);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		if (!g_hash_table_contains(alive, name))
			g_ptr_array_add(departed, g_strdup(name));
	return departed;
}

/* Interfaces that went while no instance ran. */
static void expire_without_interface(Service *service)
{
	GHashTableIter iter;
	gpointer ifindex, value;

	g_hash_table_iter_init(&iter, service->model->by_interface);
	while (g_hash_table_iter_next(&iter, &ifindex, &value)) {
		const GPtrArray *endpoints = value;
		InterfaceInfo info;

		if (!interface_find_index(service->netlink, GPOINTER_TO_INT(ifindex), &info, NULL) || info.ifindex != 0)
			continue;
		for (guint i = 0; i < endpoints->len; i++)
			lifetimes_expire(service->lifetimes, &((Endpoint *)endpoints->pdata[i])->lifetime);
	}
}

static void expire_with_owner(Service *service, const char *unique_name)
{
	GHashTableIter iter;
	gpointer lifetime;

	g_hash_table_iter_init(&iter, g_hash_table_lookup(service->model->owners, unique_name));
	while (g_hash_table_iter_next(&iter, &lifetime, NULL))
		lifetimes_expire(service->lifetimes, lifetime);
}

void service_expire_orphans(Service *service, GHashTable *alive)
{
	g_autoptr(GHashTable) nobody = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) departed = service_find_departed(service, service->recovery.other_bus ? nobody : alive);

	for (guint i = 0; i < departed->len; i++)
		expire_with_owner(service, departed->pdata[i]);
	expire_without_interface(service);
}

/* It may have gone with its network by a change that is not committed yet. */
static bool is_there(const Model *model, const Lifetime *lifetime)
{
	const Endpoint *endpoint = lifetime->object;

	switch (lifetime->kind) {
	case OBJECT_NETWORK:
		return g_hash_table_lookup(model->networks, ((const Network *)lifetime->object)->name) ==
		       lifetime->object;
	case OBJECT_ENDPOINT:
		return g_hash_table_lookup(endpoint->network->endpoints, endpoint->name) == endpoint;
	case OBJECT_INGRESS:
		return g_hash_table_lookup(model->ingresses, ((const Ingress *)lifetime->object)->name) ==
		       lifetime->object;
	}
	return false;
}

void service_end_lifetimes(Service *service)
{
	g_autoptr(GPtrArray) expired = lifetimes_expired(service->lifetimes);

	for (guint i = 0; i < expired->len; i++)
		if (is_there(service->model, expired->pdata[i]))
			delete_object(service, expired->pdata[i]);
}

static gint64 find_forwarding_due(Service *service, gint64 now)
{
	g_autoptr(GArray) created = interfaces_created(service->interfaces);

	return forwarding_find_due(service->forwarding, created, now);
}

/* 0: never. */
static gint64 sooner(gint64 a, gint64 b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

gint64 service_find_faults(Service *service, gint64 now)
{
	gint64 due, next;
	g_autoptr(GPtrArray) names =
		interfaces_find_faulty(service->interfaces, service->model, &service->config, now, &due);

	if (names->len > 0)
		return now;
	next = find_forwarding_due(service, now);
	due = sooner(due, next);
	return sooner(due, service_ports_due(service));
}

gint64 service_ports_due(const Service *service)
{
	return host_ports_due(service->host_ports);
}

void service_mend_host(Service *service, gint64 now)
{
	gint64 later;
	g_autoptr(GPtrArray) names =
		interfaces_find_faulty(service->interfaces, service->model, &service->config, now, &later);
	gint64 forwarding = find_forwarding_due(service, now);

	for (guint i = 0; i < names->len; i++)
		service_look_at(&service->transaction, names->pdata[i]);
	if (names->len == 0 && forwarding != 0 && forwarding <= now)
		service_look_at(&service->transaction, NULL);
}
