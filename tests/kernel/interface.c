/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/interface.h"
#include "service/netlink/sysctl.h"
#include "tests/support/netlink.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

/* An index that no interface has. */
#define GONE 4711

static void test_find(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	static const struct {
		const char *name;
		enum interface_kind kind;
		bool up;
		guint mtu;
		const char *real_name;
	} cases[] = {
		{ "br-web", INTERFACE_BRIDGE, true, 1400, "br-web" },
		{ "br-down", INTERFACE_BRIDGE, false, 1500, "br-down" },
		{ "other", INTERFACE_OTHER, true, 1400, "br-web" },
		{ "eth0", INTERFACE_OTHER, false, 1500, "eth0" },
		{ "lo", INTERFACE_OTHER, true, 65536, "lo" },
		{ "br-none", INTERFACE_MISSING },
	};
	static const guint8 mac[6] = { 2, 1, 2, 3, 4, 5 };
	InterfaceInfo info;

	run(f, "ip link add br-web address 02:01:02:03:04:05 mtu 1400 type bridge");
	run(f, "ip link property add dev br-web altname other");
	run(f, "ip link set br-web up");
	run(f, "ip link add br-down type bridge");
	run(f, "ip link add eth0 type veth peer name eth1");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		int ifindex = ifindex_of(cases[i].name);

		g_test_message("%s", cases[i].name);
		memset(&info, 0xff, sizeof(info));
		assert_succeeds(interface_find(f->netlink, cases[i].name, &info, &error));
		g_assert_cmpint(info.kind, ==, cases[i].kind);
		g_assert_cmpint(info.ifindex, ==,
				cases[i].kind == INTERFACE_MISSING ? 0 : ifindex_of(cases[i].real_name));
		g_assert_cmpint(info.up, ==, cases[i].up);
		g_assert_cmpuint(info.mtu, ==, cases[i].mtu);
		g_assert_cmpstr(info.name, ==, cases[i].real_name ?: "");
		if (!ifindex)
			continue;
		memset(&info, 0xff, sizeof(info));
		assert_succeeds(interface_find_index(f->netlink, ifindex, &info, &error));
		g_assert_cmpint(info.ifindex, ==, ifindex);
		g_assert_cmpstr(info.name, ==, cases[i].real_name);
	}
	assert_succeeds(interface_find(f->netlink, "br-web", &info, &error));
	g_assert_cmpmem(info.mac, 6, mac, 6);
	for (guint i = 0; i < 3; i++) {
		assert_succeeds(interface_find_index(f->netlink, (int[]){ 0, -1, GONE }[i], &info, &error));
		g_assert_cmpint(info.ifindex, ==, 0);
	}
	assert_fails(interface_find(f->netlink, "a/b", &info, &error), INVALID_ARGS, "\"a/b\"");
	assert_fails(interface_find(f->netlink, "sixteen-letters.", &info, &error), INVALID_ARGS,
		     "\"sixteen-letters.\" is longer than 15 bytes");
}

static void test_set_up(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	int ifindex;

	run(f, "ip link add br-web type bridge");
	ifindex = ifindex_of("br-web");
	for (guint i = 0; i < 6; i++) {
		assert_succeeds(interface_set_up(f->netlink, ifindex, i % 4 < 2, &error));
		assert_output(f, "ip -j link show br-web", "\"UP\"", i % 4 < 2);
	}
	/* Another has its name now. */
	run(f, "ip link set br-web down");
	run(f, "ip link set br-web name br-old");
	run(f, "ip link add br-web type bridge");
	assert_succeeds(interface_set_up(f->netlink, ifindex, true, &error));
	assert_shows(f, "ip -j link show br-old", "\"UP\"");
	assert_hides(f, "ip -j link show br-web", "\"UP\"");
	run(f, "ip link delete br-old");
	assert_succeeds(interface_set_up(f->netlink, ifindex, false, &error));
	assert_fails(interface_set_up(f->netlink, ifindex, true, &error), FAILED, "set it up: No such device");
	assert_hides(f, "ip -j link show br-web", "\"UP\"");
}

static guint get(Fixture *f, int ifindex, enum interface_setting which)
{
	guint ret = 99;

	assert_succeeds(interface_get_setting(f->netlink, ifindex, which, &ret, &error));
	return ret;
}

static guint get6(Fixture *f, int ifindex, enum interface_setting6 which)
{
	guint ret = 99;

	assert_succeeds(interface_get_setting6(f->netlink, ifindex, which, &ret, &error));
	return ret;
}

/* Each value, as /proc/sys has it, of this interface alone. */
static void test_switches(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	static const struct {
		enum interface_setting which;
		const char *name;
		guint most;
	} cases[] = {
		{ INTERFACE_FORWARDING, "forwarding", 1 },
		{ INTERFACE_ROUTE_LOCALNET, "route_localnet", 1 },
		{ INTERFACE_RP_FILTER, "rp_filter", 2 },
	};
	static const struct {
		enum interface_setting6 which;
		const char *name;
		guint most;
	} cases6[] = {
		{ INTERFACE6_FORWARDING, "forwarding", 1 },
		{ INTERFACE6_ACCEPT_RA, "accept_ra", 2 },
		{ INTERFACE6_DISABLE, "disable_ipv6", 1 },
	};
	int ifindex, other;

	/* A dot in a name is none in the path. */
	run(f, "ip link add br.1 type bridge");
	run(f, "ip link add br-b type bridge");
	ifindex = ifindex_of("br.1");
	other = ifindex_of("br-b");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *show = g_strdup_printf("cat /proc/sys/net/ipv4/conf/br.1/%s", cases[i].name);
		guint untouched = get(f, other, cases[i].which);

		for (guint j = 0; j <= 2 * cases[i].most; j++) {
			guint value = j % (cases[i].most + 1);
			g_autofree char *text = g_strdup_printf("%u\n", value);

			assert_succeeds(interface_set_setting(f->netlink, ifindex, cases[i].which, value, &error));
			assert_shows(f, show, text);
			g_assert_cmpuint(get(f, ifindex, cases[i].which), ==, value);
			g_assert_cmpuint(get(f, other, cases[i].which), ==, untouched);
		}
	}
	for (guint i = 0; i < G_N_ELEMENTS(cases6); i++) {
		g_autofree char *show = g_strdup_printf("cat /proc/sys/net/ipv6/conf/br.1/%s", cases6[i].name);
		guint untouched = get6(f, other, cases6[i].which);

		for (guint j = 0; j <= 2 * cases6[i].most; j++) {
			guint value = j % (cases6[i].most + 1);
			g_autofree char *text = g_strdup_printf("%u\n", value);

			assert_succeeds(interface_set_setting6(f->netlink, ifindex, cases6[i].which, value, &error));
			assert_shows(f, show, text);
			g_assert_cmpuint(get6(f, ifindex, cases6[i].which), ==, value);
			g_assert_cmpuint(get6(f, other, cases6[i].which), ==, untouched);
		}
	}
	assert_hides(f, "ip -j link show br.1", "\"UP\"");
}

static void test_switches_refused(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	int ifindex;
	guint value;

	assert_fails(interface_get_setting(f->netlink, GONE, INTERFACE_RP_FILTER, &value, &error), FAILED,
		     "interface 4711: cannot read its rp_filter: No such device");
	assert_fails(interface_set_setting(f->netlink, GONE, INTERFACE_RP_FILTER, 1, &error), FAILED,
		     "interface 4711: cannot set its rp_filter to 1: No such device");
	assert_fails(interface_get_setting6(f->netlink, GONE, INTERFACE6_FORWARDING, &value, &error), FAILED,
		     "interface 4711");
	assert_fails(interface_set_setting6(f->netlink, GONE, INTERFACE6_FORWARDING, 1, &error), FAILED,
		     "interface 4711");

	/* Too small for IPv6, which then is not there at all. */
	run(f, "ip link add br-web type bridge");
	run(f, "ip link set br-web mtu 1000");
	ifindex = ifindex_of("br-web");
	assert_fails(interface_get_setting6(f->netlink, ifindex, INTERFACE6_DISABLE, &value, &error), FAILED,
		     "interface \"br-web\": cannot read its IPv6 disable_ipv6: it has no IPv6");
	assert_fails(interface_set_setting6(f->netlink, ifindex, INTERFACE6_ACCEPT_RA, 0, &error), FAILED,
		     "it has no IPv6");
	assert_succeeds(interface_set_setting(f->netlink, ifindex, INTERFACE_FORWARDING, 1, &error));
	run(f, "ip link set lo mtu 60");
	assert_fails(interface_get_setting(f->netlink, ifindex_of("lo"), INTERFACE_FORWARDING, &value, &error), FAILED,
		     "\"lo\": cannot read its forwarding: it has no IPv4");
	assert_fails(interface_set_setting(f->netlink, ifindex_of("lo"), INTERFACE_FORWARDING, 1, &error), FAILED,
		     "\"lo\"");
	run(f, "ip link set br-web mtu 1500");

	/* What is right already needs no right to write it. */
	g_assert_no_errno(mount("/proc/sys", "/proc/sys", "none", MS_BIND, NULL));
	g_assert_no_errno(mount("none", "/proc/sys", "none", MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
	value = get6(f, ifindex, INTERFACE6_ACCEPT_RA);
	assert_succeeds(interface_set_setting6(f->netlink, ifindex, INTERFACE6_ACCEPT_RA, value, &error));
	assert_fails(interface_set_setting6(f->netlink, ifindex, INTERFACE6_ACCEPT_RA, value + 1, &error), FAILED,
		     "\"br-web\": cannot set its IPv6 accept_ra to 2: Read-only file system");
	assert_succeeds(interface_set_setting(f->netlink, ifindex, INTERFACE_ROUTE_LOCALNET, 1, &error));
	g_assert_no_errno(umount2("/proc/sys", MNT_DETACH));
}

/* --- names that are another's a moment later --- */

static int swap_names(void *netns)
{
	netns_enter(GPOINTER_TO_INT(netns));
	for (;;) {
		netns_run(GPOINTER_TO_INT(netns), "ip -batch /run/swap");
	}
	return 0;
}

/*
 * Two interfaces take the name br-web in turn, as fast as they can, while a
 * switch of the one is written: the other keeps its own.
 */
static void test_rename_race(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	static const char swap[] = "link set br-web name br-a\n"
				   "link set br-b name br-web\n"
				   "link set br-web name br-b\n"
				   "link set br-a name br-web\n";
	g_autoptr(GString) batch = g_string_new(NULL);
	guint written = 0, refused = 0, renamed = 0;
	int mine, other, status;
	pid_t child;

	for (guint i = 0; i < 200; i++)
		g_string_append(batch, swap);
	g_assert_true(g_file_set_contents("/run/swap", batch->str, -1, NULL));
	run(f, "ip link add br-web type bridge");
	run(f, "ip link add br-b type bridge");
	mine = ifindex_of("br-web");
	other = ifindex_of("br-b");
	fflush(NULL);
	child = fork();
	if (child == 0)
		exit(swap_names(GINT_TO_POINTER(f->netns)));
	for (guint i = 0; i < 2000; i++) {
		g_autoptr(GError) error = NULL;
		InterfaceInfo info;

		if (interface_set_setting6(f->netlink, mine, INTERFACE6_ACCEPT_RA, i % 2 ? 0 : 2, &error)) {
			written++;
			g_assert_cmpuint(get6(f, mine, INTERFACE6_ACCEPT_RA), ==, i % 2 ? 0 : 2);
		} else {
			refused++;
			g_assert_error(error, NETFILTER_ERROR, NETFILTER_ERROR_FAILED);
		}
		assert_succeeds(interface_set_setting(f->netlink, mine, INTERFACE_ROUTE_LOCALNET, i % 2, &error));
		g_assert_cmpuint(get6(f, other, INTERFACE6_ACCEPT_RA), ==, 1);
		g_assert_cmpuint(get(f, other, INTERFACE_ROUTE_LOCALNET), ==, 0);
		assert_succeeds(interface_find_index(f->netlink, mine, &info, &error));
		renamed += !g_str_equal(info.name, "br-web");
	}
	g_assert_cmpint(kill(child, SIGKILL), ==, 0);
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_test_message("%u written, %u refused; %u times under its other name", written, refused, renamed);
	g_assert_cmpuint(written, >, 0);
	g_assert_cmpuint(renamed, >, 0);
}

/* When two interfaces change names: just before a file of /proc/sys is opened, just after, or before it is written. */
enum moment { BEFORE_OPEN, AFTER_OPEN, BEFORE_WRITE };
static struct swap {
	int netns;
	enum moment moment;
	guint times;
} swap;

static void swap_at(enum moment moment)
{
	static const char *const commands[] = { "br-web name br-x", "br-b name br-web", "br-x name br-b" };

	if (swap.times == 0 || swap.moment != moment)
		return;
	struct swap armed = swap;

	swap.times = 0;
	for (guint i = 0; i < G_N_ELEMENTS(commands); i++)
		netns_run(armed.netns, "ip link set %s", commands[i]);
	swap = armed;
	swap.times--;
}

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
	bool watched = g_str_has_prefix(path, "/proc/sys/net/ipv6/conf/");
	int fd;

	if (watched)
		swap_at(BEFORE_OPEN);
	fd = __real_open64(path, flags, 0600);
	if (watched)
		swap_at(AFTER_OPEN);
	return fd;
}

ssize_t __real_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size)
{
	swap_at(BEFORE_WRITE);
	return __real_write(fd, data, size);
}

static void test_rename_between(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	int mine, other;

	run(f, "ip link add br-web type bridge");
	run(f, "ip link add br-b type bridge");
	mine = ifindex_of("br-web");
	other = ifindex_of("br-b");
	for (enum moment moment = BEFORE_OPEN; moment <= BEFORE_WRITE; moment++)
		for (guint times = 1; times <= 3; times++) {
			guint value = get6(f, mine, INTERFACE6_ACCEPT_RA) == 2 ? 0 : 2;

			g_test_message("moment %d, %u times", moment, times);
			swap = (struct swap){ f->netns, moment, times };
			assert_succeeds(interface_set_setting6(f->netlink, mine, INTERFACE6_ACCEPT_RA, value, &error));
			g_assert_cmpuint(swap.times, ==, 0);
			g_assert_cmpuint(get6(f, mine, INTERFACE6_ACCEPT_RA), ==, value);
			g_assert_cmpuint(get6(f, other, INTERFACE6_ACCEPT_RA), ==, 1);
		}
	/* Somebody who does not stop. */
	swap = (struct swap){ f->netns, BEFORE_OPEN, 1000 };
	assert_fails(interface_set_setting6(f->netlink, mine, INTERFACE6_ACCEPT_RA, 1, &error), FAILED,
		     "cannot set its IPv6 accept_ra to 1: Resource temporarily unavailable");
	swap.times = 0;
	g_assert_cmpuint(get6(f, mine, INTERFACE6_ACCEPT_RA), !=, 1);
	g_assert_cmpuint(get6(f, other, INTERFACE6_ACCEPT_RA), ==, 1);
}

/* --- what net.ipv4.ip_forward does to everybody's --- */

static void assert_forwarding(Fixture *f, const char *family, const char *const *names, const char *expected)
{
	for (guint i = 0; names[i]; i++) {
		g_autofree char *show = g_strdup_printf("cat /proc/sys/net/%s/conf/%s/forwarding", family, names[i]);
		const char value[] = { expected[i], '\n', '\0' };

		assert_shows(f, show, value);
	}
}

static void test_forwarding(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	static const char *const names[] = { "lo", "br-a", "br-b", "br-new", NULL };
	static const struct {
		const char *family, *all;
		bool (*save)(Netlink *netlink, GArray **ret, GError **error);
		bool (*restore)(Netlink *netlink, const GArray *saved, GError **error);
	} cases[] = {
		{ "ipv4", "net/ipv4/ip_forward", interfaces_save_forwarding, interfaces_restore_forwarding },
		{ "ipv6", "net/ipv6/conf/all/forwarding", interfaces_save_forwarding6, interfaces_restore_forwarding6 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GArray) saved = NULL;
		g_autofree char *on = g_strdup_printf("net/%s/conf/br-b/forwarding", cases[i].family);
		g_autofree char *moved = g_strdup_printf("net/%s/conf/br-gone/forwarding", cases[i].family);

		run(f, "ip link add br-a type bridge");
		run(f, "ip link add br-b type bridge");
		run(f, "ip link add br-gone type bridge");
		g_assert_true(netns_sysctl(f->netns, on, "1"));
		g_assert_true(netns_sysctl(f->netns, moved, "1"));
		assert_succeeds(cases[i].save(f->netlink, &saved, &error));
		g_assert_cmpuint(saved->len, ==, 4);

		assert_succeeds(sysctl_set(cases[i].all, true, &error));
		run(f, "ip link delete br-gone");
		run(f, "ip link add br-new type bridge");
		run(f, "ip link set br-a name br-gone");
		run(f, "ip link set br-b name br-a");
		run(f, "ip link set br-gone name br-b");
		assert_forwarding(f, cases[i].family, names, "1111");
		/* br-a and br-b have changed names. */
		assert_succeeds(cases[i].restore(f->netlink, saved, &error));
		assert_forwarding(f, cases[i].family, names, "0101");
		assert_succeeds(sysctl_set(cases[i].all, false, &error));
		assert_forwarding(f, cases[i].family, names, "0000");
		assert_succeeds(cases[i].restore(f->netlink, saved, &error));
		assert_forwarding(f, cases[i].family, names, "0100");
		run(f, "ip link delete br-a");
		run(f, "ip link delete br-b");
		run(f, "ip link delete br-new");
	}
}

int main(int argc, char **argv)
{
	netns_test_init(&argc, &argv);
#define ADD(name, function) g_test_add("/link/" name, Fixture, NULL, fixture_set_up, function, fixture_tear_down)
	ADD("find", test_find);
	ADD("set-up", test_set_up);
	ADD("switches", test_switches);
	ADD("switches-refused", test_switches_refused);
	ADD("rename-race", test_rename_race);
	ADD("rename-between", test_rename_between);
	ADD("forwarding", test_forwarding);
	return g_test_run();
}
