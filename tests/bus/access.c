/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/access.h"
#include "tests/support/container.h"

#include <string.h>
#include <unistd.h>

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
	done(rig, "", "Manager", "Explain", "a{sv}",
	     "{'Source': <'192.0.2.2'>, 'Destination': <'192.0.2.1'>, 'Port': <80>}");
	done(rig, WEB, "Network", "GetRules", "", "");
	done(rig, APP, "Endpoint", "GetRules", "", "");
	done(rig, FRONT, "Ingress", "GetRules", "", "");
	done(rig, "", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", "", "");
}

static void bob_changes_nothing(World *world)
{
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
		{ APP, "Publish", MAPPING("tcp", "1024") },
		{ APP, "Publish", MAPPING("tcp", "80") },
		{ APP, "Publish", MAPPING("tcp", "0") },
		{ APP, "Publish", MAPPING("udp", "8090") },
		{ APP, "Publish", MAPPING("sctp", "8090") },
		{ "/network/db/endpoint/db", "Publish", MAPPING("tcp", "8090") },
		{ APP, "Unpublish", MAPPING("tcp", "8080") },
		/* One bad one spoils the list, wherever it stands. */
		{ APP, "Publish",
		  "[('tcp', '', uint16 8090, uint16 80, uint16 1), ('tcp', '', uint16 80, uint16 80, uint16 "
		  "1)]" },
		{ APP, "Publish",
		  "[('tcp', '', uint16 80, uint16 80, uint16 1), ('tcp', '', uint16 8090, uint16 80, uint16 "
		  "1)]" },
		{ APP, "Publish",
		  "[('tcp', '', uint16 8090, uint16 80, uint16 1), ('udp', '', uint16 8090, uint16 80, uint16 "
		  "1)]" },
		{ APP, "Publish", "[('tcp', '', uint16 1024, uint16 80, uint16 3)]" },
		{ APP, "Publish", "[('tcp', '', uint16 0, uint16 80, uint16 3)]" },
	};

	create_base(world);
	done(as(world, world->alice), APP, "Endpoint", "Publish", "a(ssqqq)", MAPPING("tcp", "1025"));
	done(as(world, world->alice), WEB "/endpoint/other", "Endpoint", "Publish", "a(ssqqq)",
	     "[('tcp', '127.0.0.1', uint16 8100, uint16 80, uint16 10)]");
	for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++)
		refused(as(world, world->alice), INTERACTIVE, ACTION("manage-endpoints"), refusals[i].path, "Endpoint",
			refusals[i].member, "a(ssqqq)", refusals[i].mappings);
	refused(as(world, world->alice), INTERACTIVE, ACTION("manage-networks"), WEB, "Network", "Delete", "", "");
	refused(as(world, world->alice), INTERACTIVE, ACTION("manage-endpoints"), WEB, "Network", "CreateEndpoint",
		"sa{sv}", "'x', {'Addresses': <['172.18.0.4']>, 'Ports': <" MAPPING("tcp", "8090") ">}");
	refused(as(world, world->bob), INTERACTIVE, ACTION("manage-endpoints"), APP, "Endpoint", "Publish", "a(ssqqq)",
		MAPPING("tcp", "8091"));
}

/* The example as it is shipped: he may publish to the LAN, and to nobody else, now or later. */
static void sources_count(World *world)
{
	static const char *const refusals[] = {
		"[('x', {'Addresses': <['172.19.0.4']>})]",
		"[('x', {'Addresses': <['172.19.0.4']>, 'AllowFrom': <['192.168.0.0/16', 'lo']>})]",
		/* One of them spoils the list, wherever it stands. */
		"[('x', {'Addresses': <['172.19.0.4']>, 'AllowFrom': <['192.168.0.0/16']>}), "
		"('y', {'Addresses': <['172.19.0.5']>})]",
		"[('x', {'Addresses': <['172.19.0.4']>}), "
		"('y', {'Addresses': <['172.19.0.5']>, 'AllowFrom': <['192.168.0.0/16']>})]",
	};
	static const char *const one = "/network/db/endpoint/one";

	create_base(world);
	for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++)
		refused(as(world, world->bob), INTERACTIVE, ACTION("manage-"), "/network/db", "Network",
			"CreateEndpoints", "a(sa{sv})", refusals[i]);
	done(as(world, world->bob), "/network/db", "Network", "CreateEndpoint", "sa{sv}",
	     "'one', {'Addresses': <['172.19.0.4']>, 'AllowFrom': <['192.168.7.0/16']>}");
	done(as(world, world->bob), one, "Endpoint", "Publish", "a(ssqqq)", MAPPING("tcp", "8090"));
	done(as(world, world->bob), one, "Endpoint", "Update", "a{sv}", "{'AllowFrom': <['192.168.0.0/16']>}");
	refused(as(world, world->bob), INTERACTIVE, ACTION("manage-endpoints"), one, "Endpoint", "Update", "a{sv}",
		"{'AllowFrom': <@as []>}");
	/* What the network says is as good. */
	done(as_root(world), "/network/db", "Network", "Update", "a{sv}", "{'AllowFrom': <['192.168.0.0/16']>}");
	done(as(world, world->bob), "/network/db", "Network", "CreateEndpoint", "sa{sv}",
	     "'two', {'Addresses': <['172.19.0.5']>, 'Ports': <" MAPPING("tcp", "8091") ">}");
	done(as(world, world->bob), one, "Endpoint", "Update", "a{sv}", "{'AllowFrom': <@as []>}");
}

/* The example as it is shipped: what is labelled for bob, and nothing else. */
static void labels_count(World *world)
{
	static const char *const refusals[] = {
		"[('x', {'Addresses': <['172.18.0.4']>})]",
		"[('x', @a{sv} {'Addresses': <['172.18.0.4']>, 'Labels': <{'team': 'bobby'}>})]",
		"[('x', @a{sv} {'Addresses': <['172.18.0.4']>, 'Labels': <{'team': 'red', 'x': 'team=bob'}>})]",
		/* One without them spoils the list, wherever it stands. */
		"[('x', @a{sv} {'Addresses': <['172.18.0.4']>, 'Labels': <{'team': 'bob'}>}), "
		"('y', @a{sv} {'Addresses': <['172.18.0.5']>})]",
		"[('x', @a{sv} {'Addresses': <['172.18.0.4']>}), "
		"('y', @a{sv} {'Addresses': <['172.18.0.5']>, 'Labels': <{'team': 'bob'}>})]",
	};

	create_base(world);
	done(as_root(world), WEB, "Network", "CreateEndpoint", "sa{sv}",
	     "'his', {'Addresses': <['172.18.0.6']>, 'Labels': <{'a': 'b', 'team': 'bob'}>}");
	for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++)
		refused(as(world, world->bob), INTERACTIVE, ACTION("manage-"), WEB, "Network", "CreateEndpoints",
			"a(sa{sv})", refusals[i]);
	refused(as(world, world->bob), INTERACTIVE, ACTION("manage-endpoints"), APP, "Endpoint", "Delete", "", "");
	refused(as(world, world->bob), INTERACTIVE, ACTION("manage-networks"), WEB, "Network", "Delete", "", "");
	refused(as(world, world->bob), INTERACTIVE, ACTION("manage-endpoints"), "/network/db", "Network",
		"CreateEndpoint", "sa{sv}", "'x', {'Addresses': <['172.19.0.4']>, 'Labels': <{'team': 'bob'}>}");
	done(as(world, world->bob), WEB, "Network", "CreateEndpoint", "sa{sv}",
	     "'one', {'Addresses': <['172.18.0.4']>, 'Labels': <{'team': 'bob', 'z': ''}>}");
	done(as(world, world->bob), WEB, "Network", "CreateEndpoints", "a(sa{sv})",
	     "[('two', {'Addresses': <['172.18.0.5']>, 'Labels': <{'team': 'bob'}>})]");
	done(as(world, world->bob), WEB "/endpoint/his", "Endpoint", "Publish", "a(ssqqq)", MAPPING("udp", "53"));
	done(as(world, world->bob), WEB "/endpoint/his", "Endpoint", "Delete", "", "");
}

static void objects_carry_their_owner(World *world)
{
	g_autofree char *owner = NULL;

	create_base(world);
	alice_creates(world, ", 'Endpoints': <[('one', {'Addresses': <['172.21.0.2']>})]>");
	done(as(world, world->alice), "/network/mine", "Network", "CreateEndpoint", "sa{sv}",
	     "'two', {'Addresses': <['172.21.0.3']>}");
	done(as(world, world->alice), "", "Manager", "CreateIngress", "sa{sv}", "'mine', {'Gateway': <'172.21.0.2'>}");
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
	refused(as(world, world->alice), INTERACTIVE, ACTION("manage-foreign"), WEB, "Network", "Delete", "", "");
	refused(as(world, world->alice), INTERACTIVE, ACTION("manage-foreign"), WEB, "Network", "Update", "a{sv}",
		"{'Masquerade': <false>}");
	refused(as(world, world->alice), INTERACTIVE, ACTION("manage-foreign"), WEB, "Network", "CreateEndpoint",
		"sa{sv}", "'x', {'Addresses': <['172.18.0.4']>}");
	refused(as(world, world->alice), INTERACTIVE, ACTION("manage-foreign"), APP, "Endpoint", "Delete", "", "");
	refused(as(world, world->alice), INTERACTIVE, ACTION("manage-foreign"), APP, "Endpoint", "Publish", "a(ssqqq)",
		MAPPING("tcp", "80"));
	refused(as(world, world->alice), INTERACTIVE, ACTION("manage-foreign"), FRONT, "Ingress", "Delete", "", "");
	refused(as(world, world->bob), INTERACTIVE, ACTION("manage-foreign"), "/network/mine", "Network", "Delete", "",
		"");
	done(as(world, again), "/network/mine", "Network", "Update", "a{sv}", "{'Masquerade': <false>}");
	done(as(world, again), "/network/mine", "Network", "Delete", "", "");
	connection_close(again);
}

/* To make something that outlives its maker is a right of its own, at whatever depth it is asked for. */
static void persistence(World *world)
{
#define PERSISTENT "'Persistent': <true>"
	alice_creates(world, "");
	refused(as(world, world->alice), INTERACTIVE, ACTION("make-persistent"), "", "Manager", "CreateNetwork",
		"sa{sv}", "'x', {'Subnets': <['172.30.0.0/16']>, " PERSISTENT "}");
	refused(as(world, world->alice), INTERACTIVE, ACTION("make-persistent"), "", "Manager", "CreateNetwork",
		"sa{sv}",
		"'x', {'Subnets': <['172.30.0.0/16']>, 'Endpoints': <[('e', {'Addresses': "
		"<['172.30.0.2']>, " PERSISTENT "})]>}");
	refused(as(world, world->alice), INTERACTIVE, ACTION("make-persistent"), "", "Manager", "CreateIngress",
		"sa{sv}", "'x', {'Gateway': <'172.21.0.2'>, " PERSISTENT "}");
	refused(as(world, world->alice), INTERACTIVE, ACTION("make-persistent"), "/network/mine", "Network",
		"CreateEndpoint", "sa{sv}", "'e', {'Addresses': <['172.21.0.2']>, " PERSISTENT "}");
	refused(as(world, world->alice), INTERACTIVE, ACTION("make-persistent"), "/network/mine", "Network",
		"CreateEndpoints", "a(sa{sv})",
		"[('d', {'Addresses': <['172.21.0.3']>}), ('e', {'Addresses': <['172.21.0.2']>, " PERSISTENT "})]");
	done(as_root(world), "/network/mine", "Network", "CreateEndpoint", "sa{sv}",
	     "'e', {'Addresses': <['172.21.0.2']>, " PERSISTENT "}");
}

#define SECRET "told-to-nobody"

/* What is wrong with a call is for those to know who may make it. */
static const struct {
	const char *path, *interface, *member, *types, *arguments;
	const char *action; /* asked for */
	const char *error;  /* of who may */
} bad_calls[] = {
	{ "", "Manager", "CreateNetwork", "sa{sv}", "'x', {'" SECRET "': <true>}", "manage-networks",
	  STANDARD("InvalidArgs") },
	{ "", "Manager", "CreateNetwork", "sa{sv}", "'x', {'Subnets': <['" SECRET "']>}", "manage-networks",
	  STANDARD("InvalidArgs") },
	{ "", "Manager", "CreateNetwork", "sa{sv}", "'', {'Subnets': <['172.30.0.0/16']>}", "manage-networks",
	  STANDARD("InvalidArgs") },
	{ "", "Manager", "CreateNetwork", "sa{sv}",
	  "'x', {'Subnets': <['172.30.0.0/16']>, 'Endpoints': <[('e', {'" SECRET "': <true>})]>}", "manage-networks",
	  STANDARD("InvalidArgs") },
	{ "", "Manager", "CreateIngress", "sa{sv}", "'x', {'Gateway': <'" SECRET "'>}", "manage-ingress",
	  STANDARD("InvalidArgs") },
	{ "/network/mine", "Network", "Update", "a{sv}", "{'" SECRET "': <true>}", "manage-networks",
	  STANDARD("InvalidArgs") },
	{ "/network/mine", "Network", "CreateEndpoint", "sa{sv}", "'x', {'Addresses': <'" SECRET "'>}",
	  "manage-endpoints", STANDARD("InvalidArgs") },
	{ "/network/mine", "Network", "CreateEndpoints", "a(sa{sv})", "[('x', {'" SECRET "': <1>})]",
	  "manage-endpoints", STANDARD("InvalidArgs") },
	{ "/network/mine/endpoint/one", "Endpoint", "Publish", "a(ssqqq)", "[('" SECRET "', '', 80, 80, 1)]",
	  "manage-endpoints", STANDARD("InvalidArgs") },
	{ "/network/mine/endpoint/one", "Endpoint", "Unpublish", "a(ssqqq)", "[('tcp', '" SECRET "', 80, 80, 1)]",
	  "manage-endpoints", STANDARD("InvalidArgs") },
	{ "/network/mine/endpoint/one", "Endpoint", "Link", "oa(sq)",
	  "'" ROOT "/network/mine/endpoint/nobody', [('tcp', 1)]", "manage-endpoints", OURS("NoSuchEndpoint") },
};

static void bad_calls_of_members(World *world)
{
	alice_creates(world, ", 'Endpoints': <[('one', {'Addresses': <['172.21.0.2']>})]>");
	for (gsize i = 0; i < G_N_ELEMENTS(bad_calls); i++)
		refused(as(world, world->alice), bad_calls[i].error, "", bad_calls[i].path, bad_calls[i].interface,
			bad_calls[i].member, bad_calls[i].types, bad_calls[i].arguments);
}

static void bad_calls_of_others(World *world)
{
	done(as_root(world), "", "Manager", "CreateNetwork", "sa{sv}",
	     "'mine', {'Subnets': <['172.21.0.0/16']>, 'Endpoints': <[('one', {'Addresses': <['172.21.0.2']>})]>}");
	for (gsize i = 0; i < G_N_ELEMENTS(bad_calls); i++) {
		g_autofree char *action = g_strconcat(ACTION(""), bad_calls[i].action, NULL);

		refused(as(world, world->bob), INTERACTIVE, action, bad_calls[i].path, bad_calls[i].interface,
			bad_calls[i].member, bad_calls[i].types, bad_calls[i].arguments);
	}
}

#define LOG "/run/netfilterd.log"

/* Another instance, with its log in a file. */
static void restart_logged(World *world)
{
	int saved = dup(STDERR_FILENO);

	g_assert_nonnull(freopen(LOG, "w", stderr));
	rig_restart(as_root(world));
	dup2(saved, STDERR_FILENO);
	close(saved);
}

static void log_has(guint n, const char *part)
{
	g_autofree char *text = NULL;

	g_assert_true(g_file_get_contents(LOG, &text, NULL, NULL));
	if (count_parts(text, part) == n)
		return;
	g_test_message("the log does not say \"%s\" %u times:\n%s", part, n, text);
	g_test_fail();
}

/* Nobody fills the log with what is refused, nor writes into it; others are logged all the same. */
static void refusals_in_the_log(World *world)
{
	restart_logged(world);
	for (guint i = 0; i < 15; i++)
		refused(as(world, world->bob), INTERACTIVE, "", "", "Manager", "CreateNetwork", "sa{sv}",
			"'" SECRET "', {'" SECRET "': <true>}");
	refused(as(world, world->alice), INTERACTIVE, "", "", "Manager", "Reload", "", "");
	refused(as_root(world), STANDARD("InvalidArgs"), "Bad", "", "Manager", "CreateNetwork", "sa{sv}",
		"'x', {'Bad\\nnetfilterd: crit: gone': <true>}");
	log_has(10, "netfilterd: info: CreateNetwork on " ROOT " by uid 2002 (");
	log_has(1, "netfilterd: info: Reload on " ROOT " by uid 2001 (");
	log_has(11, ") refused: authentication is required for " ACTION(""));
	log_has(1, ") failed: \"Bad?netfilterd: crit: gone\" is not a setting");
	log_has(1, "netfilterd: notice: CreateNetwork on " ROOT " by uid 0 (");
	log_has(0, SECRET);
	log_has(0, "\nnetfilterd: crit");
	unlink(LOG);
}

/* Nor does who may do something, by what fails. */
static void failures_in_the_log(World *world)
{
	restart_logged(world);
	alice_creates(world, "");
	for (guint i = 0; i < 65; i++)
		refused(as(world, world->alice), OURS("NetworkExists"), "mine", "", "Manager", "CreateNetwork",
			"sa{sv}", "'mine', {'Subnets': <['172.22.0.0/16']>}");
	for (guint i = 0; i < 65; i++)
		refused(as_root(world), OURS("NetworkExists"), "mine", "", "Manager", "CreateNetwork", "sa{sv}",
			"'mine', {'Subnets': <['172.22.0.0/16']>}");
	log_has(60, "netfilterd: notice: CreateNetwork on " ROOT " by uid 2001 (");
	log_has(65, "netfilterd: notice: CreateNetwork on " ROOT " by uid 0 (");
	unlink(LOG);
}

/* A user's own container, in namespaces that she made without any right, on a bridge of the host. */
static void attaches_her_own(World *world)
{
	g_autoptr(GUnixFDList) fds = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = NULL;
	g_autofree char *inside = NULL;
	Container container;
	int netns;

	alice_creates(world, "");
	container_start(&container, ALICE);
	netns = container_netns(&container);
	fds = g_unix_fd_list_new_from_array(&container.socket, 1);
	container.socket = -1;
	reply = ask_with_fds(
		world->alice, "/network/mine", "Network", "CreateEndpoint", "sa{sv}",
		"'app', {'Allocate': <['ipv4']>, 'NetNS': <handle 0>, 'Ports': <" MAPPING("tcp", "8090") ">}", fds,
		&error);
	g_assert_no_error(error);
	g_clear_object(&fds);
	inside = netns_output(netns, "sh -c \"ip -o -4 addr show dev eth0 | grep -o '172.21.0.2/16'\"");
	g_assert_cmpstr(inside, ==, "172.21.0.2/16\n");
	property_is(as_root(world), "2001", "/network/mine/endpoint/app", "Endpoint", "OwnerUID");
	close(netns);
	container_kill(&container);
	goes(as_root(world), "/network/mine/endpoint/app");
}

static const AccessTest tests[] = {
	{ "/access/labels-count", labels_count },
	{ "/access/sources-count", sources_count },
	{ "/access/reading-is-open", reading_is_open },
	{ "/access/bob-changes-nothing", bob_changes_nothing },
	{ "/access/alice-publishes-by-the-example-rule", alice_publishes },
	{ "/access/bad-calls-of-others", bad_calls_of_others },
	{ "/access/refusals-in-the-log", refusals_in_the_log },
	{ "/member/failures-in-the-log", failures_in_the_log, .members = true },
	{ "/member/attaches-her-own", attaches_her_own, .members = true },
	{ "/member/bad-calls", bad_calls_of_members, .members = true },
	{ "/member/owner-uid", objects_carry_their_owner, .members = true },
	{ "/member/manage-foreign", foreign_objects, .members = true },
	{ "/member/make-persistent", persistence, .members = true },
};

int main(int argc, char **argv)
{
	return access_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
