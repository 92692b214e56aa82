/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/route.h"

#include "service/netlink/ip-address.h"
#include "service/netlink/request.h"
#include "service/netlink/route-message.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* A table of the Internet has a million routes: they are looked at as they pass, not kept as libnl's objects. */

static int on_route(struct nl_msg *reply, void *userdata)
{
	return route_read(reply, userdata) ? NL_OK : NL_SKIP;
}

/* from AF_UNSPEC: whatever; ifindex 0: the host itself sends it. Returns 0 or a negative errno. */
static int get_route(Netlink *netlink, const Address *from, const Address *to, int ifindex, struct route *ret)
{
	const guint8 bits = family_bits(address_family(to));
	struct rtmsg header = { .rtm_family = to->family,
				.rtm_dst_len = bits,
				.rtm_src_len = from->family == AF_UNSPEC ? 0 : bits };
	NlMsg *request = nlmsg_alloc_simple(RTM_GETROUTE, 0);

	if (!request || nlmsg_append(request, &header, sizeof(header), NLMSG_ALIGNTO) < 0 ||
	    nla_put(request, RTA_DST, bits / 8, to->bytes) < 0 ||
	    (from->family != AF_UNSPEC && nla_put(request, RTA_SRC, bits / 8, from->bytes) < 0) ||
	    (ifindex != 0 && nla_put_u32(request, RTA_IIF, ifindex) < 0))
		g_error("Out of memory");
	*ret = (struct route){};
	return netlink_request(netlink, request, on_route, ret);
}

/* The route that a packet of the host itself would take. */
static int get_own_route(Netlink *netlink, const Address *address, struct route *ret)
{
	return get_route(netlink, &(Address){}, address, 0, ret);
}

int route_ask(Netlink *netlink, const Address *from, const Address *to, int ifindex, RouteAnswer *ret)
{
	struct route route;
	int r = get_route(netlink, from, to, ifindex, &route);

	*ret = (RouteAnswer){ route.type, route.ifindex, route.own };
	return MIN(r, 0);
}

bool route_lookup(Netlink *netlink, const Address *address, int *ret_ifindex, char ret_name[static IFNAMSIZ],
		  GError **error)
{
	g_autoptr(RtnlLink) link = NULL;
	char text[INET6_ADDRSTRLEN];
	struct route route;
	int r;

	address_format(address, text);
	r = get_own_route(netlink, address, &route);
	if (r == -EOPNOTSUPP || r == -EAFNOSUPPORT)
		return netfilter_fail(error, INVALID_ARGS, "there is no route to %s: the host has no IPv6", text);
	if (r < 0)
		return netfilter_fail(error, INVALID_ARGS, "there is no route to %s: %s", text, g_strerror(-r));
	if (route.ifindex && netlink_get_interface(netlink, route.ifindex, NULL, &link) < 0)
		return netlink_failed(netlink, error, "cannot find the interface that reaches %s", text);
	if (link && rtnl_link_get_flags(link) & IFF_LOOPBACK)
		return netfilter_fail(error, INVALID_ARGS, "%s is reached by loopback, not through an interface", text);
	if (!link || route.type != RTN_UNICAST)
		return netfilter_fail(error, INVALID_ARGS, "there is no unicast route to %s", text);
	*ret_ifindex = route.ifindex;
	g_strlcpy(ret_name, rtnl_link_get_name(link), IFNAMSIZ);
	return true;
}

bool route_is_broadcast(Netlink *netlink, const Address *address)
{
	struct route route;

	return get_own_route(netlink, address, &route) >= 0 && route.type == RTN_BROADCAST;
}

/* Every route of a family. What is wanted of them may be seen twice: when they change meanwhile, they are read again.
 */
static int dump_routes(Netlink *netlink, enum family family, nl_recvmsg_msg_cb_t seen, void *userdata)
{
	struct rtmsg header = { .rtm_family = family_to_af(family) };
	int r = -EAGAIN;

	for (guint i = 0; i < 10 && r == -EAGAIN; i++) {
		NlMsg *request = nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_DUMP);

		if (!request || nlmsg_append(request, &header, sizeof(header), NLMSG_ALIGNTO) < 0)
			g_error("Out of memory");
		r = netlink_request(netlink, request, seen, userdata);
	}
	return r;
}

struct search {
	Prefix prefix;
	const int *except;
	guint n_except;
	Overlap overlap;
	bool found;
};

static bool is_excepted(int ifindex, const void *userdata)
{
	const struct search *search = userdata;

	for (guint i = 0; i < search->n_except; i++)
		if (ifindex != 0 && search->except[i] == ifindex)
			return true;
	return false;
}

static int on_other_route(struct nl_msg *reply, void *userdata)
{
	struct search *search = userdata;
	struct route route;

	if (search->found || !route_read(reply, &route) || route.type == RTN_THROW || route.destination.length <= 1 ||
	    !prefix_overlaps(&search->prefix, &route.destination) || route_leads_by(&route, is_excepted, search))
		return NL_OK;
	search->overlap = (Overlap){ route.destination, route.ifindex, route.table };
	search->found = true;
	return NL_OK;
}

bool route_find_overlap(Netlink *netlink, const Prefix *prefix, const int *except, guint n_except, Overlap *ret,
			bool *ret_found, GError **error)
{
	struct search search = { .prefix = *prefix, .except = except, .n_except = n_except };
	char text[INET6_ADDRSTRLEN + 4];
	g_autoptr(GArray) addresses = NULL;

	if (!ip_address_list(netlink, 0, &addresses, error))
		return false;
	for (guint i = 0; i < addresses->len && !search.found; i++) {
		const IpAddress *address = &g_array_index(addresses, IpAddress, i);

		if (!prefix_overlaps(prefix, &address->prefix) || is_excepted(address->ifindex, &search))
			continue;
		search.overlap = (Overlap){ address->prefix, address->ifindex, 0 };
		search.found = true;
	}
	if (!search.found && dump_routes(netlink, address_family(&prefix->address), on_other_route, &search) < 0)
		return netlink_failed(netlink, error, "cannot look for routes that overlap %s",
				      prefix_format(prefix, text));
	*ret_found = search.found;
	if (search.found)
		*ret = search.overlap;
	return true;
}

static int on_local_route(struct nl_msg *reply, void *userdata)
{
	GArray *list = userdata;
	struct route route;

	if (route_read(reply, &route) && route.type == RTN_LOCAL)
		g_array_append_val(list, route.destination);
	return NL_OK;
}

bool route_list_local(Netlink *netlink, GArray **ret, GError **error)
{
	g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(Prefix));

	for (enum family family = 0; family < N_FAMILIES; family++)
		if (dump_routes(netlink, family, on_local_route, list) < 0)
			return netlink_failed(netlink, error, "cannot list the local routes");
	*ret = g_steal_pointer(&list);
	return true;
}

struct way {
	int ifindex;
	bool found;
};

static bool is_multicast(const Prefix *prefix)
{
	guint8 first = prefix->address.bytes[0];

	return prefix->length >= 4 && (prefix->address.family == AF_INET6 ? first == 0xff : first >> 4 == 0xe);
}

static int on_way(struct nl_msg *reply, void *userdata)
{
	struct way *way = userdata;
	struct route route;

	if (route_read(reply, &route) && route.ifindex == way->ifindex &&
	    !address_is_link_local(&route.destination.address) && !is_multicast(&route.destination))
		way->found = true;
	return NL_OK;
}

bool route_find_by_interface(Netlink *netlink, int ifindex, bool *ret_found, GError **error)
{
	struct way way = { .ifindex = ifindex };

	for (enum family family = 0; family < N_FAMILIES && !way.found; family++)
		if (dump_routes(netlink, family, on_way, &way) < 0)
			return netlink_failed(netlink, error, "cannot list the routes by an interface");
	*ret_found = way.found;
	return true;
}
