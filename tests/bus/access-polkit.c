/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/access.h"

#include <signal.h>

/* polkit is busy, hangs, or is not there, and the world goes on meanwhile. */

static void without_polkit(World *world)
{
	create_base(world);
	polkit_kill(world);
	refuse_all(world, world->alice, DENIED);
	refused(as(world, world->alice), DENIED, "polkit", APP, "Endpoint", "Publish", "a(ssqqq)",
		MAPPING("tcp", "8090"));
	done(as_root(world), APP, "Endpoint", "Publish", "a(ssqqq)", MAPPING("tcp", "8090"));
	done(as(world, world->bob), "", "Manager", "DumpRules", "s", "'ipv4'");
	polkit_start(world);
	done(as(world, world->alice), APP, "Endpoint", "Publish", "a(ssqqq)", MAPPING("tcp", "8091"));
}

/* Root and readers are answered at once while the others wait, and those when polkit is back. */
static void hung_polkit(World *world)
{
	g_autofree char *before = NULL, *meanwhile = NULL;
	Pipeline *pipeline = pipeline_new();
	pid_t polkit = polkit_pid(world);
	gint64 start;

	create_base(world);
	before = rig_objects(as_root(world));
	kill(polkit, SIGSTOP);
	ask_publish(pipeline, world->alice, "8090");
	ask_publish(pipeline, world->alice, "80");
	pipeline_call(pipeline, world->bob, WEB, "Network", "Delete", "", "");
	flush(world->alice);
	flush(world->bob);
	start = g_get_monotonic_time();
	for (guint i = 0; i < 10; i++) {
		done(as(world, world->bob), "", "Manager", "GetNetwork", "s", "'web'");
		done(as_root(world), "", "Manager", "CreateNetwork", "sa{sv}",
		     "'root', {'Subnets': <['172.22.0.0/16']>}");
		done(as_root(world), "/network/root", "Network", "Delete", "", "");
	}
	/* The bus gives up on polkit after 25 s: nobody waited for that. */
	g_assert_cmpint(g_get_monotonic_time() - start, <, 24 * G_TIME_SPAN_SECOND);
	meanwhile = rig_objects(as_root(world));
	g_assert_cmpstr(meanwhile, ==, before);
	kill(polkit, SIGCONT);
	pipeline_run(pipeline);
	g_assert_cmpstr(pipeline_outcome(pipeline, 0), ==, "");
	expect_outcome(pipeline, 1, INTERACTIVE);
	expect_outcome(pipeline, 2, INTERACTIVE);
	pipeline_free(pipeline);
}

/* A question that dies with polkit is answered with no, and the next one is asked of the next polkit. */
static void restarting_polkit(World *world)
{
	Pipeline *pipeline = pipeline_new();
	pid_t polkit = polkit_pid(world);

	create_base(world);
	kill(polkit, SIGSTOP);
	ask_publish(pipeline, world->alice, "8090");
	wait_until_asked(world, world->alice);
	polkit_kill(world);
	pipeline_run(pipeline);
	expect_outcome(pipeline, 0, DENIED);
	pipeline_free(pipeline);
	polkit_start(world);
	done(as(world, world->alice), APP, "Endpoint", "Publish", "a(ssqqq)", MAPPING("tcp", "8090"));
}

/* Each of two questions of one caller gets its own answer. */
static void two_questions(World *world)
{
	enum { PAIRS = 7 };
	Pipeline *pipeline = pipeline_new();

	create_base(world);
	for (guint i = 0; i < PAIRS; i++) {
		g_autofree char *good = g_strdup_printf("%u", 9000 + i), *bad = g_strdup_printf("%u", 900 + i);

		ask_publish(pipeline, world->alice, good);
		ask_publish(pipeline, world->alice, bad);
	}
	pipeline_run(pipeline);
	for (guint i = 0; i < PAIRS; i++) {
		g_assert_cmpstr(pipeline_outcome(pipeline, 2 * i), ==, "");
		expect_outcome(pipeline, 2 * i + 1, INTERACTIVE);
	}
	pipeline_free(pipeline);
}

/* Who leaves while the question is open leaves nothing. */
static void caller_leaves(World *world)
{
	GDBusConnection *caller = connect_as(ALICE);
	g_autofree char *before = NULL, *after = NULL;
	Pipeline *pipeline = pipeline_new();
	pid_t polkit = polkit_pid(world);

	create_base(world);
	before = rig_state(as_root(world));
	kill(polkit, SIGSTOP);
	ask_publish(pipeline, caller, "8090");
	pipeline_call(pipeline, caller, "", "Manager", "CreateNetwork", "sa{sv}",
		      "'x', {'Subnets': <['172.30.0.0/16']>}");
	wait_until_asked(world, caller);
	connection_close(caller);
	kill(polkit, SIGCONT);
	pipeline_run(pipeline);
	pipeline_free(pipeline);
	/* This one is asked after those, and polkit answers in order. */
	refused(as(world, world->bob), INTERACTIVE, ACTION("manage-networks"), WEB, "Network", "Delete", "", "");
	after = rig_state(as_root(world));
	g_assert_cmpstr(after, ==, before);
}

/* What was hers when the question was asked is another's when it is answered. */
static void changed_hands(World *world)
{
	Pipeline *pipeline = pipeline_new();
	pid_t polkit = polkit_pid(world);

	alice_creates(world, "");
	kill(polkit, SIGSTOP);
	pipeline_call(pipeline, world->alice, "/network/mine", "Network", "Delete", "", "");
	wait_until_asked(world, world->alice);
	done(as_root(world), "/network/mine", "Network", "Delete", "", "");
	done(as_root(world), "", "Manager", "CreateNetwork", "sa{sv}", "'mine', {'Subnets': <['172.21.0.0/16']>}");
	kill(polkit, SIGCONT);
	pipeline_run(pipeline);
	expect_outcome(pipeline, 0, OURS("NotOwner"));
	exists(as_root(world), "/network/mine");
	pipeline_free(pipeline);
}

static const AccessTest tests[] = {
	{ "/access/two-questions-do-not-mix", two_questions },
	{ "/access/caller-leaves", caller_leaves },
	{ "/access/polkit-absent", without_polkit },
	{ "/access/polkit-hung", hung_polkit },
	{ "/access/polkit-restarting", restarting_polkit },
	{ "/member/object-changes-hands", changed_hands, .members = true },
};

int main(int argc, char **argv)
{
	return access_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
