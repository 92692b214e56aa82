/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/layout.h"
#include "service/iptables/private.h"
#include "tests/support/netns.h"
#include "tests/support/tables.h"

#include <errno.h>
#include <string.h>

/*
 * Every kind of rule the service programs, against iptables-legacy: what we
 * write it finds and prints, what it writes we know.
 */

#define IPV4(a, b, c, d)   \
	{                  \
		a, b, c, d \
	}
#define TEN IPV4(10, 1, 2, 3)
#define NET IPV4(172, 18, 0, 0)
#define LOOP IPV4(127, 0, 0, 0)
#define NET14 IPV4(172, 16, 0, 0)
#define FD_NET             \
	{                  \
		0xfd, 0x17 \
	}
#define FD                           \
	{                            \
		0xfd, 0x17, [15] = 5 \
	}
#define LINK_LOCAL         \
	{                  \
		0xfe, 0x80 \
	}

typedef struct Kind {
	Rule rule;
	const char *text;
} Kind;

#define FILTER .place = PLACE_ACCEPT_PORT
#define NAT .place = PLACE_DNAT_PORT
#define RAW .place = PLACE_LOOPBACK_GUARD
#define POSTROUTING .place = PLACE_MASQUERADE_NETWORK

static const Kind kinds_ipv4[] = {
	{ { .place = PLACE_FORWARD_ISOLATION }, "-j DOCKER-ISOLATION" },
	{ { .place = PLACE_ISOLATION, .in = "br0", .out = "br0", .flags = RULE_NOT_OUT },
	  "-i br0 ! -o br0 -j DOCKER-ISOLATION-STAGE-2" },
	{ { FILTER, .target = TARGET_RETURN }, "-j RETURN" },
	{ { FILTER, .target = TARGET_ACCEPT, .in = "docker0", .out = "docker0" }, "-i docker0 -o docker0 -j ACCEPT" },
	{ { FILTER, .target = TARGET_ACCEPT, .in = "fifteen-letters", .out = "x", .flags = RULE_NOT_IN },
	  "! -i fifteen-letters -o x -j ACCEPT" },
	{ { FILTER, .target = TARGET_RETURN, .state = STATE_DNAT }, "-m conntrack --ctstate DNAT -j RETURN" },
	{ { FILTER, .target = TARGET_DROP, .in = "docker0", .out = "docker0", .flags = RULE_NOT_IN,
	    .state = STATE_DIRECT },
	  "! -i docker0 -o docker0 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP" },
	{ { FILTER, .target = TARGET_ACCEPT, .out = "docker0", .state = STATE_CONNTRACK },
	  "-o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT" },
	{ { FILTER, .target = TARGET_ACCEPT, .protocol = IPPROTO_TCP, .state = STATE_CLASSIC,
	    .source_port = { 4511, 4511 } },
	  "-p tcp -m state --state RELATED,ESTABLISHED -m tcp --sport 4511 -j ACCEPT" },
	{ { FILTER, .target = TARGET_DROP, .source = NET, .source_length = 16, .out = "br0", .flags = RULE_NOT_SOURCE },
	  "! -s 172.18.0.0/16 -o br0 -j DROP" },
	{ { FILTER, .target = TARGET_DROP, .destination = NET14, .destination_length = 14, .in = "br0",
	    .flags = RULE_NOT_DESTINATION },
	  "! -d 172.16.0.0/14 -i br0 -j DROP" },
	{ { FILTER, .target = TARGET_ACCEPT, .destination = TEN, .destination_length = 32, .in = "docker0",
	    .out = "docker0", .flags = RULE_NOT_IN, .protocol = IPPROTO_TCP, .destination_port = { 80, 80 } },
	  "-d 10.1.2.3/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT" },
	{ { FILTER, .target = TARGET_ACCEPT, .destination = TEN, .destination_length = 32, .in = "docker0",
	    .out = "docker0", .flags = RULE_NOT_IN, .protocol = IPPROTO_UDP, .destination_port = { 1, 65535 } },
	  "-d 10.1.2.3/32 ! -i docker0 -o docker0 -p udp -m udp --dport 1:65535 -j ACCEPT" },
	{ { FILTER, .target = TARGET_ACCEPT, .destination = TEN, .destination_length = 32, .protocol = IPPROTO_SCTP,
	    .destination_port = { 3868, 3869 } },
	  "-d 10.1.2.3/32 -p sctp -m sctp --dport 3868:3869 -j ACCEPT" },
	{ { FILTER, .target = TARGET_ACCEPT, .source = TEN, .source_length = 32, .destination = NET,
	    .destination_length = 32, .in = "br0", .out = "br0", .protocol = IPPROTO_SCTP, .source_port = { 9, 9 } },
	  "-s 10.1.2.3/32 -d 172.18.0.0/32 -i br0 -o br0 -p sctp -m sctp --sport 9 -j ACCEPT" },
	{ { FILTER, .target = TARGET_ACCEPT, .source = TEN, .source_length = 32, .in = "br0", .out = "br0",
	    .protocol = IPPROTO_UDP, .source_port = { 53, 53 } },
	  "-s 10.1.2.3/32 -i br0 -o br0 -p udp -m udp --sport 53 -j ACCEPT" },
	{ { NAT, .target = TARGET_RETURN, .in = "docker0" }, "-i docker0 -j RETURN" },
	{ { NAT, .target = TARGET_DNAT, .protocol = IPPROTO_TCP, .destination_port = { 8080, 8080 }, .in = "docker0",
	    .flags = RULE_NOT_IN, .dnat_address = TEN, .dnat_port = 80 },
	  "! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.1.2.3:80" },
	{ { NAT, .target = TARGET_DNAT, .destination = LOOP, .destination_length = 32, .protocol = IPPROTO_SCTP,
	    .destination_port = { 8080, 8080 }, .dnat_address = TEN, .dnat_port = 80 },
	  "-d 127.0.0.0/32 -p sctp -m sctp --dport 8080 -j DNAT --to-destination 10.1.2.3:80" },
	{ { NAT, .target = TARGET_DNAT, .protocol = IPPROTO_UDP, .destination_port = { 8080, 8089 },
	    .dnat_address = TEN },
	  "-p udp -m udp --dport 8080:8089 -j DNAT --to-destination 10.1.2.3" },
	{ { NAT, .target = TARGET_DNAT, .protocol = IPPROTO_TCP, .destination_port = { 8080, 8089 },
	    .dnat_address = TEN, .dnat_port = 80 },
	  "-p tcp -m tcp --dport 8080:8089 -j DNAT --to-destination 10.1.2.3:80" },
	{ { POSTROUTING, .target = TARGET_MASQUERADE, .source = NET, .source_length = 16, .out = "br0",
	    .flags = RULE_NOT_OUT },
	  "-s 172.18.0.0/16 ! -o br0 -j MASQUERADE" },
	{ { POSTROUTING, .target = TARGET_SNAT, .source = NET, .source_length = 16, .out = "br0", .flags = RULE_NOT_OUT,
	    .dnat_address = TEN },
	  "-s 172.18.0.0/16 ! -o br0 -j SNAT --to-source 10.1.2.3" },
	{ { POSTROUTING, .target = TARGET_MASQUERADE, .out = "br0", .addrtype = ADDRTYPE_SOURCE_LOCAL },
	  "-o br0 -m addrtype --src-type LOCAL -j MASQUERADE" },
	{ { POSTROUTING, .target = TARGET_MASQUERADE, .source = TEN, .source_length = 32, .destination = TEN,
	    .destination_length = 32, .protocol = IPPROTO_TCP, .destination_port = { 80, 80 } },
	  "-s 10.1.2.3/32 -d 10.1.2.3/32 -p tcp -m tcp --dport 80 -j MASQUERADE" },
	{ { .place = PLACE_OUTPUT_PORTS,
	    .destination = LOOP,
	    .destination_length = 8,
	    .flags = RULE_NOT_DESTINATION,
	    .addrtype = ADDRTYPE_DESTINATION_LOCAL },
	  "! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER" },
	{ { .place = PLACE_PREROUTING_INGRESS, .addrtype = ADDRTYPE_DESTINATION_LOCAL },
	  "-m addrtype --dst-type LOCAL -j DOCKER-INGRESS" },
	{ { RAW, .target = TARGET_DROP, .destination = LOOP, .destination_length = 8, .in = "br0" },
	  "-d 127.0.0.0/8 -i br0 -j DROP" },
};

static const Kind kinds_ipv6[] = {
	{ { .place = PLACE_FORWARD_INGRESS, .in = "br0" }, "-i br0 -j DOCKER-INGRESS" },
	{ { FILTER, .target = TARGET_RETURN }, "-j RETURN" },
	{ { FILTER, .target = TARGET_RETURN, .state = STATE_DNAT }, "-m conntrack --ctstate DNAT -j RETURN" },
	{ { FILTER, .target = TARGET_ACCEPT, .out = "docker0", .state = STATE_CONNTRACK },
	  "-o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT" },
	{ { FILTER, .target = TARGET_ACCEPT, .protocol = IPPROTO_UDP, .state = STATE_CLASSIC,
	    .source_port = { 4511, 4511 } },
	  "-p udp -m state --state RELATED,ESTABLISHED -m udp --sport 4511 -j ACCEPT" },
	{ { FILTER, .target = TARGET_DROP, .source = FD_NET, .source_length = 63, .out = "br0",
	    .flags = RULE_NOT_SOURCE },
	  "! -s fd17::/63 -o br0 -j DROP" },
	{ { FILTER, .target = TARGET_ACCEPT, .destination = FD, .destination_length = 128, .in = "docker0",
	    .out = "docker0", .flags = RULE_NOT_IN, .protocol = IPPROTO_TCP, .destination_port = { 80, 90 } },
	  "-d fd17::5/128 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80:90 -j ACCEPT" },
	{ { FILTER, .target = TARGET_ACCEPT, .destination = FD, .destination_length = 128, .protocol = IPPROTO_SCTP,
	    .destination_port = { 80, 80 } },
	  "-d fd17::5/128 -p sctp -m sctp --dport 80 -j ACCEPT" },
	{ { FILTER, .target = TARGET_ACCEPT, .in = "br0", .out = "br0", .protocol = IPPROTO_ICMPV6,
	    .icmpv6_type = 135 },
	  "-i br0 -o br0 -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT" },
	{ { NAT, .target = TARGET_DNAT, .source = LINK_LOCAL, .source_length = 10, .in = "docker0",
	    .flags = RULE_NOT_IN | RULE_NOT_SOURCE, .protocol = IPPROTO_TCP, .destination_port = { 8080, 8080 },
	    .dnat_address = FD, .dnat_port = 80 },
	  "! -s fe80::/10 ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination [fd17::5]:80" },
	{ { NAT, .target = TARGET_DNAT, .protocol = IPPROTO_UDP, .destination_port = { 8080, 8089 },
	    .dnat_address = FD },
	  "-p udp -m udp --dport 8080:8089 -j DNAT --to-destination fd17::5" },
	{ { NAT, .target = TARGET_DNAT, .protocol = IPPROTO_TCP, .destination_port = { 8080, 8089 }, .dnat_address = FD,
	    .dnat_port = 80 },
	  "-p tcp -m tcp --dport 8080:8089 -j DNAT --to-destination [fd17::5]:80" },
	{ { POSTROUTING, .target = TARGET_MASQUERADE, .source = FD_NET, .source_length = 64, .out = "br0",
	    .flags = RULE_NOT_OUT },
	  "-s fd17::/64 ! -o br0 -j MASQUERADE" },
	{ { POSTROUTING, .target = TARGET_SNAT, .source = FD_NET, .source_length = 64, .out = "br0",
	    .flags = RULE_NOT_OUT, .dnat_address = FD },
	  "-s fd17::/64 ! -o br0 -j SNAT --to-source fd17::5" },
	{ { POSTROUTING, .target = TARGET_MASQUERADE, .out = "br0", .addrtype = ADDRTYPE_SOURCE_LOCAL },
	  "-o br0 -m addrtype --src-type LOCAL -j MASQUERADE" },
	{ { .place = PLACE_OUTPUT_PORTS,
	    .destination = { [15] = 1 },
	    .destination_length = 128,
	    .flags = RULE_NOT_DESTINATION,
	    .addrtype = ADDRTYPE_DESTINATION_LOCAL },
	  "! -d ::1/128 -m addrtype --dst-type LOCAL -j DOCKER" },
	{ { RAW, .target = TARGET_DROP, .in = "br0" }, "-i br0 -j DROP" },
};

static const struct {
	const Kind *kinds;
	gsize n;
} families[N_FAMILIES] = {
	[FAMILY_IPV4] = { kinds_ipv4, G_N_ELEMENTS(kinds_ipv4) },
	[FAMILY_IPV6] = { kinds_ipv6, G_N_ELEMENTS(kinds_ipv6) },
};

static const char *table_of(const Rule *rule)
{
	return table_name(chain_info(layout_of(rule)->chain)->table);
}

static const char *chain_of(const Rule *rule, char buffer[static CHAIN_NAME_MAX + 1])
{
	return chain_name(layout_of(rule)->chain, "DOCKER", buffer);
}

static void test_written(gconstpointer data)
{
	enum family family = GPOINTER_TO_UINT(data);
	g_autoptr(Tables) tables = tables_new(family);
	char name[CHAIN_NAME_MAX + 1];

	for (gsize i = 0; i < families[family].n; i++) {
		const Kind *kind = &families[family].kinds[i];
		Rule rule = kind->rule;
		rule.family = family;
		RuleItem item = tables_add(tables, &rule);

		BackendCommit commit = tables_commit(tables);
		g_assert_cmpuint(commit.added, ==, 1);
		g_assert_null(commit.drifted);

		tables_run(tables, "-t %s -C %s %s", table_of(&rule), chain_of(&rule, name), kind->text);
		g_autofree char *saved = tables_chain(tables, table_of(&rule), chain_of(&rule, name));
		g_autofree char *expected = g_strconcat(kind->text, "\n", NULL);
		g_assert_cmpstr(saved, ==, expected);

		RuleText text;
		g_assert_true(iptables_backend.describe(tables->backend, &rule, &text));
		g_assert_cmpstr(text.table, ==, table_of(&rule));
		g_assert_cmpstr(text.chain, ==, chain_of(&rule, name));
		g_assert_cmpstr(text.rule, ==, kind->text);
		g_free(text.rule);

		/* Read back, it is the same rule: nothing to do. */
		ruleset_set_dirty(tables->ruleset, family, rule.place);
		commit = tables_commit(tables);
		g_assert_cmpuint(commit.commits, ==, 0);
		g_assert_null(commit.drifted);

		/* The administrator's -D finds it too. */
		tables_run(tables, "-t %s -D %s %s", table_of(&rule), chain_of(&rule, name), kind->text);
		tables_remove(tables, &item);
		commit = tables_commit(tables);
		g_assert_cmpuint(commit.removed, ==, 0);
		backend_commit_clear(&commit);
	}
}

static void test_read(gconstpointer data)
{
	enum family family = GPOINTER_TO_UINT(data);
	g_autoptr(Tables) tables = tables_new(family);
	g_autoptr(GArray) actual = g_array_new(FALSE, FALSE, sizeof(ActualEntry));
	const xt_chainlabel *names = ((const Iptables *)tables->backend)->names;

	for (enum chain chain = 0; chain < N_CHAINS; chain++)
		if (!chain_info(chain)->builtin)
			tables_run(tables, "-t %s -N %s", table_name(chain_info(chain)->table), names[chain]);
	for (gsize i = 0; i < families[family].n; i++) {
		const Kind *kind = &families[family].kinds[i];
		tables_run(tables, "-t %s -A %s %s", table_of(&kind->rule), names[layout_of(&kind->rule)->chain],
			   kind->text);
	}

	/* Each of ours equals exactly the one that the tool made of its text. */
	for (gsize i = 0; i < families[family].n; i++) {
		Rule rule = families[family].kinds[i].rule;
		Entry entry;
		guint n_equal = 0;

		rule.family = family;
		entry_encode(&rule, names, &entry);
		g_autoptr(Snapshot) snapshot = snapshot_open(family, chain_info(layout_of(&rule)->chain)->table);
		snapshot_read_chain(snapshot, names[layout_of(&rule)->chain], actual);
		for (guint j = 0; j < actual->len; j++) {
			const ActualEntry *f = &g_array_index(actual, ActualEntry, j);
			bool equal = entry_equal(family, &entry, f);
			n_equal += equal;
			g_assert_cmpuint(f->digest, ==, entry_digest(family, f->entry, f->target));
			g_assert_true((entry_digest(family, &entry, NULL) == f->digest) == equal);
		}
		if (n_equal != 1)
			g_test_message("%s", families[family].kinds[i].text);
		g_assert_cmpuint(n_equal, ==, 1);
	}
}

/* Rules that differ from one of ours in one thing that its bytes hardly show. */
static void test_lookalikes(void)
{
	static const char *const texts[] = {
		"-o br0 -m addrtype --src-type UNICAST -j ACCEPT",
		"-o br0 -m addrtype ! --src-type LOCAL -j ACCEPT",
		"-o br0 -m addrtype --src-type LOCAL --limit-iface-out -j ACCEPT",
		"-o br0 -m addrtype --dst-type LOCAL -j ACCEPT",
		"-o br0+ -m addrtype --src-type LOCAL -j ACCEPT",
		"! -o br0 -m addrtype --src-type LOCAL -j ACCEPT",
		"-f -o br0 -m addrtype --src-type LOCAL -j ACCEPT",
		"-o br0 -m addrtype --src-type LOCAL -m comment --comment x -j ACCEPT",
		"-o br0 -m addrtype --src-type LOCAL -j DROP",
		"-o br0 -m addrtype --src-type LOCAL -j OTHER",
		"-o br0 -m addrtype --src-type LOCAL -g OTHER",
		"-o br0 -m addrtype --src-type LOCAL",
		"-o br0 -m addrtype --src-type LOCAL -j MARK --set-mark 1",
	};
	g_autoptr(Tables) tables = tables_new(FAMILY_IPV4);
	Rule rule = { FILTER, .target = TARGET_ACCEPT, .out = "br0", .addrtype = ADDRTYPE_SOURCE_LOCAL };
	RuleItem item = tables_add(tables, &rule);
	BackendCommit commit = tables_commit(tables);
	g_assert_cmpuint(commit.added, ==, 1);

	tables_run(tables, "-N OTHER");
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		tables_run(tables, "-A DOCKER %s", texts[i]);
		ruleset_set_dirty(tables->ruleset, FAMILY_IPV4, PLACE_ACCEPT_PORT);
		commit = tables_commit(tables);
		if (commit.removed != 0)
			g_test_message("%s", texts[i]);
		g_assert_cmpuint(commit.removed, ==, 0);
		g_assert_cmpuint(commit.added, ==, 0);
		backend_commit_clear(&commit);
	}
	g_autofree char *saved = tables_chain(tables, "filter", "DOCKER");
	g_assert_true(g_str_has_prefix(saved, "-o br0 -m addrtype --src-type LOCAL -j ACCEPT\n"));
	/* None of them goes with ours. */
	tables_remove(tables, &item);
	commit = tables_commit(tables);
	g_assert_cmpuint(commit.removed, ==, 1);
	g_autofree char *left = tables_chain(tables, "filter", "DOCKER");
	g_assert_cmpstr(left, ==, saved + strlen("-o br0 -m addrtype --src-type LOCAL -j ACCEPT\n"));
	backend_commit_clear(&commit);
}

/* What counts of the bytes that the kernel hands out, and what does not. */
static void test_bytes(void)
{
	static const xt_chainlabel names[N_CHAINS] = { [CHAIN_FILTER_DOCKER] = "DOCKER" };
	Rule rule = { .place = PLACE_FORWARD_NETWORK, .state = STATE_CONNTRACK };
	Entry entry, copy;
	ActualEntry actual = { &copy, "DOCKER" };

	entry_encode(&rule, names, &entry);
	memcpy(&copy, &entry, entry.ipv4.next_offset);
	struct xt_entry_match *match = (void *)(copy.bytes + sizeof copy.ipv4);
	struct xt_entry_target *target = (void *)(copy.bytes + copy.ipv4.target_offset);

	/* A module that has the name of our chain is no jump. */
	g_assert_false(entry_equal(FAMILY_IPV4, &entry, &actual));
	g_assert_cmpuint(entry_digest(FAMILY_IPV4, &entry, NULL), !=, entry_digest(FAMILY_IPV4, &copy, "DOCKER"));
	target->u.user.name[0] = '\0';
	g_assert_true(entry_equal(FAMILY_IPV4, &entry, &actual));

	copy.ipv4.counters = (struct xt_counters){ 1, 2 };
	copy.ipv4.nfcache = copy.ipv4.comefrom = 3;
	((struct xt_standard_target *)target)->verdict = 4;
	match->u.user.name[sizeof match->u.user.name - 1] = 'x';
	g_assert_true(entry_equal(FAMILY_IPV4, &entry, &actual));
	g_assert_cmpuint(entry_digest(FAMILY_IPV4, &entry, NULL), ==, entry_digest(FAMILY_IPV4, &copy, "DOCKER"));
	g_assert_cmpuint(entry_counters(FAMILY_IPV4, &copy).bcnt, ==, 2);

	match->u.user.revision--;
	g_assert_false(entry_equal(FAMILY_IPV4, &entry, &actual));
	g_assert_cmpuint(entry_digest(FAMILY_IPV4, &entry, NULL), !=, entry_digest(FAMILY_IPV4, &copy, "DOCKER"));
	match->u.user.revision++;
	g_assert_cmpuint(entry_digest(FAMILY_IPV4, &entry, NULL), !=,
			 entry_digest(FAMILY_IPV4, &copy, "DOCKER-INGRESS"));
	copy.ipv4.ip.flags |= IPT_F_GOTO;
	g_assert_false(entry_equal(FAMILY_IPV4, &entry, &actual));
	g_assert_cmpuint(entry_digest(FAMILY_IPV4, &entry, NULL), !=, entry_digest(FAMILY_IPV4, &copy, "DOCKER"));
}

int main(int argc, char **argv)
{
	netns_test_init(&argc, &argv);
	g_test_add_func("/entry/bytes", test_bytes);
	for (enum family family = 0; family < N_FAMILIES; family++) {
		g_autofree char *written = g_strdup_printf("/entry/%s/written", family_to_string(family));
		g_autofree char *read = g_strdup_printf("/entry/%s/read", family_to_string(family));
		g_test_add_data_func(written, GUINT_TO_POINTER(family), test_written);
		g_test_add_data_func(read, GUINT_TO_POINTER(family), test_read);
	}
	g_test_add_func("/entry/lookalikes", test_lookalikes);
	return g_test_run();
}
