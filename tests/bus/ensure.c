/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/signals.h"

#include <string.h>

#define WEB "/network/web"
#define APP WEB "/endpoint/app"
#define PORT(host, port) "('tcp', '', uint16 " host ", uint16 " port ", uint16 1)"
#define NETWORK                                                                                                 \
	"'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, 'HostBinding': <'192.0.2.1'>, 'Masquerade': <false>, " \
	"'Labels': <{'a': 'b'}>"
#define ENDPOINT                                                                                 \
	"'Addresses': <['172.18.0.2', 'fd00:18::2']>, 'Labels': <{'a': 'b'}>, 'Ports': <[" PORT( \
		"8080",                                                                          \
		"80") ", " PORT("0", "81") ", " PORT("9000",                                     \
						     "80") ", ('udp', '192.0.2.1', uint16 53, uint16 53, uint16 2)]>"

static void ensure(Rig *rig, const char *created, const char *path, const char *settings)
{
	bool of_network = strcmp(path, WEB) == 0;
	g_autofree char *reply = g_strdup_printf("('" ROOT "%s', %s)", path, created);
	g_autofree char *arguments = g_strdup_printf("'%s', {%s}", strrchr(path, '/') + 1, settings);

	answers(rig, reply, of_network ? "" : WEB, of_network ? "Manager" : "Network",
		of_network ? "EnsureNetwork" : "EnsureEndpoint", "sa{sv}", arguments);
}

static void equal(Rig *rig)
{
	g_autofree char *before = NULL, *after = NULL;

	ensure(rig, "true", WEB, NETWORK);
	ensure(rig, "true", APP, ENDPOINT);
	before = rig_state(rig);
	ensure(rig, "false", WEB, NETWORK);
	ensure(rig, "false", APP, ENDPOINT);
	/* The defaults are as good as said, and the order does not matter. */
	ensure(rig, "false", WEB,
	       "'Labels': <{'a': 'b'}>, 'Masquerade': <false>, 'Bridge': <'br-web'>, 'Internal': <false>, "
	       "'InterContainerCommunication': <true>, 'HostBinding': <'192.0.2.1'>, "
	       "'Gateways': <['fd00:18::1', '172.18.0.1']>, 'Subnets': <['fd00:18:0::/64', '172.18.0.0/16']>");
	ensure(rig, "false", APP,
	       "'Labels': <{'a': 'b'}>, 'Addresses': <['fd00:18::2', '172.18.0.2']>, "
	       "'Ports': <[('udp', '192.0.2.1', uint16 53, uint16 53, uint16 2), " PORT("0", "80") ", " PORT(
		       "9000", "80") ", ('tcp', '192.0.2.1', uint16 0, uint16 81, uint16 1)]>");
	after = rig_state(rig);
	g_assert_cmpstr(before, ==, after);
	rig_restart(rig);
	ensure(rig, "false", WEB, NETWORK);
	ensure(rig, "false", APP, ENDPOINT);
}

static void expect_difference(Rig *rig, const char *setting, const char *path, const char *settings)
{
	bool of_network = strcmp(path, WEB) == 0;
	g_autofree char *names = g_strconcat(setting, ": ", NULL);
	g_autofree char *arguments = g_strdup_printf("'%s', {%s}", strrchr(path, '/') + 1, settings);

	refused(rig, of_network ? OURS("NetworkExists") : OURS("EndpointExists"), names, of_network ? "" : WEB,
		of_network ? "Manager" : "Network", of_network ? "EnsureNetwork" : "EnsureEndpoint", "sa{sv}",
		arguments);
}

static void different(Rig *rig)
{
	static const struct {
		const char *setting, *settings;
	} networks[] = {
		{ "Subnets", "'Subnets': <['172.18.0.0/16']>" },
		{ "Subnets", "'Subnets': <['172.18.0.0/17', 'fd00:18::/64']>" },
		{ "Gateways", NETWORK ", 'Gateways': <['172.18.0.9']>" },
		{ "Bridge", NETWORK ", 'Bridge': <'br0'>" },
		{ "GatewayModes", NETWORK ", 'GatewayModes': <{'ipv6': 'open'}>" },
		{ "Internal", NETWORK ", 'Internal': <true>" },
		{ "InterContainerCommunication", NETWORK ", 'InterContainerCommunication': <false>" },
		{ "Masquerade", "'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>" },
		{ "HostBinding", "'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, 'Masquerade': <false>" },
		{ "SourceAddress", "'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, 'HostBinding': <'192.0.2.1'>, "
				   "'SourceAddress': <['192.0.2.1']>" },
		{ "Zone", NETWORK ", 'Zone': <''>" },
		{ "Labels", "'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, 'HostBinding': <'192.0.2.1'>, "
			    "'Masquerade': <false>" },
		{ "Persistent", NETWORK ", 'Persistent': <true>" },
	}, endpoints[] = {
#define ADDRESSES "'Addresses': <['172.18.0.2', 'fd00:18::2']>, 'Labels': <{'a': 'b'}>"
#define UDP ", ('udp', '192.0.2.1', uint16 53, uint16 53, uint16 2)]>"
		{ "Addresses", "'Addresses': <['172.18.0.2']>" },
		{ "Addresses", "'Addresses': <['172.18.0.2', 'fd00:18::3']>" },
		{ "Addresses", "'Addresses': <['172.18.0.2', '172.18.0.2']>" },
		{ "Addresses", "" },
		{ "Ports", ADDRESSES },
		{ "Ports", ADDRESSES ", 'Ports': <[" PORT("8080", "80") "]>" },
		{ "Ports", ADDRESSES ", 'Ports': <[" PORT("8080", "80") ", " PORT("0", "81") ", " PORT("9001", "80") UDP },
		{ "Ports", ADDRESSES ", 'Ports': <[" PORT("0", "80") ", " PORT("0", "81") ", " PORT("0", "81") UDP },
		{ "Ports", ADDRESSES ", 'Ports': <[" PORT("0", "80") ", " PORT("0", "80") ", " PORT("0", "80") UDP },
		{ "Ports", ADDRESSES ", 'Ports': <[" PORT("8080", "80") ", " PORT("8080", "80") ", " PORT("0", "81") UDP },
		{ "Ports", ADDRESSES ", 'Ports': <[" PORT("0", "80") ", " PORT("0", "82") ", " PORT("0", "80") UDP },
		{ "Labels", "'Addresses': <['172.18.0.2', 'fd00:18::2']>, 'Ports': <[" PORT("8080", "80") ", "
			    PORT("0", "81") ", " PORT("9000", "80") UDP },
		{ "Persistent", ENDPOINT ", 'Persistent': <true>" },
	};

	ensure(rig, "true", WEB, NETWORK);
	ensure(rig, "true", APP, ENDPOINT);
	for (guint i = 0; i < G_N_ELEMENTS(networks); i++)
		expect_difference(rig, networks[i].setting, WEB, networks[i].settings);
	for (guint i = 0; i < G_N_ELEMENTS(endpoints); i++)
		expect_difference(rig, endpoints[i].setting, APP, endpoints[i].settings);
	refused(rig, STANDARD("InvalidArgs"), "Subnets", "", "Manager", "EnsureNetwork", "sa{sv}", "'web', {}");
	refused(rig, STANDARD("InvalidArgs"), "\"Nothing\"", "", "Manager", "EnsureNetwork", "sa{sv}",
		"'web', {" NETWORK ", 'Nothing': <1>}");
	refused(rig, OURS("AddressInUse"), "172.18.0.2", WEB, "Network", "EnsureEndpoint", "sa{sv}",
		"'other', {'Addresses': <['172.18.0.2']>}");
}

/* Of a list those that lack are created, all or none. */
static void with_endpoints(Rig *rig)
{
#define LIST(more) NETWORK ", 'Endpoints': <[('app', {'Addresses': <['172.18.0.2']>})" more "]>"

	ensure(rig, "true", WEB, LIST(""));
	ensure(rig, "false", WEB, LIST(", ('db', @a{sv} {'Addresses': <['172.18.0.3']>})"));
	property_is(rig, "['172.18.0.3']", WEB "/endpoint/db", "Endpoint", "Addresses");
	property_is(rig, "{'a': 'b'}", WEB "/endpoint/db", "Endpoint", "Labels");
	refused(rig, OURS("EndpointExists"), "Addresses: ", "", "Manager", "EnsureNetwork", "sa{sv}",
		"'web', {" LIST(
			", ('new', {'Addresses': <['172.18.0.4']>}), ('db', {'Addresses': <['172.18.0.5']>})") "}");
	gone(rig, WEB "/endpoint/new");
}

static void deleted_by_name(Rig *rig)
{
	ensure(rig, "true", WEB, NETWORK);
	ensure(rig, "true", APP, ENDPOINT);
	answers(rig, "()", WEB, "Network", "DeleteEndpoint", "s", "'app'");
	gone(rig, APP);
	answers(rig, "()", WEB, "Network", "DeleteEndpoint", "s", "'app'");
	answers(rig, "()", WEB, "Network", "DeleteEndpoint", "s", "''");
	refused(rig, STANDARD("UnknownObject"), "other", "/network/other", "Network", "DeleteEndpoint", "s", "'app'");
}

static void retained(Rig *rig)
{
	g_autofree char *before = NULL, *after = NULL;
	g_autoptr(GArray) commits = NULL;
	Signals *signals;

	ensure(rig, "true", WEB, NETWORK);
	ensure(rig, "true", APP, ENDPOINT);
	before = rig_state(rig);
	done(rig, WEB, "Network", "CreateEndpoints", "a(sa{sv})",
	     "[('x', {'Addresses': <['172.18.0.3']>, 'Ports': <[" PORT(
		     "90", "80") "]>}), "
				 "('y', {'Addresses': <['172.18.0.4']>, 'Ports': <[" PORT(
					 "91", "80") "]>}), "
						     "('z', {'Addresses': <['172.18.0.5']>})]");
	signals = signals_new(rig);
	answers(rig, "(3,)", WEB, "Network", "Retain", "as", "['app', 'nobody', 'app']");
	commits = signals_take_commits(signals);
	g_assert_cmpuint(commits->len, ==, 1);
	signals_free(signals);
	after = rig_state(rig);
	g_assert_cmpstr(before, ==, after);
	answers(rig, "(0,)", WEB, "Network", "Retain", "as", "['app']");
	answers(rig, "(1,)", WEB, "Network", "Retain", "as", "[]");
	gone(rig, APP);
	answers(rig, "(0,)", WEB, "Network", "Retain", "as", "[]");
}

static const BusTest tests[] = {
	{ "/bus/ensure/equal", equal },
	{ "/bus/ensure/different", different },
	{ "/bus/ensure/with-endpoints", with_endpoints },
	{ "/bus/ensure/deleted-by-name", deleted_by_name },
	{ "/bus/ensure/retained", retained },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
