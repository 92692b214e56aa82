/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/monitor.h"
#include "tests/support/netns.h"

#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Fixture {
	int before, netns;
	GString *told;    /* the names, a space before each, and a - before those that are gone */
	GString *touched; /* ifindexes, likewise */
	InterfaceMonitor *monitor;
} Fixture;

static void on_changed(int ifindex, const char *name, bool gone, void *userdata)
{
	Fixture *f = userdata;

	g_assert_cmpint(ifindex, >, 0);
	if (!gone)
		g_assert_cmpint(if_nametoindex(name) ?: (guint)ifindex, ==, ifindex);
	g_string_append_printf(f->told, " %s%s", gone ? "-" : "", name);
}

static void on_touched(int ifindex, void *userdata)
{
	Fixture *f = userdata;

	g_string_append_printf(f->touched, " %d", ifindex);
}

static void start(Fixture *f)
{
	g_autoptr(GError) error = NULL;

	f->monitor = interface_monitor_new(on_changed, on_touched, f, &error);
	g_assert_no_error(error);
}

static void set_up(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	f->before = netns_current();
	f->netns = netns_new();
	netns_enter(f->netns);
	f->told = g_string_new(NULL);
	f->touched = g_string_new(NULL);
	netns_run(f->netns, "ip link add br-a type bridge");
	netns_run(f->netns, "ip link add br-b type bridge");
	start(f);
}

static void tear_down(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	interface_monitor_free(f->monitor);
	g_string_free(f->told, TRUE);
	g_string_free(f->touched, TRUE);
	netns_enter(f->before);
	close(f->netns);
	close(f->before);
}

static bool is_readable(Fixture *f)
{
	struct pollfd poller = { .fd = interface_monitor_fd(f->monitor), .events = POLLIN };

	return poll(&poller, 1, 0) == 1;
}

#define run(f, ...) netns_run((f)->netns, __VA_ARGS__)

#define assert_told(f, names)                               \
	G_STMT_START                                        \
	{                                                   \
		interface_monitor_dispatch((f)->monitor);   \
		g_assert_cmpstr((f)->told->str, ==, names); \
		g_string_truncate((f)->told, 0);            \
		g_assert_false(is_readable(f));             \
	}                                                   \
	G_STMT_END

static void test_moved_away(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	int other = netns_new();

	run(f, "ip link add eth0 type veth peer name eth1");
	assert_told(f, " eth1 eth0");
	run(f, "ip link set eth0 netns /proc/%d/fd/%d", getpid(), other);
	assert_told(f, " -eth0");
	close(other);
}

/* What is said of an interface that stays. */
static void test_nothing(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	run(f, "ip link add eth0 type veth peer name eth1");
	run(f, "ip link set br-a up");
	run(f, "ip link set eth0 up");
	interface_monitor_dispatch(f->monitor);
	g_string_truncate(f->told, 0);
	run(f, "ip link set eth0 master br-a");
	run(f, "ip link set eth0 mtu 1400");
	run(f, "ip link property add dev br-a altname other");
	g_assert_true(is_readable(f));
	assert_told(f, "");
	/* Leaving a bridge is an RTM_DELLINK of the port. */
	run(f, "ip link set eth0 nomaster");
	g_assert_true(is_readable(f));
	assert_told(f, "");
}

/* What else the kernel says of one. */
static void test_touched(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	static const char *const commands[] = {
		"ip link set br-a mtu 1400",
		"ip link set br-a type bridge nf_call_iptables 1",
		"ip link set br-a address 02:42:ac:12:00:09",
	};
	g_autofree char *expected = g_strdup_printf(" %u", if_nametoindex("br-a"));

	run(f, "ip link set br-a up");
	assert_told(f, " br-a");
	for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
		g_string_truncate(f->touched, 0);
		run(f, "%s", commands[i]);
		assert_told(f, "");
		if (!g_str_has_prefix(f->touched->str, expected)) {
			g_test_message("%s: touched%s", commands[i], f->touched->str);
			g_test_fail();
		}
	}
}

static guint64 drops(Fixture *f)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	struct stat status;

	g_assert_cmpint(fstat(interface_monitor_fd(f->monitor), &status), ==, 0);
	g_assert_true(g_file_get_contents("/proc/thread-self/net/netlink", &text, NULL, NULL));
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		unsigned long dropped, inode;

		if (sscanf(*line, "%*s %*s %*s %*s %*s %*s %*s %*s %lu %lu", &dropped, &inode) == 2 &&
		    inode == status.st_ino)
			return dropped;
	}
	g_assert_not_reached();
}

/* Many changes between two looks do not overrun the buffer that the monitor asks for. */
static void test_burst(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	for (guint i = 0; i < 300; i++)
		run(f, "ip link set br-a mtu %u", 1300 + i % 2);
	run(f, "ip link delete br-b");
	g_assert_cmpuint(drops(f), ==, 0);
	assert_told(f, " -br-b");
}

static void test_changes(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	static const struct {
		const char *commands[4];
		const char *told;
	} cases[] = {
		{ { NULL }, "" },
		{ { "add br-c type bridge" }, " br-c" },
		{ { "add br-d type bridge", "delete br-d" }, " br-d -br-d" },
		{ { "set br-c name br-e" }, " br-e" },
		{ { "set br-e name br-f", "set br-f name br-e" }, " br-e" },
		{ { "set br-e up" }, " br-e" },
		{ { "set br-e mtu 1400", "property add dev br-e altname other" }, "" },
		{ { "set br-e down", "set br-e up" }, " br-e" },
		{ { "set br-e down" }, " br-e" },
		{ { "delete br-e" }, " -br-e" },
		{ { "delete br-b", "add br-b type bridge" }, " -br-b br-b" },
		/* The name moves on to another. */
		{ { "set br-a name br-x", "set br-b name br-a" }, " br-x br-a" },
		{ { "delete br-x", "delete br-a" }, " -br-x -br-a" },
		/* The same ifindex again. */
		{ { "add br-y index 4711 type bridge" }, " br-y" },
		{ { "delete br-y", "add br-y index 4711 type bridge" }, " -br-y br-y" },
		/* A port says more than it does. */
		{ { "add eth0 type veth peer name eth1" }, " eth1 eth0" },
		{ { "set eth0 master br-y", "set eth0 nomaster" }, "" },
		{ { "delete eth0" }, " -eth0 -eth1" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		for (const char *const *command = cases[i].commands; *command; command++) {
			g_test_message("ip link %s", *command);
			run(f, "ip link %s", *command);
		}
		interface_monitor_dispatch(f->monitor);
		g_assert_cmpstr(f->told->str, ==, cases[i].told);
		g_string_truncate(f->told, 0);
	}
}

/* What was lost is found by looking at all of them. */
static void test_changes_overrun(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
	const int least = 1, most = 1 << 23;
	int fd = interface_monitor_fd(f->monitor);

	g_assert_no_errno(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)));
	for (guint i = 0; i < 10; i++)
		run(f, "ip link set lo mtu %u", 1400 + i);
	run(f, "ip link set br-a up");
	run(f, "ip link add br-e type bridge");
	run(f, "ip link delete br-b");
	g_assert_cmpuint(drops(f), >, 0);
	g_assert_no_errno(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &most, sizeof(most)));
	interface_monitor_dispatch(f->monitor);
	g_assert_nonnull(strstr(f->told->str, " -br-b"));
	g_assert_nonnull(strstr(f->told->str, " br-a"));
	g_assert_nonnull(strstr(f->told->str, " br-e"));
	g_assert_cmpuint(strlen(f->told->str), ==, strlen(" -br-b br-a br-e"));
	g_assert_true(g_str_has_suffix(f->touched->str, " 0"));
	g_string_truncate(f->told, 0);
	run(f, "ip link delete br-e");
	assert_told(f, " -br-e");
}

int main(int argc, char **argv)
{
	netns_test_init(&argc, &argv);
#define add(path, function) g_test_add("/monitor/" path, Fixture, NULL, set_up, function, tear_down)
	add("moved-away", test_moved_away);
	add("nothing", test_nothing);
	add("touched", test_touched);
	add("burst", test_burst);
	add("changes", test_changes);
	add("changes-overrun", test_changes_overrun);
	return g_test_run();
}
