/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/flows.h"

#include "service/netlink/conntrack.h"

struct Flows {
	ConntrackFilter *stale;
};

Flows *flows_new(void)
{
	Flows *flows = g_new(Flows, 1);

	flows->stale = conntrack_filter_new();
	return flows;
}

void flows_free(Flows *flows)
{
	if (!flows)
		return;
	conntrack_filter_free(flows->stale);
	g_free(flows);
}

void flows_add_address(Flows *flows, const Address *address)
{
	conntrack_filter_add_address(flows->stale, address);
}

void flows_add_ports(Flows *flows, const PortRange *range)
{
	if (range->protocol == IPPROTO_UDP)
		conntrack_filter_add_udp_ports(flows->stale, range->family, &range->address, range->first,
					       range->count);
}

void flows_end(Flows *flows)
{
	g_autoptr(GError) error = NULL;

	if (conntrack_filter_is_empty(flows->stale))
		return;
	if (!conntrack_flush(flows->stale, NULL, &error))
		g_warning("Connections to what was removed may linger: %s", error->message);
	conntrack_filter_free(flows->stale);
	flows->stale = conntrack_filter_new();
}
