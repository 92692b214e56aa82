/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bus/refusal.h"

#include <glib/gstdio.h>
#include <string.h>

/* The address of the host that what leaves a network has: what is taken for one, and what is not. */

#define UNIT "/run/netfilterd-units/etc/netfilterd/file.network"

/* Nobody's, whoever asks. */
static const Bad addresses[] = {
	{ "['']", "\"\" is not an address" },
	{ "['banana']", "banana" },
	{ "['192.0.2.1/24']", "192.0.2.1/24" },
	{ "['192.0.2.1 ']", "192.0.2.1 " },
	{ "['uplink']", "uplink" },
	{ "['192.0.2.1', '192.0.2.1']", "\"192.0.2.1\" is a second ipv4 address" },
	{ "['192.0.2.1', '192.0.2.7']", "\"192.0.2.7\" is a second ipv4 address" },
	{ "['0.0.0.0']", "\"0.0.0.0\" is in 0.0.0.0/8" },
	{ "['127.0.0.1']", "loopback" },
	{ "['169.254.0.1']", "link-local" },
	{ "['224.0.0.1']", "multicast" },
	{ "['240.0.0.1']", "reserved" },
	{ "['255.255.255.255']", "reserved" },
	{ "['::1']", "loopback" },
	{ "['::ffff:192.0.2.1']", "IPv4 in IPv6" },
	{ "['fe80::1']", "link-local" },
	{ "['ff02::1']", "multicast" },
	{ "['192.0.2.9']", "\"192.0.2.9\" is not an address of this host" },
	{ "['192.0.2.254']", "\"192.0.2.254\" is not an address of this host" },
	{ "['172.18.0.2']", "\"172.18.0.2\" is not an address of this host" },
	{ "['172.18.0.1']", "\"172.18.0.1\" is the gateway of a network" },
};

/* Of the host, and nothing for a network that is made like this. */
static const Bad settings[] = {
	{ "'SourceAddress': <'192.0.2.1'>", "SourceAddress" },
	{ "'SourceAddress': <[1]>", "SourceAddress" },
	{ "'SourceAddress': <['2001:db8:1::1']>", "\"2001:db8:1::1\": the network has no ipv6 subnet" },
	{ "'SourceAddress': <['192.0.2.1']>, 'Internal': <true>", "\"192.0.2.1\": the network is internal" },
	{ "'SourceAddress': <['192.0.2.1']>, 'GatewayMode': <'routed'>",
	  "\"192.0.2.1\": the network is routed in ipv4" },
	{ "'SourceAddress': <['192.0.2.1']>, 'GatewayMode': <'open'>", "\"192.0.2.1\": the network is open in ipv4" },
	{ "'SourceAddress': <['192.0.2.1']>, 'GatewayMode': <'isolated'>",
	  "\"192.0.2.1\": the network is isolated in ipv4" },
	{ "'SourceAddress': <['192.0.2.1']>, 'Masquerade': <false>", "Masquerade is false" },
};

static void refusals(Rig *rig)
{
	refusal_world(rig);
	REFUSE_ALL("", "Manager", "CreateNetwork", "sa{sv}",
		   "'new', {'Subnets': <['172.19.0.0/16']>, 'SourceAddress': <%s>}", addresses);
	REFUSE_ALL("", "Manager", "EnsureNetwork", "sa{sv}",
		   "'new', {'Subnets': <['172.19.0.0/16']>, 'SourceAddress': <%s>}", addresses);
	REFUSE_ALL("", "Manager", "PreviewNetwork", "sa{sv}",
		   "'new', {'Subnets': <['172.19.0.0/16']>, 'SourceAddress': <%s>}", addresses);
	REFUSE_ALL(WEB, "Network", "Update", "a{sv}", "{'HostBinding': <'192.0.2.1'>, 'SourceAddress': <%s>}",
		   addresses);
	REFUSE_ALL("", "Manager", "CreateNetwork", "sa{sv}", "'new', {'Subnets': <['172.19.0.0/16']>, %s}", settings);
	refused(rig, INVALID, "\"2001:db8:1::1\": the network is routed in ipv6", "", "Manager", "CreateNetwork",
		"sa{sv}",
		"'new', {'Subnets': <['172.19.0.0/16', 'fd00:19::/64']>, 'GatewayModes': <{'ipv6': 'routed'}>,"
		" 'SourceAddress': <['192.0.2.1', '2001:db8:1::1']>}");
	refused(rig, INVALID, "\"192.0.2.1\": the network is internal", INNER, "Network", "Update", "a{sv}",
		"{'SourceAddress': <['192.0.2.1']>}");
	refused(rig, INVALID, "\"2001:db8:1::1\": the network has no ipv6 subnet", INNER, "Network", "Update", "a{sv}",
		"{'SourceAddress': <['2001:db8:1::1']>}");
}

/* In steps: each is made to what those before it left. */
static void updates(Rig *rig)
{
	static const struct {
		const char *settings;
		const char *names; /* of the error; NULL: none */
		const char *value; /* of the property, then and after a restart */
	} steps[] = {
		{ "{'SourceAddress': <['192.0.2.1']>}", NULL, "['192.0.2.1']" },
		{ "{'Masquerade': <false>}", "Masquerade is false", "['192.0.2.1']" },
		{ "{'Masquerade': <false>, 'SourceAddress': <['192.0.2.1']>}", "Masquerade is false", "['192.0.2.1']" },
		{ "{'SourceAddress': <['2001:db8:1::1', '192.0.2.7']>}", NULL, "['192.0.2.7', '2001:db8:1::1']" },
		{ "{'HostBinding': <'192.0.2.1'>}", NULL, "['192.0.2.7', '2001:db8:1::1']" },
		{ "{'Masquerade': <false>, 'SourceAddress': <@as []>}", NULL, "[]" },
		{ "{'SourceAddress': <['192.0.2.7']>}", "Masquerade is false", "[]" },
		{ "{'Masquerade': <true>, 'SourceAddress': <['192.0.2.7']>}", NULL, "['192.0.2.7']" },
	};

	netns_run(rig->host, "ip address add 192.0.2.7/32 dev uplink");
	refusal_world(rig);
	for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_test_message("%s", steps[i].settings);
		if (steps[i].names)
			refused(rig, INVALID, steps[i].names, WEB, "Network", "Update", "a{sv}", steps[i].settings);
		else
			done(rig, WEB, "Network", "Update", "a{sv}", steps[i].settings);
		property_is(rig, steps[i].value, WEB, "Network", "SourceAddress");
		rig_restart(rig);
		property_is(rig, steps[i].value, WEB, "Network", "SourceAddress");
	}
	/* What it has it keeps when the host has it no more; it gets no other that is not the host's. */
	netns_run(rig->host, "ip address del 192.0.2.7/32 dev uplink");
	done(rig, WEB, "Network", "Update", "a{sv}", "{'SourceAddress': <['192.0.2.7']>}");
	done(rig, WEB, "Network", "Update", "a{sv}", "{'SourceAddress': <['192.0.2.7', '2001:db8:1::1']>}");
	done(rig, WEB, "Network", "Update", "a{sv}", "{'SourceAddress': <['192.0.2.1']>}");
	refused(rig, INVALID, "\"192.0.2.7\" is not an address of this host", WEB, "Network", "Update", "a{sv}",
		"{'SourceAddress': <['192.0.2.7']>}");
}

/* An address that is on no wire, and one beside it that a peer has. */
static void any_interface(Rig *rig)
{
	netns_run(rig->host, "ip address add 203.0.113.1/32 dev lo");
	netns_run(rig->host, "ip address add 203.0.113.5 peer 203.0.113.6 dev uplink");
	refusal_world(rig);
	done(rig, WEB, "Network", "Update", "a{sv}", "{'SourceAddress': <['203.0.113.1']>}");
	done(rig, WEB, "Network", "Update", "a{sv}", "{'SourceAddress': <['203.0.113.5']>}");
	refused(rig, INVALID, "\"203.0.113.6\" is not an address of this host", WEB, "Network", "Update", "a{sv}",
		"{'SourceAddress': <['203.0.113.6']>}");
	netns_run(rig->host, "ip address del 203.0.113.1/32 dev lo");
}

static void put(const char *source)
{
	g_autofree char *directory = g_path_get_dirname(UNIT);
	g_autofree char *text = g_strdup_printf("[Network]\nSubnet=172.21.0.0/16\n%s", source);

	g_assert_no_errno(g_mkdir_with_parents(directory, 0755));
	g_assert_true(g_file_set_contents(UNIT, text, -1, NULL));
}

/* A file is read at the boot, before the host has its addresses. */
static void files(Rig *rig)
{
	static const struct {
		const char *lines, *value;
	} steps[] = {
		{ "SourceAddress=192.0.2.9\n", "['192.0.2.9']" },
		{ "SourceAddress=192.0.2.9\nSourceAddress=\n", "[]" },
		{ "SourceAddress=192.0.2.1\n", "['192.0.2.1']" },
		/* Not understood: what was said before stays. */
		{ "SourceAddress=127.0.0.1\n", "['192.0.2.1']" },
		{ "SourceAddress=192.0.2.9\nMasquerade=no\n", "['192.0.2.1']" },
		{ "SourceAddress=192.0.2.9\n", "['192.0.2.9']" },
		{ "Masquerade=no\n", "[]" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_test_message("%s", steps[i].lines);
		put(steps[i].lines);
		done(rig, "", "Manager", "Reload", "", "");
		property_is(rig, steps[i].value, "/network/file", "Network", "SourceAddress");
	}
	g_assert_no_errno(g_unlink(UNIT));
}

static const BusTest tests[] = {
	{ "/bus/source-address/refusals", refusals },
	{ "/bus/source-address/updates", updates },
	{ "/bus/source-address/any-interface", any_interface },
	{ "/bus/source-address/files", files },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
