/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/private.h"

static bool parse_addresses(const Manager *manager, Endpoint *endpoint, char **texts, GError **error)
{
	const Network *network = endpoint->network;

	if (!texts || !texts[0])
		return netfilter_fail(error, INVALID_ARGS, "Addresses: endpoint \"%s\" needs at least one",
				      endpoint->name);

	for (guint i = 0; texts[i]; i++) {
		const Endpoint *other;
		enum family family;
		Address address;

		if (!address_parse(texts[i], &address))
			return netfilter_fail(error, INVALID_ARGS, "Addresses: \"%s\" is not an address", texts[i]);
		family = address_family(&address);
		if (endpoint->addresses[family].family != AF_UNSPEC)
			return netfilter_fail(error, INVALID_ARGS, "Addresses: \"%s\" is a second %s address", texts[i],
					      family_to_string(family));
		if (!network_has_family(network, family) || !prefix_contains(&network->subnets[family], &address) ||
		    prefix_reserves(&network->subnets[family], &address))
			return netfilter_fail(error, INVALID_ARGS,
					      "Addresses: \"%s\" is not a host in a subnet of network \"%s\"", texts[i],
					      network->name);
		if (address_equal(&network->gateways[family], &address))
			return netfilter_fail(error, ADDRESS_IN_USE, "address %s is the gateway of network \"%s\"",
					      texts[i], network->name);
		other = g_hash_table_lookup(manager->endpoints, &address);
		if (other)
			return netfilter_fail(error, ADDRESS_IN_USE, "address %s is endpoint \"%s\"'s", texts[i],
					      other->name);
		endpoint->addresses[family] = address;
	}
	return true;
}

static void index_addresses(Manager *manager, Endpoint *endpoint)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (endpoint->addresses[family].family != AF_UNSPEC)
			g_hash_table_insert(manager->endpoints, &endpoint->addresses[family], endpoint);
	g_hash_table_insert(endpoint->network->endpoints, endpoint->name, endpoint);
}

static void unindex_addresses(Manager *manager, Endpoint *endpoint)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (endpoint->addresses[family].family != AF_UNSPEC)
			g_hash_table_remove(manager->endpoints, &endpoint->addresses[family]);
	g_hash_table_steal(endpoint->network->endpoints, endpoint->name);
}

static void undo_insert(void *context, void *object)
{
	unindex_addresses(context, object);
	endpoint_free(object);
}

static void undo_remove(void *context, void *object)
{
	index_addresses(context, object);
}

static void done_remove(void *context, void *object)
{
	Manager *manager = context;
	Endpoint *endpoint = object;

	for (enum family family = 0; !manager->restoring && family < N_FAMILIES; family++)
		if (endpoint->addresses[family].family != AF_UNSPEC)
			conntrack_filter_add_address(manager->stale, &endpoint->addresses[family]);
	manager_tell_removed(manager, OBJECT_ENDPOINT, endpoint);
	endpoint_free(endpoint);
}

Endpoint *endpoint_create(Manager *manager, Network *network, const EndpointSettings *settings, GError **error)
{
	g_autoptr(Endpoint) fresh = NULL;
	Endpoint *endpoint;

	if (!name_is_valid("endpoint", settings->name, error))
		return NULL;
	if (g_hash_table_contains(network->endpoints, settings->name)) {
		netfilter_fail(error, ENDPOINT_EXISTS, "network \"%s\" has an endpoint \"%s\"", network->name,
			       settings->name);
		return NULL;
	}
	fresh = endpoint_new(network, settings->name);
	if (!manager_begin_lifetime(manager, &fresh->lifetime, OBJECT_ENDPOINT, fresh, &settings->lifetime, error) ||
	    !parse_addresses(manager, fresh, settings->addresses, error) ||
	    !quota_take(manager, QUOTA_ENDPOINTS, fresh->lifetime.uid, 1, error))
		return NULL;

	endpoint = g_steal_pointer(&fresh);
	index_addresses(manager, endpoint);
	transaction_push(manager->transaction, undo_insert, NULL, NULL, manager, endpoint);
	manager_own(manager, &endpoint->lifetime);
	record_endpoint(manager, endpoint);
	manager_note_added(manager, OBJECT_ENDPOINT, endpoint);
	manager_note_changed(manager, OBJECT_NETWORK, network, "Endpoints");
	if (settings->ports && settings->ports->len > 0 &&
	    !endpoint_publish(manager, endpoint, settings->ports, NULL, error))
		return NULL;
	return endpoint;
}

void endpoint_delete(Manager *manager, Endpoint *endpoint)
{
	while (endpoint->parents->len > 0)
		endpoint_unlink(manager, endpoint->parents->pdata[0], endpoint, NULL);
	while (endpoint->links->len > 0)
		endpoint_unlink(manager, endpoint, ((Link *)endpoint->links->pdata[0])->child, NULL);

	/* Its mappings go with it as they stand. */
	manager_remove_rules(manager, service_rules_of_endpoint(manager, endpoint));
	for (guint i = 0; i < endpoint->ports->len; i++)
		port_release(manager, endpoint, endpoint->ports->pdata[i]);

	manager_disown(manager, &endpoint->lifetime);
	record_endpoint_gone(manager, endpoint);
	quota_give(manager, QUOTA_ENDPOINTS, endpoint->lifetime.uid, 1);
	unindex_addresses(manager, endpoint);
	transaction_push(manager->transaction, undo_remove, NULL, done_remove, manager, endpoint);
	manager_note_changed(manager, OBJECT_NETWORK, endpoint->network, "Endpoints");
}

GArray *service_rules_of_endpoint(Manager *manager, const Endpoint *endpoint)
{
	RenderOptions options = manager_render_options(manager);
	GArray *items = rendering_new();

	for (guint i = 0; i < endpoint->ports->len; i++)
		render_port(endpoint, endpoint->ports->pdata[i], &options, items);
	for (guint i = 0; i < endpoint->links->len; i++)
		render_link(endpoint, endpoint->links->pdata[i], items);
	return items;
}
