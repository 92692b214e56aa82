/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/access.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/*
 * Every member there is, found by introspection, is called with values of its types that nobody means well with: by
 * somebody without any right, by a user who may, and by root. Whatever the answers are, each call has one, the service
 * is the same afterwards and answers others, and what came of it can be deleted without a trace.
 */

#define NOBODY 65534
#define ROUNDS 25

static const char *const texts[] = {
	"",
	"x",
	"web",
	"app",
	"front",
	"NEW",
	"new",
	"..",
	"a/b",
	"%s%n%n",
	"-1",
	" web",
	"web ",
	"we\nb",
	"_",
	"_77eb",
	"\xe2\x80\xa8",
	"\xee\x80\x80",
	"\xe2\x80\xae",
	"\xf0\x9f\x90\x9b",
	"lo",
	"uplink",
	"br-web",
	"docker0",
	"tcp",
	"udp",
	"sctp",
	"TCP",
	"icmp",
	"ipv4",
	"ipv6",
	"debug",
	"console",
	"0.0.0.0",
	"127.0.0.1",
	"192.0.2.1",
	"172.18.0.2",
	"172.18.0.7",
	"172.18.255.255",
	"224.0.0.1",
	"255.255.255.255",
	"::",
	"::1",
	"::ffff:10.0.0.1",
	"fe80::1",
	"fd00::2",
	"10.77.0.0/16",
	"10.77.0.9/16",
	"172.18.0.0/16",
	"0.0.0.0/0",
	"10.0.0.0/33",
	"10.77.0.0/31",
	"fd00:77::/64",
	"::/0",
	"fd00::/129",
	"169.254.0.0/16",
	"1.2.3.4/",
	"/8",
	"0x7f.1",
	"org.example.NetFilter.Manager",
	"org.example.NetFilter.Network",
};

static const char *const keys[] = {
	"Subnets",
	"Gateways",
	"Bridge",
	"Internal",
	"GatewayMode",
	"GatewayModes",
	"InterContainerCommunication",
	"Masquerade",
	"HostBinding",
	"SourceAddress",
	"Endpoints",
	"Addresses",
	"Ports",
	"Gateway",
	"Persistent",
	"LifetimeFd",
	"TimeoutUSec",
	"Labels",
	"Zone",
	"PortGroup",
	"",
	"Nothing",
};

/* What each of these should be; now and then it is something else. */
static const char *type_of(const char *key)
{
	static const struct {
		const char *key, *type;
	} types[] = {
		{ "Subnets", "as" },          { "Gateways", "as" },   { "Bridge", "s" },
		{ "Internal", "b" },          { "GatewayMode", "s" }, { "GatewayModes", "a{ss}" },
		{ "Masquerade", "b" },        { "HostBinding", "s" }, { "Addresses", "as" },
		{ "Gateway", "s" },           { "Persistent", "b" },  { "LifetimeFd", "h" },
		{ "TimeoutUSec", "t" },       { "Labels", "a{ss}" },  { "Ports", "a(ssqqq)" },
		{ "Endpoints", "a(sa{sv})" }, { "Zone", "s" },        { "PortGroup", "s" },
		{ "SourceAddress", "as" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(types); i++)
		if (g_str_equal(types[i].key, key))
			return types[i].type;
	return "b";
}

#define pick(values) (values)[g_test_rand_int_range(0, G_N_ELEMENTS(values))]

static bool one_in(gint32 n)
{
	return g_test_rand_int_range(0, n) == 0;
}

static guint64 number(void)
{
	static const guint64 numbers[] = {
		0,     1,     2,       53,         80,          443,        8080,        32767,
		32768, 65535, 1000000, G_MAXINT32, G_MAXUINT32, G_MAXINT64, G_MAXUINT64,
	};

	return pick(numbers);
}

static GVariant *text(void)
{
	if (one_in(40)) {
		g_autofree char *filler = g_strnfill(g_test_rand_int_range(0, 200000), 'x');

		return g_variant_new_string(filler);
	}
	return g_variant_new_string(pick(texts));
}

static GVariant *value_of(const GVariantType *type, guint depth);

static GVariant *variant(guint depth)
{
	static const char *const types[] = { "s", "b", "q", "u", "t", "h", "as", "a{ss}", "a(ssqqq)", "v", "ay", "d" };

	return value_of(G_VARIANT_TYPE(pick(types)), depth + 1);
}

static GVariant *setting(guint depth)
{
	const char *key = pick(keys);
	GVariant *value = one_in(6) ? variant(depth) : value_of(G_VARIANT_TYPE(type_of(key)), depth + 1);

	return g_variant_new_dict_entry(g_variant_new_string(key), g_variant_new_variant(value));
}

static GVariant *array_of(const GVariantType *type, guint depth)
{
	const GVariantType *element = g_variant_type_element(type);
	guint n = one_in(30) ? 3000 >> MIN(2 * depth, 10) : g_test_rand_int_range(0, 4);
	GVariantBuilder builder;

	g_variant_builder_init(&builder, type);
	for (guint i = 0; i < n && depth < 12; i++)
		g_variant_builder_add_value(&builder, g_variant_type_equal(type, G_VARIANT_TYPE_VARDICT)
							      ? setting(depth)
							      : value_of(element, depth + 1));
	return g_variant_builder_end(&builder);
}

static GVariant *tuple_of(const GVariantType *type, guint depth)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, type);
	for (const GVariantType *item = g_variant_type_first(type); item; item = g_variant_type_next(item))
		g_variant_builder_add_value(&builder, value_of(item, depth + 1));
	return g_variant_builder_end(&builder);
}

static GVariant *path(void)
{
	static const char *const paths[] = {
		"/",
		ROOT,
		ROOT WEB,
		ROOT APP,
		ROOT WEB "/endpoint/other",
		ROOT "/network/db/endpoint/db",
		ROOT FRONT,
		ROOT "/network/_77eb",
		ROOT "/network/_",
		ROOT WEB "/endpoint/_",
		"/org/freedesktop/DBus",
	};

	return g_variant_new_object_path(pick(paths));
}

static GVariant *value_of(const GVariantType *type, guint depth)
{
	switch (*g_variant_type_peek_string(type)) {
	case 's':
		return text();
	case 'o':
		return path();
	case 'g':
		return g_variant_new_signature("a{sv}");
	case 'b':
		return g_variant_new_boolean(one_in(2));
	case 'y':
		return g_variant_new_byte(number());
	case 'n':
		return g_variant_new_int16(number());
	case 'q':
		return g_variant_new_uint16(number());
	case 'i':
		return g_variant_new_int32(number());
	case 'u':
		return g_variant_new_uint32(number());
	case 'x':
		return g_variant_new_int64(number());
	case 't':
		return g_variant_new_uint64(number());
	case 'd':
		return g_variant_new_double(-1.5);
	case 'h':
		return g_variant_new_handle(g_test_rand_int_range(0, 6));
	case 'v':
		return g_variant_new_variant(depth > 30 ? text() : variant(depth));
	case 'a':
		return array_of(type, depth);
	case '{':
		return g_variant_new_dict_entry(value_of(g_variant_type_key(type), depth + 1),
						value_of(g_variant_type_value(type), depth + 1));
	default:
		return tuple_of(type, depth);
	}
}

/* --- the calls --- */

typedef struct Walk {
	World *world;
	GDBusConnection *caller;
	guint n_calls, n_done;
} Walk;

/* A handle may also be of none of these. */
static GUnixFDList *descriptors(void)
{
	GUnixFDList *fds = g_unix_fd_list_new();
	int ends[2];

	g_assert_no_errno(pipe(ends));
	g_unix_fd_list_append(fds, ends[0], NULL);
	close(ends[0]);
	close(ends[1]);
	for (guint i = 0; i < 3; i++) {
		static const char *const files[] = { "/dev/null", "/proc/self/ns/net", "/" };
		int fd = open(files[i], O_RDONLY | O_CLOEXEC);

		g_assert_cmpint(fd, >=, 0);
		g_unix_fd_list_append(fds, fd, NULL);
		close(fd);
	}
	return fds;
}

/* Above it GDBus, or the bus, refuses the call itself. */
#define MAX_CALL (1 << 22)

/* What is given is named, but not in full; libsystemd does, in what it answers for us. */
#define MAX_SENTENCE 1000

static void try_call(Walk *walk, const char *object, const char *interface, const char *member, GVariant *arguments)
{
	g_autoptr(GVariant) sunk = g_variant_ref_sink(arguments), reply = NULL;
	g_autoptr(GUnixFDList) fds = descriptors();
	g_autoptr(GError) error = NULL;

	if (g_variant_get_size(sunk) > MAX_CALL)
		return;
	reply = g_dbus_connection_call_with_unix_fd_list_sync(walk->caller, "org.example.NetFilter", object, interface,
							      member, sunk, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START,
							      60000, fds, NULL, NULL, &error);
	walk->n_calls++;
	walk->n_done += reply != NULL;
	if (!reply &&
	    (!g_dbus_error_is_remote_error(error) || g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY) ||
	     g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN))) {
		g_autofree char *printed = g_variant_print(sunk, TRUE);

		g_test_message("%s.%s of %s with %.2000s: %s", interface, member, object, printed, error->message);
		g_test_fail();
	}
	if (!reply && strlen(error->message) > MAX_SENTENCE && !g_str_has_prefix(interface, "org.freedesktop.")) {
		g_test_message("%s.%s of %s is answered by %zu bytes: %.500s", interface, member, object,
			       strlen(error->message), error->message);
		g_test_fail();
	}
}

static GVariant *arguments_of(const GDBusMethodInfo *method)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE_TUPLE);
	for (guint i = 0; method->in_args && method->in_args[i]; i++)
		g_variant_builder_add_value(&builder, value_of(G_VARIANT_TYPE(method->in_args[i]->signature), 0));
	return g_variant_builder_end(&builder);
}

static void call_properties(Walk *walk, const char *object, const GDBusInterfaceInfo *interface)
{
	for (guint i = 0; interface->properties && interface->properties[i]; i++) {
		const GDBusPropertyInfo *property = interface->properties[i];

		try_call(walk, object, "org.freedesktop.DBus.Properties", "Get",
			 g_variant_new("(ss)", interface->name, property->name));
		for (guint n = 0; n < 5; n++) {
			GVariant *value = n == 0 ? variant(0) : value_of(G_VARIANT_TYPE(property->signature), 0);

			try_call(walk, object, "org.freedesktop.DBus.Properties", "Set",
				 g_variant_new("(ssv)", interface->name, property->name, value));
		}
	}
}

/* --- what is called, and what is left of it --- */

static bool there(World *world, const char *object)
{
	g_autofree char *path = g_strconcat(ROOT, object, NULL);
	g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
		world->root, "org.example.NetFilter", path, "org.freedesktop.DBus.Properties", "GetAll",
		g_variant_new("(s)", ""), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);

	return reply != NULL;
}

/* Of every kind of object one, whatever the calls before did to them. */
static void renew(World *world)
{
	if (there(world, WEB) && there(world, APP) && there(world, FRONT) && there(world, "/network/db/endpoint/db"))
		return;
	for (guint i = 0; i < 3; i++) {
		static const char *const objects[] = { FRONT, WEB, "/network/db" };

		if (there(world, objects[i]))
			done(as_root(world), objects[i], i == 0 ? "Ingress" : "Network", "Delete", "", "");
	}
	create_base(world);
}

static void delete_all(World *world)
{
	g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
		world->root, "org.example.NetFilter", ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
		NULL, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
	g_autoptr(GVariant) objects = NULL;
	const char *object;
	GVariantIter iter;

	g_assert_nonnull(reply);
	objects = g_variant_get_child_value(reply, 0);
	g_variant_iter_init(&iter, objects);
	while (g_variant_iter_next(&iter, "{&o@*}", &object, NULL))
		if (!strstr(object, "/endpoint/") && !g_str_equal(object, ROOT))
			done(as_root(world), object + strlen(ROOT),
			     g_str_has_prefix(object, ROOT "/ingress") ? "Ingress" : "Network", "Delete", "", "");
}

static void walk_object(Walk *walk, const char *object)
{
	g_autoptr(GVariant) reply = NULL;
	g_autoptr(GDBusNodeInfo) node = NULL;
	const char *xml;

	reply = g_dbus_connection_call_sync(walk->world->root, "org.example.NetFilter", object,
					    "org.freedesktop.DBus.Introspectable", "Introspect", NULL, NULL,
					    G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
	g_assert_nonnull(reply);
	g_variant_get(reply, "(&s)", &xml);
	node = g_dbus_node_info_new_for_xml(xml, NULL);
	g_assert_nonnull(node);
	for (guint i = 0; node->interfaces && node->interfaces[i]; i++) {
		const GDBusInterfaceInfo *interface = node->interfaces[i];

		for (guint m = 0; interface->methods && interface->methods[m]; m++) {
			renew(walk->world);
			for (guint n = 0, n_done = walk->n_done; n < ROUNDS; n++) {
				if (walk->n_done != n_done)
					renew(walk->world);
				n_done = walk->n_done;
				try_call(walk, object, interface->name, interface->methods[m]->name,
					 arguments_of(interface->methods[m]));
			}
		}
		renew(walk->world);
		call_properties(walk, object, interface);
	}
}

static void walk_as(World *world, GDBusConnection *caller)
{
	static const char *const objects[] = {
		"/", ROOT, ROOT "/network", ROOT WEB, ROOT APP, ROOT FRONT, "/org/freedesktop/LogControl1",
	};
	g_autofree char *before = rig_rules(as_root(world)), *links = rig_links(as_root(world)), *after = NULL,
			*links_after = NULL;
	Walk walk = { .world = world, .caller = caller };
	pid_t service = world->rig.service;

	for (guint i = 0; i < G_N_ELEMENTS(objects); i++) {
		renew(world);
		walk_object(&walk, objects[i]);
	}
	g_test_message("%u calls, %u of them done", walk.n_calls, walk.n_done);
	g_assert_cmpuint(walk.n_calls, >, 1000);
	g_assert_cmpint(world->rig.service, ==, service);
	g_assert_no_errno(kill(service, 0));

	delete_all(world);
	answers(as_root(world), "(0,)", "", "Manager", "Reconcile", "", "");
	after = rig_rules(as_root(world));
	links_after = rig_links(as_root(world));
	g_assert_cmpstr(after, ==, before);
	g_assert_cmpstr(links_after, ==, links);
}

static void by_nobody(World *world)
{
	GDBusConnection *nobody = connect_as(NOBODY);

	walk_as(world, nobody);
	connection_close(nobody);
}

static void by_alice(World *world)
{
	walk_as(world, world->alice);
}

static void by_root(World *world)
{
	walk_as(world, world->root);
}

static const AccessTest tests[] = {
	{ "/hostile/nobody", by_nobody },
	{ "/hostile/alice", by_alice, .members = true },
	{ "/hostile/root", by_root },
};

int main(int argc, char **argv)
{
	return access_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
