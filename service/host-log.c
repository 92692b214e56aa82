/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host-log.h"

#include "service/service.h"

#include <string.h>

/* Nobody reads more of them, and each costs memory. */
#define MAX_ROUTES_TOLD 256

/* Whether a route leads to a bridge of ours, or to an interface that has gone with its routes since. */
static bool is_harmless(const Service *service, const Network *network, int ifindex)
{
	g_autoptr(GArray) ours = interfaces_created(service->interfaces);
	LinkInfo info;

	if (ifindex == 0)
		return false;
	for (guint i = 0; i < ours->len; i++)
		if (g_array_index(ours, int, i) == ifindex)
			return true;
	return link_find_index(service->netlink, ifindex, &info, NULL) &&
	       (info.ifindex == 0 || strcmp(info.name, network->bridge) == 0);
}

void service_route_appeared(Service *service, const Prefix *destination, int ifindex)
{
	char route[INET6_ADDRSTRLEN + 4], subnet[INET6_ADDRSTRLEN + 4];
	enum family family = address_family(&destination->address);

	for (const GList *i = service->model->networks_by_age.head; i; i = i->next) {
		const Network *network = i->data;
		g_autofree char *sentence = NULL;

		if (!network_has_family(network, family) || !prefix_overlaps(&network->subnets[family], destination) ||
		    g_hash_table_size(service->routes_told) >= MAX_ROUTES_TOLD ||
		    is_harmless(service, network, ifindex))
			continue;
		sentence = g_strdup_printf("A route of the host to %s lies over subnet %s of network \"%s\"",
					   prefix_format(destination, route),
					   prefix_format(&network->subnets[family], subnet), cut(network->name));
		if (g_hash_table_contains(service->routes_told, sentence))
			continue;
		g_warning("%s", sentence);
		g_hash_table_add(service->routes_told, g_steal_pointer(&sentence));
	}
}
