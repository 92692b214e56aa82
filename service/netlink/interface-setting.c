/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/interface.h"

#include "service/netlink/interface6.h"
#include "service/netlink/request.h"
#include "service/model/address.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ip.h>
#include <netlink/route/link/inet.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *name;
	guint id;
} switches[] = {
	[INTERFACE_FORWARDING] = { "forwarding", IPV4_DEVCONF_FORWARDING },
	[INTERFACE_ROUTE_LOCALNET] = { "route_localnet", IPV4_DEVCONF_ROUTE_LOCALNET },
	[INTERFACE_RP_FILTER] = { "rp_filter", IPV4_DEVCONF_RP_FILTER },
};

bool interface_get_setting(Netlink *netlink, int ifindex, enum interface_setting which, guint *ret, GError **error)
{
	g_autoptr(RtnlLink) link = NULL;
	char interface[INTERFACE_TEXT_MAX];
	uint32_t value;

	if (netlink_get_interface(netlink, ifindex, NULL, &link) < 0)
		return netlink_interface_failed(netlink, ifindex, error, "cannot read its %s", switches[which].name);
	if (rtnl_link_inet_get_conf(link, switches[which].id, &value) < 0)
		return netfilter_fail(error, FAILED, "%s: cannot read its %s: it has no IPv4",
				      netlink_interface_text(ifindex, interface), switches[which].name);
	*ret = value;
	return true;
}

bool interface_set_setting(Netlink *netlink, int ifindex, enum interface_setting which, guint value, GError **error)
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

static const char *const names6[N_INTERFACE6_SETTINGS] = {
	[INTERFACE6_FORWARDING] = "forwarding",
	[INTERFACE6_ACCEPT_RA] = "accept_ra",
	[INTERFACE6_DISABLE] = "disable_ipv6",
};

bool interface_get_setting6(Netlink *netlink, int ifindex, enum interface_setting6 which, guint *ret, GError **error)
{
	char text[INTERFACE_TEXT_MAX];
	Interface6 interface;

	if (!interface6_find(netlink, ifindex, &interface, error))
		return false;
	if (!interface.ifindex)
		return netfilter_fail(error, FAILED, "%s: cannot read its IPv6 %s: it has no IPv6",
				      netlink_interface_text(ifindex, text), names6[which]);
	*ret = interface.settings[which];
	return true;
}

/*
 * When an interface is renamed or goes, the kernel takes its files away, and what
 * is open of them no longer takes a value. So a file that is open while the
 * interface has the name is that interface's, or nobody's.
 */
static int write_switch6(Netlink *netlink, int ifindex, enum interface_setting6 which, guint value)
{
	g_autofree char *path = NULL, *text = g_strdup_printf("%u", value);
	InterfaceInfo before, after;
	int fd, r = 0;

	if (!interface_find_index(netlink, ifindex, &before, NULL))
		return -EIO;
	if (!before.ifindex)
		return -ENODEV;
	path = g_strdup_printf("/proc/sys/net/ipv6/conf/%s/%s", before.name, names6[which]);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		r = -errno;
	if (!interface_find_index(netlink, ifindex, &after, NULL))
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

bool interface_set_setting6(Netlink *netlink, int ifindex, enum interface_setting6 which, guint value, GError **error)
{
	const char *name = names6[which];
	char interface[INTERFACE_TEXT_MAX];
	int r = -EAGAIN;
	guint present;

	/* What is right already needs no right to write it. */
	if (!interface_get_setting6(netlink, ifindex, which, &present, error))
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

bool interfaces_save_forwarding(Netlink *netlink, GArray **ret, GError **error)
{
	g_autoptr(NlCache) links = NULL;

	if (netlink_dump_interfaces(netlink, &links) < 0)
		return netlink_failed(netlink, error, "cannot list the forwarding of the interfaces");
	*ret = g_array_new(FALSE, FALSE, sizeof(InterfaceValue));
	for (struct nl_object *object = nl_cache_get_first(links); object; object = nl_cache_get_next(object)) {
		RtnlLink *link = (RtnlLink *)object;
		InterfaceValue value = { .ifindex = rtnl_link_get_ifindex(link) };

		g_strlcpy(value.name, rtnl_link_get_name(link) ?: "", sizeof value.name);
		if (rtnl_link_inet_get_conf(link, IPV4_DEVCONF_FORWARDING, &value.value) >= 0)
			g_array_append_val(*ret, value);
	}
	return true;
}

bool interfaces_save_forwarding6(Netlink *netlink, GArray **ret, GError **error)
{
	g_autoptr(GArray) interfaces = NULL;

	if (!interface6_list(netlink, &interfaces, error))
		return false;
	*ret = g_array_new(FALSE, FALSE, sizeof(InterfaceValue));
	for (guint i = 0; i < interfaces->len; i++) {
		const Interface6 *interface = &g_array_index(interfaces, Interface6, i);
		InterfaceValue value = { interface->ifindex, interface->settings[INTERFACE6_FORWARDING] };

		g_strlcpy(value.name, interface->name, sizeof value.name);
		g_array_append_val(*ret, value);
	}
	return true;
}

static const InterfaceValue *find_value(const GArray *values, int ifindex)
{
	for (guint i = 0; i < values->len; i++)
		if (g_array_index(values, InterfaceValue, i).ifindex == ifindex)
			return &g_array_index(values, InterfaceValue, i);
	return NULL;
}

static bool set_forwarding(Netlink *netlink, enum family family, const InterfaceValue *value, GError **error)
{
	if (family == FAMILY_IPV4)
		return interface_set_setting(netlink, value->ifindex, INTERFACE_FORWARDING, value->value, error);
	return interface_set_setting6(netlink, value->ifindex, INTERFACE6_FORWARDING, value->value, error);
}

/* All that can be; the first that cannot is reported. */
static bool restore_forwarding(Netlink *netlink, enum family family, const GArray *saved, const GArray *present,
			       GError **error)
{
	bool complete = true;

	for (guint i = 0; i < saved->len; i++) {
		const InterfaceValue *value = &g_array_index(saved, InterfaceValue, i);
		const InterfaceValue *now = find_value(present, value->ifindex);
		g_autoptr(GError) failure = NULL;
		InterfaceInfo info;

		if (!now || now->value == value->value || set_forwarding(netlink, family, value, &failure))
			continue;
		/* It has gone since. */
		if (interface_find_index(netlink, value->ifindex, &info, NULL) && !info.ifindex)
			continue;
		if (complete)
			g_propagate_error(error, g_steal_pointer(&failure));
		complete = false;
	}
	return complete;
}

bool interfaces_restore_forwarding(Netlink *netlink, const GArray *saved, GError **error)
{
	g_autoptr(GArray) present = NULL;

	return interfaces_save_forwarding(netlink, &present, error) &&
	       restore_forwarding(netlink, FAMILY_IPV4, saved, present, error);
}

bool interfaces_restore_forwarding6(Netlink *netlink, const GArray *saved, GError **error)
{
	g_autoptr(GArray) present = NULL;

	return interfaces_save_forwarding6(netlink, &present, error) &&
	       restore_forwarding(netlink, FAMILY_IPV6, saved, present, error);
}
