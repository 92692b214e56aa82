/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/access.h"

#include "service/service.h"

#include <string.h>

void service_set_observer(Service *service, const Observer *observer)
{
	service->observer = *observer;
}

Transaction *service_transaction(Service *service)
{
	return &service->transaction;
}

const Config *service_config(const Service *service)
{
	return &service->config;
}

const Model *service_model(const Service *service)
{
	return service->model;
}

guint64 service_generation(const Service *service)
{
	return service->generation;
}

const char *service_backend_name(const Service *service)
{
	return firewall_backend(service->firewall)->kind->name;
}

const char *const *service_features(const Service *service)
{
	return (const char *const *)service->features;
}

bool service_is_idle(const Service *service)
{
	return model_is_empty(service->model) && !interfaces_has_leftovers(service->interfaces);
}

bool service_has_leftovers(const Service *service)
{
	return interfaces_has_leftovers(service->interfaces);
}

bool service_delete_leftover(Service *service)
{
	return interfaces_delete_one(service->interfaces);
}

bool service_is_available(const Service *service, GError **error)
{
	if (service->refusal)
		g_propagate_error(error, g_error_copy(service->refusal));
	return !service->refusal;
}

bool service_owns(const Service *service, const char *unique_name)
{
	return g_hash_table_contains(service->model->owners, unique_name);
}

int service_lock(Service *service)
{
	return firewall_lock(service->firewall);
}

void service_unlock(Service *service)
{
	firewall_unlock(service->firewall);
}

const char *service_lock_name(const Service *service)
{
	return firewall_lock_name(service->firewall);
}

void service_link_vanished(Service *service, const char *name)
{
	const Network *network = g_hash_table_lookup(service->model->bridges, name);
	LinkInfo info;

	/* The news may be old, and the name taken again by us. */
	if (link_find(service->netlink, name, &info, NULL) && info.ifindex != 0)
		return;
	if (network)
		g_warning("Bridge %s of network \"%s\" is gone; the network's rules stay until it is deleted", name,
			  cut(network->name));
	for (const GList *i = service->model->ingresses_by_age.head; i; i = i->next) {
		const Ingress *ingress = i->data;

		if (strcmp(ingress->bridge, name) == 0)
			g_warning("Interface %s of ingress \"%s\" is gone; its rules stay until it is deleted", name,
				  cut(ingress->name));
	}
}
