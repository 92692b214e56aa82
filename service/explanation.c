/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/explanation.h"

#include "service/explain/verdict.h"
#include "service/netlink/interface.h"
#include "service/service.h"

static bool check_interface(Netlink *netlink, const char *name, GError **error)
{
	InterfaceInfo info;

	return interface_find(netlink, name, &info, error) &&
	       (info.ifindex != 0 ||
		netfilter_fail(error, INVALID_ARGS, "InInterface: there is no interface \"%s\"", name));
}

bool service_explain(Service *service, const PacketSettings *settings, enum outcome *ret_outcome, GPtrArray **ret_steps,
		     GError **error)
{
	const HostFacts host = host_facts(service->netlink, service->firewall);
	const Grounds grounds = {
		.model = service->model,
		.ceiling = service->config.allow_from,
		.ruleset = firewall_ruleset(service->firewall),
		.backend = firewall_backend(service->firewall),
		.facts = &host.facts,
	};
	Packet packet;

	if (!packet_read(settings, &packet, error) ||
	    (*packet.interface && !check_interface(service->netlink, packet.interface, error)))
		return false;
	*ret_outcome = explain(&grounds, &packet, ret_steps);
	return true;
}
