/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/change/change-endpoint.h"

#include "service/change/change-link.h"
#include "service/change/change-port.h"
#include "service/change/request.h"
#include "service/journal/encode.h"
#include "service/model/labels.h"

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
		return netfilter_fail(error, ADDRESS_IN_USE, "address %s is the gateway of network \"%s\"", text,
				      cut(network->name));
	other = g_hash_table_lookup(model->endpoints, &address);
	if (other)
		return netfilter_fail(error, ADDRESS_IN_USE, "address %s is endpoint \"%s\"'s", text, cut(other->name));
	endpoint->addresses[family] = address;
	return true;
}

static bool parse_addresses(const Model *model, Endpoint *endpoint, char **texts, GError **error)
{
	if (!texts || !texts[0])
		return netfilter_fail(error, INVALID_ARGS, "Addresses: endpoint \"%s\" needs at least one",
				      cut(endpoint->name));
	for (guint i = 0; texts[i]; i++)
		if (!parse_address(model, endpoint, texts[i], error))
			return false;
	return true;
}

static bool wants_reservation(const Network *network, const EndpointSettings *settings)
{
	return settings->reserve == CHOICE_DEFAULT ? network->reserves : settings->reserve == CHOICE_YES;
}

/* The interface of that name now: one that takes the name later is another. */
static bool find_interface(const Transaction *transaction, Endpoint *endpoint, const LifetimeSettings *settings,
			   GError **error)
{
	LinkInfo info;

	if (!settings->interface)
		return true;
	if (settings->persistent)
		return netfilter_fail(error, INVALID_ARGS,
				      "LifetimeInterface: a persistent object lives until it is deleted");
	if (g_str_equal(settings->interface, "lo"))
		return netfilter_fail(error, INVALID_ARGS, "LifetimeInterface: \"lo\" never goes");
	if (!link_find(transaction->netlink, settings->interface, &info, error)) {
		g_prefix_error(error, "LifetimeInterface: ");
		return false;
	}
	if (info.ifindex == 0)
		return netfilter_fail(error, INVALID_ARGS, "LifetimeInterface: there is no interface \"%s\"",
				      settings->interface);
	endpoint->ifindex = info.ifindex;
	endpoint->lifetime.with_owner = false;
	return true;
}

Endpoint *endpoint_create(Transaction *transaction, Network *network, const EndpointSettings *settings, GError **error)
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
	fresh = endpoint_new(network, settings->name);
	fresh->labels = g_strdupv(settings->labels);
	fresh->reserves = wants_reservation(network, settings);
	if (!parse_addresses(transaction->model, fresh, settings->addresses, error) ||
	    !quota_check(transaction->model, transaction->config, QUOTA_ENDPOINTS, settings->lifetime.uid, 1, error) ||
	    !request_lifetime(transaction, &fresh->lifetime, OBJECT_ENDPOINT, fresh, &settings->lifetime, error) ||
	    !find_interface(transaction, fresh, &settings->lifetime, error))
		return NULL;

	endpoint = g_steal_pointer(&fresh);
	transaction_make(transaction, &(Change){ .kind = &endpoint_added, .object = endpoint });
	if (settings->ports && settings->ports->len > 0 &&
	    !endpoint_publish(transaction, endpoint, settings->ports, NULL, error))
		return NULL;
	return endpoint;
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
static void add_mapping(GArray *list, const Endpoint *endpoint, const PortMapping *mapping)
{
	PortMapping copy = *mapping;

	if (copy.host_address.family == AF_UNSPEC)
		copy.host_address = endpoint->network->options.host_binding;
	g_array_append_val(list, copy);
}

/* Each that is requested is another that is published, and none is left over. */
static bool has_ports(const Endpoint *endpoint, const GArray *requested)
{
	g_autoptr(GArray) published = g_array_new(FALSE, FALSE, sizeof(PortMapping));
	g_autoptr(GArray) wanted = g_array_new(FALSE, FALSE, sizeof(PortMapping));
	guint open = 0, next = 0;

	for (guint i = 0; i < endpoint->ports->len; i++)
		add_mapping(published, endpoint, endpoint->ports->pdata[i]);
	for (guint i = 0; requested && i < requested->len; i++)
		add_mapping(wanted, endpoint, &g_array_index(requested, PortMapping, i));
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

static bool has_addresses(const Endpoint *endpoint, char **texts)
{
	Address left[N_FAMILIES];

	memcpy(left, endpoint->addresses, sizeof left);
	for (guint i = 0; texts && texts[i]; i++) {
		Address address, *same;

		if (!address_parse(texts[i], &address))
			return false;
		same = &left[address_family(&address)];
		if (!address_equal(same, &address))
			return false;
		*same = (Address){};
	}
	return left[FAMILY_IPV4].family == AF_UNSPEC && left[FAMILY_IPV6].family == AF_UNSPEC;
}

/* The first setting in which an endpoint differs; NULL: none. */
static const char *find_difference(const Endpoint *endpoint, const EndpointSettings *settings)
{
	if (!has_addresses(endpoint, settings->addresses))
		return "Addresses";
	if (!has_ports(endpoint, settings->ports))
		return "Ports";
	if (!labels_equal(endpoint->labels, settings->labels))
		return "Labels";
	if (endpoint->reserves != wants_reservation(endpoint->network, settings))
		return "Reserve";
	if (endpoint->lifetime.persistent != settings->lifetime.persistent)
		return "Persistent";
	return NULL;
}

Endpoint *endpoint_ensure(Transaction *transaction, Network *network, const EndpointSettings *settings,
			  bool *ret_created, GError **error)
{
	Endpoint *endpoint = g_hash_table_lookup(network->endpoints, settings->name);
	const char *difference;

	*ret_created = !endpoint;
	if (!endpoint)
		return endpoint_create(transaction, network, settings, error);
	difference = find_difference(endpoint, settings);
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
	while (endpoint->parents->len > 0)
		endpoint_unlink(transaction, endpoint->parents->pdata[0], endpoint, NULL);
	while (endpoint->links->len > 0)
		endpoint_unlink(transaction, endpoint, ((Link *)endpoint->links->pdata[0])->child, NULL);
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

static void release_unless_applied(Change *change, bool applied)
{
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
	change->object = decode_endpoint(record, model, error);
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

static void rules_removed(const Change *change, const Model *model G_GNUC_UNUSED, const RenderOptions *options,
			  RuleDelta *delta)
{
	const Endpoint *endpoint = change->object;
	bool on_localhost = false;

	for (guint i = 0; i < endpoint->ports->len; i++)
		on_localhost |= port_mapping_on_localhost(endpoint, endpoint->ports->pdata[i]);
	if (on_localhost && endpoint->network->n_localhost == 0)
		render_localhost(endpoint->network, options, delta->leaves);
	render_endpoint(endpoint, options, delta->leaves);
}

static const char *interface_removed(const Change *change)
{
	const Endpoint *endpoint = change->object;

	return endpoint->ports->len > 0 ? endpoint->network->bridge : NULL;
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

static const Lifetime *lifetime_added(const Change *change, bool *ret_begins)
{
	*ret_begins = true;
	return &((const Endpoint *)change->object)->lifetime;
}

static const Lifetime *lifetime_removed(const Change *change, bool *ret_begins)
{
	*ret_begins = false;
	return &((const Endpoint *)change->object)->lifetime;
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
	.apply = insert,
	.revert = take_out,
	.release = release_unless_applied,
	.encode = encode_added,
	.decode = decode_added,
	.neighbour = neighbour_of,
	.lifetime = lifetime_added,
	.announce = announce_added,
};

const ChangeKind endpoint_removed = {
	.name = "endpoint-removed",
	.type = 'e',
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
	.lifetime = lifetime_removed,
	.announce = announce_removed,
};
