/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host-log.h"

#include "service/netlink/ip-address.h"
#include "service/service.h"

#include <string.h>

/* Nobody reads more of them, and each costs memory. */
#define MAX_TOLD 256

/* Whether a route leads to a bridge of ours, or to an interface that has gone with its routes since. */
static bool is_harmless(const Service *service, const Network *network, int ifindex)
{
	InterfaceInfo info;

	if (ifindex == 0)
		return false;
	if (interfaces_is_created(service->interfaces, ifindex))
		return true;
	return interface_find_index(service->netlink, ifindex, &info, NULL) &&
	       (info.ifindex == 0 || strcmp(info.name, network->bridge) == 0);
}

static bool is_full(const Service *service)
{
	return g_hash_table_size(service->told) >= MAX_TOLD;
}

/* Takes the sentence over. */
static void warn_once(Service *service, char *sentence)
{
	if (g_hash_table_contains(service->told, sentence)) {
		g_free(sentence);
		return;
	}
	g_warning("%s", sentence);
	g_hash_table_add(service->told, sentence);
}

void service_route_appeared(Service *service, const Prefix *destination, int ifindex)
{
	char route[INET6_ADDRSTRLEN + 4], subnet[INET6_ADDRSTRLEN + 4];
	enum family family = address_family(&destination->address);

	for (const GList *i = service->model->networks_by_age.head; i; i = i->next) {
		const Network *network = i->data;

		if (!network_has_family(network, family) || !prefix_overlaps(&network->subnets[family], destination) ||
		    is_full(service) || is_harmless(service, network, ifindex))
			continue;
		warn_once(service,
			  g_strdup_printf("A route of the host to %s lies over subnet %s of network \"%s\"",
					  prefix_format(destination, route),
					  prefix_format(&network->subnets[family], subnet), cut(network->name)));
	}
}

/* Another interface may have it, or the same again by now. */
static bool host_has(const Service *service, const Address *address)
{
	g_autoptr(GArray) addresses = NULL;

	if (!ip_address_list(service->netlink, 0, &addresses, NULL))
		return true;
	for (guint i = 0; i < addresses->len; i++)
		if (address_equal(&g_array_index(addresses, IpAddress, i).prefix.address, address))
			return true;
	return false;
}

void service_address_gone(Service *service, const Address *address)
{
	enum family family = address_family(address);
	char text[INET6_ADDRSTRLEN];

	for (const GList *i = service->model->networks_by_age.head; i; i = i->next) {
		const Network *network = i->data;

		if (!address_equal(&network->options.source_addresses[family], address) || is_full(service))
			continue;
		if (host_has(service, address))
			return;
		warn_once(service, g_strdup_printf("The host has lost %s, the SourceAddress of network \"%s\": nothing "
						   "comes back to what leaves it",
						   address_format(address, text), cut(network->name)));
	}
}

void service_tell_idle_chains(Service *service)
{
	g_autoptr(GPtrArray) chains = NULL;
	GError *error = NULL;

	if (!firewall_find_idle_chains(service->firewall, &chains, &error)) {
		error_warn(error);
		return;
	}
	for (guint i = 0; i < chains->len && !is_full(service); i++) {
		g_autofree char *name = foreign_chain_name(chains->pdata[i]);

		warn_once(service,
			  g_strdup_printf("No packet comes to chain %s of nf_tables: the one for rules of one's "
					  "own is %s's",
					  cut(name), firewall_backend(service->firewall)->kind->user_chain_tool));
	}
}
