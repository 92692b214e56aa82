/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/signals.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

/*
 * Up to IsolationPairwiseMax networks are isolated pair by pair; from one more on each has a rule in either
 * of two stages. Which form stands must follow the number of networks and nothing else, and a change of it
 * must be part of the change that brought it about.
 */
enum { MAX = 3, N = 2 * MAX, FAMILIES = 2 };

#define NO_CONTAINERS "ContainerPublish=no\n"
#define MAX_3 NO_CONTAINERS "IsolationPairwiseMax=3"

static void create_text(GString *text, guint n)
{
	g_string_printf(text,
			"'n%u', {'Bridge': <'b%u'>, 'Subnets': <['10.0.%u.0/24', 'fd00:%u::/64']>, "
			"'Persistent': <true>}",
			n, n, n, n);
}

static void create(Rig *rig, guint n)
{
	g_autoptr(GString) arguments = g_string_new(NULL);

	create_text(arguments, n);
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", arguments->str);
}

static void destroy(Rig *rig, guint n)
{
	g_autofree char *path = g_strdup_printf("/network/n%u", n);

	done(rig, path, "Network", "Delete", "", "");
}

/* --- what stands in the kernel --- */

static guint count_rules(const Rig *rig, const char *family, const char *pattern)
{
	g_autofree char *text =
		netns_output(rig->host, "sh -c \"%s-legacy-save -t filter | grep -c '%s' || :\"", family, pattern);

	return strtoul(text, NULL, 10);
}

static void expect_isolation(const Rig *rig, guint n, bool linear)
{
	static const char *const families[FAMILIES] = { "iptables", "ip6tables" };

	for (guint i = 0; i < FAMILIES; i++) {
		const char *family = families[i];

		g_assert_cmpuint(count_rules(rig, family, "^-A DOCKER-ISOLATION -i b[0-9]* -o b[0-9]* -j DROP$"), ==,
				 linear ? 0 : n * (n - 1));
		g_assert_cmpuint(count_rules(rig, family,
					     "^-A DOCKER-ISOLATION -i b\\([0-9]*\\) ! -o b\\1 -j "
					     "DOCKER-ISOLATION-STAGE-2$"),
				 ==, linear ? n : 0);
		g_assert_cmpuint(count_rules(rig, family, "^-A DOCKER-ISOLATION-STAGE-2 -o b[0-9]* -j DROP$"), ==,
				 linear ? n : 0);
		/* And nothing else but the ends of the chains. */
		g_assert_cmpuint(count_rules(rig, family, "^-A DOCKER-ISOLATION "), ==, (linear ? n : n * (n - 1)) + 1);
		g_assert_cmpuint(count_rules(rig, family, "^-A DOCKER-ISOLATION -j RETURN$"), ==, 1);
		g_assert_cmpuint(count_rules(rig, family, "^-A DOCKER-ISOLATION-STAGE-2 "), ==, linear ? n + 1 : 0);
		g_assert_cmpuint(count_rules(rig, family, "^-A DOCKER-ISOLATION-STAGE-2 -j RETURN$"), ==, linear);
		g_assert_cmpuint(count_rules(rig, family, "^:DOCKER-ISOLATION-STAGE-2 "), ==, linear);
	}
}

/* --- what it costs --- */

static guint64 generation(const Rig *rig)
{
	g_autofree char *text = property(rig, "", "Manager", "Generation");

	return g_ascii_strtoull(text, NULL, 10);
}

/* There must have been one commit since. */
static Commit one_commit(Signals *signals, guint64 since)
{
	g_autoptr(GArray) commits = signals_take_commits(signals);
	Commit commit = {};

	g_assert_cmpuint(commits->len, ==, 1);
	if (commits->len == 0)
		return commit;
	commit = g_array_index(commits, Commit, 0);
	g_assert_cmpuint(commit.generation, ==, since + 1);
	return commit;
}

/* The rules in either family that isolate n networks from one another. */
static guint isolation_rules(guint n)
{
	return FAMILIES * (n > MAX ? 2 * n + 1 : n * (n - 1));
}

/* Of a change that adds a network, added - removed is its own rules and the difference in isolation. */
static void expect_growth(const Commit *commit, guint from, guint to, gint own)
{
	gint growth = (gint)commit->added - (gint)commit->removed;

	g_assert_cmpint(growth, ==, (gint)isolation_rules(to) - (gint)isolation_rules(from) + (to > from ? own : -own));
	/* In the same form nothing that stood goes, in the other one all of it. */
	g_assert_cmpuint(to > from ? commit->removed : commit->added, ==,
			 (from > MAX) == (to > MAX) ? 0 : isolation_rules(from < to ? from : to));
}

/* Up and down again, over the edge on the way; each number of networks looks the same both times. */
static void one_by_one(Rig *rig)
{
	Signals *signals = signals_new(rig);
	char *rules[N] = {};
	gint own = 0; /* rules of a network but for isolation */

	for (guint n = 0; n < N; n++) {
		guint64 since = generation(rig);
		Commit commit;

		rules[n] = rig_rules(rig);
		create(rig, n);
		if (n == 0) { /* its jumps serve all of them */
			g_array_unref(signals_take_commits(signals));
		} else {
			commit = one_commit(signals, since);
			if (n == 1)
				own = (gint)commit.added - (gint)isolation_rules(2);
			expect_growth(&commit, n, n + 1, own);
		}
		expect_isolation(rig, n + 1, n + 1 > MAX);
	}
	for (guint n = N; n-- > 0;) {
		guint64 since = generation(rig);
		g_autofree char *after = NULL;
		Commit commit;

		destroy(rig, n);
		after = rig_rules(rig);
		g_assert_cmpstr(after, ==, rules[n]);
		g_free(rules[n]);
		commit = one_commit(signals, since);
		if (n > 0)
			expect_growth(&commit, n + 1, n, own);
	}
	signals_free(signals);
}

/* Who goes first does not matter: the one whose number would have been the last pairwise one may go last. */
static void oldest_first(Rig *rig)
{
	for (guint n = 0; n < N; n++)
		create(rig, n);
	for (guint n = 0; n < N; n++) {
		expect_isolation(rig, N - n, N - n > MAX);
		destroy(rig, n);
	}
}

static void send_create(Rig *rig, Pipeline *pipeline, guint n)
{
	g_autoptr(GString) arguments = g_string_new(NULL);

	create_text(arguments, n);
	pipeline_call(pipeline, rig->bus, "", "Manager", "CreateNetwork", "sa{sv}", arguments->str);
}

static void send_delete(Rig *rig, Pipeline *pipeline, guint n)
{
	g_autofree char *path = g_strdup_printf("/network/n%u", n);

	pipeline_call(pipeline, rig->bus, path, "Network", "Delete", "", "");
}

/* Nothing can be committed before all of it is there. */
static void run_as_one(Rig *rig, Pipeline *pipeline, void (*send)(Rig *rig, Pipeline *pipeline))
{
	int lock = open("/run/xtables.lock", O_RDONLY | O_CREAT | O_CLOEXEC, 0600);

	g_assert_no_errno(flock(lock, LOCK_EX));
	send(rig, pipeline);
	/* What is asked on the same connection is answered after they came. */
	property_is(rig, "'iptables'", "", "Manager", "Backend");
	close(lock);
	pipeline_run(pipeline);
}

static void send_over_and_back(Rig *rig, Pipeline *pipeline)
{
	for (guint n = 1; n < N; n++)
		send_create(rig, pipeline, n);
	for (guint n = N; n-- > MAX;)
		send_delete(rig, pipeline, n);
}

static void send_back_and_over(Rig *rig, Pipeline *pipeline)
{
	for (guint n = 1; n < MAX; n++)
		send_delete(rig, pipeline, n);
	for (guint n = N; n < 2 * N - 1; n++)
		send_create(rig, pipeline, n);
}

/* Many in one commit: what counts is how many there are in the end. */
static void together(Rig *rig)
{
	Pipeline *pipeline = pipeline_new();
	Signals *signals;
	guint64 since;

	create(rig, 0);
	signals = signals_new(rig);
	since = generation(rig);
	run_as_one(rig, pipeline, send_over_and_back);
	expect_isolation(rig, MAX, false);
	one_commit(signals, since);
	since++;
	run_as_one(rig, pipeline, send_back_and_over);
	expect_isolation(rig, N, true);
	one_commit(signals, since);
	for (guint i = 0; i < 3 * (N - 1); i++)
		g_assert_cmpstr(pipeline_outcome(pipeline, i), ==, "");
	signals_free(signals);
	pipeline_free(pipeline);
}

/* Internal networks have rules of their own and do not count. */
static void internal_ones(Rig *rig)
{
	for (guint n = 0; n < MAX; n++)
		create(rig, n);
	for (guint i = 0; i < 2; i++) {
		g_autofree char *arguments = g_strdup_printf("'inner%u', {'Internal': <true>, 'Subnets': "
							     "<['10.1.%u.0/24']>, 'Persistent': <true>}",
							     i, i);

		done(rig, "", "Manager", "CreateNetwork", "sa{sv}", arguments);
	}
	g_assert_cmpuint(count_rules(rig, "iptables", "DOCKER-ISOLATION-STAGE-2"), ==, 0);
	create(rig, MAX);
	g_assert_cmpuint(count_rules(rig, "iptables", "^-A DOCKER-ISOLATION .* -j DOCKER-ISOLATION-STAGE-2"), ==,
			 MAX + 1);
	done(rig, "/network/inner0", "Network", "Delete", "", "");
	g_assert_cmpuint(count_rules(rig, "iptables", "^-A DOCKER-ISOLATION .* -j DOCKER-ISOLATION-STAGE-2"), ==,
			 MAX + 1);
	destroy(rig, 0);
	g_assert_cmpuint(count_rules(rig, "iptables", "DOCKER-ISOLATION-STAGE-2"), ==, 0);
	/* Two for each pair, two for the internal one, the end. */
	g_assert_cmpuint(count_rules(rig, "iptables", "^-A DOCKER-ISOLATION "), ==, MAX * (MAX - 1) + 2 + 1);
}

/* --- the same networks, another configuration --- */

static void reloaded(Rig *rig)
{
	static const struct {
		const char *configuration;
		bool linear;
	} steps[] = {
		{ NO_CONTAINERS "IsolationPairwiseMax=6", false }, { NO_CONTAINERS "IsolationPairwiseMax=5", true },
		{ NO_CONTAINERS "IsolationPairwiseMax=0", true },  { NO_CONTAINERS "IsolationPairwiseMax=1024", false },
		{ NO_CONTAINERS "IsolationPairwiseMax=3", true },
	};
	const guint linear_rules = FAMILIES * (2 * N + 1), pairwise_rules = FAMILIES * N * (N - 1);
	char *forms[2] = {};
	bool linear = true;
	Signals *signals;

	for (guint n = 0; n < N; n++)
		create(rig, n);
	forms[true] = rig_rules(rig);
	signals = signals_new(rig);
	for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
		guint64 since = generation(rig);
		g_autofree char *rules = NULL;

		rig_configure(rig, steps[i].configuration);
		done(rig, "", "Manager", "Reload", "", "");
		expect_isolation(rig, N, steps[i].linear);
		if (steps[i].linear == linear) {
			g_autoptr(GArray) commits = signals_take_commits(signals);

			g_assert_cmpuint(commits->len, ==, 0);
			g_assert_cmpuint(generation(rig), ==, since);
		} else {
			Commit commit = one_commit(signals, since);

			g_assert_cmpuint(commit.added, ==, steps[i].linear ? linear_rules : pairwise_rules);
			g_assert_cmpuint(commit.removed, ==, steps[i].linear ? pairwise_rules : linear_rules);
		}
		linear = steps[i].linear;
		rules = rig_rules(rig);
		if (forms[linear])
			g_assert_cmpstr(rules, ==, forms[linear]);
		else
			forms[linear] = g_steal_pointer(&rules);
	}
	signals_free(signals);
	g_free(forms[false]);
	g_free(forms[true]);
}

static void restarted(Rig *rig)
{
	g_autofree char *linear = NULL, *pairwise = NULL, *after = NULL;

	for (guint n = 0; n < N; n++)
		create(rig, n);
	linear = rig_rules(rig);
	rig_restart(rig);
	after = rig_rules(rig);
	g_assert_cmpstr(after, ==, linear);

	/* The next instance may have been told otherwise. */
	rig->configuration = NO_CONTAINERS "IsolationPairwiseMax=32";
	rig_restart(rig);
	expect_isolation(rig, N, false);
	pairwise = rig_rules(rig);
	rig_restart(rig);
	g_free(after);
	after = rig_rules(rig);
	g_assert_cmpstr(after, ==, pairwise);
	rig->configuration = MAX_3;
	rig_restart(rig);
	g_free(after);
	after = rig_rules(rig);
	g_assert_cmpstr(after, ==, linear);
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");

	/* Nothing of the one form stays in the way when the other one's networks are gone. */
	rig->configuration = NO_CONTAINERS "IsolationPairwiseMax=32";
	rig_restart(rig);
	for (guint n = 0; n < N; n++)
		destroy(rig, n);
	g_assert_cmpuint(count_rules(rig, "iptables", "STAGE-2"), ==, 0);
	g_assert_cmpuint(count_rules(rig, "ip6tables", "STAGE-2"), ==, 0);
	service_stop(rig->service);
	rig->service = service_start(rig->starter, rig->configuration);
	create(rig, 0);
}

static const BusTest tests[] = {
	{ "/bus/isolation/one-by-one", one_by_one, MAX_3 }, { "/bus/isolation/oldest-first", oldest_first, MAX_3 },
	{ "/bus/isolation/together", together, MAX_3 },     { "/bus/isolation/internal-ones", internal_ones, MAX_3 },
	{ "/bus/isolation/reloaded", reloaded, MAX_3 },     { "/bus/isolation/restarted", restarted, MAX_3 },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
