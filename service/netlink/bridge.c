/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/bridge.h"

#include "service/netlink/interface.h"
#include "service/netlink/interface-message.h"
#include "service/netlink/request.h"
#include "service/netlink/sysctl.h"

#include <errno.h>
#include <linux/if_link.h>
#include <net/ethernet.h>
#include <string.h>

bool bridge_add(Netlink *netlink, const char *name, const guint8 mac[static 6], int *ret_ifindex, GError **error)
{
	g_autoptr(RtnlLink) wanted = NULL;
	g_autoptr(NlAddr) address = NULL;
	NlMsg *request = NULL;
	InterfaceInfo made;
	int r;

	if (!interface_check_name(name, error))
		return false;
	wanted = rtnl_link_alloc();
	address = nl_addr_build(AF_LLC, mac, ETH_ALEN);
	rtnl_link_set_name(wanted, name);
	rtnl_link_set_type(wanted, "bridge");
	rtnl_link_set_addr(wanted, address);
	rtnl_link_set_group(wanted, NETLINK_OWN_GROUP);
	if (rtnl_link_build_add_request(wanted, NLM_F_CREATE | NLM_F_EXCL, &request) < 0)
		g_error("Out of memory");
	r = netlink_request(netlink, request, NULL, NULL);
	if (r == -EEXIST)
		return netfilter_fail(error, BRIDGE_IN_USE, "there is already an interface named \"%s\"", name);
	if (r == -EADDRNOTAVAIL)
		return netfilter_fail(error, INVALID_ARGS,
				      "bridge \"%s\": a MAC address that is zero or of a group is none of an interface",
				      name);
	if (r < 0)
		return netlink_failed(netlink, error, "bridge \"%s\": cannot create it", name);

	/* The kernel does not say which one it made; the MAC tells it from one that took its name since. */
	if (!interface_find(netlink, name, &made, error))
		return false;
	if (made.kind != INTERFACE_BRIDGE || memcmp(made.mac, mac, ETH_ALEN) != 0)
		return netfilter_fail(error, FAILED, "bridge \"%s\": it was taken away as soon as it was made", name);
	*ret_ifindex = made.ifindex;
	return true;
}

bool bridge_remove(Netlink *netlink, int ifindex, GError **error)
{
	g_autoptr(RtnlLink) link = NULL;
	NlMsg *request = NULL;
	InterfaceInfo info;
	int r;

	if (!interface_find_index(netlink, ifindex, &info, error))
		return false;
	if (!info.ifindex)
		return true;
	if (info.kind != INTERFACE_BRIDGE)
		return netfilter_fail(error, FAILED, "interface \"%s\": cannot delete it: it is no bridge", info.name);
	link = rtnl_link_alloc();
	rtnl_link_set_ifindex(link, ifindex);
	if (rtnl_link_build_delete_request(link, &request) < 0)
		g_error("Out of memory");
	r = netlink_request(netlink, request, NULL, NULL);
	if (r < 0 && r != -ENODEV)
		return netlink_interface_failed(netlink, ifindex, error, "cannot delete it");
	return true;
}

bool bridge_find_narrowest(Netlink *netlink, int ifindex, guint *ret_mtu, char ret_name[static IFNAMSIZ],
			   GError **error)
{
	g_autoptr(NlCache) links = NULL;

	if (netlink_dump_interfaces(netlink, &links) < 0)
		return netlink_interface_failed(netlink, ifindex, error, "cannot list its ports");
	*ret_mtu = 0;
	for (struct nl_object *object = nl_cache_get_first(links); object; object = nl_cache_get_next(object)) {
		RtnlLink *link = (RtnlLink *)object;
		guint mtu = rtnl_link_get_mtu(link);

		if (rtnl_link_get_master(link) != ifindex || (*ret_mtu != 0 && mtu >= *ret_mtu))
			continue;
		*ret_mtu = mtu;
		g_strlcpy(ret_name, rtnl_link_get_name(link) ?: "", IFNAMSIZ);
	}
	return true;
}

struct port_data {
	bool is_port, hairpin;
};

static int on_port(struct nl_msg *reply, void *userdata)
{
	struct port_data *port = userdata;

	if (!bridge_port_message_read(reply, &port->hairpin))
		return NL_SKIP;
	port->is_port = true;
	return NL_OK;
}

bool bridge_port_get_hairpin(Netlink *netlink, int ifindex, bool *ret, GError **error)
{
	char interface[INTERFACE_TEXT_MAX];
	struct port_data port = {};
	NlMsg *request = NULL;

	if (rtnl_link_build_get_request(ifindex, NULL, &request) < 0)
		g_error("Out of memory");
	if (netlink_request(netlink, request, on_port, &port) < 0)
		return netlink_interface_failed(netlink, ifindex, error, "cannot read its hairpin mode");
	if (!port.is_port)
		return netfilter_fail(error, FAILED, "%s: cannot read its hairpin mode: it is no port of a bridge",
				      netlink_interface_text(ifindex, interface));
	*ret = port.hairpin;
	return true;
}

/* libnl-route-3 has no words for the settings of a bridge itself. */
static const struct {
	const char *name, *sysctl;
	guint16 attribute;
} nf_calls[N_FAMILIES] = {
	[FAMILY_IPV4] = { "nf_call_iptables", "net/bridge/bridge-nf-call-iptables", IFLA_BR_NF_CALL_IPTABLES },
	[FAMILY_IPV6] = { "nf_call_ip6tables", "net/bridge/bridge-nf-call-ip6tables", IFLA_BR_NF_CALL_IP6TABLES },
};

bool bridges_get_nf_call(enum family family, bool *ret, GError **error)
{
	return sysctl_get(nf_calls[family].sysctl, ret, error);
}

bool bridges_set_nf_call(enum family family, bool on, GError **error)
{
	return sysctl_set(nf_calls[family].sysctl, on, error);
}

struct bridge_data {
	bool is_bridge;
	guint8 nf_call[N_FAMILIES];
};

static int on_bridge(struct nl_msg *reply, void *userdata)
{
	struct bridge_data *bridge = userdata;

	if (!bridge_message_read(reply, bridge->nf_call))
		return NL_SKIP;
	bridge->is_bridge = true;
	return NL_OK;
}

bool bridge_get_nf_call(Netlink *netlink, int ifindex, enum family family, bool *ret, GError **error)
{
	struct bridge_data bridge = {};
	char interface[INTERFACE_TEXT_MAX];
	NlMsg *request = NULL;

	if (rtnl_link_build_get_request(ifindex, NULL, &request) < 0)
		g_error("Out of memory");
	if (netlink_request(netlink, request, on_bridge, &bridge) < 0)
		return netlink_interface_failed(netlink, ifindex, error, "cannot read its %s", nf_calls[family].name);
	if (!bridge.is_bridge)
		return netfilter_fail(error, FAILED, "%s: cannot read its %s: it is no bridge",
				      netlink_interface_text(ifindex, interface), nf_calls[family].name);
	*ret = bridge.nf_call[family] != 0;
	return true;
}

static NlMsg *build_nf_call(int ifindex, enum family family, bool on)
{
	struct ifinfomsg header = { .ifi_index = ifindex };
	NlMsg *request = nlmsg_alloc_simple(RTM_NEWLINK, 0);
	struct nlattr *info, *data;

	if (!request || nlmsg_append(request, &header, sizeof(header), NLMSG_ALIGNTO) < 0 ||
	    !(info = nla_nest_start(request, IFLA_LINKINFO)) || nla_put_string(request, IFLA_INFO_KIND, "bridge") < 0 ||
	    !(data = nla_nest_start(request, IFLA_INFO_DATA)) ||
	    nla_put_u8(request, nf_calls[family].attribute, on) < 0)
		g_error("Out of memory");
	nla_nest_end(request, data);
	nla_nest_end(request, info);
	return request;
}

bool bridge_set_nf_call(Netlink *netlink, int ifindex, enum family family, bool on, GError **error)
{
	char interface[INTERFACE_TEXT_MAX];
	bool present;

	if (!bridge_get_nf_call(netlink, ifindex, family, &present, error))
		return false;
	/* A bridge takes the value whether or not there is anything that heeds it. */
	if (on && !bridges_get_nf_call(family, &(bool){ false }, NULL))
		return netfilter_fail(error, FAILED,
				      "%s: cannot switch its %s on: the kernel module br_netfilter is not loaded",
				      netlink_interface_text(ifindex, interface), nf_calls[family].name);
	if (present == on)
		return true;
	if (netlink_request(netlink, build_nf_call(ifindex, family, on), NULL, NULL) < 0)
		return netlink_interface_failed(netlink, ifindex, error, "cannot switch its %s %s",
						nf_calls[family].name, on ? "on" : "off");
	/* A kernel without bridge netfilter passes over what it does not know. */
	if (!bridge_get_nf_call(netlink, ifindex, family, &present, error))
		return false;
	if (present != on)
		return netfilter_fail(error, FAILED, "%s: cannot switch its %s %s: the kernel has no br_netfilter",
				      netlink_interface_text(ifindex, interface), nf_calls[family].name,
				      on ? "on" : "off");
	return true;
}
