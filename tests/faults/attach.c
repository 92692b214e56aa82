/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The service dies, or the kernel fails it, while it attaches or detaches a container: nothing is left of what was not
 * answered, on the host as in the container. */

#include "tests/support/container.h"
#include "tests/support/rig.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WEB "/network/web"
#define APP WEB "/endpoint/app"

static void start(Rig *rig, const char *fault)
{
	service_kill(rig->service);
	rig_start_failing(rig, fault);
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
}

static void start_again(Rig *rig)
{
	g_assert_cmpint(waitpid(rig->service, NULL, 0), ==, rig->service);
	rig->service = service_start(rig->starter, rig->configuration);
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
}

/* NULL when it succeeded, else the error's name. */
static char *attach(const Rig *rig, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new_from_array(&copy, 1);
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = ask_with_fds(
		rig->bus, WEB, "Network", "CreateEndpoints", "a(sa{sv})",
		"[('app', {'Addresses': <['172.18.0.2', 'fd00:18::2']>, 'NetNS': <handle 0>, 'Ports': <[('tcp', '', "
		"uint16 8080, uint16 80, uint16 1)]>}), ('second', {'Addresses': <['172.18.0.3']>, 'NetNS': <handle "
		"0>, "
		"'Interface': <'eth1'>})]",
		fds, &error);

	return reply ? NULL : g_dbus_error_get_remote_error(error);
}

static guint count_links(int netns, const char *which)
{
	g_autofree char *text = netns_output(netns, "sh -c 'ip -o link show %s | wc -l'", which);

	return g_ascii_strtoull(text, NULL, 10);
}

static void create_network(Rig *rig)
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Bridge': <'br0'>, 'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, 'Persistent': <true>}");
}

static void killed(Rig *rig)
{
	static const char *const faults[] = {
		"veth:kill:1", "inside:kill:1", "inside:kill:2", "veth:kill:2", "inside:kill:3", "commit:kill:1",
	};
	int netns = netns_new(), fd = container_socket(netns);
	g_autofree char *before = NULL;

	create_network(rig);
	before = rig_rules(rig);
	for (guint i = 0; i < G_N_ELEMENTS(faults); i++) {
		g_autofree char *error = NULL, *after = NULL;

		start(rig, faults[i]);
		error = attach(rig, fd);
		g_assert_cmpstr(error, ==, STANDARD("NoReply"));
		start_again(rig);
		gone(rig, APP);
		after = rig_rules(rig);
		g_assert_cmpstr(before, ==, after);
		g_assert_cmpuint(count_links(rig->host, "master br0"), ==, 0);
		g_assert_cmpuint(count_links(netns, ""), ==, 1);
	}
	g_assert_null(attach(rig, fd));
	done(rig, WEB, "Network", "Delete", "", "");
	close(fd);
	close(netns);
}

static void failed(Rig *rig)
{
	static const char *const faults[] = {
		"veth:EPERM:1", "veth:ENOMEM:1:1", "inside:EPERM:1", "inside:EPERM:1:1", "inside:ENOMEM:1:2",
	};
	int netns = netns_new(), fd = container_socket(netns);

	create_network(rig);
	for (guint i = 0; i < G_N_ELEMENTS(faults); i++) {
		g_autofree char *before = NULL, *after = NULL, *error = NULL;

		start(rig, faults[i]);
		before = rig_rules(rig);
		error = attach(rig, fd);
		g_assert_cmpstr(error, ==, STANDARD("Failed"));
		after = rig_rules(rig);
		g_assert_cmpstr(before, ==, after);
		g_assert_cmpuint(count_links(rig->host, "master br0"), ==, 0);
		gone(rig, APP);
		g_assert_cmpuint(count_links(netns, ""), ==, 1);
	}
	g_assert_null(attach(rig, fd));
	close(fd);
	close(netns);
}

/* It is gone from the container before anybody is told, or before it is written down: the next instance finishes. */
static void killed_at_the_end(Rig *rig)
{
	static const char *const faults[] = { "detach:kill:1", "commit:kill:1" };
	int netns = netns_new(), fd = container_socket(netns);

	for (guint i = 0; i < G_N_ELEMENTS(faults); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GVariant) reply = NULL;

		create_network(rig);
		g_assert_null(attach(rig, fd));
		start(rig, faults[i]);
		reply = ask_with_fds(rig->bus, WEB, "Network", "Retain", "as", "@as []", NULL, &error);
		g_assert_null(reply);
		start_again(rig);
		if (i == 0) {
			goes(rig, APP);
			goes(rig, WEB "/endpoint/second");
		}
		done(rig, WEB, "Network", "Delete", "", "");
		g_assert_cmpuint(count_links(netns, ""), ==, 1);
	}
	close(fd);
	close(netns);
}

static const BusTest tests[] = {
	{ "/faults/attach/killed", killed },
	{ "/faults/attach/failed", failed },
	{ "/faults/attach/killed-at-the-end", killed_at_the_end },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
