/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/private.h"

#include <stdio.h>
#include <string.h>

/* The longest subnets that hold a gateway and an endpoint, the shortest that are still somebody's network. */
static const struct {
	guint8 min, max;
} subnet_lengths[N_FAMILIES] = { [FAMILY_IPV4] = { 8, 30 }, [FAMILY_IPV6] = { 16, 126 } };

static bool parse_subnets(Network *network, char **texts, GError **error)
{
	if (!texts || !texts[0])
		return netfilter_fail(error, INVALID_ARGS, "Subnets: a network needs at least one");

	for (guint i = 0; texts[i]; i++) {
		Prefix subnet;
		enum family family;

		if (!prefix_parse(texts[i], &subnet))
			return netfilter_fail(error, INVALID_ARGS,
					      "Subnets: \"%s\" is not a subnet (like 172.18.0.0/16)", texts[i]);
		family = address_family(&subnet.address);
		if (network_has_family(network, family))
			return netfilter_fail(error, INVALID_ARGS, "Subnets: \"%s\" is a second %s subnet", texts[i],
					      family_to_string(family));
		if (subnet.length < subnet_lengths[family].min || subnet.length > subnet_lengths[family].max)
			return netfilter_fail(error, INVALID_ARGS,
					      "Subnets: the prefix length of \"%s\" is not from %u to %u", texts[i],
					      subnet_lengths[family].min, subnet_lengths[family].max);
		if (address_is_loopback(&subnet.address) || address_is_multicast(&subnet.address) ||
		    address_is_link_local(&subnet.address) || address_is_any(&subnet.address))
			return netfilter_fail(error, INVALID_ARGS, "Subnets: \"%s\" cannot be a network's", texts[i]);
		network->subnets[family] = prefix_mask(&subnet);
	}
	return true;
}

static bool parse_gateways(Network *network, char **texts, GError **error)
{
	for (guint i = 0; texts && texts[i]; i++) {
		Address gateway;
		enum family family;

		if (!address_parse(texts[i], &gateway))
			return netfilter_fail(error, INVALID_ARGS, "Gateways: \"%s\" is not an address", texts[i]);
		family = address_family(&gateway);
		if (network->gateways[family].family != AF_UNSPEC)
			return netfilter_fail(error, INVALID_ARGS, "Gateways: \"%s\" is a second %s gateway", texts[i],
					      family_to_string(family));
		if (!network_has_family(network, family) || !prefix_contains(&network->subnets[family], &gateway) ||
		    prefix_reserves(&network->subnets[family], &gateway))
			return netfilter_fail(error, INVALID_ARGS,
					      "Gateways: \"%s\" is not a host of the network's subnet", texts[i]);
		network->gateways[family] = gateway;
	}
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (network_has_family(network, family) && network->gateways[family].family == AF_UNSPEC)
			network->gateways[family] = prefix_first_host(&network->subnets[family]);
	return true;
}

static bool parse_host_binding(Network *network, const char *text, GError **error)
{
	Address address = {};

	if (text && *text &&
	    (!address_parse(text, &address) || address_is_multicast(&address) || address_is_broadcast(&address)))
		return netfilter_fail(error, INVALID_ARGS, "HostBinding: \"%s\" is not an address to publish on", text);
	if (address.family != AF_UNSPEC && !network_has_family(network, address_family(&address)))
		return netfilter_fail(error, INVALID_ARGS, "HostBinding: \"%s\": the network has no %s subnet", text,
				      family_to_string(address_family(&address)));
	network->host_binding = address;
	return true;
}

static bool check_subnets(const Manager *manager, const Network *network, GError **error)
{
	GHashTableIter iter;
	gpointer value;
	char ours[INET6_ADDRSTRLEN + 4], theirs[INET6_ADDRSTRLEN + 4];

	g_hash_table_iter_init(&iter, manager->networks);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const Network *other = value;

		for (enum family family = 0; family < N_FAMILIES; family++)
			if (network_has_family(network, family) && network_has_family(other, family) &&
			    prefix_overlaps(&network->subnets[family], &other->subnets[family]))
				return netfilter_fail(error, SUBNET_IN_USE,
						      "subnet %s overlaps with %s of network \"%s\"",
						      prefix_format(&network->subnets[family], ours),
						      prefix_format(&other->subnets[family], theirs), other->name);
	}
	return true;
}

/* "br-NAME" where that is an interface name, else "br-" and something of the same name's digest. */
static void derive_bridge(Network *network)
{
	g_autofree char *name = g_strdup_printf("br-%s", network->name);
	g_autofree char *digest = NULL;

	if (!link_name_is_valid(name)) {
		digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, network->name, -1);
		snprintf(network->bridge, sizeof network->bridge, "br-%.12s", digest);
		return;
	}
	g_strlcpy(network->bridge, name, sizeof network->bridge);
}

static bool choose_bridge(Manager *manager, Network *network, const char *name, bool *ret_exists, GError **error)
{
	const Network *other;
	enum link_kind kind;

	if (!name || !*name)
		derive_bridge(network);
	else if (!link_name_is_valid(name))
		return netfilter_fail(error, INVALID_ARGS, "Bridge: \"%s\" is not an interface name", name);
	else
		g_strlcpy(network->bridge, name, sizeof network->bridge);

	other = g_hash_table_lookup(manager->bridges, network->bridge);
	if (other)
		return netfilter_fail(error, BRIDGE_IN_USE, "bridge %s is in use by network \"%s\"", network->bridge,
				      other->name);
	if (g_hash_table_contains(manager->bridges_leaving, network->bridge))
		return netfilter_fail(error, PENDING, "bridge %s is being deleted", network->bridge);
	host_free_bridge_name(manager, network->bridge);
	if (!link_kind(manager->netlink, network->bridge, &kind, error))
		return false;
	if (kind == LINK_OTHER)
		return netfilter_fail(error, BRIDGE_IN_USE, "interface %s exists and is not a bridge", network->bridge);
	*ret_exists = kind == LINK_BRIDGE;
	return true;
}

static bool parse_network(Network *network, const NetworkSettings *settings, GError **error)
{
	network->internal = settings->internal;
	network->communication = settings->communication;
	network->masquerade = settings->masquerade;
	return parse_subnets(network, settings->subnets, error) && parse_gateways(network, settings->gateways, error) &&
	       parse_host_binding(network, settings->host_binding, error);
}

static bool wants_localnet(const Manager *manager, const Network *network)
{
	return !network->internal && network_has_family(network, FAMILY_IPV4) &&
	       (manager->config.hairpin || manager->config.localhost_publish);
}

/* What of the host the network needs, besides its bridge. */
bool network_use_host(Manager *manager, Network *network, GError **error)
{
	for (enum family family = 0; family < N_FAMILIES; family++) {
		if (!network_has_family(network, family))
			continue;
		if (!network->internal && !host_use_forwarding(manager, family, error))
			return false;
		if (!network->communication && !host_use_bridge_filter(manager, family, error))
			return false;
	}
	if (wants_localnet(manager, network))
		host_use_localnet(manager, network->bridge);
	return true;
}

void network_leave_host(Manager *manager, Network *network)
{
	if (wants_localnet(manager, network))
		host_leave_localnet(manager, network->bridge);
	for (enum family family = 0; family < N_FAMILIES; family++) {
		if (!network_has_family(network, family))
			continue;
		if (!network->communication)
			host_leave_bridge_filter(manager, family);
		if (!network->internal)
			host_leave_forwarding(manager, family);
	}
}

GArray *network_render_own(const Manager *manager, const Network *network)
{
	RenderOptions options = manager_render_options(manager);
	GArray *items = rendering_new();

	render_network(network, &options, items);
	return items;
}

static void undo_insert(void *context, void *object)
{
	Manager *manager = context;
	Network *network = object;

	g_hash_table_remove(manager->bridges, network->bridge);
	g_hash_table_steal(manager->networks, network->name);
	network_free(network);
}

static void undo_remove(void *context, void *object)
{
	Manager *manager = context;
	Network *network = object;

	g_hash_table_insert(manager->networks, network->name, network);
	g_hash_table_insert(manager->bridges, network->bridge, network);
}

static void done_remove(void *context, void *object)
{
	Manager *manager = context;

	manager_tell_removed(manager, OBJECT_NETWORK, object);
	network_free(object);
}

static void insert_network(Manager *manager, Network *network)
{
	isolation_join(manager, network);
	g_hash_table_insert(manager->networks, network->name, network);
	g_hash_table_insert(manager->bridges, network->bridge, network);
	transaction_push(manager->transaction, undo_insert, NULL, NULL, manager, network);
	manager_own(manager, &network->lifetime);
	manager_note_added(manager, OBJECT_NETWORK, network);
}

Network *network_create(Manager *manager, const char *name, const NetworkSettings *settings, GError **error)
{
	g_autoptr(Network) fresh = NULL;
	Network *network;
	bool bridge_exists = false;

	if (!name_is_valid("network", name, error))
		return NULL;
	if (g_hash_table_contains(manager->networks, name)) {
		netfilter_fail(error, NETWORK_EXISTS, "network \"%s\" exists", name);
		return NULL;
	}
	fresh = network_new(name);
	if (!manager_begin_lifetime(manager, &fresh->lifetime, OBJECT_NETWORK, fresh, &settings->lifetime, error) ||
	    !parse_network(fresh, settings, error) || !check_subnets(manager, fresh, error) ||
	    !choose_bridge(manager, fresh, settings->bridge, &bridge_exists, error) ||
	    !quota_take(manager, QUOTA_NETWORKS, fresh->lifetime.uid, 1, error))
		return NULL;

	fresh->sequence = manager_next_sequence(manager);
	network = g_steal_pointer(&fresh);
	insert_network(manager, network);
	manager_add_rules(manager, network_render_own(manager, network));
	if (!bridge_exists)
		host_create_bridge(manager, network);
	if (!network_use_host(manager, network, error))
		return NULL;
	record_network(manager, network);
	for (guint i = 0; settings->endpoints && i < settings->endpoints->len; i++)
		if (!endpoint_create(manager, network, settings->endpoints->pdata[i], error))
			return NULL;
	return network;
}

typedef struct NetworkChange {
	Network *network;
	bool communication, masquerade;
	Address host_binding;
} NetworkChange;

static void undo_update(void *context G_GNUC_UNUSED, void *object)
{
	NetworkChange *change = object;

	change->network->communication = change->communication;
	change->network->masquerade = change->masquerade;
	change->network->host_binding = change->host_binding;
	g_free(change);
}

static void done_update(void *context G_GNUC_UNUSED, void *object)
{
	g_free(object);
}

bool network_update(Manager *manager, Network *network, guint mask, const NetworkSettings *settings, GError **error)
{
	NetworkChange *change = g_new(NetworkChange, 1);
	bool communication = network->communication;

	*change = (NetworkChange){ network, network->communication, network->masquerade, network->host_binding };
	manager_remove_rules(manager, network_render_own(manager, network));
	transaction_push(manager->transaction, undo_update, NULL, done_update, NULL, change);

	if (mask & UPDATE_HOST_BINDING && !parse_host_binding(network, settings->host_binding, error))
		return false;
	if (mask & UPDATE_COMMUNICATION)
		network->communication = settings->communication;
	if (mask & UPDATE_MASQUERADE)
		network->masquerade = settings->masquerade;
	manager_add_rules(manager, network_render_own(manager, network));
	record_network_update(manager, network);

	for (enum family family = 0; family < N_FAMILIES; family++) {
		if (!network_has_family(network, family))
			continue;
		if (communication && !network->communication && !host_use_bridge_filter(manager, family, error))
			return false;
		if (!communication && network->communication)
			host_leave_bridge_filter(manager, family);
	}

	if (network->communication != change->communication)
		manager_note_changed(manager, OBJECT_NETWORK, network, "InterContainerCommunication");
	if (network->masquerade != change->masquerade)
		manager_note_changed(manager, OBJECT_NETWORK, network, "Masquerade");
	if (!address_equal(&network->host_binding, &change->host_binding))
		manager_note_changed(manager, OBJECT_NETWORK, network, "HostBinding");
	return true;
}

void network_delete(Manager *manager, Network *network)
{
	GHashTableIter iter;
	gpointer endpoint;

	while (g_hash_table_size(network->endpoints) > 0) {
		g_hash_table_iter_init(&iter, network->endpoints);
		g_hash_table_iter_next(&iter, NULL, &endpoint);
		endpoint_delete(manager, endpoint);
	}
	network_leave_host(manager, network);
	host_leave_bridge(manager, network);
	manager_remove_rules(manager, network_render_own(manager, network));
	manager_disown(manager, &network->lifetime);
	record_network_gone(manager, network);
	quota_give(manager, QUOTA_NETWORKS, network->lifetime.uid, 1);

	g_hash_table_remove(manager->bridges, network->bridge);
	g_hash_table_steal(manager->networks, network->name);
	transaction_push(manager->transaction, undo_remove, NULL, done_remove, manager, network);
	isolation_leave(manager, network);
}

GArray *service_rules_of_network(Manager *manager, const Network *network)
{
	GArray *items = network_render_own(manager, network);
	GHashTableIter iter;
	gpointer endpoint;

	isolation_render(manager, network, items);
	g_hash_table_iter_init(&iter, network->endpoints);
	while (g_hash_table_iter_next(&iter, NULL, &endpoint)) {
		g_autoptr(GArray) part = service_rules_of_endpoint(manager, endpoint);

		g_array_append_vals(items, part->data, part->len);
	}
	return items;
}

void manager_link_vanished(Manager *manager, const char *name)
{
	Network *network = g_hash_table_lookup(manager->bridges, name);
	GHashTableIter iter;
	gpointer value;
	enum link_kind kind;

	/* The news may be old, and the name taken again by us. */
	if (link_kind(manager->netlink, name, &kind, NULL) && kind != LINK_MISSING)
		return;
	if (network) {
		/* Whatever takes the name next is not ours to delete. */
		network->bridge_created = false;
		g_warning("Bridge %s of network \"%s\" is gone; the network's rules stay until it is deleted", name,
			  network->name);
	}
	g_hash_table_iter_init(&iter, manager->ingresses);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const Ingress *ingress = value;

		if (strcmp(ingress->bridge, name) == 0)
			g_warning("Interface %s of ingress \"%s\" is gone; its rules stay until it is deleted", name,
				  ingress->name);
	}
}
