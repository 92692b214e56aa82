/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/change/claim.h"

#include "service/model/name.h"
#include "service/model/special.h"
#include "service/host/resolvers.h"
#include "service/netlink/route.h"

static bool holds(const Network *network, const Address *address)
{
	return prefix_contains(&network->subnets[address_family(address)], address);
}

static bool adopts_bridge(const Transaction *transaction, const Network *network, bool *ret, GError **error)
{
	InterfaceInfo info;

	*ret = false;
	if (g_hash_table_contains(transaction->model->bridges, network->bridge) ||
	    interfaces_is_leaving(transaction->interfaces, network->bridge))
		return true;
	if (!interface_find(transaction->netlink, network->bridge, &info, error))
		return false;
	*ret = info.ifindex != 0 && !interfaces_is_leftover(transaction->interfaces, network->bridge, info.ifindex);
	return true;
}

static bool overlaps_host(const Transaction *transaction, const Network *network, bool *ret, GError **error)
{
	g_autoptr(GArray) ours = interfaces_created(transaction->interfaces);
	Overlap overlap;

	*ret = false;
	for (enum family family = 0; family < N_FAMILIES && !*ret; family++)
		if (network_has_family(network, family) &&
		    !route_find_overlap(transaction->netlink, &network->subnets[family], (const int *)ours->data,
					ours->len, &overlap, ret, error))
			return false;
	return true;
}

/* They are often reached by its default route, and nothing else tells of them. */
static bool takes_name_server(const Network *network)
{
	g_autoptr(GArray) servers = resolvers_read();

	for (guint i = 0; i < servers->len; i++)
		if (holds(network, &g_array_index(servers, Address, i)))
			return true;
	return false;
}

/* Nothing of the host's own tells of them: they are reached by its default route. */
static bool takes_from_internet(const Network *network)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (network_has_family(network, family) && !prefix_is_private(&network->subnets[family]))
			return true;
	return false;
}

/* What a zone of firewalld's lets in, it lets in to the host as well. */
static bool takes_zone(const Network *network)
{
	return *network->zone != '\0' && !g_str_equal(network->zone, ZONE_DEFAULT);
}

bool claim_source_address(const Address sources[static N_FAMILIES])
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (sources[family].family != AF_UNSPEC)
			return true;
	return false;
}

/* What another user's ingress leads to, or by what, whether that is there just now or not. */
static bool takes_from_ingress(const Model *model, const Network *network, uid_t uid)
{
	for (const GList *i = model->ingresses_by_age.head; i; i = i->next) {
		const Ingress *ingress = i->data;

		if (ingress->lifetime.uid == uid)
			continue;
		if (ingress_has_bridge(ingress, network->bridge))
			return true;
		for (guint g = 0; g < ingress->gateways->len; g++)
			if (holds(network, &ingress_gateway(ingress, g)->address))
				return true;
	}
	return false;
}

bool claim_find_network(const Transaction *transaction, const Network *network, uid_t uid, Claim *ret, GError **error)
{
	*ret = (Claim){ .foreign = takes_from_ingress(transaction->model, network, uid),
			.host = takes_from_internet(network) || takes_zone(network) || takes_name_server(network) ||
				claim_source_address(network->options.source_addresses) };
	return ret->host || (adopts_bridge(transaction, network, &ret->host, error) &&
			     (ret->host || overlaps_host(transaction, network, &ret->host, error)));
}

const Network *claim_find_holder(const Model *model, const Address *address)
{
	for (const GList *i = model->networks_by_age.head; i; i = i->next)
		if (holds(i->data, address))
			return i->data;
	return NULL;
}

static void add_gateway(const Model *model, const Gateway *gateway, uid_t uid, Claim *claim)
{
	const Network *way = g_hash_table_lookup(model->bridges, gateway->bridge);
	const Network *holder = claim_find_holder(model, &gateway->address);
	const Endpoint *endpoint = g_hash_table_lookup(model->endpoints, &gateway->address);

	claim->host |= !way || way != holder;
	claim->foreign |= (way && way->lifetime.uid != uid) || (holder && holder->lifetime.uid != uid) ||
			  (endpoint && endpoint->lifetime.uid != uid);
}

Claim claim_find_ingress(const Model *model, const Ingress *ingress, uid_t uid)
{
	Claim claim = {};

	for (guint i = 0; i < ingress->gateways->len; i++)
		add_gateway(model, ingress_gateway(ingress, i), uid, &claim);
	return claim;
}
