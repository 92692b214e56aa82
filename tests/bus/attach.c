/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/container.h"
#include "tests/support/rig.h"
#include "tests/support/silent-file.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define WEB "/network/web"
#define APP WEB "/endpoint/app"
#define PORT "'Ports': <[('tcp', '', uint16 8080, uint16 80, uint16 1)]>"
#define BOTH "'Addresses': <['172.18.0.2', 'fd00:18::2']>, " PORT ", 'NetNS': <handle 0>"

static void create_network(Rig *rig)
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Bridge': <'br0'>, 'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>}");
}

/* With a copy of a descriptor as handle 0. NULL: it failed. */
static GVariant *ask_with(const Rig *rig, const char *path, const char *interface, const char *member,
			  const char *types, const char *arguments, int fd, GError **error)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new_from_array(&copy, 1);

	return ask_with_fds(rig->bus, path, interface, member, types, arguments, fds, error);
}

static void attaches(const Rig *rig, const char *name, const char *settings, int fd)
{
	g_autofree char *arguments = g_strdup_printf("'%s', {%s}", name, settings);
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply G_GNUC_UNUSED =
		ask_with(rig, WEB, "Network", "CreateEndpoint", "sa{sv}", arguments, fd, &error);

	g_assert_no_error(error);
}

/* Without whether a bridge has a carrier, which the kernel finds out in its own time. */
static char *state(const Rig *rig)
{
	g_autoptr(GRegex) carrier = g_regex_new("NO-CARRIER|LOWER_UP|,|state [A-Z]+", 0, 0, NULL);
	g_autofree char *text = rig_state(rig);

	return g_regex_replace_literal(carrier, text, -1, 0, "", 0, NULL);
}

static void comes_back(const Rig *rig, const char *before)
{
	g_autofree char *after = state(rig);

	for (guint i = 0; i < 100 && strcmp(before, after) != 0; i++) {
		g_usleep(10000);
		g_free(after);
		after = state(rig);
	}
	g_assert_cmpstr(before, ==, after);
}

/* Nothing is left of it: no rule, no interface on the host, no descriptor. And nothing is forgotten for it: who looks
 * at everything then finds it as it is wanted. */
static void fails(const Rig *rig, const char *member, const char *types, const char *arguments, int fd,
		  const char *name, const char *part)
{
	bool of_network = strcmp(member, "CreateNetwork") != 0;
	g_autofree char *before = state(rig), *remote = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = ask_with(rig, of_network ? WEB : "", of_network ? "Network" : "Manager", member,
					     types, arguments, fd, &error);

	g_assert_null(reply);
	remote = error ? g_dbus_error_get_remote_error(error) : NULL;
	if (g_strcmp0(remote, name) != 0 || !strstr(error->message, part)) {
		g_test_message("%s(%s) failed with %s, not with %s and \"%s\"", member, arguments,
			       error ? error->message : "nothing", name, part);
		g_test_fail();
	}
	comes_back(rig, before);
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	comes_back(rig, before);
}

static void refuses(const Rig *rig, const char *settings, int fd, const char *part)
{
	g_autofree char *arguments = g_strdup_printf("'app', {%s}", settings);

	fails(rig, "CreateEndpoint", "sa{sv}", arguments, fd, STANDARD("InvalidArgs"), part);
}

/* What a command prints there, without what differs from one time to the next. */
static void shows(int netns, const char *command, const char *expected)
{
	g_autofree char *text = netns_output(netns, "sh -c \"%s\"", command);

	g_assert_cmpstr(g_strstrip(text), ==, expected);
}

#define ROUTES "ip route | grep via; ip -6 route | grep via | sed 's/ pref.*//;s/ metric.*//'"

/* --- what is there then --- */

static void by_default(Rig *rig)
{
	int netns = netns_new(), fd = container_socket(netns);
	g_autofree char *host = NULL, *command = NULL;

	create_network(rig);
	netns_run(rig->host, "ip link set br0 mtu 1400");
	attaches(rig, "app", BOTH, fd);
	property_is(rig, "'eth0'", APP, "Endpoint", "Interface");
	property_is(rig, "'02:42:ac:12:00:02'", APP, "Endpoint", "MACAddress");
	property_is(rig, "false", APP, "Endpoint", "Persistent");
	property_is(rig, "''", APP, "Endpoint", "Owner");
	host = property(rig, APP, "Endpoint", "HostInterface");
	g_assert_true(g_str_has_prefix(host, "'veth"));
	command = g_strdup_printf("ip -o link show master br0 | grep -c %s", host);
	shows(rig->host, command, "1");
	/* A port is nobody's to talk to. */
	shows(rig->host, "ip -o -6 addr show | grep -c ' veth'; ip -d link show type veth | grep -c 'addrgenmode none'",
	      "0\n1");
	shows(netns, "ip -o link show eth0 | sed 's/.* mtu \\([0-9]*\\) .*link.ether \\([0-9a-f:]*\\) .*/\\1 \\2/'",
	      "1400 02:42:ac:12:00:02");
	shows(netns, "ip -o addr show dev eth0 scope global | sed 's/.*inet6* \\([^ ]*\\).*/\\1/'",
	      "172.18.0.2/16\nfd00:18::2/64");
	shows(netns, ROUTES, "default via 172.18.0.1 dev eth0 \ndefault via fd00:18::1 dev eth0");
	shows(netns, "ip -o link show eth0 | grep -c LOWER_UP", "1");
	done(rig, APP, "Endpoint", "Delete", "", "");
	shows(netns, "ip -o link | wc -l", "1");
	shows(rig->host, "ip -o link show master br0", "");
	close(fd);
	close(netns);
}

/* Nothing speaks IPv6 there, until somebody in the container wants to. */
static void without_ipv6(Rig *rig)
{
	int netns = netns_new(), fd = container_socket(netns);

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Bridge': <'br0'>, 'Subnets': <['172.18.0.0/16']>}");
	attaches(rig, "app", "'Addresses': <['172.18.0.2']>, 'NetNS': <handle 0>", fd);
	shows(netns, "ip -o -4 addr show dev eth0 | wc -l; ip -o -6 addr show dev eth0 | wc -l", "1\n0");
	netns_run(netns, "ip addr add fe80::2/64 dev eth0");
	attaches(rig, "small",
		 "'Addresses': <['172.18.0.3']>, 'Interface': <'eth1'>, 'MTU': <1000>, 'NetNS': <handle 0>", fd);
	close(fd);
	close(netns);
}

static void as_said(Rig *rig)
{
	int netns = netns_new(), fd = container_socket(netns);

	create_network(rig);
	attaches(rig, "app",
		 BOTH ", 'Interface': <'net1'>, 'HostInterface': <'app0'>, 'MACAddress': <'AA:00:00:00:00:01'>, "
		      "'MTU': <int32 1280>, 'Routes': <[('10.1.2.3/8', ''), ('10.9.0.0/16', '172.18.0.9'), "
		      "('fd00:99::/32', 'fd00:18::9')]>",
		 fd);
	property_is(rig, "'net1'", APP, "Endpoint", "Interface");
	property_is(rig, "'app0'", APP, "Endpoint", "HostInterface");
	property_is(rig, "'aa:00:00:00:00:01'", APP, "Endpoint", "MACAddress");
	shows(netns, "ip -o link show net1 | sed 's/.* mtu \\([0-9]*\\) .*link.ether \\([0-9a-f:]*\\) .*/\\1 \\2/'",
	      "1280 aa:00:00:00:00:01");
	shows(netns, ROUTES,
	      "10.0.0.0/8 via 172.18.0.1 dev net1 \n10.9.0.0/16 via 172.18.0.9 dev net1 \n"
	      "fd00:99::/32 via fd00:18::9 dev net1");
	/* A second network beside it: the way out that is there already is as good, and none was asked for here. */
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'inner', {'Subnets': <['172.19.0.0/16']>, 'Internal': <true>}");
	rig_restart(rig);
	property_is(rig, "'app0'", APP, "Endpoint", "HostInterface");
	property_is(rig, "'aa:00:00:00:00:01'", APP, "Endpoint", "MACAddress");
	done(rig, WEB, "Network", "Delete", "", "");
	shows(netns, "ip -o link | wc -l", "1");
	close(fd);
	close(netns);
}

/* A container in several networks, and several in one call. */
static void several(Rig *rig)
{
	int netns = netns_new(), fd = container_socket(netns);
	g_autofree char *before = NULL;
	g_autoptr(GString) list = g_string_new("[");
	g_autoptr(GVariant) reply = NULL;
	g_autoptr(GError) error = NULL;

	create_network(rig);
	attaches(rig, "app", BOTH, fd);
	reply = ask_with(
		rig, "", "Manager", "CreateNetwork", "sa{sv}",
		"'inner', {'Subnets': <['172.19.0.0/16']>, 'Internal': <true>, 'Persistent': <true>, 'Endpoints': "
		"<[('app', {'Addresses': <['172.19.0.2']>, 'NetNS': <handle 0>, 'Interface': <'eth1'>})]>}",
		fd, &error);
	g_assert_no_error(error);
	property_is(rig, "false", "/network/inner/endpoint/app", "Endpoint", "Persistent");
	shows(netns, ROUTES, "default via 172.18.0.1 dev eth0 \ndefault via fd00:18::1 dev eth0");
	done(rig, "/network/inner", "Network", "Delete", "", "");

	before = state(rig);
	for (guint i = 0; i < 40; i++)
		g_string_append_printf(list,
				       "%s('x%u', {'Allocate': <['ipv4']>, 'NetNS': <handle 0>, 'Interface': <'x%u'>})",
				       i > 0 ? ", " : "", i, i);
	g_string_append_c(list, ']');
	g_variant_unref(reply);
	reply = ask_with(rig, WEB, "Network", "CreateEndpoints", "a(sa{sv})", list->str, fd, &error);
	g_assert_no_error(error);
	shows(netns, "ip -o -4 addr show up scope global | grep -c ' x'", "40");
	shows(netns, ROUTES, "default via 172.18.0.1 dev eth0 \ndefault via fd00:18::1 dev eth0");
	answers(rig, "(40,)", WEB, "Network", "Retain", "as", "['app']");
	comes_back(rig, before);
	shows(netns, "ip -o link | wc -l", "2");
	close(fd);
	close(netns);
}

static void ensured(Rig *rig)
{
	static const struct {
		const char *settings, *names;
	} others[] = {
		{ BOTH ", 'Interface': <'eth1'>", "Interface: " },
		{ BOTH ", 'HostInterface': <'other0'>", "HostInterface: " },
		{ BOTH ", 'MACAddress': <'02:42:ac:12:00:03'>", "MACAddress: " },
		{ "'Addresses': <['172.18.0.2', 'fd00:18::2']>, " PORT, "NetNS: " },
	};
	int netns = netns_new(), fd = container_socket(netns);

	create_network(rig);
	for (guint created = 1; created < 2; created--) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GVariant) reply =
			ask_with(rig, WEB, "Network", "EnsureEndpoint", "sa{sv}",
				 "'app', {" BOTH ", 'MACAddress': <'02:42:AC:12:00:02'>}", fd, &error);
		gboolean was;

		g_assert_no_error(error);
		g_variant_get(reply, "(ob)", NULL, &was);
		g_assert_cmpint(was, ==, created);
	}
	for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
		g_autofree char *arguments = g_strdup_printf("'app', {%s}", others[i].settings);

		fails(rig, "EnsureEndpoint", "sa{sv}", arguments, fd, OURS("EndpointExists"), others[i].names);
	}
	close(fd);
	close(netns);
}

/* --- what is not taken --- */

static void other_descriptors(Rig *rig)
{
	static const struct {
		int domain, type, protocol;
	} sockets[] = {
		{ AF_UNIX, SOCK_STREAM, 0 },
		{ AF_INET, SOCK_DGRAM, 0 },
		{ AF_INET6, SOCK_STREAM, 0 },
		{ AF_PACKET, SOCK_RAW, 0 },
		{ AF_NETLINK, SOCK_RAW, NETLINK_GENERIC },
		{ AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER },
		{ AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT },
	};
	static const char *const files[] = { "/dev/null", "/dev/tty", "/proc/self/ns/net", "/", "/proc/self/mem" };
	int netns = netns_new(), ends[2], fd;
	const char *reason;
	SilentFile silent;

	create_network(rig);
	netns_enter(netns);
	for (guint i = 0; i < G_N_ELEMENTS(sockets); i++) {
		fd = socket(sockets[i].domain, sockets[i].type | SOCK_CLOEXEC, sockets[i].protocol);
		netns_enter(rig->host);
		if (fd >= 0)
			refuses(rig, BOTH, fd, "NetNS: not a NETLINK_ROUTE socket");
		close(fd);
		netns_enter(netns);
	}
	netns_enter(rig->host);
	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		fd = open(files[i], O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		refuses(rig, BOTH, fd, "NetNS: not a NETLINK_ROUTE socket");
		close(fd);
	}
	g_assert_no_errno(pipe2(ends, O_CLOEXEC));
	refuses(rig, BOTH, ends[0], "NetNS: not a NETLINK_ROUTE socket");
	close(ends[0]);
	close(ends[1]);
	if (silent_file_begin(&silent, &reason)) {
		refuses(rig, BOTH, silent.fd, "NetNS: not a NETLINK_ROUTE socket");
		close(silent.fd);
		silent_file_end(&silent);
	} else {
		g_test_message("without a file that is silent: %s", reason);
	}
	fd = epoll_create1(EPOLL_CLOEXEC);
	refuses(rig, BOTH, fd, "NetNS: not a NETLINK_ROUTE socket");
	close(fd);
	fd = syscall(SYS_pidfd_open, getpid(), 0);
	refuses(rig, BOTH, fd, "NetNS: not a NETLINK_ROUTE socket");
	close(fd);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	refuses(rig, BOTH, fd, "host's own namespace");
	close(fd);
	close(netns);
}

/* Somebody without rights in a namespace cannot have the service do there what he may not. */
static void without_rights(Rig *rig)
{
	int netns = netns_new(), ends[2], fd;
	pid_t child;

	create_network(rig);
	g_assert_no_errno(pipe2(ends, O_CLOEXEC));
	child = fork();
	if (child == 0) {
		netns_enter(netns);
		if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
			_exit(1);
		fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
		if (write(ends[1], &fd, sizeof fd) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	g_assert_cmpint(read(ends[0], &fd, sizeof fd), ==, sizeof fd);
	fd = syscall(SYS_pidfd_getfd, (int)syscall(SYS_pidfd_open, child, 0), fd, 0);
	g_assert_cmpint(fd, >=, 0);
	fails(rig, "CreateEndpoint", "sa{sv}", "'app', {" BOTH "}", fd, STANDARD("AccessDenied"), "CAP_NET_ADMIN");
	shows(netns, "ip -o link | wc -l", "1");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(fd);
	close(ends[0]);
	close(ends[1]);
	close(netns);
}

static void bad_settings(Rig *rig)
{
	static const struct {
		const char *settings, *names;
	} bad[] = {
		{ "'Interface': <'lo'>", "Interface: \"lo\"" },
		{ "'Interface': <''>", "Interface: " },
		{ "'Interface': <'a/b'>", "Interface: \"a/b\"" },
		{ "'Interface': <'abcdefghijklmnop'>", "Interface: " },
		{ "'Interface': <'eth%d'>", "Interface: \"eth%d\"" },
		{ "'HostInterface': <'a b'>", "HostInterface: \"a b\"" },
		{ "'HostInterface': <'uplink'>", "HostInterface: there is already an interface named \"uplink\"" },
		{ "'MACAddress': <'02:42:ac:12:00'>", "MACAddress: \"02:42:ac:12:00\"" },
		{ "'MACAddress': <'02-42-ac-12-00-02'>", "MACAddress: " },
		{ "'MACAddress': <'02:42:ac:12:00:0g'>", "MACAddress: " },
		{ "'MACAddress': <'01:00:5e:00:00:01'>", "one interface" },
		{ "'MACAddress': <'00:00:00:00:00:00'>", "one interface" },
		{ "'MTU': <uint32 67>", "MTU: 67 is given" },
		{ "'MTU': <65536>", "MTU: 65536 is given" },
		{ "'MTU': <-1>", "MTU: -1 is given" },
		{ "'MTU': <'1500'>", "MTU is of type \"s\"" },
		{ "'Routes': <[('10.0.0.0', '')]>", "Routes: \"10.0.0.0\"" },
		{ "'Routes': <[('10.0.0.0/8', 'fd00:18::1')]>", "Routes: \"fd00:18::1\"" },
		{ "'Routes': <[('10.0.0.0/8', '172.18.0')]>", "Routes: \"172.18.0\"" },
		{ "'Routes': <[('10.0.0.0/8', ''), ('10.0.0.0/8', '')]>", "route to 10.0.0.0/8" },
		{ "'Routes': <[('10.0.0.0/8', '192.0.2.9')]>", "Routes: " },
		{ "'Routes': <['10.0.0.0/8']>", "Routes is of type \"as\"" },
		{ "'LifetimeInterface': <'uplink'>", "LifetimeInterface: \"uplink\"" },
		{ "'Persistent': <true>", "NetNS: " },
		{ "'MTU': <uint32 1279>", "MTU: \"1279\"" },
	};
	static const char *const alone[] = {
		"'Interface': <'eth0'>", "'HostInterface': <'x0'>", "'MACAddress': <'02:42:ac:12:00:02'>",
		"'MTU': <uint32 1500>",  "'Routes': <@a(ss) []>",
	};
	int netns = netns_new(), fd = container_socket(netns);

	create_network(rig);
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *arguments = g_strdup_printf("'app', {" BOTH ", %s}", bad[i].settings);

		fails(rig, "CreateEndpoint", "sa{sv}", arguments, fd, STANDARD("InvalidArgs"), bad[i].names);
	}
	for (guint i = 0; i < G_N_ELEMENTS(alone); i++) {
		g_autofree char *arguments = g_strdup_printf("'app', {'Addresses': <['172.18.0.2']>, %s}", alone[i]);

		refused(rig, STANDARD("InvalidArgs"), "NetNS", WEB, "Network", "CreateEndpoint", "sa{sv}", arguments);
	}
	shows(netns, "ip -o link | wc -l", "1");
	close(fd);
	close(netns);
}

/* --- what fails on the way --- */

static void whole_or_nothing(Rig *rig)
{
	int netns = netns_new(), fd = container_socket(netns);

	create_network(rig);
	netns_run(netns, "ip link add eth0 type bridge");
	refuses(rig, BOTH, fd, "Interface: there is already an interface named \"eth0\" in the namespace");
	netns_run(netns, "ip link del eth0");

	/* The veth, IPv4 and all are there before IPv6 fails. */
	g_assert_true(netns_sysctl(netns, "net/ipv6/conf/default/disable_ipv6", "1"));
	fails(rig, "CreateEndpoint", "sa{sv}", "'app', {" BOTH "}", fd, STANDARD("InvalidArgs"),
	      "IPv6 is switched off");
	fails(rig, "CreateNetwork", "sa{sv}",
	      "'new', {'Subnets': <['172.19.0.0/16', 'fd00:19::/64']>, 'Endpoints': <[('x', {'Allocate': <['ipv4', "
	      "'ipv6']>, 'NetNS': <handle 0>})]>}",
	      fd, STANDARD("InvalidArgs"), "IPv6 is switched off");
	g_assert_true(netns_sysctl(netns, "net/ipv6/conf/default/disable_ipv6", "0"));

	/* The second of two, and the last of three. */
	fails(rig, "CreateEndpoints", "a(sa{sv})",
	      "[('app', {" BOTH "}), ('two', {'Addresses': <['172.18.0.3']>, 'NetNS': <handle 0>})]", fd,
	      STANDARD("InvalidArgs"), "\"eth0\" in the namespace");
	fails(rig, "CreateEndpoints", "a(sa{sv})",
	      "[('app', {" BOTH "}), ('two', {'Addresses': <['172.18.0.3']>, 'NetNS': <handle 0>, 'Interface': "
	      "<'eth1'>}), ('three', {'Addresses': <['172.18.0.4']>, 'NetNS': <handle 0>})]",
	      fd, STANDARD("InvalidArgs"), "\"eth0\" in the namespace");
	shows(netns, "ip -o link | wc -l", "1");
	attaches(rig, "app", BOTH, fd);

	/* The bridge is somebody else's to take away. */
	done(rig, APP, "Endpoint", "Delete", "", "");
	close(fd);
	close(netns);
}

/* A bridge that is not there: adopted, and taken away since. */
static void no_bridge(Rig *rig)
{
	static const char *const taken[] = { "br0", "gone0", "br-other", "br-new" };
	int netns = netns_new(), fd = container_socket(netns);

	netns_run(rig->host, "sh -c 'ip link add br0 type bridge && ip addr add 172.18.0.1/16 dev br0'");
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Bridge': <'br0'>, 'Subnets': <['172.18.0.0/16']>}");
	netns_run(rig->host, "ip link del br0");
	fails(rig, "CreateEndpoint", "sa{sv}", "'app', {'Addresses': <['172.18.0.2']>, 'NetNS': <handle 0>}", fd,
	      STANDARD("Failed"), "bridge \"br0\"");
	/* Nor do others get its name, or that of an ingress' interface. */
	netns_run(rig->host, "ip link add gone0 type bridge");
	done(rig, "", "Manager", "CreateIngress", "sa{sv}",
	     "'front', {'Gateway': <'172.18.0.9'>, 'Bridge': <'gone0'>}");
	netns_run(rig->host, "ip link del gone0");
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'other', {'Subnets': <['172.19.0.0/16']>}");
	for (guint i = 0; i < G_N_ELEMENTS(taken); i++) {
		g_autofree char *arguments =
			g_strdup_printf("'new', {'Subnets': <['172.20.0.0/16']>, 'Endpoints': <[('app', "
					"{'Addresses': <['172.20.0.2']>, 'NetNS': <handle 0>, "
					"'HostInterface': <'%s'>})]>}",
					taken[i]);

		fails(rig, "CreateNetwork", "sa{sv}", arguments, fd, OURS("BridgeInUse"), taken[i]);
	}
	close(fd);
	close(netns);
}

/* Whoever gave the socket has it still: he takes the answers away, or leaves a thousand before them. */
static void shared_socket(Rig *rig)
{
	static struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	static const struct sock_fprog drop_all = { G_N_ELEMENTS(code), code };
	int netns = netns_new(), fd = container_socket(netns), group = RTNLGRP_LINK;

	create_network(rig);
	g_assert_no_errno(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &drop_all, sizeof drop_all));
	fails(rig, "CreateEndpoint", "sa{sv}", "'app', {" BOTH "}", fd, STANDARD("InvalidArgs"), "does not answer");
	g_assert_no_errno(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &(int){ 0 }, sizeof(int)));
	g_assert_no_errno(setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group));
	netns_run(netns,
		  "sh -c 'ip link add b0 type bridge; for i in $(seq 100); do echo link set b0 up; echo link set "
		  "b0 down; done | ip -batch -; ip link del b0'");
	attaches(rig, "app", BOTH, fd);
	close(fd);
	close(netns);
}

/* --- the end --- */

static void send_and_flush(const Rig *rig, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new_from_array(&copy, 1);

	g_dbus_connection_call_with_unix_fd_list(
		rig->bus, "org.example.NetFilter", ROOT WEB, "org.example.NetFilter.Network", "CreateEndpoint",
		g_variant_parse(G_VARIANT_TYPE("(sa{sv})"), "('app', {" BOTH "})", NULL, NULL, NULL), NULL,
		G_DBUS_CALL_FLAGS_NONE, -1, fds, NULL, NULL, NULL);
	g_dbus_connection_flush_sync(rig->bus, NULL, NULL);
}

/* The container dies while its endpoint is being made. */
static void dies_meanwhile(Rig *rig)
{
	g_autofree char *before = NULL;
	Container container;
	int status;

	create_network(rig);
	before = state(rig);
	container_start(&container, 0);
	kill(rig->service, SIGSTOP);
	g_assert_cmpint(waitpid(rig->service, &status, WUNTRACED), ==, rig->service);
	send_and_flush(rig, container.socket);
	container_kill(&container);
	kill(rig->service, SIGCONT);
	/* In order behind it. */
	done(rig, WEB, "Network", "Update", "a{sv}", "{}");
	goes(rig, APP);
	comes_back(rig, before);
}

static void dies(Rig *rig)
{
	g_autofree char *before = NULL;

	create_network(rig);
	before = state(rig);
	for (guint i = 0; i < 5; i++) {
		Container container;
		gint64 start;

		container_start(&container, i % 2 ? 65534 : 0);
		attaches(rig, "app", BOTH, container.socket);
		container_close_socket(&container);
		start = g_get_monotonic_time();
		container_kill(&container);
		goes(rig, APP);
		g_test_message("gone after %" G_GINT64_FORMAT " ms", (g_get_monotonic_time() - start) / 1000);
	}
	comes_back(rig, before);
}

/* While nobody looks. */
static void dies_unseen(Rig *rig)
{
	Container container, other;
	int netns;

	create_network(rig);
	container_start(&container, 0);
	container_start(&other, 0);
	attaches(rig, "app", BOTH, container.socket);
	attaches(rig, "other", "'Addresses': <['172.18.0.3']>, 'NetNS': <handle 0>", other.socket);
	container_close_socket(&container);
	service_kill(rig->service);
	container_kill(&container);
	for (guint i = 0; i < 1000; i++) {
		g_autofree char *ports = netns_output(rig->host, "sh -c 'ip -o link show master br0 | wc -l'");

		if (g_str_equal(ports, "1\n"))
			break;
		g_usleep(10000);
	}
	rig->service = service_start(rig->starter, rig->configuration);
	goes(rig, APP);
	exists(rig, WEB "/endpoint/other");
	netns = container_netns(&other);
	shows(netns, "ip -o link show eth0 | grep -c LOWER_UP", "1");
	close(netns);
	container_kill(&other);
	goes(rig, WEB "/endpoint/other");
}

/* It is rendered, and nothing of the host is touched. */
static void preview(Rig *rig)
{
	int netns = netns_new(), fd = container_socket(netns);
	g_autofree char *before = state(rig);
	g_autoptr(GVariant) reply = NULL;
	g_autoptr(GError) error = NULL;
	const char *text;

	reply = ask_with(rig, "", "Manager", "PreviewNetwork", "sa{sv}",
			 "'web', {'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, 'Endpoints': <[('app', {" BOTH
			 "})]>}",
			 fd, &error);
	g_assert_no_error(error);
	g_variant_get(reply, "(&s)", &text);
	g_assert_nonnull(strstr(text, "172.18.0.2:80"));
	comes_back(rig, before);
	shows(netns, "ip -o link | wc -l", "1");
	close(fd);
	close(netns);
}

static const BusTest tests[] = {
	{ "/bus/attach/by-default", by_default },
	{ "/bus/attach/without-ipv6", without_ipv6 },
	{ "/bus/attach/as-said", as_said },
	{ "/bus/attach/several", several },
	{ "/bus/attach/ensured", ensured },
	{ "/bus/attach/other-descriptors", other_descriptors },
	{ "/bus/attach/without-rights", without_rights },
	{ "/bus/attach/bad-settings", bad_settings },
	{ "/bus/attach/whole-or-nothing", whole_or_nothing },
	{ "/bus/attach/no-bridge", no_bridge },
	{ "/bus/attach/shared-socket", shared_socket },
	{ "/bus/attach/dies-meanwhile", dies_meanwhile },
	{ "/bus/attach/dies", dies },
	{ "/bus/attach/dies-unseen", dies_unseen },
	{ "/bus/attach/preview", preview },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
