/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/access.h"

#include <arpa/inet.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* What is the host's, or another user's, is not the caller's because it is named. */

#define USE_HOST ACTION("use-host-resources")
#define FOREIGN ACTION("manage-foreign")

/* A host with a virtual machines' bridge, routes in several tables, and a default route; and root's network web. */
static void create_host(World *world)
{
	static const char *const commands[] = {
		"ip link add uplink type veth peer name downlink",
		"ip link set uplink up",
		"ip address add 192.0.2.1/24 dev uplink",
		"ip address add 2001:db8:1::1/64 dev uplink nodad",
		"ip link add virbr9 type bridge",
		"ip address add 192.168.122.1/24 dev virbr9",
		/* What comes of itself a moment later is none of the changes that a test looks for. */
		"ip link set virbr9 addrgenmode none",
		"ip link set virbr9 up",
		"ip route add default via 192.0.2.254",
		"ip route add 198.51.100.0/24 via 192.0.2.254",
		"ip route add 10.77.0.0/16 via 192.0.2.254 table 77",
		"ip route add blackhole 10.78.0.0/16",
		"ip -6 route add fd00:77::/48 via 2001:db8:1::2 table 77",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
		netns_run(world->rig.host, "%s", commands[i]);
	create_base(world);
}

/* Alice's, and internal ones. */
static void create_networks(World *world)
{
	done(as_root(world), "", "Manager", "CreateNetwork", "sa{sv}",
	     "'inner', {'Internal': <true>, 'Subnets': <['172.24.0.0/16']>}");
	alice_creates(world, "");
	done(as(world, world->alice), "", "Manager", "CreateNetwork", "sa{sv}",
	     "'closed', {'Internal': <true>, 'Bridge': <'closed0'>, 'Subnets': <['172.25.0.0/16']>}");
	/* Root's, to where the default route leads, and by an interface that has gone. */
	netns_run(world->rig.host, "ip link add gone0 type bridge");
	done(as_root(world), "", "Manager", "CreateIngress", "sa{sv}",
	     "'far', {'Gateways': <['10.66.0.9', '10.67.0.9']>}");
	done(as_root(world), "", "Manager", "CreateIngress", "sa{sv}",
	     "'lost', {'Gateway': <'10.68.0.9'>, 'Bridge': <'gone0'>}");
	netns_run(world->rig.host, "ip link del gone0");
	/* What is routed over a bridge of ours is not the host's. */
	netns_run(world->rig.host, "ip route add 10.79.0.0/16 via 172.21.0.9");
}

/* The next test has the same namespace. */
static void remove_host(World *world)
{
	netns_run(world->rig.host, "ip link del uplink");
	netns_run(world->rig.host, "ip link del virbr9");
	netns_run(world->rig.host, "ip route del blackhole 10.78.0.0/16");
}

typedef struct Creation {
	const char *member, *settings;
	const char *error; /* of alice, who may do all with what is hers; NULL: none */
	const char *names;
	const char *root_error; /* of root; NULL: none */
} Creation;

static const Creation creations[] = {
	/* Of nobody. */
	{ "CreateNetwork", "{'Subnets': <['10.50.0.0/16']>}" },
	{ "CreateNetwork", "{'Subnets': <['10.79.5.0/24']>}" },
	{ "CreateNetwork", "{'Subnets': <['10.50.0.0/16', 'fd00:50::/64']>, 'Bridge': <'mine0'>}" },
	{ "CreateIngress", "{'Gateway': <'172.21.0.2'>}" },
	{ "CreateIngress", "{'Gateway': <'172.21.0.2'>, 'Bridge': <'br-mine'>}" },

	/* Addresses and routes of the host. */
	{ "CreateNetwork", "{'Subnets': <['192.0.2.0/24']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['192.0.2.128/25']>, 'Gateways': <['192.0.2.254']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['192.0.0.0/8']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['192.168.122.0/28']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['198.51.100.0/25']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['10.77.9.0/24']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['10.78.0.0/15']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['2001:db8:1::/64']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['10.50.0.0/16', 'fd00:77:0:1::/64']>}", INTERACTIVE, USE_HOST },

	/* Its name servers, wherever they are. */
	{ "CreateNetwork", "{'Subnets': <['10.53.0.0/24']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['10.50.0.0/16', 'fd00:53::/64']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['10.54.0.0/24']>}" },

	/* What an ingress of another user leads to, and by what. */
	{ "CreateNetwork", "{'Subnets': <['10.66.0.0/24']>}", INTERACTIVE, FOREIGN },
	{ "CreateNetwork", "{'Subnets': <['10.67.0.8/29']>}", INTERACTIVE, FOREIGN },
	{ "CreateNetwork", "{'Subnets': <['10.64.0.0/10']>}", INTERACTIVE, FOREIGN },
	{ "CreateNetwork", "{'Subnets': <['10.68.0.0/24']>}", INTERACTIVE, FOREIGN },
	{ "CreateNetwork", "{'Subnets': <['10.50.0.0/16']>, 'Bridge': <'gone0'>}", INTERACTIVE, FOREIGN },
	{ "CreateNetwork", "{'Subnets': <['10.66.1.0/24']>}" },

	/* The Internet, which the default route leads to; and its neighbours, which are nobody's there. */
	{ "CreateNetwork", "{'Subnets': <['8.8.8.0/24']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['1.0.0.0/24']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['9.255.255.0/24']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['11.0.0.0/24']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['172.15.0.0/16']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['172.32.0.0/16']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['192.167.0.0/16']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['192.169.0.0/16']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['192.160.0.0/11']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['100.64.0.0/10']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['192.88.99.0/24']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['192.0.3.0/24']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['198.17.0.0/16']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['198.20.0.0/16']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['2606:4700::/32']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['2001:4860:4860::/48']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['2001:db9::/32']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['2002:7f00:1::/64']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['2000::/16']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['10.50.0.0/16', '2606:4700:1::/64']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['10.255.255.0/24', 'fdff:ffff::/32']>}" },
	{ "CreateNetwork", "{'Subnets': <['172.31.0.0/16', 'fc00::/64']>}" },
	{ "CreateNetwork", "{'Subnets': <['192.168.255.0/24', '2001:db8:ffff::/48']>}" },
	{ "CreateNetwork", "{'Subnets': <['198.19.0.0/16']>}" },
	{ "CreateNetwork", "{'Subnets': <['203.0.113.0/25']>}" },

	/* Zones of firewalld. */
	{ "CreateNetwork", "{'Subnets': <['10.50.0.0/16']>, 'Zone': <'trusted'>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['10.50.0.0/16']>, 'Zone': <'netfilterd2'>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['10.50.0.0/16']>, 'Zone': <'netfilterd'>}" },
	{ "CreateNetwork", "{'Subnets': <['10.50.0.0/16']>, 'Zone': <''>}" },

	/* By which address it is known; whether it has that is looked at for who may ask. */
	{ "CreateNetwork", "{'Subnets': <['10.50.0.0/16']>, 'SourceAddress': <['192.0.2.1']>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['10.50.0.0/16']>, 'SourceAddress': <['192.168.122.1']>}", INTERACTIVE,
	  USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['10.50.0.0/16', 'fd00:50::/64']>, 'SourceAddress': <['2001:db8:1::1']>}",
	  INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['10.50.0.0/16']>, 'SourceAddress': <['192.0.2.9']>}", INTERACTIVE, USE_HOST,
	  STANDARD("InvalidArgs") },
	{ "CreateNetwork", "{'Subnets': <['10.50.0.0/16']>, 'SourceAddress': <['127.0.0.1']>}", STANDARD("InvalidArgs"),
	  "\"127.0.0.1\"", STANDARD("InvalidArgs") },
	{ "CreateNetwork", "{'Subnets': <['10.50.0.0/16']>, 'SourceAddress': <@as []>}" },

	/* Interfaces of the host. */
	{ "CreateNetwork", "{'Subnets': <['10.50.0.0/16']>, 'Bridge': <'virbr9'>}", INTERACTIVE, USE_HOST,
	  STANDARD("InvalidArgs") },
	{ "CreateNetwork", "{'Subnets': <['192.168.122.0/24']>, 'Bridge': <'virbr9'>}", INTERACTIVE, USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['10.50.0.0/16']>, 'Bridge': <'virbr9'>, 'Internal': <true>}", INTERACTIVE,
	  USE_HOST },
	{ "CreateNetwork", "{'Subnets': <['10.50.0.0/16']>, 'Bridge': <'uplink'>}", INTERACTIVE, FOREIGN,
	  OURS("BridgeInUse") },
	{ "CreateNetwork", "{'Subnets': <['10.50.0.0/16']>, 'Bridge': <'lo'>}", STANDARD("InvalidArgs"), "\"lo\"",
	  STANDARD("InvalidArgs") },
	{ "CreateIngress", "{'Gateway': <'192.168.122.7'>}", INTERACTIVE, USE_HOST },
	{ "CreateIngress", "{'Gateway': <'192.168.122.7'>, 'Bridge': <'virbr9'>}", INTERACTIVE, USE_HOST },
	{ "CreateIngress", "{'Gateway': <'192.0.2.77'>}", INTERACTIVE, USE_HOST },
	{ "CreateIngress", "{'Gateway': <'192.0.2.77'>, 'Bridge': <'uplink'>}", INTERACTIVE, USE_HOST },
	{ "CreateIngress", "{'Gateway': <'203.0.113.9'>}", INTERACTIVE, USE_HOST },
	{ "CreateIngress", "{'Gateway': <'172.21.0.2'>, 'Bridge': <'virbr9'>}", INTERACTIVE, USE_HOST },
	{ "CreateIngress", "{'Gateway': <'192.0.2.77'>, 'Bridge': <'br-mine'>}", INTERACTIVE, USE_HOST },
	{ "CreateIngress", "{'Gateway': <'172.21.0.2'>, 'Bridge': <'lo'>}", STANDARD("InvalidArgs"), "\"lo\"",
	  STANDARD("InvalidArgs") },

	/* Networks of others. */
	{ "CreateIngress", "{'Gateway': <'172.18.0.2'>}", INTERACTIVE, FOREIGN },
	{ "CreateIngress", "{'Gateway': <'172.18.0.99'>, 'Bridge': <'br-web'>}", INTERACTIVE, FOREIGN },
	{ "CreateIngress", "{'Gateway': <'172.18.0.2'>, 'Bridge': <'br-mine'>}", INTERACTIVE, FOREIGN },
	{ "CreateIngress", "{'Gateway': <'172.21.0.2'>, 'Bridge': <'br-web'>}", INTERACTIVE, FOREIGN },
	{ "CreateIngress", "{'Gateway': <'172.24.0.2'>}", INTERACTIVE, FOREIGN, OURS("NetworkInternal") },

	/* One of several is enough. */
	{ "CreateIngress", "{'Gateways': <['172.21.0.2', '172.21.0.3']>}" },
	{ "CreateIngress", "{'Gateways': <['172.21.0.2', '192.168.122.7']>}", INTERACTIVE, USE_HOST },
	{ "CreateIngress", "{'Gateways': <['172.21.0.2', '172.18.0.2']>}", INTERACTIVE, FOREIGN },
	{ "CreateIngress", "{'Gateways': <['172.21.0.2', '172.25.0.2']>}", OURS("NetworkInternal"), "\"closed\"",
	  OURS("NetworkInternal") },

	/* The host itself. */
	{ "CreateIngress", "{'Gateway': <'172.21.0.1'>}", STANDARD("InvalidArgs"), "\"172.21.0.1\"",
	  STANDARD("InvalidArgs") },
	{ "CreateIngress", "{'Gateways': <['172.21.0.2', '172.18.0.1']>}", STANDARD("InvalidArgs"), "\"172.18.0.1\"",
	  STANDARD("InvalidArgs") },
	{ "CreateIngress", "{'Gateway': <'172.21.0.1'>, 'Bridge': <'br-web'>}", STANDARD("InvalidArgs"),
	  "\"172.21.0.1\"", STANDARD("InvalidArgs") },

	/* Internal ones. */
	{ "CreateIngress", "{'Gateway': <'172.25.0.2'>}", OURS("NetworkInternal"), "\"closed\"",
	  OURS("NetworkInternal") },
	{ "CreateIngress", "{'Gateway': <'172.25.0.2'>, 'Bridge': <'closed0'>}", OURS("NetworkInternal"), "\"closed\"",
	  OURS("NetworkInternal") },
};

static void delete_new(World *world, GDBusConnection *caller, const Creation *creation)
{
	bool network = strcmp(creation->member, "CreateNetwork") == 0;

	done(as(world, caller), network ? "/network/new" : "/ingress/new", network ? "Network" : "Ingress", "Delete",
	     "", "");
}

/* Others in place of the gateways of an ingress of one's own ask for what the creation asks for. */
static void gateways_by_table(World *world)
{
	static const struct {
		const char *gateways, *error, *names;
	} cases[] = {
		{ "['172.21.0.3', '172.21.0.2']" },
		{ "['172.21.0.2', '192.168.122.7']", INTERACTIVE, USE_HOST },
		{ "['192.0.2.77']", INTERACTIVE, USE_HOST },
		{ "['172.18.0.2', '172.21.0.2']", INTERACTIVE, FOREIGN },
		{ "['172.25.0.2']", OURS("NetworkInternal"), "\"closed\"" },
		{ "['172.21.0.2', '172.21.0.1']", STANDARD("InvalidArgs"), "\"172.21.0.1\"" },
	};

	create_host(world);
	create_networks(world);
	done(as(world, world->alice), "", "Manager", "CreateIngress", "sa{sv}", "'mine', {'Gateway': <'172.21.0.2'>}");
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s", cases[i].gateways);
		if (cases[i].error)
			refused(as(world, world->alice), cases[i].error, cases[i].names, "/ingress/mine", "Ingress",
				"SetGateways", "as", cases[i].gateways);
		else
			done(as(world, world->alice), "/ingress/mine", "Ingress", "SetGateways", "as",
			     cases[i].gateways);
	}
	property_is(as_root(world), cases[0].gateways, "/ingress/mine", "Ingress", "Gateways");
	done(as(world, world->alice), "/ingress/mine", "Ingress", "Delete", "", "");
	remove_host(world);
}

/* So does a network of one's own that gets another address; to do without is nobody's business. */
static void updates_by_table(World *world)
{
	static const struct {
		const char *settings, *error, *names;
	} cases[] = {
		{ "{'Masquerade': <false>}" },
		{ "{'Masquerade': <true>, 'SourceAddress': <@as []>}" },
		{ "{'SourceAddress': <['192.0.2.1']>}", INTERACTIVE, USE_HOST },
		{ "{'Masquerade': <true>, 'SourceAddress': <['192.0.2.1']>}", INTERACTIVE, USE_HOST },
		{ "{'SourceAddress': <['192.0.2.9']>}", INTERACTIVE, USE_HOST },
		{ "{'SourceAddress': <['127.0.0.1']>}", STANDARD("InvalidArgs"), "\"127.0.0.1\"" },
	};

	create_host(world);
	alice_creates(world, "");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s", cases[i].settings);
		if (cases[i].error)
			refused(as(world, world->alice), cases[i].error, cases[i].names, "/network/mine", "Network",
				"Update", "a{sv}", cases[i].settings);
		else
			done(as(world, world->alice), "/network/mine", "Network", "Update", "a{sv}", cases[i].settings);
	}
	done(as_root(world), "/network/mine", "Network", "Update", "a{sv}", "{'SourceAddress': <['192.0.2.1']>}");
	/* What root gave it, its owner changes nothing about by other things, and takes back. */
	done(as(world, world->alice), "/network/mine", "Network", "Update", "a{sv}", "{'HostBinding': <'192.0.2.1'>}");
	property_is(as_root(world), "['192.0.2.1']", "/network/mine", "Network", "SourceAddress");
	done(as(world, world->alice), "/network/mine", "Network", "Update", "a{sv}", "{'SourceAddress': <@as []>}");
	done(as(world, world->alice), "/network/mine", "Network", "Delete", "", "");
	remove_host(world);
}

static void creations_by_table(World *world)
{
	create_host(world);
	create_networks(world);
	for (gsize i = 0; i < G_N_ELEMENTS(creations); i++) {
		const Creation *creation = &creations[i];
		g_autofree char *arguments = g_strdup_printf("'new', %s", creation->settings);
		GDBusConnection *callers[] = { world->alice, world->root };
		const char *errors[] = { creation->error, creation->root_error };

		g_test_message("%s %s", creation->member, creation->settings);
		for (guint j = 0; j < G_N_ELEMENTS(callers); j++) {
			if (errors[j]) {
				refused(as(world, callers[j]), errors[j], j == 0 ? creation->names : "", "", "Manager",
					creation->member, "sa{sv}", arguments);
			} else {
				done(as(world, callers[j]), "", "Manager", creation->member, "sa{sv}", arguments);
				delete_new(world, callers[j], creation);
			}
		}
	}
	remove_host(world);
}

/* The example as it is shipped: the one network over the host's subnet, and no more of the host's with it. */
static void example_of_bob(World *world)
{
#define LAN "'lan', {'Bridge': <'br-lan'>, 'Subnets': <['192.0.2.128/25']>"

	create_host(world);
	refused(as(world, world->bob), INTERACTIVE, USE_HOST, "", "Manager", "CreateNetwork", "sa{sv}",
		LAN ", 'SourceAddress': <['192.168.122.1']>}");
	refused(as(world, world->bob), INTERACTIVE, USE_HOST, "", "Manager", "CreateNetwork", "sa{sv}",
		LAN ", 'Zone': <'trusted'>}");
	done(as(world, world->bob), "", "Manager", "CreateNetwork", "sa{sv}", LAN "}");
	refused(as(world, world->bob), INTERACTIVE, USE_HOST, "/network/lan", "Network", "Update", "a{sv}",
		"{'SourceAddress': <['192.168.122.1']>}");
	done(as(world, world->bob), "/network/lan", "Network", "Delete", "", "");
	remove_host(world);
#undef LAN
}

static int bind_as(uid_t uid, int type, const char *address, guint16 port)
{
	struct sockaddr_in6 name = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd;

	g_assert_cmpint(inet_pton(AF_INET6, address, &name.sin6_addr), ==, 1);
	g_assert_no_errno(seteuid(uid));
	fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0);
	g_assert_no_errno(fd);
	g_assert_no_errno(bind(fd, (struct sockaddr *)&name, sizeof name));
	if (type == SOCK_STREAM)
		g_assert_no_errno(listen(fd, 1));
	g_assert_no_errno(seteuid(0));
	return fd;
}

/* Who holds a port himself does not take it from another's program. */
static void ports_of_others(World *world)
{
	static const struct {
		uid_t uid; /* whose program has port 9100 */
		int type;
		const char *address, *ports;
		bool is_free;
	} cases[] = {
		{ 0, SOCK_STREAM, "::", "[('tcp', '', uint16 9100, uint16 80, uint16 1)]" },
		{ BOB, SOCK_STREAM, "::", "[('tcp', '', uint16 9100, uint16 80, uint16 1)]" },
		{ BOB, SOCK_STREAM, "::", "[('tcp', '192.0.2.1', uint16 9091, uint16 80, uint16 10)]" },
		{ BOB, SOCK_STREAM, "::ffff:192.0.2.1", "[('tcp', '', uint16 9100, uint16 80, uint16 5)]" },
		{ BOB, SOCK_STREAM, "::ffff:127.0.0.1", "[('tcp', '127.0.0.1', uint16 9100, uint16 80, uint16 1)]" },
		{ 0, SOCK_DGRAM, "::", "[('udp', '', uint16 9100, uint16 80, uint16 1)]" },
		{ BOB, SOCK_DGRAM, "::ffff:192.0.2.1", "[('udp', '192.0.2.1', uint16 9100, uint16 80, uint16 1)]" },
		{ ALICE, SOCK_STREAM, "::", "[('tcp', '', uint16 9100, uint16 80, uint16 1)]", true },
		{ ALICE, SOCK_DGRAM, "::ffff:192.0.2.1", "[('udp', '', uint16 9091, uint16 80, uint16 10)]", true },
		{ BOB, SOCK_STREAM, "::", "[('udp', '', uint16 9100, uint16 80, uint16 1)]", true },
		{ BOB, SOCK_STREAM, "::", "[('tcp', '', uint16 9101, uint16 80, uint16 10)]", true },
		{ BOB, SOCK_STREAM, "::ffff:127.0.0.1", "[('tcp', '192.0.2.1', uint16 9100, uint16 80, uint16 1)]",
		  true },
	};

	create_host(world);
	alice_creates(world, ", 'Reserve': <false>");
	done(as(world, world->alice), "/network/mine", "Network", "CreateEndpoint", "sa{sv}",
	     "'own', {'Addresses': <['172.21.0.9']>}");
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		int fd = bind_as(cases[i].uid, cases[i].type, cases[i].address, 9100);
		const char *own = "/network/mine/endpoint/own";

		g_test_message("%s of %u: %s", cases[i].address, cases[i].uid, cases[i].ports);
		if (cases[i].is_free) {
			done(as(world, world->alice), own, "Endpoint", "Publish", "a(ssqqq)", cases[i].ports);
			done(as(world, world->alice), own, "Endpoint", "Unpublish", "a(ssqqq)", cases[i].ports);
		} else {
			refused(as(world, world->alice), OURS("PortInUse"), "9100", own, "Endpoint", "Publish",
				"a(ssqqq)", cases[i].ports);
		}
		close(fd);
	}
	done(as(world, world->alice), "/network/mine", "Network", "Delete", "", "");
	remove_host(world);
}

/* … and what is chosen for him is no port of anybody's program, his own included. */
static void chosen_beside_programs(World *world)
{
	static const struct {
		uid_t uid; /* whose program has port 40000 */
		int type;
		const char *address, *protocol;
	} cases[] = {
		{ ALICE, SOCK_STREAM, "::", "tcp" },
		{ BOB, SOCK_STREAM, "::ffff:127.0.0.1", "tcp" },
		{ ALICE, SOCK_DGRAM, "::ffff:192.0.2.1", "udp" },
	};
	const char *own = "/network/mine/endpoint/own";

	create_host(world);
	netns_sysctl(world->rig.host, "net/ipv4/ip_local_port_range", "40000 40001");
	alice_creates(world, ", 'Reserve': <false>");
	for (guint root = 0; root <= 1; root++)
		for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
			g_autofree char *ports =
				g_strdup_printf("[('%s', '', uint16 0, uint16 80, uint16 1)]", cases[i].protocol);
			g_autofree char *chosen = g_strdup_printf("([('%s', '', 40001, 80, 1)],)", cases[i].protocol);
			int fd = bind_as(cases[i].uid, cases[i].type, cases[i].address, 40000);
			Rig *rig = as(world, root ? world->root : world->alice);

			g_test_message("%s %s of %u", cases[i].protocol, cases[i].address, cases[i].uid);
			done(rig, "/network/mine", "Network", "CreateEndpoint", "sa{sv}",
			     "'own', {'Addresses': <['172.21.0.9']>}");
			answers(rig, chosen, own, "Endpoint", "Publish", "a(ssqqq)", ports);
			done(rig, own, "Endpoint", "Delete", "", "");
			close(fd);
		}
	done(as(world, world->alice), "/network/mine", "Network", "Delete", "", "");
	netns_sysctl(world->rig.host, "net/ipv4/ip_local_port_range", "32768 60999");
	remove_host(world);
}

/* A group is its user's: another's of the same name shares nothing with it. */
static void groups_of_others(World *world)
{
#define GROUPED(name, address, port)                                                                               \
	"'" name "', {'Addresses': <['" address "']>, 'PortGroup': <'group'>, 'Ports': <[('tcp', '', uint16 " port \
	", uint16 80, uint16 1)]>}"

	create_host(world);
	alice_creates(world, "");
	done(as(world, world->alice), "/network/mine", "Network", "CreateEndpoint", "sa{sv}",
	     GROUPED("a", "172.21.0.9", "9200"));
	done(as(world, world->alice), "/network/mine", "Network", "CreateEndpoint", "sa{sv}",
	     GROUPED("b", "172.21.0.10", "9200"));
	refused(as_root(world), OURS("PortInUse"), "9200", WEB, "Network", "CreateEndpoint", "sa{sv}",
		GROUPED("a", "172.18.0.50", "9200"));
	done(as_root(world), WEB, "Network", "CreateEndpoint", "sa{sv}", GROUPED("a", "172.18.0.50", "9201"));
	refused(as(world, world->alice), OURS("PortInUse"), "9201", "/network/mine", "Network", "CreateEndpoint",
		"sa{sv}", GROUPED("c", "172.21.0.11", "9201"));
	done(as(world, world->alice), "/network/mine", "Network", "Delete", "", "");
	done(as_root(world), WEB "/endpoint/a", "Endpoint", "Delete", "", "");
	remove_host(world);
#undef GROUPED
}

/* What appears while polkit is asked about something else is not taken. */
static void host_changes_meanwhile(World *world)
{
	static const struct {
		const char *member, *settings, *change;
	} races[] = {
		{ "CreateNetwork", "{'Subnets': <['10.50.0.0/16']>, 'Bridge': <'late0'>}",
		  "ip link add late0 type bridge" },
		{ "CreateNetwork", "{'Subnets': <['10.51.0.0/16']>, 'Bridge': <'late1'>}",
		  "ip route add 10.51.7.0/24 via 192.0.2.254" },
		{ "CreateNetwork", "{'Subnets': <['10.52.0.0/16']>, 'Bridge': <'late2'>}",
		  "ip address add 10.52.0.9/32 dev uplink" },
	};
	pid_t polkit = polkit_pid(world);

	create_host(world);
	for (gsize i = 0; i < G_N_ELEMENTS(races); i++) {
		g_autofree char *arguments = g_strdup_printf("'new', %s", races[i].settings);
		g_autofree char *before = NULL, *after = NULL;
		Pipeline *pipeline = pipeline_new();

		kill(polkit, SIGSTOP);
		pipeline_call(pipeline, world->alice, "", "Manager", races[i].member, "sa{sv}", arguments);
		wait_until_asked(world, world->alice);
		netns_run(world->rig.host, "%s", races[i].change);
		before = rig_state(as_root(world));
		kill(polkit, SIGCONT);
		pipeline_run(pipeline);
		expect_outcome(pipeline, 0, INTERACTIVE);
		g_assert_nonnull(strstr(pipeline_outcome(pipeline, 0), USE_HOST));
		pipeline_free(pipeline);
		after = rig_state(as_root(world));
		g_assert_cmpstr(after, ==, before);
	}
	netns_run(world->rig.host, "ip link del late0");
	remove_host(world);
}

/* What a person would be asked, as polkit is told: a rule says yes to exactly these, and to nothing else. */
#define RULES_FILE "/etc/polkit-1/rules.d/60-prompts.rules"

static const struct {
	const char *path, *interface, *member, *types, *arguments;
	const char *actions; /* the ends of their names */
	const char *request;
} prompts[] = {
	{ "", "Manager", "CreateNetwork", "sa{sv}",
	  "'new', {'Subnets': <['10.50.0.9/16', 'fd00:50::/64']>, 'Bridge': <'new0'>, 'Persistent': <true>}",
	  "manage-networks make-persistent",
	  "create network new with subnet 10.50.0.0/16, fd00:50::/64 with gateway 10.50.0.1, fd00:50::1 by bridge "
	  "new0" },
	{ "", "Manager", "CreateNetwork", "sa{sv}",
	  "'over', {'Subnets': <['198.51.100.0/25']>, 'Endpoints': <[('one', {'Addresses': <['198.51.100.2']>, "
	  "'Ports': <[('tcp', '', uint16 8100, uint16 80, uint16 10)]>})]>}",
	  "manage-networks manage-endpoints use-host-resources",
	  "create network over with subnet 198.51.100.0/25 with gateway 198.51.100.1 by bridge br-over with endpoint "
	  "one "
	  "publishing tcp ports 8100-8109 on any address" },
	{ "", "Manager", "CreateIngress", "sa{sv}",
	  "'new', {'Gateway': <'192.168.122.7'>, 'Ports': <[('tcp', uint16 444)]>}",
	  "manage-ingress use-host-resources",
	  "create ingress new with gateway 192.168.122.7 by bridge virbr9 publishing tcp port 444 on any address" },
	{ APP, "Endpoint", "Publish", "a(ssqqq)",
	  "[('tcp', '', uint16 80, uint16 80, uint16 1), ('udp', '192.0.2.1', uint16 53, uint16 53, uint16 2), "
	  "('tcp', '', uint16 0, uint16 90, uint16 1), ('tcp', '', uint16 81, uint16 80, uint16 1), "
	  "('tcp', '', uint16 82, uint16 80, uint16 1), ('tcp', '', uint16 83, uint16 80, uint16 1)]",
	  "manage-endpoints manage-foreign",
	  "publish tcp port 80 on any address, udp ports 53-54 on 192.0.2.1, 1 tcp port to be chosen on any address, "
	  "tcp port 81 on any address and 2 more for endpoint app on network web" },
	{ FRONT, "Ingress", "Publish", "a(sq)", "[('tcp', uint16 445)]", "manage-ingress manage-foreign",
	  "publish tcp port 445 on any address for ingress front" },
	{ FRONT, "Ingress", "SetGateways", "as", "['192.168.122.7', '172.18.0.9']",
	  "manage-ingress manage-foreign use-host-resources",
	  "choose gateways of ingress front with gateway 192.168.122.7, 172.18.0.9 by bridge virbr9, br-web" },
	{ "", "Manager", "CreateNetwork", "sa{sv}",
	  "'from', {'Subnets': <['10.53.0.0/16', 'fd00:53::/64']>, 'SourceAddress': <['2001:db8:1::1', '192.0.2.1']>}",
	  "manage-networks use-host-resources",
	  "create network from with subnet 10.53.0.0/16, fd00:53::/64 with gateway 10.53.0.1, fd00:53::1 by bridge "
	  "br-from sending from 192.0.2.1, 2001:db8:1::1" },
	{ "", "Manager", "CreateNetwork", "sa{sv}",
	  "'wide', {'Subnets': <['10.55.0.0/16', 'fd00:55::/64']>, 'Zone': <'trusted'>, 'GatewayModes': <{'ipv6': "
	  "'open'}>}",
	  "manage-networks use-host-resources",
	  "create network wide with subnet 10.55.0.0/16, fd00:55::/64 with gateway 10.55.0.1, fd00:55::1 by bridge "
	  "br-wide in zone trusted with gateway mode nat, open" },
	{ WEB, "Network", "Update", "a{sv}", "{'SourceAddress': <['192.0.2.1']>}",
	  "manage-networks manage-foreign use-host-resources", "change network web sending from 192.0.2.1" },
	{ WEB, "Network", "Delete", "", "", "manage-networks manage-foreign", "delete network web" },
};

static void write_rules(World *world, const char *rules)
{
	g_autoptr(GError) error = NULL;

	if (!g_file_set_contents_full(RULES_FILE, rules, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644, &error))
		g_error("%s", error->message);
	polkit_kill(world);
	polkit_start(world);
}

static void write_rule(World *world, const char *actions, const char *request)
{
	g_autofree char *rule = g_strdup_printf("polkit.addRule(function(action, subject) {"
						"	if ('%s'.split(' ').indexOf(action.id.split('.').pop()) >= 0 &&"
						"	    action.lookup('request') == '%s')"
						"		return polkit.Result.YES;"
						"});\n",
						actions, request);
	write_rules(world, rule);
}

static void prompts_by_table(World *world)
{
	create_host(world);
	for (gsize i = 0; i < G_N_ELEMENTS(prompts); i++) {
		g_test_message("%s", prompts[i].request);
		write_rule(world, prompts[i].actions, prompts[i].request);
		done(as(world, world->bob), prompts[i].path, prompts[i].interface, prompts[i].member, prompts[i].types,
		     prompts[i].arguments);
	}
	g_assert_no_errno(unlink(RULES_FILE));
	done(as_root(world), "/network/new", "Network", "Delete", "", "");
	remove_host(world);
}

/* So many of a form, each with its number in place of "#". */
static char *list_numbered(const char *format, const char *between, guint n)
{
	GString *list = g_string_new(NULL);

	for (guint i = 0; i < n; i++) {
		g_autofree char *one = g_strdup_printf("%02u", i);
		g_auto(GStrv) parts = g_strsplit(format, "#", -1);
		g_autofree char *text = g_strjoinv(one, parts);

		g_string_append_printf(list, "%s%s", i > 0 ? between : "", text);
	}
	return g_string_free(list, FALSE);
}

#define LONGEST_NAME "n2345678901234567890123456789012345678901234567890123456789012#"

/* However long it is when it is right; and of what is not right no more than that something is asked for. */
static void long_lists(World *world)
{
	static const struct {
		const char *path, *interface, *member, *types, *arguments, *actions, *request;
		const char *argument, *told; /* of which there are n, for each "%s" of those */
		guint n;
		const char *error; /* after polkit said yes; NULL: none */
	} lists[] = {
		{ "", "Manager", "CreateIngress", "sa{sv}", "'many', {'Gateways': <[%s]>}",
		  "manage-ingress use-host-resources", "create ingress many with gateway %s by bridge virbr9",
		  "'192.168.122.1#'", "192.168.122.1#", 64 },
		{ FRONT, "Ingress", "SetGateways", "as", "[%s]", "manage-ingress manage-foreign use-host-resources",
		  "choose gateways of ingress front with gateway %s by bridge virbr9", "'192.168.122.1#'",
		  "192.168.122.1#", 64 },
		{ FRONT, "Ingress", "SetGateways", "as", "[%s]", "manage-ingress manage-foreign",
		  "choose gateways of ingress front", "'192.168.122.1#'", "", 65, STANDARD("InvalidArgs") },
		{ "", "Manager", "CreateNetwork", "sa{sv}",
		  "'many', {'Subnets': <['10.56.0.0/16']>, 'Endpoints': <[%s]>}", "manage-networks manage-endpoints",
		  "create network many with subnet 10.56.0.0/16 with gateway 10.56.0.1 by bridge br-many with endpoint "
		  "%s",
		  "('" LONGEST_NAME "', {'Addresses': <['10.56.1.1#']>})", LONGEST_NAME, 25 },
		{ WEB, "Network", "CreateEndpoints", "a(sa{sv})", "[%s]", "manage-endpoints manage-foreign",
		  "create endpoints %s on network web", "('" LONGEST_NAME "', {'Addresses': <['172.18.1.1#']>})",
		  LONGEST_NAME, 25 },
		/* One byte too many, in one of them or in each. */
		{ WEB, "Network", "CreateEndpoints", "a(sa{sv})",
		  "[('fine', {'Addresses': <['172.18.2.1']>}), (%s, @a{sv} {})]", "manage-endpoints manage-foreign",
		  "create endpoints on network web", "'x" LONGEST_NAME "'", "", 1, STANDARD("InvalidArgs") },
		{ "", "Manager", "CreateNetwork", "sa{sv}",
		  "'some', {'Subnets': <['10.57.0.0/16']>, 'Endpoints': <[%s]>}", "manage-networks manage-endpoints",
		  "create network some", "('x" LONGEST_NAME "', {'Addresses': <['10.57.1.1#']>})", "", 50,
		  STANDARD("InvalidArgs") },
		/* More than the configuration allows anybody. */
		{ WEB, "Network", "CreateEndpoints", "a(sa{sv})", "[%s]", "manage-endpoints manage-foreign",
		  "create endpoints on network web", "('x#', {'Addresses': <['172.18.3.1#']>})", "", 51,
		  OURS("QuotaExceeded") },
	};

	create_host(world);
	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_autofree char *given = list_numbered(lists[i].argument, ", ", lists[i].n);
		g_autofree char *told = list_numbered(lists[i].told, ", ", lists[i].n);
		g_auto(GStrv) request = g_strsplit(lists[i].request, "%s", -1);
		g_auto(GStrv) arguments = g_strsplit(lists[i].arguments, "%s", -1);
		g_autofree char *whole = g_strjoinv(told, request), *all = g_strjoinv(given, arguments);

		g_test_message("%u of %s", lists[i].n, lists[i].argument);
		write_rule(world, lists[i].actions, whole);
		if (lists[i].error)
			refused(as(world, world->bob), lists[i].error, "", lists[i].path, lists[i].interface,
				lists[i].member, lists[i].types, all);
		else
			done(as(world, world->bob), lists[i].path, lists[i].interface, lists[i].member, lists[i].types,
			     all);
	}
	g_assert_no_errno(unlink(RULES_FILE));
	remove_host(world);
}

/* A rule says yes to what polkit is told: what is not so any more is asked about again. */
static void objects_change_meanwhile(World *world)
{
	static const struct {
		const char *again; /* what is made in place of the object */
		bool is_granted;
	} races[] = {
		{ "'theirs', {'Subnets': <['172.27.0.0/16']>, 'Labels': <{'team': 'x'}>, 'Persistent': <true>}", true },
		{ "'theirs', {'Subnets': <['172.27.0.0/16']>, 'Labels': <{'team': 'y'}>, 'Persistent': <true>}",
		  false },
		{ "'theirs', {'Subnets': <['172.27.0.0/16']>, 'Persistent': <true>}", false },
	};
	pid_t polkit;

	create_base(world);
	write_rules(world,
		    "polkit.addRule(function(action, subject) {"
		    "if (action.id == 'org.example.NetFilter.manage-foreign' && action.lookup('labels') == 'team=x')"
		    "return polkit.Result.YES; });\n");
	polkit = polkit_pid(world);
	for (gsize i = 0; i < G_N_ELEMENTS(races); i++) {
		Pipeline *pipeline = pipeline_new();

		done(as_root(world), "", "Manager", "CreateNetwork", "sa{sv}", races[0].again);
		kill(polkit, SIGSTOP);
		pipeline_call(pipeline, world->alice, "/network/theirs", "Network", "Delete", "", "");
		wait_until_asked(world, world->alice);
		done(as_root(world), "/network/theirs", "Network", "Delete", "", "");
		done(as_root(world), "", "Manager", "CreateNetwork", "sa{sv}", races[i].again);
		kill(polkit, SIGCONT);
		pipeline_run(pipeline);
		expect_outcome(pipeline, 0, races[i].is_granted ? "" : INTERACTIVE);
		pipeline_free(pipeline);
		if (!races[i].is_granted)
			done(as_root(world), "/network/theirs", "Network", "Delete", "", "");
	}
	g_assert_no_errno(unlink(RULES_FILE));
}

/* What is root's in a network of hers does not go with what she retains. */
static void retained_beside_others(World *world)
{
	create_base(world);
	alice_creates(world, "");
	done(as_root(world), "/network/mine", "Network", "CreateEndpoint", "sa{sv}",
	     "'roots', {'Addresses': <['172.21.0.77']>}");
	done(as(world, world->alice), "/network/mine", "Network", "CreateEndpoint", "sa{sv}",
	     "'hers', {'Addresses': <['172.21.0.78']>}");
	refused(as(world, world->alice), INTERACTIVE, FOREIGN, "/network/mine", "Network", "Retain", "as", "@as []");
	refused(as(world, world->alice), INTERACTIVE, FOREIGN, "/network/mine", "Network", "Retain", "as", "['hers']");
	answers(as(world, world->alice), "(1,)", "/network/mine", "Network", "Retain", "as", "['roots']");
	property_is(as_root(world), "0", "/network/mine/endpoint/roots", "Endpoint", "OwnerUID");
}

static const AccessTest tests[] = {
	{ "/host/creations", creations_by_table, .members = true },
	{ "/host/updates", updates_by_table, .members = true },
	{ "/host/example-of-bob", example_of_bob, .members = true },
	{ "/host/gateways", gateways_by_table, .members = true },
	{ "/host/ports-of-others", ports_of_others, .members = true },
	{ "/host/chosen-beside-programs", chosen_beside_programs, .members = true },
	{ "/host/groups-of-others", groups_of_others, .members = true },
	{ "/host/changes-meanwhile", host_changes_meanwhile, .members = true },
	{ "/host/retained-beside-others", retained_beside_others, .members = true },
	{ "/host/objects-change-meanwhile", objects_change_meanwhile, .members = true },
	{ "/host/prompts", prompts_by_table },
	{ "/host/long-lists", long_lists, .configuration = "MaxEndpointsPerUID=50\n" },
};

int main(int argc, char **argv)
{
	return access_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
