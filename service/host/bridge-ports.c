/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/bridge-ports.h"

#include "service/model/endpoint.h"
#include "service/netlink/link.h"
#include "service/netlink/veth.h"

#include <string.h>

/* The end on the host of what attaches an endpoint, if that is not as it should be. One that is gone takes the endpoint
 * along. */
static bool find_lost(Netlink *netlink, const Endpoint *endpoint, int bridge, LinkInfo *ret, bool *ret_lost,
		      GError **error)
{
	*ret_lost = false;
	if (!endpoint->attachment || endpoint->ifindex == 0)
		return true;
	if (!link_find_index(netlink, endpoint->ifindex, ret, error))
		return false;
	*ret_lost = ret->ifindex != 0 && memcmp(ret->mac, endpoint->attachment->host_mac, sizeof ret->mac) == 0 &&
		    (ret->master != bridge || !ret->up);
	return true;
}

bool bridge_ports_find_lost(Netlink *netlink, const Network *network, int bridge, GPtrArray **ret, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	for (const GList *i = network->endpoints_by_age.head; i; i = i->next) {
		LinkInfo info;
		bool lost;

		if (!find_lost(netlink, i->data, bridge, &info, &lost, error))
			return false;
		if (lost)
			g_ptr_array_add(names, g_strdup(info.name));
	}
	*ret = names->len > 0 ? g_steal_pointer(&names) : NULL;
	return true;
}

void bridge_ports_mend(Netlink *netlink, const Network *network, int bridge)
{
	for (const GList *i = network->endpoints_by_age.head; i; i = i->next) {
		GError *error = NULL;
		LinkInfo info;
		bool lost;

		if (!find_lost(netlink, i->data, bridge, &info, &lost, &error) ||
		    (lost && !veth_join(netlink, info.ifindex, bridge, &error)))
			error_warn(error);
	}
}
