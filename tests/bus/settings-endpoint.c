/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bus/refusal.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define QUIET "/network/quiet"

/* --- endpoints --- */

static void addresses(Rig *rig)
{
	static const Bad bad[] = {
		{ "{}", "Addresses" },
		{ "{'Addresses': <@as []>}", "Addresses" },
		{ "{'Addresses': <'172.18.0.7'>}", "Addresses" },
		{ "{'Addresses': <['']>}", "\"\"" },
		{ "{'Addresses': <['banana']>}", "banana" },
		{ "{'Addresses': <['172.18.0.7/16']>}", "172.18.0.7/16" },
		{ "{'Addresses': <['172.19.0.7']>}", "172.19.0.7" },
		{ "{'Addresses': <['172.18.0.0']>}", "172.18.0.0" },
		{ "{'Addresses': <['172.18.255.255']>}", "172.18.255.255" },
		{ "{'Addresses': <['fd00:19::7']>}", "fd00:19::7" },
		{ "{'Addresses': <['fd00:18::']>}", "fd00:18::" },
		{ "{'Addresses': <['172.18.0.7', '172.18.0.8']>}", "172.18.0.8" },
		{ "{'Addresses': <['172.18.0.7', '172.18.0.7']>}", "172.18.0.7" },
		{ "{'Addresses': <['172.18.0.1']>}", "172.18.0.1", OURS("AddressInUse") },
		{ "{'Addresses': <['fd00:18::1']>}", "fd00:18::1", OURS("AddressInUse") },
		{ "{'Addresses': <['172.18.0.2']>}", "172.18.0.2", OURS("AddressInUse") },
		{ "{'Addresses': <['172.18.0.7', 'fd00:18:0:0:0::2']>}", "fd00:18:0:0:0::2", OURS("AddressInUse") },
		{ "{'Addresses': <['172.18.0.7']>, 'Addresses': <['172.18.0.8']>}", "Addresses" },
		{ "{'Addresses': <['172.18.0.7']>, 'Bridge': <'br0'>}", "\"Bridge\"" },
		{ "{'Addresses': <['172.18.0.7']>, 'Ports': <[('tcp', uint16 80)]>}", "Ports" },
		{ "{'Addresses': <['172.18.0.7']>, 'TimeoutUSec': <uint64 0>}", "TimeoutUSec" },
	};

	refusal_world(rig);
	REFUSE_ALL(WEB, "Network", "CreateEndpoint", "sa{sv}", "'new', %s", bad);
	refused(rig, OURS("EndpointExists"), "\"app\"", WEB, "Network", "CreateEndpoint", "sa{sv}",
		"'app', {'Addresses': <['172.18.0.7']>}");
	REFUSE_ALL("", "Manager", "CreateNetwork", "sa{sv}",
		   "'new', {'Subnets': <['10.0.0.0/8']>, 'Endpoints': <[('one', {'Addresses': <['10.0.0.2']>}),"
		   " ('new', @a{sv} %s)]>}",
		   ((const Bad[]){
			   { "{'Addresses': <['172.18.0.7']>}", "172.18.0.7" },
			   { "{'Addresses': <['10.0.0.2']>}", "10.0.0.2", OURS("AddressInUse") },
			   { "{}", "Addresses" },
			   { "{'Address': <['10.0.0.3']>}", "\"Address\"" },
		   }));
}

static void mappings(Rig *rig)
{
	static const Bad bad[] = {
		{ "('icmp', '', 8080, 80, 1)", "icmp" },
		{ "('TCP', '', 8080, 80, 1)", "TCP" },
		{ "('', '', 8080, 80, 1)", "\"\"" },
		{ "('6', '', 8080, 80, 1)", "\"6\"" },
		{ "('tcp', 'banana', 8080, 80, 1)", "banana" },
		{ "('tcp', '192.0.2.1/24', 8080, 80, 1)", "192.0.2.1/24" },
		{ "('tcp', '224.0.0.1', 8080, 80, 1)", "224.0.0.1" },
		{ "('tcp', '255.255.255.255', 8080, 80, 1)", "255.255.255.255" },
		{ "('tcp', '0.0.0.1', 8080, 80, 1)", "0.0.0.1" },
		{ "('tcp', '240.0.0.1', 8080, 80, 1)", "240.0.0.1" },
		{ "('tcp', 'fe80::1', 8080, 80, 1)", "fe80::1" },
		{ "('tcp', '::ffff:127.0.0.1', 8080, 80, 1)", "::ffff:127.0.0.1" },
		{ "('tcp', 'ff02::1', 8080, 80, 1)", "ff02::1" },
		{ "('tcp', '', 8080, 0, 1)", "0" },
		{ "('tcp', '', 8080, 80, 0)", "0" },
		{ "('tcp', '', 65535, 80, 2)", "65535" },
		{ "('tcp', '', 1, 80, 65535)", "65535" },
		{ "('tcp', '', 80, 65535, 2)", "65535" },
		{ "('tcp', '', 0, 65500, 100)", "65500" },
		{ "('tcp', '', 0, 1, 65535)", "65535", OURS("PortsExhausted") },
		{ "('tcp', '', 0, 1, 50000), ('tcp', '', 0, 1, 50000)", "50000", OURS("PortsExhausted") },
		{ "('tcp', '', 8081, 80, 1), ('icmp', '', 8080, 80, 1)", "icmp" },
		{ "('tcp', '', 8081, 80, 1), ('tcp', '', 8081, 81, 1)", "8081", OURS("PortInUse") },
		{ "('tcp', '', 8081, 80, 5), ('tcp', '192.0.2.1', 8085, 81, 1)", "8085", OURS("PortInUse") },
	};

	refusal_world(rig);
	REFUSE_ALL(APP, "Endpoint", "Publish", "a(ssqqq)", "[%s]", bad);
	refused(rig, INVALID, "2001:db8:1::1", WEB "/endpoint/db", "Endpoint", "Publish", "a(ssqqq)",
		"[('tcp', '2001:db8:1::1', 8080, 80, 1)]");
	refused(rig, INVALID, "192.0.2.1", WEB "/endpoint/six", "Endpoint", "Publish", "a(ssqqq)",
		"[('tcp', '192.0.2.1', 8080, 80, 1)]");
	refused(rig, OURS("NetworkInternal"), "\"inner\"", INNER "/endpoint/app", "Endpoint", "Publish", "a(ssqqq)",
		"[('tcp', '', 8080, 80, 1)]");
	refused(rig, OURS("NetworkInternal"), "\"inner\"", INNER, "Network", "CreateEndpoint", "sa{sv}",
		"'new', {'Addresses': <['172.20.0.3']>, 'Ports': <[('tcp', '', uint16 8080, uint16 80, "
		"uint16 1)]>}");
	refused(rig, INVALID, "8080", APP, "Endpoint", "Unpublish", "a(ssqqq)", "[('tcp', '', 8080, 80, 1)]");

	/* All or nothing, also on the way back; and each as it was published. */
	done(rig, APP, "Endpoint", "Publish", "a(ssqqq)", "[('tcp', '', 8080, 80, 1), ('tcp', '', 9000, 90, 10)]");
	refused(rig, INVALID, "8081", APP, "Endpoint", "Unpublish", "a(ssqqq)",
		"[('tcp', '', 8080, 80, 1), ('tcp', '', 8081, 80, 1)]");
	refused(rig, INVALID, "9000", APP, "Endpoint", "Unpublish", "a(ssqqq)", "[('tcp', '', 9000, 90, 9)]");
	refused(rig, INVALID, "8080", APP, "Endpoint", "Unpublish", "a(ssqqq)",
		"[('tcp', '', 8080, 80, 1), ('tcp', '', 8080, 80, 1)]");
	refused(rig, INVALID, "8080", APP, "Endpoint", "Unpublish", "a(ssqqq)", "[('udp', '', 8080, 80, 1)]");
	answers(rig, "([],)", APP, "Endpoint", "Publish", "a(ssqqq)", "[]");
}

static void links(Rig *rig)
{
	refusal_world(rig);
	refused(rig, INVALID, "\"web\"", APP, "Endpoint", "Link", "oa(sq)", "'" ROOT WEB "/endpoint/db', [('tcp', 1)]");
	refused(rig, INVALID, ROOT WEB, APP, "Endpoint", "Link", "oa(sq)", "'" ROOT WEB "', [('tcp', 1)]");
	refused(rig, INVALID, "\"/\" is not", APP, "Endpoint", "Link", "oa(sq)", "'/', [('tcp', 1)]");
	refused(rig, INVALID, "\"db\"", APP, "Endpoint", "Unlink", "o", "'" ROOT WEB "/endpoint/db'");
	if (!g_file_test("/proc/sys/net/bridge", G_FILE_TEST_IS_DIR)) {
		g_test_skip("needs br_netfilter");
		return;
	}
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'quiet', {'Subnets': <['172.21.0.0/16']>, 'InterContainerCommunication': <false>, 'Endpoints': "
	     "<["
	     "('app', {'Addresses': <['172.21.0.2']>}), ('db', {'Addresses': <['172.21.0.3']>})]>}");
	refused(rig, INVALID, "\"app\"", QUIET "/endpoint/app", "Endpoint", "Link", "oa(sq)",
		"'" ROOT QUIET "/endpoint/app', [('tcp', 1)]");
	refused(rig, INVALID, "\"db\"", QUIET "/endpoint/app", "Endpoint", "Link", "oa(sq)",
		"'" ROOT WEB "/endpoint/db', [('tcp', 1)]");
	refused(rig, INVALID, "at least one port", QUIET "/endpoint/app", "Endpoint", "Link", "oa(sq)",
		"'" ROOT QUIET "/endpoint/db', []");
	refused(rig, INVALID, "port 0", QUIET "/endpoint/app", "Endpoint", "Link", "oa(sq)",
		"'" ROOT QUIET "/endpoint/db', [('tcp', 1), ('tcp', 0)]");
	refused(rig, INVALID, "icmp", QUIET "/endpoint/app", "Endpoint", "Link", "oa(sq)",
		"'" ROOT QUIET "/endpoint/db', [('icmp', 1)]");
	refused(rig, OURS("NoSuchEndpoint"), ROOT QUIET "/endpoint/nobody", QUIET "/endpoint/app", "Endpoint", "Link",
		"oa(sq)", "'" ROOT QUIET "/endpoint/nobody', [('tcp', 1)]");
}

/* --- ingresses --- */

/* So many, as text. */
static char *list_gateways(guint n)
{
	GString *text = g_string_new("[");

	for (guint i = 0; i < n; i++)
		g_string_append_printf(text, "%s'172.18.1.%u'", i > 0 ? ", " : "", i + 1);
	g_string_append_c(text, ']');
	return g_string_free(text, FALSE);
}

static void ingresses(Rig *rig)
{
	static const Bad bad[] = {
		{ "{}", "Gateway" },
		{ "{'Gateway': <''>}", "Gateway" },
		{ "{'Gateway': <'banana'>}", "banana" },
		{ "{'Gateway': <['172.18.0.9']>}", "Gateway" },
		{ "{'Gateway': <'172.18.0.9/16'>}", "172.18.0.9/16" },
		{ "{'Gateway': <'0.0.0.0'>}", "0.0.0.0" },
		{ "{'Gateway': <'127.0.0.1'>}", "127.0.0.1" },
		{ "{'Gateway': <'::1'>}", "::1" },
		{ "{'Gateway': <'224.0.0.1'>}", "224.0.0.1" },
		{ "{'Gateway': <'255.255.255.255'>}", "255.255.255.255" },
		{ "{'Gateway': <'fe80::1'>}", "fe80::1" },
		{ "{'Gateway': <'0.0.0.1'>}", "0.0.0.1" },
		{ "{'Gateway': <'240.0.0.1'>}", "240.0.0.1" },
		{ "{'Gateway': <'169.254.169.254'>}", "169.254.169.254" },
		{ "{'Gateway': <'::ffff:127.0.0.1'>}", "::ffff:127.0.0.1" },
		{ "{'Gateway': <'172.18.0.0'>}", "172.18.0.0" },
		{ "{'Gateway': <'172.18.255.255'>}", "172.18.255.255" },
		{ "{'Gateway': <'172.18.255.255'>, 'Bridge': <'br-web'>}", "172.18.255.255" },
		{ "{'Gateway': <'192.0.2.255'>}", "192.0.2.255" },
		{ "{'Gateway': <'192.0.2.255'>, 'Bridge': <'uplink'>}", "192.0.2.255" },
		{ "{'Gateway': <'172.18.0.9'>, 'Bridge': <'lo'>}", "lo" },
		{ "{'Gateway': <'172.18.0.9'>, 'Bridge': <'a/b'>}", "a/b" },
		{ "{'Gateway': <'172.18.0.9'>, 'Bridge': <'br\\u202e'>}", "Bridge" },
		{ "{'Gateway': <'172.18.0.9'>, 'Bridge': <'br\\u0007'>}", "Bridge" },
		{ "{'Gateway': <'172.18.0.9'>, 'Bridge': <'nowhere'>}", "nowhere" },
		{ "{'Gateway': <'172.18.0.9'>, 'Bridge': <'abcdefghijklmnop'>}", "abcdefghijklmnop" },
		{ "{'Gateway': <'172.18.0.9'>, 'Ports': <[('icmp', uint16 1)]>}", "icmp" },
		{ "{'Gateway': <'172.18.0.9'>, 'Ports': <[('tcp', uint16 0)]>}", "port 0" },
		{ "{'Gateway': <'172.18.0.9'>, 'Ports': <[uint16 1]>}", "Ports" },
		{ "{'Gateway': <'172.18.0.9'>, 'Subnets': <['10.0.0.0/8']>}", "\"Subnets\"" },
		{ "{'Gateway': <'172.18.0.9'>, 'Gateway': <'172.18.0.9'>}", "Gateway" },
		{ "{'Gateway': <'172.18.0.9'>, 'TimeoutUSec': <uint64 0>}", "TimeoutUSec" },
		{ "{'Gateway': <'203.0.113.1'>}", "203.0.113.1" },
		{ "{'Gateways': <@as []>}", "Gateways" },
		{ "{'Gateways': <'172.18.0.9'>}", "Gateways" },
		{ "{'Gateways': <['172.18.0.9']>, 'Gateway': <'172.18.0.9'>}", "Gateways" },
		{ "{'Gateways': <['172.18.0.9', '']>}", "Gateways" },
		{ "{'Gateways': <['172.18.0.9', 'banana']>}", "banana" },
		{ "{'Gateways': <['172.18.0.9', '127.0.0.1']>}", "127.0.0.1" },
		{ "{'Gateways': <['172.18.0.9', '172.18.0.8', '172.18.0.9']>}", "\"172.18.0.9\" is there twice" },
		{ "{'Gateways': <['172.18.0.9', 'fd00:18::9']>}", "fd00:18::9" },
		{ "{'Gateways': <['172.18.0.9', '172.18.255.255']>}", "172.18.255.255" },
		{ "{'Gateways': <['172.18.0.9', '203.0.113.1']>}", "203.0.113.1" },
		{ "{'Gateways': <['172.18.0.9', '172.18.0.8']>, 'Bridge': <'nowhere'>}", "nowhere" },
		{ "{'Gateways': <['172.18.0.9']>, 'Masquerade': <'yes'>}", "Masquerade" },
	};
	/* What they are in place of others. */
	static const Bad others[] = {
		{ "@as []", "Gateways" },
		{ "['172.18.0.8', 'banana']", "banana" },
		{ "['172.18.0.8', '0.0.0.0']", "0.0.0.0" },
		{ "['172.18.0.8', '172.18.0.8']", "172.18.0.8" },
		{ "['fd00:18::9']", "fd00:18::9" },
		{ "['172.18.0.8', 'fd00:18::9']", "fd00:18::9" },
		{ "['172.18.0.0']", "172.18.0.0" },
		{ "['172.18.0.8', '203.0.113.1']", "203.0.113.1" },
	};
	g_autofree char *many = list_gateways(65);

	refusal_world(rig);
	REFUSE_ALL("", "Manager", "CreateIngress", "sa{sv}", "'new', %s", bad);
	REFUSE_ALL("", "Manager", "PreviewIngress", "sa{sv}", "'new', %s", bad);
	REFUSE_ALL("/ingress/front", "Ingress", "SetGateways", "as", "%s", others);
	refused(rig, INVALID, "at most 64", "/ingress/front", "Ingress", "SetGateways", "as", many);
	refused(rig, OURS("IngressExists"), "\"front\"", "", "Manager", "CreateIngress", "sa{sv}",
		"'front', {'Gateway': <'172.18.0.9'>}");
	refused(rig, INVALID, "icmp", "/ingress/front", "Ingress", "Publish", "a(sq)", "[('tcp', 80), ('icmp', 1)]");
	refused(rig, INVALID, "port 0", "/ingress/front", "Ingress", "Publish", "a(sq)", "[('tcp', 80), ('tcp', 0)]");
	refused(rig, INVALID, "81", "/ingress/front", "Ingress", "Unpublish", "a(sq)", "[('tcp', 81)]");
	done(rig, "/ingress/front", "Ingress", "Publish", "a(sq)", "[('tcp', 80)]");
	refused(rig, INVALID, "81", "/ingress/front", "Ingress", "Unpublish", "a(sq)", "[('tcp', 80), ('tcp', 81)]");
}

/* --- lifetimes --- */

static void refuse_descriptor(Rig *rig, int fd, const char *settings)
{
	g_autofree char *arguments = g_strdup_printf("'new', {'Subnets': <['10.0.0.0/8']>, %s}", settings);
	g_autofree char *before = rig_state(rig), *after = NULL, *name = NULL;
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new_from_array(&fd, 1);
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply =
		ask_with_fds(rig->bus, "", "Manager", "CreateNetwork", "sa{sv}", arguments, fds, &error);

	g_assert_null(reply);
	name = g_dbus_error_get_remote_error(error);
	g_assert_cmpstr(name, ==, INVALID);
	g_assert_nonnull(strstr(error->message, "LifetimeFd"));
	after = rig_state(rig);
	g_assert_cmpstr(before, ==, after);
}

static void descriptors(Rig *rig)
{
	int ends[2];

	refuse_descriptor(rig, open("/run/netfilterd.conf", O_RDONLY | O_CLOEXEC), "'LifetimeFd': <handle 0>");
	refuse_descriptor(rig, open("/run", O_RDONLY | O_CLOEXEC), "'LifetimeFd': <handle 0>");
	g_assert_cmpint(pipe(ends), ==, 0);
	close(ends[1]);
	refuse_descriptor(rig, ends[0], "'LifetimeFd': <handle 0>, 'Persistent': <true>");
}

/* Endpoints given with a network live as it does, unless they say otherwise, in whatever order it is said. */
static void lifetimes_of_endpoints(Rig *rig)
{
	static const struct {
		const char *network, *endpoint;
		bool persistent, owned;
	} cases[] = {
		{ "", "", false, true },
		{ ", 'Persistent': <true>", "", true, false },
		{ ", 'Persistent': <false>", "", false, true },
		{ ", 'TimeoutUSec': <uint64 3600000000>", "", false, true },
		{ ", 'Persistent': <true>, 'TimeoutUSec': <uint64 3600000000>", "", true, false },
		{ ", 'Persistent': <true>", ", 'Persistent': <false>", false, true },
		{ ", 'Persistent': <true>", ", 'TimeoutUSec': <uint64 3600000000>", false, true },
		{ "", ", 'Persistent': <true>", true, false },
		{ ", 'Persistent': <true>", ", 'Ports': <[('tcp', '', 80, 80, 1)]>", true, false },
	};
	g_autofree char *name = g_strdup_printf("'%s'", g_dbus_connection_get_unique_name(rig->bus));

	for (guint i = 0; i < 2 * G_N_ELEMENTS(cases); i++) {
		guint c = i / 2;
		g_autofree char *endpoints = g_strdup_printf(
			", 'Endpoints': <[('app', {'Addresses': <['172.18.0.2']>%s})]>", cases[c].endpoint);
		g_autofree char *arguments =
			g_strdup_printf("'web', {'Subnets': <['172.18.0.0/16']>%s%s}",
					i % 2 ? endpoints : cases[c].network, i % 2 ? cases[c].network : endpoints);

		g_test_message("%s", arguments);
		done(rig, "", "Manager", "CreateNetwork", "sa{sv}", arguments);
		property_is(rig, cases[c].persistent ? "true" : "false", APP, "Endpoint", "Persistent");
		property_is(rig, cases[c].owned ? name : "''", APP, "Endpoint", "Owner");
		done(rig, WEB, "Network", "Delete", "", "");
	}
}

/* The descriptor that the network lives with is its endpoints', too: neither goes with the client. */
static void descriptor_of_endpoints(Rig *rig)
{
	GDBusConnection *client = connection_new();
	g_autoptr(GUnixFDList) fds = NULL;
	g_autoptr(GVariant) reply = NULL;
	g_autoptr(GError) error = NULL;
	int ends[2];

	g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
	fds = g_unix_fd_list_new_from_array(ends, 1);
	reply = ask_with_fds(client, "", "Manager", "CreateNetwork", "sa{sv}",
			     "'web', {'Subnets': <['172.18.0.0/16']>, 'LifetimeFd': <handle 0>,"
			     " 'Endpoints': <[('app', {'Addresses': <['172.18.0.2']>}),"
			     " ('own', {'Addresses': <['172.18.0.3']>, 'Persistent': <false>})]>}",
			     fds, &error);
	g_assert_no_error(error);
	exists(rig, WEB "/endpoint/own");
	property_is(rig, "''", WEB, "Network", "Owner");
	property_is(rig, "''", APP, "Endpoint", "Owner");
	connection_close(client);
	goes(rig, WEB "/endpoint/own");
	exists(rig, APP);
	close(ends[1]);
	goes(rig, APP);
	goes(rig, WEB);
}

static const BusTest tests[] = {
	{ "/bus/settings-endpoint/addresses", addresses },
	{ "/bus/settings-endpoint/mappings", mappings, "MaxPorts=200000\nMaxPortsPerCall=200000" },
	{ "/bus/settings-endpoint/links", links },
	{ "/bus/settings-endpoint/ingresses", ingresses },
	{ "/bus/settings-endpoint/descriptors", descriptors },
	{ "/bus/settings-endpoint/lifetimes-of-endpoints", lifetimes_of_endpoints },
	{ "/bus/settings-endpoint/descriptor-of-endpoints", descriptor_of_endpoints },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
