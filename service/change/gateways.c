/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/change/gateways.h"

#include "service/change/claim.h"
#include "service/model/special.h"
#include "service/netlink/route.h"

/* HOLDER: the network whose subnet it is in, or NULL. */
static bool is_one_hosts(const Transaction *transaction, const Network *holder, const Address *address)
{
	return !(holder && prefix_reserves(&holder->subnets[address_family(address)], address)) &&
	       !route_is_broadcast(transaction->netlink, address);
}

/* Of a bridge that is made with its network; what else the host has, its routes tell. */
static bool is_ours(const Network *holder, const Address *address)
{
	return holder && holder->creates_bridge && address_equal(&holder->gateways[address_family(address)], address);
}

static bool parse_one(const Transaction *transaction, Ingress *ingress, const char *key, const char *text,
		      GError **error)
{
	static const char *const names[N_FAMILIES] = { "IPv4", "IPv6" };
	Gateway gateway = {};
	const Network *holder;
	const char *special;
	enum family family;

	if (!address_parse(text, &gateway.address))
		return netfilter_fail(error, INVALID_ARGS, "%s: \"%s\" is not an address", key, cut(text));
	holder = claim_find_holder(transaction->model, &gateway.address);
	if (is_ours(holder, &gateway.address))
		return netfilter_fail(error, INVALID_ARGS, "%s: \"%s\" is this host's own", key, text);
	special = address_find_special(&gateway.address);
	if (special)
		return netfilter_fail(error, INVALID_ARGS, "%s: \"%s\" is one of %s", key, text, special);
	if (ingress_find_gateway(ingress, &gateway.address) >= 0)
		return netfilter_fail(error, INVALID_ARGS, "%s: \"%s\" is there twice", key, text);
	family = address_family(&gateway.address);
	if (ingress->gateways->len > 0 && ingress_family(ingress) != family)
		return netfilter_fail(error, INVALID_ARGS, "%s: \"%s\" is of %s and the first of %s; one is allowed",
				      key, text, names[family], names[!family]);
	if (!is_one_hosts(transaction, holder, &gateway.address))
		return netfilter_fail(error, INVALID_ARGS, "%s: \"%s\" is not one host's", key, text);
	if (ingress->gateways->len == GATEWAYS_MAX)
		return netfilter_fail(error, INVALID_ARGS, "%s: \"%s\" is one too many; at most %d are allowed", key,
				      text, GATEWAYS_MAX);
	g_array_append_val(ingress->gateways, gateway);
	return true;
}

bool gateways_parse(const Transaction *transaction, Ingress *ingress, const char *key, char *const *texts,
		    GError **error)
{
	g_array_set_size(ingress->gateways, 0);
	for (; texts && *texts; texts++)
		if (!parse_one(transaction, ingress, key, *texts, error))
			return false;
	return ingress->gateways->len > 0 || netfilter_fail(error, INVALID_ARGS, "%s: an ingress needs %s", key,
							    g_str_equal(key, "Gateway") ? "one" : "at least one");
}

static bool find_bridge(const Transaction *transaction, const Ingress *ingress, Gateway *gateway, GError **error)
{
	const Network *holder = claim_find_holder(transaction->model, &gateway->address);
	const char *given = ingress->bridge_given;
	int ifindex;

	if (*given) {
		g_strlcpy(gateway->bridge, given, sizeof gateway->bridge);
		return true;
	}
	if (!holder)
		return route_lookup(transaction->netlink, &gateway->address, &ifindex, gateway->bridge, error);
	/* Its route may be there only after the commit. */
	g_strlcpy(gateway->bridge, holder->bridge, sizeof gateway->bridge);
	return true;
}

static bool check_bridge(const Transaction *transaction, const char *bridge, GError **error)
{
	InterfaceInfo info;

	if (g_hash_table_contains(transaction->model->bridges, bridge))
		return true;
	if (interfaces_is_leaving(transaction->interfaces, bridge))
		return netfilter_fail(error, PENDING, "bridge \"%s\" is being deleted", bridge);
	if (!interface_find(transaction->netlink, bridge, &info, error))
		return false;
	if (info.ifindex == 0 || interfaces_is_leftover(transaction->interfaces, bridge, info.ifindex))
		return netfilter_fail(error, INVALID_ARGS, "Bridge: there is no interface \"%s\"", bridge);
	return true;
}

bool gateways_find_ways(const Transaction *transaction, Ingress *ingress, GError **error)
{
	bool elsewhere = false;

	for (guint i = 0; i < ingress->gateways->len; i++) {
		Gateway *gateway = &g_array_index(ingress->gateways, Gateway, i);

		if (!find_bridge(transaction, ingress, gateway, error) ||
		    !check_bridge(transaction, gateway->bridge, error))
			return false;
		elsewhere |= !g_hash_table_contains(transaction->model->bridges, gateway->bridge);
	}
	/* An endpoint answers by this host; another host may know a shorter way to the client. */
	if (!ingress->masquerade_given)
		ingress->masquerade = elsewhere;
	return true;
}

/* Where nothing is published from its network, nothing is forwarded to either. */
static bool check_networks(const Model *model, const Gateway *gateway, GError **error)
{
	const Network *networks[] = {
		g_hash_table_lookup(model->bridges, gateway->bridge),
		claim_find_holder(model, &gateway->address),
	};
	char text[INET6_ADDRSTRLEN];

	for (gsize i = 0; i < G_N_ELEMENTS(networks); i++)
		if (networks[i] && network_is_closed(networks[i], address_family(&gateway->address)))
			return netfilter_fail(error, NETWORK_INTERNAL,
					      "network \"%s\" is internal, no ingress forwards to %s",
					      cut(networks[i]->name), address_format(&gateway->address, text));
	return true;
}

bool gateways_check(const Model *model, const Ingress *ingress, GError **error)
{
	for (guint i = 0; i < ingress->gateways->len; i++)
		if (!check_networks(model, ingress_gateway(ingress, i), error))
			return false;
	return true;
}
