/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bus/refusal.h"

#include <string.h>

/* --- long values --- */

/* However long a value is, the sentence about it is short, and is the end of a character. */
static void long_values(Rig *rig)
{
	static const struct {
		const char *path, *interface, *member, *types, *arguments;
	} calls[] = {
		{ "", "Manager", "CreateNetwork", "sa{sv}", "'new', {'%s': <true>}" },
		{ "", "Manager", "PreviewNetwork", "sa{sv}", "'new', {'%s': <true>}" },
		{ "", "Manager", "CreateIngress", "sa{sv}", "'new', {'%s': <true>}" },
		{ WEB, "Network", "CreateEndpoint", "sa{sv}", "'new', {'%s': <true>}" },
		{ WEB, "Network", "Update", "a{sv}", "{'%s': <true>}" },
		{ "", "Manager", "DumpRules", "s", "'%s'" },
	};
	g_autoptr(GString) value = g_string_new(NULL);

	refusal_world(rig);
	for (guint i = 0; i < 10000; i++)
		g_string_append(value, i % 2 ? "€" : "x");
	for (guint i = 0; i < G_N_ELEMENTS(calls); i++) {
		g_auto(GStrv) parts = g_strsplit(calls[i].arguments, "%s", 2);
		g_autofree char *arguments = g_strjoinv(value->str, parts);
		g_autoptr(GError) error = NULL;
		g_autoptr(GVariant) reply = ask_with_fds(rig->bus, calls[i].path, calls[i].interface, calls[i].member,
							 calls[i].types, arguments, NULL, &error);

		g_assert_null(reply);
		g_assert_true(g_utf8_validate(error->message, -1, NULL));
		g_assert_nonnull(strstr(error->message, "…\""));
		g_assert_cmpuint(strlen(error->message), <, 512);
	}
}

/* --- limits --- */

/* What failed counts for nothing: the limits can be reached after any number of failures, and not passed. */
static void limits(Rig *rig)
{
	for (guint i = 0; i < 3; i++)
		refused(rig, INVALID, "Subnets", "", "Manager", "CreateNetwork", "sa{sv}", "'bad', {}");
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'one', {'Subnets': <['10.1.0.0/16']>}");
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'two', {'Subnets': <['10.2.0.0/16']>}");
	for (guint i = 0; i < 3; i++)
		refused(rig, OURS("QuotaExceeded"), "MaxNetworks=2", "", "Manager", "CreateNetwork", "sa{sv}",
			"'three', {'Subnets': <['10.3.0.0/16']>}");
	done(rig, "/network/two", "Network", "Delete", "", "");
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'two', {'Subnets': <['10.2.0.0/16']>}");

	for (guint i = 0; i < 3; i++)
		refused(rig, OURS("QuotaExceeded"), "MaxEndpoints=3", "/network/one", "Network", "CreateEndpoints",
			"a(sa{sv})",
			"[('a', {'Addresses': <['10.1.0.2']>}), ('b', {'Addresses': <['10.1.0.3']>}),"
			" ('c', {'Addresses': <['10.1.0.4']>}), ('d', {'Addresses': <['10.1.0.5']>})]");
	done(rig, "/network/one", "Network", "CreateEndpoints", "a(sa{sv})",
	     "[('a', {'Addresses': <['10.1.0.2']>}), ('b', {'Addresses': <['10.1.0.3']>}),"
	     " ('c', {'Addresses': <['10.1.0.4']>})]");
	refused(rig, OURS("QuotaExceeded"), "MaxEndpoints=3", "/network/two", "Network", "CreateEndpoint", "sa{sv}",
		"'a', {'Addresses': <['10.2.0.2']>}");

	refused(rig, OURS("QuotaExceeded"), "MaxPortsPerCall=8", "/network/one/endpoint/a", "Endpoint", "Publish",
		"a(ssqqq)", "[('tcp', '', 80, 80, 9)]");
	refused(rig, OURS("QuotaExceeded"), "MaxPortsPerCall=8", "/network/one/endpoint/a", "Endpoint", "Publish",
		"a(ssqqq)", "[('tcp', '', 80, 80, 5), ('udp', '', 80, 80, 4)]");
	done(rig, "/network/one/endpoint/a", "Endpoint", "Publish", "a(ssqqq)", "[('tcp', '', 80, 80, 8)]");
	for (guint i = 0; i < 3; i++)
		refused(rig, OURS("QuotaExceeded"), "MaxPorts=10", "/network/one/endpoint/b", "Endpoint", "Publish",
			"a(ssqqq)", "[('udp', '', 80, 80, 1), ('udp', '', 90, 80, 2)]");
	/* A port of an ingress counts for each of its gateways. */
	done(rig, "", "Manager", "CreateIngress", "sa{sv}",
	     "'front', {'Gateways': <['10.1.0.2']>, 'Ports': <[('udp', uint16 80)]>}");
	refused(rig, OURS("QuotaExceeded"), "MaxPorts=10", "/ingress/front", "Ingress", "SetGateways", "as",
		"['10.1.0.2', '10.1.0.3', '10.1.0.4']");
	done(rig, "/ingress/front", "Ingress", "SetGateways", "as", "['10.1.0.2', '10.1.0.3']");
	refused(rig, OURS("QuotaExceeded"), "MaxPorts=10", "/ingress/front", "Ingress", "Publish", "a(sq)",
		"[('udp', uint16 81)]");
	done(rig, "/ingress/front", "Ingress", "Delete", "", "");
	done(rig, "/network/one/endpoint/b", "Endpoint", "Publish", "a(ssqqq)", "[('udp', '', 80, 80, 2)]");
	refused(rig, OURS("QuotaExceeded"), "MaxPorts=10", "/network/one/endpoint/b", "Endpoint", "Publish", "a(ssqqq)",
		"[('udp', '', 90, 80, 1)]");
	done(rig, "/network/one/endpoint/b", "Endpoint", "Delete", "", "");
	done(rig, "/network/one/endpoint/a", "Endpoint", "Publish", "a(ssqqq)", "[('udp', '', 80, 80, 2)]");

	done(rig, "", "Manager", "CreateIngress", "sa{sv}", "'in', {'Gateway': <'10.1.0.9'>}");
	refused(rig, OURS("QuotaExceeded"), "MaxIngresses=1", "", "Manager", "CreateIngress", "sa{sv}",
		"'out', {'Gateway': <'10.1.0.9'>}");
	refused(rig, OURS("QuotaExceeded"), "MaxPorts=10", "/ingress/in", "Ingress", "Publish", "a(sq)",
		"[('tcp', 1)]");
}

/* One call as large as the bus lets through. */
static void huge(Rig *rig)
{
	g_autoptr(GString) text = g_string_new("[");

	refusal_world(rig);
	for (guint i = 0; i < 100000; i++)
		g_string_append_printf(text, "%s('tcp', '', %u, 80, 1)", i ? ", " : "", 1 + i % 60000);
	g_string_append_c(text, ']');
	refused(rig, OURS("QuotaExceeded"), "100000", APP, "Endpoint", "Publish", "a(ssqqq)", text->str);

	g_string_assign(text, "'new', {'Subnets': <[");
	for (guint i = 0; i < 100000; i++)
		g_string_append_printf(text, "%s'10.0.0.0/8'", i ? ", " : "");
	g_string_append(text, "]>}");
	refused(rig, INVALID, "10.0.0.0/8", "", "Manager", "CreateNetwork", "sa{sv}", text->str);

	g_string_assign(text, "'new', {");
	for (guint i = 0; i < 100000; i++)
		g_string_append_printf(text, "%s'Key%u': <true>", i ? ", " : "", i);
	g_string_append(text, "}");
	refused(rig, INVALID, "Key0", "", "Manager", "CreateNetwork", "sa{sv}", text->str);
}

/* A call that has no use is not even read, whatever it is made of and to whomever; what is just within is. */
static void too_large(Rig *rig)
{
#define LIMIT (4 << 20)
	static const struct {
		const char *path, *interface, *member, *types, *arguments;
		const char *error; /* for one within the limit */
	} calls[] = {
		{ "", "Manager", "GetNetwork", "s", "'%s'", OURS("NoSuchNetwork") },
		{ "", "Manager", "CreateNetwork", "sa{sv}", "'%s', {}", INVALID },
		{ "", "Manager", "PreviewNetwork", "sa{sv}", "'new', {'%s': <true>}", INVALID },
		{ "", "Manager", "PreviewNetwork", "sa{sv}", "'new', {'Subnets': <['%s']>}", INVALID },
		{ "", "Manager", "PreviewIngress", "sa{sv}", "'new', {'Gateway': <<<('%s',)>>>}", INVALID },
		{ "", "Manager", "PreviewIngress", "sa{sv}", "'new', {'Other': <b'%s'>}", INVALID },
		{ WEB, "Network", "GetEndpoint", "s", "'%s'", OURS("NoSuchEndpoint") },
		{ APP, "Endpoint", "Publish", "a(ssqqq)", "[('tcp', '%s', 80, 80, 1)]", INVALID },
		{ "/nowhere", "Network", "AtAll", "a(ys)", "[(1, '%s')]", STANDARD("UnknownObject") },
		{ "", "org.freedesktop.DBus.Properties", "Get", "ss", "'', '%s'", STANDARD("UnknownProperty") },
	};

	refusal_world(rig);
	for (guint i = 0; i < 2 * G_N_ELEMENTS(calls); i++) {
		guint c = i / 2;
		const char *expected = i % 2 ? STANDARD("LimitsExceeded") : calls[c].error;
		g_auto(GStrv) parts = g_strsplit(calls[c].arguments, "%s", 2);
		g_autofree char *value = g_strnfill(i % 2 ? LIMIT : LIMIT - 200, 'x'), *name = NULL;
		g_autofree char *arguments = g_strjoinv(value, parts);
		g_autoptr(GError) error = NULL;
		g_autoptr(GVariant) reply = ask_with_fds(rig->bus, calls[c].path, calls[c].interface, calls[c].member,
							 calls[c].types, arguments, NULL, &error);

		g_assert_null(reply);
		name = g_dbus_error_get_remote_error(error);
		g_test_message("%s at %s", calls[c].member, calls[c].path);
		g_assert_cmpstr(name, ==, expected);
	}
}

/* Lists of what is right each, but for there being so many. Root's are read as they are run. */
static void large_lists(Rig *rig)
{
	static const struct {
		const char *path, *interface, *member, *types, *arguments, *element;
		guint n;
	} lists[] = {
		{ WEB, "Network", "CreateEndpoints", "a(sa{sv})", "[%s]", "('e%050u', {'Addresses': <['172.18.0.9']>})",
		  60000 },
		{ WEB, "Network", "DeleteEndpoints", "as", "[%s]", "'e%050u'", 80000 },
		{ APP, "Endpoint", "Publish", "a(ssqqq)", "[%s]", "('tcp', '', %u, 80, 1)", 0 },
		{ "", "Manager", "CreateNetwork", "sa{sv}", "'new', {'Endpoints': <[%s]>}",
		  "('e%050u', {'Addresses': <['172.18.0.9']>})", 60000 },
		{ "", "Manager", "CreateNetwork", "sa{sv}", "'new', {'Labels': <{%s}>}", "'k%050u': 'v'", 70000 },
		{ "", "Manager", "CreateNetwork", "sa{sv}", "'new', {'Subnets': <[%s]>}", "'%050u'", 80000 },
		{ "", "Manager", "CreateNetwork", "sa{sv}", "'new', {'AllowFrom': <[%s]>}", "'%050u'", 80000 },
		{ "", "Manager", "CreateIngress", "sa{sv}", "'new', {'Gateways': <[%s]>}", "'%050u'", 80000 },
	};

	refusal_world(rig);
	for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_autoptr(GString) text = g_string_new(NULL);
		g_auto(GStrv) parts = g_strsplit(lists[i].arguments, "%s", 2);
		g_autofree char *arguments = NULL;

		g_test_message("%s %s", lists[i].member, lists[i].arguments);
		for (guint j = 0; j < (lists[i].n ?: 200000); j++) {
			g_string_append(text, j ? ", " : "");
			g_string_append_printf(text, lists[i].element, lists[i].n ? j : 1 + j % 60000);
		}
		arguments = g_strjoinv(text->str, parts);
		refused(rig, STANDARD("LimitsExceeded"), "4194304", lists[i].path, lists[i].interface, lists[i].member,
			lists[i].types, arguments);
	}
}

static const BusTest tests[] = {
	{ "/bus/limits/long-values", long_values },
	{ "/bus/limits/limits", limits,
	  "MaxNetworks=2\nMaxEndpoints=3\nMaxPorts=10\nMaxPortsPerCall=8\nMaxIngresses=1" },
	{ "/bus/limits/huge", huge },
	{ "/bus/limits/too-large", too_large },
	{ "/bus/limits/large-lists", large_lists },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
