/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/access.h"
#include "tests/support/container.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>

static void too_many_questions(World *world)
{
	Pipeline *pipeline = pipeline_new();
	pid_t polkit = polkit_pid(world);

	create_base(world);
	kill(polkit, SIGSTOP);
	ask_publish(pipeline, world->alice, "8090");
	ask_publish(pipeline, world->alice, "8091");
	flush(world->alice);
	refused(as(world, world->alice), OURS("QuotaExceeded"), "2 questions", APP, "Endpoint", "Publish", "a(ssqqq)",
		MAPPING("tcp", "8092"));
	ask_publish(pipeline, world->bob, "8093");
	flush(world->bob);
	kill(polkit, SIGCONT);
	pipeline_run(pipeline);
	g_assert_cmpstr(pipeline_outcome(pipeline, 0), ==, "");
	g_assert_cmpstr(pipeline_outcome(pipeline, 1), ==, "");
	expect_outcome(pipeline, 2, INTERACTIVE);
	pipeline_free(pipeline);
}

static void networks_per_uid(World *world)
{
	done(as(world, world->alice), "", "Manager", "CreateNetwork", "sa{sv}",
	     "'a', {'Subnets': <['172.31.0.0/24']>}");
	done(as(world, world->alice), "", "Manager", "CreateNetwork", "sa{sv}",
	     "'b', {'Subnets': <['172.31.1.0/24']>}");
	refused(as(world, world->alice), OURS("QuotaExceeded"), "MaxNetworksPerUID=2", "", "Manager", "CreateNetwork",
		"sa{sv}", "'c', {'Subnets': <['172.31.2.0/24']>}");
	done(as(world, world->bob), "", "Manager", "CreateNetwork", "sa{sv}", "'c', {'Subnets': <['172.31.2.0/24']>}");
	done(as(world, world->alice), "/network/a", "Network", "Delete", "", "");
	done(as(world, world->alice), "", "Manager", "CreateNetwork", "sa{sv}",
	     "'a', {'Subnets': <['172.31.0.0/24']>}");
	for (guint i = 3; i < 8; i++) {
		g_autofree char *arguments = g_strdup_printf("'r%u', {'Subnets': <['172.31.%u.0/24']>}", i, i);

		done(as_root(world), "", "Manager", "CreateNetwork", "sa{sv}", arguments);
	}
}

#define NETWORK_OF(user, net) "'" user "', {'Subnets': <['172.31." net ".0/24']>}"

static void endpoints_per_uid(World *world)
{
	done(as(world, world->alice), "", "Manager", "CreateNetwork", "sa{sv}", NETWORK_OF("a", "0"));
	done(as(world, world->bob), "", "Manager", "CreateNetwork", "sa{sv}", NETWORK_OF("b", "1"));
	done(as(world, world->alice), "/network/a", "Network", "CreateEndpoints", "a(sa{sv})",
	     "[('x', {'Addresses': <['172.31.0.2']>}), ('y', {'Addresses': <['172.31.0.3']>})]");
	refused(as(world, world->alice), OURS("QuotaExceeded"), "MaxEndpointsPerUID=3", "/network/a", "Network",
		"CreateEndpoints", "a(sa{sv})",
		"[('z', {'Addresses': <['172.31.0.4']>}), ('w', {'Addresses': <['172.31.0.5']>})]");
	done(as(world, world->alice), "/network/a", "Network", "CreateEndpoint", "sa{sv}",
	     "'z', {'Addresses': <['172.31.0.4']>}");
	refused(as(world, world->alice), OURS("QuotaExceeded"), "MaxEndpointsPerUID=3", "/network/a", "Network",
		"CreateEndpoint", "sa{sv}", "'w', {'Addresses': <['172.31.0.5']>}");
	done(as(world, world->bob), "/network/b", "Network", "CreateEndpoint", "sa{sv}",
	     "'w', {'Addresses': <['172.31.1.2']>}");
}

static void ports_per_uid(World *world)
{
	done(as(world, world->alice), "", "Manager", "CreateNetwork", "sa{sv}", NETWORK_OF("a", "0"));
	done(as(world, world->bob), "", "Manager", "CreateNetwork", "sa{sv}", NETWORK_OF("b", "1"));
	done(as(world, world->alice), "/network/a", "Network", "CreateEndpoint", "sa{sv}",
	     "'x', {'Addresses': <['172.31.0.2']>, 'Ports': <[('tcp', '', uint16 9000, uint16 80, uint16 "
	     "3)]>}");
	done(as(world, world->bob), "/network/b", "Network", "CreateEndpoint", "sa{sv}",
	     "'x', {'Addresses': <['172.31.1.2']>}");
	refused(as(world, world->alice), OURS("QuotaExceeded"), "MaxPortsPerUID=4", "/network/a/endpoint/x", "Endpoint",
		"Publish", "a(ssqqq)", "[('tcp', '', uint16 9010, uint16 80, uint16 2)]");
	done(as(world, world->alice), "/network/a/endpoint/x", "Endpoint", "Publish", "a(ssqqq)",
	     MAPPING("tcp", "9010"));
	refused(as(world, world->alice), OURS("QuotaExceeded"), "MaxPortsPerUID=4", "/network/a/endpoint/x", "Endpoint",
		"Publish", "a(ssqqq)", MAPPING("tcp", "9011"));
	done(as(world, world->bob), "/network/b/endpoint/x", "Endpoint", "Publish", "a(ssqqq)", MAPPING("tcp", "9011"));
	/* Who leaves gives back. */
	connection_close(world->alice);
	goes(as_root(world), "/network/a");
	world->alice = connect_as(ALICE);
	done(as(world, world->alice), "", "Manager", "CreateNetwork", "sa{sv}", NETWORK_OF("a", "0"));
	done(as(world, world->alice), "/network/a", "Network", "CreateEndpoint", "sa{sv}",
	     "'x', {'Addresses': <['172.31.0.2']>, 'Ports': <[('tcp', '', uint16 9000, uint16 80, uint16 "
	     "4)]>}");
}

#define ENDPOINT "/network/a/endpoint/x"
#define PORT(protocol, host, count) "[('" protocol "', '', uint16 " host ", uint16 80, uint16 " count ")]"

/* Whatever the limits are, half of the ports that are handed out is left to others: asked for by number or chosen. */
static void half_of_the_ports(World *world)
{
	static const struct {
		const char *path, *interface, *member, *types, *arguments;
		bool refused;
	} steps[] = {
		{ ENDPOINT, "Endpoint", "Publish", "a(ssqqq)", PORT("tcp", "8080", "20") },
		{ ENDPOINT, "Endpoint", "Publish", "a(ssqqq)", PORT("tcp", "40000", "6"), true },
		{ ENDPOINT, "Endpoint", "Publish", "a(ssqqq)", PORT("tcp", "39998", "5") },
		{ ENDPOINT, "Endpoint", "Publish", "a(ssqqq)", PORT("tcp", "0", "1") },
		{ ENDPOINT, "Endpoint", "Publish", "a(ssqqq)", PORT("tcp", "0", "2"), true },
		{ "/ingress/i", "Ingress", "Publish", "a(sq)", "[('tcp', uint16 40008), ('tcp', uint16 40009)]", true },
		{ "/ingress/i", "Ingress", "Publish", "a(sq)", "[('tcp', uint16 40009)]" },
		{ "/ingress/i", "Ingress", "Publish", "a(sq)", "[('tcp', uint16 40009)]" },
		{ ENDPOINT, "Endpoint", "Publish", "a(ssqqq)", PORT("tcp", "0", "1"), true },
		{ ENDPOINT, "Endpoint", "Publish", "a(ssqqq)", PORT("tcp", "40008", "1"), true },
		{ "/ingress/i", "Ingress", "Publish", "a(sq)", "[('tcp', uint16 40008)]", true },
		{ ENDPOINT, "Endpoint", "Publish", "a(ssqqq)", PORT("tcp", "40010", "3") },
		{ ENDPOINT, "Endpoint", "Publish", "a(ssqqq)", PORT("udp", "40000", "5") },
		{ ENDPOINT, "Endpoint", "Publish", "a(ssqqq)", PORT("udp", "0", "1"), true },
		{ ENDPOINT, "Endpoint", "Unpublish", "a(ssqqq)", PORT("tcp", "39998", "5") },
		{ ENDPOINT, "Endpoint", "Publish", "a(ssqqq)", PORT("tcp", "0", "3") },
	};
	g_autofree char *range = netns_output(world->rig.host, "cat /proc/sys/net/ipv4/ip_local_port_range");

	g_assert_true(netns_sysctl(world->rig.host, "net/ipv4/ip_local_port_range", "40000 40009"));
	done(as(world, world->alice), "", "Manager", "CreateNetwork", "sa{sv}",
	     "'a', {'Subnets': <['172.31.0.0/24']>, 'Endpoints': <[('x', {'Addresses': <['172.31.0.2']>})]>}");
	done(as(world, world->alice), "", "Manager", "CreateIngress", "sa{sv}", "'i', {'Gateway': <'172.31.0.3'>}");
	for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
		Rig *rig = as(world, world->alice);

		g_test_message("%s %s", steps[i].member, steps[i].arguments);
		if (steps[i].refused)
			refused(rig, OURS("QuotaExceeded"), "more than half", steps[i].path, steps[i].interface,
				steps[i].member, steps[i].types, steps[i].arguments);
		else
			done(rig, steps[i].path, steps[i].interface, steps[i].member, steps[i].types,
			     steps[i].arguments);
	}
	/* The other half is there for others, and all of it for root. */
	done(as(world, world->bob), "", "Manager", "CreateNetwork", "sa{sv}",
	     "'b', {'Subnets': <['172.31.1.0/24']>, 'Endpoints': <[('x', {'Addresses': <['172.31.1.2']>, "
	     "'Ports': <" PORT("tcp", "0", "1") ">})]>}");
	done(as_root(world), "", "Manager", "CreateNetwork", "sa{sv}",
	     "'r', {'Subnets': <['172.31.2.0/24']>, 'Endpoints': <[('x', {'Addresses': <['172.31.2.2']>, "
	     "'Ports': <" PORT("sctp", "40000", "10") ">})]>}");
	g_assert_true(netns_sysctl(world->rig.host, "net/ipv4/ip_local_port_range", range));
}

/* Of a network of so many endpoints, in which each has an address of its own. */
static char *preview_of(guint n)
{
	GString *arguments = g_string_new("'p', {'Subnets': <['172.31.0.0/16']>, 'Endpoints': <[");

	for (guint i = 0; i < n; i++)
		g_string_append_printf(arguments, "%s('e%u', {'Addresses': <['172.31.%u.%u']>})", i > 0 ? ", " : "", i,
				       i / 250, i % 250 + 2);
	g_string_append(arguments, "]>}");
	return g_string_free(arguments, FALSE);
}

static void endpoints_of_a_preview(World *world)
{
	static const struct {
		guint n;
		const char *refusal; /* NULL: none */
	} cases[] = { { 1 }, { 512 }, { 513, "513 are given, and a preview may have at most 512" } };

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *arguments = preview_of(cases[i].n);
		GDBusConnection *users[] = { world->alice, world->bob };

		for (gsize j = 0; j < G_N_ELEMENTS(users); j++)
			if (cases[i].refusal)
				refused(as(world, users[j]), "org.freedesktop.DBus.Error.LimitsExceeded",
					cases[i].refusal, "", "Manager", "PreviewNetwork", "sa{sv}", arguments);
			else
				done(as(world, users[j]), "", "Manager", "PreviewNetwork", "sa{sv}", arguments);
		done(as_root(world), "", "Manager", "PreviewNetwork", "sa{sv}", arguments);
	}
}

/* More values than a call may have, in fewer bytes than one may: to whom it is read it says something else. */
static void values_of_a_preview(World *world)
{
	const struct passwd *own = getpwnam("netfilter");
	GDBusConnection *service = connect_as(own->pw_uid);
	GString *arguments = g_string_new("'p', {'Subnets': <['172.31.0.0/16']>, 'AllowFrom': <[''");

	for (guint i = 0; i < 3 << 17; i++)
		g_string_append(arguments, ",''");
	g_string_append(arguments, "]>}");
	refused(as(world, world->alice), STANDARD("LimitsExceeded"), "393216 values", "", "Manager", "PreviewNetwork",
		"sa{sv}", arguments->str);
	refused(as_root(world), OURS("QuotaExceeded"), "1024 allowed", "", "Manager", "PreviewNetwork", "sa{sv}",
		arguments->str);
	refused(as(world, service), OURS("QuotaExceeded"), "1024 allowed", "", "Manager", "PreviewNetwork", "sa{sv}",
		arguments->str);
	connection_close(service);
	g_string_free(arguments, TRUE);
}

/* --- endpoints to attach --- */

#define ALLOWED 64

/* So many, whose interfaces are called after them, and one that is not attached. */
static char *attached_list(const char *prefix, guint n)
{
	g_autoptr(GString) list = g_string_new("[");

	for (guint i = 0; i < n; i++)
		g_string_append_printf(list,
				       "('%s%u', {'Allocate': <['ipv4']>, 'NetNS': <handle 0>, 'Interface': "
				       "<'%s%u'>}), ",
				       prefix, i, prefix, i);
	g_string_append_printf(list, "('%s', {'Allocate': <['ipv4']>})]", prefix);
	return g_string_free(g_steal_pointer(&list), FALSE);
}

typedef struct Way {
	const char *path, *interface, *member, *types, *before, *after;
} Way;

static const Way ways[] = {
	{ "", "Manager", "CreateNetwork", "sa{sv}", "'c', {'Subnets': <['172.31.1.0/24']>, 'Endpoints': <", ">}" },
	{ "", "Manager", "EnsureNetwork", "sa{sv}", "'e', {'Subnets': <['172.31.2.0/24']>, 'Endpoints': <", ">}" },
	{ "", "Manager", "EnsureNetwork", "sa{sv}", "'a', {'Subnets': <['172.31.0.0/24']>, 'Endpoints': <", ">}" },
	{ "", "Manager", "PreviewNetwork", "sa{sv}", "'p', {'Subnets': <['172.31.3.0/24']>, 'Endpoints': <", ">}" },
	{ "/network/a", "Network", "CreateEndpoints", "a(sa{sv})", "", "" },
};

/* What became of it: "", or the error. */
static char *attach_by(GDBusConnection *caller, guint way, guint n, int fd, GError **error)
{
	const Way *by = &ways[way];
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new_from_array(&copy, 1);
	g_autofree char *prefix = g_strdup_printf("%c", 'f' + way);
	g_autofree char *list = attached_list(prefix, n);
	g_autofree char *arguments = g_strconcat(by->before, list, by->after, NULL);
	g_autoptr(GVariant) reply =
		ask_with_fds(caller, by->path, by->interface, by->member, by->types, arguments, fds, error);

	g_test_message("%s at \"%s\" with %u", by->member, by->path, n);
	return reply ? g_strdup("") : g_dbus_error_get_remote_error(*error);
}

/* By whichever way, and whether or not there is a polkit to ask. Root may have more. */
static void attached_per_call(World *world)
{
	g_autofree char *before = NULL, *after = NULL;
	Container container;

	container_start(&container, ALICE);
	done(as(world, world->alice), "", "Manager", "CreateNetwork", "sa{sv}", NETWORK_OF("a", "0"));
	before = rig_state(as_root(world));
	polkit_kill(world);
	for (guint i = 0; i < G_N_ELEMENTS(ways); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *name = attach_by(world->alice, i, ALLOWED + 1, container.socket, &error);

		g_assert_cmpstr(name, ==, STANDARD("LimitsExceeded"));
		g_assert_nonnull(strstr(error->message, "at most 64 endpoints, not 65"));
	}
	polkit_start(world);
	after = rig_state(as_root(world));
	g_assert_cmpstr(before, ==, after);
	for (guint i = 0; i < G_N_ELEMENTS(ways); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *name = attach_by(world->alice, i, ALLOWED, container.socket, &error);

		g_assert_no_error(error);
		g_assert_cmpstr(name, ==, "");
	}
	done(as(world, world->alice), "/network/a", "Network", "Retain", "as", "@as []");
	for (guint i = 2; i < G_N_ELEMENTS(ways); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *name = attach_by(world->root, i, ALLOWED + 1, container.socket, &error);

		g_assert_no_error(error);
		g_assert_cmpstr(name, ==, "");
	}
	container_kill(&container);
	goes(as_root(world), "/network/a/endpoint/j0");
}

/* Eight labels of so many bytes together. */
static char *labels_text(guint bytes)
{
	g_autofree char *value = g_strnfill(bytes / 8 - 1, 'v');
	GString *text = g_string_new("{");

	for (guint i = 0; i < 8; i++)
		g_string_append_printf(text, "%s'%u': '%s'", i > 0 ? ", " : "", i, value);
	g_string_append_c(text, '}');
	return g_string_free(text, FALSE);
}

static char *endpoints_text(guint first, guint n, const char *subnet, const char *labels)
{
	GString *text = g_string_new("[");

	for (guint i = first; i < first + n; i++)
		g_string_append_printf(text, "%s('e%u', {'Addresses': <['%s.%u.%u']>, 'Labels': <%s>})",
				       i > first ? ", " : "", i, subnet, i / 250, 2 + i % 250, labels);
	g_string_append_c(text, ']');
	return g_string_free(text, FALSE);
}

/* What a user notes on all objects together, since whoever reads everything reads it. */
static void labels_per_uid(World *world)
{
	enum { EACH = 4096, ALL = (1 << 20) / EACH };
	g_autofree char *labels = labels_text(EACH);
	g_autofree char *all = endpoints_text(0, ALL, "10.1", labels),
			*most = endpoints_text(0, ALL - 1, "10.1", labels);
	g_autofree char *one = endpoints_text(ALL, 1, "10.1", labels),
			*more = endpoints_text(0, ALL + 1, "10.3", labels);
	g_autofree char *network = g_strdup_printf("'n', {'Subnets': <['10.2.0.0/16']>, 'Labels': <%s>}", labels);
	g_autofree char *ingress = g_strdup_printf("'i', {'Gateway': <'10.1.0.9'>, 'Labels': <%s>}", labels);

	done(as(world, world->alice), "", "Manager", "CreateNetwork", "sa{sv}",
	     "'a', {'Subnets': <['10.1.0.0/16']>, 'Labels': <{'a': ''}>}");
	refused(as(world, world->alice), OURS("QuotaExceeded"), "1048576 allowed", "/network/a", "Network",
		"CreateEndpoints", "a(sa{sv})", all);
	done(as(world, world->alice), "/network/a", "Network", "CreateEndpoints", "a(sa{sv})", most);
	refused(as(world, world->alice), OURS("QuotaExceeded"), "4096 more bytes of labels", "/network/a", "Network",
		"CreateEndpoints", "a(sa{sv})", one);
	refused(as(world, world->alice), OURS("QuotaExceeded"), "4096 more bytes of labels", "", "Manager",
		"CreateNetwork", "sa{sv}", network);
	refused(as(world, world->alice), OURS("QuotaExceeded"), "4096 more bytes of labels", "", "Manager",
		"CreateIngress", "sa{sv}", ingress);
	done(as(world, world->alice), "/network/a/endpoint/e0", "Endpoint", "Delete", "", "");
	done(as(world, world->alice), "/network/a", "Network", "CreateEndpoints", "a(sa{sv})", one);

	/* It is each user's own limit, and none of root's. */
	done(as(world, world->bob), "", "Manager", "CreateNetwork", "sa{sv}", network);
	done(as_root(world), "", "Manager", "CreateNetwork", "sa{sv}", "'r', {'Subnets': <['10.3.0.0/16']>}");
	done(as_root(world), "/network/r", "Network", "CreateEndpoints", "a(sa{sv})", more);
}

static void link_ports_per_uid(World *world)
{
	enum { MOST = 1 << 14 };
	g_autoptr(GString) ports = g_string_new("'" ROOT "/network/a/endpoint/y', [");

	if (!g_file_test("/proc/sys/net/bridge", G_FILE_TEST_IS_DIR)) {
		g_test_skip("needs br_netfilter");
		return;
	}
	for (guint i = 1; i <= MOST; i++)
		g_string_append_printf(ports, "%s('tcp', %u)", i > 1 ? ", " : "", i);
	g_string_append_c(ports, ']');
	done(as(world, world->alice), "", "Manager", "CreateNetwork", "sa{sv}",
	     "'a', {'Subnets': <['172.31.0.0/24']>, 'InterContainerCommunication': <false>, 'Endpoints': "
	     "<[('x', {'Addresses': <['172.31.0.2']>}), ('y', {'Addresses': <['172.31.0.3']>})]>}");
	done(as(world, world->alice), "/network/a/endpoint/x", "Endpoint", "Link", "oa(sq)", ports->str);
	/* Those that are there already are no more than they were. */
	done(as(world, world->alice), "/network/a/endpoint/x", "Endpoint", "Link", "oa(sq)",
	     "'" ROOT "/network/a/endpoint/y', [('tcp', 1)]");
	refused(as(world, world->alice), OURS("QuotaExceeded"), "16384 allowed", "/network/a/endpoint/x", "Endpoint",
		"Link", "oa(sq)", "'" ROOT "/network/a/endpoint/y', [('udp', 1)]");
	refused(as(world, world->alice), OURS("QuotaExceeded"), "1 more ports of links", "/network/a/endpoint/y",
		"Endpoint", "Link", "oa(sq)", "'" ROOT "/network/a/endpoint/x', [('tcp', 1)]");
	done(as(world, world->alice), "/network/a/endpoint/x", "Endpoint", "Unlink", "o",
	     "'" ROOT "/network/a/endpoint/y'");
	done(as(world, world->alice), "/network/a/endpoint/y", "Endpoint", "Link", "oa(sq)",
	     "'" ROOT "/network/a/endpoint/x', [('tcp', 1)]");
}

static const AccessTest tests[] = {
	{ "/limit/questions", too_many_questions, "MaxPendingQuestionsPerUID=2" },
	{ "/limit/networks", networks_per_uid, "MaxNetworksPerUID=2", .members = true },
	{ "/limit/endpoints", endpoints_per_uid, "MaxEndpointsPerUID=3", .members = true },
	{ "/limit/ports", ports_per_uid, "MaxPortsPerUID=4", .members = true },
	{ "/limit/preview", endpoints_of_a_preview, "", .members = true },
	{ "/limit/preview-values", values_of_a_preview, .members = true },
	{ "/limit/labels", labels_per_uid, .members = true },
	{ "/limit/link-ports", link_ports_per_uid, .members = true },
	{ "/limit/half-of-the-ports", half_of_the_ports, "MaxPortsPerUID=100000", .members = true },
	{ "/limit/attached", attached_per_call, .members = true },
};

int main(int argc, char **argv)
{
	return access_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
