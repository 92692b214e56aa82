/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What there is can be more than the bus carries in one message: then that is said, and who asks for less gets it. */

#include "tests/support/rig.h"

#include <string.h>

#define BIG "/network/big"
#define LIMITS STANDARD("LimitsExceeded")

#define MAX_ANSWER (16 << 20)
#define AT_ONCE 500

/* The answer of a call in bytes as they are on the bus; 0 with the error. */
static gsize size_of_answer(const Rig *rig, const char *path, const char *interface, const char *member,
			    GVariant *arguments, GError **error)
{
	g_autofree char *object = g_strconcat(ROOT, path, NULL);
	g_autoptr(GDBusMessage) call =
		g_dbus_message_new_method_call("org.example.NetFilter", object, interface, member);
	g_autoptr(GDBusMessage) answer = NULL;
	g_autofree guchar *bytes = NULL;
	gsize size = 0;

	g_dbus_message_set_body(call, arguments);
	answer = g_dbus_connection_send_message_with_reply_sync(rig->bus, call, G_DBUS_SEND_MESSAGE_FLAGS_NONE, 60000,
								NULL, NULL, error);
	if (!answer || g_dbus_message_to_gerror(answer, error))
		return 0;
	bytes = g_dbus_message_to_blob(answer, &size, G_DBUS_CAPABILITY_FLAGS_NONE, error);
	return bytes ? size : 0;
}

static gsize managed_objects_size(const Rig *rig, GError **error)
{
	return size_of_answer(rig, "", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL, error);
}

static void is_too_large(const GError *error, const char *member, const char *instead)
{
	g_autofree char *name = error ? g_dbus_error_get_remote_error(error) : NULL;
	g_autofree char *words = g_strdup_printf("the answer to %s takes some ", member);

	g_assert_cmpstr(name, ==, LIMITS);
	g_test_message("%s", error->message);
	g_assert_nonnull(strstr(error->message, words));
	g_assert_nonnull(strstr(error->message, instead));
}

typedef struct Kind {
	const char *what;
	const char *name;     /* before its number */
	guint n_labels, step; /* of each endpoint; how many more at a time */
	guint first;          /* so many are not too many yet */
} Kind;

static const Kind kinds[] = {
	{ "names", "----------------------------------------------------------", .first = 14000, .step = 250 },
	{ "labels", "e", .n_labels = 8, .first = 3400, .step = 100 },
};

static GVariant *labels(guint n)
{
	GVariantBuilder builder;
	g_autofree char *value = g_strnfill(500, 'v');

	g_variant_builder_init(&builder, G_VARIANT_TYPE("a{ss}"));
	for (guint i = 0; i < n; i++) {
		g_autofree char *key = g_strdup_printf("k%u", i);

		g_variant_builder_add(&builder, "{ss}", key, value);
	}
	return g_variant_builder_end(&builder);
}

static GVariant *endpoint(const Kind *kind, guint i)
{
	g_autofree char *name = g_strdup_printf("%s%05u", kind->name, i);
	g_autofree char *address = g_strdup_printf("10.1.%u.%u", i / 250, 2 + i % 250);
	GVariantBuilder settings;

	g_variant_builder_init(&settings, G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(&settings, "{sv}", "Addresses", g_variant_new_parsed("[%s]", address));
	g_variant_builder_add(&settings, "{sv}", "Persistent", g_variant_new_boolean(TRUE));
	if (kind->n_labels > 0)
		g_variant_builder_add(&settings, "{sv}", "Labels", labels(kind->n_labels));
	return g_variant_new("(s@a{sv})", name, g_variant_builder_end(&settings));
}

static void create(const Rig *rig, const Kind *kind, guint *n, guint until)
{
	while (*n < until) {
		g_autoptr(GError) error = NULL;
		GVariantBuilder list;

		g_variant_builder_init(&list, G_VARIANT_TYPE("a(sa{sv})"));
		for (guint end = MIN(until, *n + AT_ONCE); *n < end; (*n)++)
			g_variant_builder_add_value(&list, endpoint(kind, *n));
		size_of_answer(rig, BIG, "org.example.NetFilter.Network", "CreateEndpoints",
			       g_variant_new("(@a(sa{sv}))", g_variant_builder_end(&list)), &error);
		g_assert_no_error(error);
	}
}

/* What is asked for one by one is still told. */
static void tells_the_rest(const Rig *rig, guint n)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *name = property(rig, "/network/small", "Network", "Name");
	g_autofree char *endpoints = property(rig, BIG, "Network", "Endpoints");

	g_assert_cmpstr(name, ==, "'small'");
	g_assert_cmpuint(count_parts(endpoints, ROOT BIG "/endpoint/"), ==, n);
	answers(rig, "(['" ROOT "/network/small'],)", "", "Manager", "FindObjects", "a{ss}", "{'which': 'small'}");
	g_assert_cmpuint(
		size_of_answer(rig, BIG "/endpoint", "org.freedesktop.DBus.Introspectable", "Introspect", NULL, &error),
		>, 0);
	g_assert_no_error(error);
}

/* The last answer that is sent is within the limit, and none that is much smaller is refused. */
static void managed_objects(Rig *rig, const Kind *kind)
{
	g_autoptr(GError) error = NULL;
	gsize size, last = 0;
	guint n = 0;

	g_test_message("%s", kind->what);
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'big', {'Subnets': <['10.1.0.0/16']>, 'Persistent': <true>}");
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'small', {'Subnets': <['10.2.0.0/16']>, 'Labels': <{'which': 'small'}>}");
	create(rig, kind, &n, kind->first);
	while ((size = managed_objects_size(rig, &error)) > 0) {
		last = size;
		create(rig, kind, &n, n + kind->step);
	}
	g_test_message("%u objects are too many; fewer had %.1f MiB", n, last / 1048576.0);
	g_assert_cmpuint(last, <=, MAX_ANSWER);
	g_assert_cmpuint(last, >=, MAX_ANSWER / 8 * 7);
	is_too_large(error, "GetManagedObjects", "FindObjects");
	tells_the_rest(rig, n);
	done(rig, BIG, "Network", "Delete", "", "");
	g_clear_error(&error);
	g_assert_cmpuint(managed_objects_size(rig, &error), >, 0);
	g_assert_no_error(error);
	done(rig, "/network/small", "Network", "Delete", "", "");
}

static void names(Rig *rig)
{
	managed_objects(rig, &kinds[0]);
}

static void many_labels(Rig *rig)
{
	managed_objects(rig, &kinds[1]);
}

/* Rules as text are longer than what asks for them. */
static void rules(Rig *rig)
{
	enum { FIRST = 1000, PORTS = 60000 };
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) arguments = NULL;
	GVariantBuilder ports;
	gsize size;

	g_variant_builder_init(&ports, G_VARIANT_TYPE("a(ssqqq)"));
	for (guint i = 0; i < PORTS; i++)
		g_variant_builder_add(&ports, "(ssqqq)", "tcp", "", FIRST + i, FIRST + i, 1);
	arguments = g_variant_ref_sink(
		g_variant_new_parsed("('new', {'Subnets': <['10.1.0.0/16']>, 'Reserve': <false>, 'Endpoints': "
				     "<[('app', {'Addresses': <['10.1.0.2']>, 'Ports': <%@a(ssqqq)>})]>})",
				     g_variant_builder_end(&ports)));
	size = size_of_answer(rig, "", "org.example.NetFilter.Manager", "PreviewNetwork", arguments, &error);
	g_test_message("%.1f MiB", size / 1048576.0);
	g_assert_cmpuint(size, <=, MAX_ANSWER);
	/* Elements of a set are shorter than rules. */
	if (g_strcmp0(g_getenv("NETFILTERD_BACKEND"), "nftables") == 0)
		g_assert_no_error(error);
	else
		is_too_large(error, "PreviewNetwork", "with fewer endpoints");
}

static const BusTest tests[] = {
	{ "/bus/answers/names", names },
	{ "/bus/answers/labels", many_labels },
	{ "/bus/answers/rules", rules, "MaxPorts=1000000\nMaxPortsPerCall=1000000" },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
