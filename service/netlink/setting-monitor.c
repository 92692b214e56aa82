/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/setting-monitor.h"

#include "service/netlink/request.h"
#include "service/netlink/setting-message.h"

#include <linux/netconf.h>
#include <linux/rtnetlink.h>

#define MAX_MESSAGES 256 /* a dispatch */

struct SettingMonitor {
	struct nl_sock *socket;
	SettingMonitorCallbacks callbacks;
	void *userdata;
};

static int on_notification(struct nl_msg *message, void *userdata)
{
	const SettingMonitor *monitor = userdata;
	Address gone;
	int ifindex;

	if (!setting_message_read(message, &ifindex, &gone))
		return NL_SKIP;
	if (gone.family != AF_UNSPEC)
		monitor->callbacks.address_gone(&gone, monitor->userdata);
	if (ifindex == NETCONFA_IFINDEX_ALL)
		monitor->callbacks.host(monitor->userdata);
	else if (ifindex > 0)
		monitor->callbacks.interface(ifindex, monitor->userdata);
	return NL_OK;
}

SettingMonitor *setting_monitor_new(const SettingMonitorCallbacks *callbacks, void *userdata, GError **error)
{
	static const int groups[] = { RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_NETCONF,
				      RTNLGRP_IPV6_NETCONF, 0 };
	g_autoptr(SettingMonitor) monitor = g_new(SettingMonitor, 1);

	*monitor = (SettingMonitor){ NULL, *callbacks, userdata };
	monitor->socket =
		netlink_subscribe(groups, on_notification, monitor, "the addresses and settings of interfaces", error);
	if (!monitor->socket)
		return NULL;
	return g_steal_pointer(&monitor);
}

void setting_monitor_free(SettingMonitor *monitor)
{
	if (!monitor)
		return;
	nl_socket_free(monitor->socket);
	g_free(monitor);
}

int setting_monitor_fd(const SettingMonitor *monitor)
{
	return nl_socket_get_fd(monitor->socket);
}

void setting_monitor_dispatch(SettingMonitor *monitor)
{
	if (!netlink_hear(monitor->socket, MAX_MESSAGES))
		return;
	monitor->callbacks.interface(0, monitor->userdata);
	monitor->callbacks.host(monitor->userdata);
}
