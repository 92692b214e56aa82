/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/change/change-network.h"

#include "service/change/adopted-bridge.h"
#include "service/change/change-allow-from.h"
#include "service/change/change-endpoint.h"
#include "service/change/change-file.h"
#include "service/change/network-settings.h"
#include "service/change/request.h"
#include "service/change/source-address.h"
#include "service/journal/encode.h"
#include "service/model/labels.h"
#include "service/model/name.h"
#include "service/netlink/interface.h"
#include "service/rules/cancel.h"
#include "service/rules/render-allow.h"

#include <string.h>

/* --- whether it can be had --- */

static bool check_subnets(const Model *model, const Network *network, GError **error)
{
	char ours[INET6_ADDRSTRLEN + 4], theirs[INET6_ADDRSTRLEN + 4];

	for (const GList *i = model->networks_by_age.head; i; i = i->next) {
		const Network *other = i->data;

		for (enum family family = 0; family < N_FAMILIES; family++)
			if (network_has_family(network, family) && network_has_family(other, family) &&
			    prefix_overlaps(&network->subnets[family], &other->subnets[family]))
				return netfilter_fail(error, SUBNET_IN_USE,
						      "subnet \"%s\" overlaps with \"%s\" of network \"%s\"",
						      prefix_format(&network->subnets[family], ours),
						      prefix_format(&other->subnets[family], theirs), cut(other->name));
	}
	return true;
}

static bool choose_bridge(Transaction *transaction, Network *network, GError **error)
{
	const Network *other;
	InterfaceInfo info;

	other = g_hash_table_lookup(transaction->model->bridges, network->bridge);
	if (other)
		return netfilter_fail(error, BRIDGE_IN_USE, "bridge \"%s\" is in use by network \"%s\"",
				      network->bridge, cut(other->name));
	if (interfaces_is_leaving(transaction->interfaces, network->bridge))
		return netfilter_fail(error, PENDING, "bridge \"%s\" is being deleted", network->bridge);
	if (!interface_find(transaction->netlink, network->bridge, &info, error))
		return false;
	/* A bridge of ours that waits to be deleted makes room. */
	if (info.ifindex == 0 || interfaces_is_leftover(transaction->interfaces, network->bridge, info.ifindex)) {
		network->creates_bridge = true;
		network->mac = network_random_mac();
		return true;
	}
	if (info.kind != INTERFACE_BRIDGE)
		return netfilter_fail(error, BRIDGE_IN_USE, "interface \"%s\" exists and is not a bridge",
				      network->bridge);
	return adopted_bridge_check(transaction->netlink, network, info.ifindex, error);
}

/* --- requests --- */

Network *network_create(Transaction *transaction, const char *name, const NetworkSettings *settings, GError **error)
{
	g_autoptr(Network) fresh = NULL;
	Network *network;

	if (!name_is_valid("network", name, error))
		return NULL;
	if (g_hash_table_contains(transaction->model->networks, name)) {
		netfilter_fail(error, NETWORK_EXISTS, "network \"%s\" exists", cut(name));
		return NULL;
	}
	fresh = network_new(name);
	if (!network_parse(fresh, settings, error) || !check_subnets(transaction->model, fresh, error) ||
	    !choose_bridge(transaction, fresh, error) ||
	    !request_source_address(transaction, fresh, settings, fresh->options.source_addresses, error) ||
	    !request_sources(transaction, settings->allow_from, NULL, settings->lifetime.uid,
			     &fresh->options.allow_from, error) ||
	    !quota_check(transaction->model, transaction->config, QUOTA_NETWORKS, settings->lifetime.uid, 1, error) ||
	    !quota_check(transaction->model, transaction->config, QUOTA_LABELS, settings->lifetime.uid,
			 labels_size(settings->labels), error) ||
	    !request_lifetime(transaction, &fresh->lifetime, OBJECT_NETWORK, fresh, &settings->lifetime, error))
		return NULL;

	fresh->sequence = transaction_next_sequence(transaction);
	network = g_steal_pointer(&fresh);
	transaction_make(transaction, &(Change){ .kind = &network_added, .object = network });
	if (settings->lifetime.permanent && !object_make_permanent(transaction, &network->lifetime, error))
		return NULL;
	if (settings->endpoints && !endpoints_create(transaction, network, settings->endpoints, NULL, error))
		return NULL;
	return network;
}

/* The first setting in which a network differs from one that is made of settings; NULL: none. */
static const char *find_difference(const Network *there, const Network *wanted)
{
	const NetworkOptions *a = &there->options, *b = &wanted->options;

	for (enum family family = 0; family < N_FAMILIES; family++) {
		if (!address_equal(&there->subnets[family].address, &wanted->subnets[family].address) ||
		    there->subnets[family].length != wanted->subnets[family].length)
			return "Subnets";
		if (!address_equal(&there->gateways[family], &wanted->gateways[family]))
			return "Gateways";
		if (!address_equal(&there->ranges[family].address, &wanted->ranges[family].address) ||
		    there->ranges[family].length != wanted->ranges[family].length)
			return "AddressRange";
		if (there->modes[family] != wanted->modes[family])
			return "GatewayModes";
	}
	if (strcmp(there->bridge, wanted->bridge) != 0)
		return "Bridge";
	if (there->internal != wanted->internal)
		return "Internal";
	if (a->communication != b->communication)
		return "InterContainerCommunication";
	if (!source_address_equal(a->source_addresses, b->source_addresses))
		return "SourceAddress";
	if (a->masquerade != b->masquerade)
		return "Masquerade";
	if (!address_equal(&a->host_binding, &b->host_binding))
		return "HostBinding";
	if (!allow_from_equal(a->allow_from, b->allow_from))
		return "AllowFrom";
	if (there->reserves != wanted->reserves)
		return "Reserve";
	if (strcmp(there->zone, wanted->zone) != 0)
		return "Zone";
	return labels_equal(there->labels, wanted->labels) ? NULL : "Labels";
}

static bool check_same(const Network *there, const NetworkSettings *settings, GError **error)
{
	g_autoptr(Network) wanted = network_new(there->name);
	const char *difference;

	if (!network_parse(wanted, settings, error) ||
	    !sources_read(settings->allow_from, ALLOW_FROM_MAX, &wanted->options.allow_from, error))
		return false;
	difference = find_difference(there, wanted);
	if (!difference && there->lifetime.persistent != lifetime_settings_persist(&settings->lifetime))
		difference = "Persistent";
	if (!difference && settings->lifetime.permanent && !there->lifetime.fragment)
		difference = "Permanent";
	return !difference || netfilter_fail(error, NETWORK_EXISTS, "%s: network \"%s\" exists with another value",
					     difference, cut(there->name));
}

static bool ensure_endpoints(Transaction *transaction, Network *network, const GPtrArray *list, GError **error)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) missing = g_ptr_array_new(), there = g_ptr_array_new();
	bool created;

	for (guint i = 0; i < list->len; i++) {
		EndpointSettings *settings = list->pdata[i];
		bool comes = !g_hash_table_contains(network->endpoints, settings->name) &&
			     g_hash_table_add(names, settings->name);

		g_ptr_array_add(comes ? missing : there, settings);
	}
	if (!endpoints_create(transaction, network, missing, NULL, error))
		return false;
	for (guint i = 0; i < there->len; i++)
		if (!endpoint_ensure(transaction, network, there->pdata[i], &created, error))
			return false;
	return true;
}

Network *network_ensure(Transaction *transaction, const char *name, const NetworkSettings *settings, bool *ret_created,
			GError **error)
{
	Network *network = g_hash_table_lookup(transaction->model->networks, name);

	*ret_created = !network;
	if (!network)
		return network_create(transaction, name, settings, error);
	if (!check_same(network, settings, error))
		return NULL;
	if (settings->endpoints && !ensure_endpoints(transaction, network, settings->endpoints, error))
		return NULL;
	return network;
}

Network *network_sketch(const char *name, const NetworkSettings *settings, GError **error)
{
	g_autoptr(Network) fresh = NULL;

	if (!name_is_valid("network", name, error))
		return NULL;
	fresh = network_new(name);
	if (!network_parse(fresh, settings, error) ||
	    !sources_read(settings->allow_from, ALLOW_FROM_MAX, &fresh->options.allow_from, error))
		return NULL;
	return g_steal_pointer(&fresh);
}

bool network_update(Transaction *transaction, Network *network, guint mask, const NetworkSettings *settings,
		    GError **error)
{
	NetworkOptions options = network->options;

	if (mask & UPDATE_HOST_BINDING &&
	    !network_parse_host_binding(network, settings->host_binding, &options.host_binding, error))
		return false;
	if (mask & UPDATE_COMMUNICATION)
		options.communication = settings->communication;
	if (mask & UPDATE_MASQUERADE)
		options.masquerade = settings->masquerade;
	if (mask & UPDATE_SOURCE_ADDRESS &&
	    (!source_address_parse(network, settings->source_address, options.source_addresses, error) ||
	     !request_source_address(transaction, network, settings, options.source_addresses, error)))
		return false;
	if (!source_address_check_options(network, &options, error))
		return false;
	if (!(mask & UPDATE_ALLOW_FROM))
		allow_from_ref(options.allow_from);
	else if (!request_sources(transaction, settings->allow_from, network->options.allow_from, network->lifetime.uid,
				  &options.allow_from, error))
		return false;
	transaction_make(transaction, &(Change){
					      .kind = &network_updated,
					      .object = network,
					      .part = g_memdup2(&options, sizeof options),
				      });
	return true;
}

/* One that has a unit file stays, as that says. */
static void end_if_empty(Transaction *transaction, Network *network)
{
	if (network->ends_with_endpoints && !network->lifetime.fragment && g_hash_table_size(network->endpoints) == 0)
		network_delete(transaction, network);
}

void network_delete_endpoint(Transaction *transaction, Endpoint *endpoint)
{
	Network *network = endpoint->network;

	endpoint_delete(transaction, endpoint);
	end_if_empty(transaction, network);
}

guint network_retain(Transaction *transaction, Network *network, GHashTable *names)
{
	guint deleted = 0;

	for (GList *i = network->endpoints_by_age.tail, *previous; i; i = previous) {
		previous = i->prev;
		if (g_hash_table_contains(names, ((const Endpoint *)i->data)->name))
			continue;
		endpoint_delete(transaction, i->data);
		deleted++;
	}
	if (deleted > 0)
		end_if_empty(transaction, network);
	return deleted;
}

void network_delete(Transaction *transaction, Network *network)
{
	Endpoint *endpoint;

	while ((endpoint = g_queue_peek_tail(&network->endpoints_by_age)))
		endpoint_delete(transaction, endpoint);
	transaction_make(transaction, &(Change){ .kind = &network_removed, .object = network });
}

/* --- changes --- */

static void insert(Model *model, Change *change)
{
	model_insert_network(model, change->object, change->before);
}

static void take_out(Model *model, Change *change)
{
	change->before = model_remove_network(model, change->object);
}

static void release_unless_applied(Change *change, bool applied)
{
	if (!applied)
		network_free(change->object);
}

static void release_if_applied(Change *change, bool applied)
{
	if (applied)
		network_free(change->object);
}

static void encode_added(const Change *change, GByteArray *to)
{
	encode_network(to, change->object);
}

static bool decode_added(Change *change, Record *record, Model *model, GError **error)
{
	change->object = decode_network(record, model, error);
	return change->object;
}

static void encode_removed(const Change *change, GByteArray *to)
{
	encode_network_gone(to, change->object);
}

/* Its endpoints go by entries of their own before it. */
static bool decode_removed(Change *change, Record *record, Model *model, GError **error)
{
	const Network *network = decode_network_gone(record, model, error);

	change->object = (Network *)network;
	if (network && g_hash_table_size(network->endpoints) > 0)
		return netfilter_fail(error, FAILED, "network \"%s\" went before its endpoints", cut(network->name));
	return network;
}

static void rules_added(const Change *change, const Model *model, const RenderOptions *options, RuleDelta *delta)
{
	render_network(change->object, options, delta->joins);
	render_isolation_change(model, change->object, options, delta->joins, delta->leaves);
	render_ingress_isolation(model, change->object, options, delta->joins);
}

static void rules_removed(const Change *change, const Model *model, const RenderOptions *options, RuleDelta *delta)
{
	render_network(change->object, options, delta->leaves);
	render_isolation_change(model, change->object, options, delta->joins, delta->leaves);
	render_ingress_isolation(model, change->object, options, delta->leaves);
}

static const char *interface_of_network(const Change *change, guint i)
{
	return i == 0 ? ((const Network *)change->object)->bridge : NULL;
}

static Lifetime *lifetime_of(const Change *change)
{
	return &((Network *)change->object)->lifetime;
}

static const Network *bridge_of(const Change *change)
{
	return change->object;
}

static const AllowFrom *sources_of(const Change *change)
{
	return ((const Network *)change->object)->options.allow_from;
}

static void announce_added(const Change *change, const Observer *observer)
{
	observer->added(OBJECT_NETWORK, change->object, observer->userdata);
}

static void announce_removed(const Change *change, const Observer *observer)
{
	observer->removed(OBJECT_NETWORK, change->object, observer->userdata);
}

const ChangeKind network_added = {
	.name = "network-added",
	.type = 'N',
	.adds = 1,
	.apply = insert,
	.revert = take_out,
	.release = release_unless_applied,
	.encode = encode_added,
	.decode = decode_added,
	.rules = rules_added,
	.host = HOST_INTERFACE,
	.interface = interface_of_network,
	.of = lifetime_of,
	.begins = true,
	.bridge = bridge_of,
	.sources = sources_of,
	.announce = announce_added,
};

const ChangeKind network_removed = {
	.name = "network-removed",
	.type = 'n',
	.adds = -1,
	.apply = take_out,
	.revert = insert,
	.release = release_if_applied,
	.encode = encode_removed,
	.decode = decode_removed,
	.rules = rules_removed,
	.host = HOST_INTERFACE,
	.interface = interface_of_network,
	.of = lifetime_of,
	.ends = true,
	.announce = announce_removed,
};

/* What the network has and what the change holds change places, either way. */
static void swap_options(Model *model, Change *change)
{
	Network *network = change->object;
	NetworkOptions *held = change->part, options = network->options;

	options.allow_from = model_set_allow_from(model, &network->lifetime, held->allow_from);
	network->options = *held;
	*held = options;
}

static void release_options(Change *change, bool applied G_GNUC_UNUSED)
{
	allow_from_unref(((NetworkOptions *)change->part)->allow_from);
	g_free(change->part);
}

static void encode_updated(const Change *change, GByteArray *to)
{
	encode_network_options(to, change->object);
}

static bool decode_updated(Change *change, Record *record, Model *model, GError **error)
{
	NetworkOptions options;

	change->object = decode_network_options(record, model, &options, error);
	if (change->object)
		change->part = g_memdup2(&options, sizeof options);
	return change->object;
}

/* Of those that have no list of their own. */
static void render_default_denials(const Network *network, GArray *items)
{
	for (const GList *i = network->endpoints_by_age.head; i; i = i->next)
		if (!((const Endpoint *)i->data)->allow_from)
			render_denials(i->data, items);
}

static void rules_updated(const Change *change, const Model *model, const RenderOptions *options, RuleDelta *delta)
{
	const Network *network = change->object;
	Network before = *network;

	before.options = *(const NetworkOptions *)change->part;
	render_network(&before, options, delta->leaves);
	render_ingress_isolation(model, &before, options, delta->leaves);
	render_network(network, options, delta->joins);
	render_ingress_isolation(model, network, options, delta->joins);
	rendering_cancel(delta->joins, delta->leaves);
	if (!before.options.allow_from != !network->options.allow_from && !options->capped)
		render_default_denials(network, network->options.allow_from ? delta->joins : delta->leaves);
}

static void guards_updated(const Change *change, const Model *model G_GNUC_UNUSED, GArray *guards)
{
	const Network *network = change->object;

	if (!allow_from_includes(network->options.allow_from, ((const NetworkOptions *)change->part)->allow_from))
		guard_network(network, guards);
}

/* What was established would stay so. */
static void separations_updated(const Change *change, const Model *model G_GNUC_UNUSED, GArray *separations)
{
	const Network *network = change->object;

	if (((const NetworkOptions *)change->part)->communication && !network->options.communication)
		separations_add_network(separations, network);
}

static const AllowFrom *sources_updated(const Change *change)
{
	const NetworkOptions *before = change->part;
	const AllowFrom *list = sources_of(change);

	return allow_from_equal(list, before->allow_from) ? NULL : list;
}

static void announce_updated(const Change *change, const Observer *observer)
{
	const Network *network = change->object;
	const NetworkOptions *before = change->part, *now = &network->options;

	if (now->communication != before->communication)
		observer->changed(OBJECT_NETWORK, change->object, "InterContainerCommunication", observer->userdata);
	if (now->masquerade != before->masquerade)
		observer->changed(OBJECT_NETWORK, change->object, "Masquerade", observer->userdata);
	if (!address_equal(&now->host_binding, &before->host_binding))
		observer->changed(OBJECT_NETWORK, change->object, "HostBinding", observer->userdata);
	if (!source_address_equal(now->source_addresses, before->source_addresses))
		observer->changed(OBJECT_NETWORK, change->object, "SourceAddress", observer->userdata);
	if (!allow_from_equal(now->allow_from, before->allow_from))
		observer->changed(OBJECT_NETWORK, change->object, "AllowFrom", observer->userdata);
}

const ChangeKind network_updated = {
	.name = "network-updated",
	.type = 'U',
	.apply = swap_options,
	.revert = swap_options,
	.release = release_options,
	.encode = encode_updated,
	.decode = decode_updated,
	.rules = rules_updated,
	.host = HOST_INTERFACE,
	.interface = interface_of_network,
	.guards = guards_updated,
	.separations = separations_updated,
	.of = lifetime_of,
	.sources = sources_updated,
	.announce = announce_updated,
};
