/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bus/refusal.h"

#include <string.h>

/* --- names --- */

#define BYTES_16 "abcdefghijklmnop"
#define BYTES_64 BYTES_16 BYTES_16 BYTES_16 BYTES_16

static void names(Rig *rig)
{
	static const Bad bad[] = {
		{ "''", "empty" },
		{ "'" BYTES_64 "x'", BYTES_16 },
		{ "'a\\nb'", "printed" },
		{ "'\\u0007'", "printed" },
		{ "'\\u007f'", "printed" },
		{ "'\\u0085'", "printed" },
		{ "'\\u200b'", "printed" },
		{ "'\\u202e'", "printed" },
		{ "'a\\u2028b'", "printed" },
		{ "'\\u2029'", "printed" },
		{ "'\\ue000'", "printed" },
		{ "'a\\u2066b'", "printed" },
		{ "'\\ufeff'", "printed" },
		{ "'a\\u00adb'", "printed" },
		{ "'a\\u061c'", "printed" },
		{ "'\\U000f0000'", "printed" },
	};
	static const char *const good[] = {
		"'" BYTES_64 "'", "'a/b'", "'a_2fb'", "'_'", "'a b'", "'.'", "'..'", "'1'", "'-j'", "'%s'", "'é€𝄞'",
	};
	/* Names that differ are different objects, however they are written in a path. */
	for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autofree char *arguments = g_strdup_printf("%s, {'Subnets': <['10.0.%u.0/24']>}", good[i], i);
		g_autoptr(GVariant) reply = ask(rig, "", "Manager", "CreateNetwork", "sa{sv}", arguments);
		g_autofree char *name = NULL, *text = NULL;
		const char *path;

		if (!reply)
			continue;
		g_variant_get(reply, "(&o)", &path);
		name = property(rig, path + strlen(ROOT), "Network", "Name");
		g_assert_cmpstr(name, ==, good[i]);
		done(rig, path + strlen(ROOT), "Network", "GetRules", "", "");
		g_free(arguments);
		arguments = g_strdup_printf("%s, {'Addresses': <['10.0.%u.2']>}", good[i], i);
		done(rig, path + strlen(ROOT), "Network", "CreateEndpoint", "sa{sv}", arguments);
		text = g_variant_print(reply, FALSE);
		answers(rig, text, "", "Manager", "GetNetwork", "s", good[i]);
	}
	REFUSE_ALL("", "Manager", "CreateNetwork", "sa{sv}", "%s, {'Subnets': <['10.1.0.0/24']>}", bad);
	REFUSE_ALL("", "Manager", "CreateIngress", "sa{sv}", "%s, {'Gateway': <'10.0.0.2'>}", bad);
	REFUSE_ALL("/network/_2e", "Network", "CreateEndpoint", "sa{sv}", "%s, {'Addresses': <['10.0.5.9']>}", bad);
	refused(rig, OURS("NetworkExists"), "\"a/b\"", "", "Manager", "CreateNetwork", "sa{sv}",
		"'a/b', {'Subnets': <['10.1.0.0/24']>}");
	refused(rig, OURS("NetworkExists"), "\"a/b\"", "", "Manager", "PreviewNetwork", "sa{sv}",
		"'a/b', {'Subnets': <['10.1.0.0/24']>}");
}

/* --- networks --- */

static void network_types(Rig *rig)
{
	static const Bad bad[] = {
		{ "{'Bridge': <uint16 1>}", "Bridge" },
		{ "{'Subnets': <'172.19.0.0/16'>}", "Subnets" },
		{ "{'Subnets': <[1, 2]>}", "Subnets" },
		{ "{'Subnets': <@ao []>}", "Subnets" },
		{ "{'Gateways': <'172.19.0.1'>}", "Gateways" },
		{ "{'Internal': <'yes'>}", "Internal" },
		{ "{'Internal': <uint32 1>}", "Internal" },
		{ "{'GatewayMode': <true>}", "GatewayMode" },
		{ "{'GatewayModes': <['nat']>}", "GatewayModes" },
		{ "{'Subnets': <['172.19.0.0/16']>, 'GatewayMode': <'bridge'>}",
		  "GatewayMode: \"bridge\" is not nat, " },
		{ "{'Subnets': <['172.19.0.0/16']>, 'GatewayMode': <''>}", "GatewayMode: \"\" is not nat, " },
		{ "{'Subnets': <['172.19.0.0/16']>, 'GatewayModes': <{'ipv4': 'Nat'}>}",
		  "GatewayModes: \"Nat\" is not " },
		{ "{'Subnets': <['172.19.0.0/16']>, 'GatewayModes': <{'inet': 'nat'}>}",
		  "\"inet\" is not ipv4 or ipv6" },
		{ "{'Subnets': <['172.19.0.0/16']>, 'GatewayModes': <{'ipv6': 'nat'}>}", "network has no ipv6 subnet" },
		{ "{'Subnets': <['172.19.0.0/16']>, 'GatewayMode': <'open'>, 'GatewayModes': <{'ipv4': 'nat'}>}",
		  "GatewayMode: \"open\" is given beside GatewayModes" },
		{ "{'Subnets': <['172.19.0.0/16']>, 'GatewayMode': <'routed'>, 'Internal': <true>}",
		  "GatewayMode: \"routed\": the network is internal" },
		{ "{'Subnets': <['172.19.0.0/16']>, 'GatewayMode': <'isolated'>, 'Gateways': <['172.19.0.1']>}",
		  "Gateways: \"172.19.0.1\": the network is isolated in ipv4" },
		{ "{'Subnets': <['172.19.0.0/16']>, 'GatewayMode': <'routed'>, 'HostBinding': <'127.0.0.1'>}",
		  "HostBinding: \"127.0.0.1\": the network is routed" },
		{ "{'Subnets': <['172.19.0.0/16']>, 'GatewayMode': <'routed'>, 'Endpoints': <[('a', {'Addresses': "
		  "<['172.19.0.2']>, 'Ports': <[('tcp', '127.0.0.1', uint16 0, uint16 80, uint16 1)]>})]>}",
		  "is routed, its ports have no host address" },
		{ "{'Subnets': <['172.19.0.0/16']>, 'GatewayMode': <'open'>, 'Endpoints': <[('a', {'Addresses': "
		  "<['172.19.0.2']>, 'Ports': <[('tcp', '', uint16 8080, uint16 80, uint16 1)]>})]>}",
		  "is open, its host ports are 0 or the endpoint's" },
		{ "{'InterContainerCommunication': <1>}", "InterContainerCommunication" },
		{ "{'Masquerade': <'true'>}", "Masquerade" },
		{ "{'HostBinding': <['192.0.2.1']>}", "HostBinding" },
		{ "{'Endpoints': <[('a', 'b')]>}", "Endpoints" },
		{ "{'Persistent': <'yes'>}", "Persistent" },
		{ "{'LifetimeFd': <1>}", "LifetimeFd" },
		{ "{'TimeoutUSec': <uint64 0>}", "TimeoutUSec" },
		{ "{'Subnet': <['172.19.0.0/16']>}", "\"Subnet\"" },
		{ "{'subnets': <['172.19.0.0/16']>}", "\"subnets\"" },
		{ "{'': <true>}", "\"\"" },
		{ "{'Subnets': <['172.19.0.0/16']>, 'Subnets': <['172.21.0.0/16']>}", "Subnets" },
		{ "{'Subnets': <['172.19.0.0/16']>, 'Ports': <[('tcp', uint16 1)]>}", "Ports" },
		{ "{'Subnets': <['172.19.0.0/16']>, 'Internal': <<true>>}", "Internal" },
	};

	refusal_world(rig);
	REFUSE_ALL("", "Manager", "CreateNetwork", "sa{sv}", "'new', %s", bad);
	REFUSE_ALL("", "Manager", "PreviewNetwork", "sa{sv}", "'new', %s", bad);
}

static void subnets(Rig *rig)
{
	static const Bad bad[] = {
		{ "@as []", "Subnets" },
		{ "['']", "\"\"" },
		{ "['banana']", "banana" },
		{ "['172.19.0.0']", "172.19.0.0" },
		{ "['172.19.0.0/']", "172.19.0.0/" },
		{ "['/16']", "/16" },
		{ "['172.19.0.0/ 16']", "172.19.0.0/ 16" },
		{ "['172.19.0.0/+16']", "/+16" },
		{ "['172.19.0.0/016']", "/016" },
		{ "['172.19.0.0/16 ']", "172.19.0.0/16 " },
		{ "['172.19.0/16']", "172.19.0/16" },
		{ "['172.19.0.0/255.255.0.0']", "255.255.0.0" },
		{ "['10.0.0.0/0']", "10.0.0.0/0" },
		{ "['0.0.0.0/0']", "0.0.0.0/0" },
		{ "['0.0.0.0/8']", "0.0.0.0/8" },
		{ "['10.0.0.0/7']", "10.0.0.0/7" },
		{ "['10.0.0.0/32']", "10.0.0.0/32" },
		{ "['10.0.0.0/33']", "10.0.0.0/33" },
		{ "['10.0.0.0/-1']", "10.0.0.0/-1" },
		{ "['10.0.0.0/4294967312']", "10.0.0.0/4294967312" },
		{ "['0.1.2.3/8']", "0.1.2.3/8" },
		{ "['169.0.0.0/8']", "169.0.0.0/8" },
		{ "['240.0.0.0/8']", "240.0.0.0/8" },
		{ "['255.255.255.0/24']", "255.255.255.0/24" },
		{ "['::2/16']", "::2/16" },
		{ "['::1:0/112']", "::1:0/112" },
		{ "['::ffff:0:0/96']", "::ffff:0:0/96" },
		{ "['fe00::/16']", "fe00::/16" },
		{ "['127.0.0.0/8']", "127.0.0.0/8" },
		{ "['127.1.0.0/16']", "127.1.0.0/16" },
		{ "['224.0.0.0/24']", "224.0.0.0/24" },
		{ "['169.254.0.0/16']", "169.254.0.0/16" },
		{ "['::/64']", "::/64" },
		{ "['::1/64']", "::1/64" },
		{ "['fe80::/64']", "fe80::/64" },
		{ "['ff02::/64']", "ff02::/64" },
		{ "['fd00::/128']", "fd00::/128" },
		{ "['fd00::/129']", "fd00::/129" },
		{ "['fd00::%lo/64']", "fd00::%lo/64" },
		{ "['172.19.0.0/16', '172.21.0.0/16']", "172.21.0.0/16" },
		{ "['fd00:1::/64', 'fd00:2::/64']", "fd00:2::/64" },
		{ "['172.19.0.0/16', '172.19.0.0/16']", "172.19.0.0/16" },
		{ "['172.18.0.0/16']", "172.18.0.0/16", OURS("SubnetInUse") },
		{ "['172.18.5.0/24']", "172.18.5.0/24", OURS("SubnetInUse") },
		{ "['172.16.0.0/12']", "172.16.0.0/12", OURS("SubnetInUse") },
		{ "['10.0.0.0/8', 'fd00:18::/48']", "fd00:18::/48", OURS("SubnetInUse") },
		{ "['172.20.128.0/17']", "172.20.128.0/17", OURS("SubnetInUse") },
	};
	static const struct {
		const char *given, *taken, *gateway;
	} good[] = {
		{ "10.0.0.0/8", "10.0.0.0/8", "10.0.0.1" },
		{ "10.0.0.0/30", "10.0.0.0/30", "10.0.0.1" },
		{ "10.1.2.3/24", "10.1.2.0/24", "10.1.2.1" },
		{ "fd00:99::5/126", "fd00:99::4/126", "fd00:99::5" },
		{ "FD00:99::/64", "fd00:99::/64", "fd00:99::1" },
		{ "10.0.0.3/31", "10.0.0.2/31", "10.0.0.2" },
		{ "fd00:99::7/127", "fd00:99::6/127", "fd00:99::6" },
	};

	refusal_world(rig);
	REFUSE_ALL("", "Manager", "CreateNetwork", "sa{sv}", "'new', {'Subnets': <%s>}", bad);
	refused(rig, INVALID, "Subnets", "", "Manager", "CreateNetwork", "sa{sv}", "'new', {}");
	for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autofree char *arguments = g_strdup_printf("'new', {'Subnets': <['%s']>}", good[i].given);
		g_autofree char *subnet = g_strdup_printf("['%s']", good[i].taken);
		g_autofree char *gateway = g_strdup_printf("['%s']", good[i].gateway);

		done(rig, "", "Manager", "CreateNetwork", "sa{sv}", arguments);
		property_is(rig, subnet, "/network/new", "Network", "Subnets");
		property_is(rig, gateway, "/network/new", "Network", "Gateways");
		done(rig, "/network/new", "Network", "Delete", "", "");
	}
}

static void gateways(Rig *rig)
{
	static const Bad bad[] = {
		{ "['banana']", "banana" },
		{ "['']", "\"\"" },
		{ "['172.19.0.1/16']", "172.19.0.1/16" },
		{ "['172.21.0.1']", "172.21.0.1" },
		{ "['172.19.0.0']", "172.19.0.0" },
		{ "['172.19.255.255']", "172.19.255.255" },
		{ "['fd00::1']", "fd00::1" },
		{ "['172.19.0.1', '172.19.0.2']", "172.19.0.2" },
	};

	refusal_world(rig);
	REFUSE_ALL("", "Manager", "CreateNetwork", "sa{sv}",
		   "'new', {'Subnets': <['172.19.0.0/16']>, 'Gateways': <%s>}", bad);
	refused(rig, INVALID, "fd00:19::", "", "Manager", "CreateNetwork", "sa{sv}",
		"'new', {'Subnets': <['fd00:19::/64']>, 'Gateways': <['fd00:19::']>}");
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'new', {'Subnets': <['172.19.0.0/16', 'fd00:19::/64']>, 'Gateways': <['fd00:19::ffff:ffff']>}");
	property_is(rig, "['172.19.0.1', 'fd00:19::ffff:ffff']", "/network/new", "Network", "Gateways");
}

static void bridges(Rig *rig)
{
	static const Bad bad[] = {
		{ "'abcdefghijklmnop'", "abcdefghijklmnop" },
		{ "'a/b'", "a/b" },
		{ "'a b'", "a b" },
		{ "'a:b'", "a:b" },
		{ "'.'", "." },
		{ "'..'", ".." },
		{ "'br\\n'", "br" },
		{ "'br+'", "br+" },
		/* iptables-restore would read them as something else than iptables-save wrote. */
		{ "'br\"'", "br" },
		{ "'\"br'", "br" },
		{ "'br\\'x'", "br" },
		{ "'br\\\\'", "br" },
		{ "'br\\u0007'", "br" },
		{ "'br\\u001b'", "br" },
		{ "'br\\u007f'", "br" },
		{ "'br\\u0085'", "Bridge" },
		{ "'br\\u202e'", "Bridge" },
		{ "'br\\u2066'", "Bridge" },
		{ "'br\\u2028'", "Bridge" },
		{ "'br\\ue000'", "Bridge" },
		{ "'br\\ufeff'", "Bridge" },
		{ "'br\\u00a0'", "Bridge" },
		{ "'%d'", "%d" },
		{ "'br%d'", "br%d" },
		{ "'all'", "all" },
		{ "'default'", "default" },
		{ "'lo'", "lo" },
		{ "'uplink'", "uplink", OURS("BridgeInUse") },
		{ "'br0'", "br0", OURS("BridgeInUse") },
		{ "'br-inner'", "br-inner", OURS("BridgeInUse") },
	};
	g_autofree char *links = NULL;

	refusal_world(rig);
	REFUSE_ALL("", "Manager", "CreateNetwork", "sa{sv}", "'new', {'Subnets': <['172.19.0.0/16']>, 'Bridge': <%s>}",
		   bad);

	/* A name too long for an interface, or with what no interface has, gets one all the same. */
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'a long name with blanks', {'Subnets': <['172.19.0.0/16']>}");
	links = rig_links(rig);
	g_assert_nonnull(strstr(links, "172.19.0.1/16"));
}

/* One that exists is adopted and left alone. It has what endpoints need, or they would never reach anything. */
static void adopted_bridges(Rig *rig)
{
	static const struct {
		const char *addresses, *settings;
		const char *refused[2]; /* what the error names; NULL: it is adopted */
	} rows[] = {
		{ "", "'Subnets': <['172.19.0.0/16']>", { "no ipv4 address", "172.19.0.1" } },
		{ "", "'Subnets': <['fd00:19::/64']>", { "no ipv6 address", "fd00:19::1" } },
		{ "172.19.0.254/16", "'Subnets': <['172.19.0.0/16']>", { "172.19.0.254/16", "172.19.0.1" } },
		{ "10.9.0.1/16", "'Subnets': <['172.19.0.0/16']>", { "10.9.0.1/16", "172.19.0.1" } },
		{ "10.9.0.1/16 172.19.0.9/24",
		  "'Subnets': <['172.19.0.0/16']>",
		  { "10.9.0.1/16, 172.19.0.9/24", "172.19.0.1" } },
		{ "172.19.0.1/16",
		  "'Subnets': <['172.19.0.0/16', 'fd00:19::/64']>",
		  { "no ipv6 address", "fd00:19::1" } },
		{ "172.19.0.1/16",
		  "'Subnets': <['172.19.0.0/16']>, 'Gateways': <['172.19.0.254']>",
		  { "172.19.0.1/16", "172.19.0.254" } },
		{ "172.19.0.1/16", "'Subnets': <['172.19.0.0/16']>" },
		{ "172.19.0.1/24", "'Subnets': <['172.19.0.0/16']>", { "172.19.0.1/24", "172.19.0.1/16" } },
		{ "10.9.0.1/8 172.19.0.1/17",
		  "'Subnets': <['172.19.0.0/16']>",
		  { "10.9.0.1/8, 172.19.0.1/17", "with the whole subnet" } },
		{ "172.20.0.1/16 172.19.0.1/32",
		  "'Subnets': <['172.19.0.0/16']>",
		  { "172.19.0.1/32", "172.19.0.1/16" } },
		{ "172.19.0.1/16 fd00:19::1/80",
		  "'Subnets': <['172.19.0.0/16', 'fd00:19::/64']>",
		  { "fd00:19::1/80", "fd00:19::1/64" } },
		{ "172.19.0.1/24", "'Subnets': <['172.19.0.0/16']>, 'GatewayMode': <'routed'>", { "172.19.0.1/24" } },
		{ "10.9.0.1/16 172.19.0.1/16", "'Subnets': <['172.19.0.0/16']>" },
		{ "172.19.0.1/12", "'Subnets': <['172.19.0.0/16']>" },
		{ "172.19.0.254/16 172.19.0.1/32", "'Subnets': <['172.19.0.0/16']>" },
		{ "172.19.0.1/24", "'Subnets': <['172.19.0.0/16']>, 'Internal': <true>" },
		{ "172.19.0.1/16 fd00:19::1/64", "'Subnets': <['172.19.0.0/16', 'fd00:19::/64']>" },
		{ "172.19.0.254/16", "'Subnets': <['172.19.0.0/16']>, 'Gateways': <['172.19.0.254']>" },
		{ "172.19.0.0/31", "'Subnets': <['172.19.0.0/31']>" },
		{ "", "'Subnets': <['172.19.0.0/16', 'fd00:19::/64']>, 'Internal': <true>" },
	};

	refusal_world(rig);
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *arguments = g_strdup_printf("'new', {'Bridge': <'mine'>, %s}", rows[i].settings);
		g_auto(GStrv) addresses = g_strsplit(rows[i].addresses, " ", -1);
		g_autofree char *before = NULL, *after = NULL;

		netns_run(rig->host, "ip link add mine type bridge");
		for (guint j = 0; addresses[j]; j++)
			netns_run(rig->host, "ip address add %s dev mine", addresses[j]);
		before = rig_links(rig);
		for (guint j = 0; j < 2 && rows[i].refused[j]; j++)
			refused(rig, INVALID, rows[i].refused[j], "", "Manager", "CreateNetwork", "sa{sv}", arguments);
		if (!rows[i].refused[0]) {
			done(rig, "", "Manager", "CreateNetwork", "sa{sv}", arguments);
			done(rig, "/network/new", "Network", "Delete", "", "");
		}
		after = rig_links(rig);
		g_assert_cmpstr(before, ==, after);
		netns_run(rig->host, "ip link del mine");
	}
}

static void zones(Rig *rig)
{
	static const Bad bad[] = {
		{ "['netfilterd']", "Zone" },
		{ "'a b'", "a b" },
		{ "'café'", "Zone" },
		{ "'a.b'", "a.b" },
		{ "'eighteen-characters'", "at most 17" },
		{ "'/a'", "/a" },
		{ "'a/'", "a/" },
		{ "'a/b/c'", "a/b/c" },
		{ "'a/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'", "Zone" },
	};
	static const char *const good[] = { "", "trusted", "seventeen-letters", "a_B-9/part-of-the-zone-a_B-9" };

	refusal_world(rig);
	REFUSE_ALL("", "Manager", "CreateNetwork", "sa{sv}", "'new', {'Subnets': <['172.19.0.0/16']>, 'Zone': <%s>}",
		   bad);
	refused(rig, INVALID, "\"Zone\"", WEB, "Network", "Update", "a{sv}", "{'Zone': <'trusted'>}");
	for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autofree char *value = g_strdup_printf("'%s'", good[i]);
		g_autofree char *arguments =
			g_strdup_printf("'new', {'Subnets': <['172.19.0.0/16']>, 'Zone': <%s>}", value);

		done(rig, "", "Manager", "CreateNetwork", "sa{sv}", arguments);
		property_is(rig, value, "/network/new", "Network", "Zone");
		done(rig, "/network/new", "Network", "Delete", "", "");
	}
}

static void host_bindings(Rig *rig)
{
	static const Bad bad[] = {
		{ "'banana'", "banana" },
		{ "'192.0.2.1/24'", "192.0.2.1/24" },
		{ "'192.0.2.1 '", "192.0.2.1 " },
		{ "'224.0.0.1'", "224.0.0.1" },
		{ "'2001:db8:1::1'", "2001:db8:1::1" },
		{ "'255.255.255.255'", "255.255.255.255" },
		{ "'0.0.0.1'", "0.0.0.1" },
		{ "'240.0.0.1'", "240.0.0.1" },
		{ "'fe80::1'", "fe80::1" },
		{ "'::ffff:192.0.2.1'", "::ffff:192.0.2.1" },
	};

	refusal_world(rig);
	REFUSE_ALL("", "Manager", "CreateNetwork", "sa{sv}",
		   "'new', {'Subnets': <['172.19.0.0/16']>, 'HostBinding': <%s>}", bad);
	REFUSE_ALL(INNER, "Network", "Update", "a{sv}", "{'Masquerade': <false>, 'HostBinding': <%s>}", bad);
	refused(rig, INVALID, "\"Bridge\"", WEB, "Network", "Update", "a{sv}", "{'Bridge': <'br1'>}");
	refused(rig, INVALID, "\"Subnets\"", WEB, "Network", "Update", "a{sv}",
		"{'Masquerade': <false>, 'Subnets': <['10.0.0.0/8']>}");
	refused(rig, INVALID, "Masquerade", WEB, "Network", "Update", "a{sv}", "{'Masquerade': <1>}");
	refused(rig, INVALID, "Masquerade", WEB, "Network", "Update", "a{sv}",
		"{'Masquerade': <true>, 'Masquerade': <false>}");
}

/* --- integers --- */

static void integers(Rig *rig)
{
	static const char *const types[] = { "byte", "int16", "uint16", "int32", "uint32", "int64", "uint64" };
	static const Bad timeouts[] = {
		{ "byte 0", "TimeoutUSec" },
		{ "0", "TimeoutUSec" },
		{ "int16 -1", "-1" },
		{ "-1", "-1" },
		{ "int64 -9223372036854775808", "-9223372036854775808" },
		{ "5.0", "TimeoutUSec" },
		{ "true", "TimeoutUSec" },
		{ "'5'", "TimeoutUSec" },
		{ "<5>", "TimeoutUSec" },
		{ "[5]", "TimeoutUSec" },
		{ "handle 0", "TimeoutUSec" },
	};
	static const Bad mappings[] = {
		{ "('tcp', '', 65536, 80, 1)", "65536" },
		{ "('tcp', '', uint64 18446744073709551615, 80, 1)", "18446744073709551615" },
		{ "('tcp', '', -1, 80, 1)", "-1" },
		{ "('tcp', '', 80, int64 4294967376, 1)", "4294967376" },
		{ "('tcp', '', 80, int16 -32768, 1)", "-32768" },
		{ "('tcp', '', 80, 80, -1)", "-1" },
		{ "('tcp', '', 80, 80, 1.0)", "Ports" },
		{ "('tcp', '', 80, 80, true)", "Ports" },
		{ "('tcp', 80, 80, 80, 1)", "Ports" },
		{ "('tcp', '', 80, 80)", "Ports" },
		{ "('tcp', '', 80, 80, 1, 1)", "Ports" },
	};
	static const Bad ports[] = {
		{ "('tcp', 65536)", "65536" }, { "('tcp', -1)", "-1" },    { "('tcp', 0)", "port 0" },
		{ "('tcp', 80.0)", "Ports" },  { "(80, 'tcp')", "Ports" },
	};

	refusal_world(rig);
	for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
		g_autofree char *timeout =
			g_strdup_printf("'new', {'Subnets': <['172.19.0.0/16']>, 'TimeoutUSec': <%s 100>}", types[i]);
		g_autofree char *mapping = g_strdup_printf(
			"'new', {'Addresses': <['172.18.0.9']>, 'Ports': <[('tcp', '', %s 81, %s 80, %s 2)]>}",
			types[i], types[(i + 1) % G_N_ELEMENTS(types)], types[(i + 3) % G_N_ELEMENTS(types)]);
		g_autofree char *port =
			g_strdup_printf("'new', {'Gateway': <'172.18.0.9'>, 'Ports': <[('tcp', %s 90)]>}", types[i]);

		done(rig, "", "Manager", "PreviewNetwork", "sa{sv}", timeout);
		done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}", mapping);
		property_is(rig, "[('tcp', '', 81, 80, 2)]", WEB "/endpoint/new", "Endpoint", "Ports");
		done(rig, WEB "/endpoint/new", "Endpoint", "Delete", "", "");
		done(rig, "", "Manager", "CreateIngress", "sa{sv}", port);
		property_is(rig, "[('tcp', 90)]", "/ingress/new", "Ingress", "Ports");
		done(rig, "/ingress/new", "Ingress", "Delete", "", "");
	}
	done(rig, "", "Manager", "PreviewNetwork", "sa{sv}",
	     "'new', {'Subnets': <['172.19.0.0/16']>, 'TimeoutUSec': <uint64 18446744073709551615>}");
	done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}",
	     "'new', {'Addresses': <['172.18.0.9']>, 'Ports': <[('tcp', '', 65535, 65535, 1)]>}");
	property_is(rig, "[('tcp', '', 65535, 65535, 1)]", WEB "/endpoint/new", "Endpoint", "Ports");

	REFUSE_ALL("", "Manager", "CreateNetwork", "sa{sv}",
		   "'bad', {'Subnets': <['172.19.0.0/16']>, 'TimeoutUSec': <%s>}", timeouts);
	REFUSE_ALL(WEB, "Network", "CreateEndpoint", "sa{sv}",
		   "'bad', {'Addresses': <['172.18.0.8']>, 'Ports': <[%s]>}", mappings);
	REFUSE_ALL("", "Manager", "CreateIngress", "sa{sv}", "'bad', {'Gateway': <'172.18.0.9'>, 'Ports': <[%s]>}",
		   ports);
}

static const BusTest tests[] = {
	{ "/bus/settings/names", names },
	{ "/bus/settings/network-types", network_types },
	{ "/bus/settings/subnets", subnets },
	{ "/bus/settings/gateways", gateways },
	{ "/bus/settings/bridges", bridges },
	{ "/bus/settings/adopted-bridges", adopted_bridges },
	{ "/bus/settings/host-bindings", host_bindings },
	{ "/bus/settings/zones", zones },
	{ "/bus/settings/integers", integers },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
