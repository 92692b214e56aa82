/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/explain/facts.h"

#include "service/netlink/bridge.h"
#include "service/netlink/interface.h"
#include "service/netlink/route.h"
#include "service/netlink/sockets.h"
#include "service/netlink/sysctl.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

static const HostFacts *of(const Facts *facts)
{
	return (const HostFacts *)facts;
}

/* IPv6 has one switch for all, which is asked after the route. */
static bool is_forwarding(const HostFacts *host, enum family family, int ifindex)
{
	bool on = true;
	guint value = 1;

	if (family == FAMILY_IPV6)
		return !sysctl_get("net/ipv6/conf/all/forwarding", &on, NULL) || on;
	return !interface_get_setting(host->netlink, ifindex, INTERFACE_FORWARDING, &value, NULL) || value != 0;
}

/* The stricter of what is said for all interfaces and for this one: 1 wants answers to leave by it, 2 by any. */
static guint rp_filter_of(const HostFacts *host, int ifindex)
{
	g_autofree char *all = NULL;
	guint own = 0;

	(void)(interface_get_setting(host->netlink, ifindex, INTERFACE_RP_FILTER, &own, NULL) &&
	       sysctl_read("net/ipv4/conf/all/rp_filter", &all, NULL));
	return MAX(own, all ? g_ascii_strtoull(all, NULL, 10) : 0);
}

/* The kernel says of what rp_filter stops -EXDEV or, since Linux 6.14, the same as of martians. */
static bool is_filtered(const HostFacts *host, const Address *from, int ifindex)
{
	guint filter = ifindex != 0 ? rp_filter_of(host, ifindex) : 0;
	RouteAnswer back;

	if (filter == 0)
		return false;
	if (route_ask(host->netlink, &(Address){}, from, 0, &back) < 0)
		return true;
	return filter == 1 && back.type == RTN_UNICAST && back.ifindex != ifindex;
}

static enum way failed_way(const HostFacts *host, const Address *from, int ifindex, int r)
{
	if (r == -EXDEV)
		return WAY_FILTERED;
	if (r == -EINVAL)
		return from->family == AF_INET && is_filtered(host, from, ifindex) ? WAY_FILTERED : WAY_MARTIAN;
	return from->family == AF_INET && ifindex != 0 && !is_forwarding(host, FAMILY_IPV4, ifindex) ? WAY_CLOSED
												     : WAY_NONE;
}

static Way host_route(const Facts *facts, const Address *from, const Address *to, const char *interface)
{
	const HostFacts *host = of(facts);
	enum family family = address_family(to);
	InterfaceInfo info = {};
	RouteAnswer answer;
	Way way = {};
	int r;

	if (*interface && (!interface_find(host->netlink, interface, &info, NULL) || info.ifindex == 0))
		return (Way){ .kind = WAY_NONE };
	r = route_ask(host->netlink, from, to, info.ifindex, &answer);
	if (r < 0)
		return (Way){ .kind = failed_way(host, from, info.ifindex, r) };
	way.own = answer.own;
	if (answer.type == RTN_LOCAL) {
		way.kind = WAY_HOST;
		return way;
	}
	way.kind = answer.type == RTN_UNICAST ? WAY_OUT : WAY_MARTIAN;
	if (info.ifindex != 0 && family == FAMILY_IPV6 && !is_forwarding(host, family, info.ifindex))
		way.kind = WAY_CLOSED;
	if (!interface_find_index(host->netlink, answer.ifindex, &info, NULL) || info.ifindex == 0)
		way.kind = WAY_NONE;
	g_strlcpy(way.interface, info.name, sizeof way.interface);
	return way;
}

static bool host_sees_bridged(const Facts *facts, enum family family, const char *bridge)
{
	bool on = false, own = false;
	InterfaceInfo info;

	if (!interface_find(of(facts)->netlink, bridge, &info, NULL) || info.kind != INTERFACE_BRIDGE)
		return false;
	return (bridges_get_nf_call(family, &on, NULL) && on) ||
	       (bridge_get_nf_call(of(facts)->netlink, info.ifindex, family, &own, NULL) && own);
}

static bool host_listens(const Facts *facts G_GNUC_UNUSED, guint8 protocol, const Address *address, guint16 port)
{
	bool listens = false;

	return sockets_find_listener(protocol, address, port, &listens, NULL) && listens;
}

static bool host_policy_drops(const Facts *facts, enum family family)
{
	const Backend *backend = firewall_backend(of(facts)->firewall);
	enum rule_target policy = ruleset_forward_policy(firewall_ruleset(of(facts)->firewall), family);

	if (policy == TARGET_PLACE && !backend->kind->forward_policy((Backend *)backend, family, &policy, NULL))
		return false;
	return policy == TARGET_DROP;
}

static char *host_foreign_drop(const Facts *facts, enum family family)
{
	g_autoptr(GPtrArray) drops = NULL;

	if (!firewall_find_forward_drops(of(facts)->firewall, &drops, NULL))
		return NULL;
	for (guint i = 0; i < drops->len; i++)
		if (foreign_chain_has_family(drops->pdata[i], family))
			return foreign_chain_name(drops->pdata[i]);
	return NULL;
}

HostFacts host_facts(Netlink *netlink, Firewall *firewall)
{
	return (HostFacts){ .facts = { .route = host_route,
				       .sees_bridged = host_sees_bridged,
				       .listens = host_listens,
				       .policy_drops = host_policy_drops,
				       .foreign_drop = host_foreign_drop },
			    .netlink = netlink,
			    .firewall = firewall };
}
