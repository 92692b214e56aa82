/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/rig.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WEB "/network/web"
#define APP WEB "/endpoint/app"
#define FRONT "/ingress/front"

static void create_all(Rig *rig)
{
	answers(rig, "('" ROOT WEB "',)", "", "Manager", "CreateNetwork", "sa{sv}",
		"'web', {'Bridge': <'br0'>, 'Subnets': <['fd00:18::/64', '172.18.0.0/16']>}");
	answers(rig, "('" ROOT APP "',)", WEB, "Network", "CreateEndpoint", "sa{sv}",
		"'app', {'Addresses': <['172.18.0.2', 'fd00:18::2']>}");
	answers(rig, "('" ROOT FRONT "',)", "", "Manager", "CreateIngress", "sa{sv}",
		"'front', {'Gateway': <'172.18.0.9'>}");
}

/* --- introspection --- */

static void describe_arguments(GString *text, GDBusArgInfo **arguments)
{
	for (guint i = 0; arguments && arguments[i]; i++)
		g_string_append_printf(text, " %s:%s", arguments[i]->name, arguments[i]->signature);
}

static const char *emits_changed(const GDBusPropertyInfo *info)
{
	const char *value =
		g_dbus_annotation_info_lookup(info->annotations, "org.freedesktop.DBus.Property.EmitsChangedSignal");

	return value ?: "true";
}

static int compare_lines(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A line a member, in the order of the alphabet. */
static char *describe_interface(const GDBusInterfaceInfo *info)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; info->methods && info->methods[i]; i++) {
		GString *line = g_string_new(NULL);

		g_string_append_printf(line, "method %s in", info->methods[i]->name);
		describe_arguments(line, info->methods[i]->in_args);
		g_string_append(line, " out");
		describe_arguments(line, info->methods[i]->out_args);
		g_ptr_array_add(lines, g_string_free(line, FALSE));
	}
	for (guint i = 0; info->signals && info->signals[i]; i++) {
		GString *line = g_string_new(NULL);

		g_string_append_printf(line, "signal %s", info->signals[i]->name);
		describe_arguments(line, info->signals[i]->args);
		g_ptr_array_add(lines, g_string_free(line, FALSE));
	}
	for (guint i = 0; info->properties && info->properties[i]; i++)
		g_ptr_array_add(lines, g_strdup_printf("property %s:%s flags %u emits %s", info->properties[i]->name,
						       info->properties[i]->signature, info->properties[i]->flags,
						       emits_changed(info->properties[i])));
	g_ptr_array_sort(lines, compare_lines);
	g_ptr_array_add(lines, NULL);
	return g_strjoinv("\n", (char **)lines->pdata);
}

static GDBusNodeInfo *introspect(Rig *rig, const char *path)
{
	g_autoptr(GVariant) reply = ask(rig, path, "org.freedesktop.DBus.Introspectable", "Introspect", "", "");
	g_autoptr(GError) error = NULL;
	GDBusNodeInfo *node;
	const char *xml;

	g_variant_get(reply, "(&s)", &xml);
	node = g_dbus_node_info_new_for_xml(xml, &error);
	g_assert_no_error(error);
	return node;
}

static void compare_introspection(Rig *rig, const char *path, const char *interface)
{
	g_autofree char *full = g_strconcat("org.example.NetFilter.", interface, NULL);
	g_autofree char *base = g_strconcat(full, ".xml", NULL), *xml = NULL, *written = NULL, *served = NULL;
	g_autofree char *file = g_test_build_filename(G_TEST_DIST, "..", "dbus", base, NULL);
	g_autoptr(GDBusNodeInfo) here = NULL, there = introspect(rig, path);
	g_autoptr(GError) error = NULL;

	g_file_get_contents(file, &xml, NULL, &error);
	g_assert_no_error(error);
	here = g_dbus_node_info_new_for_xml(xml, &error);
	g_assert_no_error(error);
	g_assert_nonnull(g_dbus_node_info_lookup_interface(there, full));
	written = describe_interface(g_dbus_node_info_lookup_interface(here, full));
	served = describe_interface(g_dbus_node_info_lookup_interface(there, full));
	g_assert_cmpstr(served, ==, written);
}

static void introspection(Rig *rig)
{
	create_all(rig);
	compare_introspection(rig, "", "Manager");
	compare_introspection(rig, WEB, "Network");
	compare_introspection(rig, APP, "Endpoint");
	compare_introspection(rig, FRONT, "Ingress");
}

/* Every path on the way down is to be found by who looks around. */
static void expect_children(Rig *rig, const char *path, const char *expected)
{
	g_autoptr(GDBusNodeInfo) node = introspect(rig, path);
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autofree char *text = NULL;

	for (guint i = 0; node->nodes && node->nodes[i]; i++)
		g_ptr_array_add(names, node->nodes[i]->path);
	g_ptr_array_sort(names, compare_lines);
	g_ptr_array_add(names, NULL);
	text = g_strjoinv(" ", (char **)names->pdata);
	g_assert_cmpstr(text, ==, expected);
}

static void tree(Rig *rig)
{
	expect_children(rig, "", "ingress network");
	create_all(rig);
	expect_children(rig, "", "ingress network");
	expect_children(rig, "/network", "web");
	expect_children(rig, WEB, "endpoint");
	expect_children(rig, WEB "/endpoint", "app");
	expect_children(rig, "/ingress", "front");
	done(rig, WEB, "Network", "Delete", "", "");
	expect_children(rig, "/network", "");
}

static void object_manager(Rig *rig)
{
	g_autofree char *objects = NULL;
	static const char *const lines[] = { FRONT " ", WEB " ", APP " ", NULL };

	create_all(rig);
	objects = rig_objects(rig);
	for (guint i = 0; lines[i]; i++)
		g_assert_nonnull(strstr(objects, lines[i]));
	done(rig, WEB, "Network", "Delete", "", "");
	g_free(objects);
	objects = rig_objects(rig);
	g_assert_true(g_str_has_prefix(objects, FRONT " "));
	g_assert_null(strchr(objects, '\n'));
}

/* --- properties --- */

static void manager_properties(Rig *rig)
{
	g_autofree char *features = property(rig, "", "Manager", "Features");
	g_autofree char *before = NULL, *after = NULL;
	static const char *const some[] = { "'ipv4'", "'ipv6'", "'ranges'", "'lifetime-fd'" };

	property_is(rig, "'0.1.0'", "", "Manager", "Version");
	property_is(rig, "'iptables'", "", "Manager", "Backend");
	property_is(rig, "'DOCKER'", "", "Manager", "ChainPrefix");
	property_is(rig, "false", "", "Manager", "Hairpin");
	for (guint i = 0; i < G_N_ELEMENTS(some); i++)
		g_assert_nonnull(strstr(features, some[i]));
	before = property(rig, "", "Manager", "Generation");
	create_all(rig);
	after = property(rig, "", "Manager", "Generation");
	g_assert_cmpint(g_ascii_strtoll(after, NULL, 10), >, g_ascii_strtoll(before, NULL, 10));
	refused(rig, STANDARD("PropertyReadOnly"), "Hairpin", "", "org.freedesktop.DBus.Properties", "Set", "ssv",
		"'org.example.NetFilter.Manager', 'Hairpin', <true>");
}

static void network_properties(Rig *rig)
{
	g_autofree char *owner = g_strdup_printf("'%s'", g_dbus_connection_get_unique_name(rig->bus));
	static const struct {
		const char *name, *value;
	} values[] = {
		{ "Name", "'web'" },
		{ "Bridge", "'br0'" },
		{ "Subnets", "['172.18.0.0/16', 'fd00:18::/64']" },
		{ "Gateways", "['172.18.0.1', 'fd00:18::1']" },
		{ "Internal", "false" },
		{ "GatewayModes", "{'ipv4': 'nat', 'ipv6': 'nat'}" },
		{ "InterContainerCommunication", "true" },
		{ "Masquerade", "true" },
		{ "HostBinding", "''" },
		{ "SourceAddress", "[]" },
		{ "Zone", "'netfilterd'" },
		{ "OwnerUID", "0" },
		{ "Persistent", "false" },
		{ "Endpoints", "['" ROOT APP "']" },
	};

	create_all(rig);
	for (guint i = 0; i < G_N_ELEMENTS(values); i++)
		property_is(rig, values[i].value, WEB, "Network", values[i].name);
	property_is(rig, owner, WEB, "Network", "Owner");

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'other', {'Subnets': <['10.1.2.3/24']>, 'Gateways': <['10.1.2.254']>, 'Internal': <true>,"
	     " 'InterContainerCommunication': <true>, 'Masquerade': <false>, 'Persistent': <true>}");
	property_is(rig, "'br-other'", "/network/other", "Network", "Bridge");
	property_is(rig, "['10.1.2.0/24']", "/network/other", "Network", "Subnets");
	property_is(rig, "['10.1.2.254']", "/network/other", "Network", "Gateways");
	property_is(rig, "true", "/network/other", "Network", "Internal");
	property_is(rig, "false", "/network/other", "Network", "Masquerade");
	property_is(rig, "''", "/network/other", "Network", "Owner");
	property_is(rig, "true", "/network/other", "Network", "Persistent");
	property_is(rig, "[]", "/network/other", "Network", "Endpoints");
	done(rig, "/network/other", "Network", "Delete", "", "");
}

static void endpoint_properties(Rig *rig)
{
	g_autofree char *owner = g_strdup_printf("'%s'", g_dbus_connection_get_unique_name(rig->bus));
	static const struct {
		const char *name, *value;
	} values[] = {
		{ "Name", "'app'" },
		{ "Network", "'" ROOT WEB "'" },
		{ "Addresses", "['172.18.0.2', 'fd00:18::2']" },
		{ "Ports", "[('tcp', '', 8080, 80, 1), ('udp', '192.0.2.1', 53, 5353, 2)]" },
		{ "Links", "[]" },
		{ "OwnerUID", "0" },
		{ "Persistent", "false" },
	};

	create_all(rig);
	answers(rig, "([('tcp', '', 8080, 80, 1), ('udp', '192.0.2.1', 53, 5353, 2)],)", APP, "Endpoint", "Publish",
		"a(ssqqq)", "[('tcp', '', 8080, 80, 1), ('udp', '192.0.2.1', 53, 5353, 2)]");
	for (guint i = 0; i < G_N_ELEMENTS(values); i++)
		property_is(rig, values[i].value, APP, "Endpoint", values[i].name);
	property_is(rig, owner, APP, "Endpoint", "Owner");
}

static void ingress_properties(Rig *rig)
{
	g_autofree char *owner = g_strdup_printf("'%s'", g_dbus_connection_get_unique_name(rig->bus));

	create_all(rig);
	property_is(rig, "'front'", FRONT, "Ingress", "Name");
	property_is(rig, "'br0'", FRONT, "Ingress", "Bridge");
	property_is(rig, "'172.18.0.9'", FRONT, "Ingress", "Gateway");
	property_is(rig, "['172.18.0.9']", FRONT, "Ingress", "Gateways");
	property_is(rig, "false", FRONT, "Ingress", "Masquerade");
	property_is(rig, "[]", FRONT, "Ingress", "Ports");
	property_is(rig, owner, FRONT, "Ingress", "Owner");
	property_is(rig, "0", FRONT, "Ingress", "OwnerUID");
	property_is(rig, "false", FRONT, "Ingress", "Persistent");
	done(rig, FRONT, "Ingress", "Publish", "a(sq)", "[('tcp', 80), ('udp', 53)]");
	property_is(rig, "[('tcp', 80), ('udp', 53)]", FRONT, "Ingress", "Ports");
	done(rig, FRONT, "Ingress", "SetGateways", "as", "['172.18.0.8', '172.18.0.9']");
	property_is(rig, "['172.18.0.8', '172.18.0.9']", FRONT, "Ingress", "Gateways");
	property_is(rig, "'172.18.0.8'", FRONT, "Ingress", "Gateway");
}

/* --- methods --- */

static void finding(Rig *rig)
{
	create_all(rig);
	answers(rig, "('" ROOT WEB "',)", "", "Manager", "GetNetwork", "s", "'web'");
	answers(rig, "('" ROOT FRONT "',)", "", "Manager", "GetIngress", "s", "'front'");
	answers(rig, "('" ROOT APP "',)", WEB, "Network", "GetEndpoint", "s", "'app'");
	refused(rig, OURS("NoSuchNetwork"), "\"front\"", "", "Manager", "GetNetwork", "s", "'front'");
	refused(rig, OURS("NoSuchIngress"), "\"web\"", "", "Manager", "GetIngress", "s", "'web'");
	refused(rig, OURS("NoSuchEndpoint"), "\"nobody\"", WEB, "Network", "GetEndpoint", "s", "'nobody'");
	refused(rig, OURS("NoSuchNetwork"), "\"\"", "", "Manager", "GetNetwork", "s", "''");
}

/* What the objects say of their rules is what the kernel holds of them, and nothing else. */
static void check_rules(Rig *rig, const char *path, const char *interface, guint at_least)
{
	g_autoptr(GVariant) reply = ask(rig, path, interface, "GetRules", "", "");
	g_autofree char *kernel = rig_rules(rig);
	g_autoptr(GVariantIter) iter = NULL;
	const char *family, *table, *chain, *rule;
	guint64 packets, bytes;
	guint n = 0;

	g_variant_get(reply, "(a(sssstt))", &iter);
	while (g_variant_iter_loop(iter, "(&s&s&s&stt)", &family, &table, &chain, &rule, &packets, &bytes)) {
		g_autofree char *line = g_strdup_printf("\n-A %s %s\n", chain, rule);

		n++;
		if (!strstr(kernel, line)) {
			g_test_message("%s: the kernel does not hold %s %s: %s", path, family, table, rule);
			g_test_fail();
		}
	}
	g_assert_cmpuint(n, >=, at_least);
}

static void rules_of_objects(Rig *rig)
{
	create_all(rig);
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'db', {'Subnets': <['172.19.0.0/16']>}");
	done(rig, APP, "Endpoint", "Publish", "a(ssqqq)", "[('tcp', '', 8080, 80, 1), ('udp', '', 53, 5353, 2)]");
	done(rig, FRONT, "Ingress", "Publish", "a(sq)", "[('tcp', 443)]");
	check_rules(rig, WEB, "Network", 20);
	check_rules(rig, APP, "Endpoint", 12);
	check_rules(rig, FRONT, "Ingress", 4);
	done(rig, FRONT, "Ingress", "SetGateways", "as", "['172.18.0.8', '172.18.0.9', '172.18.0.10']");
	check_rules(rig, FRONT, "Ingress", 9);
	check_rules(rig, "/network/db", "Network", 8);
}

/* Sends a SYN to the published port and looks whether the rule that takes it says so. */
static void counters(Rig *rig)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(8080) };
	g_autoptr(GVariantIter) iter = NULL;
	g_autoptr(GVariant) reply = NULL;
	const char *rule;
	guint64 packets, bytes, seen = 0;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	create_all(rig);
	done(rig, APP, "Endpoint", "Publish", "a(ssqqq)", "[('tcp', '', 8080, 80, 1)]");
	inet_pton(AF_INET, "192.0.2.1", &address.sin_addr);
	g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof address), <, 0);
	close(fd);
	reply = ask(rig, APP, "Endpoint", "GetRules", "", "");
	g_variant_get(reply, "(a(sssstt))", &iter);
	while (g_variant_iter_loop(iter, "(&s&s&s&stt)", NULL, NULL, NULL, &rule, &packets, &bytes)) {
		if (!strstr(rule, "--to-destination 172.18.0.2:80"))
			continue;
		seen += packets;
		g_assert_cmpuint(bytes, >=, 40 * packets);
	}
	g_assert_cmpuint(seen, ==, 1);
}

static void creating_several(Rig *rig)
{
	g_autofree char *before = NULL, *after = NULL;

	create_all(rig);
	before = rig_state(rig);
	answers(rig, "(['" ROOT WEB "/endpoint/x', '" ROOT WEB "/endpoint/y'],)", WEB, "Network", "CreateEndpoints",
		"a(sa{sv})",
		"[('x', {'Addresses': <['172.18.0.3']>, 'Ports': <[('tcp', '', uint16 81, uint16 80, uint16 "
		"1)]>}),"
		" ('y', {'Addresses': <['172.18.0.4']>})]");
	done(rig, WEB "/endpoint/x", "Endpoint", "Delete", "", "");
	done(rig, WEB "/endpoint/y", "Endpoint", "Delete", "", "");
	after = rig_state(rig);
	g_assert_cmpstr(before, ==, after);
	answers(rig, "([],)", WEB, "Network", "CreateEndpoints", "a(sa{sv})", "[]");
	refused(rig, OURS("AddressInUse"), "172.18.0.2", WEB, "Network", "CreateEndpoints", "a(sa{sv})",
		"[('x', {'Addresses': <['172.18.0.3']>, 'Ports': <[('tcp', '', uint16 81, uint16 80, uint16 "
		"1)]>}),"
		" ('y', {'Addresses': <['172.18.0.2']>})]");
	refused(rig, OURS("EndpointExists"), "\"x\"", WEB, "Network", "CreateEndpoints", "a(sa{sv})",
		"[('x', {'Addresses': <['172.18.0.3']>}), ('x', {'Addresses': <['172.18.0.4']>})]");
}

static void network_with_endpoints(Rig *rig)
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Subnets': <['172.18.0.0/16']>, 'Endpoints': <["
	     "('a', {'Addresses': <['172.18.0.2']>, 'Ports': <[('tcp', '', uint16 80, uint16 80, uint16 "
	     "1)]>}),"
	     "('b', @a{sv} {'Addresses': <['172.18.0.3']>, 'Persistent': <true>})]>}");
	exists(rig, WEB "/endpoint/a");
	property_is(rig, "true", WEB "/endpoint/b", "Endpoint", "Persistent");
	refused(rig, OURS("PortInUse"), "tcp port 80", "", "Manager", "CreateNetwork", "sa{sv}",
		"'two', {'Subnets': <['172.19.0.0/16']>, 'Endpoints': <["
		"('a', {'Addresses': <['172.19.0.2']>, 'Ports': <[('tcp', '', uint16 81, uint16 80, uint16 "
		"1)]>}),"
		"('b', {'Addresses': <['172.19.0.3']>, 'Ports': <[('tcp', '', uint16 80, uint16 80, uint16 "
		"1)]>})]>}");
	done(rig, WEB, "Network", "Delete", "", "");
}

static void updating(Rig *rig)
{
	g_autofree char *before = NULL, *after = NULL;

	create_all(rig);
	before = rig_state(rig);
	done(rig, WEB, "Network", "Update", "a{sv}", "{'Masquerade': <false>, 'HostBinding': <'192.0.2.1'>}");
	property_is(rig, "false", WEB, "Network", "Masquerade");
	property_is(rig, "'192.0.2.1'", WEB, "Network", "HostBinding");
	answers(rig, "([('tcp', '192.0.2.1', 8080, 80, 1)],)", APP, "Endpoint", "Publish", "a(ssqqq)",
		"[('tcp', '', 8080, 80, 1)]");
	done(rig, WEB, "Network", "Update", "a{sv}", "{'HostBinding': <''>}");
	done(rig, APP, "Endpoint", "Unpublish", "a(ssqqq)", "[('tcp', '192.0.2.1', 8080, 80, 1)]");
	done(rig, WEB, "Network", "Update", "a{sv}", "{'Masquerade': <true>}");
	done(rig, WEB, "Network", "Update", "a{sv}", "{}");
	after = rig_state(rig);
	g_assert_cmpstr(before, ==, after);
}

static void linking(Rig *rig)
{
	g_autofree char *before = NULL, *after = NULL;

	if (!g_file_test("/proc/sys/net/bridge", G_FILE_TEST_IS_DIR)) {
		g_test_skip("needs br_netfilter");
		return;
	}
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Subnets': <['172.18.0.0/16']>, 'InterContainerCommunication': <false>, 'Endpoints': <["
	     "('app', {'Addresses': <['172.18.0.2']>}), ('db', {'Addresses': <['172.18.0.3']>})]>}");
	before = rig_state(rig);
	done(rig, APP, "Endpoint", "Link", "oa(sq)", "'" ROOT WEB "/endpoint/db', [('tcp', 5432)]");
	property_is(rig, "['" ROOT WEB "/endpoint/db']", APP, "Endpoint", "Links");
	check_rules(rig, APP, "Endpoint", 2);
	/* Linking again adds ports. */
	done(rig, APP, "Endpoint", "Link", "oa(sq)", "'" ROOT WEB "/endpoint/db', [('tcp', 5432), ('udp', 53)]");
	check_rules(rig, APP, "Endpoint", 4);
	done(rig, APP, "Endpoint", "Unlink", "o", "'" ROOT WEB "/endpoint/db'");
	after = rig_state(rig);
	g_assert_cmpstr(before, ==, after);
	done(rig, APP, "Endpoint", "Link", "oa(sq)", "'" ROOT WEB "/endpoint/db', [('tcp', 5432)]");
	done(rig, WEB "/endpoint/db", "Endpoint", "Delete", "", "");
	property_is(rig, "[]", APP, "Endpoint", "Links");
}

/* After everything is deleted the host is what it was. */
static void deleting(Rig *rig)
{
	g_autofree char *before = rig_state(rig), *after = NULL;

	create_all(rig);
	done(rig, APP, "Endpoint", "Publish", "a(ssqqq)", "[('tcp', '', 0, 80, 1), ('udp', '', 53, 5353, 100)]");
	done(rig, FRONT, "Ingress", "Publish", "a(sq)", "[('tcp', 443)]");
	done(rig, FRONT, "Ingress", "Delete", "", "");
	gone(rig, FRONT);
	done(rig, APP, "Endpoint", "Delete", "", "");
	gone(rig, APP);
	done(rig, WEB, "Network", "Delete", "", "");
	gone(rig, WEB);
	after = rig_state(rig);
	g_assert_cmpstr(before, ==, after);
	refused(rig, STANDARD("UnknownObject"), WEB, WEB, "Network", "Delete", "", "");
	refused(rig, STANDARD("UnknownObject"), FRONT, FRONT, "Ingress", "GetRules", "", "");
}

static void unknown_members(Rig *rig)
{
	create_all(rig);
	refused(rig, STANDARD("UnknownMethod"), "Frobnicate", "", "Manager", "Frobnicate", "", "");
	refused(rig, STANDARD("UnknownMethod"), "Publish", WEB, "Network", "Publish", "", "");
	refused(rig, STANDARD("UnknownMethod"), "Endpoint", WEB, "Endpoint", "Publish", "a(ssqqq)", "[]");
	refused(rig, STANDARD("InvalidArgs"), "", "", "Manager", "CreateNetwork", "s", "'x'");
	refused(rig, STANDARD("InvalidArgs"), "", "", "Manager", "CreateNetwork", "sa{ss}", "'x', {}");
	refused(rig, STANDARD("InvalidArgs"), "ipv5", "", "Manager", "DumpRules", "s", "'ipv5'");
	refused(rig, STANDARD("UnknownObject"), "", "/network/nothing/endpoint/x", "Endpoint", "Delete", "", "");
	refused(rig, STANDARD("UnknownObject"), "", "/elsewhere", "Manager", "Reload", "", "");
}

/* More than one path decodes to a name; an object answers at the one its name is encoded to. */
static void one_path_each(Rig *rig)
{
#define BYTES_32 "abcdefghijklmnopabcdefghijklmnop"
	static const struct {
		const char *path, *interface;
	} objects[] = {
		{ WEB, "Network" },
		{ "/network/n0", "Network" },
		{ "/network/a_2fb", "Network" },
		{ "/network/_31", "Network" },
		{ "/network/" BYTES_32 BYTES_32, "Network" },
		{ APP, "Endpoint" },
		{ WEB "/endpoint/_c3_a9", "Endpoint" },
		{ FRONT, "Ingress" },
	}, others[] = {
		{ "/network/we_62", "Network" },
		{ "/network/_77_65_62", "Network" },
		{ "/network/_77_65_6200", "Network" },
		{ "/network/web_", "Network" },
		{ "/network/n_30", "Network" },
		{ "/network/n_00", "Network" },
		{ "/network/_6e0", "Network" },
		{ "/network/_6E0", "Network" },
		{ "/network/a_2Fb", "Network" },
		{ "/network/_61_2fb", "Network" },
		{ "/network/1", "Network" },
		{ "/network/_", "Network" },
		{ "/network/_0a", "Network" },
		{ "/network/_ff", "Network" },
		{ "/network/" BYTES_32 BYTES_32 "a", "Network" },
		{ WEB "/endpoint/ap_70", "Endpoint" },
		{ WEB "/endpoint/_c3_A9", "Endpoint" },
		{ WEB "/endpoint/_c3", "Endpoint" },
		{ "/network/we_62/endpoint/app", "Endpoint" },
		{ "/network/we_62/endpoint/ap_70", "Endpoint" },
		{ WEB "/endpoint/_", "Endpoint" },
		{ WEB "/_65ndpoint/app", "Endpoint" },
		{ WEB "/app", "Endpoint" },
		{ APP "/x", "Endpoint" },
		{ "/ingress/fron_74", "Ingress" },
		{ "/ingress/_", "Ingress" },
	};
	static const char *const names[] = { "n0", "a/b", "1", BYTES_32 BYTES_32 };

	create_all(rig);
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *arguments =
			g_strdup_printf("'%s', {'Bridge': <'b%u'>, 'Subnets': <['10.0.%u.0/24']>}", names[i], i, i);

		done(rig, "", "Manager", "CreateNetwork", "sa{sv}", arguments);
	}
	done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}", "'é', {'Addresses': <['172.18.0.3']>}");

	for (guint i = 0; i < G_N_ELEMENTS(objects); i++) {
		g_autofree char *name = property(rig, objects[i].path, objects[i].interface, "Name");

		g_assert_nonnull(name);
		done(rig, objects[i].path, objects[i].interface, "GetRules", "", "");
	}
	for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
		g_autofree char *interface = g_strdup_printf("'org.example.NetFilter.%s'", others[i].interface);

		refused(rig, STANDARD("UnknownObject"), "", others[i].path, others[i].interface, "GetRules", "", "");
		refused(rig, STANDARD("UnknownObject"), "", others[i].path, others[i].interface, "Delete", "", "");
		refused(rig, STANDARD("UnknownObject"), "", others[i].path, "org.freedesktop.DBus.Properties", "GetAll",
			"s", interface);
	}
	refused(rig, STANDARD("InvalidArgs"), "ap_70", WEB "/endpoint/_c3_a9", "Endpoint", "Link", "oa(sq)",
		"'" ROOT WEB "/endpoint/ap_70', [('tcp', 1)]");
}

/* A bridge that somebody took away is no obstacle to anything, and one that came in its place is not ours. */
static void bridge_gone(Rig *rig)
{
	g_autofree char *before = rig_state(rig), *after = NULL, *link = NULL;

	create_all(rig);
	netns_run(rig->host, "ip link del br0");
	done(rig, APP, "Endpoint", "Publish", "a(ssqqq)", "[('tcp', '', 8080, 80, 1)]");
	done(rig, WEB, "Network", "Update", "a{sv}", "{'Masquerade': <false>}");
	done(rig, FRONT, "Ingress", "Delete", "", "");
	done(rig, WEB, "Network", "Delete", "", "");
	after = rig_state(rig);
	g_assert_cmpstr(before, ==, after);

	create_all(rig);
	netns_run(rig->host, "ip link del br0");
	netns_run(rig->host, "ip link add br0 type bridge");
	done(rig, FRONT, "Ingress", "Delete", "", "");
	done(rig, WEB, "Network", "Delete", "", "");
	link = netns_output(rig->host, "ip -o link show br0");
	g_assert_nonnull(strstr(link, "br0"));
	netns_run(rig->host, "ip link del br0");
	g_free(after);
	after = rig_state(rig);
	g_assert_cmpstr(before, ==, after);
}

/* --- who may --- */

/* What a call by a nobody prints, or the error it fails with. */
static char *as_nobody(Rig *rig, const char *call)
{
	return netns_output(rig->host,
			    "sh -c \"setpriv --reuid=65534 --clear-groups gdbus call --system"
			    " -d org.example.NetFilter -o " ROOT " -m org.example.NetFilter.%s 2>&1 || true\"",
			    call);
}

/* Without polkit nobody else may change anything; everybody may look. */
static void strangers(Rig *rig)
{
	static const char *const changes[] = {
		"Manager.CreateNetwork new \\\"{'Subnets': <['10.0.0.0/8']>}\\\"",
		"Manager.CreateIngress new \\\"{'Gateway': <'172.18.0.9'>}\\\"",
		"Manager.Reconcile",
		"Manager.Reload",
	};
	static const char *const looks[] = {
		"Manager.GetNetwork web",
		"Manager.DumpRules ipv4",
		"Manager.PreviewNetwork new \\\"{'Subnets': <['10.0.0.0/8']>}\\\"",
	};
	g_autofree char *before = NULL, *after = NULL;

	create_all(rig);
	before = rig_state(rig);
	for (guint i = 0; i < G_N_ELEMENTS(changes); i++) {
		g_autofree char *said = as_nobody(rig, changes[i]);

		if (strstr(said, STANDARD("AccessDenied")))
			continue;
		g_test_message("%s: %s", changes[i], said);
		g_test_fail();
	}
	for (guint i = 0; i < G_N_ELEMENTS(looks); i++) {
		g_autofree char *said = as_nobody(rig, looks[i]);

		g_assert_true(g_str_has_prefix(said, "("));
	}
	after = rig_state(rig);
	g_assert_cmpstr(before, ==, after);
}

static const BusTest tests[] = {
	{ "/bus/contract/introspection", introspection },
	{ "/bus/contract/tree", tree },
	{ "/bus/contract/object-manager", object_manager },
	{ "/bus/contract/manager-properties", manager_properties },
	{ "/bus/contract/network-properties", network_properties },
	{ "/bus/contract/endpoint-properties", endpoint_properties },
	{ "/bus/contract/ingress-properties", ingress_properties },
	{ "/bus/contract/finding", finding },
	{ "/bus/contract/rules-of-objects", rules_of_objects },
	{ "/bus/contract/counters", counters },
	{ "/bus/contract/creating-several", creating_several },
	{ "/bus/contract/network-with-endpoints", network_with_endpoints },
	{ "/bus/contract/updating", updating },
	{ "/bus/contract/linking", linking },
	{ "/bus/contract/deleting", deleting },
	{ "/bus/contract/unknown-members", unknown_members },
	{ "/bus/contract/one-path-each", one_path_each },
	{ "/bus/contract/bridge-gone", bridge_gone },
	{ "/bus/contract/strangers", strangers },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
