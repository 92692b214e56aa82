/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/address-route.h"

#include "service/netlink/request.h"
#include "service/netlink/route-message.h"

#include <errno.h>
#include <linux/rtnetlink.h>

/* Of a dump during which something changes. */
#define ATTEMPTS_MAX 10
#define ROUTES_MAX 4
#define METRIC_IPV6 256

struct wanted_route {
	Prefix destination;
	guint8 type, table, scope;
	guint32 metric; /* 0: the kernel's choice */
	bool later;     /* the kernel makes it when there is a carrier: that it is missing says nothing */
};

struct known_route {
	Prefix destination;
	guint8 type;
	guint table;
	bool direct;
};

static Prefix subnet_of(const Prefix *address)
{
	Prefix ret = *address;

	for (guint bit = ret.length; bit < family_bits(address_family(&ret.address)); bit++)
		ret.address.bytes[bit / 8] &= ~(0x80 >> bit % 8);
	return ret;
}

static guint list_ipv4(const Prefix *address, struct wanted_route ret[static ROUTES_MAX])
{
	Prefix subnet = subnet_of(address), last = subnet;
	guint n = 0;

	ret[n++] =
		(struct wanted_route){ { address->address, 32 }, RTN_LOCAL, RT_TABLE_LOCAL, RT_SCOPE_HOST, 0, false };
	if (address->length < 32)
		ret[n++] = (struct wanted_route){ subnet, RTN_UNICAST, RT_TABLE_MAIN, RT_SCOPE_LINK, 0, false };
	if (address->length >= 31)
		return n;
	for (guint bit = address->length; bit < 32; bit++)
		last.address.bytes[bit / 8] |= 0x80 >> bit % 8;
	last.length = 32;
	ret[n++] = (struct wanted_route){ last, RTN_BROADCAST, RT_TABLE_LOCAL, RT_SCOPE_LINK, 0, false };
	return n;
}

static guint list_ipv6(const Prefix *address, struct wanted_route ret[static ROUTES_MAX])
{
	const Prefix multicast = { { AF_INET6, { 0xff } }, 8 };
	guint n = 0;

	ret[n++] = (struct wanted_route){ { address->address, 128 }, RTN_LOCAL, RT_TABLE_LOCAL,
					  RT_SCOPE_UNIVERSE,         0,         false };
	ret[n++] = (struct wanted_route){ subnet_of(address), RTN_UNICAST, RT_TABLE_MAIN,
					  RT_SCOPE_UNIVERSE,  METRIC_IPV6, false };
	ret[n++] =
		(struct wanted_route){ multicast, RTN_MULTICAST, RT_TABLE_LOCAL, RT_SCOPE_UNIVERSE, METRIC_IPV6, true };
	return n;
}

static guint list_wanted(const Prefix *address, struct wanted_route ret[static ROUTES_MAX])
{
	return address->address.family == AF_INET ? list_ipv4(address, ret) : list_ipv6(address, ret);
}

/* --- those that are there --- */

struct listing {
	int ifindex;
	GArray *routes; /* struct known_route */
};

static int on_route(struct nl_msg *reply, void *userdata)
{
	const struct listing *listing = userdata;
	struct known_route known;
	struct route route;

	if (!route_read(reply, &route) || route.ifindex != listing->ifindex)
		return NL_OK;
	known = (struct known_route){ route.destination, route.type, route.table, !route.has_gateway };
	g_array_append_val(listing->routes, known);
	return NL_OK;
}

static int dump(Netlink *netlink, enum family family, const struct listing *listing)
{
	struct rtmsg header = { .rtm_family = family_to_af(family) };
	guint before = listing->routes->len;
	int r = -EAGAIN;

	for (guint i = 0; i < ATTEMPTS_MAX && r == -EAGAIN; i++) {
		NlMsg *request = nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_DUMP);

		if (!request || nlmsg_append(request, &header, sizeof header, NLMSG_ALIGNTO) < 0 ||
		    nla_put_u32(request, RTA_OIF, listing->ifindex) < 0)
			g_error("Out of memory");
		g_array_set_size(listing->routes, before);
		r = netlink_request_strict(netlink, request, on_route, (void *)listing);
	}
	/* The interface, or all of IPv6, is not there; kernels without any routes of a family say so. */
	return r == -ENODEV || r == -ENOENT || r == -EOPNOTSUPP || r == -EAFNOSUPPORT ? 0 : r;
}

bool address_route_list(Netlink *netlink, int ifindex, GArray **ret, GError **error)
{
	g_autoptr(GArray) routes = g_array_new(FALSE, FALSE, sizeof(struct known_route));
	const struct listing listing = { ifindex, routes };

	for (enum family family = 0; family < N_FAMILIES; family++)
		if (dump(netlink, family, &listing) < 0)
			return netlink_interface_failed(netlink, ifindex, error, "cannot list its routes");
	*ret = g_steal_pointer(&routes);
	return true;
}

/* Kernels differ in the type of the one to multicast. */
static bool serves(const struct known_route *known, const struct wanted_route *wanted)
{
	return known->direct && known->table == wanted->table &&
	       prefix_equal(&known->destination, &wanted->destination) &&
	       (known->type == wanted->type || (wanted->type == RTN_MULTICAST && known->type == RTN_UNICAST));
}

static bool is_there(const GArray *routes, const struct wanted_route *wanted)
{
	for (guint i = 0; i < routes->len; i++)
		if (serves(&g_array_index(routes, struct known_route, i), wanted))
			return true;
	return false;
}

bool address_route_is_missing(const GArray *routes, const Prefix *address)
{
	struct wanted_route wanted[ROUTES_MAX];
	guint n = list_wanted(address, wanted);

	for (guint i = 0; i < n; i++)
		if (!wanted[i].later && !is_there(routes, &wanted[i]))
			return true;
	return false;
}

/* --- making them again --- */

/* In front of what somebody has there instead, which stays. */
static NlMsg *build(int ifindex, const Prefix *address, const struct wanted_route *wanted)
{
	enum family family = address_family(&address->address);
	const struct rtmsg header = {
		.rtm_family = address->address.family,
		.rtm_dst_len = wanted->destination.length,
		.rtm_table = wanted->table,
		.rtm_protocol = RTPROT_KERNEL,
		.rtm_scope = wanted->scope,
		.rtm_type = wanted->type,
	};
	NlMsg *request = nlmsg_alloc_simple(RTM_NEWROUTE, NLM_F_CREATE);
	guint bytes = family_bits(family) / 8;

	if (!request || nlmsg_append(request, (void *)&header, sizeof header, NLMSG_ALIGNTO) < 0 ||
	    nla_put(request, RTA_DST, bytes, wanted->destination.address.bytes) < 0 ||
	    nla_put_u32(request, RTA_OIF, ifindex) < 0 ||
	    (wanted->metric && nla_put_u32(request, RTA_PRIORITY, wanted->metric) < 0) ||
	    (family == FAMILY_IPV4 && nla_put(request, RTA_PREFSRC, bytes, address->address.bytes) < 0))
		g_error("Out of memory");
	return request;
}

bool address_route_add(Netlink *netlink, int ifindex, const Prefix *address, GError **error)
{
	struct wanted_route wanted[ROUTES_MAX];
	guint n = list_wanted(address, wanted);
	g_autoptr(GArray) routes = NULL;

	if (!address_route_list(netlink, ifindex, &routes, error))
		return false;
	for (guint i = 0; i < n; i++) {
		char text[INET6_ADDRSTRLEN + 4];
		int r = is_there(routes, &wanted[i])
				? 0
				: netlink_request(netlink, build(ifindex, address, &wanted[i]), NULL, NULL);

		if (r < 0 && r != -EEXIST)
			return netlink_interface_failed(netlink, ifindex, error, "cannot add the route to %s",
							prefix_format(&wanted[i].destination, text));
	}
	return true;
}
