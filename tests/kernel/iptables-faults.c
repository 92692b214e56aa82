/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/tables.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is missing, taken, or goes wrong on the way to the kernel. */

static void test_probe(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));
	g_autoptr(GError) error = NULL;

	g_assert_true(iptables_backend.probe(tables->backend, FAMILY(data), &error));
	g_assert_no_error(error);

	g_setenv("NETFILTERD_FAULT", "init:ENOENT:1:3", TRUE);
	g_assert_false(iptables_backend.probe(tables->backend, FAMILY(data), &error));
	g_assert_error(error, NETFILTER_ERROR, NETFILTER_ERROR_BACKEND_UNAVAILABLE);
	g_assert_nonnull(
		strstr(error->message, FAMILY(data) == FAMILY_IPV4 ? "CONFIG_IP_NF_NAT" : "CONFIG_IP6_NF_NAT"));
	g_clear_error(&error);

	g_setenv("NETFILTERD_FAULT", "init:EPERM:1", TRUE);
	g_assert_false(iptables_backend.probe(tables->backend, FAMILY(data), &error));
	g_assert_error(error, NETFILTER_ERROR, NETFILTER_ERROR_BACKEND_UNAVAILABLE);
	g_assert_nonnull(strstr(error->message, "CAP_NET_ADMIN"));
	g_unsetenv("NETFILTERD_FAULT");
}

static void test_lock(void)
{
	Backend *a = iptables_backend.new("DOCKER"), *b = iptables_backend.new("DOCKER");

	g_assert_cmpint(iptables_backend.lock(a), ==, 0);
	g_assert_cmpint(iptables_backend.lock(a), ==, 0);
	g_assert_cmpint(iptables_backend.lock(b), ==, -EAGAIN);
	iptables_backend.unlock(a);
	g_assert_cmpint(iptables_backend.lock(b), ==, 0);
	iptables_backend.unlock(b);

	/* Anybody's lock. */
	int fd = open("/run/xtables.lock", O_RDONLY | O_CLOEXEC);
	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(flock(fd, LOCK_EX), ==, 0);
	g_assert_cmpint(iptables_backend.lock(a), ==, -EAGAIN);
	close(fd);
	g_assert_cmpint(iptables_backend.lock(a), ==, 0);

	/* And ours holds off the tool, which gives up with status 4. */
	g_autofree char *err = NULL;
	int status = 0;
	g_assert_true(g_spawn_command_line_sync("iptables-legacy -w 1 -S", NULL, &err, &status, NULL));
	g_assert_cmpint(WEXITSTATUS(status), ==, 4);
	iptables_backend.free(a);
	iptables_backend.free(b);
}

static void test_lock_file(void)
{
	Backend *a = iptables_backend.new("DOCKER");

	g_setenv("XTABLES_LOCKFILE", "/run/nowhere/lock", TRUE);
	g_assert_cmpint(iptables_backend.lock(a), ==, -ENOENT);
	g_setenv("XTABLES_LOCKFILE", "/run/other.lock", TRUE);
	g_assert_cmpint(iptables_backend.lock(a), ==, 0);
	GStatBuf st;
	g_assert_cmpint(g_stat("/run/other.lock", &st), ==, 0);
	g_assert_cmpuint(st.st_mode & 07777, ==, 0600);
	iptables_backend.unlock(a);

	/* O_CREAT is refused on a directory, and flock(2) takes one. */
	g_setenv("XTABLES_LOCKFILE", "/run", TRUE);
	g_assert_cmpint(iptables_backend.lock(a), ==, 0);
	iptables_backend.free(a);
	g_unsetenv("XTABLES_LOCKFILE");
}

/* Another writer's interference is met by reading again, for so long. */
static void test_again(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));

	static const struct {
		const char *fault;
		bool busy;
	} cases[] = {
		{ "commit:EAGAIN:1", false },
		{ "commit:EAGAIN:9", false },
		{ "commit:EAGAIN:10", true },
		{ "commit:EINVAL:1", false },
		{ "commit:EINVAL:9", false },
		{ "commit:EINVAL:10", true },
		{ "commit:EAGAIN:5,commit:EINVAL:4:5", false },
		{ "commit:EAGAIN:5,commit:EINVAL:5:5", true },
		{ "init:EAGAIN:9", false },
		{ "init:EAGAIN:10", true },
	};
	g_autoptr(GString) expected = g_string_new(NULL);
	guint waiting = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *name = g_strdup_printf("h%zu", i);

		add_accept(tables, FORWARD_HEAD, name);
		g_string_append_printf(expected, "-i %s -j ACCEPT\n", name);
		waiting++;
		g_setenv("NETFILTERD_FAULT", cases[i].fault, TRUE);
		if (cases[i].busy) {
			expect_error(tables, NETFILTER_ERROR_BUSY);
		} else {
			expect_commit(tables, 1, waiting, 0, NULL);
			waiting = 0;
		}
	}
	g_unsetenv("NETFILTERD_FAULT");
	expect_commit(tables, 1, waiting, 0, NULL);
	expect_chain(tables, "filter", "FORWARD", expected->str);
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
		{ "init:EINVAL:1", NETFILTER_ERROR_FAILED },
	};

	add_accept(tables, FORWARD_HEAD, "h1");
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

	add_accept(tables, DOCKER, "d1");
	add_accept(tables, NAT_DOCKER, "n1");
	expect_commit(tables, 2, 2, 0, NULL);

	RuleItem d2 = add_accept(tables, DOCKER, "d2");
	RuleItem n2 = add_accept(tables, NAT_DOCKER, "n2");
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
	d2 = add_accept(tables, DOCKER, "d2");
	n2 = add_accept(tables, NAT_DOCKER, "n2");
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

/* Killed between two tables: a next instance that holds and wants the same converges. */
static void test_killed(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));
	RuleItem d1 = add_accept(tables, DOCKER, "d1");
	RuleItem n1 = add_accept(tables, NAT_DOCKER, "n1");

	pid_t child = fork();
	g_assert_cmpint(child, >=, 0);
	if (child == 0) {
		BackendCommit commit;
		g_setenv("NETFILTERD_FAULT", "commit:kill:1", TRUE);
		iptables_backend.commit(tables->backend, tables->ruleset, &commit, NULL);
		_exit(0);
	}
	int status;
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	expect_chain(tables, "filter", "DOCKER", "-i d1 -j ACCEPT\n");
	expect_head(tables, "nat", "DOCKER", NULL);

	ruleset_pin(tables->ruleset, &d1);
	ruleset_pin(tables->ruleset, &n1);
	make_dirty(tables);
	expect_commit(tables, 1, 1, 0, "nat DOCKER");
	expect_chain(tables, "nat", "DOCKER", "-i n1 -j ACCEPT\n");
}

/* What cannot be read for now drops nobody knows what; what is not there, or not for us, drops nothing. */
static void test_others(gconstpointer data)
{
	g_autoptr(Tables) tables = tables_new(FAMILY(data));
	static const struct {
		const char *fault;
		int code;  /* -1: none */
		bool told; /* that FORWARD drops */
	} cases[] = {
		{ "commit:EAGAIN:1", -1, true },
		{ "init:EPERM:2", -1, false },
		{ "init:ENOENT:2", -1, false },
		{ "init:EAGAIN:2", NETFILTER_ERROR_BUSY, false },
		{ "init:ENOMEM:2", NETFILTER_ERROR_NO_MEMORY, false },
		{ "init:EINVAL:2", NETFILTER_ERROR_FAILED, false },
	};

	tables_run(tables, "-P FORWARD DROP");
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) found = foreign_chains_new();
		g_autoptr(GError) error = NULL;
		bool ok;

		g_setenv("NETFILTERD_FAULT", cases[i].fault, TRUE);
		ok = iptables_backend.others->find_forward_drops("DOCKER", found, &error);
		g_test_message("%s: %s", cases[i].fault, error ? error->message : "no error");
		g_assert_cmpint(ok, ==, cases[i].code < 0);
		g_assert_cmpint(error ? error->code : -1, ==, cases[i].code);
		g_assert_cmpuint(found->len, ==, cases[i].told);
		g_assert_cmpint(iptables_backend.others->stop_forwarding(), ==, cases[i].told);
	}
	g_unsetenv("NETFILTERD_FAULT");
}

static const TablesTest tests[] = {
	{ "probe", test_probe },      { "again", test_again },
	{ "errors", test_errors },    { "others", test_others },
	{ "undo", test_undo },        { "killed", test_killed },
	{ "lock", .run = test_lock }, { "lock-file", .run = test_lock_file },
};

int main(int argc, char **argv)
{
	return tables_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
