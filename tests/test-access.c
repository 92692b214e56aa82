/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Who may do what with the whole service: run as its unit runs it, with a real polkitd, and callers of other
 * users. Runs in tests/private-bus.
 */

#include "policy/action.h"
#include "tests/rig.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ALICE 2001
#define BOB 2002
#define RULES "/etc/polkit-1/rules.d/"
#define WEB "/network/web"
#define APP WEB "/endpoint/app"
#define FRONT "/ingress/front"
#define ACTION(name) "org.example.NetFilter." name
#define INTERACTIVE STANDARD("InteractiveAuthorizationRequired")
#define DENIED STANDARD("AccessDenied")

typedef struct World {
	Rig rig; /* the caller of its functions is root, or who is set with as() */
	GDBusConnection *root, *alice, *bob;
} World;

typedef struct AccessTest {
	const char *path;
	void (*run)(World *world);
	const char *configuration;
} AccessTest;

/* --- users --- */

/* The bus sees the user who connects. */
static GDBusConnection *connect_as(uid_t uid)
{
	GDBusConnection *connection;

	g_assert_no_errno(seteuid(uid));
	connection = connection_new();
	g_assert_no_errno(seteuid(0));
	return connection;
}

static Rig *as(World *world, GDBusConnection *caller)
{
	world->rig.bus = caller;
	return &world->rig;
}

static Rig *as_root(World *world)
{
	return as(world, world->root);
}

/* Both may do what concerns only what is theirs: the second example is for members of the group. */
static void join_group(const char *user)
{
	g_autofree char *command = g_strdup_printf("gpasswd -a %s netfilter", user);
	g_autofree char *out = NULL, *err = NULL;

	g_assert_true(g_spawn_command_line_sync(command, &out, &err, NULL, NULL));
}

static void leave_group(const char *user)
{
	g_autofree char *command = g_strdup_printf("gpasswd -d %s netfilter", user);
	g_autofree char *out = NULL, *err = NULL;

	g_assert_true(g_spawn_command_line_sync(command, &out, &err, NULL, NULL));
}

/* --- polkit --- */

static bool on_the_bus(World *world, const char *name)
{
	return sd_bus_get_name_creds(world->rig.starter, name, 0, NULL) >= 0;
}

static pid_t polkit_pid(World *world)
{
	sd_bus_message *reply = NULL;
	guint32 pid = 0;

	g_assert_cmpint(sd_bus_call_method(world->rig.starter, "org.freedesktop.DBus",
					   "/org/freedesktop/DBus", "org.freedesktop.DBus",
					   "GetConnectionUnixProcessID", NULL, &reply, "s",
					   "org.freedesktop.PolicyKit1"),
			>=, 0);
	sd_bus_message_read(reply, "u", &pid);
	sd_bus_message_unref(reply);
	return pid;
}

static void polkit_wait(World *world, bool there)
{
	for (guint i = 0; i < 1000 && on_the_bus(world, "org.freedesktop.PolicyKit1") != there; i++)
		g_usleep(10000);
	g_assert_true(on_the_bus(world, "org.freedesktop.PolicyKit1") == there);
}

static void polkit_start(World *world)
{
	const char *const argv[] = {g_getenv("POLKITD"), "--no-debug", NULL};

	g_assert_true(g_spawn_async(NULL, (char **)argv, NULL,
				    G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL,
				    NULL));
	polkit_wait(world, true);
}

static void polkit_kill(World *world)
{
	kill(polkit_pid(world), SIGKILL);
	polkit_wait(world, false);
}

/* --- what is there --- */

static void create_base(World *world)
{
	done(as_root(world), "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Subnets': <['172.18.0.0/16']>, 'Endpoints': <["
	     "('app', {'Addresses': <['172.18.0.2']>, 'Ports': <[('tcp', '', uint16 8080, uint16 80, uint16 "
	     "1)]>}),"
	     "('other', {'Addresses': <['172.18.0.3']>})]>}");
	done(as_root(world), "", "Manager", "CreateNetwork", "sa{sv}",
	     "'db', {'Subnets': <['172.19.0.0/16']>, 'Endpoints': <[('db', {'Addresses': "
	     "<['172.19.0.2']>})]>}");
	done(as_root(world), "", "Manager", "CreateIngress", "sa{sv}",
	     "'front', {'Gateway': <'172.18.0.9'>, 'Ports': <[('tcp', uint16 443)]>}");
}

#define MAPPING(protocol, port) "[('" protocol "', '', uint16 " port ", uint16 80, uint16 1)]"

/* --- tests --- */

static void reading_is_open(World *world)
{
	Rig *rig;

	create_base(world);
	rig = as(world, world->bob);
	answers(rig, "('" ROOT WEB "',)", "", "Manager", "GetNetwork", "s", "'web'");
	answers(rig, "('" ROOT APP "',)", WEB, "Network", "GetEndpoint", "s", "'app'");
	property_is(rig, "0", WEB, "Network", "OwnerUID");
	done(rig, "", "Manager", "DumpRules", "s", "'ipv4'");
	done(rig, "", "Manager", "PreviewNetwork", "sa{sv}", "'x', {'Subnets': <['172.30.0.0/16']>}");
	done(rig, "", "Manager", "PreviewIngress", "sa{sv}", "'x', {'Gateway': <'172.18.0.9'>}");
	done(rig, WEB, "Network", "GetRules", "", "");
	done(rig, APP, "Endpoint", "GetRules", "", "");
	done(rig, FRONT, "Ingress", "GetRules", "", "");
	done(rig, "", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", "", "");
}

/* Every method that changes anything; the test fails when the service learns one that is not here. */
static const struct {
	const char *path, *interface, *member, *types, *arguments;
} changes[] = {
	{"", "Manager", "CreateNetwork", "sa{sv}", "'x', {'Subnets': <['172.30.0.0/16']>}"},
	{"", "Manager", "CreateIngress", "sa{sv}", "'x', {'Gateway': <'172.18.0.9'>}"},
	{"", "Manager", "Reconcile", "", ""},
	{"", "Manager", "Reload", "", ""},
	{WEB, "Network", "CreateEndpoint", "sa{sv}", "'x', {'Addresses': <['172.18.0.4']>}"},
	{WEB, "Network", "CreateEndpoints", "a(sa{sv})", "[('x', {'Addresses': <['172.18.0.4']>})]"},
	{WEB, "Network", "Update", "a{sv}", "{'Masquerade': <false>}"},
	{APP, "Endpoint", "Publish", "a(ssqqq)", MAPPING("tcp", "8090")},
	{APP, "Endpoint", "Unpublish", "a(ssqqq)", MAPPING("tcp", "8080")},
	{APP, "Endpoint", "Link", "oa(sq)", "'" ROOT WEB "/endpoint/other', [('tcp', uint16 80)]"},
	{APP, "Endpoint", "Unlink", "o", "'" ROOT WEB "/endpoint/other'"},
	{APP, "Endpoint", "Delete", "", ""},
	{WEB, "Network", "Delete", "", ""},
	{FRONT, "Ingress", "Publish", "a(sq)", "[('tcp', uint16 444)]"},
	{FRONT, "Ingress", "Unpublish", "a(sq)", "[('tcp', uint16 443)]"},
	{FRONT, "Ingress", "Delete", "", ""},
};

static void nothing_is_missing(void)
{
	for (gsize i = 0; i < n_policy_methods; i++) {
		bool found = policy_methods[i].action == ACTION_NONE;

		for (gsize j = 0; j < G_N_ELEMENTS(changes) && !found; j++)
			found = g_str_has_suffix(policy_methods[i].interface, changes[j].interface) &&
				strcmp(policy_methods[i].member, changes[j].member) == 0;
		if (!found) {
			g_test_message("%s.%s is not tried", policy_methods[i].interface,
				       policy_methods[i].member);
			g_test_fail();
		}
	}
}

/* All of them, by somebody who may do none. */
static void refuse_all(World *world, GDBusConnection *caller, const char *error)
{
	for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
		g_autofree char *interface =
			g_strconcat("org.example.NetFilter.", changes[i].interface, NULL);
		const PolicyMethod *method = policy_method_find(interface, changes[i].member);

		g_assert_nonnull(method);
		refused(as(world, caller), error, policy_action_id(method->action), changes[i].path,
			changes[i].interface, changes[i].member, changes[i].types, changes[i].arguments);
	}
}

static void bob_changes_nothing(World *world)
{
	nothing_is_missing();
	create_base(world);
	refuse_all(world, world->bob, INTERACTIVE);
}

/* The example as it is shipped: tcp above 1024 on the network web, whose ever the endpoint is, and nothing
 * else. */
static void alice_publishes(World *world)
{
	static const struct {
		const char *path, *member, *mappings;
	} refusals[] = {
		{APP, "Publish", MAPPING("tcp", "1024")},
		{APP, "Publish", MAPPING("tcp", "80")},
		{APP, "Publish", MAPPING("tcp", "0")},
		{APP, "Publish", MAPPING("udp", "8090")},
		{APP, "Publish", MAPPING("sctp", "8090")},
		{"/network/db/endpoint/db", "Publish", MAPPING("tcp", "8090")},
		{APP, "Unpublish", MAPPING("tcp", "8080")},
		/* One bad one spoils the list, wherever it stands. */
		{APP, "Publish",
		 "[('tcp', '', uint16 8090, uint16 80, uint16 1), ('tcp', '', uint16 80, uint16 80, uint16 "
		 "1)]"},
		{APP, "Publish",
		 "[('tcp', '', uint16 80, uint16 80, uint16 1), ('tcp', '', uint16 8090, uint16 80, uint16 "
		 "1)]"},
		{APP, "Publish",
		 "[('tcp', '', uint16 8090, uint16 80, uint16 1), ('udp', '', uint16 8090, uint16 80, uint16 "
		 "1)]"},
		{APP, "Publish", "[('tcp', '', uint16 1024, uint16 80, uint16 3)]"},
		{APP, "Publish", "[('tcp', '', uint16 0, uint16 80, uint16 3)]"},
	};

	create_base(world);
	done(as(world, world->alice), APP, "Endpoint", "Publish", "a(ssqqq)", MAPPING("tcp", "1025"));
	done(as(world, world->alice), WEB "/endpoint/other", "Endpoint", "Publish", "a(ssqqq)",
	     "[('tcp', '127.0.0.1', uint16 8100, uint16 80, uint16 10)]");
	for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++)
		refused(as(world, world->alice), INTERACTIVE, ACTION("manage-endpoints"), refusals[i].path,
			"Endpoint", refusals[i].member, "a(ssqqq)", refusals[i].mappings);
	refused(as(world, world->alice), INTERACTIVE, ACTION("manage-networks"), WEB, "Network", "Delete", "",
		"");
	refused(as(world, world->alice), INTERACTIVE, ACTION("manage-endpoints"), WEB, "Network",
		"CreateEndpoint", "sa{sv}",
		"'x', {'Addresses': <['172.18.0.4']>, 'Ports': <" MAPPING("tcp", "8090") ">}");
	refused(as(world, world->bob), INTERACTIVE, ACTION("manage-endpoints"), APP, "Endpoint", "Publish",
		"a(ssqqq)", MAPPING("tcp", "8091"));
}

static void alice_creates(World *world, const char *settings)
{
	g_autofree char *arguments = g_strdup_printf("'mine', {'Subnets': <['172.21.0.0/16']>%s}", settings);

	done(as(world, world->alice), "", "Manager", "CreateNetwork", "sa{sv}", arguments);
}

static void objects_carry_their_owner(World *world)
{
	g_autofree char *owner = NULL;

	create_base(world);
	alice_creates(world, ", 'Endpoints': <[('one', {'Addresses': <['172.21.0.2']>})]>");
	done(as(world, world->alice), "/network/mine", "Network", "CreateEndpoint", "sa{sv}",
	     "'two', {'Addresses': <['172.21.0.3']>}");
	done(as(world, world->alice), "", "Manager", "CreateIngress", "sa{sv}",
	     "'mine', {'Gateway': <'172.21.0.2'>}");
	owner = g_strdup_printf("'%s'", g_dbus_connection_get_unique_name(world->alice));
	property_is(as_root(world), owner, "/network/mine", "Network", "Owner");
	property_is(as_root(world), "2001", "/network/mine", "Network", "OwnerUID");
	property_is(as_root(world), "2001", "/network/mine/endpoint/one", "Endpoint", "OwnerUID");
	property_is(as_root(world), "2001", "/network/mine/endpoint/two", "Endpoint", "OwnerUID");
	property_is(as_root(world), "2001", "/ingress/mine", "Ingress", "OwnerUID");
	property_is(as_root(world), "0", APP, "Endpoint", "OwnerUID");
}

/* Who may do all with what is hers may do nothing with what is not, though the connection be another one. */
static void foreign_objects(World *world)
{
	GDBusConnection *again = connect_as(ALICE);

	create_base(world);
	alice_creates(world, "");
	refused(as(world, world->alice), INTERACTIVE, ACTION("manage-foreign"), WEB, "Network", "Delete", "",
		"");
	refused(as(world, world->alice), INTERACTIVE, ACTION("manage-foreign"), WEB, "Network", "Update",
		"a{sv}", "{'Masquerade': <false>}");
	refused(as(world, world->alice), INTERACTIVE, ACTION("manage-foreign"), WEB, "Network",
		"CreateEndpoint", "sa{sv}", "'x', {'Addresses': <['172.18.0.4']>}");
	refused(as(world, world->alice), INTERACTIVE, ACTION("manage-foreign"), APP, "Endpoint", "Delete", "",
		"");
	refused(as(world, world->alice), INTERACTIVE, ACTION("manage-foreign"), APP, "Endpoint", "Publish",
		"a(ssqqq)", MAPPING("tcp", "80"));
	refused(as(world, world->alice), INTERACTIVE, ACTION("manage-foreign"), FRONT, "Ingress", "Delete",
		"", "");
	refused(as(world, world->bob), INTERACTIVE, ACTION("manage-foreign"), "/network/mine", "Network",
		"Delete", "", "");
	done(as(world, again), "/network/mine", "Network", "Update", "a{sv}", "{'Masquerade': <false>}");
	done(as(world, again), "/network/mine", "Network", "Delete", "", "");
	connection_close(again);
}

/* To make something that outlives its maker is a right of its own, at whatever depth it is asked for. */
static void persistence(World *world)
{
#define PERSISTENT "'Persistent': <true>"
	alice_creates(world, "");
	refused(as(world, world->alice), INTERACTIVE, ACTION("make-persistent"), "", "Manager",
		"CreateNetwork", "sa{sv}", "'x', {'Subnets': <['172.30.0.0/16']>, " PERSISTENT "}");
	refused(as(world, world->alice), INTERACTIVE, ACTION("make-persistent"), "", "Manager",
		"CreateNetwork", "sa{sv}",
		"'x', {'Subnets': <['172.30.0.0/16']>, 'Endpoints': <[('e', {'Addresses': "
		"<['172.30.0.2']>, " PERSISTENT "})]>}");
	refused(as(world, world->alice), INTERACTIVE, ACTION("make-persistent"), "", "Manager",
		"CreateIngress", "sa{sv}", "'x', {'Gateway': <'172.21.0.2'>, " PERSISTENT "}");
	refused(as(world, world->alice), INTERACTIVE, ACTION("make-persistent"), "/network/mine", "Network",
		"CreateEndpoint", "sa{sv}", "'e', {'Addresses': <['172.21.0.2']>, " PERSISTENT "}");
	refused(as(world, world->alice), INTERACTIVE, ACTION("make-persistent"), "/network/mine", "Network",
		"CreateEndpoints", "a(sa{sv})",
		"[('d', {'Addresses': <['172.21.0.3']>}), ('e', {'Addresses': <['172.21.0.2']>, " PERSISTENT
		"})]");
	done(as_root(world), "/network/mine", "Network", "CreateEndpoint", "sa{sv}",
	     "'e', {'Addresses': <['172.21.0.2']>, " PERSISTENT "}");
}

/* --- polkit is not there --- */

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

static void ask_publish(Pipeline *pipeline, GDBusConnection *connection, const char *port)
{
	g_autofree char *mappings = g_strdup_printf("[('tcp', '', uint16 %s, uint16 80, uint16 1)]", port);

	pipeline_call(pipeline, connection, APP, "Endpoint", "Publish", "a(ssqqq)", mappings);
}

static void expect_outcome(const Pipeline *pipeline, guint n, const char *error)
{
	if (g_str_has_prefix(pipeline_outcome(pipeline, n), error))
		return;
	g_test_message("call %u ended with \"%s\", not with %s", n, pipeline_outcome(pipeline, n), error);
	g_test_fail();
}

static void flush(GDBusConnection *connection)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_dbus_connection_flush_sync(connection, NULL, NULL);
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
	flush(world->alice);
	done(as_root(world), "", "Manager", "GetNetwork", "s", "'web'");
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
		g_autofree char *good = g_strdup_printf("%u", 9000 + i),
				*bad = g_strdup_printf("%u", 900 + i);

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
	flush(caller);
	done(as_root(world), "", "Manager", "GetNetwork", "s", "'web'");
	connection_close(caller);
	kill(polkit, SIGCONT);
	pipeline_run(pipeline);
	pipeline_free(pipeline);
	/* This one is asked after those, and polkit answers in order. */
	refused(as(world, world->bob), INTERACTIVE, ACTION("manage-networks"), WEB, "Network", "Delete", "",
		"");
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
	flush(world->alice);
	done(as_root(world), "", "Manager", "GetNetwork", "s", "'mine'");
	done(as_root(world), "/network/mine", "Network", "Delete", "", "");
	done(as_root(world), "", "Manager", "CreateNetwork", "sa{sv}",
	     "'mine', {'Subnets': <['172.21.0.0/16']>}");
	kill(polkit, SIGCONT);
	pipeline_run(pipeline);
	expect_outcome(pipeline, 0, OURS("NotOwner"));
	exists(as_root(world), "/network/mine");
	pipeline_free(pipeline);
}

/* --- limits --- */

static void too_many_questions(World *world)
{
	Pipeline *pipeline = pipeline_new();
	pid_t polkit = polkit_pid(world);

	create_base(world);
	kill(polkit, SIGSTOP);
	ask_publish(pipeline, world->alice, "8090");
	ask_publish(pipeline, world->alice, "8091");
	flush(world->alice);
	refused(as(world, world->alice), OURS("QuotaExceeded"), "2 questions", APP, "Endpoint", "Publish",
		"a(ssqqq)", MAPPING("tcp", "8092"));
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
	refused(as(world, world->alice), OURS("QuotaExceeded"), "MaxNetworksPerUID=2", "", "Manager",
		"CreateNetwork", "sa{sv}", "'c', {'Subnets': <['172.31.2.0/24']>}");
	done(as(world, world->bob), "", "Manager", "CreateNetwork", "sa{sv}",
	     "'c', {'Subnets': <['172.31.2.0/24']>}");
	done(as(world, world->alice), "/network/a", "Network", "Delete", "", "");
	done(as(world, world->alice), "", "Manager", "CreateNetwork", "sa{sv}",
	     "'a', {'Subnets': <['172.31.0.0/24']>}");
	for (guint i = 3; i < 8; i++) {
		g_autofree char *arguments =
			g_strdup_printf("'r%u', {'Subnets': <['172.31.%u.0/24']>}", i, i);

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
	refused(as(world, world->alice), OURS("QuotaExceeded"), "MaxEndpointsPerUID=3", "/network/a",
		"Network", "CreateEndpoints", "a(sa{sv})",
		"[('z', {'Addresses': <['172.31.0.4']>}), ('w', {'Addresses': <['172.31.0.5']>})]");
	done(as(world, world->alice), "/network/a", "Network", "CreateEndpoint", "sa{sv}",
	     "'z', {'Addresses': <['172.31.0.4']>}");
	refused(as(world, world->alice), OURS("QuotaExceeded"), "MaxEndpointsPerUID=3", "/network/a",
		"Network", "CreateEndpoint", "sa{sv}", "'w', {'Addresses': <['172.31.0.5']>}");
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
	refused(as(world, world->alice), OURS("QuotaExceeded"), "MaxPortsPerUID=4", "/network/a/endpoint/x",
		"Endpoint", "Publish", "a(ssqqq)", "[('tcp', '', uint16 9010, uint16 80, uint16 2)]");
	done(as(world, world->alice), "/network/a/endpoint/x", "Endpoint", "Publish", "a(ssqqq)",
	     MAPPING("tcp", "9010"));
	refused(as(world, world->alice), OURS("QuotaExceeded"), "MaxPortsPerUID=4", "/network/a/endpoint/x",
		"Endpoint", "Publish", "a(ssqqq)", MAPPING("tcp", "9011"));
	done(as(world, world->bob), "/network/b/endpoint/x", "Endpoint", "Publish", "a(ssqqq)",
	     MAPPING("tcp", "9011"));
	/* Who leaves gives back. */
	connection_close(world->alice);
	goes(as_root(world), "/network/a");
	world->alice = connect_as(ALICE);
	done(as(world, world->alice), "", "Manager", "CreateNetwork", "sa{sv}", NETWORK_OF("a", "0"));
	done(as(world, world->alice), "/network/a", "Network", "CreateEndpoint", "sa{sv}",
	     "'x', {'Addresses': <['172.31.0.2']>, 'Ports': <[('tcp', '', uint16 9000, uint16 80, uint16 "
	     "4)]>}");
}

/* --- all of it --- */

static const AccessTest tests[] = {
	{"/access/reading-is-open", reading_is_open, NULL},
	{"/access/bob-changes-nothing", bob_changes_nothing, NULL},
	{"/access/alice-publishes-by-the-example-rule", alice_publishes, NULL},
	{"/access/two-questions-do-not-mix", two_questions, NULL},
	{"/access/caller-leaves", caller_leaves, NULL},
	{"/access/polkit-absent", without_polkit, NULL},
	{"/access/polkit-hung", hung_polkit, NULL},
	{"/access/polkit-restarting", restarting_polkit, NULL},
	{"/limit/questions", too_many_questions, "MaxPendingQuestionsPerUID=2"},
};

/* By the example, members of the group netfilter may do all that concerns only what is theirs. */
static const AccessTest member_tests[] = {
	{"/member/owner-uid", objects_carry_their_owner, NULL},
	{"/member/manage-foreign", foreign_objects, NULL},
	{"/member/make-persistent", persistence, NULL},
	{"/member/object-changes-hands", changed_hands, NULL},
	{"/limit/networks", networks_per_uid, "MaxNetworksPerUID=2"},
	{"/limit/endpoints", endpoints_per_uid, "MaxEndpointsPerUID=3"},
	{"/limit/ports", ports_per_uid, "MaxPortsPerUID=4"},
};

static void run(const AccessTest *test)
{
	World world = {.rig = {.host = netns_current(), .configuration = test->configuration ?: ""}};

	world.rig.starter = bus_connect();
	world.rig.service = service_start(world.rig.starter, world.rig.configuration);
	world.root = connection_new();
	world.alice = connect_as(ALICE);
	world.bob = connect_as(BOB);
	test->run(&world);
	connection_close(world.bob);
	connection_close(world.alice);
	connection_close(world.root);
	service_stop(world.rig.service);
	sd_bus_flush_close_unref(world.rig.starter);
	netns_run(world.rig.host, "rm -rf /run/netfilterd");
	close(world.rig.host);
}

static void run_test(gconstpointer test)
{
	run(test);
}

static void run_member_test(gconstpointer test)
{
	join_group("alice");
	join_group("bob");
	run(test);
	leave_group("alice");
	leave_group("bob");
}

/* polkit sees new rules by itself, but a little later: a new one has them from the start. */
static void load_example(void)
{
	g_autofree char *example =
		g_test_build_filename(G_TEST_DIST, "..", "policy", "50-netfilter-example.rules", NULL);
	World world = {.rig = {.starter = bus_connect()}};
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	if (!g_file_get_contents(example, &text, NULL, &error) ||
	    !g_file_set_contents_full(RULES "50-netfilter-example.rules", text, -1, G_FILE_SET_CONTENTS_NONE,
				      0644, &error))
		g_error("%s", error->message);
	polkit_kill(&world);
	polkit_start(&world);
	sd_bus_flush_close_unref(world.rig.starter);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	load_example();
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add_data_func(tests[i].path, &tests[i], run_test);
	for (gsize i = 0; i < G_N_ELEMENTS(member_tests); i++)
		g_test_add_data_func(member_tests[i].path, &member_tests[i], run_member_test);
	return g_test_run();
}
