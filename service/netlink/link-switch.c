/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/link.h"

#include "service/netlink/request.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <netlink/route/link/inet.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *name;
	guint id;
} switches[] = {
	[LINK_FORWARDING] = { "forwarding", IPV4_DEVCONF_FORWARDING },
	[LINK_ROUTE_LOCALNET] = { "route_localnet", IPV4_DEVCONF_ROUTE_LOCALNET },
	[LINK_RP_FILTER] = { "rp_filter", IPV4_DEVCONF_RP_FILTER },
};

bool link_get_switch(Netlink *netlink, int ifindex, enum link_switch which, guint *ret, GError **error)
{
	g_autoptr(RtnlLink) link = NULL;
	char interface[INTERFACE_TEXT_MAX];
	uint32_t value;

	if (netlink_get_link(netlink, ifindex, NULL, &link) < 0)
		return netlink_interface_failed(netlink, ifindex, error, "cannot read its %s", switches[which].name);
	if (rtnl_link_inet_get_conf(link, switches[which].id, &value) < 0)
		return netfilter_fail(error, FAILED, "%s: cannot read its %s: it has no IPv4",
				      netlink_interface_text(ifindex, interface), switches[which].name);
	*ret = value;
	return true;
}

bool link_set_switch(Netlink *netlink, int ifindex, enum link_switch which, guint value, GError **error)
{
	g_autoptr(RtnlLink) link = rtnl_link_alloc(), change = rtnl_link_alloc();
	NlMsg *request = NULL;

	rtnl_link_set_ifindex(link, ifindex);
	if (rtnl_link_inet_set_conf(change, switches[which].id, value) < 0 ||
	    rtnl_link_build_change_request(link, change, 0, &request) < 0)
		g_error("Out of memory");
	if (netlink_request(netlink, request, NULL, NULL) < 0)
		return netlink_interface_failed(netlink, ifindex, error, "cannot set its %s to %u",
						switches[which].name, value);
	return true;
}

static const struct {
	const char *name;
	guint id;
} switches6[] = {
	[LINK6_FORWARDING] = { "forwarding", DEVCONF_FORWARDING },
	[LINK6_ACCEPT_RA] = { "accept_ra", DEVCONF_ACCEPT_RA },
	[LINK6_DISABLE] = { "disable_ipv6", DEVCONF_DISABLE_IPV6 },
};

struct inet6_conf {
	bool found;
	gint32 values[DEVCONF_MAX];
};

/* libnl keeps this part of an interface to itself. */
static int on_inet6(struct nl_msg *reply, void *userdata)
{
	struct nlattr *attributes[IFLA_MAX + 1], *inet6, *values;
	struct inet6_conf *conf = userdata;

	if (nlmsg_parse(nlmsg_hdr(reply), sizeof(struct ifinfomsg), attributes, IFLA_MAX, NULL) < 0 ||
	    !attributes[IFLA_AF_SPEC])
		return NL_SKIP;
	inet6 = nla_find(nla_data(attributes[IFLA_AF_SPEC]), nla_len(attributes[IFLA_AF_SPEC]), AF_INET6);
	values = inet6 ? nla_find(nla_data(inet6), nla_len(inet6), IFLA_INET6_CONF) : NULL;
	if (!values)
		return NL_SKIP;
	nla_memcpy(conf->values, values, sizeof(conf->values));
	conf->found = true;
	return NL_OK;
}

bool link_get_switch6(Netlink *netlink, int ifindex, enum link_switch6 which, guint *ret, GError **error)
{
	char interface[INTERFACE_TEXT_MAX];
	struct inet6_conf conf = {};
	NlMsg *request = NULL;

	if (rtnl_link_build_get_request(ifindex, NULL, &request) < 0)
		g_error("Out of memory");
	if (netlink_request(netlink, request, on_inet6, &conf) < 0)
		return netlink_interface_failed(netlink, ifindex, error, "cannot read its IPv6 %s",
						switches6[which].name);
	if (!conf.found)
		return netfilter_fail(error, FAILED, "%s: cannot read its IPv6 %s: it has no IPv6",
				      netlink_interface_text(ifindex, interface), switches6[which].name);
	*ret = conf.values[switches6[which].id];
	return true;
}

/*
 * When an interface is renamed or goes, the kernel takes its files away, and what
 * is open of them no longer takes a value. So a file that is open while the
 * interface has the name is that interface's, or nobody's.
 */
static int write_switch6(Netlink *netlink, int ifindex, enum link_switch6 which, guint value)
{
	g_autofree char *path = NULL, *text = g_strdup_printf("%u", value);
	LinkInfo before, after;
	int fd, r = 0;

	if (!link_find_index(netlink, ifindex, &before, NULL))
		return -EIO;
	if (!before.ifindex)
		return -ENODEV;
	path = g_strdup_printf("/proc/sys/net/ipv6/conf/%s/%s", before.name, switches6[which].name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		r = -errno;
	if (!link_find_index(netlink, ifindex, &after, NULL))
		r = -EIO;
	else if (!after.ifindex)
		r = -ENODEV;
	else if (!g_str_equal(after.name, before.name))
		r = -EAGAIN;
	else if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		r = errno == ENOENT ? -EAGAIN : -errno;
	if (fd >= 0)
		close(fd);
	return r;
}

bool link_set_switch6(Netlink *netlink, int ifindex, enum link_switch6 which, guint value, GError **error)
{
	const char *name = switches6[which].name;
	char interface[INTERFACE_TEXT_MAX];
	int r = -EAGAIN;
	guint present;

	/* What is right already needs no right to write it. */
	if (!link_get_switch6(netlink, ifindex, which, &present, error))
		return false;
	if (present == value)
		return true;
	for (guint i = 0; i < 10 && r == -EAGAIN; i++)
		r = write_switch6(netlink, ifindex, which, value);
	if (r < 0)
		return netfilter_fail(error, FAILED, "%s: cannot set its IPv6 %s to %u: %s",
				      netlink_interface_text(ifindex, interface), name, value, g_strerror(-r));
	return true;
}
