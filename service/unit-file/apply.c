/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/unit-file/apply.h"

#include "service/change/change-allow-from.h"
#include "service/change/change-endpoint.h"
#include "service/change/change-file.h"
#include "service/change/change-ingress.h"
#include "service/change/change-labels.h"
#include "service/change/change-link.h"
#include "service/change/change-network.h"
#include "service/change/change-port.h"
#include "service/change/source-address.h"

#include <string.h>

/* --- ports --- */

/* A mapping as publishing it would make it, but for a host port that is left to us. */
static bool fits(const Address *host_address, const PortMapping *wanted, const PortMapping *there)
{
	PortMapping mapping = *wanted;

	if (mapping.host_address.family == AF_UNSPEC)
		mapping.host_address = *host_address;
	if (mapping.host_port == 0)
		mapping.host_port = there->host_port;
	return port_mapping_equal(&mapping, there);
}

/* Those of the endpoint that are wanted no more, and those wanted that it has not: each there is for one wanted. */
static void compare_ports(const Config *config, const Endpoint *endpoint, const GArray *wanted, GArray *leave,
			  GArray *join)
{
	const Address host_address = endpoint_host_address(endpoint, config);
	g_autofree bool *used = g_new0(bool, endpoint->ports->len + 1);

	/* Those that name their port first: what is left to us may be any of the others. */
	for (guint any = 0; any <= 1; any++)
		for (guint i = 0; i < wanted->len; i++) {
			const PortMapping *mapping = &g_array_index(wanted, PortMapping, i);
			guint p = 0;

			if ((mapping->host_port == 0) != any)
				continue;
			while (p < endpoint->ports->len &&
			       (used[p] || !fits(&host_address, mapping, endpoint->ports->pdata[p])))
				p++;
			used[p] = true;
			if (p == endpoint->ports->len)
				g_array_append_val(join, *mapping);
		}
	for (guint p = 0; p < endpoint->ports->len; p++)
		if (!used[p])
			g_array_append_val(leave, *(const PortMapping *)endpoint->ports->pdata[p]);
}

static GArray *new_mappings(void)
{
	return g_array_new(FALSE, FALSE, sizeof(PortMapping));
}

static bool unpublish(Transaction *transaction, Endpoint *endpoint, const GArray *wanted, GError **error)
{
	g_autoptr(GArray) leave = new_mappings(), join = new_mappings();

	compare_ports(transaction->config, endpoint, wanted, leave, join);
	return endpoint_unpublish(transaction, endpoint, leave, error);
}

static void list_publications(const Transaction *transaction, Endpoint *endpoint, const GArray *wanted,
			      GArray *publications)
{
	g_autoptr(GArray) leave = new_mappings(), join = new_mappings();

	compare_ports(transaction->config, endpoint, wanted, leave, join);
	publications_add(publications, endpoint, join);
}

/* --- links --- */

static bool wants_link(const Unit *unit, const Endpoint *parent, const Endpoint *child, const LinkPort *port)
{
	for (guint i = 0; i < unit->links->len; i++) {
		const UnitLink *link = &g_array_index(unit->links, UnitLink, i);

		if (strcmp(link->parent, parent->name) == 0 && strcmp(link->child, child->name) == 0 &&
		    (!port || link_port_equal(&link->port, port)))
			return true;
	}
	return false;
}

/* A link is of all its ports: one too many, and it is made anew. */
static bool is_too_much(const Unit *unit, const Endpoint *parent, const Link *link)
{
	for (guint i = 0; i < link->ports->len; i++)
		if (!wants_link(unit, parent, link->child, &g_array_index(link->ports, LinkPort, i)))
			return true;
	return false;
}

static void remove_links(Transaction *transaction, const Unit *unit, Endpoint *parent)
{
	for (guint i = parent->links->len; i-- > 0;) {
		const Link *link = parent->links->pdata[i];

		/* Another's endpoint is its maker's to link. */
		if (link->child->lifetime.fragment && is_too_much(unit, parent, link))
			endpoint_remove_link(transaction, parent, link);
	}
}

static bool add_links(Transaction *transaction, const Unit *unit, const Network *network, GError **error)
{
	for (guint i = 0; i < unit->links->len; i++) {
		const UnitLink *wanted = &g_array_index(unit->links, UnitLink, i);
		Endpoint *parent = g_hash_table_lookup(network->endpoints, wanted->parent);
		Endpoint *child = g_hash_table_lookup(network->endpoints, wanted->child);
		const Link *link = endpoint_find_link(parent, child);
		g_autoptr(GArray) ports = g_array_new(FALSE, FALSE, sizeof(LinkPort));

		if (link && link_port_is_in(&wanted->port, link->ports))
			continue;
		g_array_append_val(ports, wanted->port);
		if (!endpoint_link(transaction, parent, child, ports, error))
			return false;
	}
	return true;
}

/* --- endpoints --- */

/* name → EndpointSettings; borrowed */
static GHashTable *index_settings(const Unit *unit)
{
	GHashTable *index = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < unit->network.endpoints->len; i++) {
		EndpointSettings *settings = unit->network.endpoints->pdata[i];

		g_hash_table_insert(index, settings->name, settings);
	}
	return index;
}

static bool has_addresses(const Endpoint *endpoint, char *const *texts)
{
	Address wanted[N_FAMILIES] = {};

	for (; *texts; texts++) {
		Address address;

		if (address_parse(*texts, &address))
			wanted[address_family(&address)] = address;
	}
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (!address_equal(&wanted[family], &endpoint->addresses[family]))
			return false;
	return true;
}

/* What an endpoint is for as long as it lives. */
static bool is_same_endpoint(const Endpoint *endpoint, const EndpointSettings *settings)
{
	return has_addresses(endpoint, settings->addresses) &&
	       endpoint->reserves == endpoint_wants_reservation(endpoint->network, settings) &&
	       g_strcmp0(endpoint->port_group, settings->port_group) == 0 &&
	       endpoint->lifetime.uid == settings->lifetime.uid;
}

/* The endpoints of the network that are of the file; others are their makers'. */
static GPtrArray *list_endpoints(const Network *network)
{
	GPtrArray *list = g_ptr_array_new();

	for (const GList *i = network->endpoints_by_age.head; i; i = i->next)
		if (((const Endpoint *)i->data)->lifetime.fragment)
			g_ptr_array_add(list, i->data);
	return list;
}

/* All that leaves goes before what comes, which may take its place. */
static bool take_away(Transaction *transaction, const Unit *unit, const Network *network, GError **error)
{
	g_autoptr(GHashTable) wanted = index_settings(unit);
	g_autoptr(GPtrArray) endpoints = list_endpoints(network);

	for (guint i = 0; i < endpoints->len; i++) {
		Endpoint *endpoint = endpoints->pdata[i];
		const EndpointSettings *settings = g_hash_table_lookup(wanted, endpoint->name);

		if (!settings || !is_same_endpoint(endpoint, settings)) {
			endpoint_delete(transaction, endpoint);
			continue;
		}
		if (!unpublish(transaction, endpoint, settings->ports, error))
			return false;
		remove_links(transaction, unit, endpoint);
	}
	return true;
}

/* What keeps one that was made by a call from being the file's; NULL: nothing. */
static const char *find_obstacle(const Endpoint *endpoint, const EndpointSettings *settings)
{
	if (!endpoint->lifetime.persistent)
		return "and is not persistent";
	if (endpoint->lifetime.uid != settings->lifetime.uid)
		return "and is another user's";
	return is_same_endpoint(endpoint, settings) ? NULL : "with another Address, Reserve or PortGroup";
}

/* One that was made by a call becomes the file's if it is meant to stay and is what the file says. */
static bool adopt(Transaction *transaction, Endpoint *endpoint, const EndpointSettings *settings, GError **error)
{
	const char *obstacle = find_obstacle(endpoint, settings);

	if (obstacle)
		return netfilter_fail(error, ENDPOINT_EXISTS, "endpoint \"%s\" exists, made by a call, %s",
				      cut(settings->name), obstacle);
	return unpublish(transaction, endpoint, settings->ports, error);
}

static bool update_allow_from(Transaction *transaction, Lifetime *lifetime, char *const *texts, GError **error)
{
	return allow_from_is(object_allow_from(lifetime), texts) ||
	       object_set_allow_from(transaction, lifetime, texts, error);
}

static bool add(Transaction *transaction, const Unit *unit, Network *network, GError **error)
{
	g_autoptr(GHashTable) named = endpoints_named(unit->network.endpoints);
	g_autoptr(GArray) publications = publications_new();

	for (guint i = 0; i < unit->network.endpoints->len; i++) {
		const EndpointSettings *settings = unit->network.endpoints->pdata[i];
		Endpoint *endpoint = g_hash_table_lookup(network->endpoints, settings->name);

		if (endpoint && !endpoint->lifetime.fragment && !adopt(transaction, endpoint, settings, error))
			return false;
		if (!endpoint)
			endpoint = endpoint_make(transaction, network, settings, named, error);
		if (!endpoint)
			return false;
		if (!update_allow_from(transaction, &endpoint->lifetime, settings->allow_from, error))
			return false;
		object_set_labels(transaction, &endpoint->lifetime, settings->labels);
		object_set_fragment(transaction, &endpoint->lifetime, unit->fragment);
		list_publications(transaction, endpoint, settings->ports, publications);
	}
	return endpoints_publish(transaction, publications, error) && add_links(transaction, unit, network, error);
}

/* --- networks --- */

static bool has_same_subnets(const Network *a, const Network *b)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (!prefix_equal(&a->subnets[family], &b->subnets[family]) ||
		    !prefix_equal(&a->ranges[family], &b->ranges[family]) ||
		    !address_equal(&a->gateways[family], &b->gateways[family]))
			return false;
	return true;
}

/* What a network is for as long as it lives. */
static bool is_same_network(const Network *there, const Network *wanted, uid_t uid)
{
	return has_same_subnets(there, wanted) && strcmp(there->bridge, wanted->bridge) == 0 &&
	       there->internal == wanted->internal && memcmp(there->modes, wanted->modes, sizeof there->modes) == 0 &&
	       there->reserves == wanted->reserves && strcmp(there->zone, wanted->zone) == 0 &&
	       there->lifetime.uid == uid;
}

static bool update_options(Transaction *transaction, Network *network, const Network *wanted, const Unit *unit,
			   GError **error)
{
	const NetworkOptions *is = &network->options, *want = &wanted->options;
	guint mask = 0;

	if (is->communication != want->communication)
		mask |= UPDATE_COMMUNICATION;
	if (is->masquerade != want->masquerade)
		mask |= UPDATE_MASQUERADE;
	if (!address_equal(&is->host_binding, &want->host_binding))
		mask |= UPDATE_HOST_BINDING;
	if (!source_address_equal(is->source_addresses, want->source_addresses))
		mask |= UPDATE_SOURCE_ADDRESS;
	if (!allow_from_is(is->allow_from, unit->network.allow_from))
		mask |= UPDATE_ALLOW_FROM;
	return mask == 0 || network_update(transaction, network, mask, &unit->network, error);
}

static bool create_network(Transaction *transaction, const Unit *unit, const char *bridge, GError **error)
{
	NetworkSettings settings = unit->network;
	Network *network;

	settings.endpoints = NULL;
	settings.bridge = (char *)bridge;
	network = network_create(transaction, unit->name, &settings, error);
	if (!network)
		return false;
	object_set_fragment(transaction, &network->lifetime, unit->fragment);
	return add(transaction, unit, network, error);
}

/* No host has an interface of that name. */
#define NO_BRIDGE "netfilterd-none"

static bool is_pending(const GError *error)
{
	return g_error_matches(error, NETFILTER_ERROR, NETFILTER_ERROR_PENDING);
}

/* Its bridge is free only after a commit: until then it makes room, once it is known that all else can be had. */
static enum unit_progress replace_network(Transaction *transaction, const Unit *unit, Network *network, GError **error)
{
	guint savepoint = transaction_savepoint(transaction);
	g_autoptr(GError) failure = NULL;
	bool ok;

	network_delete(transaction, network);
	if (create_network(transaction, unit, unit->network.bridge, &failure))
		return UNIT_ARRIVED;
	if (!is_pending(failure)) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return UNIT_FAILED;
	}
	transaction_roll_back(transaction, savepoint);
	network_delete(transaction, network);
	ok = create_network(transaction, unit, NO_BRIDGE, error);
	transaction_roll_back(transaction, savepoint);
	if (!ok)
		return UNIT_FAILED;
	network_delete(transaction, network);
	return UNIT_MADE_ROOM;
}

/* First what ports are published on by default, then what leaves, then what comes. */
static enum unit_progress update_network(Transaction *transaction, const Unit *unit, Network *network,
					 const Network *wanted, GError **error)
{
	g_autoptr(GError) failure = NULL;
	guint savepoint;

	object_set_fragment(transaction, &network->lifetime, unit->fragment);
	object_set_labels(transaction, &network->lifetime, unit->network.labels);
	if (!update_options(transaction, network, wanted, unit, error) || !take_away(transaction, unit, network, error))
		return UNIT_FAILED;
	savepoint = transaction_savepoint(transaction);
	if (add(transaction, unit, network, &failure))
		return UNIT_ARRIVED;
	transaction_roll_back(transaction, savepoint);
	if (is_pending(failure))
		return UNIT_MADE_ROOM;
	g_propagate_error(error, g_steal_pointer(&failure));
	return UNIT_FAILED;
}

static enum unit_progress apply_network(Transaction *transaction, const Unit *unit, GError **error)
{
	Network *network = g_hash_table_lookup(transaction->model->networks, unit->name);
	g_autoptr(Network) wanted = NULL;

	if (!network)
		return create_network(transaction, unit, unit->network.bridge, error) ? UNIT_ARRIVED : UNIT_FAILED;
	if (!network->lifetime.persistent) {
		netfilter_fail(error, NETWORK_EXISTS, "network \"%s\" exists, made by a call, and is not persistent",
			       cut(unit->name));
		return UNIT_FAILED;
	}
	wanted = network_sketch(unit->name, &unit->network, error);
	if (!wanted)
		return UNIT_FAILED;
	if (!is_same_network(network, wanted, unit->network.lifetime.uid))
		return replace_network(transaction, unit, network, error);
	return update_network(transaction, unit, network, wanted, error);
}

/* --- ingresses --- */

static bool update_ingress(Transaction *transaction, Ingress *ingress, const GArray *wanted, GError **error)
{
	g_autoptr(GArray) leave = g_array_new(FALSE, FALSE, sizeof(LinkPort));
	g_autoptr(GArray) join = g_array_new(FALSE, FALSE, sizeof(LinkPort));

	for (guint i = 0; i < ingress->ports->len; i++) {
		const IngressPort *port = ingress->ports->pdata[i];
		LinkPort one = { port->protocol, port->port };

		for (guint r = 0; !link_port_is_in(&one, wanted) && r < port->references; r++)
			g_array_append_val(leave, one);
	}
	for (guint i = 0; i < wanted->len; i++) {
		const LinkPort *port = &g_array_index(wanted, LinkPort, i);
		guint index;

		if (!ingress_find_port(ingress, port, &index))
			g_array_append_val(join, *port);
	}
	return ingress_unpublish(transaction, ingress, leave, error) &&
	       (join->len == 0 || ingress_publish(transaction, ingress, join, error));
}

static bool create_ingress(Transaction *transaction, const Unit *unit, GError **error)
{
	Ingress *ingress = ingress_create(transaction, unit->name, &unit->ingress, error);

	if (ingress)
		object_set_fragment(transaction, &ingress->lifetime, unit->fragment);
	return ingress;
}

/* By which interfaces its gateways are reached is found out once where the file does not say. */
static bool is_same_ingress(const Ingress *ingress, const IngressSettings *wanted)
{
	bool given = wanted->masquerade != CHOICE_DEFAULT;
	const char *bridge = wanted->bridge ?: "";
	Address first;

	return address_parse(wanted->gateways[0], &first) && address_family(&first) == ingress_family(ingress) &&
	       (!*bridge || (!ingress_bridge(ingress, 1) && ingress_has_bridge(ingress, bridge))) &&
	       ingress->masquerade_given == given &&
	       (!given || ingress->masquerade == (wanted->masquerade == CHOICE_YES)) &&
	       ingress->lifetime.uid == wanted->lifetime.uid;
}

static bool has_gateways(const Ingress *ingress, char *const *texts)
{
	Address address;
	guint n = 0;

	for (; texts[n]; n++)
		if (n == ingress->gateways->len || !address_parse(texts[n], &address) ||
		    !address_equal(&ingress_gateway(ingress, n)->address, &address))
			return false;
	return n == ingress->gateways->len;
}

static enum unit_progress apply_ingress(Transaction *transaction, const Unit *unit, GError **error)
{
	Ingress *ingress = g_hash_table_lookup(transaction->model->ingresses, unit->name);
	bool ok;

	if (ingress && !ingress->lifetime.persistent) {
		netfilter_fail(error, INGRESS_EXISTS, "ingress \"%s\" exists, made by a call, and is not persistent",
			       cut(unit->name));
		return UNIT_FAILED;
	}
	if (ingress && is_same_ingress(ingress, &unit->ingress)) {
		object_set_fragment(transaction, &ingress->lifetime, unit->fragment);
		object_set_labels(transaction, &ingress->lifetime, unit->ingress.labels);
		ok = (has_gateways(ingress, unit->ingress.gateways) ||
		      ingress_set_gateways(transaction, ingress, unit->ingress.gateways, error)) &&
		     update_ingress(transaction, ingress, unit->ingress.ports, error) &&
		     update_allow_from(transaction, &ingress->lifetime, unit->ingress.allow_from, error);
	} else {
		if (ingress)
			ingress_delete(transaction, ingress);
		ok = create_ingress(transaction, unit, error);
	}
	return ok ? UNIT_ARRIVED : UNIT_FAILED;
}

/* --- either --- */

enum unit_progress unit_apply(Transaction *transaction, const Unit *unit, GError **error)
{
	guint savepoint = transaction_savepoint(transaction);
	enum unit_progress progress = unit->kind == OBJECT_INGRESS ? apply_ingress(transaction, unit, error)
								   : apply_network(transaction, unit, error);

	if (progress == UNIT_FAILED) {
		transaction_roll_back(transaction, savepoint);
		unit_prefix_error(unit, error);
	}
	return progress;
}
