/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/access.h"

#include <signal.h>

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

static const AccessTest tests[] = {
	{ "/limit/questions", too_many_questions, "MaxPendingQuestionsPerUID=2" },
	{ "/limit/networks", networks_per_uid, "MaxNetworksPerUID=2", .members = true },
	{ "/limit/endpoints", endpoints_per_uid, "MaxEndpointsPerUID=3", .members = true },
	{ "/limit/ports", ports_per_uid, "MaxPortsPerUID=4", .members = true },
};

int main(int argc, char **argv)
{
	return access_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
