/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/setting-monitor.h"

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
	int ifindex;

	if (!setting_message_read(message, &ifindex))
		return NL_SKIP;
	if (ifindex == NETCONFA_IFINDEX_ALL)
		monitor->callbacks.host(monitor->userdata);
	else if (ifindex > 0)
		monitor->callbacks.interface(ifindex, monitor->userdata);
	return NL_OK;
}

SettingMonitor *setting_monitor_new(const SettingMonitorCallbacks *callbacks, void *userdata, GError **error)
{
	g_autoptr(SettingMonitor) monitor = g_new(SettingMonitor, 1);
	int r;

	*monitor = (SettingMonitor){ nl_socket_alloc(), *callbacks, userdata };
	if (!monitor->socket)
		g_error("Out of memory");
	nl_socket_disable_seq_check(monitor->socket);
	nl_socket_modify_cb(monitor->socket, NL_CB_VALID, NL_CB_CUSTOM, on_notification, monitor);
	r = nl_connect(monitor->socket, NETLINK_ROUTE);
	if (r >= 0)
		r = nl_socket_set_nonblocking(monitor->socket);
	if (r >= 0)
		r = nl_socket_add_memberships(monitor->socket, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
					      RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF, 0);
	if (r < 0) {
		netfilter_fail(error, FAILED, "cannot watch the addresses and settings of interfaces: %s",
			       nl_geterror(r));
		return NULL;
	}
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
	bool lost = false;

	for (guint i = 0; i < MAX_MESSAGES; i++) {
		int r = nl_recvmsgs_default(monitor->socket);

		/* libnl's name for ENOBUFS. */
		lost |= r == -NLE_NOMEM;
		if (r < 0 && r != -NLE_NOMEM)
			break;
	}
	if (!lost)
		return;
	monitor->callbacks.interface(0, monitor->userdata);
	monitor->callbacks.host(monitor->userdata);
}
