/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/wanted.h"

#include <string.h>

static const guint8 nf_call[N_FAMILIES] = { 1 << SWITCH_NF_CALL_IPV4, 1 << SWITCH_NF_CALL_IPV6 };

static bool network_forwards(const Network *network, enum family family)
{
	return !network_is_closed(network, family) && network_has_family(network, family);
}

bool wanted_forwarding(const Model *model, const Config *config, enum family family)
{
	if (!config->ip_forward)
		return false;
	for (const GList *i = model->networks_by_age.head; i; i = i->next)
		if (network_forwards(i->data, family))
			return true;
	for (const GList *i = model->ingresses_by_age.head; i; i = i->next)
		if (ingress_family(i->data) == family)
			return true;
	return false;
}

/* Whoever may not reach a port may be on the same bridge. */
static bool network_is_limited(const Config *config, const Network *network)
{
	return config->allow_from || network->options.allow_from || network->n_limited > 0;
}

static guint8 network_switches(const Config *config, const Network *network)
{
	static const guint8 forwarding[N_FAMILIES] = { 1 << SWITCH_FORWARDING_IPV4, 1 << SWITCH_FORWARDING_IPV6 };
	guint8 set = 0;

	for (enum family family = 0; family < N_FAMILIES; family++) {
		if (config->ip_forward && network_forwards(network, family))
			set |= forwarding[family];
		/* Endpoints have link-local addresses by themselves, whatever subnets the network has. */
		if (!network->options.communication ||
		    (network_forwards(network, family) && network_is_limited(config, network)))
			set |= nf_call[family];
	}
	if (network_forwards(network, FAMILY_IPV4) && network->modes[FAMILY_IPV4] == MODE_NAT &&
	    (config->hairpin || (config->localhost_publish && network->n_localhost > 0)))
		set |= 1 << SWITCH_LOCALNET;
	return set;
}

bool wanted_interface(const Model *model, const char *interface)
{
	if (g_hash_table_contains(model->bridges, interface))
		return true;
	for (const GList *i = model->ingresses_by_age.head; i; i = i->next)
		if (ingress_has_bridge(i->data, interface))
			return true;
	return false;
}

guint8 wanted_switches(const Model *model, const Config *config, const char *interface)
{
	const Network *network = g_hash_table_lookup(model->bridges, interface);
	guint8 set = network ? network_switches(config, network) : 0;

	for (const GList *i = model->ingresses_by_age.head; i; i = i->next) {
		const Ingress *ingress = i->data;

		if (!ingress_has_bridge(ingress, interface))
			continue;
		if (ingress_family(ingress) == FAMILY_IPV4)
			set |= 1 << SWITCH_LOCALNET;
		/* What is no bridge of ours may be none at all. */
		if (network && (config->allow_from || ingress->allow_from))
			set |= nf_call[ingress_family(ingress)];
	}
	return set;
}

/*
 * The link-local address that the kernel would make as well, but would hold back for a second or two once the first
 * port brings the carrier; meanwhile it has no source for neighbour discovery, and nothing is forwarded to the bridge.
 */
static Prefix link_local_address(const guint8 mac[static 6])
{
	const guint8 interface_id[8] = { mac[0] ^ 0x02, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5] };
	Prefix address = { .address = { AF_INET6, { 0xfe, 0x80 } }, .length = 64 };

	memcpy(address.address.bytes + 8, interface_id, sizeof interface_id);
	return address;
}

void wanted_bridge(const Network *network, WantedBridge *ret)
{
	*ret = (WantedBridge){
		/* An endpoint in two networks answers by the one that has its default route. */
		.rp_filter = 2,
		/* Otherwise an endpoint could make itself the default router of a host that does not forward IPv6. */
		.accept_ra = 0,
	};
	for (guint i = 0; i < sizeof ret->mac; i++)
		ret->mac[i] = network->mac >> (8 * (sizeof ret->mac - 1 - i));
	ret->without_ipv6 = network->modes[FAMILY_IPV6] == MODE_ISOLATED;
	ret->with_ipv6 = !ret->without_ipv6 && network_has_family(network, FAMILY_IPV6);
	if (!ret->without_ipv6)
		ret->link_local = link_local_address(ret->mac);
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (network->gateways[family].family != AF_UNSPEC)
			ret->addresses[family] = (Prefix){ network->gateways[family], network->subnets[family].length };
}
