/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/monitor.h"

#include "service/netlink/request.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

/* Several thousand notifications; taken up only while they wait. */
#define RECEIVE_BUFFER (8 * 1024 * 1024)

struct LinkMonitor {
	struct nl_sock *socket; /* notifications */
	Netlink *netlink;       /* questions */
	GHashTable *names;      /* ifindex → name */
	bool stale;             /* something was missed: the list is to be made again */
	link_vanished_func vanished;
	void *userdata;
};

static void set_name(LinkMonitor *monitor, int ifindex, const char *name)
{
	g_autofree char *old = NULL;

	g_hash_table_steal_extended(monitor->names, GINT_TO_POINTER(ifindex), NULL, (gpointer *)&old);
	if (name)
		g_hash_table_insert(monitor->names, GINT_TO_POINTER(ifindex), g_strdup(name));
	if (old && g_strcmp0(old, name) != 0)
		monitor->vanished(old, monitor->userdata);
}

static int on_notification(struct nl_msg *message, void *userdata)
{
	LinkMonitor *monitor = userdata;
	struct nlmsghdr *header = nlmsg_hdr(message);
	const struct ifinfomsg *info = nlmsg_data(header);
	struct nlattr *attributes[IFLA_MAX + 1];
	g_autoptr(RtnlLink) link = NULL;
	const char *known, *name;
	int r;

	if ((header->nlmsg_type != RTM_NEWLINK && header->nlmsg_type != RTM_DELLINK) ||
	    nlmsg_parse(header, sizeof(*info), attributes, IFLA_MAX, NULL) < 0 || !attributes[IFLA_IFNAME])
		return NL_SKIP;
	known = g_hash_table_lookup(monitor->names, GINT_TO_POINTER(info->ifi_index));
	name = nla_get_string(attributes[IFLA_IFNAME]);

	/* Even if it is gone by now: somebody may count on it, and wait for its end. */
	if (header->nlmsg_type == RTM_NEWLINK && !known) {
		set_name(monitor, info->ifi_index, name);
		return NL_OK;
	}
	if (header->nlmsg_type == RTM_NEWLINK ? g_str_equal(known, name) : !known)
		return NL_OK;

	/*
	 * Not to be believed: it may be older than the list that was made after an
	 * overrun, and RTM_DELLINK is also said of a port that leaves its bridge.
	 */
	r = netlink_get_link(monitor->netlink, info->ifi_index, NULL, &link);
	if (r >= 0)
		set_name(monitor, info->ifi_index, rtnl_link_get_name(link));
	else if (r == -ENODEV)
		set_name(monitor, info->ifi_index, NULL);
	else
		monitor->stale = true;
	return NL_OK;
}

static bool list_again(LinkMonitor *monitor, GError **error)
{
	g_autoptr(NlCache) links = NULL;
	g_autofree gpointer *known = NULL;

	if (netlink_dump_links(monitor->netlink, &links) < 0)
		return netlink_failed(monitor->netlink, error, "Cannot list the interfaces");
	known = g_hash_table_get_keys_as_array(monitor->names, NULL);
	for (gpointer *ifindex = known; *ifindex; ifindex++) {
		g_autoptr(RtnlLink) link = rtnl_link_get(links, GPOINTER_TO_INT(*ifindex));

		if (!link)
			set_name(monitor, GPOINTER_TO_INT(*ifindex), NULL);
	}
	for (struct nl_object *object = nl_cache_get_first(links); object; object = nl_cache_get_next(object))
		set_name(monitor, rtnl_link_get_ifindex((RtnlLink *)object), rtnl_link_get_name((RtnlLink *)object));
	monitor->stale = false;
	return true;
}

LinkMonitor *link_monitor_new(link_vanished_func vanished, void *userdata, GError **error)
{
	g_autoptr(LinkMonitor) monitor = g_new0(LinkMonitor, 1);
	const int size = RECEIVE_BUFFER;
	int r;

	monitor->vanished = vanished;
	monitor->userdata = userdata;
	monitor->names = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	monitor->netlink = netlink_new(error);
	if (!monitor->netlink)
		return NULL;
	monitor->socket = nl_socket_alloc();
	if (!monitor->socket)
		g_error("Out of memory");
	nl_socket_disable_seq_check(monitor->socket);
	nl_socket_modify_cb(monitor->socket, NL_CB_VALID, NL_CB_CUSTOM, on_notification, monitor);
	r = nl_connect(monitor->socket, NETLINK_ROUTE);
	if (r >= 0)
		r = nl_socket_set_nonblocking(monitor->socket);
	if (r >= 0)
		r = nl_socket_add_memberships(monitor->socket, RTNLGRP_LINK, 0);
	if (r < 0) {
		g_set_error(error, NETFILTER_ERROR, NETFILTER_ERROR_FAILED, "Cannot watch the interfaces: %s",
			    nl_geterror(r));
		return NULL;
	}
	/* Without the right to exceed net.core.rmem_max there are only more overruns. */
	if (setsockopt(nl_socket_get_fd(monitor->socket), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(nl_socket_get_fd(monitor->socket), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));

	/* Subscribed before the list is made: what changes meanwhile is notified. */
	if (!list_again(monitor, error))
		return NULL;
	return g_steal_pointer(&monitor);
}

void link_monitor_free(LinkMonitor *monitor)
{
	if (!monitor)
		return;
	nl_socket_free(monitor->socket);
	netlink_free(monitor->netlink);
	g_hash_table_unref(monitor->names);
	g_free(monitor);
}

int link_monitor_fd(const LinkMonitor *monitor)
{
	return nl_socket_get_fd(monitor->socket);
}

void link_monitor_dispatch(LinkMonitor *monitor)
{
	g_autoptr(GError) error = NULL;
	int r;

	do {
		r = nl_recvmsgs_default(monitor->socket);
		/* libnl's name for ENOBUFS. */
		if (r == -NLE_NOMEM)
			monitor->stale = true;
	} while (r >= 0 || r == -NLE_NOMEM);
	if (monitor->stale && !list_again(monitor, &error))
		g_warning("%s", error->message);
}
