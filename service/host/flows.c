/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/flows.h"

#include "service/netlink/conntrack.h"

struct Flows {
	ConntrackFilter *stale; /* to be ended next */
	ConntrackFlush *flush;  /* what is being ended; NULL: nothing */
};

Flows *flows_new(void)
{
	Flows *flows = g_new0(Flows, 1);

	flows->stale = conntrack_filter_new();
	return flows;
}

static void finish(Flows *flows)
{
	g_autoptr(GError) error = NULL;

	if (flows->flush && !conntrack_flush_finish(g_steal_pointer(&flows->flush), NULL, &error))
		g_warning("Connections to what was removed may linger: %s", error->message);
}

void flows_free(Flows *flows)
{
	if (!flows)
		return;
	finish(flows);
	conntrack_filter_free(flows->stale);
	g_free(flows);
}

void flows_add_address(Flows *flows, const Address *address)
{
	conntrack_filter_add_address(flows->stale, address);
}

void flows_add_forward(Flows *flows, const Forward *forward)
{
	if (!forward->direct)
		conntrack_filter_add_forward(flows->stale, &forward->to, forward->protocol, forward->port);
	else if (forward->protocol == IPPROTO_UDP)
		conntrack_filter_add_udp_ports(flows->stale, address_family(&forward->to), &forward->to, forward->port,
					       1);
}

void flows_add_ports(Flows *flows, const PortRange *range)
{
	if (range->protocol == IPPROTO_UDP)
		conntrack_filter_add_udp_ports(flows->stale, range->family, &range->address, range->first,
					       range->count);
}

void flows_add_guards(Flows *flows, const GArray *guards, const AllowFrom *ceiling)
{
	conntrack_filter_add_guards(flows->stale, guards, ceiling);
}

void flows_add_separations(Flows *flows, const GArray *separations, bool keep_translated)
{
	conntrack_filter_add_separations(flows->stale, separations, keep_translated);
}

void flows_end(Flows *flows)
{
	g_autoptr(GError) error = NULL;

	if (flows->flush || conntrack_filter_is_empty(flows->stale))
		return;
	flows->flush = conntrack_flush_start(flows->stale, &error);
	flows->stale = conntrack_filter_new();
	if (!flows->flush)
		g_warning("Connections to what was removed may linger: %s", error->message);
	else if (conntrack_flush_fd(flows->flush) < 0)
		finish(flows);
}

int flows_fd(const Flows *flows)
{
	return flows->flush ? conntrack_flush_fd(flows->flush) : -1;
}

void flows_go_on(Flows *flows)
{
	finish(flows);
	flows_end(flows);
}
