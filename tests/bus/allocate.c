/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/rig.h"

#include <string.h>

#define WEB "/network/web"

static void create_network(Rig *rig, const char *settings)
{
	g_autofree char *arguments = g_strdup_printf("'web', {%s}", settings);

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", arguments);
}

static char *arguments_of(const char *name, const char *settings)
{
	return g_strdup_printf("'%s', {%s}", name, settings);
}

static void gets(Rig *rig, const char *name, const char *settings, const char *addresses)
{
	g_autofree char *arguments = arguments_of(name, settings), *path = g_strconcat(WEB "/endpoint/", name, NULL);

	done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}", arguments);
	property_is(rig, addresses, path, "Endpoint", "Addresses");
}

static void cannot(Rig *rig, const char *settings, const char *error, const char *names)
{
	g_autofree char *arguments = arguments_of("bad", settings);

	refused(rig, error, names, WEB, "Network", "CreateEndpoint", "sa{sv}", arguments);
}

static void deletes(Rig *rig, const char *name)
{
	g_autofree char *argument = g_strdup_printf("'%s'", name);

	done(rig, WEB, "Network", "DeleteEndpoint", "s", argument);
}

#define IPV4 "'Allocate': <['ipv4']>"
#define BOTH "'Allocate': <['ipv6', 'ipv4']>"

/* What was given back is not the next: whoever still knows it would mean another. */
static void next(Rig *rig)
{
	create_network(rig, "'Subnets': <['172.18.0.0/29', 'fd00:18::/64']>");
	gets(rig, "a", BOTH, "['172.18.0.2', 'fd00:18::2']");
	gets(rig, "b", "'Addresses': <['172.18.0.3']>", "['172.18.0.3']");
	gets(rig, "c", BOTH, "['172.18.0.4', 'fd00:18::3']");
	deletes(rig, "a");
	deletes(rig, "c");
	rig_restart(rig);
	gets(rig, "d", IPV4, "['172.18.0.5']");
	rig_restart(rig);
	rig_restart(rig);
	gets(rig, "e", "'Addresses': <['fd00:18::5']>, " IPV4, "['172.18.0.6', 'fd00:18::5']");
	gets(rig, "f", "'Allocate': <['ipv6']>", "['fd00:18::4']");
	gets(rig, "g", BOTH, "['172.18.0.2', 'fd00:18::6']");
	gets(rig, "h", IPV4, "['172.18.0.4']");
	cannot(rig, IPV4, OURS("AddressesExhausted"), "172.18.0.0/29");
	deletes(rig, "b");
	gets(rig, "i", IPV4, "['172.18.0.3']");
	cannot(rig, BOTH, OURS("AddressesExhausted"), "172.18.0.0/29");
}

/* A call that fails, and a preview, choose nothing. */
static void undone(Rig *rig)
{
	create_network(rig, "'Subnets': <['172.18.0.0/24']>");
	gets(rig, "a", IPV4, "['172.18.0.2']");
	refused(rig, STANDARD("InvalidArgs"), "Allocate", WEB, "Network", "CreateEndpoints", "a(sa{sv})",
		"[('b', {" IPV4 "}), ('c', {'Allocate': <['ipv6']>})]");
	done(rig, "", "Manager", "PreviewNetwork", "sa{sv}",
	     "'other', {'Subnets': <['172.19.0.0/24']>, 'Endpoints': <[('a', {" IPV4 "})]>}");
	done(rig, WEB, "Network", "CreateEndpoints", "a(sa{sv})", "[('b', {" IPV4 "}), ('c', {" IPV4 "})]");
	property_is(rig, "['172.18.0.4']", WEB "/endpoint/c", "Endpoint", "Addresses");
	answers(rig, "('" ROOT WEB "/endpoint/c', false)", WEB, "Network", "EnsureEndpoint", "sa{sv}",
		"'c', {" IPV4 "}");
	answers(rig, "('" ROOT WEB "/endpoint/d', true)", WEB, "Network", "EnsureEndpoint", "sa{sv}",
		"'d', {" IPV4 "}");
	property_is(rig, "['172.18.0.5']", WEB "/endpoint/d", "Endpoint", "Addresses");
	refused(rig, OURS("EndpointExists"), "Addresses", WEB, "Network", "EnsureEndpoint", "sa{sv}",
		"'d', {" BOTH "}");
}

static void ranges(Rig *rig)
{
	static const struct {
		const char *subnets, *range, *names;
	} bad[] = {
		{ "'172.19.0.0/24'", "'172.19.0.0/16'", "172.19.0.0/16" },
		{ "'172.19.0.0/24'", "'172.19.1.0/28'", "172.19.1.0/28" },
		{ "'172.19.0.0/24'", "'fd00::/64'", "fd00::/64" },
		{ "'172.19.0.0/24'", "'172.19.0.0'", "\"172.19.0.0\"" },
		{ "'172.19.0.0/24'", "'172.19.0.0/25', '172.19.0.128/25'", "second ipv4 range" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *arguments = g_strdup_printf("'bad', {'Subnets': <[%s]>, 'AddressRange': <[%s]>}",
							     bad[i].subnets, bad[i].range);

		refused(rig, STANDARD("InvalidArgs"), bad[i].names, "", "Manager", "CreateNetwork", "sa{sv}",
			arguments);
	}
	create_network(rig, "'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, 'Gateways': <['172.18.8.1']>, "
			    "'AddressRange': <['172.18.8.0/30']>");
	gets(rig, "a", BOTH, "['172.18.8.0', 'fd00:18::2']");
	gets(rig, "b", IPV4, "['172.18.8.2']");
	rig_restart(rig);
	gets(rig, "c", IPV4, "['172.18.8.3']");
	cannot(rig, IPV4, OURS("AddressesExhausted"), "172.18.8.0/30");
	/* Whoever names his address is not bound by it. */
	gets(rig, "d", "'Addresses': <['172.18.0.2']>", "['172.18.0.2']");
	refused(rig, OURS("NetworkExists"), "AddressRange", "", "Manager", "EnsureNetwork", "sa{sv}",
		"'web', {'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, 'Gateways': <['172.18.8.1']>}");
	cannot(rig, "'Allocate': <['ipv5']>", STANDARD("InvalidArgs"), "ipv5");
	cannot(rig, "'Allocate': <['ipv6', 'ipv6']>", STANDARD("InvalidArgs"), "second address");
	cannot(rig, "'Addresses': <['fd00:18::9']>, 'Allocate': <['ipv6']>", STANDARD("InvalidArgs"), "second address");
	cannot(rig, "'Allocate': <@as []>", STANDARD("InvalidArgs"), "Addresses");
	cannot(rig, "'Addresses': <@as []>", STANDARD("InvalidArgs"), "Allocate");
}

/* The smallest subnets there are, of which none has an address to waste. */
static void small(Rig *rig)
{
	create_network(rig, "'Subnets': <['172.18.0.0/31', 'fd00:18::/127']>");
	gets(rig, "a", BOTH, "['172.18.0.1', 'fd00:18::1']");
	cannot(rig, IPV4, OURS("AddressesExhausted"), "172.18.0.0/31");
	cannot(rig, "'Allocate': <['ipv6']>", OURS("AddressesExhausted"), "fd00:18::/127");
}

static const BusTest tests[] = {
	{ "/bus/allocate/next", next },
	{ "/bus/allocate/undone", undone },
	{ "/bus/allocate/ranges", ranges },
	{ "/bus/allocate/small", small },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
