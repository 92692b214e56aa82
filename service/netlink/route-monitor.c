/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/route-monitor.h"

#include "service/netlink/route-message.h"

#include <linux/rtnetlink.h>

#define MAX_MESSAGES 256 /* a dispatch */

struct RouteMonitor {
	struct nl_sock *socket;
	route_appeared_func appeared;
	void *userdata;
};

static int on_notification(struct nl_msg *message, void *userdata)
{
	const RouteMonitor *monitor = userdata;
	struct route route;

	if (route_read(message, &route) && route.type != RTN_THROW && route.destination.length > 1)
		monitor->appeared(&route.destination, route.ifindex, monitor->userdata);
	return NL_OK;
}

RouteMonitor *route_monitor_new(route_appeared_func appeared, void *userdata, GError **error)
{
	g_autoptr(RouteMonitor) monitor = g_new(RouteMonitor, 1);
	int r;

	*monitor = (RouteMonitor){ nl_socket_alloc(), appeared, userdata };
	if (!monitor->socket)
		g_error("Out of memory");
	nl_socket_disable_seq_check(monitor->socket);
	nl_socket_modify_cb(monitor->socket, NL_CB_VALID, NL_CB_CUSTOM, on_notification, monitor);
	r = nl_connect(monitor->socket, NETLINK_ROUTE);
	if (r >= 0)
		r = nl_socket_set_nonblocking(monitor->socket);
	if (r >= 0)
		r = nl_socket_add_memberships(monitor->socket, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, 0);
	if (r < 0) {
		netfilter_fail(error, FAILED, "cannot watch the routes: %s", nl_geterror(r));
		return NULL;
	}
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
	for (guint i = 0; i < MAX_MESSAGES; i++) {
		int r = nl_recvmsgs_default(monitor->socket);

		/* libnl's name for ENOBUFS. */
		if (r < 0 && r != -NLE_NOMEM)
			return;
	}
}
