/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/change/change-endpoint.h"

#include "service/change/attach.h"
#include "service/change/change-allow-from.h"
#include "service/change/change-file.h"
#include "service/change/change-link.h"
#include "service/change/change-port.h"
#include "service/change/request.h"
#include "service/journal/encode.h"
#include "service/model/labels.h"
#include "service/rules/render-allow.h"

#include <string.h>

static bool parse_address(const Model *model, Endpoint *endpoint, const char *text, GError **error)
{
	const Network *network = endpoint->network;
	const Endpoint *other;
	enum family family;
	Address address;

	if (!address_parse(text, &address))
		return netfilter_fail(error, INVALID_ARGS, "Addresses: \"%s\" is not an address", cut(text));
	family = address_family(&address);
	if (endpoint->addresses[family].family != AF_UNSPEC)
		return netfilter_fail(error, INVALID_ARGS, "Addresses: \"%s\" is a second %s address", text,
				      family_to_string(family));
	if (!network_has_family(network, family) || !prefix_contains(&network->subnets[family], &address) ||
	    prefix_reserves(&network->subnets[family], &address))
		return netfilter_fail(error, INVALID_ARGS,
				      "Addresses: \"%s\" is not a host in a subnet of network \"%s\"", text,
				      cut(network->name));
	if (address_equal(&network->gateways[family], &address))
		return netfilter_fail(error, ADDRESS_IN_USE, "Addresses: \"%s\" is the gateway of network \"%s\"", text,
				      cut(network->name));
	other = g_hash_table_lookup(model->endpoints, &address);
	if (other)
		return netfilter_fail(error, ADDRESS_IN_USE, "Addresses: \"%s\" is endpoint \"%s\"'s", text,
				      cut(other->name));
	endpoint->addresses[family] = address;
	return true;
}

/* named: what other endpoints of the same request ask for. */
static bool is_free(const Model *model, const Network *network, GHashTable *named, enum family family,
		    const Address *address)
{
	return !prefix_reserves(&network->subnets[family], address) &&
	       !address_equal(&network->gateways[family], address) &&
	       !g_hash_table_contains(model->endpoints, address) && !g_hash_table_contains(named, address);
}

/* The next after the one that was chosen last. What is passed over is an endpoint's, or one of a few. */
static bool choose_address(const Model *model, Endpoint *endpoint, GHashTable *named, enum family family,
			   GError **error)
{
	const Network *network = endpoint->network;
	const Prefix *range = &network->ranges[family];
	guint tries = g_hash_table_size(model->endpoints) + g_hash_table_size(named) + 4,
	      bits = family_bits(family) - range->length;
	Address address = network->chosen[family];
	char text[INET6_ADDRSTRLEN + 4];

	if (bits < 31)
		tries = MIN(tries, 1u << bits);
	for (; tries > 0; tries--) {
		address = prefix_next(range, &address);
		if (!is_free(model, network, named, family, &address))
			continue;
		endpoint->addresses[family] = address;
		endpoint->allocated |= 1 << family;
		return true;
	}
	return netfilter_fail(error, ADDRESSES_EXHAUSTED, "network \"%s\" has no address free in %s",
			      cut(network->name), prefix_format(range, text));
}

static bool choose_addresses(const Model *model, Endpoint *endpoint, GHashTable *named, char **families, GError **error)
{
	for (guint i = 0; families && families[i]; i++) {
		enum family family;

		if (!family_from_string(families[i], &family))
			return netfilter_fail(error, INVALID_ARGS, "Allocate: \"%s\" is not ipv4 or ipv6",
					      cut(families[i]));
		if (!network_has_family(endpoint->network, family))
			return netfilter_fail(error, INVALID_ARGS, "Allocate: network \"%s\" has no %s subnet",
					      cut(endpoint->network->name), families[i]);
		if (endpoint->addresses[family].family != AF_UNSPEC)
			return netfilter_fail(error, INVALID_ARGS, "Allocate: \"%s\" would be a second address",
					      families[i]);
		if (!choose_address(model, endpoint, named, family, error))
			return false;
	}
	return true;
}

static bool find_addresses(const Model *model, Endpoint *endpoint, GHashTable *named, const EndpointSettings *settings,
			   GError **error)
{
	if ((!settings->addresses || !settings->addresses[0]) && (!settings->allocate || !settings->allocate[0]))
		return netfilter_fail(error, INVALID_ARGS,
				      "Addresses: endpoint \"%s\" needs at least one, or Allocate in their place",
				      cut(endpoint->name));
	for (guint i = 0; settings->addresses && settings->addresses[i]; i++)
		if (!parse_address(model, endpoint, settings->addresses[i], error))
			return false;
	return choose_addresses(model, endpoint, named, settings->allocate, error);
}

bool endpoint_wants_reservation(const Network *network, const EndpointSettings *settings)
{
	return settings->reserve == CHOICE_DEFAULT ? network->reserves : settings->reserve == CHOICE_YES;
}

/* The interface of that name now: one that takes the name later is another. */
static bool find_interface(const Transaction *transaction, Endpoint *endpoint, const LifetimeSettings *settings,
			   GError **error)
{
	InterfaceInfo info;

	if (!settings->interface)
		return true;
	if (settings->persistent)
		return netfilter_fail(error, INVALID_ARGS,
				      "LifetimeInterface: a persistent object lives until it is deleted");
	if (g_str_equal(settings->interface, "lo"))
		return netfilter_fail(error, INVALID_ARGS,
				      "LifetimeInterface: \"lo\" cannot go; an interface that can is allowed");
	if (!interface_find(transaction->netlink, settings->interface, &info, error)) {
		g_prefix_error(error, "LifetimeInterface: ");
		return false;
	}
	if (info.ifindex == 0)
		return netfilter_fail(error, INVALID_ARGS, "LifetimeInterface: there is no interface \"%s\"",
				      cut(settings->interface));
	endpoint->ifindex = info.ifindex;
	endpoint->lifetime.with_owner = false;
	return true;
}

/* Those of the network once the endpoint is there; the caller's. */
static Address *chosen_with(const Endpoint *endpoint)
{
	Address *chosen = g_memdup2(endpoint->network->chosen, sizeof endpoint->network->chosen);

	for (enum family family = 0; family < N_FAMILIES; family++)
		if (endpoint->allocated & 1 << family)
			chosen[family] = endpoint->addresses[family];
	return chosen;
}

static bool port_group_is_valid(const char *name, GError **error)
{
	if (!name || group_name_is_valid(name, error))
		return true;
	g_prefix_error(error, "PortGroup: ");
	return false;
}

GHashTable *endpoints_named(const GPtrArray *list)
{
	GHashTable *named = g_hash_table_new_full(address_hash, address_equal_func, g_free, NULL);

	for (guint i = 0; i < list->len; i++) {
		const EndpointSettings *settings = list->pdata[i];
		Address address;

		for (char **text = settings->addresses; text && *text; text++)
			if (address_parse(*text, &address))
				g_hash_table_add(named, g_memdup2(&address, sizeof address));
	}
	return named;
}

Endpoint *endpoint_make(Transaction *transaction, Network *network, const EndpointSettings *settings, GHashTable *named,
			GError **error)
{
	g_autoptr(Endpoint) fresh = NULL;
	Endpoint *endpoint;

	if (!name_is_valid("endpoint", settings->name, error))
		return NULL;
	if (g_hash_table_contains(network->endpoints, settings->name)) {
		netfilter_fail(error, ENDPOINT_EXISTS, "network \"%s\" has an endpoint \"%s\"", cut(network->name),
			       cut(settings->name));
		return NULL;
	}
	if (!port_group_is_valid(settings->port_group, error))
		return NULL;
	fresh = endpoint_new(network, settings->name);
	fresh->labels = g_strdupv(settings->labels);
	fresh->reserves = endpoint_wants_reservation(network, settings);
	fresh->port_group = g_strdup(settings->port_group);
	if (!find_addresses(transaction->model, fresh, named, settings, error) ||
	    !quota_check(transaction->model, transaction->config, QUOTA_ENDPOINTS, settings->lifetime.uid, 1, error) ||
	    !quota_check(transaction->model, transaction->config, QUOTA_LABELS, settings->lifetime.uid,
			 labels_size(settings->labels), error) ||
	    !request_sources(transaction, settings->allow_from, NULL, settings->lifetime.uid, &fresh->allow_from,
			     error) ||
	    !request_lifetime(transaction, &fresh->lifetime, OBJECT_ENDPOINT, fresh, &settings->lifetime, error) ||
	    !find_interface(transaction, fresh, &settings->lifetime, error) ||
	    !attach_request(transaction, fresh, settings, error))
		return NULL;

	endpoint = g_steal_pointer(&fresh);
	transaction_make(transaction, &(Change){
					      .kind = &endpoint_added,
					      .object = endpoint,
					      .part = chosen_with(endpoint),
				      });
	if (settings->lifetime.permanent && !object_make_permanent(transaction, &endpoint->lifetime, error))
		return NULL;
	return endpoint;
}

bool endpoints_create(Transaction *transaction, Network *network, const GPtrArray *list, GPtrArray *ret_created,
		      GError **error)
{
	g_autoptr(GArray) publications = publications_new();
	g_autoptr(GHashTable) named = endpoints_named(list);

	for (guint i = 0; i < list->len; i++) {
		const EndpointSettings *settings = list->pdata[i];
		Endpoint *endpoint = endpoint_make(transaction, network, settings, named, error);

		if (!endpoint)
			return false;
		publications_add(publications, endpoint, settings->ports);
		if (ret_created)
			g_ptr_array_add(ret_created, endpoint);
	}
	return endpoints_publish(transaction, publications, error);
}

Endpoint *endpoint_create(Transaction *transaction, Network *network, const EndpointSettings *settings, GError **error)
{
	const EndpointSettings *const only[] = { settings };
	const GPtrArray list = { (gpointer *)only, 1 };
	g_autoptr(GPtrArray) created = g_ptr_array_new();

	return endpoints_create(transaction, network, &list, created, error) ? created->pdata[0] : NULL;
}

/* --- whether one that is there is what is asked for --- */

/* All but the host port, which a request may leave open. */
static int compare_openly(const PortMapping *a, const PortMapping *b)
{
	int order = memcmp(&a->host_address, &b->host_address, sizeof a->host_address);

	if (order == 0)
		order = a->protocol - b->protocol;
	if (order == 0)
		order = a->endpoint_port - b->endpoint_port;
	return order != 0 ? order : a->count - b->count;
}

static int compare_mappings(gconstpointer a, gconstpointer b)
{
	const PortMapping *x = a, *y = b;
	int order = compare_openly(x, y);

	return order != 0 ? order : x->host_port - y->host_port;
}

/* With the host address that it stands for. */
static void add_mapping(GArray *list, const Address *host_address, const PortMapping *mapping)
{
	PortMapping copy = *mapping;

	if (copy.host_address.family == AF_UNSPEC)
		copy.host_address = *host_address;
	g_array_append_val(list, copy);
}

/* Each that is requested is another that is published, and none is left over. */
static bool has_ports(const Config *config, const Endpoint *endpoint, const GArray *requested)
{
	const Address host_address = endpoint_host_address(endpoint, config);
	g_autoptr(GArray) published = g_array_new(FALSE, FALSE, sizeof(PortMapping));
	g_autoptr(GArray) wanted = g_array_new(FALSE, FALSE, sizeof(PortMapping));
	guint open = 0, next = 0;

	for (guint i = 0; i < endpoint->ports->len; i++)
		add_mapping(published, &host_address, endpoint->ports->pdata[i]);
	for (guint i = 0; requested && i < requested->len; i++)
		add_mapping(wanted, &host_address, &g_array_index(requested, PortMapping, i));
	g_array_sort(published, compare_mappings);
	g_array_sort(wanted, compare_mappings);

	for (guint i = 0; i < published->len; i++) {
		const PortMapping *have = &g_array_index(published, PortMapping, i);
		const PortMapping *want = &g_array_index(wanted, PortMapping, next);

		if (open > 0 && compare_openly(have - 1, have) != 0)
			return false;
		for (; next < wanted->len && want->host_port == 0 && compare_openly(want, have) == 0; next++, want++)
			open++;
		if (next < wanted->len && compare_mappings(want, have) == 0)
			next++;
		else if (open-- == 0)
			return false;
	}
	return next == wanted->len && open == 0;
}

static bool has_addresses(const Endpoint *endpoint, const EndpointSettings *settings)
{
	Address left[N_FAMILIES];

	memcpy(left, endpoint->addresses, sizeof left);
	for (guint i = 0; settings->addresses && settings->addresses[i]; i++) {
		Address address, *same;

		if (!address_parse(settings->addresses[i], &address))
			return false;
		same = &left[address_family(&address)];
		if (!address_equal(same, &address))
			return false;
		*same = (Address){};
	}
	for (guint i = 0; settings->allocate && settings->allocate[i]; i++) {
		enum family family;

		if (!family_from_string(settings->allocate[i], &family) || left[family].family == AF_UNSPEC)
			return false;
		left[family] = (Address){};
	}
	return left[FAMILY_IPV4].family == AF_UNSPEC && left[FAMILY_IPV6].family == AF_UNSPEC;
}

/* The first setting in which an endpoint differs; NULL: none. */
static const char *find_difference(const Config *config, const Endpoint *endpoint, const EndpointSettings *settings)
{
	if (!has_addresses(endpoint, settings))
		return "Addresses";
	if (!has_ports(config, endpoint, settings->ports))
		return "Ports";
	if (!allow_from_is(endpoint->allow_from, settings->allow_from))
		return "AllowFrom";
	if (!labels_equal(endpoint->labels, settings->labels))
		return "Labels";
	if (endpoint->reserves != endpoint_wants_reservation(endpoint->network, settings))
		return "Reserve";
	if (g_strcmp0(endpoint->port_group, settings->port_group) != 0)
		return "PortGroup";
	if (settings->lifetime.permanent && !endpoint->lifetime.fragment)
		return "Permanent";
	if (endpoint->lifetime.persistent != lifetime_settings_persist(&settings->lifetime))
		return "Persistent";
	return attach_find_difference(endpoint, &settings->attach);
}

Endpoint *endpoint_ensure(Transaction *transaction, Network *network, const EndpointSettings *settings,
			  bool *ret_created, GError **error)
{
	Endpoint *endpoint = g_hash_table_lookup(network->endpoints, settings->name);
	const char *difference;

	*ret_created = !endpoint;
	if (!endpoint)
		return endpoint_create(transaction, network, settings, error);
	difference = find_difference(transaction->config, endpoint, settings);
	if (difference) {
		netfilter_fail(error, ENDPOINT_EXISTS, "%s: network \"%s\" has an endpoint \"%s\" with another value",
			       difference, cut(network->name), cut(endpoint->name));
		return NULL;
	}
	return endpoint;
}

/* --- the end --- */

void endpoint_delete(Transaction *transaction, Endpoint *endpoint)
{
	while (endpoint->parents->len > 0) {
		Endpoint *parent = endpoint->parents->pdata[0];

		endpoint_remove_link(transaction, parent, endpoint_find_link(parent, endpoint));
	}
	while (endpoint->links->len > 0)
		endpoint_remove_link(transaction, endpoint, endpoint->links->pdata[0]);
	transaction_make(transaction, &(Change){ .kind = &endpoint_removed, .object = endpoint });
}

/* --- changes --- */

static void insert(Model *model, Change *change)
{
	model_insert_endpoint(model, change->object, change->before);
}

static void take_out(Model *model, Change *change)
{
	change->before = model_remove_endpoint(model, change->object);
}

/* Where the next choice goes on from is the network's: what it has and what the change holds change places. */
static void swap_chosen(const Change *change)
{
	Address(*held)[N_FAMILIES] = change->part, *chosen = ((const Endpoint *)change->object)->network->chosen;
	Address before[N_FAMILIES];

	memcpy(before, chosen, sizeof before);
	memcpy(chosen, *held, sizeof before);
	memcpy(*held, before, sizeof before);
}

static void insert_new(Model *model, Change *change)
{
	insert(model, change);
	swap_chosen(change);
}

static void take_out_new(Model *model, Change *change)
{
	swap_chosen(change);
	take_out(model, change);
}

static void release_new(Change *change, bool applied)
{
	g_free(change->part);
	if (!applied)
		endpoint_free(change->object);
}

static void release_if_applied(Change *change, bool applied)
{
	if (applied)
		endpoint_free(change->object);
}

static void encode_added(const Change *change, GByteArray *to)
{
	encode_endpoint(to, change->object);
}

static bool decode_added(Change *change, Record *record, Model *model, GError **error)
{
	Address chosen[N_FAMILIES];

	change->object = decode_endpoint(record, model, chosen, error);
	if (change->object)
		change->part = g_memdup2(chosen, sizeof chosen);
	return change->object;
}

static void encode_removed(const Change *change, GByteArray *to)
{
	encode_endpoint_gone(to, change->object);
}

/* Its links go by entries of their own before it. */
static bool decode_removed(Change *change, Record *record, Model *model, GError **error)
{
	const Endpoint *endpoint = decode_endpoint_gone(record, model, error);

	change->object = (Endpoint *)endpoint;
	if (endpoint && endpoint->links->len + endpoint->parents->len > 0)
		return netfilter_fail(error, FAILED, "endpoint \"%s\" went before its links", cut(endpoint->name));
	return endpoint;
}

static void rules_added(const Change *change, const Model *model G_GNUC_UNUSED, const RenderOptions *options,
			RuleDelta *delta)
{
	render_protection(change->object, options, delta->joins);
	render_endpoint_limits(change->object, delta->joins);
}

/* Who is on its bridge may have been let through to it until now. */
static const char *interface_added(const Change *change, guint i)
{
	const Endpoint *endpoint = change->object;

	return i == 0 && endpoint->allow_from ? endpoint->network->bridge : NULL;
}

static void rules_removed(const Change *change, const Model *model, const RenderOptions *options, RuleDelta *delta)
{
	const Endpoint *endpoint = change->object;
	bool on_localhost = false;

	for (guint i = 0; i < endpoint->ports->len; i++)
		on_localhost |= port_mapping_on_localhost(endpoint, endpoint->ports->pdata[i]);
	if (on_localhost && endpoint->network->n_localhost == 0)
		render_localhost(endpoint->network, options, delta->leaves);
	render_endpoint(endpoint, options, delta->leaves);
	for (guint i = 0; i < endpoint->ports->len; i++)
		render_next_in_group(model, endpoint, endpoint->ports->pdata[i], options, delta->joins);
}

static const char *interface_removed(const Change *change, guint i)
{
	const Endpoint *endpoint = change->object;

	return i == 0 && (endpoint->ports->len > 0 || endpoint->allow_from) ? endpoint->network->bridge : NULL;
}

static void ports_removed(const Change *change, GArray *ranges)
{
	const Endpoint *endpoint = change->object;

	for (guint i = 0; i < endpoint->ports->len; i++) {
		PortRange mapped[N_FAMILIES];
		guint n = endpoint_port_ranges(endpoint, endpoint->ports->pdata[i], mapped);

		g_array_append_vals(ranges, mapped, n);
	}
}

static void addresses_removed(const Change *change, GArray *addresses)
{
	const Endpoint *endpoint = change->object;

	for (enum family family = 0; family < N_FAMILIES; family++)
		if (endpoint->addresses[family].family != AF_UNSPEC)
			g_array_append_val(addresses, endpoint->addresses[family]);
}

static const Endpoint *neighbour_of(const Change *change)
{
	return change->object;
}

static Lifetime *lifetime_of(const Change *change)
{
	return &((Endpoint *)change->object)->lifetime;
}

static Endpoint *attached(const Change *change)
{
	Endpoint *endpoint = change->object;

	return endpoint->attachment ? endpoint : NULL;
}

static const AllowFrom *sources_added(const Change *change)
{
	return ((const Endpoint *)change->object)->allow_from;
}

static void announce_added(const Change *change, const Observer *observer)
{
	const Endpoint *endpoint = change->object;

	observer->added(OBJECT_ENDPOINT, change->object, observer->userdata);
	observer->changed(OBJECT_NETWORK, endpoint->network, "Endpoints", observer->userdata);
}

static void announce_removed(const Change *change, const Observer *observer)
{
	const Endpoint *endpoint = change->object;

	observer->removed(OBJECT_ENDPOINT, change->object, observer->userdata);
	observer->changed(OBJECT_NETWORK, endpoint->network, "Endpoints", observer->userdata);
}

const ChangeKind endpoint_added = {
	.name = "endpoint-added",
	.type = 'E',
	.adds = 1,
	.apply = insert_new,
	.revert = take_out_new,
	.release = release_new,
	.encode = encode_added,
	.decode = decode_added,
	.rules = rules_added,
	.host = HOST_SWITCHES,
	.interface = interface_added,
	.neighbour = neighbour_of,
	.of = lifetime_of,
	.begins = true,
	.attaches = attached,
	.sources = sources_added,
	.announce = announce_added,
};

const ChangeKind endpoint_removed = {
	.name = "endpoint-removed",
	.type = 'e',
	.adds = -1,
	.apply = take_out,
	.revert = insert,
	.release = release_if_applied,
	.encode = encode_removed,
	.decode = decode_removed,
	.rules = rules_removed,
	.host = HOST_SWITCHES,
	.interface = interface_removed,
	.ports = ports_removed,
	.addresses = addresses_removed,
	.neighbour = neighbour_of,
	.of = lifetime_of,
	.ends = true,
	.detaches = attached,
	.announce = announce_removed,
};
