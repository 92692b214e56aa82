/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/bridge.h"
#include "service/netlink/conntrack.h"
#include "service/netlink/ip-address.h"
#include "service/netlink/interface.h"
#include "service/netlink/neighbour.h"
#include "service/netlink/request.h"
#include "service/netlink/route.h"
#include "service/netlink/sysctl.h"
#include "tests/support/netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/mount.h>

/*
 * A host that was booted with ipv6.disable=1, which no namespace can be: the
 * kernel is asked as ever, but what it would hand to IPv6 is answered as it then
 * answers. rtnetlink falls back to what is registered for every family.
 */

int __real_netlink_request(Netlink *netlink, NlMsg *request, nl_recvmsg_msg_cb_t reply, void *userdata);
int __wrap_netlink_request(Netlink *netlink, NlMsg *request, nl_recvmsg_msg_cb_t reply, void *userdata);
int __wrap_netlink_request(Netlink *netlink, NlMsg *request, nl_recvmsg_msg_cb_t reply, void *userdata)
{
	struct nlmsghdr *header = nlmsg_hdr(request);
	guint8 *family = nlmsg_data(header);

	if (*family != AF_INET6)
		return __real_netlink_request(netlink, request, reply, userdata);
	switch (header->nlmsg_type) {
	case RTM_GETROUTE:
		if (header->nlmsg_flags & NLM_F_DUMP) {
			*family = AF_UNSPEC;
			break;
		}
		/* fall through */
	case RTM_NEWADDR:
		nlmsg_free(request);
		return netlink->kernel = -EOPNOTSUPP;
	case RTM_DELNEIGH:
		nlmsg_free(request);
		return netlink->kernel = -EAFNOSUPPORT;
	}
	return __real_netlink_request(netlink, request, reply, userdata);
}

/* Whatever there is of it in the namespace goes. */
static void set_up(Fixture *f, gconstpointer data)
{
	fixture_set_up(f, data);
	g_assert_true(netns_sysctl(f->netns, "net/ipv6/conf/all/disable_ipv6", "1"));
	g_assert_true(netns_sysctl(f->netns, "net/ipv6/conf/default/disable_ipv6", "1"));
}

static void test_ipv4_as_ever(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	static const guint8 mac[6] = { 0x02, 1, 2, 3, 4, 5 };
	const Prefix ipv4 = prefix("172.18.0.1/16");
	const Address endpoint = address("172.18.0.2");
	g_autoptr(GArray) addresses = NULL, forwarding = NULL, local = NULL;
	int ifindex = 0, found_ifindex = 0;
	char name[IFNAMSIZ];
	Overlap overlap;
	bool found;

	assert_succeeds(bridge_add(f->netlink, "br-web", mac, &ifindex, &error));
	assert_succeeds(interface_set_up(f->netlink, ifindex, true, &error));
	assert_succeeds(ip_address_add(f->netlink, ifindex, &ipv4, &error));
	assert_succeeds(ip_address_list(f->netlink, ifindex, &addresses, &error));
	g_assert_cmpuint(addresses->len, ==, 1);
	assert_succeeds(route_lookup(f->netlink, &endpoint, &found_ifindex, name, &error));
	g_assert_cmpint(found_ifindex, ==, ifindex);
	assert_succeeds(route_find_overlap(f->netlink, &ipv4, NULL, 0, &overlap, &found, &error));
	g_assert_true(found);
	assert_succeeds(route_list_local(f->netlink, &local, &error));
	assert_succeeds(flush_neighbour(f, ifindex, &endpoint, &error));
	assert_succeeds(interface_set_setting(f->netlink, ifindex, INTERFACE_FORWARDING, 1, &error));
	assert_succeeds(interfaces_save_forwarding(f->netlink, &forwarding, &error));
	g_assert_cmpuint(forwarding->len, ==, 2);
	assert_succeeds(interfaces_restore_forwarding(f->netlink, forwarding, &error));
	assert_succeeds(bridge_remove(f->netlink, ifindex, &error));
}

static void test_ipv6_clearly(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	const Prefix ipv6 = prefix("fd00:18::1/64");
	g_autoptr(ConntrackFilter) filter = conntrack_filter_new();
	g_autoptr(GArray) forwarding = NULL;
	int ifindex, found_ifindex;
	char name[IFNAMSIZ];
	Overlap overlap;
	bool found = true;
	guint value;

	/* An interface without IPv6 looks like every interface of such a host. */
	run(f, "ip link add br-web mtu 1000 type bridge");
	run(f, "ip addr add 172.18.0.1/16 dev br-web");
	run(f, "ip link set br-web up");
	ifindex = ifindex_of("br-web");
	assert_fails(ip_address_add(f->netlink, ifindex, &ipv6, &error), FAILED,
		     "interface \"br-web\": cannot add address fd00:18::1/64: the host has no IPv6");
	assert_fails(route_lookup(f->netlink, &ipv6.address, &found_ifindex, name, &error), INVALID_ARGS,
		     "no route to fd00:18::1: the host has no IPv6");
	assert_fails(interface_get_setting6(f->netlink, ifindex, INTERFACE6_FORWARDING, &value, &error), FAILED,
		     "has no IPv6");
	assert_fails(interface_set_setting6(f->netlink, ifindex, INTERFACE6_ACCEPT_RA, 0, &error), FAILED,
		     "has no IPv6");
	assert_succeeds(interfaces_save_forwarding6(f->netlink, &forwarding, &error));
	for (guint i = 0; i < forwarding->len; i++)
		g_assert_cmpint(g_array_index(forwarding, InterfaceValue, i).ifindex, !=, ifindex);
	assert_succeeds(interfaces_restore_forwarding6(f->netlink, forwarding, &error));

	/* There is nothing of it. */
	assert_succeeds(route_find_overlap(f->netlink, &ipv6, NULL, 0, &overlap, &found, &error));
	g_assert_false(found);
	assert_succeeds(flush_neighbour(f, ifindex, &ipv6.address, &error));
	conntrack_filter_add_address(filter, &ipv6.address);
	conntrack_filter_add_udp_ports(filter, FAMILY_IPV6, &(const Address){}, 53, 1);
	assert_succeeds(conntrack_flush_finish(conntrack_flush_start(g_steal_pointer(&filter), NULL), NULL, &error));

	g_assert_no_errno(mount("tmpfs", "/proc/sys/net", "tmpfs", 0, NULL));
	assert_fails(sysctl_get("net/ipv6/conf/all/forwarding", &found, &error), FAILED,
		     "forwarding: No such file or directory (the host has no IPv6)");
	g_assert_no_errno(umount("/proc/sys/net"));
}

int main(int argc, char **argv)
{
	netns_test_init(&argc, &argv);
#define ADD(name, function) g_test_add("/no-ipv6/" name, Fixture, NULL, set_up, function, fixture_tear_down)
	ADD("ipv4-as-ever", test_ipv4_as_ever);
	ADD("ipv6-clearly", test_ipv6_clearly);
	return g_test_run();
}
