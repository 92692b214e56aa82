/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/bridge.h"
#include "service/netlink/ip-address.h"
#include "service/netlink/interface.h"
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

static int make_bridge(Fixture *f, const char *name)
{
	static const guint8 mac[6] = { 0x02, 0x42, 0, 0, 0, 1 };
	int ifindex;

	assert_succeeds(bridge_add(f->netlink, name, mac, &ifindex, &error));
	return ifindex;
}

static void test_names(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	static const char *const valid[] = { "a", "br-web", "fifteen-letters", "...", "a.b", "br+a", "grüße" };
	static const char *const invalid[] = { "",
					       ".",
					       "..",
					       "sixteen-letters.",
					       "a/b",
					       "a b",
					       "a\tb",
					       "a\nb",
					       "a\vb",
					       "a:1",
					       "br%d",
					       "br+",
					       "à",
					       "br\xff",
					       "br\xc2\x85",
					       "br\xe2\x80\xae",
					       "br\xee\x80\x81" };
	const char *wanted;
	InterfaceInfo found;

	for (guint i = 0; i < G_N_ELEMENTS(valid); i++) {
		g_assert_true(interface_name_is_valid(valid[i]));
		make_bridge(f, valid[i]);
		assert_succeeds(interface_find(f->netlink, valid[i], &found, &error));
		g_assert_cmpint(found.kind, ==, INTERFACE_BRIDGE);
	}
	for (guint i = 0; i < G_N_ELEMENTS(invalid); i++) {
		g_assert_false(interface_name_is_valid(invalid[i]));
		wanted = strlen(invalid[i]) < 16 ? cut(invalid[i]) : "\"sixteen-letters.\" is longer than 15 bytes";
		assert_fails(bridge_add(f->netlink, invalid[i], (guint8[6]){ 2 }, &(int){ 0 }, &error), INVALID_ARGS,
			     wanted);
		assert_fails(interface_find(f->netlink, invalid[i], &found, &error), INVALID_ARGS, wanted);
	}
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

	make_bridge(f, "br-web");
	get_mac(f, "br-web", before);
	/* Lower than the bridge's, which by itself would take it over. */
	run(f, "ip link add eth0 address 00:00:00:00:00:01 type veth peer name eth1");
	run(f, "ip link set eth0 master br-web");
	get_mac(f, "br-web", after);
	g_assert_cmpstr(before, ==, after);
}

static void test_usable_at_once(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	struct sockaddr_in6 local = { .sin6_family = AF_INET6, .sin6_port = g_htons(4000) };
	Prefix wanted = prefix("fd00:18::1/64");
	int fd, bridge = make_bridge(f, "br-web");

	assert_succeeds(ip_address_add(f->netlink, bridge, &wanted, &error));
	assert_succeeds(interface_set_up(f->netlink, bridge, true, &error));
	assert_hides(f, "ip -6 addr show br-web to fd00::/8", "tentative");
	memcpy(&local.sin6_addr, wanted.address.bytes, 16);
	fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(fd, (struct sockaddr *)&local, sizeof(local)), ==, 0);
	close(fd);

	run(f, "ip link add eth0 type veth peer name eth1");
	run(f, "ip link set eth0 master br-web up");
	run(f, "ip link set eth1 up");
	assert_shows(f, "ip -6 addr show eth1", "tentative");
	assert_hides(f, "ip -6 addr show br-web to fd00::/8", "tentative");
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
	assert_succeeds(
		interface_set_setting(f->netlink, make_bridge(f, "br-web"), INTERFACE_ROUTE_LOCALNET, 1, &error));
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
	const guint8 mac[6] = { 0x02, 0x42, 0, 0, 0, 1 };
	const Prefix ipv4 = prefix("172.18.0.1/16"), ipv6 = prefix("fd00:18::1/64");
	g_autoptr(GError) error = NULL;
	g_autoptr(Netlink) netlink = NULL;
	int bridge;

	if (prctl(PR_SET_KEEPCAPS, 1) < 0 || setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0 ||
	    syscall(SYS_capset, &header, sets) < 0)
		return BROKEN;
	netlink = netlink_new(&error);
	if (netlink && bridge_add(netlink, "br-user", mac, &bridge, &error) &&
	    interface_set_up(netlink, bridge, true, &error) && ip_address_add(netlink, bridge, &ipv4, &error) &&
	    ip_address_add(netlink, bridge, &ipv6, &error) &&
	    interface_set_setting(netlink, bridge, INTERFACE_ROUTE_LOCALNET, 1, &error) &&
	    bridge_remove(netlink, bridge, &error))
		return DONE;
	fprintf(stderr, "# %s\n", error->message);
	return strstr(error->message, "Operation not permitted") ? REFUSED : BROKEN;
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
	netns_test_init(&argc, &argv);
#define add(path, function) g_test_add("/netlink/" path, Fixture, NULL, fixture_set_up, function, fixture_tear_down)
	add("names", test_names);
	add("mac-stays", test_mac_stays);
	add("usable-at-once", test_usable_at_once);
	add("sysctl", test_sysctl);
	add("sysctl-read-only", test_sysctl_read_only);
	add("capabilities", test_capabilities);
	return g_test_run();
}
