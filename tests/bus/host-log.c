/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/caught-log.h"
#include "tests/support/signals.h"

#include <string.h>
#include <unistd.h>

/* What the service says of the host in its log. */

static void later_routes(Rig *rig)
{
	static const struct {
		const char *command;
		const char *told; /* the destination that is told; NULL: nothing is */
	} cases[] = {
		{ "ip route add default via 192.0.2.254", NULL },
		{ "ip route add 198.51.100.0/24 via 192.0.2.254", NULL },
		{ "ip route add 172.18.9.0/24 via 172.18.0.9", NULL },
		{ "ip route add throw 172.18.8.0/24", NULL },
		{ "ip route add 172.18.7.0/24 via 192.0.2.254", "172.18.7.0/24" },
		{ "ip route add 172.16.0.0/12 via 192.0.2.254 table 77", "172.16.0.0/12" },
		{ "ip route add blackhole 172.18.6.0/24", "172.18.6.0/24" },
		{ "ip address add 172.18.5.5/32 dev uplink", "172.18.5.5/32" },
		{ "ip -6 route add fd00:18:0:0:1::/80 dev uplink", "fd00:18:0:0:1::/80" },
	};
	g_autofree char *text = NULL;
	guint told = 0;

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'web', {'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>}");
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *sentence = g_strdup_printf("A route of the host to %s lies over", cases[i].told);

		netns_run(rig->host, "%s", cases[i].command);
		if (!cases[i].told)
			continue;
		told++;
		wait_for(sentence);
	}
	/* Once: again, and then one that is told after it. */
	netns_run(rig->host, "ip route del 172.18.7.0/24");
	netns_run(rig->host, "ip route add 172.18.7.0/24 via 192.0.2.254");
	netns_run(rig->host, "ip route add 172.18.4.0/24 via 192.0.2.254");
	wait_for("to 172.18.4.0/24 lies over subnet 172.18.0.0/16 of network \"web\"");
	text = read_log();
	g_assert_cmpuint(count_parts(text, "A route of the host"), ==, told + 1);
}

/* An address that another interface has as well, or has instead, is not lost. */
static void lost_address(Rig *rig)
{
	static const struct {
		const char *command;
		const char *told; /* NULL: nothing is */
	} cases[] = {
		{ "ip address del 192.0.2.8/24 dev uplink", NULL },
		{ "ip address add 192.0.2.7/32 dev lo", NULL },
		{ "ip address del 192.0.2.7/24 dev uplink", NULL },
		{ "ip address del 2001:db8:1::7/64 dev uplink",
		  "lost 2001:db8:1::7, the SourceAddress of network \"web\"" },
		{ "ip address del 192.0.2.7/32 dev lo", "lost 192.0.2.7, the SourceAddress of network \"web\"" },
		{ "ip address add 192.0.2.7/32 dev lo", NULL },
		{ "ip address del 192.0.2.7/32 dev lo", NULL },
	};
	g_autofree char *text = NULL;

	netns_run(rig->host, "ip address add 192.0.2.7/24 dev uplink");
	netns_run(rig->host, "ip address add 192.0.2.8/24 dev uplink");
	netns_run(rig->host, "ip address add 2001:db8:1::7/64 dev uplink nodad");
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, 'SourceAddress': <['192.0.2.7', "
	     "'2001:db8:1::7']>}");
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		netns_run(rig->host, "%s", cases[i].command);
		if (cases[i].told)
			wait_for(cases[i].told);
	}
	/* What is told after all of them. */
	netns_run(rig->host, "ip route add 172.18.7.0/24 via 192.0.2.254");
	wait_for("A route of the host to 172.18.7.0/24");
	text = read_log();
	g_assert_cmpuint(count_parts(text, "The host has lost"), ==, 2);
	property_is(rig, "['192.0.2.7', '2001:db8:1::7']", "/network/web", "Network", "SourceAddress");
	rig_restart(rig);
	property_is(rig, "['192.0.2.7', '2001:db8:1::7']", "/network/web", "Network", "SourceAddress");
}

/* Whose interface is not ours sets it up himself: until then nothing gets through, which is told once. */
static void down(Rig *rig)
{
	static const struct {
		const char *bridge, *state;
		const char *member, *types, *arguments;
		bool told;
	} cases[] = {
		{ "n0", "down", "CreateNetwork", "sa{sv}", "'n0', {'Subnets': <['172.18.0.0/24']>, 'Bridge': <'n0'>}",
		  true },
		{ "n1", "up", "CreateNetwork", "sa{sv}", "'n1', {'Subnets': <['172.18.1.0/24']>, 'Bridge': <'n1'>}",
		  false },
		{ "n2", "down", "CreateIngress", "sa{sv}", "'n2', {'Gateway': <'172.18.2.9'>, 'Bridge': <'n2'>}",
		  true },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *sentence = g_strdup_printf(
			"Interface %s is down; what it serves is not reached until it is up", cases[i].bridge);
		g_autofree char *text = NULL;

		netns_run(rig->host, "ip link add %s type bridge", cases[i].bridge);
		netns_run(rig->host, "ip address add 172.18.%u.1/24 dev %s", i, cases[i].bridge);
		netns_run(rig->host, "ip link set %s %s", cases[i].bridge, cases[i].state);
		done(rig, "", "Manager", cases[i].member, cases[i].types, cases[i].arguments);
		answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
		text = read_log();
		g_test_message("%s", sentence);
		g_assert_cmpuint(count_parts(text, sentence), ==, cases[i].told);
	}
}

/* --- nftables' chains that stop what the service lets through --- */

#define PID_FILE "/run/author"
#define STOPS "stops what is forwarded to endpoints"

static guint times_told(void)
{
	g_autofree char *text = read_log();

	return count_parts(text, STOPS);
}

/* Each is told of at each occasion, once. */
static void forward_drops(Rig *rig)
{
	static const struct {
		const char *script; /* for nft */
		const char *told;   /* NULL: it stops nobody */
	} cases[] = {
		{ "table ip filter { chain FORWARD { type filter hook forward priority filter; policy drop; }; }",
		  "ip filter FORWARD" },
		{ "table ip6 filter { chain FORWARD { type filter hook forward priority filter; policy drop; }; }",
		  "ip6 filter FORWARD" },
		{ "table inet x { chain y { type filter hook forward priority -300; policy drop; accept; }; }",
		  "inet x y" },
		{ "table inet firewalld { chain filter_FORWARD { type filter hook forward priority filter + 10; policy "
		  "accept; ct state established accept; counter reject with icmpx type admin-prohibited; }; }",
		  "inet firewalld filter_FORWARD" },
		{ "table inet x { chain y { type filter hook forward priority 0; log prefix \"no \" drop; }; }",
		  "inet x y" },
		{ "table inet x { chain y { type filter hook forward priority 0; }; }" },
		{ "table inet x { chain y { type filter hook forward priority 0; ip saddr 10.0.0.1 drop; }; }" },
		{ "table inet x { chain y { type filter hook forward priority 0; drop; accept; }; }" },
		{ "table inet x { chain y { type filter hook input priority 0; policy drop; }; }" },
		{ "table inet x { chain y { drop; }; }" },
		{ "table bridge x { chain y { type filter hook forward priority 0; policy drop; }; }" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *sentence = g_strdup_printf("Chain %s " STOPS, cases[i].told);
		g_autofree char *text = NULL;
		guint before;

		g_test_message("%s", cases[i].script);
		text = g_strconcat(cases[i].script, "\n", NULL);
		g_assert_true(g_file_set_contents("/run/script.nft", text, -1, NULL));
		netns_run(rig->host, "nft -f /run/script.nft");
		before = times_told();
		/* At the start, and as rig_restart() has it reconciled. */
		rig_restart(rig);
		g_assert_cmpuint(times_told(), ==, before + 2 * !!cases[i].told);
		done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'web', {'Subnets': <['172.18.0.0/16']>}");
		g_assert_cmpuint(times_told(), ==, before + 3 * !!cases[i].told);
		done(rig, "/network/web", "Network", "CreateEndpoint", "sa{sv}",
		     "'app', {'Addresses': <['172.18.0.2']>}");
		g_assert_cmpuint(times_told(), ==, before + 3 * !!cases[i].told);
		answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
		g_assert_cmpuint(times_told(), ==, before + 4 * !!cases[i].told);
		if (cases[i].told) {
			g_autofree char *value = g_strdup_printf("['%s']", cases[i].told);

			wait_for(sentence);
			property_is(rig, value, "", "Manager", "ForeignDrops");
		} else {
			property_is(rig, "[]", "", "Manager", "ForeignDrops");
		}
		done(rig, "/network/web", "Network", "Delete", "", "");
		g_assert_cmpuint(times_told(), ==, before + 4 * !!cases[i].told);
		netns_run(rig->host, "nft flush ruleset");
	}
}

static void run_nft(const Rig *rig, const char *script)
{
	g_autofree char *text = g_strconcat(script, "\n", NULL);

	g_test_message("%s", script);
	g_assert_true(g_file_set_contents("/run/script.nft", text, -1, NULL));
	netns_run(rig->host, "sh -c 'echo $$ > " PID_FILE "; exec nft -f /run/script.nft'");
}

/* The last of those. */
static void wait_for_author(const char *sentence)
{
	g_autofree char *pid = NULL, *whole = NULL;

	g_assert_true(g_file_get_contents(PID_FILE, &pid, NULL, NULL));
	whole = g_strdup_printf("%s; \"nft\" (pid %s) made it so\n", sentence, g_strchomp(pid));
	wait_for(whole);
}

static void wait_for_signal(Signals *signals, const char *line)
{
	for (guint i = 0; i < 1000; i++) {
		g_autofree char *text = signals_take(signals);

		if (strstr(text, line))
			return;
		g_usleep(10000);
	}
	g_test_message("never signalled: %s", line);
	g_test_fail();
}

static void create(Rig *rig)
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'web', {'Subnets': <['172.18.0.0/16']>}");
}

/* While there are objects nobody has to ask. */
static void later_drops(Rig *rig)
{
	static const struct {
		const char *before, *comes, *goes; /* for nft */
		const char *chain;
	} cases[] = {
		{ "", "table ip filter { chain FORWARD { type filter hook forward priority filter; policy drop; }; }",
		  "delete table ip filter", "ip filter FORWARD" },
		{ "table inet x { chain y { type filter hook forward priority 0; }; }",
		  "add rule inet x y reject with icmpx admin-prohibited", "flush chain inet x y", "inet x y" },
		{ "table ip6 x { chain y { type filter hook forward priority 0; }; }", "chain ip6 x y { policy drop; }",
		  "chain ip6 x y { policy accept; }", "ip6 x y" },
		{ "table inet x", "table inet x { chain z { type filter hook forward priority 0; policy drop; }; }",
		  "delete chain inet x z", "inet x z" },
	};

	create(rig);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *value = g_strdup_printf("['%s']", cases[i].chain);
		g_autofree char *came = g_strdup_printf("PropertiesChanged  ForeignDrops=%s", value);
		g_autofree char *stops = g_strdup_printf("Chain %s " STOPS " and from them, whatever the rules of this "
							 "service accept",
							 cases[i].chain);
		g_autofree char *went = g_strdup_printf("Chain %s stops nothing any more that the rules of this "
							"service accept",
							cases[i].chain);
		Signals *signals;
		guint before;

		run_nft(rig, cases[i].before);
		rig_restart(rig);
		before = times_told();
		signals = signals_new(rig);
		run_nft(rig, cases[i].comes);
		wait_for_signal(signals, came);
		property_is(rig, value, "", "Manager", "ForeignDrops");
		g_assert_cmpuint(times_told(), ==, before + 1);
		wait_for_author(stops);
		run_nft(rig, cases[i].goes);
		wait_for_signal(signals, "PropertiesChanged  ForeignDrops=[]");
		property_is(rig, "[]", "", "Manager", "ForeignDrops");
		wait_for_author(went);
		g_assert_cmpuint(times_told(), ==, before + 1);
		signals_free(signals);
	}
}

/* Who changes rules all the time neither keeps the service busy nor fills its log, nor hides a chain that comes. */
static void flood(Rig *rig)
{
	enum { CHANGES = 1000 };
	g_autofree char *before = NULL, *after = NULL;
	guint64 woken;

	create(rig);
	run_nft(rig, "table inet busy { chain forward { type filter hook forward priority 0; }; }");
	before = read_log();
	woken = rig_wakeups(rig);
	netns_run(rig->host,
		  "sh -c 'for i in $(seq %d); do nft add rule inet busy forward ip saddr 10.0.0.1 drop; done'",
		  CHANGES);
	woken = rig_wakeups(rig) - woken;
	after = read_log();
	g_test_message("woken %" G_GUINT64_FORMAT " times", woken);
	g_assert_cmpuint(woken, <, CHANGES / 5);
	g_assert_cmpstr(after, ==, before);
	run_nft(rig, "chain inet busy forward { policy drop; }");
	wait_for("Chain inet busy forward " STOPS);
	property_is(rig, "['inet busy forward']", "", "Manager", "ForeignDrops");
}

/* Who lets one come and go all the time has it looked for less often, and fills no log. */
static void flapping(Rig *rig)
{
	static const char told[] = "Chains that stop what is forwarded come and go";
	g_autofree char *text = NULL;
	Signals *signals;

	create(rig);
	signals = signals_new(rig);
	for (guint i = 0; i < 4; i++) {
		run_nft(rig, "table inet x { chain y { type filter hook forward priority 0; policy drop; }; }");
		wait_for_signal(signals, "ForeignDrops=['inet x y']");
		run_nft(rig, "delete table inet x");
		wait_for_signal(signals, "ForeignDrops=[]");
	}
	text = read_log();
	g_assert_cmpuint(count_parts(text, told), ==, 1);
	signals_free(signals);
}

/* Those of legacy iptables, where that is somebody else's. */
static void legacy_forward_drops(Rig *rig)
{
	static const struct {
		const char *rules; /* for iptables-legacy-restore and ip6tables-legacy-restore */
		bool stops;
	} cases[] = {
		{ ":FORWARD DROP [0:0]", true },
		{ ":FORWARD DROP [0:0]\n-A FORWARD -j ACCEPT", true },
		{ "-A FORWARD -s ::/0 -j REJECT", true },
		{ "-A FORWARD -i br-other -j ACCEPT\n-A FORWARD -j DROP", true },
		{ "-A FORWARD -i uplink -j DROP", false },
		{ "-A FORWARD -p tcp -j DROP", false },
		{ "-A FORWARD -m mark --mark 1 -j DROP", false },
		{ "-A FORWARD -j DROP\n-A FORWARD -j ACCEPT", false },
		{ ":INPUT DROP [0:0]\n-A OUTPUT -j DROP", false },
		{ "", false },
	};
	static const char *const told[] = { "['legacy ip filter FORWARD']", "['legacy ip6 filter FORWARD']" };

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		for (guint version = 0; version < G_N_ELEMENTS(told); version++) {
			const char *tool = version == 0 ? "iptables" : "ip6tables";
			g_auto(GStrv) of_family = g_strsplit(cases[i].rules, " -s ::/0", -1);
			g_autofree char *rules = g_strjoinv(version == 0 ? "" : " -s ::/0", of_family);
			g_autofree char *text = g_strdup_printf("*filter\n%s\nCOMMIT\n", rules);

			g_test_message("%s: %s", tool, cases[i].rules);
			g_assert_true(g_file_set_contents("/run/rules.save", text, -1, NULL));
			netns_run(rig->host, "%s-legacy-restore /run/rules.save", tool);
			answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
			property_is(rig, cases[i].stops ? told[version] : "[]", "", "Manager", "ForeignDrops");
			g_assert_true(g_file_set_contents("/run/rules.save", "*filter\nCOMMIT\n", -1, NULL));
			netns_run(rig->host, "%s-legacy-restore /run/rules.save", tool);
			netns_run(rig->host, "%s-legacy -P FORWARD ACCEPT", tool);
		}
}

/* Those of nf_tables come first. */
static void drops_of_both(Rig *rig)
{
	netns_run(rig->host, "ip6tables-legacy -P FORWARD DROP");
	netns_run(rig->host, "iptables-legacy -P FORWARD DROP");
	netns_run(rig->host, "nft add table inet x");
	netns_run(rig->host, "nft add chain inet x y '{ type filter hook forward priority 0; policy drop; }'");
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	property_is(rig, "['inet x y', 'legacy ip filter FORWARD', 'legacy ip6 filter FORWARD']", "", "Manager",
		    "ForeignDrops");
}

/* Each once, however often it is looked. */
static void idle_chains(Rig *rig)
{
	static const struct {
		const char *commands;
		const char *told; /* NULL: it is in use, or is nobody's business */
	} cases[] = {
		{ "iptables-nft -N DOCKER-USER", "ip filter DOCKER-USER" },
		{ "ip6tables-nft -N DOCKER-USER; ip6tables-nft -A DOCKER-USER -s fd00::1 -j DROP",
		  "ip6 filter DOCKER-USER" },
		{ "iptables-nft -N DOCKER-USER; iptables-nft -A FORWARD -j DOCKER-USER", NULL },
		{ "iptables-nft -N DOCKER-USER; iptables-nft -A DOCKER-USER -s 10.0.0.1 -j DROP; iptables-nft -A "
		  "FORWARD -i br-x -j DOCKER-USER",
		  NULL },
		{ "iptables-nft -N OTHER-USER", NULL },
		{ "iptables-nft -t nat -N DOCKER-USER", NULL },
		{ "nft add table inet filter; nft add chain inet filter DOCKER-USER", NULL },
		{ "iptables-legacy -N DOCKER-USER", NULL },
	};
	guint expected = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = NULL;

		g_test_message("%s", cases[i].commands);
		netns_run(rig->host, "sh -e -c \"%s\"", cases[i].commands);
		done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'web', {'Subnets': <['172.18.0.0/16']>}");
		answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
		text = read_log();
		expected += !!cases[i].told;
		g_assert_cmpuint(count_parts(text, "iptables-legacy's"), ==, expected);
		if (cases[i].told)
			g_assert_nonnull(strstr(text, cases[i].told));
		done(rig, "/network/web", "Network", "Delete", "", "");
		netns_run(rig->host, "nft flush ruleset");
	}
}

static void no_idle_chains(Rig *rig)
{
	g_autofree char *text = NULL;

	netns_run(rig->host, "iptables-nft -N DOCKER-USER");
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'web', {'Subnets': <['172.18.0.0/16']>}");
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	text = read_log();
	g_assert_cmpuint(count_parts(text, "No packet comes to chain"), ==, 0);
}

/* Rules of others in our chains: kept, and named once, however often the chain is looked at or changes. */
static void kept_rules(Rig *rig)
{
	static const struct {
		const char *command, *told;
	} cases[] = {
		{ "iptables-legacy -I DOCKER -s 10.8.8.8 -j DROP",
		  "ipv4 chain DOCKER of table filter is kept where it stands: -s 10.8.8.8/32 -j DROP\n" },
		{ "iptables-legacy -t nat -I DOCKER -s 10.7.7.7 -j ACCEPT",
		  "ipv4 chain DOCKER of table nat is kept where it stands: -s 10.7.7.7/32 -j ACCEPT\n" },
		{ "ip6tables-legacy -A DOCKER -s fd00:9::9 -j DROP",
		  "ipv6 chain DOCKER of table filter is kept where it stands: -s fd00:9::9/128 -j DROP\n" },
	};
	g_autofree char *text = NULL;

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, 'Endpoints': <[('app', {'Addresses': "
	     "<['172.18.0.2', 'fd00:18::2']>, 'Ports': <[('tcp', '', uint16 8080, uint16 80, uint16 1)]>})]>}");
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		netns_run(rig->host, "%s", cases[i].command);
		answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
		answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
		done(rig, "/network/web/endpoint/app", "Endpoint", "Publish", "a(ssqqq)", "[('tcp', '', 8081, 81, 1)]");
		done(rig, "/network/web/endpoint/app", "Endpoint", "Unpublish", "a(ssqqq)",
		     "[('tcp', '', 8081, 81, 1)]");
	}
	text = read_log();
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *sentence = g_strconcat("A rule of somebody else's in ", cases[i].told, NULL);

		if (count_parts(text, sentence) == 1)
			continue;
		g_test_message("not once \"%s\":\n%s", sentence, text);
		g_test_fail();
	}
	g_assert_cmpuint(count_parts(text, "A rule of somebody else's"), ==, G_N_ELEMENTS(cases));
}

static const BusTest tests[] = {
	{ "/host-log/routes", later_routes, .before = catch_log },
	{ "/host-log/lost-address", lost_address, .before = catch_log },
	{ "/host-log/down", down, .before = catch_log },
	{ "/host-log/forward-drops", forward_drops, .before = catch_log },
	{ "/host-log/idle-chains", idle_chains, "Backend=iptables", catch_log },
	{ "/host-log/idle-chains-of-another-backend", no_idle_chains, "Backend=nftables", catch_log },
	{ "/host-log/kept-rules", kept_rules, "Backend=iptables", catch_log },
	{ "/host-log/later-drops", later_drops, .before = catch_log },
	{ "/host-log/later-drops-nftables", later_drops, "Backend=nftables", catch_log },
	{ "/host-log/flood", flood, .before = catch_log },
	{ "/host-log/flood-nftables", flood, "Backend=nftables", catch_log },
	{ "/host-log/flapping", flapping, .before = catch_log },
	{ "/host-log/legacy-forward-drops", legacy_forward_drops, "Backend=nftables" },
	{ "/host-log/forward-drops-of-both", drops_of_both, "Backend=nftables" },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
