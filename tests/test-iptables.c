/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/iptables.h"

#include "tests/netns.h"
#include "tests/tables.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <libiptc/libip6tc.h>
#include <libiptc/libiptc.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#define FORWARD CHAIN_FILTER_FORWARD
#define DOCKER CHAIN_FILTER_DOCKER

#define FAMILY(data) ((enum family)GPOINTER_TO_UINT(data))

static RuleItem add(Tables *tables, enum chain chain, enum zone zone, const char *interface)
{
	Rule rule = tables_rule(tables, chain, zone, interface);
	return tables_add(tables, &rule);
}

static RuleItem add_jump(Tables *tables, enum chain chain, enum zone zone, enum chain jump)
{
	Rule rule = tables_rule(tables, chain, zone, "");
	rule.target = TARGET_JUMP;
	rule.jump = jump;
	return tables_add(tables, &rule);
}

static RuleItem declare(Tables *tables, enum chain chain)
{
	RuleItem item = { .rule = { .family = tables->family, .chain = chain, .zone = ZONE_OWNED } };
	ruleset_add(tables->ruleset, &item);
	return item;
}

/* Commits and compares what was done; drifted is a comma-separated list, NULL for none. */
static void expect_commit(Tables *tables, guint commits, guint added, guint removed, const char *drifted)
{
	IptablesCommit commit = tables_commit(tables);

	g_assert_cmpuint(commit.commits, ==, commits);
	g_assert_cmpuint(commit.added, ==, added);
	g_assert_cmpuint(commit.removed, ==, removed);
	if (commit.drifted)
		g_ptr_array_add(commit.drifted, NULL);
	g_autofree char *list = commit.drifted ? g_strjoinv(",", (char **)commit.drifted->pdata) : NULL;
	g_assert_cmpstr(list, ==, drifted);
	iptables_commit_clear(&commit);
}

static void expect_error(Tables *tables, int code)
{
	g_autoptr(GError) error = NULL;
	IptablesCommit commit;

	g_assert_false(iptables_commit(tables->iptables, tables->ruleset, &commit, &error));
	g_assert_error(error, NETFILTER_ERROR, code);
	g_test_message("%s", error ? error->message : "no error");
	iptables_commit_clear(&commit);
}

static void expect_chain(Tables *tables, const char *table, const char *chain, const char *expected)
{
	g_autofree char *text = tables_chain(tables, table, chain);
	g_assert_cmpstr(text, ==, expected);
}

static void expect_counted(Tables *tables, const char *table, const char *chain, const char *expected)
{
	g_autofree char *text = tables_chain_counted(tables, table, chain);
	g_assert_cmpstr(text, ==, expected);
}

static void expect_head(Tables *tables, const char *table, const char *chain, const char *expected)
{
	g_autofree char *text = tables_chain_head(tables, table, chain);
	g_assert_cmpstr(text, ==, expected);
}

static void make_dirty(Tables *tables)
{
	for (enum table table = 0; table < N_TABLES; table++)
		ruleset_set_dirty(tables->ruleset, tables->family, table);
}

/* The head goes on top of strangers, the tail below them, and both stay where they stand from then on. */
static void test_zones(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));

	tables_restore(tables,
		       "*filter\n[7:700] -A FORWARD -i x -j DROP\n[8:800] -A FORWARD -i y -j DROP\nCOMMIT\n");
	add(tables, FORWARD, ZONE_HEAD, "h1");
	add(tables, FORWARD, ZONE_TAIL, "t1");
	expect_commit(tables, 1, 2, 0, NULL);
	expect_counted(
		tables, "filter", "FORWARD",
		"[0:0] -i h1 -j ACCEPT\n[7:700] -i x -j DROP\n[8:800] -i y -j DROP\n[0:0] -i t1 -j ACCEPT\n");

	/* An administrator puts something above the head and below the tail, and copies one of ours. */
	tables_run(tables, "-I FORWARD -i top -j DROP");
	tables_run(tables, "-A FORWARD -i bottom -j DROP");
	tables_run(tables, "-A FORWARD -i h1 -j ACCEPT");
	RuleItem h2 = add(tables, FORWARD, ZONE_HEAD, "h2");
	add(tables, FORWARD, ZONE_TAIL, "t2");
	expect_commit(tables, 1, 2, 0, NULL);
	expect_chain(tables, "filter", "FORWARD",
		     "-i top -j DROP\n-i h1 -j ACCEPT\n-i h2 -j ACCEPT\n-i x -j DROP\n-i y -j DROP\n"
		     "-i t1 -j ACCEPT\n-i t2 -j ACCEPT\n-i bottom -j DROP\n-i h1 -j ACCEPT\n");

	/* Something between two of ours, which are then parted. */
	tables_run(tables, "-I FORWARD 3 -i middle -j DROP");
	add(tables, FORWARD, ZONE_HEAD, "h3");
	tables_remove(tables, &h2);
	expect_commit(tables, 1, 1, 1, NULL);
	expect_chain(tables, "filter", "FORWARD",
		     "-i top -j DROP\n-i h1 -j ACCEPT\n-i h3 -j ACCEPT\n-i middle -j DROP\n-i x -j DROP\n"
		     "-i y -j DROP\n-i t1 -j ACCEPT\n-i t2 -j ACCEPT\n-i bottom -j DROP\n-i h1 -j ACCEPT\n");
}

/* Strangers' rules and chains, their counters included, are the same bytes after we came and went. */
static void test_strangers(gconstpointer data)
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
		add(tables, FORWARD, ZONE_HEAD, "h1"),
		add(tables, FORWARD, ZONE_TAIL, "t1"),
		add_jump(tables, FORWARD, ZONE_HEAD, DOCKER),
		add(tables, DOCKER, ZONE_OWNED, "d1"),
	};
	expect_commit(tables, 1, 4, 0, NULL);
	g_autofree char *with = g_strconcat("[0:0] -i h1 -j ACCEPT\n[0:0] -j DOCKER\n", before,
					    "[0:0] -i t1 -j ACCEPT\n", NULL);
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
	Rule lo = tables_rule(tables, CHAIN_RAW_PREROUTING, ZONE_HEAD, "lo");
	Rule absent = tables_rule(tables, CHAIN_NAT_OUTPUT, ZONE_TAIL, "nowhere");
	Rule other = tables_rule(tables, CHAIN_RAW_PREROUTING, ZONE_HEAD, "other");
	const Rule *rules[] = { &absent, &lo, &other, &lo };
	RuleCounters counters[4];

	RuleItem before = add(tables, CHAIN_RAW_PREROUTING, ZONE_HEAD, "before");
	tables_add(tables, &lo);
	tables_add(tables, &other);
	expect_commit(tables, 1, 3, 0, NULL);

	for (guint i = 1; i <= 3; i++) {
		send_datagram(FAMILY(data));
		g_assert_true(iptables_read_counters(tables->iptables, rules, 4, counters, &error));
		g_assert_no_error(error);
		g_assert_cmpuint(counters[1].packets, ==, i);
		g_assert_cmpuint(counters[1].bytes, ==,
				 i * (FAMILY(data) == FAMILY_IPV4 ? 20 + 8 + 5 : 40 + 8 + 5));
		g_assert_cmpuint(counters[0].packets, ==, G_MAXUINT64);
		g_assert_cmpuint(counters[0].bytes, ==, G_MAXUINT64);
		g_assert_cmpuint(counters[2].packets, ==, 0);
		g_assert_cmpuint(counters[3].packets, ==, counters[1].packets);
		if (i == 1)
			tables_remove(tables, &before);
		else
			add(tables, CHAIN_RAW_PREROUTING, ZONE_TAIL, i == 2 ? "after" : "later");
		expect_commit(tables, 1, i > 1, i == 1, NULL);
	}

	/* Of two the upper one counts. */
	tables_run(tables, "-t raw -A PREROUTING -i lo -j ACCEPT");
	g_assert_true(iptables_read_counters(tables->iptables, rules, 4, counters, &error));
	g_assert_cmpuint(counters[1].packets, ==, 3);
}

static void test_idle(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));

	/* Nothing of ours anywhere: tables are not even looked at. */
	make_dirty(tables);
	expect_commit(tables, 0, 0, 0, NULL);

	add(tables, FORWARD, ZONE_HEAD, "h1");
	add_jump(tables, CHAIN_NAT_PREROUTING, ZONE_TAIL, CHAIN_NAT_DOCKER);
	declare(tables, CHAIN_FILTER_ISOLATION);
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

	add_jump(tables, FORWARD, ZONE_HEAD, DOCKER);
	add(tables, FORWARD, ZONE_HEAD, "h2");
	add(tables, FORWARD, ZONE_TAIL, "t1");
	add(tables, DOCKER, ZONE_OWNED, "d1");
	add(tables, DOCKER, ZONE_OWNED, "d2");
	add_jump(tables, CHAIN_NAT_PREROUTING, ZONE_TAIL, CHAIN_NAT_DOCKER);
	add(tables, CHAIN_NAT_DOCKER, ZONE_OWNED, "n1");
	expect_commit(tables, 2, 7, 0, NULL);
	g_autofree char *forward = tables_chain(tables, "filter", "FORWARD");
	g_autofree char *docker = tables_chain(tables, "filter", "DOCKER");

	tables_run(tables, "-D FORWARD -i h2 -j ACCEPT");
	make_dirty(tables);
	expect_commit(tables, 1, 1, 0, "filter FORWARD");
	expect_chain(tables, "filter", "FORWARD", forward);

	tables_run(tables, "-I DOCKER -i stranger -j DROP");
	make_dirty(tables);
	expect_commit(tables, 1, 0, 1, "filter DOCKER");
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
	add(tables, FORWARD, ZONE_TAIL, "t2");
	expect_commit(tables, 1, 6, 0, "filter DOCKER,filter FORWARD");
	expect_chain(tables, "filter", "DOCKER", docker);
	make_dirty(tables);
	expect_commit(tables, 1, 2, 0, "nat DOCKER,nat PREROUTING");
}

/* Our own change of order is a move, and nobody's drift. */
static void test_reorder(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));

	RuleItem first = add(tables, DOCKER, ZONE_OWNED, "d1");
	add(tables, DOCKER, ZONE_OWNED, "d2");
	add(tables, DOCKER, ZONE_OWNED, "d3");
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
	RuleItem docker = declare(tables, DOCKER);
	RuleItem isolation =
		add_jump(tables, CHAIN_FILTER_ISOLATION, ZONE_OWNED, CHAIN_FILTER_ISOLATION_STAGE_2);
	RuleItem jump = add_jump(tables, FORWARD, ZONE_HEAD, CHAIN_FILTER_ISOLATION);
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
	add(tables, FORWARD, ZONE_HEAD, "h1");
	make_dirty(tables);
	expect_commit(tables, 1, 1, 0, NULL);
	expect_head(tables, "filter", "DOCKER-ISOLATION", NULL);
	expect_chain(tables, "filter", "DOCKER-INGRESS", "-i x -j DROP\n");
}

/* What a predecessor left is taken out, and what of it is wanted stays. */
static void test_predecessor(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));

	tables_restore(tables,
		       "*filter\n:DOCKER - [0:0]\n"
		       "[1:1] -A DOCKER -i old -j ACCEPT\n[2:2] -A DOCKER -i d1 -j ACCEPT\n"
		       "[3:3] -A FORWARD -i old -j ACCEPT\n[4:4] -A FORWARD -i h1 -j ACCEPT\nCOMMIT\n");
	static const char *const interfaces[] = { "old", "d1", "old", "h1" };
	for (guint i = 0; i < 4; i++) {
		RuleItem item = { tables_rule(tables, i < 2 ? DOCKER : FORWARD,
					      i < 2 ? ZONE_OWNED : ZONE_HEAD, interfaces[i]),
				  { .sequence = i } };
		ruleset_hold(tables->ruleset, &item);
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
	g_assert_true(iptables_get_forward_policy(tables->iptables, FAMILY(data), &policy, NULL));
	g_assert_cmpint(policy, ==, TARGET_DROP);
	make_dirty(tables);
	expect_commit(tables, 0, 0, 0, NULL);
	ruleset_set_forward_policy(tables->ruleset, FAMILY(data), TARGET_ACCEPT);
	expect_commit(tables, 1, 0, 0, NULL);
	expect_head(tables, "filter", "FORWARD", ":FORWARD ACCEPT [12:3456]");
	g_assert_true(iptables_get_forward_policy(tables->iptables, FAMILY(data), &policy, NULL));
	g_assert_cmpint(policy, ==, TARGET_ACCEPT);

	/* Left to others, it is left alone. */
	ruleset_set_forward_policy(tables->ruleset, FAMILY(data), TARGET_CHAIN);
	tables_run(tables, "-P FORWARD DROP");
	make_dirty(tables);
	expect_commit(tables, 0, 0, 0, NULL);
}

static void test_find_foreign(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) chains = NULL;

	tables_restore(tables,
		       "*filter\n:DOCKER - [0:0]\n:DOCKER-ISOLATION - [0:0]\n:DOCKER-USER - [0:0]\n"
		       "-A DOCKER -i d1 -j ACCEPT\n-A DOCKER -i d2 -j ACCEPT\n-A DOCKER-USER -i x -j DROP\n"
		       "COMMIT\n*nat\n:DOCKER - [0:0]\n-A DOCKER -i n1 -j RETURN\nCOMMIT\n");
	/* Wanted, in another order than it stands. */
	add(tables, DOCKER, ZONE_OWNED, "d2");
	add(tables, DOCKER, ZONE_OWNED, "d1");
	RuleItem n1 = { tables_rule(tables, CHAIN_NAT_DOCKER, ZONE_OWNED, "n1"), { 0 } };
	n1.rule.target = TARGET_RETURN;
	ruleset_hold(tables->ruleset, &n1);
	g_assert_true(iptables_find_foreign(tables->iptables, tables->ruleset, &chains, &error));
	g_assert_no_error(error);
	g_assert_null(chains);

	tables_run(tables, "-A DOCKER -i d2 -j ACCEPT");
	tables_run(tables, "-t nat -A DOCKER -i n2 -j RETURN");
	g_assert_true(iptables_find_foreign(tables->iptables, tables->ruleset, &chains, &error));
	g_assert_no_error(error);
	g_autofree char *list = chains ? g_strjoinv(",", chains) : NULL;
	g_autofree char *expected =
		g_strdup_printf("%1$s filter DOCKER,%1$s nat DOCKER", family_to_string(FAMILY(data)));
	g_assert_cmpstr(list, ==, expected);
}

static void test_prefix(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));

	iptables_free(tables->iptables);
	tables->iptables = iptables_new("TEN-LETTER");
	g_assert_cmpint(iptables_lock(tables->iptables), ==, 0);
	add_jump(tables, FORWARD, ZONE_HEAD, CHAIN_FILTER_ISOLATION_STAGE_2);
	expect_commit(tables, 1, 1, 0, NULL);
	expect_chain(tables, "filter", "FORWARD", "-j TEN-LETTER-ISOLATION-STAGE-2\n");
}

static void test_probe(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));
	g_autoptr(GError) error = NULL;

	g_assert_true(iptables_probe(tables->iptables, FAMILY(data), &error));
	g_assert_no_error(error);

	g_setenv("NETFILTERD_FAULT", "init:ENOENT:1:2", TRUE);
	g_assert_false(iptables_probe(tables->iptables, FAMILY(data), &error));
	g_assert_error(error, NETFILTER_ERROR, NETFILTER_ERROR_BACKEND_UNAVAILABLE);
	g_assert_nonnull(strstr(error->message,
				FAMILY(data) == FAMILY_IPV4 ? "CONFIG_IP_NF_NAT" : "CONFIG_IP6_NF_NAT"));
	g_clear_error(&error);

	g_setenv("NETFILTERD_FAULT", "init:EPERM:1", TRUE);
	g_assert_false(iptables_probe(tables->iptables, FAMILY(data), &error));
	g_assert_error(error, NETFILTER_ERROR, NETFILTER_ERROR_BACKEND_UNAVAILABLE);
	g_assert_nonnull(strstr(error->message, "CAP_NET_ADMIN"));
	g_unsetenv("NETFILTERD_FAULT");
}

static void test_lock(void)
{
	g_autoptr(Iptables) a = iptables_new("DOCKER"), b = iptables_new("DOCKER");

	g_assert_cmpint(iptables_lock(a), ==, 0);
	g_assert_cmpint(iptables_lock(a), ==, 0);
	g_assert_cmpint(iptables_lock(b), ==, -EAGAIN);
	iptables_unlock(a);
	g_assert_cmpint(iptables_lock(b), ==, 0);
	iptables_unlock(b);

	/* Anybody's lock. */
	int fd = open("/run/xtables.lock", O_RDONLY | O_CLOEXEC);
	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(flock(fd, LOCK_EX), ==, 0);
	g_assert_cmpint(iptables_lock(a), ==, -EAGAIN);
	close(fd);
	g_assert_cmpint(iptables_lock(a), ==, 0);

	/* And ours holds off the tool, which gives up with status 4. */
	g_autofree char *err = NULL;
	int status = 0;
	g_assert_true(g_spawn_command_line_sync("iptables-legacy -w 1 -S", NULL, &err, &status, NULL));
	g_assert_cmpint(WEXITSTATUS(status), ==, 4);
	iptables_unlock(a);
}

static void test_lock_file(void)
{
	g_autoptr(Iptables) a = iptables_new("DOCKER");

	g_setenv("XTABLES_LOCKFILE", "/run/nowhere/lock", TRUE);
	g_assert_cmpint(iptables_lock(a), ==, -ENOENT);
	g_setenv("XTABLES_LOCKFILE", "/run/other.lock", TRUE);
	g_assert_cmpint(iptables_lock(a), ==, 0);
	GStatBuf st;
	g_assert_cmpint(g_stat("/run/other.lock", &st), ==, 0);
	g_assert_cmpuint(st.st_mode & 07777, ==, 0600);
	iptables_unlock(a);

	/* O_CREAT is refused on a directory, and flock(2) takes one. */
	g_setenv("XTABLES_LOCKFILE", "/run", TRUE);
	g_assert_cmpint(iptables_lock(a), ==, 0);
	iptables_unlock(a);
	g_unsetenv("XTABLES_LOCKFILE");
}

/* Another writer's interference is met by reading again, for so long. */
static void test_again(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));

	add(tables, FORWARD, ZONE_HEAD, "h1");
	g_setenv("NETFILTERD_FAULT", "commit:EAGAIN:9", TRUE);
	expect_commit(tables, 1, 1, 0, NULL);
	add(tables, FORWARD, ZONE_HEAD, "h2");
	g_setenv("NETFILTERD_FAULT", "commit:EAGAIN:10", TRUE);
	expect_error(tables, NETFILTER_ERROR_BUSY);
	g_setenv("NETFILTERD_FAULT", "init:EAGAIN:9", TRUE);
	expect_commit(tables, 1, 1, 0, NULL);
	g_unsetenv("NETFILTERD_FAULT");
	expect_chain(tables, "filter", "FORWARD", "-i h1 -j ACCEPT\n-i h2 -j ACCEPT\n");
}

static void test_errors(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));
	static const struct {
		const char *fault;
		int code;
	} cases[] = {
		{ "init:ENOMEM:1", NETFILTER_ERROR_NO_MEMORY },
		{ "commit:ENOMEM:1", NETFILTER_ERROR_NO_MEMORY },
		{ "init:EPERM:1", NETFILTER_ERROR_BACKEND_UNAVAILABLE },
		{ "init:ENOENT:1", NETFILTER_ERROR_BACKEND_UNAVAILABLE },
		{ "commit:ENOENT:1", NETFILTER_ERROR_BACKEND_UNAVAILABLE },
		{ "commit:EINVAL:1", NETFILTER_ERROR_FAILED },
	};

	add(tables, FORWARD, ZONE_HEAD, "h1");
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_setenv("NETFILTERD_FAULT", cases[i].fault, TRUE);
		expect_error(tables, cases[i].code);
	}
	g_unsetenv("NETFILTERD_FAULT");
	expect_commit(tables, 1, 1, 0, NULL);
}

/* The first table is written, the second is not: taking the change back and committing again restores all. */
static void test_undo(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));

	add(tables, DOCKER, ZONE_OWNED, "d1");
	add(tables, CHAIN_NAT_DOCKER, ZONE_OWNED, "n1");
	expect_commit(tables, 2, 2, 0, NULL);

	RuleItem d2 = add(tables, DOCKER, ZONE_OWNED, "d2");
	RuleItem n2 = add(tables, CHAIN_NAT_DOCKER, ZONE_OWNED, "n2");
	g_setenv("NETFILTERD_FAULT", "commit:ENOMEM:1:1", TRUE);
	expect_error(tables, NETFILTER_ERROR_NO_MEMORY);
	g_unsetenv("NETFILTERD_FAULT");
	/* Growing, the filter comes before nat. */
	expect_chain(tables, "filter", "DOCKER", "-i d1 -j ACCEPT\n-i d2 -j ACCEPT\n");
	expect_chain(tables, "nat", "DOCKER", "-i n1 -j ACCEPT\n");
	tables_remove(tables, &n2);
	tables_remove(tables, &d2);
	expect_commit(tables, 1, 0, 1, NULL);
	expect_chain(tables, "filter", "DOCKER", "-i d1 -j ACCEPT\n");

	/* Shrinking, after it. */
	d2 = add(tables, DOCKER, ZONE_OWNED, "d2");
	n2 = add(tables, CHAIN_NAT_DOCKER, ZONE_OWNED, "n2");
	expect_commit(tables, 2, 2, 0, NULL);
	tables_remove(tables, &n2);
	tables_remove(tables, &d2);
	g_setenv("NETFILTERD_FAULT", "commit:ENOMEM:1:1", TRUE);
	expect_error(tables, NETFILTER_ERROR_NO_MEMORY);
	g_unsetenv("NETFILTERD_FAULT");
	expect_chain(tables, "filter", "DOCKER", "-i d1 -j ACCEPT\n-i d2 -j ACCEPT\n");
	expect_chain(tables, "nat", "DOCKER", "-i n1 -j ACCEPT\n");
	ruleset_add(tables->ruleset, &d2);
	ruleset_add(tables->ruleset, &n2);
	expect_commit(tables, 1, 1, 0, NULL);
	expect_chain(tables, "nat", "DOCKER", "-i n1 -j ACCEPT\n-i n2 -j ACCEPT\n");
}

/* Killed between two tables: a successor that holds and wants the same converges. */
static void test_killed(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));
	RuleItem d1 = add(tables, DOCKER, ZONE_OWNED, "d1");
	RuleItem n1 = add(tables, CHAIN_NAT_DOCKER, ZONE_OWNED, "n1");

	pid_t child = fork();
	g_assert_cmpint(child, >=, 0);
	if (child == 0) {
		IptablesCommit commit;
		g_setenv("NETFILTERD_FAULT", "commit:kill:1", TRUE);
		iptables_commit(tables->iptables, tables->ruleset, &commit, NULL);
		_exit(0);
	}
	int status;
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	expect_chain(tables, "filter", "DOCKER", "-i d1 -j ACCEPT\n");
	expect_head(tables, "nat", "DOCKER", NULL);

	ruleset_hold(tables->ruleset, &d1);
	ruleset_hold(tables->ruleset, &n1);
	make_dirty(tables);
	expect_commit(tables, 1, 1, 0, "nat DOCKER");
	expect_chain(tables, "nat", "DOCKER", "-i n1 -j ACCEPT\n");
}

static void test_both_families(void)
{
	g_autoptr(Tables) tables = tables_new(FAMILY_IPV4);

	add(tables, FORWARD, ZONE_HEAD, "four");
	tables->family = FAMILY_IPV6;
	RuleItem six = add(tables, FORWARD, ZONE_HEAD, "six");
	expect_commit(tables, 2, 2, 0, NULL);
	expect_chain(tables, "filter", "FORWARD", "-i six -j ACCEPT\n");
	tables->family = FAMILY_IPV4;
	expect_chain(tables, "filter", "FORWARD", "-i four -j ACCEPT\n");

	/* A family with nothing in it is not asked for. */
	tables_remove(tables, &six);
	expect_commit(tables, 1, 0, 1, NULL);
	ruleset_set_dirty(tables->ruleset, FAMILY_IPV6, TABLE_FILTER);
	g_setenv("NETFILTERD_FAULT", "init:ENOENT:1", TRUE);
	expect_commit(tables, 0, 0, 0, NULL);
	g_unsetenv("NETFILTERD_FAULT");
}

/* The three rules of a published port, appended to items. */
static void add_port(Tables *tables, guint i, GArray *items)
{
	guint16 port = 1 + i;
	Rule rule = { .family = tables->family, .protocol = IPPROTO_TCP };

	g_strlcpy(rule.in, "docker0", sizeof rule.in);
	rule.flags = RULE_NOT_IN;
	memcpy(rule.destination, (guint8[]){ 172, 17, i >> 8, i }, 4);
	rule.destination_length = family_bits(tables->family);
	rule.destination_port[0] = rule.destination_port[1] = port;

	Rule accept = rule, dnat = rule, self = rule;
	accept.chain = DOCKER;
	accept.zone = ZONE_OWNED;
	accept.target = TARGET_ACCEPT;
	dnat.chain = CHAIN_NAT_DOCKER;
	dnat.zone = ZONE_OWNED;
	dnat.target = TARGET_DNAT;
	dnat.dnat_port[0] = dnat.dnat_port[1] = port;
	memcpy(dnat.dnat_address, rule.destination, sizeof rule.destination);
	memset(self.in, 0, sizeof self.in);
	self.flags = 0;
	memcpy(self.source, rule.destination, sizeof self.source);
	self.source_length = rule.destination_length;
	self.chain = CHAIN_NAT_POSTROUTING;
	self.zone = ZONE_TAIL;
	self.target = TARGET_MASQUERADE;

	RuleItem added[] = { tables_add(tables, &accept), tables_add(tables, &dnat),
			     tables_add(tables, &self) };
	g_array_append_vals(items, added, G_N_ELEMENTS(added));
}

static double milliseconds_since(gint64 start)
{
	return (g_get_monotonic_time() - start) / 1e3;
}

/* What cannot be saved: the table read and written with nothing in between. */
static double measure_floor(enum family family)
{
	static const char *const names[] = { "filter", "nat" };
	static const xt_chainlabel chain = "DOCKER";
	gint64 start = g_get_monotonic_time();

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		if (family == FAMILY_IPV4) {
			struct xtc_handle *handle = iptc_init(names[i]);
			g_assert_true(iptc_append_entry(chain, iptc_first_rule(chain, handle), handle));
			g_assert_true(iptc_commit(handle));
			iptc_free(handle);
		} else {
			struct xtc_handle *handle = ip6tc_init(names[i]);
			g_assert_true(ip6tc_append_entry(chain, ip6tc_first_rule(chain, handle), handle));
			g_assert_true(ip6tc_commit(handle));
			ip6tc_free(handle);
		}
	}
	return milliseconds_since(start);
}

static void test_many(gconstpointer data)
{
	enum { N = 10000, ROUNDS = 5 };
	g_autoptr(Tables) tables = tables_new(FAMILY(data));
	g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(RuleItem));
	double ours = G_MAXDOUBLE, floor = G_MAXDOUBLE;

	/* So that no end of a chain is ours. */
	tables_run(tables, "-t nat -A POSTROUTING -o above -j ACCEPT");
	for (guint i = 0; i < N; i++)
		add_port(tables, i, items);
	gint64 start = g_get_monotonic_time();
	expect_commit(tables, 2, 3 * N, 0, NULL);
	g_test_message("%u ports in one commit: %.1f ms", N, milliseconds_since(start));
	tables_run(tables, "-t nat -A POSTROUTING -o below -j ACCEPT");

	for (guint i = 0; i < ROUNDS; i++) {
		add_port(tables, N + i, items);
		start = g_get_monotonic_time();
		expect_commit(tables, 2, 3, 0, NULL);
		double elapsed = milliseconds_since(start);
		ours = MIN(ours, elapsed);
		/* Its copies of our first rules are in our way, which makes drift: taken out unmeasured. */
		elapsed = measure_floor(FAMILY(data));
		floor = MIN(floor, elapsed);
		make_dirty(tables);
		expect_commit(tables, 2, 0, 2, "nat DOCKER,filter DOCKER");
	}
	g_test_message("one port more at %u: %.1f ms, libiptc alone %.1f ms", N, ours, floor);

	start = g_get_monotonic_time();
	make_dirty(tables);
	expect_commit(tables, 0, 0, 0, NULL);
	g_test_message("nothing to do at %u: %.1f ms", N, milliseconds_since(start));

	g_autofree char *docker = tables_chain(tables, "filter", "DOCKER");
	g_autofree char *postrouting = tables_chain(tables, "nat", "POSTROUTING");
	g_auto(GStrv) accepts = g_strsplit(docker, "\n", -1);
	g_auto(GStrv) masquerades = g_strsplit(postrouting, "\n", -1);
	g_assert_cmpuint(g_strv_length(accepts), ==, N + ROUNDS + 1);
	g_assert_cmpuint(g_strv_length(masquerades), ==, N + ROUNDS + 2 + 1);
	g_assert_cmpstr(masquerades[0], ==, "-o above -j ACCEPT");
	g_assert_cmpstr(masquerades[N + ROUNDS + 1], ==, "-o below -j ACCEPT");

	/* Every tenth goes at once. */
	for (guint i = 0; i < N; i += 10)
		for (guint j = 0; j < 3; j++)
			tables_remove(tables, &g_array_index(items, RuleItem, 3 * i + j));
	start = g_get_monotonic_time();
	expect_commit(tables, 2, 0, 3 * N / 10, NULL);
	g_test_message("%u ports fewer at %u: %.1f ms", N / 10, N, milliseconds_since(start));
	make_dirty(tables);
	expect_commit(tables, 0, 0, 0, NULL);
}

static void add_test(const char *name, GTestDataFunc function)
{
	for (enum family family = 0; family < N_FAMILIES; family++) {
		g_autofree char *path = g_strdup_printf("/iptables/%s/%s", family_to_string(family), name);
		g_test_add_data_func(path, GUINT_TO_POINTER(family), function);
	}
}

int main(int argc, char **argv)
{
	const char *reason;

	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	if (!netns_isolate(&reason)) {
		g_print("1..0 # SKIP %s\n", reason);
		return 0;
	}
	add_test("zones", test_zones);
	add_test("strangers", test_strangers);
	add_test("counters", test_counters);
	add_test("idle", test_idle);
	add_test("drift", test_drift);
	add_test("reorder", test_reorder);
	add_test("chains", test_chains);
	add_test("predecessor", test_predecessor);
	add_test("policy", test_policy);
	add_test("find-foreign", test_find_foreign);
	add_test("prefix", test_prefix);
	add_test("probe", test_probe);
	add_test("again", test_again);
	add_test("errors", test_errors);
	add_test("undo", test_undo);
	add_test("killed", test_killed);
	add_test("many", test_many);
	g_test_add_func("/iptables/lock", test_lock);
	g_test_add_func("/iptables/lock-file", test_lock_file);
	g_test_add_func("/iptables/both-families", test_both_families);
	return g_test_run();
}
