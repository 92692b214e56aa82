/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/rig.h"

#include <string.h>

/* Explain as a caller has it: what it takes, what it answers, and that it is a read. */

#define WEB "/network/web"
#define APP WEB "/endpoint/app"
#define INVALID STANDARD("InvalidArgs")

static void create_world(Rig *rig)
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Subnets': <['172.18.0.0/16']>, 'AllowFrom': <['192.0.2.0/24']>}");
	done(rig, WEB, "Network", "CreateEndpoint", "sa{sv}",
	     "'app', {'Addresses': <['172.18.0.2']>, 'Ports': <[('tcp', '', 8080, 80, 1)]>}");
	done(rig, "", "Manager", "CreateIngress", "sa{sv}",
	     "'front', {'Gateway': <'172.18.0.2'>, 'Ports': <[('tcp', 443)]>}");
}

static void bad_packets(Rig *rig)
{
	static const struct {
		const char *error, *names, *packet;
	} cases[] = {
		{ INVALID, "\"Sauce\"", "'Sauce': <'192.0.2.2'>" },
		{ INVALID, "Source is of type \"q\"", "'Source': <uint16 1>" },
		{ INVALID, "Source is given twice", "'Source': <'192.0.2.2'>, 'Source': <'192.0.2.2'>" },
		{ INVALID, "Source is required", "'Port': <80>" },
		{ INVALID, "Destination is required", "'Source': <'192.0.2.2'>, 'Port': <80>" },
		{ INVALID, "Source: \"192.0.2\"", "'Source': <'192.0.2'>, 'Port': <80>" },
		{ INVALID, "Port", "'Source': <'192.0.2.2'>, 'Destination': <'192.0.2.1'>" },
		{ INVALID, "Port", "'Source': <'192.0.2.2'>, 'Destination': <'192.0.2.1'>, 'Port': <65536>" },
		{ INVALID, "Protocol: \"igmp\"", "'Protocol': <'igmp'>, 'Port': <80>" },
		{ INVALID, "InInterface: there is no interface \"nosuch0\"",
		  "'Source': <'192.0.2.2'>, 'Destination': <'192.0.2.1'>, 'InInterface': <'nosuch0'>, 'Port': <80>" },
		{ INVALID, "InInterface: \"\"", "'InInterface': <''>, 'Port': <80>" },
		{ STANDARD("UnknownObject"), "/network/web/endpoint/none",
		  "'Source': <'/org/example/NetFilter/network/web/endpoint/none'>, 'Port': <80>" },
		{ INVALID, "/network/web", "'Source': <'/org/example/NetFilter/network/web'>, 'Port': <80>" },
		{ INVALID, "Source: no packet comes from an ingress",
		  "'Source': <'/org/example/NetFilter/ingress/front'>, 'Destination': <'192.0.2.1'>, 'Port': <80>" },
	};

	create_world(rig);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *packet = g_strdup_printf("{%s}", cases[i].packet);

		g_test_message("%s", packet);
		refused(rig, cases[i].error, cases[i].names, "", "Manager", "Explain", "a{sv}", packet);
	}
}

static void last_step_is(Rig *rig, const char *packet, const char *verdict, const char *about, const char *object,
			 const char *words)
{
	g_autoptr(GVariant) reply = ask(rig, "", "Manager", "Explain", "a{sv}", packet), steps = NULL, last = NULL;
	const char *said, *its_about, *its_object, *rule, *its_words;

	if (!reply)
		return;
	g_variant_get(reply, "(&s@a(soss))", &said, &steps);
	g_assert_cmpuint(g_variant_n_children(steps), >, 0);
	last = g_variant_get_child_value(steps, g_variant_n_children(steps) - 1);
	g_variant_get(last, "(&s&o&s&s)", &its_about, &its_object, &rule, &its_words);
	g_test_message("%s: %s, %s %s [%s] %s", packet, said, its_about, its_object, rule, its_words);
	g_assert_cmpstr(said, ==, verdict);
	g_assert_cmpstr(its_about, ==, about);
	g_assert_cmpstr(its_object, ==, object);
	g_assert_nonnull(strstr(its_words, words));
}

/* The verdict, and of the last step what it is about and the object. */
static void verdicts(Rig *rig)
{
	static const struct {
		const char *verdict, *about, *object, *packet;
	} cases[] = {
		{ "accepted", "endpoint", ROOT APP,
		  "'Source': <'192.0.2.2'>, 'Destination': <'" ROOT APP "'>, 'Port': <8080>" },
		{ "accepted", "endpoint", ROOT APP,
		  "'Source': <'192.0.2.2'>, 'Destination': <'192.0.2.1'>, 'Port': <int64 8080>" },
		{ "dropped", "allow-from", ROOT APP,
		  "'Source': <'198.51.100.2'>, 'Destination': <'192.0.2.1'>, 'Port': <8080>, 'InInterface': "
		  "<'uplink'>" },
		{ "dropped", "route", "/", "'Source': <'198.51.100.2'>, 'Destination': <'192.0.2.1'>, 'Port': <8080>" },
		{ "accepted", "endpoint", ROOT APP,
		  "'Source': <'192.0.2.2'>, 'Destination': <'" ROOT
		  "/ingress/front'>, 'Port': <443>, 'SourcePort': <1024>" },
		{ "refused", "program", "/",
		  "'Source': <'" ROOT APP "'>, 'Destination': <'192.0.2.1'>, 'Port': <9>, 'Protocol': <'udp'>" },
	};
	g_autofree char *before = NULL, *after = NULL;

	create_world(rig);
	before = rig_state(rig);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *packet = g_strdup_printf("{%s}", cases[i].packet);

		last_step_is(rig, packet, cases[i].verdict, cases[i].about, cases[i].object, "");
	}
	after = rig_state(rig);
	g_assert_cmpstr(before, ==, after);
}

/* What is the host's, and decides: each alone, and then the packet passes. */
static void facts(Rig *rig)
{
	static const struct {
		const char *about, *words, *on, *off, *packet;
	} cases[] = {
		{ "forwarding", "nothing that comes in by uplink", "sysctl -qw net.ipv4.ip_forward=0",
		  "sysctl -qw net.ipv4.ip_forward=1", "'Source': <'192.0.2.2'>" },
		{ "rp_filter", "no answer to 192.0.2.9 would leave by other",
		  "sysctl -qw net.ipv4.conf.all.rp_filter=1", "sysctl -qw net.ipv4.conf.all.rp_filter=0",
		  "'Source': <'192.0.2.9'>, 'InInterface': <'other'>" },
		{ "rp_filter", "no answer to 192.0.2.9 would leave by other",
		  "sysctl -qw net.ipv4.conf.other.rp_filter=1", "sysctl -qw net.ipv4.conf.other.rp_filter=0",
		  "'Source': <'192.0.2.9'>, 'InInterface': <'other'>" },
		{ "route", "no route leads to its source 198.51.100.9", "ip route del 198.51.100.0/24",
		  "ip route add 198.51.100.0/24 dev uplink", "'Source': <'198.51.100.9'>" },
		{ "route", "from 127.0.0.5", "true", NULL, "'Source': <'127.0.0.5'>, 'InInterface': <'uplink'>" },
		{ "foreign", "chain ip others pass",
		  "nft 'table ip others { chain pass { type filter hook forward priority 9; policy drop; }; }'",
		  "nft delete table ip others", "'Source': <'192.0.2.2'>" },
		{ "foreign", "chain inet others pass",
		  "nft 'table inet others { chain pass { type filter hook forward priority 9; drop; }; }'",
		  "nft delete table inet others", "'Source': <'192.0.2.2'>" },
	};

	create_world(rig);
	done(rig, WEB, "Network", "Update", "a{sv}", "{'AllowFrom': <@as []>}");
	netns_run(rig->host, "ip link add other type veth peer name rehto");
	netns_run(rig->host, "ip link set other up");
	netns_run(rig->host, "ip link set downlink up");
	netns_run(rig->host, "ip route add 198.51.100.0/24 dev uplink");
	netns_run(rig->host, "sysctl -qw net.ipv4.ip_forward=1");
	netns_run(rig->host, "sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.uplink.rp_filter=0 "
			     "net.ipv4.conf.other.rp_filter=0");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *packet =
			g_strdup_printf("{%s, 'Destination': <'172.18.0.1'>, 'Port': <8080>}", cases[i].packet);

		netns_run(rig->host, "%s", cases[i].on);
		last_step_is(rig, packet, "dropped", cases[i].about, "/", cases[i].words);
		if (!cases[i].off)
			continue;
		netns_run(rig->host, "%s", cases[i].off);
		last_step_is(rig, packet, "accepted", "endpoint", ROOT APP, "br-web");
	}
}

/* Whoever may not list the kernel's rules does not get their text here. */
static void rules_of_others(Rig *rig)
{
	static const char packet[] = "{'Source': <'192.0.2.2'>, 'Destination': <'172.18.0.1'>, 'Port': <8080>}";
	g_autoptr(GVariant) reply = NULL;
	g_autofree char *root = NULL, *nobody = NULL;

	netns_run(rig->host, "iptables-legacy -N DOCKER-USER");
	netns_run(rig->host, "iptables-legacy -A DOCKER-USER -m mark --mark 4711 -j DROP");
	netns_run(rig->host, "iptables-legacy -A DOCKER-USER -s 192.0.2.2 -j DROP");
	create_world(rig);
	reply = ask(rig, "", "Manager", "Explain", "a{sv}", packet);
	root = g_variant_print(reply, FALSE);
	nobody = netns_output(
		rig->host,
		"setpriv --reuid=65534 --clear-groups gdbus call --system -d org.example.NetFilter -o " ROOT
		" -m org.example.NetFilter.Manager.Explain \"%s\"",
		packet);
	g_assert_nonnull(strstr(root, "'filter DOCKER-USER: -m mark -j DROP'"));
	g_assert_nonnull(strstr(root, "'filter DOCKER-USER: -s 192.0.2.2/32 -j DROP'"));
	g_assert_null(strstr(nobody, "DOCKER-USER"));
	for (guint i = 0; i < 2; i++) {
		const char *said = i == 0 ? root : nobody;

		g_assert_true(g_str_has_prefix(said, "('dropped', "));
		g_assert_nonnull(strstr(said, "a rule that is not the service's drops it"));
		g_assert_nonnull(strstr(said, "a rule that is not the service's is not followed"));
	}
}

static const BusTest tests[] = {
	{ "/explain/bad-packets", bad_packets },
	{ "/explain/verdicts", verdicts },
	{ "/explain/facts", facts, "IPForward=no" },
	{ "/explain/rules-of-others", rules_of_others, "Backend=iptables" },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
