/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/match.h"
#include "service/iptables/user-trace.h"
#include "tests/support/tables.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>

/* What others' rules make of a packet, as iptables writes them. */

#define BOTH (1 << FAMILY_IPV4 | 1 << FAMILY_IPV6)
#define IPV4 (1 << FAMILY_IPV4)
#define IPV6 (1 << FAMILY_IPV6)

/* TCP from 192.0.2.9 to port 8080 of 192.0.2.1, which is translated to port 80 of 172.18.0.2, and the same of IPv6. */
static TracePacket packet_of(enum family family)
{
	static const char *const addresses[N_FAMILIES][3] = {
		{ "192.0.2.9", "172.18.0.2", "192.0.2.1" },
		{ "2001:db8:1::9", "fd00:18::2", "2001:db8:1::1" },
	};
	TracePacket packet = { .family = family,
			       .protocol = IPPROTO_TCP,
			       .destination_port = 80,
			       .original_port = 8080,
			       .in = "wan",
			       .out = "br-web",
			       .translated = true };

	g_assert_true(address_parse(addresses[family][0], &packet.source));
	g_assert_true(address_parse(addresses[family][1], &packet.destination));
	g_assert_true(address_parse(addresses[family][2], &packet.original));
	return packet;
}

static const struct {
	guint families;
	const char *rule;
	enum match match;
} rules[] = {
	{ BOTH, "", MATCH_IS },
	{ IPV4, "-s 192.0.2.0/24", MATCH_IS },
	{ IPV4, "-s 192.0.2.8", MATCH_NOT },
	{ IPV4, "! -s 192.0.2.0/24", MATCH_NOT },
	{ IPV4, "! -s 10.0.0.0/8", MATCH_IS },
	{ IPV4, "-s 192.0.2.9/255.0.0.255", MATCH_IS },
	{ IPV4, "-d 172.16.0.0/12", MATCH_IS },
	{ IPV4, "-d 192.0.2.1", MATCH_NOT },
	{ IPV6, "-s 2001:db8:1::/64 -d fd00::/8", MATCH_IS },
	{ IPV6, "-s 2001:db8:2::/64", MATCH_NOT },
	{ IPV6, "! -d fd00:18::2", MATCH_NOT },
	{ BOTH, "-i wan -o br-web", MATCH_IS },
	{ BOTH, "-i wan0", MATCH_NOT },
	{ BOTH, "-i wa", MATCH_NOT },
	{ BOTH, "! -i wan", MATCH_NOT },
	{ BOTH, "-o br-+", MATCH_IS },
	{ BOTH, "! -o br-+", MATCH_NOT },
	{ BOTH, "-p tcp", MATCH_IS },
	{ BOTH, "! -p tcp", MATCH_NOT },
	{ BOTH, "! -p udp", MATCH_IS },
	{ BOTH, "-p tcp --dport 80", MATCH_IS },
	{ BOTH, "-p tcp --dport 1:79", MATCH_NOT },
	{ BOTH, "-p tcp ! --dport 80", MATCH_NOT },
	{ BOTH, "-p tcp --sport 1024:", MATCH_UNREAD },
	{ BOTH, "-p tcp --sport 1024: --dport 81", MATCH_NOT },
	{ BOTH, "-p tcp --syn", MATCH_IS },
	{ BOTH, "-p tcp ! --syn", MATCH_NOT },
	{ BOTH, "-p tcp --tcp-flags SYN,RST RST", MATCH_NOT },
	{ BOTH, "-p tcp --tcp-option 8", MATCH_UNREAD },
	{ BOTH, "-p udp --dport 80", MATCH_NOT },
	{ BOTH, "-p sctp --dport 80", MATCH_NOT },
	{ BOTH, "-p tcp -m multiport --dports 443,79:81", MATCH_IS },
	{ BOTH, "-p tcp -m multiport --dports 443,81:90", MATCH_NOT },
	{ BOTH, "-p tcp -m multiport ! --dports 80", MATCH_NOT },
	{ BOTH, "-p tcp -m multiport --ports 80,81", MATCH_IS },
	{ BOTH, "-p tcp -m multiport --sports 80", MATCH_UNREAD },
	{ BOTH, "-m conntrack --ctstate NEW", MATCH_IS },
	{ BOTH, "-m conntrack --ctstate RELATED,ESTABLISHED", MATCH_NOT },
	{ BOTH, "-m conntrack ! --ctstate RELATED,ESTABLISHED", MATCH_IS },
	{ BOTH, "-m conntrack --ctstate DNAT", MATCH_IS },
	{ BOTH, "-m conntrack ! --ctstate DNAT", MATCH_NOT },
	{ BOTH, "-m conntrack --ctstate UNTRACKED", MATCH_NOT },
	{ BOTH, "-m state --state NEW", MATCH_IS },
	{ BOTH, "-m conntrack --ctdir ORIGINAL", MATCH_IS },
	{ BOTH, "-m conntrack --ctdir REPLY", MATCH_NOT },
	{ BOTH, "-m conntrack --ctproto tcp", MATCH_IS },
	{ BOTH, "-m conntrack --ctproto udp", MATCH_NOT },
	{ BOTH, "-p tcp -m conntrack --ctorigdstport 8080", MATCH_IS },
	{ BOTH, "-p tcp -m conntrack --ctorigdstport 80", MATCH_NOT },
	{ BOTH, "-p tcp -m conntrack ! --ctorigdstport 8080", MATCH_NOT },
	{ IPV4, "-m conntrack --ctorigdst 192.0.2.1 --ctorigsrc 192.0.2.0/24", MATCH_IS },
	{ IPV4, "-m conntrack --ctorigdst 172.18.0.2", MATCH_NOT },
	{ IPV4, "-m conntrack ! --ctorigsrc 192.0.2.9", MATCH_NOT },
	{ IPV6, "-m conntrack --ctorigdst 2001:db8:1::1", MATCH_IS },
	{ BOTH, "-m conntrack --ctstatus ASSURED", MATCH_UNREAD },
	{ BOTH, "-m conntrack --ctstate ESTABLISHED --ctstatus ASSURED", MATCH_NOT },
	{ BOTH, "-m addrtype --dst-type LOCAL", MATCH_NOT },
	{ BOTH, "-m addrtype ! --src-type LOCAL", MATCH_IS },
	{ BOTH, "-m addrtype --dst-type UNICAST", MATCH_UNREAD },
	{ BOTH, "-m addrtype --src-type LOCAL --limit-iface-in", MATCH_NOT },
	{ BOTH, "-m comment --comment mine", MATCH_IS },
	{ BOTH, "-m mark --mark 7", MATCH_UNREAD },
	{ BOTH, "-i lan -m mark --mark 7", MATCH_NOT },
	{ BOTH, "-m limit --limit 1/s", MATCH_UNREAD },
	{ IPV4, "-f", MATCH_UNREAD },
};

#define CHAIN "DOCKER-USER"

/* Each rule after the other in one chain. */
static void test_matches(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));
	const TracePacket packet = packet_of(FAMILY(data));
	g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(ActualEntry));
	g_autoptr(GString) text = g_string_new("*filter\n:" CHAIN " - [0:0]\n");
	g_autoptr(Snapshot) snapshot = NULL;
	guint n = 0;

	for (guint i = 0; i < G_N_ELEMENTS(rules); i++)
		if (rules[i].families & 1 << FAMILY(data))
			g_string_append_printf(text, "-A " CHAIN " %s -j ACCEPT\n", rules[i].rule);
	g_string_append(text, "COMMIT\n");
	tables_restore(tables, text->str);
	snapshot = snapshot_open(FAMILY(data), TABLE_FILTER);
	g_assert_nonnull(snapshot);
	snapshot_read_chain(snapshot, (xt_chainlabel){ CHAIN }, entries);
	for (guint i = 0; i < G_N_ELEMENTS(rules); i++) {
		enum match match;

		if (!(rules[i].families & 1 << FAMILY(data)))
			continue;
		match = match_entry(g_array_index(entries, ActualEntry, n++).entry, &packet);
		if (match == rules[i].match)
			continue;
		g_test_message("\"%s\" is %d, not %d", rules[i].rule, match, rules[i].match);
		g_test_fail();
	}
	g_assert_cmpuint(n, ==, entries->len);
}

/* How neighbours find one another is no connection, and of UDP and SCTP ports are elsewhere. */
static void test_protocols(void)
{
	static const struct {
		guint8 protocol, icmpv6_type;
		const char *rule;
		enum match match;
	} cases[] = {
		{ IPPROTO_ICMPV6, ND_NEIGHBOR_SOLICIT, "-m conntrack --ctstate NEW", MATCH_NOT },
		{ IPPROTO_ICMPV6, ND_NEIGHBOR_SOLICIT, "-m conntrack --ctstate UNTRACKED", MATCH_IS },
		{ IPPROTO_ICMPV6, ND_NEIGHBOR_SOLICIT, "-p tcp --dport 80", MATCH_NOT },
		{ IPPROTO_ICMPV6, ND_NEIGHBOR_SOLICIT, "-p icmpv6 --icmpv6-type echo-request", MATCH_UNREAD },
		{ IPPROTO_UDP, 0, "-p udp --dport 80", MATCH_IS },
		{ IPPROTO_UDP, 0, "-p udp ! --dport 80", MATCH_NOT },
		{ IPPROTO_UDP, 0, "-p udp --sport 53", MATCH_UNREAD },
		{ IPPROTO_SCTP, 0, "-p sctp --dport 80:81", MATCH_IS },
		{ IPPROTO_SCTP, 0, "-p sctp ! --dport 80", MATCH_NOT },
		{ IPPROTO_SCTP, 0, "-p sctp --sport 80", MATCH_UNREAD },
		{ IPPROTO_SCTP, 0, "-p sctp --chunk-types any INIT", MATCH_UNREAD },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Tables) tables = tables_new(FAMILY_IPV6);
		g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(ActualEntry));
		TracePacket packet = packet_of(FAMILY_IPV6);
		g_autoptr(Snapshot) snapshot = NULL;

		packet.protocol = cases[i].protocol;
		packet.icmpv6_type = cases[i].icmpv6_type;
		tables_run(tables, "-A FORWARD %s -j ACCEPT", cases[i].rule);
		snapshot = snapshot_open(FAMILY_IPV6, TABLE_FILTER);
		snapshot_read_chain(snapshot, (xt_chainlabel){ "FORWARD" }, entries);
		g_test_message("%s", cases[i].rule);
		g_assert_cmpint(match_entry(g_array_index(entries, ActualEntry, 0).entry, &packet), ==, cases[i].match);
	}
}

/* Rules of chains, and what becomes of the packet. */
static const struct {
	const char *chains; /* "CHAIN RULE\n…" */
	enum rule_target target;
	const char *text; /* of the rule that decided */
	const char *unread;
} chains[] = {
	{ "", TARGET_PLACE },
	{ CHAIN " -i lan -j DROP\n", TARGET_PLACE },
	{ CHAIN " -i wan -p tcp --dport 80 -j DROP\n", TARGET_DROP,
	  "filter " CHAIN ": -i wan -p tcp -m tcp --dport 80 -j DROP" },
	{ CHAIN " -i wan -j REJECT\n" CHAIN " -j ACCEPT\n", TARGET_DROP, "filter " CHAIN ": -i wan -j REJECT" },
	{ CHAIN " -j ACCEPT\n" CHAIN " -j DROP\n", TARGET_ACCEPT, "filter " CHAIN ": -j ACCEPT" },
	{ CHAIN " -j RETURN\n" CHAIN " -j DROP\n", TARGET_PLACE },
	{ CHAIN "\n" CHAIN " -j LOG\n" CHAIN " -j DROP\n", TARGET_DROP, "filter " CHAIN ": -j DROP" },
	{ CHAIN " -j OWN\n" CHAIN " -j ACCEPT\nOWN -i wan -j DROP\n", TARGET_DROP, "filter OWN: -i wan -j DROP" },
	{ CHAIN " -j OWN\n" CHAIN " -j ACCEPT\nOWN -i wan -j RETURN\nOWN -j DROP\n", TARGET_ACCEPT,
	  "filter " CHAIN ": -j ACCEPT" },
	{ CHAIN " -g OWN\n" CHAIN " -j DROP\nOWN -i wan -j RETURN\n", TARGET_PLACE },
	{ CHAIN " -j OWN\nOWN -j MORE\nMORE -j DROP\n", TARGET_DROP, "filter MORE: -j DROP" },
	{ CHAIN " -m mark --mark 7 -j DROP\n" CHAIN " -i wan -j ACCEPT\n", TARGET_ACCEPT,
	  "filter " CHAIN ": -i wan -j ACCEPT", "filter " CHAIN ": -m mark -j DROP" },
	{ CHAIN " -m mark --mark 7 -j LOG\n", TARGET_PLACE },
	{ CHAIN " -j NFQUEUE\n", TARGET_PLACE, NULL, "filter " CHAIN ": -j NFQUEUE" },
};

static void test_chains(gconstpointer data)
{
	for (guint i = 0; i < G_N_ELEMENTS(chains); i++) {
		g_autoptr(Tables) tables = tables_new(FAMILY(data));
		g_autoptr(GString) text = g_string_new("*filter\n:" CHAIN " - [0:0]\n:OWN - [0:0]\n:MORE - [0:0]\n");
		g_autoptr(GPtrArray) unread = g_ptr_array_new_with_free_func(g_free);
		g_auto(GStrv) lines = g_strsplit(chains[i].chains, "\n", -1);
		const TracePacket packet = packet_of(FAMILY(data));
		g_auto(TraceStep) step = {};
		UserChain user;

		for (char **line = lines; *line && **line; line++)
			g_string_append_printf(text, "-A %s\n", *line);
		g_string_append(text, "COMMIT\n");
		tables_restore(tables, text->str);
		user_chain_init(&user, "DOCKER");
		/* While nobody leads there it is asked nothing. */
		g_assert_cmpint(user_trace(&user, &packet, &step, unread), ==, TARGET_PLACE);
		user.led[FAMILY(data)] = true;
		g_test_message("%s", chains[i].chains);
		g_assert_cmpint(user_trace(&user, &packet, &step, unread), ==, chains[i].target);
		g_assert_cmpstr(step.text, ==, chains[i].text);
		g_assert_cmpint(step.foreign, ==, chains[i].text != NULL);
		g_assert_cmpint(step.refuses, ==, chains[i].text && strstr(chains[i].text, "REJECT"));
		g_assert_cmpuint(unread->len, ==, chains[i].unread != NULL);
		if (unread->len > 0)
			g_assert_cmpstr(unread->pdata[0], ==, chains[i].unread);
	}
}

/* What somebody has made long is not followed for ever. */
static void test_long(void)
{
	g_autoptr(Tables) tables = tables_new(FAMILY_IPV4);
	g_autoptr(GString) text = g_string_new("*filter\n:" CHAIN " - [0:0]\n");
	g_autoptr(GPtrArray) unread = g_ptr_array_new_with_free_func(g_free);
	const TracePacket packet = packet_of(FAMILY_IPV4);
	g_auto(TraceStep) step = {};
	UserChain user;

	for (guint i = 0; i < 100; i++)
		g_string_append_printf(text, "-A " CHAIN " -m mark --mark %u -j DROP\n", i);
	g_string_append(text, "-A " CHAIN " -j DROP\nCOMMIT\n");
	tables_restore(tables, text->str);
	user_chain_init(&user, "DOCKER");
	user.led[FAMILY_IPV4] = true;
	g_assert_cmpint(user_trace(&user, &packet, &step, unread), ==, TARGET_DROP);
	g_assert_cmpuint(unread->len, ==, 16);
}

static const TablesTest tests[] = {
	{ "match/matches", .run_in = test_matches },
	{ "match/protocols", .run = test_protocols },
	{ "match/chains", .run_in = test_chains },
	{ "match/long", .run = test_long },
};

int main(int argc, char **argv)
{
	return tables_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
