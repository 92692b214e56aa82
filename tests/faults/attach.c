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
#define FILE_OF_WEB "/run/netfilterd-units/var/lib/netfilterd/web.network"

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

static void create_network_for(Rig *rig, const char *lifetime)
{
	g_autofree char *arguments = g_strdup_printf(
		"'web', {'Bridge': <'br0'>, 'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, '%s': <true>}", lifetime);

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", arguments);
}

static void create_network(Rig *rig)
{
	create_network_for(rig, "Persistent");
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

static void create_with_descriptor(const Rig *rig, int fd)
{
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = NULL;

	g_unix_fd_list_append(fds, fd, NULL);
	reply = ask_with_fds(rig->bus, WEB, "Network", "CreateEndpoint", "sa{sv}",
			     "'app', {'Addresses': <['172.18.0.2']>, 'LifetimeFd': <handle 0>}", fds, &error);
	g_assert_no_error(error);
}

/* A call that deletes what cannot come back and what can: all of it goes, or nothing. */
static void killed_halfway(Rig *rig)
{
	static const struct {
		const char *fault, *member, *types, *arguments;
		bool by_descriptor, taken_back, permanent, again;
	} cases[] = {
		{ "detach:kill:1", "Retain", "as", "@as []" },
		{ "detach:kill:1", "Delete", "", "" },
		{ "commit:kill:1", "Retain", "as", "@as []", .taken_back = true },
		{ "commit:kill:1", "Delete", "", "", .taken_back = true },
		/* Without a store of descriptors none outlives the service. */
		{ "commit:kill:1", "Retain", "as", "@as []", .by_descriptor = true },
		{ "commit:kill:1", "Delete", "", "", .by_descriptor = true },
		/* And the next instance likewise. */
		{ "commit:kill:1", "Delete", "", "", .by_descriptor = true, .again = true },
		{ "detach:kill:1", "Retain", "as", "@as []", .permanent = true },
		{ "detach:kill:1", "Delete", "", "", .permanent = true },
		{ "commit:kill:1", "Retain", "as", "@as []", .permanent = true, .by_descriptor = true },
		{ "commit:kill:1", "Delete", "", "", .permanent = true, .by_descriptor = true },
	};
	g_autofree char *nothing = rig_state(rig);
	int netns = netns_new(), fd = container_socket(netns), ends[2];

	g_assert_no_errno(pipe2(ends, O_CLOEXEC));
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		bool deletes = g_str_equal(cases[i].member, "Delete");
		const char *lifetime = cases[i].permanent ? "Permanent" : "Persistent";
		g_autofree char *alone = NULL, *full = NULL, *after = NULL, *kept = NULL;
		g_autoptr(GVariant) reply = NULL;
		g_autoptr(GError) error = NULL;

		g_test_message("%s, %s%s", cases[i].member, cases[i].fault,
			       cases[i].by_descriptor ? ", by descriptor" : "");
		create_network_for(rig, lifetime);
		alone = rig_rules(rig);
		kept = g_strdup_printf("'kept', {'Addresses': <['172.18.0.9']>, '%s': <true>, 'Ports': <[('tcp', '', "
				       "uint16 9000, uint16 80, uint16 1)]>}",
				       lifetime);
		done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}", kept);
		if (!cases[i].by_descriptor)
			g_assert_null(attach(rig, fd));
		full = rig_rules(rig);
		start(rig, cases[i].fault);
		if (cases[i].by_descriptor)
			create_with_descriptor(rig, ends[0]);
		reply = ask_with_fds(rig->bus, WEB, "Network", cases[i].member, cases[i].types, cases[i].arguments,
				     NULL, &error);
		g_assert_null(reply);
		if (cases[i].again) {
			g_assert_cmpint(waitpid(rig->service, NULL, 0), ==, rig->service);
			g_assert_true(rig_start_dying_of(rig, cases[i].fault));
			rig->service = service_start(rig->starter, rig->configuration);
			answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
		} else {
			start_again(rig);
		}
		(cases[i].taken_back ? exists : gone)(rig, APP);
		(cases[i].taken_back ? exists : gone)(rig, WEB "/endpoint/kept");
		(cases[i].taken_back || !deletes ? exists : gone)(rig, WEB);
		after = deletes && !cases[i].taken_back ? rig_state(rig) : rig_rules(rig);
		g_assert_cmpstr(after, ==, cases[i].taken_back ? full : deletes ? nothing : alone);
		g_assert_cmpint(access(FILE_OF_WEB, F_OK) == 0, ==, cases[i].permanent && !deletes);
		if (cases[i].taken_back || !deletes)
			done(rig, WEB, "Network", "Delete", "", "");
		g_assert_cmpuint(count_links(netns, ""), ==, 1);
	}
	close(ends[0]);
	close(ends[1]);
	close(fd);
	close(netns);
}

static const BusTest tests[] = {
	{ "/faults/attach/killed", killed },
	{ "/faults/attach/failed", failed },
	{ "/faults/attach/killed-at-the-end", killed_at_the_end },
	{ "/faults/attach/killed-halfway", killed_halfway },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
