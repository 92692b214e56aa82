/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/rig.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define WEB "/network/web"
#define APP WEB "/endpoint/app"
#define QUIET "/network/quiet"
#define INVALID STANDARD("InvalidArgs")
#define INTERNAL "/network/inner"

/* web and quiet (without communication) with two endpoints each, inner (internal) with one, an ingress. */
static void create_world(Rig *rig)
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Bridge': <'br0'>, 'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, 'Endpoints': <["
	     "('app', {'Addresses': <['172.18.0.2', 'fd00:18::2']>}), ('db', {'Addresses': "
	     "<['172.18.0.3']>}),"
	     "('six', @a{sv} {'Addresses': <['fd00:18::6']>})]>}");
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'inner', {'Internal': <true>, 'Subnets': <['172.20.0.0/16']>,"
	     " 'Endpoints': <[('app', {'Addresses': <['172.20.0.2']>})]>}");
	done(rig, "", "Manager", "CreateIngress", "sa{sv}", "'front', {'Gateway': <'172.18.0.9'>}");
}

typedef struct Bad {
	const char *arguments;
	const char *names;
	const char *error; /* NULL: InvalidArgs */
} Bad;

static void refuse_all(Rig *rig, const char *path, const char *interface, const char *member, const char *types,
		       const char *format, const Bad *bad, gsize n)
{
	for (gsize i = 0; i < n; i++) {
		g_auto(GStrv) parts = g_strsplit(format, "%s", 2);
		g_autofree char *arguments = g_strconcat(parts[0], bad[i].arguments, parts[1], NULL);

		refused(rig, bad[i].error ?: INVALID, bad[i].names, path, interface, member, types, arguments);
	}
}

#define REFUSE_ALL(path, interface, member, types, format, bad) \
	refuse_all(rig, path, interface, member, types, format, bad, G_N_ELEMENTS(bad))

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

	create_world(rig);
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

	create_world(rig);
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

	create_world(rig);
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

	create_world(rig);
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
		{ "10.9.0.1/16 172.19.0.1/24", "'Subnets': <['172.19.0.0/16']>" },
		{ "172.19.0.1/16 fd00:19::1/64", "'Subnets': <['172.19.0.0/16', 'fd00:19::/64']>" },
		{ "172.19.0.254/16", "'Subnets': <['172.19.0.0/16']>, 'Gateways': <['172.19.0.254']>" },
		{ "172.19.0.0/31", "'Subnets': <['172.19.0.0/31']>" },
		{ "", "'Subnets': <['172.19.0.0/16', 'fd00:19::/64']>, 'Internal': <true>" },
	};

	create_world(rig);
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

	create_world(rig);
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

	create_world(rig);
	REFUSE_ALL("", "Manager", "CreateNetwork", "sa{sv}",
		   "'new', {'Subnets': <['172.19.0.0/16']>, 'HostBinding': <%s>}", bad);
	REFUSE_ALL(INTERNAL, "Network", "Update", "a{sv}", "{'Masquerade': <false>, 'HostBinding': <%s>}", bad);
	refused(rig, INVALID, "\"Bridge\"", WEB, "Network", "Update", "a{sv}", "{'Bridge': <'br1'>}");
	refused(rig, INVALID, "\"Subnets\"", WEB, "Network", "Update", "a{sv}",
		"{'Masquerade': <false>, 'Subnets': <['10.0.0.0/8']>}");
	refused(rig, INVALID, "Masquerade", WEB, "Network", "Update", "a{sv}", "{'Masquerade': <1>}");
	refused(rig, INVALID, "Masquerade", WEB, "Network", "Update", "a{sv}",
		"{'Masquerade': <true>, 'Masquerade': <false>}");
}

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

	create_world(rig);
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

	create_world(rig);
	REFUSE_ALL(APP, "Endpoint", "Publish", "a(ssqqq)", "[%s]", bad);
	refused(rig, INVALID, "2001:db8:1::1", WEB "/endpoint/db", "Endpoint", "Publish", "a(ssqqq)",
		"[('tcp', '2001:db8:1::1', 8080, 80, 1)]");
	refused(rig, INVALID, "192.0.2.1", WEB "/endpoint/six", "Endpoint", "Publish", "a(ssqqq)",
		"[('tcp', '192.0.2.1', 8080, 80, 1)]");
	refused(rig, OURS("NetworkInternal"), "\"inner\"", INTERNAL "/endpoint/app", "Endpoint", "Publish", "a(ssqqq)",
		"[('tcp', '', 8080, 80, 1)]");
	refused(rig, OURS("NetworkInternal"), "\"inner\"", INTERNAL, "Network", "CreateEndpoint", "sa{sv}",
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
	create_world(rig);
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

	create_world(rig);
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

	create_world(rig);
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

	create_world(rig);
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

	create_world(rig);
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

	create_world(rig);
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

static const BusTest tests[] = {
	{ "/bus/settings/names", names },
	{ "/bus/settings/network-types", network_types },
	{ "/bus/settings/subnets", subnets },
	{ "/bus/settings/gateways", gateways },
	{ "/bus/settings/bridges", bridges },
	{ "/bus/settings/adopted-bridges", adopted_bridges },
	{ "/bus/settings/host-bindings", host_bindings },
	{ "/bus/settings/zones", zones },
	{ "/bus/settings/addresses", addresses },
	{ "/bus/settings/mappings", mappings, "MaxPorts=200000\nMaxPortsPerCall=200000" },
	{ "/bus/settings/links", links },
	{ "/bus/settings/ingresses", ingresses },
	{ "/bus/settings/descriptors", descriptors },
	{ "/bus/settings/lifetimes-of-endpoints", lifetimes_of_endpoints },
	{ "/bus/settings/descriptor-of-endpoints", descriptor_of_endpoints },
	{ "/bus/settings/integers", integers },
	{ "/bus/settings/long-values", long_values },
	{ "/bus/settings/limits", limits,
	  "MaxNetworks=2\nMaxEndpoints=3\nMaxPorts=10\nMaxPortsPerCall=8\nMaxIngresses=1" },
	{ "/bus/settings/huge", huge },
	{ "/bus/settings/too-large", too_large },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
