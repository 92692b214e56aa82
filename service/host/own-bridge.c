/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/own-bridge.h"

#include "service/host/repair.h"
#include "service/model/attachment.h"
#include "service/netlink/address-route.h"
#include "service/netlink/bridge.h"
#include "service/netlink/ip-address.h"

#include <string.h>

#define ALIAS_PREFIX "netfilterd network "
#define MTU_WITHOUT_PORTS 1500
#define ROUTE_LOOKS 2

bool own_bridge_matches(const InterfaceInfo *info, guint64 mac)
{
	WantedBridge wanted;

	wanted_bridge(&(Network){ .mac = mac }, &wanted);
	return info->kind == INTERFACE_BRIDGE && memcmp(info->mac, wanted.mac, sizeof wanted.mac) == 0;
}

bool own_bridge_is_same(const InterfaceInfo *info, guint64 mac)
{
	return own_bridge_matches(info, mac) ||
	       (info->kind == INTERFACE_BRIDGE && g_str_has_prefix(info->alias, ALIAS_PREFIX));
}

/* --- one that is to come --- */

static void revert(void *self, int ifindex, guint value G_GNUC_UNUSED)
{
	GError *error = NULL;

	if (!bridge_remove(self, ifindex, &error))
		error_warn(error);
}

/* Fails where the host has no IPv6, which is no matter to a network that has none. */
static void prepare_ipv6(Netlink *netlink, int ifindex, const WantedBridge *wanted)
{
	g_autoptr(GError) error = NULL;

	if ((wanted->with_ipv6 || wanted->without_ipv6) &&
	    !interface_set_setting6(netlink, ifindex, INTERFACE6_DISABLE, wanted->without_ipv6, &error))
		g_info("%s", error->message);
	g_clear_error(&error);
	if (!interface_set_setting6(netlink, ifindex, INTERFACE6_ACCEPT_RA, wanted->accept_ra, &error))
		g_info("%s", error->message);
	g_clear_error(&error);
	if (wanted->link_local.address.family != AF_UNSPEC &&
	    !ip_address_add(netlink, ifindex, &wanted->link_local, &error))
		g_info("%s", error->message);
}

/* So that "ip link" tells whose it is. */
static bool name_network(Netlink *netlink, int ifindex, const Network *network, GError **error)
{
	g_autofree char *alias = g_strconcat(ALIAS_PREFIX, network->name, NULL);

	return interface_set_alias(netlink, ifindex, alias, error);
}

static bool add_gateways(Netlink *netlink, int ifindex, const WantedBridge *wanted, GError **error)
{
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (wanted->addresses[family].address.family != AF_UNSPEC &&
		    !ip_address_add(netlink, ifindex, &wanted->addresses[family], error))
			return false;
	return true;
}

bool own_bridge_create(Netlink *netlink, const Network *network, Effects *effects, int *ret_ifindex, GError **error)
{
	WantedBridge wanted;

	wanted_bridge(network, &wanted);
	if (!bridge_add(netlink, network->bridge, wanted.mac, ret_ifindex, error))
		return false;
	effects_add(effects, revert, netlink, *ret_ifindex, 0);
	if (!interface_set_setting(netlink, *ret_ifindex, INTERFACE_RP_FILTER, wanted.rp_filter, error))
		return false;
	if (!name_network(netlink, *ret_ifindex, network, error))
		return false;
	prepare_ipv6(netlink, *ret_ifindex, &wanted);
	return add_gateways(netlink, *ret_ifindex, &wanted, error);
}

/* --- one that is there --- */

static bool has_address(const GArray *addresses, const Prefix *wanted)
{
	for (guint i = 0; i < addresses->len; i++) {
		const Prefix *found = &g_array_index(addresses, IpAddress, i).prefix;

		if (found->length == wanted->length && address_equal(&found->address, &wanted->address))
			return true;
	}
	return false;
}

static guint find_missing(const WantedBridge *wanted, const GArray *addresses, bool ipv6)
{
	static const enum bridge_fault of[N_FAMILIES] = {
		[FAMILY_IPV4] = BRIDGE_IPV4,
		[FAMILY_IPV6] = BRIDGE_IPV6,
	};
	guint set = 0;

	for (enum family family = 0; family < N_FAMILIES; family++)
		if (wanted->addresses[family].address.family != AF_UNSPEC &&
		    !has_address(addresses, &wanted->addresses[family]))
			set |= 1 << of[family];
	if (ipv6 && wanted->link_local.address.family != AF_UNSPEC && !has_address(addresses, &wanted->link_local))
		set |= 1 << BRIDGE_LINK_LOCAL;
	return set;
}

static const Prefix *route_address(const WantedBridge *wanted, enum bridge_fault fault)
{
	return fault == BRIDGE_LINK_LOCAL_ROUTE
		       ? &wanted->link_local
		       : &wanted->addresses[fault == BRIDGE_IPV6_ROUTE ? FAMILY_IPV6 : FAMILY_IPV4];
}

static guint find_missing_routes(const WantedBridge *wanted, const GArray *addresses, const GArray *routes)
{
	guint set = 0;

	for (enum bridge_fault fault = BRIDGE_LINK_LOCAL_ROUTE; fault <= BRIDGE_IPV6_ROUTE; fault++) {
		const Prefix *address = route_address(wanted, fault);

		if (address->address.family != AF_UNSPEC && has_address(addresses, address) &&
		    address_route_is_missing(routes, address))
			set |= 1 << fault;
	}
	return set;
}

/* The kernel makes the routes of an IPv6 address later than it: what is still to come is not missing. */
static bool leave_out_pending(Netlink *netlink, int ifindex, const WantedBridge *wanted, guint *missing, GError **error)
{
	for (enum bridge_fault fault = BRIDGE_LINK_LOCAL_ROUTE; fault <= BRIDGE_IPV6_ROUTE; fault++) {
		const Prefix *address = route_address(wanted, fault);
		bool pending;

		if (!(*missing & 1 << fault) || address->address.family != AF_INET6)
			continue;
		if (!ip_address_is_pending(netlink, ifindex, &address->address, &pending, error))
			return false;
		if (pending)
			*missing &= ~(1 << fault);
	}
	return true;
}

static bool compare_routes(Netlink *netlink, int ifindex, const WantedBridge *wanted, const GArray *addresses,
			   guint *set, GError **error)
{
	guint missing = G_MAXUINT;

	/* Those of an address that came into use after the first look are there at the second. */
	for (guint i = 0; i < ROUTE_LOOKS && missing != 0; i++) {
		g_autoptr(GArray) routes = NULL;

		if (!address_route_list(netlink, ifindex, &routes, error))
			return false;
		missing &= find_missing_routes(wanted, addresses, routes);
		if (!leave_out_pending(netlink, ifindex, wanted, &missing, error))
			return false;
	}
	*set |= missing;
	return true;
}

/* ipv6: whether it has that, or is to. */
static bool compare_addresses(Netlink *netlink, const InterfaceInfo *info, const WantedBridge *wanted, bool ipv6,
			      guint *set, GError **error)
{
	g_autoptr(GArray) addresses = NULL;

	if (!ip_address_list(netlink, info->ifindex, &addresses, error))
		return false;
	*set |= find_missing(wanted, addresses, ipv6);
	/* With it up they come by themselves; in a VRF they are in the table of that. */
	return !info->up || info->master != 0 || compare_routes(netlink, info->ifindex, wanted, addresses, set, error);
}

/* The kernel gives it the smallest of its ports', until somebody has set another. */
static bool compare_mtu(Netlink *netlink, const InterfaceInfo *info, BridgeFaults *faults, GError **error)
{
	char port[IFNAMSIZ];
	guint narrowest;

	if (!bridge_find_narrowest(netlink, info->ifindex, &narrowest, port, error))
		return false;
	if (narrowest != 0 && narrowest < MTU_MIN_IPV6)
		return netfilter_fail(error, FAILED,
				      "bridge \"%s\" has no IPv6, which needs an MTU of %u: its port \"%s\" has %u",
				      info->name, MTU_MIN_IPV6, port, narrowest);
	faults->mtu = info->mtu;
	faults->mtu_wanted = narrowest ?: MTU_WITHOUT_PORTS;
	faults->set |= 1 << BRIDGE_MTU;
	return true;
}

static void compare_identity(const Network *network, const WantedBridge *wanted, const InterfaceInfo *info,
			     BridgeFaults *faults)
{
	g_autofree char *alias = g_strconcat(ALIAS_PREFIX, network->name, NULL);

	if (memcmp(info->mac, wanted->mac, sizeof wanted->mac) != 0)
		faults->set |= 1 << BRIDGE_MAC;
	if (!g_str_equal(info->alias, alias))
		faults->set |= 1 << BRIDGE_ALIAS;
	if (info->group != NETLINK_OWN_GROUP)
		faults->set |= 1 << BRIDGE_GROUP;
	memcpy(faults->mac, info->mac, sizeof faults->mac);
	g_strlcpy(faults->alias, info->alias, sizeof faults->alias);
	faults->group = info->group;
}

bool own_bridge_compare(Netlink *netlink, const Network *network, const InterfaceInfo *info, BridgeFaults *ret,
			GError **error)
{
	BridgeFaults faults = {};
	WantedBridge wanted;
	guint disabled = 0;
	bool ipv6, ok;

	wanted_bridge(network, &wanted);
	compare_identity(network, &wanted, info, &faults);
	ok = interface_get_setting(netlink, info->ifindex, INTERFACE_RP_FILTER, &faults.rp_filter, error);
	if (ok && faults.rp_filter != wanted.rp_filter)
		faults.set |= 1 << BRIDGE_RP_FILTER;
	if (wanted.with_ipv6 && info->mtu < MTU_MIN_IPV6)
		ok &= compare_mtu(netlink, info, &faults, ok ? error : NULL);
	ipv6 = interface_get_setting6(netlink, info->ifindex, INTERFACE6_DISABLE, &disabled, NULL) &&
	       interface_get_setting6(netlink, info->ifindex, INTERFACE6_ACCEPT_RA, &faults.accept_ra, NULL);
	if (ipv6 && faults.accept_ra != wanted.accept_ra)
		faults.set |= 1 << BRIDGE_ACCEPT_RA;
	if (ipv6 && (disabled != 0 ? wanted.with_ipv6 : wanted.without_ipv6))
		faults.set |= 1 << BRIDGE_NO_IPV6;
	if (!info->up)
		faults.set |= 1 << BRIDGE_DOWN;
	*ret = faults;
	ok &= compare_addresses(netlink, info, &wanted, ipv6 && (disabled == 0 || wanted.with_ipv6), &ret->set,
				ok ? error : NULL);
	/* Without IPv6 it takes none. */
	if (info->mtu < MTU_MIN_IPV6 && !(ret->set & 1 << BRIDGE_MTU))
		ret->set &= ~(1 << BRIDGE_IPV6);
	return ok;
}

static bool mend_mtu(Netlink *netlink, int ifindex, const WantedBridge *wanted, guint mtu, GError **error)
{
	if (!interface_set_mtu(netlink, ifindex, mtu, error))
		return false;
	/* Its IPv6 is a new one. */
	prepare_ipv6(netlink, ifindex, wanted);
	return true;
}

static bool mend(Netlink *netlink, const Network *network, int ifindex, const WantedBridge *wanted,
		 const BridgeFaults *faults, enum bridge_fault fault, GError **error)
{
	switch (fault) {
	case BRIDGE_MAC:
		return interface_set_mac(netlink, ifindex, wanted->mac, error);
	case BRIDGE_ALIAS:
		return name_network(netlink, ifindex, network, error);
	case BRIDGE_GROUP:
		return interface_set_group(netlink, ifindex, NETLINK_OWN_GROUP, error);
	case BRIDGE_MTU:
		return mend_mtu(netlink, ifindex, wanted, faults->mtu_wanted, error);
	case BRIDGE_NO_IPV6:
		return interface_set_setting6(netlink, ifindex, INTERFACE6_DISABLE, wanted->without_ipv6, error);
	case BRIDGE_ACCEPT_RA:
		return interface_set_setting6(netlink, ifindex, INTERFACE6_ACCEPT_RA, wanted->accept_ra, error);
	case BRIDGE_RP_FILTER:
		return interface_set_setting(netlink, ifindex, INTERFACE_RP_FILTER, wanted->rp_filter, error);
	case BRIDGE_LINK_LOCAL:
		return ip_address_add(netlink, ifindex, &wanted->link_local, error);
	case BRIDGE_IPV4:
		return ip_address_add(netlink, ifindex, &wanted->addresses[FAMILY_IPV4], error);
	case BRIDGE_IPV6:
		return ip_address_add(netlink, ifindex, &wanted->addresses[FAMILY_IPV6], error);
	case BRIDGE_LINK_LOCAL_ROUTE:
	case BRIDGE_IPV4_ROUTE:
	case BRIDGE_IPV6_ROUTE:
		return address_route_add(netlink, ifindex, route_address(wanted, fault), error);
	case BRIDGE_DOWN:
		return interface_set_up(netlink, ifindex, true, error);
	case N_BRIDGE_FAULTS:
		break;
	}
	g_assert_not_reached();
}

void own_bridge_mend(Netlink *netlink, const Network *network, int ifindex, BridgeFaults *faults)
{
	WantedBridge wanted;

	wanted_bridge(network, &wanted);
	for (enum bridge_fault fault = 0; fault < N_BRIDGE_FAULTS; fault++) {
		GError *error = NULL;

		if (!(faults->set & 1 << fault) || mend(netlink, network, ifindex, &wanted, faults, fault, &error))
			continue;
		error_warn(error);
		faults->set &= ~(1 << fault);
	}
}

static void tell_of_address(const char *object, const Prefix *address, GPtrArray *repairs)
{
	char text[INET6_ADDRSTRLEN + 4];
	g_autofree char *part = g_strdup_printf("address %s", prefix_format(address, text));

	repairs_add(repairs, object, part, "missing", "there");
}

static void tell_of_route(const char *object, const Prefix *address, GPtrArray *repairs)
{
	char text[INET6_ADDRSTRLEN + 4];
	g_autofree char *part = g_strdup_printf("a route of address %s", prefix_format(address, text));

	repairs_add(repairs, object, part, "missing", "there");
}

static void tell_of_value(const char *object, const char *part, guint from, guint to, GPtrArray *repairs)
{
	g_autofree char *was = g_strdup_printf("%u", from), *is = g_strdup_printf("%u", to);

	repairs_add(repairs, object, part, was, is);
}

/* An alias can be anything. */
static void tell_of_alias(const char *object, const Network *network, const char *from, GPtrArray *repairs)
{
	g_autofree char *was = g_strdup_printf("\"%s\"", cut(from));
	g_autofree char *is = g_strdup_printf("\"" ALIAS_PREFIX "%s\"", network->name);

	repairs_add(repairs, object, "alias", was, is);
}

static void tell_of_identity(const char *object, const Network *network, const WantedBridge *wanted,
			     const BridgeFaults *faults, GPtrArray *repairs)
{
	if (faults->set & 1 << BRIDGE_MAC) {
		char was[MAC_STRLEN], is[MAC_STRLEN];

		repairs_add(repairs, object, "MAC address", mac_format(faults->mac, was), mac_format(wanted->mac, is));
	}
	/* So a version left it that did not set them: nobody has changed anything. */
	if (*faults->alias == '\0' && faults->group == 0)
		return;
	if (faults->set & 1 << BRIDGE_ALIAS)
		tell_of_alias(object, network, faults->alias, repairs);
	if (faults->set & 1 << BRIDGE_GROUP)
		tell_of_value(object, "group", faults->group, NETLINK_OWN_GROUP, repairs);
}

void own_bridge_tell(const Network *network, const BridgeFaults *faults, GPtrArray *repairs)
{
	g_autofree char *object = g_strdup_printf("bridge %s", network->bridge);
	WantedBridge wanted;

	wanted_bridge(network, &wanted);
	tell_of_identity(object, network, &wanted, faults, repairs);
	if (faults->set & 1 << BRIDGE_MTU)
		tell_of_value(object, "MTU", faults->mtu, faults->mtu_wanted, repairs);
	if (faults->set & 1 << BRIDGE_NO_IPV6)
		tell_of_value(object, "disable_ipv6", wanted.with_ipv6, wanted.without_ipv6, repairs);
	if (faults->set & 1 << BRIDGE_ACCEPT_RA)
		tell_of_value(object, "accept_ra", faults->accept_ra, wanted.accept_ra, repairs);
	if (faults->set & 1 << BRIDGE_RP_FILTER)
		tell_of_value(object, "rp_filter", faults->rp_filter, wanted.rp_filter, repairs);
	if (faults->set & 1 << BRIDGE_LINK_LOCAL)
		tell_of_address(object, &wanted.link_local, repairs);
	if (faults->set & 1 << BRIDGE_IPV4)
		tell_of_address(object, &wanted.addresses[FAMILY_IPV4], repairs);
	if (faults->set & 1 << BRIDGE_IPV6)
		tell_of_address(object, &wanted.addresses[FAMILY_IPV6], repairs);
	for (enum bridge_fault fault = BRIDGE_LINK_LOCAL_ROUTE; fault <= BRIDGE_IPV6_ROUTE; fault++)
		if (faults->set & 1 << fault)
			tell_of_route(object, route_address(&wanted, fault), repairs);
	if (faults->set & 1 << BRIDGE_DOWN)
		repairs_add(repairs, object, NULL, "down", "up");
}
