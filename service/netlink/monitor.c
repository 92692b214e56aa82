/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/monitor.h"

#include "service/netlink/interface-message.h"
#include "service/netlink/request.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

/* Several thousand notifications; taken up only while they wait. */
#define RECEIVE_BUFFER (8 * 1024 * 1024)

struct InterfaceMonitor {
	struct nl_sock *socket; /* notifications */
	Netlink *netlink;       /* questions */
	GHashTable *interfaces; /* ifindex → struct interface */
	bool stale;             /* something was missed: the list is to be made again */
	interface_changed_func changed;
	interface_touched_func touched;
	void *userdata;
};

struct interface {
	bool up;
	char name[IFNAMSIZ];
};

static bool is_same(const struct interface *interface, const char *name, bool up)
{
	return interface && g_str_equal(interface->name, name) && interface->up == up;
}

static void tell_touched(const InterfaceMonitor *monitor, int ifindex)
{
	if (monitor->touched)
		monitor->touched(ifindex, monitor->userdata);
}

static void set_present(InterfaceMonitor *monitor, int ifindex, const char *name, bool up)
{
	struct interface *now = g_new0(struct interface, 1);

	now->up = up;
	g_strlcpy(now->name, name, sizeof(now->name));
	g_hash_table_insert(monitor->interfaces, GINT_TO_POINTER(ifindex), now);
}

static void set_gone(InterfaceMonitor *monitor, int ifindex)
{
	g_autofree struct interface *known = NULL;

	if (!g_hash_table_steal_extended(monitor->interfaces, GINT_TO_POINTER(ifindex), NULL, (gpointer *)&known))
		return;
	monitor->changed(ifindex, known->name, true, monitor->userdata);
}

/* What the kernel says of it now; told if that, or what was notified, is another than what is known. */
static void look_again(InterfaceMonitor *monitor, int ifindex)
{
	g_autoptr(RtnlLink) link = NULL;
	int r = netlink_get_interface(monitor->netlink, ifindex, NULL, &link);

	if (r >= 0) {
		set_present(monitor, ifindex, rtnl_link_get_name(link), rtnl_link_get_flags(link) & IFF_UP);
		monitor->changed(ifindex, rtnl_link_get_name(link), false, monitor->userdata);
	} else if (r == -ENODEV) {
		set_gone(monitor, ifindex);
	} else {
		monitor->stale = true;
	}
}

static int on_notification(struct nl_msg *message, void *userdata)
{
	InterfaceMonitor *monitor = userdata;
	const struct interface *known;
	struct interface_notice notice;

	if (!interface_notice_read(message, &notice))
		return NL_SKIP;
	if (notice.of_bridge) {
		if (!notice.gone)
			tell_touched(monitor, notice.ifindex);
		return NL_OK;
	}
	known = g_hash_table_lookup(monitor->interfaces, GINT_TO_POINTER(notice.ifindex));

	if (notice.gone) {
		if (known) {
			set_gone(monitor, notice.ifindex);
			/* An ifindex can be asked for again. */
			look_again(monitor, notice.ifindex);
		}
	} else if (!known) {
		/* Even if it is gone by now: somebody may count on it, and wait for its end. */
		set_present(monitor, notice.ifindex, notice.name, notice.up);
		monitor->changed(notice.ifindex, notice.name, false, monitor->userdata);
	} else if (!is_same(known, notice.name, notice.up)) {
		/* Not to be believed: it may be older than the list that was made after an overrun. */
		look_again(monitor, notice.ifindex);
	} else {
		tell_touched(monitor, notice.ifindex);
	}
	return NL_OK;
}

static bool list_again(InterfaceMonitor *monitor, bool told, GError **error)
{
	g_autoptr(NlCache) links = NULL;
	g_autofree gpointer *known = NULL;

	if (netlink_dump_interfaces(monitor->netlink, &links) < 0)
		return netlink_failed(monitor->netlink, error, "cannot list the interfaces");
	known = g_hash_table_get_keys_as_array(monitor->interfaces, NULL);
	for (gpointer *ifindex = known; *ifindex; ifindex++) {
		g_autoptr(RtnlLink) link = rtnl_link_get(links, GPOINTER_TO_INT(*ifindex));

		if (!link)
			set_gone(monitor, GPOINTER_TO_INT(*ifindex));
	}
	for (struct nl_object *object = nl_cache_get_first(links); object; object = nl_cache_get_next(object)) {
		RtnlLink *link = (RtnlLink *)object;
		int ifindex = rtnl_link_get_ifindex(link);
		const char *name = rtnl_link_get_name(link);
		bool up = rtnl_link_get_flags(link) & IFF_UP;

		if (is_same(g_hash_table_lookup(monitor->interfaces, GINT_TO_POINTER(ifindex)), name, up))
			continue;
		set_present(monitor, ifindex, name, up);
		if (told)
			monitor->changed(ifindex, name, false, monitor->userdata);
	}
	monitor->stale = false;
	return true;
}

InterfaceMonitor *interface_monitor_new(interface_changed_func changed, interface_touched_func touched, void *userdata,
					GError **error)
{
	g_autoptr(InterfaceMonitor) monitor = g_new0(InterfaceMonitor, 1);
	static const int groups[] = { RTNLGRP_LINK, 0 };
	const int size = RECEIVE_BUFFER;

	monitor->changed = changed;
	monitor->touched = touched;
	monitor->userdata = userdata;
	monitor->interfaces = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	monitor->netlink = netlink_new(error);
	if (!monitor->netlink)
		return NULL;
	monitor->socket = netlink_subscribe(groups, on_notification, monitor, "the interfaces", error);
	if (!monitor->socket)
		return NULL;
	/* Without the right to exceed net.core.rmem_max there are only more overruns. */
	if (setsockopt(nl_socket_get_fd(monitor->socket), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(nl_socket_get_fd(monitor->socket), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));

	/* Subscribed before the list is made: what changes meanwhile is notified. */
	if (!list_again(monitor, false, error))
		return NULL;
	return g_steal_pointer(&monitor);
}

void interface_monitor_free(InterfaceMonitor *monitor)
{
	if (!monitor)
		return;
	nl_socket_free(monitor->socket);
	netlink_free(monitor->netlink);
	g_hash_table_unref(monitor->interfaces);
	g_free(monitor);
}

int interface_monitor_fd(const InterfaceMonitor *monitor)
{
	return nl_socket_get_fd(monitor->socket);
}

void interface_monitor_dispatch(InterfaceMonitor *monitor)
{
	g_autoptr(GError) error = NULL;

	monitor->stale |= netlink_hear(monitor->socket, G_MAXUINT);
	if (!monitor->stale)
		return;
	if (!list_again(monitor, true, &error))
		g_warning("%s", error->message);
	tell_touched(monitor, 0);
}
