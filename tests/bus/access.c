/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/access.h"

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

static const AccessTest tests[] = {
	{ "/access/reading-is-open", reading_is_open },
	{ "/access/bob-changes-nothing", bob_changes_nothing },
	{ "/access/alice-publishes-by-the-example-rule", alice_publishes },
	{ "/member/owner-uid", objects_carry_their_owner, .members = true },
	{ "/member/manage-foreign", foreign_objects, .members = true },
	{ "/member/make-persistent", persistence, .members = true },
};

int main(int argc, char **argv)
{
	return access_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
