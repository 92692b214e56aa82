/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/bridge.h"
#include "service/netlink/interface.h"
#include "tests/support/netlink.h"

#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static const guint8 mac[6] = { 0x02, 1, 2, 3, 4, 5 };

static void test_add(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	static const guint8 zero[6], group[6] = { 0x03 };
	static const char *const taken[] = { "br-web", "other", "eth0", "lo" };
	int ifindex = 0;

	assert_succeeds(bridge_add(f->netlink, "br-web", mac, &ifindex, &error));
	g_assert_cmpint(ifindex, ==, ifindex_of("br-web"));
	assert_shows(f, "ip -d -j link show br-web", "\"info_kind\":\"bridge\"");
	assert_shows(f, "ip -j link show br-web", "02:01:02:03:04:05");
	assert_hides(f, "ip -j link show br-web", "\"UP\"");
	/* Others know it by that from the moment it is there. */
	assert_shows(f, "ip -j link show br-web", "\"group\":\"" G_STRINGIFY(NETLINK_OWN_GROUP) "\"");
	assert_hides(f, "ip addr show br-web", "inet");
	/* As the kernel makes one, whose MAC stays whatever its ports do. */
	run(f, "ip link add eth0 address 00:00:00:00:00:01 type veth peer name eth1");
	run(f, "ip link set eth0 master br-web");
	assert_shows(f, "ip -j link show br-web", "02:01:02:03:04:05");

	run(f, "ip link property add dev br-web altname other");
	for (guint i = 0; i < G_N_ELEMENTS(taken); i++) {
		ifindex = 0;
		assert_fails(bridge_add(f->netlink, taken[i], mac, &ifindex, &error), BRIDGE_IN_USE, taken[i]);
		g_assert_cmpint(ifindex, ==, 0);
	}
	assert_fails(bridge_add(f->netlink, "br%d", mac, &ifindex, &error), INVALID_ARGS, "\"br%d\"");
	assert_fails(bridge_add(f->netlink, "br-zero", zero, &ifindex, &error), INVALID_ARGS, "br-zero");
	assert_fails(bridge_add(f->netlink, "br-group", group, &ifindex, &error), INVALID_ARGS, "br-group");
	assert_hides(f, "ip -j link", "br-zero");
	assert_hides(f, "ip -j link", "br-group");
}

static void test_remove(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	int first = 0, second = 0;

	assert_succeeds(bridge_add(f->netlink, "br-web", mac, &first, &error));
	assert_succeeds(interface_set_up(f->netlink, first, true, &error));
	assert_succeeds(bridge_remove(f->netlink, first, &error));
	assert_hides(f, "ip -j link", "br-web");
	assert_succeeds(bridge_remove(f->netlink, first, &error));
	assert_succeeds(bridge_remove(f->netlink, 0, &error));

	/* Whoever has its name later is another; and it is itself under another name. */
	assert_succeeds(bridge_add(f->netlink, "br-web", mac, &second, &error));
	g_assert_cmpint(second, !=, first);
	assert_succeeds(bridge_remove(f->netlink, first, &error));
	g_assert_cmpint(ifindex_of("br-web"), ==, second);
	run(f, "ip link set br-web name br-mine");
	run(f, "ip link add br-web type bridge");
	assert_succeeds(bridge_remove(f->netlink, second, &error));
	assert_hides(f, "ip -j link", "br-mine");
	assert_shows(f, "ip -j link", "br-web");

	run(f, "ip link add eth0 type veth peer name eth1");
	assert_fails(bridge_remove(f->netlink, ifindex_of("eth0"), &error), FAILED,
		     "\"eth0\": cannot delete it: it is no bridge");
	assert_shows(f, "ip -j link", "eth0");
}

static void assert_nf_call(Fixture *f, int ifindex, enum family family, bool on)
{
	static const char *const attributes[N_FAMILIES] = { "nf_call_iptables", "nf_call_ip6tables" };
	g_autofree char *text = g_strdup_printf("%s %d ", attributes[family], on);
	bool found = !on;

	assert_succeeds(bridge_get_nf_call(f->netlink, ifindex, family, &found, &error));
	g_assert_cmpint(found, ==, on);
	assert_shows(f, "ip -d link show br-web", text);
}

static void test_nf_call(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	int ifindex = 0, other = 0;
	bool on;

	assert_succeeds(bridge_add(f->netlink, "br-web", mac, &ifindex, &error));
	assert_succeeds(bridge_add(f->netlink, "br-b", mac, &other, &error));
	if (access("/proc/sys/net/bridge", F_OK) < 0) {
		assert_fails(bridge_set_nf_call(f->netlink, ifindex, FAMILY_IPV4, true, &error), FAILED,
			     "br_netfilter");
		g_test_skip("the kernel has no br_netfilter");
		return;
	}
	for (guint i = 0; i < 16; i++) {
		enum family family = i % 2;

		assert_succeeds(bridge_set_nf_call(f->netlink, ifindex, family, i / 4 % 2, &error));
		assert_nf_call(f, ifindex, family, i / 4 % 2);
		assert_succeeds(bridge_get_nf_call(f->netlink, other, family, &on, &error));
		g_assert_false(on);
	}

	run(f, "ip link add eth0 type veth peer name eth1");
	assert_fails(bridge_get_nf_call(f->netlink, ifindex_of("eth0"), FAMILY_IPV4, &on, &error), FAILED, "no bridge");
	assert_fails(bridge_set_nf_call(f->netlink, ifindex_of("eth0"), FAMILY_IPV4, true, &error), FAILED,
		     "no bridge");
	assert_fails(bridge_set_nf_call(f->netlink, 4711, FAMILY_IPV4, true, &error), FAILED, "interface 4711");

	/* As without the module: off is off, and on would mean nothing. */
	g_assert_no_errno(mount("tmpfs", "/proc/sys/net/bridge", "tmpfs", 0, NULL));
	assert_fails(bridge_set_nf_call(f->netlink, ifindex, FAMILY_IPV4, true, &error), FAILED,
		     "interface \"br-web\": cannot switch its nf_call_iptables on: the kernel module br_netfilter");
	assert_succeeds(bridge_set_nf_call(f->netlink, ifindex, FAMILY_IPV4, false, &error));
	assert_nf_call(f, ifindex, FAMILY_IPV4, false);
	g_assert_no_errno(umount("/proc/sys/net/bridge"));
}

int main(int argc, char **argv)
{
	netns_test_init(&argc, &argv);
#define ADD(name, function) g_test_add("/bridge/" name, Fixture, NULL, fixture_set_up, function, fixture_tear_down)
	ADD("add", test_add);
	ADD("remove", test_remove);
	ADD("nf-call", test_nf_call);
	return g_test_run();
}
