/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/bridge-ports.h"

#include "service/host/repair.h"
#include "service/netlink/bridge.h"
#include "service/netlink/interface.h"
#include "service/netlink/veth.h"

#include <string.h>

/* The end on the host of what attaches an endpoint. One that is gone takes the endpoint along. */
static bool compare(Netlink *netlink, const Endpoint *endpoint, int bridge, PortFaults *ret, GError **error)
{
	bool hairpin = true;
	InterfaceInfo info;

	*ret = (PortFaults){};
	if (!endpoint->attachment || endpoint->ifindex == 0)
		return true;
	if (!interface_find_index(netlink, endpoint->ifindex, &info, error))
		return false;
	if (info.ifindex == 0 || memcmp(info.mac, endpoint->attachment->host_mac, sizeof info.mac) != 0)
		return true;
	g_strlcpy(ret->name, info.name, sizeof ret->name);
	ret->group = info.group;
	if (info.group != NETLINK_OWN_GROUP)
		ret->set |= 1 << PORT_GROUP;
	if (info.master != bridge || !info.up)
		ret->set |= 1 << PORT_LOST;
	else if (!bridge_port_get_hairpin(netlink, endpoint->ifindex, &hairpin, error))
		return false;
	if (!hairpin)
		ret->set |= 1 << PORT_HAIRPIN;
	return true;
}

bool bridge_ports_find_lost(Netlink *netlink, const Network *network, int bridge, GArray **ret, GError **error)
{
	g_autoptr(GArray) ports = g_array_new(FALSE, FALSE, sizeof(PortFaults));

	for (const GList *i = network->endpoints_by_age.head; i; i = i->next) {
		PortFaults port;

		if (!compare(netlink, i->data, bridge, &port, error))
			return false;
		if (port.set)
			g_array_append_val(ports, port);
	}
	*ret = ports->len > 0 ? g_steal_pointer(&ports) : NULL;
	return true;
}

bool bridge_port_differs(Netlink *netlink, const Endpoint *endpoint, int bridge)
{
	PortFaults port;

	return compare(netlink, endpoint, bridge, &port, NULL) && port.set;
}

void bridge_ports_mend(Netlink *netlink, const Network *network, int bridge)
{
	for (const GList *i = network->endpoints_by_age.head; i; i = i->next) {
		const Endpoint *endpoint = i->data;
		GError *error = NULL;
		PortFaults port;

		if (!compare(netlink, endpoint, bridge, &port, &error) ||
		    (port.set && !veth_join(netlink, endpoint->ifindex, bridge, &error)))
			error_warn(error);
	}
}

static void tell(const PortFaults *port, enum port_fault fault, const char *object, GPtrArray *repairs)
{
	static const char *const what[N_PORT_FAULTS] = {
		[PORT_LOST] = "port",
		[PORT_HAIRPIN] = "hairpin mode of port",
		[PORT_GROUP] = "group of port",
	};
	g_autofree char *part = g_strdup_printf("%s %s", what[fault], port->name);
	g_autofree char *was = g_strdup_printf("%u", port->group);

	if (fault == PORT_GROUP)
		repairs_add(repairs, object, part, was, G_STRINGIFY(NETLINK_OWN_GROUP));
	else if (fault == PORT_HAIRPIN)
		repairs_add(repairs, object, part, "off", "on");
	else
		repairs_add(repairs, object, part, "gone", "there");
}

void bridge_ports_tell(const GArray *ports, const char *object, GPtrArray *repairs)
{
	for (guint i = 0; i < ports->len; i++)
		for (enum port_fault fault = 0; fault < N_PORT_FAULTS; fault++)
			if (g_array_index(ports, PortFaults, i).set & 1 << fault)
				tell(&g_array_index(ports, PortFaults, i), fault, object, repairs);
}
