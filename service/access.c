/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/access.h"

#include "service/service.h"

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

guint service_check_interval(const Service *service)
{
	return firewall_backend(service->firewall)->kind->find_changed && !model_is_empty(service->model) &&
			       !service->refusal
		       ? service->config.check_interval_sec
		       : 0;
}

GPtrArray *service_find_changed_rules(Service *service)
{
	return firewall_find_changed(service->firewall);
}

int service_lock(Service *service)
{
	int r = firewall_lock(service->firewall);

	if (r < 0 || !service->handover)
		return r;
	r = handover_lock(service->handover);
	if (r < 0)
		firewall_unlock(service->firewall);
	return r;
}

void service_unlock(Service *service)
{
	firewall_unlock(service->firewall);
	if (service->handover)
		handover_unlock(service->handover);
}

const char *service_lock_name(const Service *service)
{
	const char *name = firewall_lock_name(service->firewall);

	return name || !service->handover ? name : handover_lock_name(service->handover);
}

AllowFrom *service_effective_allow_from(const Service *service, const Lifetime *lifetime)
{
	const AllowFrom *list = object_allow_from(lifetime);

	if (!list && lifetime->kind == OBJECT_ENDPOINT)
		list = ((const Endpoint *)lifetime->object)->network->options.allow_from;
	return allow_from_intersect(list, service->config.allow_from);
}

bool service_serves(const Service *service, const char *interface)
{
	return interfaces_ifindex(service->interfaces, interface) != 0;
}

/* The lifetimes of endpoints that an interface was LifetimeInterface of end with it. */
static void expire_endpoints(Service *service, int ifindex)
{
	const GPtrArray *list = g_hash_table_lookup(service->model->by_interface, GINT_TO_POINTER(ifindex));

	for (guint i = 0; list && i < list->len; i++)
		lifetimes_expire(service->lifetimes, &((Endpoint *)list->pdata[i])->lifetime);
}

static void touch_one(Service *service, int ifindex, bool gone)
{
	if (!gone && g_hash_table_contains(service->model->by_interface, GINT_TO_POINTER(ifindex)))
		interfaces_touch_port(service->interfaces, ifindex);
	else
		forwarding_touch_interface(service->forwarding, ifindex);
}

void service_look_at_interface(Service *service, int ifindex, const char *name, bool gone)
{
	g_autoptr(GPtrArray) came_or_went = interfaces_look(service->interfaces, ifindex, name, gone);

	for (guint i = 0; i < came_or_went->len; i++)
		service_announce_presence(service, came_or_went->pdata[i]);
	if (gone)
		expire_endpoints(service, ifindex);
	touch_one(service, ifindex, gone);
}

void service_touch_interface(Service *service, int ifindex)
{
	interfaces_touch(service->interfaces, ifindex);
	touch_one(service, ifindex, false);
}

bool service_touch_routes(Service *service, const Prefix *destination, int ifindex)
{
	bool any = false;

	if (!destination || ifindex != 0)
		return interfaces_touch(service->interfaces, ifindex);
	for (const GList *i = service->model->networks_by_age.head; i; i = i->next) {
		const Network *network = i->data;
		int present = interfaces_ifindex(service->interfaces, network->bridge);

		if (prefix_equal(&network->subnets[address_family(&destination->address)], destination) && present)
			any |= interfaces_touch(service->interfaces, present);
	}
	return any;
}

void service_touch_untold(Service *service)
{
	interfaces_touch_untold(service->interfaces);
	forwarding_touch_interface(service->forwarding, 0);
}

void service_touch_forwarding(Service *service)
{
	forwarding_touch(service->forwarding);
}

int service_flows_fd(const Service *service)
{
	return flows_fd(service->flows);
}

void service_end_flows(Service *service)
{
	flows_go_on(service->flows);
}

int service_rules_fd(const Service *service)
{
	const Backend *backend = firewall_backend(service->firewall);

	return backend->kind->watch ? backend->kind->watch(backend) : -1;
}

bool service_heard_of_rules(Service *service)
{
	Backend *backend = (Backend *)firewall_backend(service->firewall);

	return backend->kind->heard(backend);
}
