/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/ip-address.h"

#include "service/netlink/request.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <string.h>

/* Of a dump during which something changes. */
#define ATTEMPTS_MAX 10

static NlAddr *build_address(const Prefix *address)
{
	NlAddr *ret = nl_addr_build(address->address.family, address->address.bytes,
				    family_bits(address_family(&address->address)) / 8);

	if (!ret)
		g_error("Out of memory");
	nl_addr_set_prefixlen(ret, address->length);
	return ret;
}

static int add_address(Netlink *netlink, int ifindex, const Prefix *address)
{
	g_autoptr(RtnlAddr) wanted = rtnl_addr_alloc();
	g_autoptr(NlAddr) local = build_address(address);
	NlMsg *request = NULL;

	rtnl_addr_set_ifindex(wanted, ifindex);
	rtnl_addr_set_local(wanted, local);
	/* A bridge has no carrier before its first port: detection would not even begin until then. */
	if (address->address.family == AF_INET6)
		rtnl_addr_set_flags(wanted, IFA_F_NODAD);
	if (rtnl_addr_build_add_request(wanted, NLM_F_CREATE | NLM_F_EXCL, &request) < 0)
		g_error("Out of memory");
	return netlink_request(netlink, request, NULL, NULL);
}

static Address read_address(NlAddr *address)
{
	Address ret = { .family = nl_addr_get_family(address) };

	memcpy(ret.bytes, nl_addr_get_binary_addr(address), MIN(nl_addr_get_len(address), sizeof(ret.bytes)));
	return ret;
}

static void take_address(struct nl_object *object, void *userdata)
{
	RtnlAddr *found = (RtnlAddr *)object;
	NlAddr *local = rtnl_addr_get_local(found);
	IpAddress address = { .ifindex = rtnl_addr_get_ifindex(found) };

	if (!local || (nl_addr_get_family(local) != AF_INET && nl_addr_get_family(local) != AF_INET6))
		return;
	address.prefix = (Prefix){ read_address(local), rtnl_addr_get_prefixlen(found) };
	/* The length is the peer's. */
	if (rtnl_addr_get_peer(found))
		address.prefix.length = family_bits(address_family(&address.prefix.address));
	g_array_append_val((GArray *)userdata, address);
}

static int on_address(struct nl_msg *reply, void *userdata)
{
	return nl_msg_parse(reply, take_address, userdata) < 0 ? NL_SKIP : NL_OK;
}

static bool is_of(const GArray *list, guint i, int ifindex)
{
	return ifindex == 0 || g_array_index(list, IpAddress, i).ifindex == ifindex;
}

bool ip_address_list(Netlink *netlink, int ifindex, GArray **ret, GError **error)
{
	g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(IpAddress));
	int r = -EAGAIN;

	for (guint i = 0; i < ATTEMPTS_MAX && r == -EAGAIN; i++) {
		g_array_set_size(list, 0);
		r = netlink_dump_addresses(netlink, ifindex, on_address, list);
	}
	if (r < 0)
		return netlink_failed(netlink, error, "cannot list the addresses of the interfaces");
	/* Kernels before 5.0 tell of all of them. */
	for (guint i = list->len; i-- > 0;)
		if (!is_of(list, i, ifindex))
			g_array_remove_index(list, i);
	*ret = g_steal_pointer(&list);
	return true;
}

/* --- addresses that wait --- */

struct search {
	int ifindex;
	guint8 group[16];
	bool found;
};

static int on_group(struct nl_msg *reply, void *userdata)
{
	const struct ifaddrmsg *header = nlmsg_data(nlmsg_hdr(reply));
	const struct nlattr *group = nlmsg_find_attr(nlmsg_hdr(reply), sizeof *header, IFA_MULTICAST);
	struct search *search = userdata;

	if (group && nla_len(group) == sizeof search->group && (int)header->ifa_index == search->ifindex &&
	    memcmp(nla_data(group), search->group, sizeof search->group) == 0)
		search->found = true;
	return NL_OK;
}

/* The solicited-node group of RFC 4291 is the first that is joined for it. */
bool ip_address_is_pending(Netlink *netlink, int ifindex, const Address *address, bool *ret, GError **error)
{
	const struct ifaddrmsg header = { .ifa_family = AF_INET6, .ifa_index = ifindex };
	struct search search = { .ifindex = ifindex, .group = { 0xff, 2, [11] = 1, 0xff } };
	int r = -EAGAIN;

	memcpy(search.group + 13, address->bytes + 13, 3);
	for (guint i = 0; i < ATTEMPTS_MAX && r == -EAGAIN; i++) {
		NlMsg *request = nlmsg_alloc_simple(RTM_GETMULTICAST, NLM_F_DUMP);

		if (!request || nlmsg_append(request, (void *)&header, sizeof header, NLMSG_ALIGNTO) < 0)
			g_error("Out of memory");
		search.found = false;
		r = netlink_request_strict(netlink, request, on_group, &search);
	}
	if (r < 0 && r != -ENODEV)
		return netlink_interface_failed(netlink, ifindex, error, "cannot list its multicast groups");
	*ret = !search.found;
	return true;
}

/* --- addresses that come --- */

/* IPv6 says that an address is there already whatever the length, and then the route to the subnet is another one. */
static bool check_present(Netlink *netlink, int ifindex, const Prefix *wanted, GError **error)
{
	char interface[INTERFACE_TEXT_MAX], text[INET6_ADDRSTRLEN];
	g_autoptr(GArray) addresses = NULL;
	guint other = 0;

	if (!ip_address_list(netlink, ifindex, &addresses, error))
		return false;
	for (guint i = 0; i < addresses->len; i++) {
		const Prefix *found = &g_array_index(addresses, IpAddress, i).prefix;

		if (!address_equal(&found->address, &wanted->address))
			continue;
		if (found->length == wanted->length)
			return true;
		other = found->length;
	}
	return netfilter_fail(error, FAILED, "%s: cannot add address %s: it has it with prefix length %u, not %u",
			      netlink_interface_text(ifindex, interface), address_format(&wanted->address, text), other,
			      wanted->length);
}

bool ip_address_add(Netlink *netlink, int ifindex, const Prefix *address, GError **error)
{
	char interface[INTERFACE_TEXT_MAX], text[INET6_ADDRSTRLEN + 4];
	int r;

	prefix_format(address, text);
	/* IPv4 says yes, and does nothing. */
	r = address_is_any(&address->address) ? -EADDRNOTAVAIL : add_address(netlink, ifindex, address);
	switch (r) {
	case -EEXIST:
		return check_present(netlink, ifindex, address, error);
	case -EINVAL:
	case -EADDRNOTAVAIL:
		return netfilter_fail(error, INVALID_ARGS, "%s: the kernel does not take address %s",
				      netlink_interface_text(ifindex, interface), text);
	case -EOPNOTSUPP:
	case -EAFNOSUPPORT:
		return netfilter_fail(error, FAILED, "%s: cannot add address %s: the host has no IPv6",
				      netlink_interface_text(ifindex, interface), text);
	case -EACCES:
		return netfilter_fail(error, FAILED,
				      "%s: cannot add address %s: its IPv6 is switched off (disable_ipv6)",
				      netlink_interface_text(ifindex, interface), text);
	}
	return r >= 0 || netlink_interface_failed(netlink, ifindex, error, "cannot add address %s", text);
}
