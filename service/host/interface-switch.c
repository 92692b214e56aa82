/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/interface-switch.h"

#include "service/netlink/bridge.h"
#include "service/netlink/interface.h"

static const char *const names[N_INTERFACE_SWITCHES] = {
	[SWITCH_LOCALNET] = "route_localnet",         [SWITCH_FORWARDING_IPV4] = "IPv4 forwarding",
	[SWITCH_FORWARDING_IPV6] = "IPv6 forwarding", [SWITCH_NF_CALL_IPV4] = "nf_call_iptables",
	[SWITCH_NF_CALL_IPV6] = "nf_call_ip6tables",
};

const char *interface_switch_name(enum interface_switch which)
{
	return names[which];
}

static bool get(Netlink *netlink, int ifindex, enum interface_switch which, bool *ret, GError **error)
{
	guint value = 0;
	bool ok = false;

	switch (which) {
	case SWITCH_LOCALNET:
		ok = interface_get_setting(netlink, ifindex, INTERFACE_ROUTE_LOCALNET, &value, error);
		break;
	case SWITCH_FORWARDING_IPV4:
		ok = interface_get_setting(netlink, ifindex, INTERFACE_FORWARDING, &value, error);
		break;
	case SWITCH_FORWARDING_IPV6:
		ok = interface_get_setting6(netlink, ifindex, INTERFACE6_FORWARDING, &value, error);
		break;
	case SWITCH_NF_CALL_IPV4:
		return bridge_get_nf_call(netlink, ifindex, FAMILY_IPV4, ret, error);
	case SWITCH_NF_CALL_IPV6:
		return bridge_get_nf_call(netlink, ifindex, FAMILY_IPV6, ret, error);
	case N_INTERFACE_SWITCHES:
		break;
	}
	*ret = value != 0;
	return ok;
}

bool interface_switch_set(Netlink *netlink, int ifindex, enum interface_switch which, bool on, GError **error)
{
	switch (which) {
	case SWITCH_LOCALNET:
		return interface_set_setting(netlink, ifindex, INTERFACE_ROUTE_LOCALNET, on, error);
	case SWITCH_FORWARDING_IPV4:
		return interface_set_setting(netlink, ifindex, INTERFACE_FORWARDING, on, error);
	case SWITCH_FORWARDING_IPV6:
		return interface_set_setting6(netlink, ifindex, INTERFACE6_FORWARDING, on, error);
	case SWITCH_NF_CALL_IPV4:
		return bridge_set_nf_call(netlink, ifindex, FAMILY_IPV4, on, error);
	case SWITCH_NF_CALL_IPV6:
		return bridge_set_nf_call(netlink, ifindex, FAMILY_IPV6, on, error);
	case N_INTERFACE_SWITCHES:
		break;
	}
	g_assert_not_reached();
}

bool interface_switches_find_off(Netlink *netlink, int ifindex, guint8 set, guint8 *ret_off, guint8 *ret_unread,
				 GError **error)
{
	bool on;

	*ret_off = *ret_unread = 0;
	for (guint which = 0; which < N_INTERFACE_SWITCHES; which++) {
		if (!(set & 1 << which))
			continue;
		if (!get(netlink, ifindex, which, &on, *ret_unread ? NULL : error))
			*ret_unread |= 1 << which;
		else if (!on)
			*ret_off |= 1 << which;
	}
	return *ret_unread == 0;
}

static bool is_there(Netlink *netlink, int ifindex)
{
	InterfaceInfo info;

	return ifindex != 0 && interface_find_index(netlink, ifindex, &info, NULL) && info.ifindex != 0;
}

bool interface_switch_put_back(Netlink *netlink, int ifindex, enum interface_switch which, bool on)
{
	GError *error = NULL;
	bool present;

	if (!is_there(netlink, ifindex) || (get(netlink, ifindex, which, &present, NULL) && present == on))
		return false;
	if (interface_switch_set(netlink, ifindex, which, on, &error))
		return true;
	error_warn(error);
	return false;
}
