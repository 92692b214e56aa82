/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/rig.h"
#include "tests/support/silent-file.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define WEB "/network/web"
#define APP WEB "/endpoint/app"
#define FRONT "/ingress/front"
#define SUBNET "'Subnets': <['172.18.0.0/16']>"

static void create_on(GDBusConnection *connection, const char *path, const char *interface, const char *member,
		      const char *arguments)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply G_GNUC_UNUSED =
		ask_with_fds(connection, path, interface, member, "sa{sv}", arguments, NULL, &error);

	g_assert_no_error(error);
}

/* The bus learns of it by the socket, as when a process dies: nobody says goodbye. */
static void connection_drop(GDBusConnection *connection)
{
	GIOStream *stream = g_dbus_connection_get_stream(connection);

	shutdown(g_socket_get_fd(g_socket_connection_get_socket(G_SOCKET_CONNECTION(stream))), SHUT_RDWR);
	g_object_unref(connection);
}

static void with_connection(Rig *rig)
{
	g_autofree char *before = rig_state(rig), *after = NULL;
	GDBusConnection *client = connection_new();

	create_on(client, "", "Manager", "CreateNetwork", "'web', {" SUBNET "}");
	create_on(client, WEB, "Network", "CreateEndpoint",
		  "'app', {'Addresses': <['172.18.0.2']>, 'Ports': <[('tcp', '', uint16 80, uint16 80, "
		  "uint16 1)]>}");
	create_on(client, "", "Manager", "CreateIngress",
		  "'front', {'Gateway': <'172.18.0.9'>, 'Ports': <[('tcp', uint16 443)]>}");
	exists(rig, FRONT);
	connection_drop(client);
	goes(rig, WEB);
	goes(rig, APP);
	goes(rig, FRONT);
	after = rig_state(rig);
	g_assert_cmpstr(before, ==, after);
}

/* What lives with one connection may hold what lives with another; a child goes with its parent at the
 * latest. */
static void parents_and_children(Rig *rig)
{
	GDBusConnection *parent = connection_new(), *child = connection_new();

	create_on(parent, "", "Manager", "CreateNetwork", "'web', {" SUBNET "}");
	create_on(child, WEB, "Network", "CreateEndpoint", "'app', {'Addresses': <['172.18.0.2']>}");
	create_on(child, WEB, "Network", "CreateEndpoint", "'db', {'Addresses': <['172.18.0.3']>}");
	create_on(child, WEB, "Network", "CreateEndpoint",
		  "'stays', {'Addresses': <['172.18.0.4']>, 'Persistent': <true>}");
	connection_drop(child);
	goes(rig, APP);
	goes(rig, WEB "/endpoint/db");
	exists(rig, WEB "/endpoint/stays");
	property_is(rig, "['" ROOT WEB "/endpoint/stays']", WEB, "Network", "Endpoints");
	child = connection_new();
	create_on(child, WEB, "Network", "CreateEndpoint", "'app', {'Addresses': <['172.18.0.2']>}");
	connection_drop(parent);
	goes(rig, WEB);
	gone(rig, WEB "/endpoint/stays");
	gone(rig, APP);
	/* Its owner has nothing left that could go with it. */
	connection_drop(child);
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'web', {" SUBNET "}");
}

static void persistent(Rig *rig)
{
	GDBusConnection *client = connection_new();

	create_on(client, "", "Manager", "CreateNetwork", "'web', {" SUBNET ", 'Persistent': <true>}");
	create_on(client, "", "Manager", "CreateNetwork", "'gone', {'Subnets': <['172.19.0.0/16']>}");
	connection_drop(client);
	goes(rig, "/network/gone");
	exists(rig, WEB);
	property_is(rig, "''", WEB, "Network", "Owner");
	done(rig, WEB, "Network", "Delete", "", "");
}

/* Creates a network that lives with a descriptor, which is closed here, by a client that is gone at once. */
static void create_with_descriptor(Rig *rig, int fd)
{
	GDBusConnection *client = connection_new();
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new_from_array(&fd, 1);
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply G_GNUC_UNUSED =
		ask_with_fds(client, "", "Manager", "CreateNetwork", "sa{sv}",
			     "'web', {" SUBNET ", 'LifetimeFd': <handle 0>}", fds, &error);

	g_assert_no_error(error);
	connection_drop(client);
	/* Time for what should not happen. */
	g_usleep(20 * G_TIME_SPAN_MILLISECOND);
	exists(rig, WEB);
}

static void descriptors(Rig *rig)
{
	int ends[2];
	guint before = rig_descriptors(rig);
	pid_t child;

	g_assert_cmpint(pipe(ends), ==, 0);
	create_with_descriptor(rig, ends[0]);
	property_is(rig, "false", WEB, "Network", "Persistent");
	close(ends[1]);
	goes(rig, WEB);

	g_assert_cmpint(pipe(ends), ==, 0);
	create_with_descriptor(rig, ends[0]);
	g_assert_cmpint(write(ends[1], "x", 1), ==, 1);
	goes(rig, WEB);
	close(ends[1]);

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), ==, 0);
	create_with_descriptor(rig, ends[0]);
	close(ends[1]);
	goes(rig, WEB);

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), ==, 0);
	create_with_descriptor(rig, ends[0]);
	shutdown(ends[1], SHUT_WR);
	goes(rig, WEB);
	close(ends[1]);

	child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	create_with_descriptor(rig, syscall(SYS_pidfd_open, child, 0));
	kill(child, SIGKILL);
	goes(rig, WEB);
	waitpid(child, NULL, 0);

	/* Deleted by hand, it no longer waits for the descriptor; nor does what has its name then go with it.
	 */
	g_assert_cmpint(pipe(ends), ==, 0);
	create_with_descriptor(rig, ends[0]);
	done(rig, WEB, "Network", "Delete", "", "");
	/* What else the service opens while there are objects is closed after the answer. */
	for (guint i = 0; i < 1000 && rig_descriptors(rig) != before; i++)
		g_usleep(10 * G_TIME_SPAN_MILLISECOND);
	g_assert_cmpuint(rig_descriptors(rig), ==, before);
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'web', {" SUBNET "}");
	close(ends[1]);
	g_usleep(20 * G_TIME_SPAN_MILLISECOND);
	exists(rig, WEB);
}

/* One that has hung up before the service sees it, in the middle of other things. */
static void over_already(Rig *rig)
{
	int ends[2];
	g_autoptr(GUnixFDList) fds = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = NULL;

	g_assert_cmpint(pipe(ends), ==, 0);
	close(ends[1]);
	fds = g_unix_fd_list_new_from_array(ends, 1);
	reply = ask_with_fds(rig->bus, "", "Manager", "CreateNetwork", "sa{sv}",
			     "'web', {" SUBNET ", 'LifetimeFd': <handle 0>}", fds, &error);
	g_assert_no_error(error);
	goes(rig, WEB);
}

static void timeouts(Rig *rig)
{
	gint64 start = g_get_monotonic_time();

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'web', {" SUBNET ", 'TimeoutUSec': <uint64 1500000>}");
	done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}", "'app', {'Addresses': <['172.18.0.2']>}");
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'held', {'Subnets': <['172.19.0.0/16']>, 'Persistent': <true>, 'TimeoutUSec': <uint64 "
	     "1500000>}");
	done(rig, "/network/held", "Network", "CreateEndpoint", "sa{sv}",
	     "'app', {'Addresses': <['172.19.0.2']>, 'TimeoutUSec': <uint64 1>}");
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'ever', {'Subnets': <['172.20.0.0/16']>, 'TimeoutUSec': <uint64 18446744073709551615>}");
	goes(rig, "/network/held/endpoint/app");
	exists(rig, WEB);
	exists(rig, "/network/held");
	g_assert_cmpint(g_get_monotonic_time() - start, <, 1500000);
	goes(rig, WEB);
	g_assert_cmpint(g_get_monotonic_time() - start, >=, 1500000);
	goes(rig, "/network/held");
	exists(rig, "/network/ever");
}

/* Whether what it asked for is made first or never: nothing is left of a client that does not wait for its
 * answer. */
static void hasty(Rig *rig)
{
	g_autofree char *before = rig_state(rig), *after = NULL;

	for (guint i = 0; i < 20; i++) {
		GDBusConnection *client = connection_new();
		g_autoptr(GError) error = NULL;
		g_autofree char *arguments = g_strdup_printf("('n%u', {'Subnets': <['10.%u.0.0/16']>})", i, i);

		g_dbus_connection_call(client, "org.example.NetFilter", ROOT, "org.example.NetFilter.Manager",
				       "CreateNetwork",
				       g_variant_parse(G_VARIANT_TYPE("(sa{sv})"), arguments, NULL, NULL, NULL), NULL,
				       G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
		g_dbus_connection_flush_sync(client, NULL, &error);
		g_assert_no_error(error);
		connection_drop(client);
	}
	for (guint i = 0; i < 2000; i++) {
		g_free(after);
		after = rig_state(rig);
		if (strcmp(before, after) == 0)
			break;
		g_usleep(G_TIME_SPAN_MILLISECOND);
	}
	g_assert_cmpstr(before, ==, after);
}

/* --- interfaces and endpoints --- */

/* What is called so later, renamed or moved into the place of it, is another. */
static void with_interface(Rig *rig)
{
	static const char *const ends[] = {
		"ip link del eng0",
		"ip link set eng0 netns other",
		"sh -c 'ip link set eng0 down && ip link set eng0 name was0 && ip link del was0'",
		"sh -c 'ip link del eng0 && ip link add eng0 type veth peer name eng1'",
	};
	GDBusConnection *client;

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'web', {" SUBNET "}");
	netns_run(rig->host, "ip netns add other");
	for (guint i = 0; i < G_N_ELEMENTS(ends); i++) {
		netns_run(rig->host, "ip link add eng0 type veth peer name eng1");
		client = connection_new();
		create_on(
			client, WEB, "Network", "CreateEndpoint",
			"'app', {'Addresses': <['172.18.0.2']>, 'LifetimeInterface': <'eng0'>, 'Ports': <[('tcp', '', "
			"uint16 80, uint16 80, uint16 1)]>}");
		connection_drop(client);
		netns_run(rig->host, "ip link set eng0 up");
		done(rig, WEB, "Network", "Update", "a{sv}", "{}");
		exists(rig, APP);
		netns_run(rig->host, "%s", ends[i]);
		goes(rig, APP);
		netns_run(rig->host,
			  "sh -c 'ip link del eng1 2>/dev/null; ip -n other link del eng0 2>/dev/null; true'");
	}
	netns_run(rig->host, "ip netns del other");
}

/* Gone while no instance looked; and it is by number that one is known after a restart. */
static void with_interface_restarted(Rig *rig)
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'web', {" SUBNET "}");
	netns_run(rig->host, "ip link add eng0 type veth peer name eng1");
	done(rig, WEB, "Network", "CreateEndpoints", "a(sa{sv})",
	     "[('app', {'Addresses': <['172.18.0.2']>, 'LifetimeInterface': <'eng0'>}), "
	     "('other', {'Addresses': <['172.18.0.3']>, 'LifetimeInterface': <'eng1'>}), "
	     "('both', {'Addresses': <['172.18.0.4']>, 'LifetimeInterface': <'eng0'>})]");
	netns_run(rig->host, "ip link set eng0 name new0");
	rig_restart(rig);
	exists(rig, APP);
	service_kill(rig->service);
	netns_run(rig->host, "ip link del new0");
	netns_run(rig->host, "ip link add eng0 type veth peer name eng1");
	rig->service = service_start(rig->starter, rig->configuration);
	goes(rig, APP);
	goes(rig, WEB "/endpoint/both");
	goes(rig, WEB "/endpoint/other");
	netns_run(rig->host, "ip link del eng0");
}

static void bad_interfaces(Rig *rig)
{
	static const struct {
		const char *value, *names;
	} bad[] = {
		{ "'nothing0'", "LifetimeInterface: there is no interface \"nothing0\"" },
		{ "'lo'", "LifetimeInterface: \"lo\"" },
		{ "''", "LifetimeInterface: " },
		{ "'a/b'", "LifetimeInterface: \"a/b\"" },
		{ "'abcdefghijklmnop'", "LifetimeInterface: " },
		{ "3", "LifetimeInterface is of type \"i\"" },
		{ "'uplink'>, 'Persistent': <true", "LifetimeInterface: a persistent object" },
	};

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'web', {" SUBNET "}");
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *arguments = g_strdup_printf(
			"'app', {'Addresses': <['172.18.0.2']>, 'LifetimeInterface': <%s>}", bad[i].value);

		refused(rig, STANDARD("InvalidArgs"), bad[i].names, WEB, "Network", "CreateEndpoint", "sa{sv}",
			arguments);
	}
	refused(rig, STANDARD("InvalidArgs"), "\"LifetimeInterface\"", "", "Manager", "CreateNetwork", "sa{sv}",
		"'x', {'Subnets': <['172.19.0.0/16']>, 'LifetimeInterface': <'uplink'>}");
}

/* A network that goes with its last endpoint, however that goes; and until there is one, with its creator. */
static void with_endpoints(Rig *rig)
{
#define ENDING "'web', {" SUBNET ", 'LifetimeEndpoints': <true>%s}"
#define TWO ", 'Endpoints': <[('app', {'Addresses': <['172.18.0.2']>}), ('db', {'Addresses': <['172.18.0.3']>})]>"
	static const struct {
		const char *path, *interface, *member, *types, *arguments;
	} ends[] = {
		{ APP, "Endpoint", "Delete", "", "" },
		{ WEB, "Network", "DeleteEndpoint", "s", "'app'" },
		{ WEB, "Network", "Retain", "as", "['nobody']" },
		{ WEB, "Network", "Delete", "", "" },
	};
	g_autofree char *before = NULL, *after = NULL, *alone = g_strdup_printf(ENDING, ""),
			*full = g_strdup_printf(ENDING, TWO);
	GDBusConnection *client = connection_new(), *other;

	before = rig_state(rig);
	create_on(client, "", "Manager", "CreateNetwork", alone);
	connection_drop(client);
	goes(rig, WEB);

	for (guint i = 0; i < G_N_ELEMENTS(ends); i++) {
		client = connection_new();
		create_on(client, "", "Manager", "CreateNetwork", alone);
		done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}", "'app', {'Addresses': <['172.18.0.2']>}");
		connection_drop(client);
		done(rig, WEB, "Network", "Update", "a{sv}", "{}");
		if (i % 2 == 0)
			rig_restart(rig);
		exists(rig, APP);
		done(rig, ends[i].path, ends[i].interface, ends[i].member, ends[i].types, ends[i].arguments);
		gone(rig, WEB);
	}

	/* By their connections, one after the other. */
	client = connection_new();
	other = connection_new();
	create_on(client, "", "Manager", "CreateNetwork", alone);
	create_on(client, WEB, "Network", "CreateEndpoint", "'app', {'Addresses': <['172.18.0.2']>}");
	create_on(other, WEB, "Network", "CreateEndpoint", "'db', {'Addresses': <['172.18.0.3']>}");
	connection_drop(client);
	goes(rig, APP);
	exists(rig, WEB "/endpoint/db");
	connection_drop(other);
	goes(rig, WEB);

	client = connection_new();
	create_on(client, "", "Manager", "CreateNetwork", full);
	connection_drop(client);
	goes(rig, WEB);

	/* One that is persistent waits for its first. */
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {" SUBNET ", 'LifetimeEndpoints': <true>, 'Persistent': <true>}");
	answers(rig, "(0,)", WEB, "Network", "Retain", "as", "@as []");
	exists(rig, WEB);
	client = connection_new();
	create_on(client, WEB, "Network", "CreateEndpoint", "'app', {'Addresses': <['172.18.0.2']>}");
	connection_drop(client);
	goes(rig, WEB);
	after = rig_state(rig);
	g_assert_cmpstr(before, ==, after);
}

/* What would hang whoever polls, reads or writes it is told from a lifetime before anybody does. */
static void silent_files(Rig *rig)
{
	static const struct {
		const char *path, *interface, *member, *arguments;
		bool reads;
	} calls[] = {
		{ "", "Manager", "CreateNetwork", "'x', {'Subnets': <['172.19.0.0/16']>, 'LifetimeFd': <handle 0>}" },
		{ "", "Manager", "EnsureNetwork", "'x', {'Subnets': <['172.19.0.0/16']>, 'LifetimeFd': <handle 0>}" },
		{ "", "Manager", "CreateIngress", "'x', {'Gateway': <'172.18.0.9'>, 'LifetimeFd': <handle 0>}" },
		{ WEB, "Network", "CreateEndpoint", "'x', {'Addresses': <['172.18.0.4']>, 'LifetimeFd': <handle 0>}" },
		{ WEB, "Network", "EnsureEndpoint", "'x', {'Addresses': <['172.18.0.4']>, 'LifetimeFd': <handle 0>}" },
		{ "", "Manager", "PreviewNetwork", "'x', {'Subnets': <['172.19.0.0/16']>, 'LifetimeFd': <handle 0>}",
		  true },
		{ "", "Manager", "PreviewIngress", "'x', {'Gateway': <'172.18.0.9'>, 'LifetimeFd': <handle 0>}", true },
	};
	const char *reason;
	SilentFile file;

	if (!silent_file_begin(&file, &reason)) {
		g_test_skip(reason);
		return;
	}
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'web', {" SUBNET "}");
	for (guint i = 0; i < G_N_ELEMENTS(calls); i++) {
		g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
		g_autoptr(GError) error = NULL;
		g_autoptr(GVariant) reply = NULL;

		g_test_message("%s", calls[i].member);
		g_unix_fd_list_append(fds, file.fd, NULL);
		reply = ask_with_fds(rig->bus, calls[i].path, calls[i].interface, calls[i].member, "sa{sv}",
				     calls[i].arguments, fds, &error);
		/* A preview reads no lifetime. */
		if (calls[i].reads)
			g_assert_no_error(error);
		else
			g_assert_error(error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS);
		exists(rig, WEB);
	}
	close(file.fd);
	silent_file_end(&file);
}

static const BusTest tests[] = {
	{ "/bus/lifetime/with-connection", with_connection },
	{ "/bus/lifetime/parents-and-children", parents_and_children },
	{ "/bus/lifetime/persistent", persistent },
	{ "/bus/lifetime/descriptors", descriptors },
	{ "/bus/lifetime/over-already", over_already },
	{ "/bus/lifetime/timeouts", timeouts },
	{ "/bus/lifetime/hasty", hasty },
	{ "/bus/lifetime/with-interface", with_interface },
	{ "/bus/lifetime/with-interface-restarted", with_interface_restarted },
	{ "/bus/lifetime/bad-interfaces", bad_interfaces },
	{ "/bus/lifetime/with-endpoints", with_endpoints },
	{ "/bus/lifetime/silent-files", silent_files },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
