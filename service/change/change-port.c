/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/private.h"

static GArray *render_one(const Manager *manager, const Endpoint *endpoint, const PortMapping *mapping)
{
	RenderOptions options = manager_render_options(manager);
	GArray *items = rendering_new();

	render_port(endpoint, mapping, &options, items);
	return items;
}

/* The host ports of a mapping, a range for each family it forwards in. */
static guint port_ranges(const Endpoint *endpoint, const PortMapping *mapping, PortRange ranges[static N_FAMILIES])
{
	guint n = 0;

	for (enum family family = 0; family < N_FAMILIES; family++)
		if (port_mapping_in_family(endpoint, mapping, family))
			ranges[n++] = (PortRange){
				.protocol = mapping->protocol,
				.family = family,
				.first = mapping->host_port,
				.count = mapping->count,
				.address = mapping->host_address,
			};
	return n;
}

static bool reserve(Manager *manager, Endpoint *endpoint, PortMapping *mapping, GError **error)
{
	PortRange ranges[N_FAMILIES];
	guint n = port_ranges(endpoint, mapping, ranges);

	if (n == 0) {
		char text[PORT_MAPPING_STRLEN];

		return netfilter_fail(error, INVALID_ARGS,
				      "%s: endpoint \"%s\" has no address in the host address's family",
				      port_mapping_format(mapping, text), endpoint->name);
	}
	if (mapping->host_port == 0) {
		if (!ports_allocate(manager->ports, manager->transaction, ranges, n, error))
			return false;
		mapping->host_port = ranges[0].first;
	} else {
		for (guint i = 0; i < n; i++)
			if (!ports_reserve(manager->ports, manager->transaction, &ranges[i], error))
				return false;
	}
	for (guint i = 0; i < n; i++)
		manager_forget_flows(manager, &ranges[i]);
	return true;
}

void port_release(Manager *manager, Endpoint *endpoint, const PortMapping *mapping)
{
	PortRange ranges[N_FAMILIES];
	guint n = port_ranges(endpoint, mapping, ranges);

	for (guint i = 0; i < n; i++) {
		ports_release(manager->ports, manager->transaction, &ranges[i]);
		manager_forget_flows(manager, &ranges[i]);
	}
	quota_give(manager, QUOTA_PORTS, endpoint->lifetime.uid, mapping->count);
}

static void undo_publish(void *context G_GNUC_UNUSED, void *object)
{
	Endpoint *endpoint = object;

	g_ptr_array_set_size(endpoint->ports, endpoint->ports->len - 1);
}

static bool publish_one(Manager *manager, Endpoint *endpoint, const PortMapping *requested, GArray *published,
			GError **error)
{
	PortMapping mapping = *requested;

	if (mapping.host_address.family == AF_UNSPEC && !manager->restoring)
		mapping.host_address = endpoint->network->host_binding;
	if (!quota_take(manager, QUOTA_PORTS, endpoint->lifetime.uid, mapping.count, error) ||
	    !reserve(manager, endpoint, &mapping, error))
		return false;

	mapping.sequence = manager_next_sequence(manager);
	g_ptr_array_add(endpoint->ports, g_memdup2(&mapping, sizeof mapping));
	transaction_push(manager->transaction, undo_publish, NULL, NULL, NULL, endpoint);
	manager_add_rules(manager, render_one(manager, endpoint, &mapping));
	record_mapping(manager, endpoint, &mapping);
	if (published)
		g_array_append_val(published, mapping);
	return true;
}

bool endpoint_publish(Manager *manager, Endpoint *endpoint, const GArray *mappings, GArray *published, GError **error)
{
	guint64 ports = 0;

	if (endpoint->network->internal)
		return netfilter_fail(error, NETWORK_INTERNAL, "network \"%s\" is internal, it publishes no ports",
				      endpoint->network->name);
	for (guint i = 0; i < mappings->len; i++)
		ports += g_array_index(mappings, PortMapping, i).count;
	if (ports > manager->config.max_ports_per_call)
		return netfilter_fail(error, QUOTA_EXCEEDED,
				      "%" G_GUINT64_FORMAT " ports at once are more than MaxPortsPerCall=%u", ports,
				      manager->config.max_ports_per_call);
	for (guint i = 0; i < mappings->len; i++)
		if (!publish_one(manager, endpoint, &g_array_index(mappings, PortMapping, i), published, error))
			return false;
	if (mappings->len > 0)
		manager_note_changed(manager, OBJECT_ENDPOINT, endpoint, "Ports");
	return true;
}

typedef struct Unpublication {
	Endpoint *endpoint;
	PortMapping *mapping;
	guint index;
} Unpublication;

static void undo_unpublish(void *context G_GNUC_UNUSED, void *object)
{
	Unpublication *gone = object;

	g_ptr_array_insert(gone->endpoint->ports, gone->index, gone->mapping);
	g_free(gone);
}

static void done_unpublish(void *context G_GNUC_UNUSED, void *object)
{
	Unpublication *gone = object;

	g_free(gone->mapping);
	g_free(gone);
}

static bool find_mapping(const Endpoint *endpoint, const PortMapping *mapping, guint *ret)
{
	for (guint i = 0; i < endpoint->ports->len; i++)
		if (port_mapping_equal(endpoint->ports->pdata[i], mapping)) {
			*ret = i;
			return true;
		}
	return false;
}

static bool unpublish_one(Manager *manager, Endpoint *endpoint, const PortMapping *requested, GError **error)
{
	PortMapping mapping = *requested;
	Unpublication *gone;
	guint index;

	if (mapping.host_address.family == AF_UNSPEC && !find_mapping(endpoint, &mapping, &index))
		mapping.host_address = endpoint->network->host_binding;
	if (!find_mapping(endpoint, &mapping, &index)) {
		char text[PORT_MAPPING_STRLEN];

		return netfilter_fail(error, INVALID_ARGS, "endpoint \"%s\" does not publish %s", endpoint->name,
				      port_mapping_format(requested, text));
	}
	manager_remove_rules(manager, render_one(manager, endpoint, endpoint->ports->pdata[index]));
	port_release(manager, endpoint, endpoint->ports->pdata[index]);
	record_mapping_gone(manager, endpoint, endpoint->ports->pdata[index]);

	gone = g_new(Unpublication, 1);
	*gone = (Unpublication){ endpoint, g_ptr_array_steal_index(endpoint->ports, index), index };
	transaction_push(manager->transaction, undo_unpublish, NULL, done_unpublish, NULL, gone);
	return true;
}

bool endpoint_unpublish(Manager *manager, Endpoint *endpoint, const GArray *mappings, GError **error)
{
	for (guint i = 0; i < mappings->len; i++)
		if (!unpublish_one(manager, endpoint, &g_array_index(mappings, PortMapping, i), error))
			return false;
	if (mappings->len > 0)
		manager_note_changed(manager, OBJECT_ENDPOINT, endpoint, "Ports");
	return true;
}
