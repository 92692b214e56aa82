/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/model.h"

#include "service/model/labels.h"

#include <string.h>

Model *model_new(void)
{
	Model *model = g_new0(Model, 1);

	model->networks = g_hash_table_new(g_str_hash, g_str_equal);
	model->ingresses = g_hash_table_new(g_str_hash, g_str_equal);
	model->bridges = g_hash_table_new(g_str_hash, g_str_equal);
	model->endpoints = g_hash_table_new(address_hash, address_equal_func);
	model->by_interface = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_ptr_array_unref);
	model->owners = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_hash_table_unref);
	model->ports = port_table_new();
	model->port_shares = port_shares_new();
	model->usage = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	return model;
}

static void free_network(gpointer data)
{
	Network *network = data;
	Endpoint *endpoint;

	g_hash_table_remove_all(network->endpoints);
	while ((endpoint = g_queue_peek_head(&network->endpoints_by_age))) {
		g_queue_unlink(&network->endpoints_by_age, &endpoint->by_age);
		endpoint_free(endpoint);
	}
	network_free(network);
}

void model_free(Model *model)
{
	gpointer object;

	if (!model)
		return;
	g_hash_table_unref(model->networks);
	g_hash_table_unref(model->ingresses);
	g_hash_table_unref(model->bridges);
	g_hash_table_unref(model->endpoints);
	g_hash_table_unref(model->by_interface);
	g_hash_table_unref(model->owners);
	g_hash_table_unref(model->usage);
	port_table_free(model->ports);
	port_shares_free(model->port_shares);
	while ((object = g_queue_peek_head(&model->networks_by_age))) {
		g_queue_unlink(&model->networks_by_age, &((Network *)object)->by_age);
		free_network(object);
	}
	while ((object = g_queue_peek_head(&model->ingresses_by_age))) {
		g_queue_unlink(&model->ingresses_by_age, &((Ingress *)object)->by_age);
		ingress_free(object);
	}
	g_free(model);
}

Lifetime *object_lifetime(enum object_kind kind, void *object)
{
	switch (kind) {
	case OBJECT_NETWORK:
		return &((Network *)object)->lifetime;
	case OBJECT_ENDPOINT:
		return &((Endpoint *)object)->lifetime;
	case OBJECT_INGRESS:
		return &((Ingress *)object)->lifetime;
	}
	g_assert_not_reached();
}

char *const *object_labels(enum object_kind kind, const void *object)
{
	switch (kind) {
	case OBJECT_NETWORK:
		return ((const Network *)object)->labels;
	case OBJECT_ENDPOINT:
		return ((const Endpoint *)object)->labels;
	case OBJECT_INGRESS:
		return ((const Ingress *)object)->labels;
	}
	g_assert_not_reached();
}

bool model_is_empty(const Model *model)
{
	return g_hash_table_size(model->networks) == 0 && g_hash_table_size(model->ingresses) == 0;
}

Network *model_find_network(const Model *model, const char *name, GError **error)
{
	Network *network = g_hash_table_lookup(model->networks, name);

	if (!network)
		netfilter_fail(error, NO_SUCH_NETWORK, "there is no network \"%s\"", cut(name));
	return network;
}

Ingress *model_find_ingress(const Model *model, const char *name, GError **error)
{
	Ingress *ingress = g_hash_table_lookup(model->ingresses, name);

	if (!ingress)
		netfilter_fail(error, NO_SUCH_INGRESS, "there is no ingress \"%s\"", cut(name));
	return ingress;
}

Endpoint *network_find_endpoint(const Network *network, const char *name, GError **error)
{
	Endpoint *endpoint = g_hash_table_lookup(network->endpoints, name);

	if (!endpoint)
		netfilter_fail(error, NO_SUCH_ENDPOINT, "network \"%s\" has no endpoint \"%s\"", cut(network->name),
			       cut(name));
	return endpoint;
}

bool model_has_endpoint(const Model *model, const Endpoint *endpoint)
{
	return g_hash_table_lookup(model->networks, endpoint->network->name) == endpoint->network &&
	       g_hash_table_lookup(endpoint->network->endpoints, endpoint->name) == endpoint;
}

/* --- what follows from the objects --- */

Usage model_usage(const Model *model, uid_t uid)
{
	const Usage *usage = g_hash_table_lookup(model->usage, GUINT_TO_POINTER(uid));

	return usage ? *usage : (Usage){};
}

static void count(Model *model, enum quota quota, uid_t uid, int by)
{
	Usage *usage = g_hash_table_lookup(model->usage, GUINT_TO_POINTER(uid));
	static const Usage nothing;

	if (!usage) {
		usage = g_new0(Usage, 1);
		g_hash_table_insert(model->usage, GUINT_TO_POINTER(uid), usage);
	}
	model->total.counts[quota] += by;
	usage->counts[quota] += by;
	if (memcmp(usage, &nothing, sizeof nothing) == 0)
		g_hash_table_remove(model->usage, GUINT_TO_POINTER(uid));
}

static void count_sources(Model *model, uid_t uid, const AllowFrom *list, int sign)
{
	if (list)
		count(model, QUOTA_SOURCES, uid, sign * (int)list->len);
}

static void count_labels(Model *model, uid_t uid, char *const *labels, int sign)
{
	count(model, QUOTA_LABELS, uid, sign * (int)labels_size(labels));
}

static void bind_to_owner(Model *model, Lifetime *lifetime)
{
	GHashTable *set;

	if (!lifetime->with_owner)
		return;
	set = g_hash_table_lookup(model->owners, lifetime->owner);
	if (!set) {
		set = g_hash_table_new(NULL, NULL);
		g_hash_table_insert(model->owners, g_strdup(lifetime->owner), set);
	}
	g_hash_table_add(set, lifetime);
}

static void unbind_from_owner(Model *model, Lifetime *lifetime)
{
	GHashTable *set;

	if (!lifetime->with_owner)
		return;
	set = g_hash_table_lookup(model->owners, lifetime->owner);
	g_hash_table_remove(set, lifetime);
	if (g_hash_table_size(set) == 0)
		g_hash_table_remove(model->owners, lifetime->owner);
}

static void bind_to_interface(Model *model, Endpoint *endpoint)
{
	gpointer key = GINT_TO_POINTER(endpoint->ifindex);
	GPtrArray *list = g_hash_table_lookup(model->by_interface, key);

	if (endpoint->ifindex == 0)
		return;
	if (!list) {
		list = g_ptr_array_new();
		g_hash_table_insert(model->by_interface, key, list);
	}
	g_ptr_array_add(list, endpoint);
}

static void unbind_from_interface(Model *model, Endpoint *endpoint)
{
	gpointer key = GINT_TO_POINTER(endpoint->ifindex);
	GPtrArray *list = g_hash_table_lookup(model->by_interface, key);

	if (endpoint->ifindex == 0)
		return;
	g_ptr_array_remove_fast(list, endpoint);
	if (list->len == 0)
		g_hash_table_remove(model->by_interface, key);
}

/* While a network goes with its endpoints it does not go with its owner. */
static void bind_network(Model *model, Network *network, bool has_endpoints)
{
	if (!network->ends_with_endpoints)
		return;
	if (has_endpoints)
		unbind_from_owner(model, &network->lifetime);
	else
		bind_to_owner(model, &network->lifetime);
}

static void enqueue(GQueue *queue, GList *link, GList *before)
{
	if (before)
		g_queue_insert_before_link(queue, before, link);
	else
		g_queue_push_tail_link(queue, link);
}

static GList *dequeue(GQueue *queue, GList *link)
{
	GList *next = link->next;

	g_queue_unlink(queue, link);
	return next;
}

/* Of those of a group with the same ports the oldest serves. */
static void stand_in_line(Model *model, PortMapping *mapping, const PortRange *range)
{
	guint8 bit = 1 << range->family;
	Endpoint *other;
	PortMapping *oldest = port_table_oldest(model->ports, range, &other);

	mapping->standby &= ~bit;
	if (oldest && oldest->sequence < mapping->sequence)
		mapping->standby |= bit;
	else if (oldest)
		oldest->standby |= bit;
}

static void take_over(Model *model, const PortMapping *gone, const PortRange *range)
{
	guint8 bit = 1 << range->family;
	Endpoint *other;
	PortMapping *oldest = port_table_oldest(model->ports, range, &other);

	if (oldest && !(gone->standby & bit))
		oldest->standby &= ~bit;
}

static void add_mapping_ports(Model *model, const Endpoint *endpoint, PortMapping *mapping)
{
	PortRange ranges[N_FAMILIES];
	guint n = endpoint_port_ranges(endpoint, mapping, ranges);

	for (guint i = 0; i < n; i++) {
		port_table_add(model->ports, &ranges[i]);
		stand_in_line(model, mapping, &ranges[i]);
	}
	count(model, QUOTA_PORTS, endpoint->lifetime.uid, mapping->count);
	if (endpoint->lifetime.uid != 0)
		port_shares_add(model->port_shares, endpoint->lifetime.uid, mapping->protocol, mapping->host_port,
				mapping->count);
	endpoint->network->n_localhost += port_mapping_on_localhost(endpoint, mapping);
}

static void remove_mapping_ports(Model *model, const Endpoint *endpoint, const PortMapping *mapping)
{
	PortRange ranges[N_FAMILIES];
	guint n = endpoint_port_ranges(endpoint, mapping, ranges);

	for (guint i = 0; i < n; i++) {
		port_table_remove(model->ports, &ranges[i]);
		take_over(model, mapping, &ranges[i]);
	}
	count(model, QUOTA_PORTS, endpoint->lifetime.uid, -(int)mapping->count);
	if (endpoint->lifetime.uid != 0)
		port_shares_remove(model->port_shares, endpoint->lifetime.uid, mapping->protocol, mapping->host_port,
				   mapping->count);
	endpoint->network->n_localhost -= port_mapping_on_localhost(endpoint, mapping);
}

static void add_ingress_port(Model *model, const Ingress *ingress, const IngressPort *port)
{
	PortRange range = ingress_port_range(ingress, port->protocol, port->port);

	port_table_add(model->ports, &range);
	count(model, QUOTA_PORTS, ingress->lifetime.uid, ingress->gateways->len);
	if (ingress->lifetime.uid != 0)
		port_shares_add(model->port_shares, ingress->lifetime.uid, port->protocol, port->port, 1);
}

static void remove_ingress_port(Model *model, const Ingress *ingress, const IngressPort *port)
{
	PortRange range = ingress_port_range(ingress, port->protocol, port->port);

	port_table_remove(model->ports, &range);
	count(model, QUOTA_PORTS, ingress->lifetime.uid, -(int)ingress->gateways->len);
	if (ingress->lifetime.uid != 0)
		port_shares_remove(model->port_shares, ingress->lifetime.uid, port->protocol, port->port, 1);
}

/* --- objects --- */

void model_insert_network(Model *model, Network *network, GList *before)
{
	g_hash_table_insert(model->networks, network->name, network);
	g_hash_table_insert(model->bridges, network->bridge, network);
	enqueue(&model->networks_by_age, &network->by_age, before);
	bind_to_owner(model, &network->lifetime);
	count(model, QUOTA_NETWORKS, network->lifetime.uid, 1);
	count_sources(model, network->lifetime.uid, network->options.allow_from, 1);
	count_labels(model, network->lifetime.uid, network->labels, 1);
	model->n_external += !network_is_internal(network);
}

GList *model_remove_network(Model *model, Network *network)
{
	g_hash_table_remove(model->networks, network->name);
	g_hash_table_remove(model->bridges, network->bridge);
	unbind_from_owner(model, &network->lifetime);
	count(model, QUOTA_NETWORKS, network->lifetime.uid, -1);
	count_sources(model, network->lifetime.uid, network->options.allow_from, -1);
	count_labels(model, network->lifetime.uid, network->labels, -1);
	model->n_external -= !network_is_internal(network);
	return dequeue(&model->networks_by_age, &network->by_age);
}

void model_insert_endpoint(Model *model, Endpoint *endpoint, GList *before)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (endpoint->addresses[family].family != AF_UNSPEC)
			g_hash_table_insert(model->endpoints, &endpoint->addresses[family], endpoint);
	if (g_hash_table_size(endpoint->network->endpoints) == 0)
		bind_network(model, endpoint->network, true);
	g_hash_table_insert(endpoint->network->endpoints, endpoint->name, endpoint);
	bind_to_interface(model, endpoint);
	enqueue(&endpoint->network->endpoints_by_age, &endpoint->by_age, before);
	bind_to_owner(model, &endpoint->lifetime);
	count(model, QUOTA_ENDPOINTS, endpoint->lifetime.uid, 1);
	count_sources(model, endpoint->lifetime.uid, endpoint->allow_from, 1);
	count_labels(model, endpoint->lifetime.uid, endpoint->labels, 1);
	endpoint->network->n_limited += endpoint->allow_from != NULL;
	for (guint i = 0; i < endpoint->ports->len; i++)
		add_mapping_ports(model, endpoint, endpoint->ports->pdata[i]);
}

GList *model_remove_endpoint(Model *model, Endpoint *endpoint)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (endpoint->addresses[family].family != AF_UNSPEC)
			g_hash_table_remove(model->endpoints, &endpoint->addresses[family]);
	g_hash_table_remove(endpoint->network->endpoints, endpoint->name);
	if (g_hash_table_size(endpoint->network->endpoints) == 0)
		bind_network(model, endpoint->network, false);
	unbind_from_interface(model, endpoint);
	unbind_from_owner(model, &endpoint->lifetime);
	count(model, QUOTA_ENDPOINTS, endpoint->lifetime.uid, -1);
	count_sources(model, endpoint->lifetime.uid, endpoint->allow_from, -1);
	count_labels(model, endpoint->lifetime.uid, endpoint->labels, -1);
	endpoint->network->n_limited -= endpoint->allow_from != NULL;
	for (guint i = 0; i < endpoint->ports->len; i++)
		remove_mapping_ports(model, endpoint, endpoint->ports->pdata[i]);
	return dequeue(&endpoint->network->endpoints_by_age, &endpoint->by_age);
}

void model_set_interface(Model *model, Endpoint *endpoint, int ifindex)
{
	unbind_from_interface(model, endpoint);
	endpoint->ifindex = ifindex;
	bind_to_interface(model, endpoint);
}

static AllowFrom **find_allow_from(const Lifetime *lifetime)
{
	switch (lifetime->kind) {
	case OBJECT_NETWORK:
		return &((Network *)lifetime->object)->options.allow_from;
	case OBJECT_ENDPOINT:
		return &((Endpoint *)lifetime->object)->allow_from;
	case OBJECT_INGRESS:
		return &((Ingress *)lifetime->object)->allow_from;
	}
	g_assert_not_reached();
}

const AllowFrom *object_allow_from(const Lifetime *lifetime)
{
	return *find_allow_from(lifetime);
}

AllowFrom *model_set_allow_from(Model *model, const Lifetime *lifetime, AllowFrom *list)
{
	AllowFrom **place = find_allow_from(lifetime), *before = *place;

	count_sources(model, lifetime->uid, before, -1);
	count_sources(model, lifetime->uid, list, 1);
	if (lifetime->kind == OBJECT_ENDPOINT)
		((Endpoint *)lifetime->object)->network->n_limited += (list != NULL) - (before != NULL);
	*place = list;
	return before;
}

static char ***find_labels(const Lifetime *lifetime)
{
	switch (lifetime->kind) {
	case OBJECT_NETWORK:
		return &((Network *)lifetime->object)->labels;
	case OBJECT_ENDPOINT:
		return &((Endpoint *)lifetime->object)->labels;
	case OBJECT_INGRESS:
		return &((Ingress *)lifetime->object)->labels;
	}
	g_assert_not_reached();
}

char **model_set_labels(Model *model, const Lifetime *lifetime, char **labels)
{
	char ***place = find_labels(lifetime), **before = *place;

	count_labels(model, lifetime->uid, before, -1);
	count_labels(model, lifetime->uid, labels, 1);
	*place = labels;
	return before;
}

void model_insert_ingress(Model *model, Ingress *ingress, GList *before)
{
	g_hash_table_insert(model->ingresses, ingress->name, ingress);
	enqueue(&model->ingresses_by_age, &ingress->by_age, before);
	bind_to_owner(model, &ingress->lifetime);
	count(model, QUOTA_INGRESSES, ingress->lifetime.uid, 1);
	count_sources(model, ingress->lifetime.uid, ingress->allow_from, 1);
	count_labels(model, ingress->lifetime.uid, ingress->labels, 1);
	for (guint i = 0; i < ingress->ports->len; i++)
		add_ingress_port(model, ingress, ingress->ports->pdata[i]);
}

GList *model_remove_ingress(Model *model, Ingress *ingress)
{
	g_hash_table_remove(model->ingresses, ingress->name);
	unbind_from_owner(model, &ingress->lifetime);
	count(model, QUOTA_INGRESSES, ingress->lifetime.uid, -1);
	count_sources(model, ingress->lifetime.uid, ingress->allow_from, -1);
	count_labels(model, ingress->lifetime.uid, ingress->labels, -1);
	for (guint i = 0; i < ingress->ports->len; i++)
		remove_ingress_port(model, ingress, ingress->ports->pdata[i]);
	return dequeue(&model->ingresses_by_age, &ingress->by_age);
}

/* --- their parts --- */

void model_insert_mapping(Model *model, Endpoint *endpoint, PortMapping *mapping, guint index)
{
	g_ptr_array_insert(endpoint->ports, index, mapping);
	add_mapping_ports(model, endpoint, mapping);
}

PortMapping *model_remove_mapping(Model *model, Endpoint *endpoint, guint index)
{
	PortMapping *mapping = g_ptr_array_steal_index(endpoint->ports, index);

	remove_mapping_ports(model, endpoint, mapping);
	return mapping;
}

void model_insert_ingress_port(Model *model, Ingress *ingress, IngressPort *port, guint index)
{
	g_ptr_array_insert(ingress->ports, index, port);
	add_ingress_port(model, ingress, port);
}

void model_swap_gateways(Model *model, Ingress *ingress, GArray **gateways, bool *masquerade)
{
	GArray *list = ingress->gateways;
	bool masquerades = ingress->masquerade;

	count(model, QUOTA_PORTS, ingress->lifetime.uid,
	      (int)ingress->ports->len * ((int)(*gateways)->len - (int)list->len));
	ingress->gateways = *gateways;
	ingress->masquerade = *masquerade;
	*gateways = list;
	*masquerade = masquerades;
}

IngressPort *model_remove_ingress_port(Model *model, Ingress *ingress, guint index)
{
	IngressPort *port = g_ptr_array_steal_index(ingress->ports, index);

	remove_ingress_port(model, ingress, port);
	return port;
}

void model_insert_link(Model *model, Endpoint *parent, Link *link, guint index)
{
	g_ptr_array_insert(parent->links, index, link);
	g_ptr_array_add(link->child->parents, parent);
	count(model, QUOTA_LINK_PORTS, parent->lifetime.uid, (int)link->ports->len);
}

Link *model_remove_link(Model *model, Endpoint *parent, guint index)
{
	Link *link = g_ptr_array_steal_index(parent->links, index);

	g_ptr_array_remove(link->child->parents, parent);
	count(model, QUOTA_LINK_PORTS, parent->lifetime.uid, -(int)link->ports->len);
	return link;
}
