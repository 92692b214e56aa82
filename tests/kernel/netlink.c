/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/bridge.h"
#include "service/netlink/ip-address.h"
#include "service/netlink/link.h"
#include "service/netlink/sysctl.h"
#include "tests/support/netlink.h"

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static enum link_kind kind_of(Fixture *f, const char *name)
{
	enum link_kind ret = LINK_MISSING;

	assert_succeeds(link_kind(f->netlink, name, &ret, &error));
	return ret;
}

static void test_names(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	static const char *const valid[] = { "a", "br-web", "fifteen-letters", "...", "a.b", "br+a", "grüße" };
	static const char *const invalid[] = {
		"", ".", "..", "sixteen-letters.", "a/b", "a b", "a\tb", "a\nb", "a\vb", "a:1", "br%d", "br+", "à"
	};
	enum link_kind kind;
	const char *wanted;

	for (guint i = 0; i < G_N_ELEMENTS(valid); i++) {
		g_assert_true(link_name_is_valid(valid[i]));
		assert_succeeds(bridge_create(f->netlink, valid[i], &error));
		g_assert_cmpint(kind_of(f, valid[i]), ==, LINK_BRIDGE);
	}
	for (guint i = 0; i < G_N_ELEMENTS(invalid); i++) {
		g_assert_false(link_name_is_valid(invalid[i]));
		wanted = strlen(invalid[i]) < 16 ? invalid[i] : "name of 16 bytes is too long; 15 are allowed";
		assert_fails(bridge_create(f->netlink, invalid[i], &error), INVALID_ARGS, wanted);
		assert_fails(link_kind(f->netlink, invalid[i], &kind, &error), INVALID_ARGS, wanted);
	}
}

static void test_bridge(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	g_assert_cmpint(kind_of(f, "br-web"), ==, LINK_MISSING);
	assert_succeeds(bridge_create(f->netlink, "br-web", &error));
	g_assert_cmpint(kind_of(f, "br-web"), ==, LINK_BRIDGE);
	assert_shows(f, "ip -d -j link show br-web", "\"info_kind\":\"bridge\"");
	assert_shows(f, "ip -j link show br-web", "\"UP\"");
	assert_shows(f, "sysctl net.ipv6.conf.br-web.accept_ra", "= 0");

	assert_fails(bridge_create(f->netlink, "br-web", &error), BRIDGE_IN_USE, "br-web");
	run(f, "ip link add eth0 type veth peer name eth1");
	run(f, "ip link property add dev br-web altname other");
	g_assert_cmpint(kind_of(f, "eth0"), ==, LINK_OTHER);
	g_assert_cmpint(kind_of(f, "other"), ==, LINK_OTHER);
	assert_fails(bridge_create(f->netlink, "eth0", &error), BRIDGE_IN_USE, "eth0");
	assert_fails(bridge_create(f->netlink, "other", &error), BRIDGE_IN_USE, "other");
	assert_fails(bridge_delete(f->netlink, "eth0", &error), FAILED, "eth0");
	assert_fails(bridge_delete(f->netlink, "other", &error), FAILED, "other");
	g_assert_cmpint(kind_of(f, "eth0"), ==, LINK_OTHER);

	assert_succeeds(bridge_delete(f->netlink, "br-web", &error));
	assert_hides(f, "ip -j link", "br-web");
	assert_succeeds(bridge_delete(f->netlink, "br-web", &error));
}

static int index_of(Fixture *f, const char *name)
{
	int ifindex = -1;

	assert_succeeds(bridge_index(f->netlink, name, &ifindex, &error));
	return ifindex;
}

/* Whoever has its name later is another. */
static void test_this_very_bridge(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	int first, second;

	run(f, "ip link add eth0 type veth peer name eth1");
	g_assert_cmpint(index_of(f, "br-web"), ==, 0);
	g_assert_cmpint(index_of(f, "eth0"), ==, 0);
	assert_succeeds(bridge_create(f->netlink, "br-web", &error));
	first = index_of(f, "br-web");
	g_assert_cmpint(first, >, 0);
	assert_succeeds(bridge_shut(f->netlink, "br-web", first, &error));
	assert_hides(f, "ip -j link show br-web", "\"UP\"");
	assert_succeeds(bridge_delete_index(f->netlink, "br-web", first, &error));
	assert_hides(f, "ip -j link", "br-web");
	assert_succeeds(bridge_shut(f->netlink, "br-web", first, &error));
	assert_succeeds(bridge_delete_index(f->netlink, "br-web", first, &error));

	assert_succeeds(bridge_create(f->netlink, "br-web", &error));
	second = index_of(f, "br-web");
	g_assert_cmpint(second, !=, first);
	assert_succeeds(bridge_shut(f->netlink, "br-web", first, &error));
	assert_succeeds(bridge_delete_index(f->netlink, "br-web", first, &error));
	assert_shows(f, "ip -j link show br-web", "\"UP\"");
	/* Nor does it have another name. */
	run(f, "ip link set br-web down");
	run(f, "ip link set br-web name br-mine");
	assert_succeeds(bridge_delete_index(f->netlink, "br-web", second, &error));
	g_assert_cmpint(kind_of(f, "br-mine"), ==, LINK_BRIDGE);
}

static void get_mac(Fixture *f, const char *name, char ret[static 18])
{
	g_autofree char *output = netns_output(f->netns, "ip -br link show %s", name);

	g_assert_cmpint(sscanf(output, "%*s %*s %17s", ret), ==, 1);
}

/* Whatever its ports do: neighbours know the gateway by it. */
static void test_mac_stays(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	char before[18], after[18];

	assert_succeeds(bridge_create(f->netlink, "br-web", &error));
	get_mac(f, "br-web", before);
	/* Lower than the bridge's, which by itself would take it over. */
	run(f, "ip link add eth0 address 00:00:00:00:00:01 type veth peer name eth1");
	run(f, "ip link set eth0 master br-web");
	get_mac(f, "br-web", after);
	g_assert_cmpstr(before, ==, after);
}

static void test_addresses(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	static const char *const all[] = { "172.18.0.1/16", "fd00:18::1/64", "10.9.9.1/32", "fd00:99::1/128" };
	Prefix wanted;
	bool has;

	assert_succeeds(bridge_create(f->netlink, "br-web", &error));
	for (guint round = 0; round < 2; round++)
		for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
			wanted = prefix(all[i]);
			assert_succeeds(link_add_address(f->netlink, "br-web", &wanted, &error));
			assert_shows(f, "ip -o addr show br-web", all[i]);
			assert_succeeds(link_has_address(f->netlink, "br-web", &wanted.address, &has, &error));
			g_assert_true(has);
			assert_succeeds(link_has_address(f->netlink, "lo", &wanted.address, &has, &error));
			g_assert_false(has);
		}
	assert_shows(f, "ip route", "172.18.0.0/16 dev br-web");
	assert_shows(f, "ip -6 route", "fd00:18::/64 dev br-web");

	wanted = prefix("fd00:18::1/80");
	assert_fails(link_add_address(f->netlink, "br-web", &wanted, &error), FAILED, "prefix length 64");
	wanted = prefix("172.19.0.1/16");
	assert_fails(link_add_address(f->netlink, "br-none", &wanted, &error), FAILED, "br-none");
	assert_fails(link_has_address(f->netlink, "br-none", &wanted.address, &has, &error), FAILED, "br-none");
	assert_succeeds(link_has_address(f->netlink, "br-web", &wanted.address, &has, &error));
	g_assert_false(has);

	g_assert_true(netns_sysctl(f->netns, "net/ipv6/conf/br-web/disable_ipv6", "1"));
	wanted = prefix("fd00:20::1/64");
	assert_fails(link_add_address(f->netlink, "br-web", &wanted, &error), FAILED, "fd00:20::1/64");
}

static void test_usable_at_once(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	struct sockaddr_in6 local = { .sin6_family = AF_INET6, .sin6_port = g_htons(4000) };
	Prefix wanted = prefix("fd00:18::1/64");
	int fd;

	assert_succeeds(bridge_create(f->netlink, "br-web", &error));
	assert_succeeds(link_add_address(f->netlink, "br-web", &wanted, &error));
	assert_hides(f, "ip -6 addr show br-web", "tentative");
	assert_shows(f, "ip -6 addr show br-web", "inet6 fe80::");
	memcpy(&local.sin6_addr, wanted.address.bytes, 16);
	fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(fd, (struct sockaddr *)&local, sizeof(local)), ==, 0);
	close(fd);

	run(f, "ip link add eth0 type veth peer name eth1");
	run(f, "ip link set eth0 master br-web up");
	run(f, "ip link set eth1 up");
	assert_shows(f, "ip -6 addr show eth1", "tentative");
	assert_hides(f, "ip -6 addr show br-web", "tentative");
}

static void test_no_ipv6(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	g_assert_true(netns_sysctl(f->netns, "net/ipv6/conf/default/disable_ipv6", "1"));
	assert_succeeds(bridge_create(f->netlink, "br-web", &error));
	assert_shows(f, "ip -j link show br-web", "\"UP\"");
}

static void test_route_localnet(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	const char *show = "sysctl net.ipv4.conf.br-web.route_localnet net.ipv4.conf.all.route_localnet";
	bool on = true;

	assert_succeeds(bridge_create(f->netlink, "br-web", &error));
	assert_succeeds(link_get_route_localnet(f->netlink, "br-web", &on, &error));
	g_assert_false(on);
	assert_succeeds(link_set_route_localnet(f->netlink, "br-web", true, &error));
	assert_shows(f, show, "br-web.route_localnet = 1\nnet.ipv4.conf.all.route_localnet = 0\n");
	assert_succeeds(link_get_route_localnet(f->netlink, "br-web", &on, &error));
	g_assert_true(on);
	assert_shows(f, "ip -j link show br-web", "\"UP\"");
	assert_succeeds(link_set_route_localnet(f->netlink, "br-web", false, &error));
	assert_shows(f, show, "br-web.route_localnet = 0\n");
	run(f, "sysctl -q net.ipv4.conf.br-web.route_localnet=1");
	assert_succeeds(link_get_route_localnet(f->netlink, "br-web", &on, &error));
	g_assert_true(on);

	assert_fails(link_get_route_localnet(f->netlink, "br-none", &on, &error), FAILED, "br-none: No such device");
	assert_fails(link_set_route_localnet(f->netlink, "br-none", true, &error), FAILED, "br-none: No such device");
	assert_fails(link_set_route_localnet(f->netlink, "a/b", true, &error), INVALID_ARGS, "a/b");
	run(f, "ip link property add dev br-web altname other");
	assert_fails(link_set_route_localnet(f->netlink, "other", true, &error), FAILED, "other");
}

static void test_sysctl(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	bool on;

	assert_succeeds(sysctl_get("net/ipv4/ip_forward", &on, &error));
	g_assert_false(on);
	assert_succeeds(sysctl_set("net/ipv4/ip_forward", true, &error));
	assert_shows(f, "sysctl net.ipv4.ip_forward", "= 1");
	assert_succeeds(sysctl_get("net/ipv4/ip_forward", &on, &error));
	g_assert_true(on);
	assert_succeeds(sysctl_set("net/ipv6/conf/all/forwarding", true, &error));
	assert_shows(f, "sysctl net.ipv6.conf.all.forwarding", "= 1");
	assert_succeeds(sysctl_set("net/ipv4/ip_forward", false, &error));
	assert_shows(f, "sysctl net.ipv4.ip_forward", "= 0");

	for (guint i = 0; i < 2; i++) {
		static const char *const expected[] = { "1024\t2048", "0\t0" };
		g_autofree char *text = NULL;

		g_assert_true(netns_sysctl(f->netns, "net/ipv4/ip_local_port_range", "1024 2048"));
		g_assert_true(netns_sysctl(f->netns, "net/ipv4/ping_group_range", "0 0"));
		assert_succeeds(
			sysctl_read(i ? "net/ipv4/ping_group_range" : "net/ipv4/ip_local_port_range", &text, &error));
		g_assert_cmpstr(text, ==, expected[i]);
	}
	assert_fails(sysctl_read("net/ipv4/none", &(char *){ NULL }, &error), FAILED, "/proc/sys/net/ipv4/none");
	assert_fails(sysctl_get("net/ipv4/none", &on, &error), FAILED, "/proc/sys/net/ipv4/none: No such file");
	assert_fails(sysctl_set("net/ipv4/none", true, &error), FAILED, "/proc/sys/net/ipv4/none: No such file");
}

static void test_sysctl_read_only(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	bool on;

	assert_succeeds(sysctl_set("net/ipv4/ip_forward", true, &error));
	g_assert_cmpint(mount("/proc/sys", "/proc/sys", "none", MS_BIND, NULL), ==, 0);
	g_assert_cmpint(mount("none", "/proc/sys", "none", MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), ==, 0);
	assert_succeeds(sysctl_set("net/ipv4/ip_forward", true, &error));
	assert_fails(sysctl_set("net/ipv4/ip_forward", false, &error), FAILED,
		     "/proc/sys/net/ipv4/ip_forward: Read-only file system");
	assert_succeeds(bridge_create(f->netlink, "br-web", &error));
	assert_succeeds(link_set_route_localnet(f->netlink, "br-web", true, &error));
	g_assert_cmpint(umount2("/proc/sys", MNT_DETACH), ==, 0);

	/* As without the module. */
	if (g_file_test("/proc/sys/net/bridge", G_FILE_TEST_IS_DIR)) {
		g_assert_cmpint(mount("tmpfs", "/proc/sys/net/bridge", "tmpfs", 0, NULL), ==, 0);
		assert_fails(sysctl_set("net/bridge/bridge-nf-call-iptables", true, &error), FAILED, "br_netfilter");
		g_assert_cmpint(umount("/proc/sys/net/bridge"), ==, 0);
		assert_succeeds(sysctl_set("net/bridge/bridge-nf-call-iptables", true, &error));
	} else {
		assert_fails(sysctl_get("net/bridge/bridge-nf-call-iptables", &on, &error), FAILED, "br_netfilter");
	}
}

enum { DONE, REFUSED, BROKEN };

static int make_and_delete(guint32 capabilities)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2] = { { capabilities, capabilities, 0 } };
	const Prefix ipv4 = prefix("172.18.0.1/16"), ipv6 = prefix("fd00:18::1/64");
	g_autoptr(GError) error = NULL;
	g_autoptr(Netlink) netlink = NULL;

	if (prctl(PR_SET_KEEPCAPS, 1) < 0 || setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0 ||
	    syscall(SYS_capset, &header, sets) < 0)
		return BROKEN;
	netlink = netlink_new(&error);
	if (netlink && bridge_create(netlink, "br-user", &error) &&
	    link_add_address(netlink, "br-user", &ipv4, &error) &&
	    link_add_address(netlink, "br-user", &ipv6, &error) &&
	    link_set_route_localnet(netlink, "br-user", true, &error) && bridge_delete(netlink, "br-user", &error))
		return DONE;
	fprintf(stderr, "# %s\n", error->message);
	return strstr(error->message, "br-user: Operation not permitted") ? REFUSED : BROKEN;
}

static void assert_as_nobody(guint32 capabilities, int expected)
{
	int status = -1;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0)
		exit(make_and_delete(capabilities));
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, expected);
}

/* As the service runs: not root, with two capabilities. */
static void test_capabilities(Fixture *f G_GNUC_UNUSED, gconstpointer data G_GNUC_UNUSED)
{
	assert_as_nobody(1u << CAP_NET_ADMIN | 1u << CAP_NET_RAW, DONE);
	assert_as_nobody(1u << CAP_NET_RAW, REFUSED);
}

int main(int argc, char **argv)
{
	netlink_test_init(&argc, &argv);
#define add(path, function) g_test_add("/netlink/" path, Fixture, NULL, fixture_set_up, function, fixture_tear_down)
	add("names", test_names);
	add("bridge", test_bridge);
	add("this-very-bridge", test_this_very_bridge);
	add("mac-stays", test_mac_stays);
	add("addresses", test_addresses);
	add("usable-at-once", test_usable_at_once);
	add("no-ipv6", test_no_ipv6);
	add("route-localnet", test_route_localnet);
	add("sysctl", test_sysctl);
	add("sysctl-read-only", test_sysctl_read_only);
	add("capabilities", test_capabilities);
	return g_test_run();
}
