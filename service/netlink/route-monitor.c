/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/route-monitor.h"

#include "service/netlink/request.h"
#include "service/netlink/route-message.h"

#include <linux/rtnetlink.h>

#define MAX_MESSAGES 256 /* a dispatch */

struct RouteMonitor {
	struct nl_sock *socket;
	RouteMonitorCallbacks callbacks;
	void *userdata;
};

static int on_notification(struct nl_msg *message, void *userdata)
{
	const struct nlmsghdr *header = nlmsg_hdr(message);
	const RouteMonitor *monitor = userdata;
	struct route route;

	if (!route_read(message, &route))
		return NL_OK;
	if (header->nlmsg_type == RTM_DELROUTE) {
		if (route.ifindex != 0)
			monitor->callbacks.gone(&route.destination, route.ifindex, monitor->userdata);
		return NL_OK;
	}
	if (header->nlmsg_flags & NLM_F_REPLACE)
		monitor->callbacks.gone(&route.destination, 0, monitor->userdata);
	if (route.type != RTN_THROW && route.destination.length > 1)
		monitor->callbacks.appeared(&route.destination, route.ifindex, monitor->userdata);
	return NL_OK;
}

RouteMonitor *route_monitor_new(const RouteMonitorCallbacks *callbacks, void *userdata, GError **error)
{
	static const int groups[] = { RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, 0 };
	g_autoptr(RouteMonitor) monitor = g_new(RouteMonitor, 1);

	*monitor = (RouteMonitor){ NULL, *callbacks, userdata };
	monitor->socket = netlink_subscribe(groups, on_notification, monitor, "the routes", error);
	if (!monitor->socket)
		return NULL;
	return g_steal_pointer(&monitor);
}

void route_monitor_free(RouteMonitor *monitor)
{
	if (!monitor)
		return;
	nl_socket_free(monitor->socket);
	g_free(monitor);
}

int route_monitor_fd(const RouteMonitor *monitor)
{
	return nl_socket_get_fd(monitor->socket);
}

void route_monitor_dispatch(RouteMonitor *monitor)
{
	if (netlink_hear(monitor->socket, MAX_MESSAGES))
		monitor->callbacks.gone(NULL, 0, monitor->userdata);
}
