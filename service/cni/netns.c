/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cni/netns.h"

#include "service/error.h"
#include "service/netlink/interface.h"
#include "service/netlink/veth.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- there and back --- */

static int open_namespace(const char *path, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (errno == ENOENT || errno == ESRCH)
		cni_fail(error, CONTAINER, "CNI_NETNS: there is no \"%s\"", cut(path));
	else
		cni_fail(error, ENVIRONMENT, "CNI_NETNS: \"%s\": %s", cut(path), g_strerror(errno));
	return -1;
}

/* Into the namespace, and the one that the process was in before; negative: it is there still. */
static int enter(const char *path, GError **error)
{
	int there = open_namespace(path, error), home, r;

	if (there < 0)
		return -1;
	home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	r = home < 0 ? -1 : setns(there, CLONE_NEWNET);
	if (r < 0) {
		cni_fail(error, ENVIRONMENT, "CNI_NETNS: \"%s\" is not a network namespace to enter: %s", cut(path),
			 g_strerror(errno));
		if (home >= 0)
			close(home);
	}
	close(there);
	return r < 0 ? -1 : home;
}

static bool leave(int home, GError **error)
{
	int r = setns(home, CLONE_NEWNET);

	close(home);
	return r == 0 || cni_fail(error, IO, "cannot go back to the namespace of the host: %s", g_strerror(errno));
}

/* --- what is done there --- */

int netns_socket(const char *path, GError **error)
{
	int home = enter(path, error), fd;

	if (home < 0)
		return -1;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (!leave(home, error)) {
		close(fd);
		return -1;
	}
	if (fd < 0)
		cni_fail(error, IO, "cannot open a socket in \"%s\"", cut(path));
	return fd;
}

bool netns_get_mac(int socket, const char *ifname, guint8 ret[static 6])
{
	struct ifreq request = {};

	g_strlcpy(request.ifr_name, ifname, sizeof request.ifr_name);
	if (ioctl(socket, SIOCGIFHWADDR, &request) < 0)
		return false;
	memcpy(ret, request.ifr_hwaddr.sa_data, 6);
	return true;
}

static bool remove_veth(Netlink *netlink, const char *ifname, GError **error)
{
	g_autoptr(GArray) ifindexes = g_array_new(FALSE, FALSE, sizeof(int));
	g_autoptr(GError) reason = NULL;
	InterfaceInfo info;

	if (!interface_find(netlink, ifname, &info, &reason))
		return cni_fail(error, IO, "%s", reason->message);
	if (info.ifindex == 0 || !info.leads_out)
		return true;
	g_array_append_val(ifindexes, info.ifindex);
	return veths_remove(netlink, ifindexes, &reason) || cni_fail(error, IO, "%s", reason->message);
}

bool netns_remove_veth(const char *path, const char *ifname, GError **error)
{
	g_autoptr(GError) reason = NULL;
	g_autoptr(Netlink) netlink = NULL;
	int home = enter(path, &reason);

	if (home < 0 && g_error_matches(reason, CNI_ERROR, CNI_ERROR_CONTAINER))
		return true;
	if (home < 0) {
		g_propagate_error(error, g_steal_pointer(&reason));
		return false;
	}
	netlink = netlink_new(&reason);
	if (!leave(home, error))
		return false;
	if (!netlink)
		return cni_fail(error, IO, "%s", reason->message);
	return remove_veth(netlink, ifname, error);
}
