/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/interface6.h"

#include "service/netlink/interface-message.h"
#include "service/netlink/request.h"

#include <errno.h>

static const guint ids[N_INTERFACE6_SETTINGS] = {
	[INTERFACE6_FORWARDING] = DEVCONF_FORWARDING,
	[INTERFACE6_ACCEPT_RA] = DEVCONF_ACCEPT_RA,
	[INTERFACE6_DISABLE] = DEVCONF_DISABLE_IPV6,
};

/* libnl keeps this part of an interface to itself. False: it has no IPv6. */
static bool read_interface(struct nl_msg *reply, Interface6 *ret)
{
	gint32 conf[DEVCONF_MAX];
	struct interface_notice notice;
	bool hairpin;
	int ifindex;

	if (!inet6_message_read(reply, &ifindex, conf) || !interface_notice_read(reply, &notice))
		return false;
	*ret = (Interface6){ .ifindex = ifindex, .bridge_port = bridge_port_message_read(reply, &hairpin) };
	g_strlcpy(ret->name, notice.name, sizeof ret->name);
	for (guint i = 0; i < N_INTERFACE6_SETTINGS; i++)
		ret->settings[i] = conf[ids[i]];
	return true;
}

static int on_interface(struct nl_msg *reply, void *userdata)
{
	Interface6 *ret = userdata;

	if (ret->ifindex == 0)
		read_interface(reply, ret);
	return NL_OK;
}

bool interface6_find(Netlink *netlink, int ifindex, Interface6 *ret, GError **error)
{
	Interface6 found = {};
	NlMsg *request = NULL;
	int r;

	if (rtnl_link_build_get_request(ifindex, NULL, &request) < 0)
		g_error("Out of memory");
	r = netlink_request(netlink, request, on_interface, &found);
	if (r < 0 && r != -ENODEV)
		return netlink_interface_failed(netlink, ifindex, error, "cannot read its IPv6 settings");
	*ret = found;
	return true;
}

static int on_interfaces(struct nl_msg *reply, void *userdata)
{
	GArray *list = userdata;
	Interface6 interface;

	if (read_interface(reply, &interface))
		g_array_append_val(list, interface);
	return NL_OK;
}

bool interface6_list(Netlink *netlink, GArray **ret, GError **error)
{
	g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(Interface6));
	const struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
	int r = -EAGAIN;

	for (guint i = 0; i < 10 && r == -EAGAIN; i++) {
		NlMsg *request = nlmsg_alloc_simple(RTM_GETLINK, NLM_F_DUMP);

		if (!request || nlmsg_append(request, (void *)&header, sizeof(header), NLMSG_ALIGNTO) < 0)
			g_error("Out of memory");
		g_array_set_size(list, 0);
		r = netlink_request(netlink, request, on_interfaces, list);
	}
	if (r < 0)
		return netlink_failed(netlink, error, "cannot list the IPv6 settings of the interfaces");
	*ret = g_steal_pointer(&list);
	return true;
}
