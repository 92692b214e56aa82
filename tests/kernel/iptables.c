/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/layout.h"
#include "tests/support/tables.h"

#include <sys/socket.h>
#include <unistd.h>

/* The head goes on top of foreign rules, the tail below them, and both stay where they stand from then on. */
static void test_zones(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));

	tables_restore(tables, "*filter\n[7:700] -A FORWARD -i x -j DROP\n[8:800] -A FORWARD -i y -j DROP\nCOMMIT\n");
	add_accept(tables, FORWARD_HEAD, "h1");
	add_accept(tables, FORWARD_TAIL, "t1");
	expect_commit(tables, 1, 2, 0, NULL);
	expect_counted(tables, "filter", "FORWARD",
		       "[0:0] -i h1 -j ACCEPT\n[7:700] -i x -j DROP\n[8:800] -i y -j DROP\n[0:0] -i t1 -j ACCEPT\n");

	/* An administrator puts something above the head and below the tail, and copies one of ours. */
	tables_run(tables, "-I FORWARD -i top -j DROP");
	tables_run(tables, "-A FORWARD -i bottom -j DROP");
	tables_run(tables, "-A FORWARD -i h1 -j ACCEPT");
	RuleItem h2 = add_accept(tables, FORWARD_HEAD, "h2");
	add_accept(tables, FORWARD_TAIL, "t2");
	expect_commit(tables, 1, 2, 0, NULL);
	expect_chain(tables, "filter", "FORWARD",
		     "-i top -j DROP\n-i h1 -j ACCEPT\n-i h2 -j ACCEPT\n-i x -j DROP\n-i y -j DROP\n"
		     "-i t1 -j ACCEPT\n-i t2 -j ACCEPT\n-i bottom -j DROP\n-i h1 -j ACCEPT\n");

	/* Something between two of ours, which are then parted. */
	tables_run(tables, "-I FORWARD 3 -i middle -j DROP");
	add_accept(tables, FORWARD_HEAD, "h3");
	tables_remove(tables, &h2);
	expect_commit(tables, 1, 1, 1, NULL);
	expect_chain(tables, "filter", "FORWARD",
		     "-i top -j DROP\n-i h1 -j ACCEPT\n-i h3 -j ACCEPT\n-i middle -j DROP\n-i x -j DROP\n"
		     "-i y -j DROP\n-i t1 -j ACCEPT\n-i t2 -j ACCEPT\n-i bottom -j DROP\n-i h1 -j ACCEPT\n");
}

/* Foreign rules and chains, their counters included, are the same bytes after we came and went. */
static void test_foreign(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));
	static const char before[] = "[1:100] -i h1 -j ACCEPT\n"
				     "[2:200] -m comment --comment \"a b\" -j OTHER\n"
				     "[3:300] -i t1 -j ACCEPT\n"
				     "[4:400] -m limit --limit 5/min -j LOG --log-prefix \"x: \"\n";
	static const char other[] = "[5:500] -p tcp -m multiport --dports 1,2 -j RETURN\n";

	tables_restore(tables, "*filter\n:OTHER - [0:0]\n:EMPTY - [0:0]\n:FORWARD ACCEPT [11:1100]\n"
			       "[1:100] -A FORWARD -i h1 -j ACCEPT\n"
			       "[2:200] -A FORWARD -m comment --comment \"a b\" -j OTHER\n"
			       "[3:300] -A FORWARD -i t1 -j ACCEPT\n"
			       "[4:400] -A FORWARD -m limit --limit 5/min -j LOG --log-prefix \"x: \"\n"
			       "[5:500] -A OTHER -p tcp -m multiport --dports 1,2 -j RETURN\n"
			       "COMMIT\n");
	expect_counted(tables, "filter", "FORWARD", before);

	/* Ours have the same content as two of theirs. */
	RuleItem items[] = {
		add_accept(tables, FORWARD_HEAD, "h1"),
		add_accept(tables, FORWARD_TAIL, "t1"),
		add_jump(tables, PLACE_FORWARD_NETWORK),
		add_accept(tables, DOCKER, "d1"),
	};
	expect_commit(tables, 1, 4, 0, NULL);
	g_autofree char *with =
		g_strconcat("[0:0] -i h1 -j ACCEPT\n[0:0] -j DOCKER\n", before, "[0:0] -i t1 -j ACCEPT\n", NULL);
	expect_counted(tables, "filter", "FORWARD", with);

	for (gsize i = 0; i < G_N_ELEMENTS(items); i++)
		tables_remove(tables, &items[i]);
	expect_commit(tables, 1, 0, 4, NULL);
	expect_counted(tables, "filter", "FORWARD", before);
	expect_counted(tables, "filter", "OTHER", other);
	expect_head(tables, "filter", "FORWARD", ":FORWARD ACCEPT [11:1100]");
	expect_head(tables, "filter", "EMPTY", ":EMPTY - [0:0]");
	expect_head(tables, "filter", "DOCKER", NULL);
}

/* Five bytes through the loopback interface, to a socket that takes them. */
static void send_datagram(enum family family)
{
	struct sockaddr_in6 address = { .sin6_family = family_to_af(family) };
	socklen_t size = family == FAMILY_IPV4 ? sizeof(struct sockaddr_in) : sizeof address;
	char buffer[8];

	if (family == FAMILY_IPV4)
		((struct sockaddr_in *)&address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		address.sin6_addr = in6addr_loopback;

	int fd = socket(family_to_af(family), SOCK_DGRAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(fd, (struct sockaddr *)&address, size), ==, 0);
	g_assert_cmpint(getsockname(fd, (struct sockaddr *)&address, &size), ==, 0);
	g_assert_cmpint(sendto(fd, "hello", 5, 0, (struct sockaddr *)&address, size), ==, 5);
	g_assert_cmpint(recv(fd, buffer, sizeof buffer, 0), ==, 5);
	close(fd);
}

/* Real packets are counted on, whatever comes and goes beside the rule. */
static void test_counters(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));
	g_autoptr(GError) error = NULL;
	Rule lo = tables_rule(tables, RAW_HEAD, "lo");
	Rule absent = tables_rule(tables, PLACE_OUTPUT_PORTS, "nowhere");
	Rule other = tables_rule(tables, RAW_HEAD, "other");
	const Rule *rules[] = { &absent, &lo, &other, &lo };
	RuleCounters counters[4];

	RuleItem before = add_accept(tables, RAW_HEAD, "before");
	tables_add(tables, &lo);
	tables_add(tables, &other);
	expect_commit(tables, 1, 3, 0, NULL);

	for (guint i = 1; i <= 3; i++) {
		send_datagram(FAMILY(data));
		g_assert_true(iptables_backend.counters(tables->backend, rules, 4, counters, &error));
		g_assert_no_error(error);
		g_assert_cmpuint(counters[1].packets, ==, i);
		g_assert_cmpuint(counters[1].bytes, ==, i * (FAMILY(data) == FAMILY_IPV4 ? 20 + 8 + 5 : 40 + 8 + 5));
		g_assert_cmpuint(counters[0].packets, ==, G_MAXUINT64);
		g_assert_cmpuint(counters[0].bytes, ==, G_MAXUINT64);
		g_assert_cmpuint(counters[2].packets, ==, 0);
		g_assert_cmpuint(counters[3].packets, ==, counters[1].packets);
		if (i == 1)
			tables_remove(tables, &before);
		else
			add_accept(tables, RAW_HEAD, i == 2 ? "after" : "later");
		expect_commit(tables, 1, i > 1, i == 1, NULL);
	}

	/* Of two the upper one counts. */
	tables_run(tables, "-t raw -A PREROUTING -i lo -j ACCEPT");
	g_assert_true(iptables_backend.counters(tables->backend, rules, 4, counters, &error));
	g_assert_cmpuint(counters[1].packets, ==, 3);
}

static void test_idle(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));

	/* Nothing of ours anywhere: tables are not even looked at. */
	make_dirty(tables);
	expect_commit(tables, 0, 0, 0, NULL);

	add_accept(tables, FORWARD_HEAD, "h1");
	add_jump(tables, PLACE_PREROUTING_PORTS);
	declare_chain(tables, PLACE_ISOLATION_END);
	expect_commit(tables, 2, 2, 0, NULL);
	expect_commit(tables, 0, 0, 0, NULL);
	make_dirty(tables);
	expect_commit(tables, 0, 0, 0, NULL);
	tables_run(tables, "-I FORWARD -i x -j DROP");
	make_dirty(tables);
	expect_commit(tables, 0, 0, 0, NULL);
}

static void test_drift(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));

	add_jump(tables, PLACE_FORWARD_NETWORK);
	add_accept(tables, FORWARD_HEAD, "h2");
	add_accept(tables, FORWARD_TAIL, "t1");
	add_accept(tables, DOCKER, "d1");
	add_accept(tables, DOCKER, "d2");
	add_jump(tables, PLACE_PREROUTING_PORTS);
	add_accept(tables, NAT_DOCKER, "n1");
	expect_commit(tables, 2, 7, 0, NULL);
	g_autofree char *forward = tables_chain(tables, "filter", "FORWARD");
	g_autofree char *docker = tables_chain(tables, "filter", "DOCKER");

	tables_run(tables, "-D FORWARD -i h2 -j ACCEPT");
	make_dirty(tables);
	expect_commit(tables, 1, 1, 0, "filter FORWARD");
	expect_chain(tables, "filter", "FORWARD", forward);

	/* What could be ours, and is not wanted. */
	tables_run(tables, "-t nat -I DOCKER -i stale -j RETURN");
	make_dirty(tables);
	expect_commit(tables, 1, 0, 1, "nat DOCKER");

	/* What could not. */
	tables_run(tables, "-I DOCKER -i foreign -j DROP");
	make_dirty(tables);
	expect_commit(tables, 0, 0, 0, NULL);
	tables_run(tables, "-D DOCKER -i foreign -j DROP");
	expect_chain(tables, "filter", "DOCKER", docker);

	tables_run(tables, "-D DOCKER -i d1 -j ACCEPT");
	tables_run(tables, "-A DOCKER -i d1 -j ACCEPT");
	tables_run(tables, "-D FORWARD 1");
	tables_run(tables, "-A FORWARD -j DOCKER");
	make_dirty(tables);
	expect_commit(tables, 1, 2, 2, "filter FORWARD,filter DOCKER");
	expect_chain(tables, "filter", "DOCKER", docker);
	expect_chain(tables, "filter", "FORWARD", forward);

	/* All gone, as after a reload of somebody's firewall; only one chain is known to be dirty. */
	tables_run(tables, "-F");
	tables_run(tables, "-X");
	tables_run(tables, "-t nat -F");
	tables_run(tables, "-t nat -X");
	add_accept(tables, FORWARD_TAIL, "t2");
	expect_commit(tables, 1, 6, 0, "filter DOCKER,filter FORWARD");
	expect_chain(tables, "filter", "DOCKER", docker);
	make_dirty(tables);
	expect_commit(tables, 1, 2, 0, "nat DOCKER,nat PREROUTING");
}

/* Our own change of order is a move, and nobody's drift. */
static void test_reorder(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));

	RuleItem first = add_accept(tables, DOCKER, "d1");
	add_accept(tables, DOCKER, "d2");
	add_accept(tables, DOCKER, "d3");
	expect_commit(tables, 1, 3, 0, NULL);
	tables_remove(tables, &first);
	tables_add(tables, &first.rule);
	expect_commit(tables, 1, 1, 1, NULL);
	expect_chain(tables, "filter", "DOCKER", "-i d2 -j ACCEPT\n-i d3 -j ACCEPT\n-i d1 -j ACCEPT\n");

	/* In the next round it is drift again. */
	tables_run(tables, "-D DOCKER 1");
	tables_run(tables, "-A DOCKER -i d2 -j ACCEPT");
	make_dirty(tables);
	expect_commit(tables, 1, 1, 1, "filter DOCKER");
}

static void test_chains(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));

	/* A chain with one of our names that we neither want nor hold. */
	tables_run(tables, "-N DOCKER-INGRESS");
	tables_run(tables, "-A DOCKER-INGRESS -i x -j DROP");
	RuleItem docker = declare_chain(tables, PLACE_ACCEPT_EXISTS);
	RuleItem isolation = add_jump(tables, PLACE_ISOLATION);
	RuleItem jump = add_jump(tables, PLACE_FORWARD_ISOLATION);
	expect_commit(tables, 1, 2, 0, NULL);
	expect_head(tables, "filter", "DOCKER", ":DOCKER - [0:0]");
	expect_head(tables, "filter", "DOCKER-ISOLATION-STAGE-2", ":DOCKER-ISOLATION-STAGE-2 - [0:0]");

	/* Somebody jumps to one of ours, which then must stay, empty. */
	tables_run(tables, "-A OUTPUT -j DOCKER-ISOLATION");
	ruleset_remove(tables->ruleset, &docker);
	tables_remove(tables, &isolation);
	tables_remove(tables, &jump);
	make_dirty(tables);
	expect_commit(tables, 1, 0, 2, NULL);
	expect_head(tables, "filter", "DOCKER", NULL);
	expect_head(tables, "filter", "DOCKER-ISOLATION-STAGE-2", NULL);
	expect_head(tables, "filter", "DOCKER-ISOLATION", ":DOCKER-ISOLATION - [0:0]");
	expect_chain(tables, "filter", "DOCKER-ISOLATION", "");
	expect_chain(tables, "filter", "OUTPUT", "-j DOCKER-ISOLATION\n");
	expect_chain(tables, "filter", "DOCKER-INGRESS", "-i x -j DROP\n");
	expect_chain(tables, "filter", "FORWARD", "");

	/* Once nobody jumps there and the table is looked at, it goes. */
	tables_run(tables, "-D OUTPUT -j DOCKER-ISOLATION");
	add_accept(tables, FORWARD_HEAD, "h1");
	make_dirty(tables);
	expect_commit(tables, 1, 1, 0, NULL);
	expect_head(tables, "filter", "DOCKER-ISOLATION", NULL);
	expect_chain(tables, "filter", "DOCKER-INGRESS", "-i x -j DROP\n");
}

/* What a previous instance left is taken out, and what of it is wanted stays. */
static void test_previous_instance(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));

	tables_restore(tables, "*filter\n:DOCKER - [0:0]\n"
			       "[1:1] -A DOCKER -i old -j ACCEPT\n[2:2] -A DOCKER -i d1 -j ACCEPT\n"
			       "[3:3] -A FORWARD -i old -j ACCEPT\n[4:4] -A FORWARD -i h1 -j ACCEPT\nCOMMIT\n");
	static const char *const interfaces[] = { "old", "d1", "old", "h1" };
	for (guint i = 0; i < 4; i++) {
		RuleItem item = { tables_rule(tables, i < 2 ? DOCKER : FORWARD_HEAD, interfaces[i]),
				  { .sequence = i } };
		ruleset_pin(tables->ruleset, &item);
		if (i % 2)
			ruleset_add(tables->ruleset, &item);
	}
	expect_commit(tables, 1, 0, 2, NULL);
	expect_counted(tables, "filter", "DOCKER", "[2:2] -i d1 -j ACCEPT\n");
	expect_counted(tables, "filter", "FORWARD", "[4:4] -i h1 -j ACCEPT\n");
}

static void test_policy(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));
	enum rule_target policy;

	tables_restore(tables, "*filter\n:FORWARD ACCEPT [12:3456]\nCOMMIT\n");
	ruleset_set_forward_policy(tables->ruleset, FAMILY(data), TARGET_DROP);
	expect_commit(tables, 1, 0, 0, NULL);
	expect_head(tables, "filter", "FORWARD", ":FORWARD DROP [12:3456]");
	g_assert_true(iptables_backend.forward_policy(tables->backend, FAMILY(data), &policy, NULL));
	g_assert_cmpint(policy, ==, TARGET_DROP);
	make_dirty(tables);
	expect_commit(tables, 0, 0, 0, NULL);
	ruleset_set_forward_policy(tables->ruleset, FAMILY(data), TARGET_ACCEPT);
	expect_commit(tables, 1, 0, 0, NULL);
	expect_head(tables, "filter", "FORWARD", ":FORWARD ACCEPT [12:3456]");
	g_assert_true(iptables_backend.forward_policy(tables->backend, FAMILY(data), &policy, NULL));
	g_assert_cmpint(policy, ==, TARGET_ACCEPT);

	/* Left to others, it is left alone. */
	ruleset_set_forward_policy(tables->ruleset, FAMILY(data), TARGET_PLACE);
	tables_run(tables, "-P FORWARD DROP");
	make_dirty(tables);
	expect_commit(tables, 0, 0, 0, NULL);
}

static void test_find_foreign(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) chains = NULL;

	tables_restore(tables, "*filter\n:DOCKER - [0:0]\n:DOCKER-ISOLATION - [0:0]\n:DOCKER-USER - [0:0]\n"
			       "-A DOCKER -i d1 -j ACCEPT\n-A DOCKER -i d2 -j ACCEPT\n-A DOCKER-USER -i x -j DROP\n"
			       "COMMIT\n*nat\n:DOCKER - [0:0]\n-A DOCKER -i n1 -j RETURN\nCOMMIT\n");
	/* Wanted, in another order than it stands. */
	add_accept(tables, DOCKER, "d2");
	add_accept(tables, DOCKER, "d1");
	RuleItem n1 = { tables_rule(tables, NAT_DOCKER, "n1"), { 0 } };
	n1.rule.target = TARGET_RETURN;
	ruleset_pin(tables->ruleset, &n1);
	g_assert_true(iptables_backend.find_foreign(tables->backend, tables->ruleset, &chains, &error));
	g_assert_no_error(error);
	g_assert_null(chains);

	/* Somebody's own rule is no sign of another who has these chains; one that could be ours is. */
	tables_run(tables, "-A DOCKER -i d3 -j ACCEPT");
	tables_run(tables, "-t nat -A DOCKER -i n2 -j RETURN");
	g_assert_true(iptables_backend.find_foreign(tables->backend, tables->ruleset, &chains, &error));
	g_assert_no_error(error);
	g_autofree char *list = chains ? g_strjoinv(",", chains) : NULL;
	g_autofree char *expected = g_strdup_printf("%s nat DOCKER", family_to_string(FAMILY(data)));
	g_assert_cmpstr(list, ==, expected);
}

static void test_prefix(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));

	iptables_backend.free(tables->backend);
	tables->backend = iptables_backend.new("TEN-LETTER");
	g_assert_cmpint(iptables_backend.lock(tables->backend), ==, 0);
	add_jump(tables, PLACE_ISOLATION);
	expect_commit(tables, 1, 1, 0, NULL);
	expect_chain(tables, "filter", "TEN-LETTER-ISOLATION", "-j TEN-LETTER-ISOLATION-STAGE-2\n");
}

static void test_describe(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));
	static const struct {
		enum place place;
		enum rule_target target;
		const char *table, *chain, *rule; /* NULL: there is none */
	} cases[] = {
		{ PLACE_LOOPBACK_GUARD, TARGET_DROP, "raw", "PREROUTING", "-i br0 -j DROP" },
		{ PLACE_BRIDGE, TARGET_PLACE, NULL, NULL, NULL },
		{ PLACE_PORTS_PASSED_BY, TARGET_PLACE, NULL, NULL, NULL },
		{ PLACE_FORWARD_POSED, TARGET_PLACE, "filter", "FORWARD", "-i br0 -j DOCKER-DENY" },
		{ PLACE_FORWARD_INGRESS, TARGET_PLACE, "filter", "FORWARD", "-i br0 -j DOCKER-INGRESS" },
		{ PLACE_FORWARD_ISOLATION, TARGET_PLACE, "filter", "FORWARD", "-i br0 -j DOCKER-ISOLATION" },
		{ PLACE_FORWARD_NETWORK, TARGET_PLACE, "filter", "FORWARD", "-i br0 -j DOCKER" },
		{ PLACE_FORWARD_NETWORK, TARGET_ACCEPT, "filter", "FORWARD", "-i br0 -j ACCEPT" },
		{ PLACE_FORWARD_OPEN, TARGET_ACCEPT, "filter", "FORWARD", "-i br0 -j ACCEPT" },
		{ PLACE_FORWARD_CONTAINERS, TARGET_ACCEPT, "filter", "FORWARD", "-i br0 -j ACCEPT" },
		{ PLACE_COMMUNICATION_OFF, TARGET_DROP, "filter", "FORWARD", "-i br0 -j DROP" },
		{ PLACE_COMMUNICATION_OFF_INTERNAL, TARGET_DROP, "filter", "FORWARD", "-i br0 -j DROP" },
		{ PLACE_LIMITS_EXIST, TARGET_PLACE, NULL, NULL, NULL },
		{ PLACE_DENIALS_EXIST, TARGET_PLACE, NULL, NULL, NULL },
		{ PLACE_ACCEPT_EXISTS, TARGET_PLACE, NULL, NULL, NULL },
		{ PLACE_ACCEPT_PORT, TARGET_ACCEPT, "filter", "DOCKER", "-i br0 -j ACCEPT" },
		{ PLACE_STRAY_SEGMENT, TARGET_DROP, "mangle", "FORWARD", "-i br0 -j DROP" },
		{ PLACE_STRAY_RESET, TARGET_DROP, "mangle", "OUTPUT", "-i br0 -j DROP" },
		{ PLACE_INTERNAL, TARGET_DROP, "mangle", "FORWARD", "-i br0 -j DROP" },
		{ PLACE_DIRECT, TARGET_PLACE, "mangle", "FORWARD", "-i br0 -j DOCKER-DIRECT" },
		{ PLACE_DIRECT, TARGET_DROP, "mangle", "FORWARD", "-i br0 -j DROP" },
		{ PLACE_DIRECT_PORT, TARGET_RETURN, "mangle", "DOCKER-DIRECT", "-i br0 -j RETURN" },
		{ PLACE_DIRECT_NETWORK, TARGET_DROP, "mangle", "DOCKER-DIRECT", "-i br0 -j DROP" },
		{ PLACE_DIRECT_ENDPOINT, TARGET_DROP, "mangle", "DOCKER-DIRECT", "-i br0 -j DROP" },
		{ PLACE_DIRECT_END, TARGET_RETURN, "mangle", "DOCKER-DIRECT", "-i br0 -j RETURN" },
		{ PLACE_INGRESS_INTERNAL, TARGET_DROP, "filter", "DOCKER-INGRESS", "-i br0 -j DROP" },
		{ PLACE_INGRESS_SIBLINGS, TARGET_RETURN, "filter", "DOCKER-INGRESS", "-i br0 -j RETURN" },
		{ PLACE_INGRESS_ACCEPT, TARGET_ACCEPT, "filter", "DOCKER-INGRESS", "-i br0 -j ACCEPT" },
		{ PLACE_INGRESS_ACCEPT_END, TARGET_RETURN, "filter", "DOCKER-INGRESS", "-i br0 -j RETURN" },
		{ PLACE_ISOLATION_INTERNAL, TARGET_DROP, "filter", "DOCKER-ISOLATION", "-i br0 -j DROP" },
		{ PLACE_ISOLATION_CONTAINERS, TARGET_RETURN, "filter", "DOCKER-ISOLATION", "-i br0 -j RETURN" },
		{ PLACE_ISOLATION_PORT, TARGET_RETURN, "filter", "DOCKER-ISOLATION", "-i br0 -j RETURN" },
		{ PLACE_ISOLATION_ANSWERS, TARGET_RETURN, "filter", "DOCKER-ISOLATION", "-i br0 -j RETURN" },
		{ PLACE_ISOLATION, TARGET_DROP, "filter", "DOCKER-ISOLATION", "-i br0 -j DROP" },
		{ PLACE_ISOLATION, TARGET_PLACE, "filter", "DOCKER-ISOLATION", "-i br0 -j DOCKER-ISOLATION-STAGE-2" },
		{ PLACE_ISOLATION_END, TARGET_RETURN, "filter", "DOCKER-ISOLATION", "-i br0 -j RETURN" },
		{ PLACE_ISOLATION_ENTER, TARGET_DROP, "filter", "DOCKER-ISOLATION-STAGE-2", "-i br0 -j DROP" },
		{ PLACE_ISOLATION_ENTER_END, TARGET_RETURN, "filter", "DOCKER-ISOLATION-STAGE-2", "-i br0 -j RETURN" },
		{ PLACE_PREROUTING_INGRESS, TARGET_PLACE, "nat", "PREROUTING", "-i br0 -j DOCKER-INGRESS" },
		{ PLACE_PREROUTING_PORTS, TARGET_PLACE, "nat", "PREROUTING", "-i br0 -j DOCKER" },
		{ PLACE_PREROUTING_CONTAINERS, TARGET_PLACE, "nat", "PREROUTING", "-i br0 -j DOCKER-CONTAINERS" },
		{ PLACE_FORWARD_LIMITS, TARGET_PLACE, "filter", "FORWARD", "-i br0 -j DOCKER-ALLOW" },
		{ PLACE_OUTPUT_LIMITS, TARGET_PLACE, "filter", "OUTPUT", "-i br0 -j DOCKER-ALLOW" },
		{ PLACE_LIMIT_CEILING, TARGET_PLACE, "filter", "DOCKER-ALLOW", "-i br0 -j DOCKER-CEILING" },
		{ PLACE_LIMIT_INGRESS, TARGET_RETURN, "filter", "DOCKER-ALLOW", "-i br0 -j RETURN" },
		{ PLACE_LIMIT_ENDPOINT, TARGET_RETURN, "filter", "DOCKER-ALLOW", "-i br0 -j RETURN" },
		{ PLACE_LIMIT_NETWORK, TARGET_PLACE, "filter", "DOCKER-ALLOW", "-i br0 -j DOCKER-DENY" },
		{ PLACE_CEILING, TARGET_RETURN, "filter", "DOCKER-CEILING", "-i br0 -j RETURN" },
		{ PLACE_CEILING_END, TARGET_PLACE, "filter", "DOCKER-CEILING", "-i br0 -j DOCKER-DENY" },
		{ PLACE_DENY_PORT, TARGET_DROP, "filter", "DOCKER-DENY", "-i br0 -j DROP" },
		{ PLACE_OUTPUT_INGRESS, TARGET_PLACE, "nat", "OUTPUT", "-i br0 -j DOCKER-INGRESS" },
		{ PLACE_OUTPUT_PORTS, TARGET_PLACE, "nat", "OUTPUT", "-i br0 -j DOCKER" },
		{ PLACE_OUTPUT_LOCALHOST, TARGET_PLACE, "nat", "OUTPUT", "-i br0 -j DOCKER" },
		{ PLACE_MASQUERADE_NETWORK, TARGET_MASQUERADE, "nat", "POSTROUTING", "-i br0 -j MASQUERADE" },
		{ PLACE_INGRESS_GATEWAY, TARGET_ACCEPT, NULL, NULL, NULL },
		{ PLACE_INGRESS_ERRORS, TARGET_ACCEPT, "filter", "DOCKER-INGRESS", "-i br0 -j ACCEPT" },
		{ PLACE_MASQUERADE_INGRESS, TARGET_MASQUERADE, "nat", "POSTROUTING", "-i br0 -j MASQUERADE" },
		{ PLACE_MASQUERADE_CONTAINERS, TARGET_MASQUERADE, "nat", "POSTROUTING", "-i br0 -j MASQUERADE" },
		{ PLACE_MASQUERADE_SELF, TARGET_MASQUERADE, "nat", "POSTROUTING", "-i br0 -j MASQUERADE" },
		{ PLACE_DNAT_EXISTS, TARGET_PLACE, NULL, NULL, NULL },
		{ PLACE_DNAT_RETURN, TARGET_RETURN, "nat", "DOCKER", "-i br0 -j RETURN" },
		{ PLACE_DNAT_PORT, TARGET_RETURN, "nat", "DOCKER", "-i br0 -j RETURN" },
		{ PLACE_DNAT_CONTAINERS_EXISTS, TARGET_PLACE, NULL, NULL, NULL },
		{ PLACE_DNAT_CONTAINERS, TARGET_RETURN, "nat", "DOCKER-CONTAINERS", "-i br0 -j RETURN" },
		{ PLACE_INGRESS_DNAT_RETURN, TARGET_RETURN, "nat", "DOCKER-INGRESS", "-i br0 -j RETURN" },
		{ PLACE_INGRESS_DNAT, TARGET_RETURN, "nat", "DOCKER-INGRESS", "-i br0 -j RETURN" },
		{ PLACE_INGRESS_DNAT_END, TARGET_RETURN, "nat", "DOCKER-INGRESS", "-i br0 -j RETURN" },
	};
	bool seen[N_PLACES] = {};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Rule rule = tables_rule(tables, cases[i].place, "br0");
		RuleText text = {};

		seen[cases[i].place] = true;
		rule.target = cases[i].target;
		g_assert_cmpint(iptables_backend.describe(tables->backend, &rule, &text), ==, cases[i].rule != NULL);
		g_assert_cmpstr(text.table, ==, cases[i].table);
		g_assert_cmpstr(text.chain, ==, cases[i].chain);
		g_assert_cmpstr(text.rule, ==, cases[i].rule);
		g_free(text.rule);
	}
	for (enum place place = 0; place < N_PLACES; place++)
		g_assert_true(seen[place]);
}

/* A place that is nothing here is clean after a commit, and has no counters. */
static void test_nothing_here(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));
	RuleItem bridge = { .rule = tables_rule(tables, PLACE_BRIDGE, "br0") };
	const Rule *rule = &bridge.rule;
	RuleCounters counters = {};

	bridge.rule.target = TARGET_PLACE;
	ruleset_add(tables->ruleset, &bridge);
	g_assert_true(ruleset_grows(tables->ruleset));
	expect_commit(tables, 0, 0, 0, NULL);
	g_assert_false(ruleset_grows(tables->ruleset));
	g_assert_false(ruleset_is_dirty(tables->ruleset, FAMILY(data), PLACE_BRIDGE));
	g_assert_true(iptables_backend.counters(tables->backend, &rule, 1, &counters, NULL));
	g_assert_cmpuint(counters.packets, ==, G_MAXUINT64);
	g_assert_cmpuint(counters.bytes, ==, G_MAXUINT64);
}

static void test_both_families(void)
{
	g_autoptr(Tables) tables = tables_new(FAMILY_IPV4);

	add_accept(tables, FORWARD_HEAD, "four");
	tables->family = FAMILY_IPV6;
	RuleItem six = add_accept(tables, FORWARD_HEAD, "six");
	expect_commit(tables, 2, 2, 0, NULL);
	expect_chain(tables, "filter", "FORWARD", "-i six -j ACCEPT\n");
	tables->family = FAMILY_IPV4;
	expect_chain(tables, "filter", "FORWARD", "-i four -j ACCEPT\n");

	/* A family with nothing in it is not asked for. */
	tables_remove(tables, &six);
	expect_commit(tables, 1, 0, 1, NULL);
	ruleset_set_dirty(tables->ruleset, FAMILY_IPV6, FORWARD_HEAD);
	g_setenv("NETFILTERD_FAULT", "init:ENOENT:1", TRUE);
	expect_commit(tables, 0, 0, 0, NULL);
	g_unsetenv("NETFILTERD_FAULT");
}

static const TablesTest tests[] = {
	{ "zones", test_zones },
	{ "foreign", test_foreign },
	{ "counters", test_counters },
	{ "idle", test_idle },
	{ "drift", test_drift },
	{ "reorder", test_reorder },
	{ "chains", test_chains },
	{ "previous-instance", test_previous_instance },
	{ "policy", test_policy },
	{ "find-foreign", test_find_foreign },
	{ "prefix", test_prefix },
	{ "describe", test_describe },
	{ "nothing-here", test_nothing_here },
	{ "both-families", .run = test_both_families },
};

int main(int argc, char **argv)
{
	return tables_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
