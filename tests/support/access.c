/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/access.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define RULES "/etc/polkit-1/rules.d/"

/* --- users --- */

/* The bus sees the user who connects. */
GDBusConnection *connect_as(uid_t uid)
{
	GDBusConnection *connection;

	g_assert_no_errno(seteuid(uid));
	connection = connection_new();
	g_assert_no_errno(seteuid(0));
	return connection;
}

Rig *as(World *world, GDBusConnection *caller)
{
	world->rig.bus = caller;
	return &world->rig;
}

Rig *as_root(World *world)
{
	return as(world, world->root);
}

/* --- polkit --- */

static bool on_the_bus(World *world, const char *name)
{
	return sd_bus_get_name_creds(world->rig.starter, name, 0, NULL) >= 0;
}

pid_t polkit_pid(World *world)
{
	sd_bus_message *reply = NULL;
	guint32 pid = 0;

	g_assert_cmpint(sd_bus_call_method(world->rig.starter, "org.freedesktop.DBus", "/org/freedesktop/DBus",
					   "org.freedesktop.DBus", "GetConnectionUnixProcessID", NULL, &reply, "s",
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

void polkit_start(World *world)
{
	const char *const argv[] = { g_getenv("POLKITD"), "--no-debug", NULL };

	g_assert_true(g_spawn_async(NULL, (char **)argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
				    NULL, NULL, NULL, NULL));
	polkit_wait(world, true);
}

void polkit_kill(World *world)
{
	kill(polkit_pid(world), SIGKILL);
	polkit_wait(world, false);
}

/* --- what is there --- */

void create_base(World *world)
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

void alice_creates(World *world, const char *settings)
{
	g_autofree char *arguments = g_strdup_printf("'mine', {'Subnets': <['172.21.0.0/16']>%s}", settings);

	done(as(world, world->alice), "", "Manager", "CreateNetwork", "sa{sv}", arguments);
}

/* --- calls --- */

/* Every method that changes anything; the test fails when the service learns one that is not here. */
static const struct {
	const char *path, *interface, *member, *types, *arguments;
} changes[] = {
	{ "", "Manager", "CreateNetwork", "sa{sv}", "'x', {'Subnets': <['172.30.0.0/16']>}" },
	{ "", "Manager", "EnsureNetwork", "sa{sv}", "'x', {'Subnets': <['172.30.0.0/16']>}" },
	{ "", "Manager", "CreateIngress", "sa{sv}", "'x', {'Gateway': <'172.18.0.9'>}" },
	{ "", "Manager", "Reconcile", "", "" },
	{ "", "Manager", "Reload", "", "" },
	{ WEB, "Network", "CreateEndpoint", "sa{sv}", "'x', {'Addresses': <['172.18.0.4']>}" },
	{ WEB, "Network", "CreateEndpoints", "a(sa{sv})", "[('x', {'Addresses': <['172.18.0.4']>})]" },
	{ WEB, "Network", "EnsureEndpoint", "sa{sv}", "'x', {'Addresses': <['172.18.0.4']>}" },
	{ WEB, "Network", "DeleteEndpoint", "s", "'nobody'" },
	{ WEB, "Network", "Retain", "as", "['app', 'other']" },
	{ WEB, "Network", "Update", "a{sv}", "{'Masquerade': <false>}" },
	{ APP, "Endpoint", "Publish", "a(ssqqq)", MAPPING("tcp", "8090") },
	{ APP, "Endpoint", "Update", "a{sv}", "{'AllowFrom': <['lo']>}" },
	{ APP, "Endpoint", "Unpublish", "a(ssqqq)", MAPPING("tcp", "8080") },
	{ APP, "Endpoint", "Link", "oa(sq)", "'" ROOT WEB "/endpoint/other', [('tcp', uint16 80)]" },
	{ APP, "Endpoint", "Unlink", "o", "'" ROOT WEB "/endpoint/other'" },
	{ APP, "Endpoint", "SetPermanent", "b", "true" },
	{ APP, "Endpoint", "Delete", "", "" },
	{ WEB, "Network", "SetPermanent", "b", "true" },
	{ WEB, "Network", "Delete", "", "" },
	{ FRONT, "Ingress", "Publish", "a(sq)", "[('tcp', uint16 444)]" },
	{ FRONT, "Ingress", "Update", "a{sv}", "{'AllowFrom': <['lo']>}" },
	{ FRONT, "Ingress", "SetGateways", "as", "['172.18.0.9']" },
	{ FRONT, "Ingress", "Unpublish", "a(sq)", "[('tcp', uint16 443)]" },
	{ FRONT, "Ingress", "SetPermanent", "b", "true" },
	{ FRONT, "Ingress", "Delete", "", "" },
};

static void nothing_is_missing(void)
{
	for (gsize i = 0; i < n_policy_methods; i++) {
		bool found = policy_methods[i].action == ACTION_NONE;

		for (gsize j = 0; j < G_N_ELEMENTS(changes) && !found; j++)
			found = g_str_has_suffix(policy_methods[i].interface, changes[j].interface) &&
				strcmp(policy_methods[i].member, changes[j].member) == 0;
		if (!found) {
			g_test_message("%s.%s is not tried", policy_methods[i].interface, policy_methods[i].member);
			g_test_fail();
		}
	}
}

/* All of them, by somebody who may do none. */
void refuse_all(World *world, GDBusConnection *caller, const char *error)
{
	nothing_is_missing();
	for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
		g_autofree char *interface = g_strconcat("org.example.NetFilter.", changes[i].interface, NULL);
		const PolicyMethod *method = policy_method_find(interface, changes[i].member);

		g_assert_nonnull(method);
		refused(as(world, caller), error, policy_action_id(method->action), changes[i].path,
			changes[i].interface, changes[i].member, changes[i].types, changes[i].arguments);
	}
}

void ask_publish(Pipeline *pipeline, GDBusConnection *connection, const char *port)
{
	g_autofree char *mappings = g_strdup_printf("[('tcp', '', uint16 %s, uint16 80, uint16 1)]", port);

	pipeline_call(pipeline, connection, APP, "Endpoint", "Publish", "a(ssqqq)", mappings);
}

void expect_outcome(const Pipeline *pipeline, guint n, const char *error)
{
	if (g_str_has_prefix(pipeline_outcome(pipeline, n), error))
		return;
	g_test_message("call %u ended with \"%s\", not with %s", n, pipeline_outcome(pipeline, n), error);
	g_test_fail();
}

void flush(GDBusConnection *connection)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_dbus_connection_flush_sync(connection, NULL, NULL);
}

void wait_until_asked(World *world, GDBusConnection *caller)
{
	/* The bus keeps the order within a connection: with the first answer the service has the call and has asked who
	 * it is that calls, with the second it has been told. */
	for (guint i = 0; i < 2; i++)
		g_free(property(as(world, caller), "", "Manager", "Generation"));
}

/* --- all of it --- */

static void change_groups(const char *option)
{
	static const char *const users[] = { "alice", "bob" };

	for (guint i = 0; i < G_N_ELEMENTS(users); i++) {
		g_autofree char *command = g_strdup_printf("gpasswd %s %s netfilter", option, users[i]);
		g_autofree char *out = NULL, *err = NULL;

		g_assert_true(g_spawn_command_line_sync(command, &out, &err, NULL, NULL));
	}
}

/* Until the bus has seen it, and so told the service before it is told to stop. */
static void close_and_wait(World *world, GDBusConnection *connection)
{
	g_autofree char *name = g_strdup(g_dbus_connection_get_unique_name(connection));

	connection_close(connection);
	while (sd_bus_get_name_creds(world->rig.starter, name, 0, NULL) >= 0)
		g_usleep(1000);
}

static void run(gconstpointer data)
{
	const AccessTest *test = data;
	World world = { .rig = { .host = netns_current(), .configuration = test->configuration ?: "" } };

	if (test->members)
		change_groups("-a");
	world.rig.starter = bus_connect();
	world.rig.service = service_start(world.rig.starter, world.rig.configuration);
	world.root = connection_new();
	world.alice = connect_as(ALICE);
	world.bob = connect_as(BOB);
	test->run(&world);
	close_and_wait(&world, world.bob);
	close_and_wait(&world, world.alice);
	close_and_wait(&world, world.root);
	service_stop(world.rig.service);
	sd_bus_flush_close_unref(world.rig.starter);
	netns_run(world.rig.host, "rm -rf /run/netfilterd /run/netfilterd-units");
	close(world.rig.host);
	if (test->members)
		change_groups("-d");
}

/* polkit sees new rules by itself, but a little later: a new one has them from the start. */
static void load_example(void)
{
	g_autofree char *example =
		g_test_build_filename(G_TEST_DIST, "..", "policy", "50-netfilter-example.rules", NULL);
	World world = { .rig = { .starter = bus_connect() } };
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	if (!g_file_get_contents(example, &text, NULL, &error) ||
	    !g_file_set_contents_full(RULES "50-netfilter-example.rules", text, -1, G_FILE_SET_CONTENTS_NONE, 0644,
				      &error))
		g_error("%s", error->message);
	polkit_kill(&world);
	polkit_start(&world);
	sd_bus_flush_close_unref(world.rig.starter);
}

int access_tests_main(int argc, char **argv, const AccessTest *tests, gsize n)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	load_example();
	for (gsize i = 0; i < n; i++)
		g_test_add_data_func(tests[i].path, &tests[i], run);
	return g_test_run();
}
