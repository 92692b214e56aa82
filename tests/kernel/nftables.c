/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/nftables/nftables.h"
#include "tests/support/netns.h"
#include "tests/support/scene.h"

#include <string.h>
#include <unistd.h>

/* The judge is nft itself: what it makes of our text the kernel must have of our commit. */

typedef struct Court {
	int home, netns;
	Backend *backend;
} Court;

static Court *court_new(void)
{
	Court *court = g_new0(Court, 1);

	court->home = netns_current();
	court->netns = netns_new();
	netns_enter(court->netns);
	court->backend = nftables_backend.new("DOCKER");
	return court;
}

static void court_free(Court *court)
{
	if (!court)
		return;
	nftables_backend.free(court->backend);
	netns_enter(court->home);
	close(court->netns);
	close(court->home);
	g_free(court);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Court, court_free)

static int compare_strings(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A listing whose elements stand in the order of the alphabet: the kernel's own means nothing. */
static char *sort_elements(const char *listing)
{
	static const char mark[] = "elements = { ";
	GString *text = g_string_new(NULL);

	for (const char *begin; (begin = strstr(listing, mark)); listing = strchr(begin, '}')) {
		gsize n = strcspn(begin += strlen(mark), "}");
		g_autofree char *body = g_strndup(begin, n);
		g_auto(GStrv) elements = g_strsplit(body, ",", -1);
		g_autofree char *sorted = NULL;

		for (char **element = elements; *element; element++)
			g_strstrip(*element);
		qsort(elements, g_strv_length(elements), sizeof *elements, compare_strings);
		sorted = g_strjoinv("\n", elements);
		g_string_append_len(text, listing, begin - listing);
		g_string_append(text, sorted);
	}
	g_string_append(text, listing);
	return g_string_free(text, FALSE);
}

/* What nft lists in a namespace, IPv4 first, without the words that say whose the table is. */
static char *list_ruleset(int netns)
{
	g_autofree char *output = netns_output(netns, "sh -c 'nft list ruleset ip; nft list ruleset ip6'");
	g_autoptr(GRegex) owner =
		g_regex_new(" # progname.*|\\tflags (owner|persist).*\\n\\n|packets \\d+ bytes \\d+", 0, 0, NULL);
	g_autofree char *bare = NULL;

	bare = g_regex_replace_literal(owner, output, -1, 0, "", 0, NULL);
	return sort_elements(bare);
}

/* Both families as text. */
static char *text_of(const Court *court, const Ruleset *ruleset)
{
	g_autofree char *four = nftables_backend.text(court->backend, ruleset, FAMILY_IPV4);
	g_autofree char *six = nftables_backend.text(court->backend, ruleset, FAMILY_IPV6);

	return g_strconcat(four, six, NULL);
}

/* What nft lists after it has loaded a text into an empty namespace. */
static char *list_loaded(const char *text)
{
	int netns = netns_new();
	char *listing;

	g_assert_true(g_file_set_contents("/run/rules.nft", text, -1, NULL));
	netns_run(netns, "nft -f /run/rules.nft");
	listing = list_ruleset(netns);
	close(netns);
	return listing;
}

static BackendCommit commit(const Court *court, Ruleset *ruleset)
{
	g_autoptr(GError) error = NULL;
	BackendCommit ret;

	if (!nftables_backend.commit(court->backend, ruleset, &ret, &error))
		g_error("commit: %s", error->message);
	ruleset_finish(ruleset);
	return ret;
}

/* For whom what was committed does not matter. */
static void program(const Court *court, Ruleset *ruleset)
{
	g_auto(BackendCommit) done = commit(court, ruleset);

	(void)done;
}

/* Listings are long: the first line that differs says it. */
static void expect_same_lines(const char *actual, const char *expected)
{
	g_auto(GStrv) a = g_strsplit(actual, "\n", -1), b = g_strsplit(expected, "\n", -1);

	for (guint i = 0; a[i] || b[i]; i++) {
		g_assert_cmpstr(a[i], ==, b[i]);
		if (!a[i] || !b[i] || !g_str_equal(a[i], b[i]))
			return;
	}
}

static void expect_as_text(const Court *court, const Ruleset *ruleset)
{
	g_autofree char *text = text_of(court, ruleset), *loaded = list_loaded(text);
	g_autofree char *actual = list_ruleset(court->netns);

	expect_same_lines(actual, loaded);
}

static void test_scenario(gconstpointer data)
{
	g_autoptr(Scene) scene = scenario_build(data);
	g_autoptr(Court) court = court_new();
	g_auto(BackendCommit) done = commit(court, scene->ruleset);

	g_assert_cmpuint(done.commits, ==, 1);
	g_assert_null(done.drifted);
	expect_as_text(court, scene->ruleset);
}

/* Every part of a scenario is taken out and put back by itself: what is shared stays as long as one needs it. */
static void test_changes(gconstpointer data)
{
	g_autoptr(Scene) scene = scenario_build(data);
	g_autoptr(Court) court = court_new();

	program(court, scene->ruleset);
	for (guint i = 0; i < scene->renderings->len; i++) {
		g_auto(BackendCommit) out = {}, in = {};

		scene_withdraw(scene, i);
		out = commit(court, scene->ruleset);
		expect_as_text(court, scene->ruleset);
		scene_restore(scene, i);
		in = commit(court, scene->ruleset);
		expect_as_text(court, scene->ruleset);
		g_assert_cmpuint(out.removed, ==, in.added);
		g_assert_cmpuint(out.added + in.removed, ==, 0);
		g_assert_null(out.drifted);
		g_assert_null(in.drifted);
	}
	ruleset_set_all_dirty(scene->ruleset);
	g_auto(BackendCommit) again = commit(court, scene->ruleset);
	g_assert_cmpuint(again.commits, ==, 0);
	g_assert_null(again.drifted);
}

/* The last rule takes the tables along. */
static void test_tables(void)
{
	g_autoptr(Court) court = court_new();
	g_autoptr(Ruleset) ruleset = ruleset_new();
	g_autoptr(GArray) base = rendering_new();

	for (enum family family = 0; family < N_FAMILIES; family++)
		render_base(family, base);
	for (guint round = 0; round < 2; round++) {
		g_auto(BackendCommit) in = {}, out = {};
		g_autofree char *listing = NULL;

		ruleset_add_all(ruleset, base);
		in = commit(court, ruleset);
		g_assert_cmpuint(in.commits, ==, 1);
		g_assert_cmpuint(in.added, ==, 0);
		expect_as_text(court, ruleset);
		ruleset_remove_all(ruleset, base);
		out = commit(court, ruleset);
		g_assert_cmpuint(out.commits, ==, 1);
		listing = list_ruleset(court->netns);
		g_assert_cmpstr(listing, ==, "");
	}
}

static void test_policy(void)
{
	g_autoptr(Court) court = court_new();
	g_autoptr(Scene) scene = scenario_build(&scenarios[1]);
	/* What is others' stays as it is. */
	static const struct {
		enum rule_target wanted, found;
		guint commits;
	} steps[] = {
		{ TARGET_DROP, TARGET_DROP, 1 },    { TARGET_ACCEPT, TARGET_ACCEPT, 1 },
		{ TARGET_PLACE, TARGET_ACCEPT, 0 }, { TARGET_DROP, TARGET_DROP, 1 },
		{ TARGET_PLACE, TARGET_DROP, 0 },   { TARGET_ACCEPT, TARGET_ACCEPT, 1 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_auto(BackendCommit) done = {};
		enum rule_target now;

		ruleset_set_forward_policy(scene->ruleset, FAMILY_IPV4, steps[i].wanted);
		done = commit(court, scene->ruleset);
		g_assert_cmpuint(done.commits, ==, steps[i].commits);
		if (steps[i].wanted != TARGET_PLACE)
			expect_as_text(court, scene->ruleset);
		g_assert_true(nftables_backend.forward_policy(court->backend, FAMILY_IPV4, &now, NULL));
		g_assert_cmpint(now, ==, steps[i].found);
	}
}

static bool runs(const Court *court, const char *command)
{
	g_autofree char *output = NULL, *errors = NULL;
	int before = netns_current(), status = -1;

	netns_enter(court->netns);
	g_spawn_command_line_sync(command, &output, &errors, &status, NULL);
	netns_enter(before);
	close(before);
	return status == 0;
}

/* The next instance: what the last one had is nobody's, and what it holds may be otherwise. */
static void restart(Court *court, Ruleset *ruleset)
{
	nftables_backend.free(court->backend);
	court->backend = nftables_backend.new("DOCKER");
	ruleset_set_all_dirty(ruleset);
}

/* What is changed while no instance owns the table is found and mended, and nothing else is touched. */
static void test_drift(void)
{
	static const struct {
		const char *command, *drifted;
		guint added, removed;
	} cases[] = {
		{ "true", NULL, 0, 0 },
		{ "nft delete element ip netfilterd published '{ tcp . 8080 }'", "netfilterd published", 1, 0 },
		{ "nft add element ip netfilterd bridges '{ \"x\" }'", "netfilterd bridges", 0, 1 },
		{ "nft add element ip netfilterd sources '{ 10.0.0.0/8 }'", "netfilterd sources", 0, 1 },
		{ "nft flush set ip netfilterd sources", "netfilterd sources", 1, 0 },
		{ "nft flush set ip netfilterd at_home", "netfilterd at_home", 2, 0 },
		{ "nft flush map ip netfilterd sources_at", "netfilterd sources_at", 1, 0 },
		{ "nft add element ip netfilterd sources_at '{ 10.0.0.0/8 : 192.0.2.8 }'", "netfilterd sources_at", 0,
		  1 },
		{ "nft 'delete element ip netfilterd sources_at { 172.30.0.0/16 } ; "
		  "add element ip netfilterd sources_at { 172.30.0.0/16 : 192.0.2.8 }'",
		  "netfilterd sources_at", 1, 1 },
		{ "nft 'delete element ip netfilterd inside { \"docker0\" . \"docker0\" } ; "
		  "add element ip netfilterd inside { \"docker0\" . \"docker0\" : drop }'",
		  "netfilterd inside", 1, 1 },
		{ "nft 'delete element ip netfilterd inside { \"docker0\" . \"docker0\" } ; "
		  "add element ip netfilterd inside { \"docker0\" . \"docker0\" : jump crossing }'",
		  "netfilterd chains", G_MAXUINT, G_MAXUINT },
		{ "nft add rule ip netfilterd crossing accept", "netfilterd chains", G_MAXUINT, G_MAXUINT },
		{ "nft flush chain ip netfilterd guard", "netfilterd chains", G_MAXUINT, G_MAXUINT },
		{ "nft add chain ip netfilterd more", "netfilterd chains", G_MAXUINT, G_MAXUINT },
		{ "nft flush ruleset", "netfilterd table", G_MAXUINT, G_MAXUINT },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Scene) scene = scenario_build(&scenarios[5]);
		g_autoptr(Court) court = court_new();
		g_auto(BackendCommit) mended = {};
		g_autofree char *drifted = NULL;

		g_test_message("%s", cases[i].command);
		scene->source_addresses = "192.0.2.7";
		scene_add_network(scene, "br-s", "172.30.0.0/16", 0);
		program(court, scene->ruleset);
		nftables_backend.free(g_steal_pointer(&court->backend));
		netns_run(court->netns, "%s", cases[i].command);
		restart(court, scene->ruleset);
		mended = commit(court, scene->ruleset);
		if (mended.drifted) {
			g_ptr_array_add(mended.drifted, NULL);
			drifted = g_strjoinv(",", (char **)mended.drifted->pdata);
		}
		g_assert_cmpstr(drifted, ==, cases[i].drifted);
		if (cases[i].added != G_MAXUINT) {
			g_assert_cmpuint(mended.added, ==, cases[i].added);
			g_assert_cmpuint(mended.removed, ==, cases[i].removed);
		}
		expect_as_text(court, scene->ruleset);
		restart(court, scene->ruleset);
	}
}

/* While it lives nobody else changes it, and a second one is told. */
static void test_owned(void)
{
	static const char *const attempts[] = {
		"nft delete table ip netfilterd",
		"nft flush set ip netfilterd published",
		"nft flush table ip netfilterd",
		"nft add element ip netfilterd bridges '{ \"x\" }'",
	};
	g_autoptr(Scene) scene = scenario_build(&scenarios[5]);
	g_autoptr(Scene) other = scenario_build(&scenarios[1]);
	g_autoptr(Court) court = court_new();
	g_auto(BackendCommit) none = {};
	Backend *second = nftables_backend.new("DOCKER");
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) foreign = NULL;

	program(court, scene->ruleset);
	for (guint i = 0; i < G_N_ELEMENTS(attempts); i++)
		g_assert_false(runs(court, attempts[i]));
	g_assert_true(runs(court, "nft flush ruleset"));
	expect_as_text(court, scene->ruleset);

	g_assert_false(nftables_backend.commit(second, other->ruleset, &none, &error));
	g_assert_error(error, NETFILTER_ERROR, NETFILTER_ERROR_FOREIGN_CHAIN);
	g_test_message("%s", error->message);
	g_assert_true(nftables_backend.find_foreign(second, scene->ruleset, &foreign, NULL));
	g_assert_cmpstr(foreign ? foreign[0] : NULL, ==, "ipv4 netfilterd");
	nftables_backend.free(second);
}

static void test_find_foreign(void)
{
	static const struct {
		const char *command;
		bool foreign;
	} cases[] = {
		{ "true", false },
		{ "nft add table ip other", false },
		{ "nft add table ip netfilterd", true },
		{ "nft add table ip netfilterd-X", false },
		{ "nft add table inet netfilterd", false },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Court) court = court_new();
		g_autoptr(Scene) scene = scenario_build(&scenarios[0]);
		g_auto(GStrv) foreign = NULL;

		netns_run(court->netns, "%s", cases[i].command);
		g_assert_true(nftables_backend.find_foreign(court->backend, scene->ruleset, &foreign, NULL));
		g_assert_cmpint(foreign != NULL, ==, cases[i].foreign);
	}
}

/* A host that is left closed stays so, until it is said that it is not to be, also by an instance that had no part. */
static void test_left_closed(void)
{
	g_autoptr(Court) court = court_new();
	g_autoptr(Ruleset) ruleset = ruleset_new(), other = ruleset_new();
	g_autoptr(GArray) base = rendering_new();
	g_autofree char *closed = NULL, *listing = NULL;

	render_base(FAMILY_IPV6, base);
	ruleset_add_all(ruleset, base);
	ruleset_set_forward_policy(ruleset, FAMILY_IPV6, TARGET_DROP);
	program(court, ruleset);
	ruleset_remove_all(ruleset, base);
	ruleset_set_forward_policy(ruleset, FAMILY_IPV6, TARGET_PLACE);
	program(court, ruleset);
	closed = list_ruleset(court->netns);
	g_assert_nonnull(strstr(closed, "policy drop"));
	restart(court, other);
	program(court, other);
	g_free(closed);
	closed = list_ruleset(court->netns);
	g_assert_nonnull(strstr(closed, "policy drop"));
	ruleset_set_forward_policy(other, FAMILY_IPV6, TARGET_ACCEPT);
	ruleset_set_all_dirty(other);
	program(court, other);
	listing = list_ruleset(court->netns);
	g_assert_cmpstr(listing, ==, "");
}

static void test_probe(void)
{
	g_autoptr(Court) court = court_new();
	g_autofree char *listing = NULL;

	for (enum family family = 0; family < N_FAMILIES; family++) {
		g_autoptr(GError) error = NULL;

		g_assert_true(nftables_backend.probe(court->backend, family, &error));
		g_assert_no_error(error);
	}
	listing = list_ruleset(court->netns);
	g_assert_cmpstr(listing, ==, "");
}

/* Each rule's line is a command of nft's, and its counters are its elements'. */
static void test_describe(gconstpointer data)
{
	g_autoptr(Scene) scene = scenario_build(data);
	g_autoptr(Court) court = court_new();
	g_autoptr(GString) lines = g_string_new(NULL);

	program(court, scene->ruleset);
	for (enum family family = 0; family < N_FAMILIES; family++) {
		g_autoptr(Ruleset) base = ruleset_new();
		g_autoptr(GArray) items = rendering_new();
		g_autofree char *text = NULL, *all = NULL;

		render_base(family, items);
		ruleset_add_all(base, items);
		text = nftables_backend.text(court->backend, base, family);
		all = nftables_backend.text(court->backend, scene->ruleset, family);
		if (all[0] != '\0')
			g_string_append(lines, text);
	}
	for (enum family family = 0; family < N_FAMILIES; family++)
		for (enum place place = 0; place < N_PLACES; place++) {
			const GPtrArray *entries = ruleset_place(scene->ruleset, family, place);

			for (guint i = 0; i < entries->len; i++) {
				const Rule *rule = &((const RulesetEntry *)entries->pdata[i])->rule;
				RuleCounters counters;
				RuleText text;
				bool described = nftables_backend.describe(court->backend, rule, &text);

				g_assert_true(nftables_backend.counters(court->backend, &rule, 1, &counters, NULL));
				g_assert_cmpuint(counters.packets, ==, described ? 0 : G_MAXUINT64);
				if (!described)
					continue;
				g_assert_cmpstr(text.table, ==, "netfilterd");
				g_string_append_printf(lines, "%s\n", text.rule);
				g_free(text.rule);
			}
		}
	if (lines->len > 0) {
		g_autofree char *loaded = list_loaded(lines->str), *actual = list_ruleset(court->netns);

		expect_same_lines(actual, loaded);
	}
}

/* One more among many costs what it is, not what there is. */
static void test_many(void)
{
	static const guint sizes[] = { 1000, 10000, 60000 };
	g_autoptr(Court) court = court_new();
	g_autoptr(Scene) scene = scene_new(FAMILY_IPV4);
	Network *network = scene_add_network(scene, "docker0", "172.16.0.0/12", 0);
	Endpoint *endpoint = scene_add_endpoint(scene, network, "172.17.0.2");
	guint n = 0;

	for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_auto(BackendCommit) bulk = {}, one = {}, gone = {};
		guint before = n;
		gint64 start;

		for (; n < sizes[i]; n++)
			scene_publish(scene, endpoint, IPPROTO_TCP, NULL, 1 + n, 1 + n, 1);
		start = g_get_monotonic_time();
		bulk = commit(court, scene->ruleset);
		g_test_message("%u ports in one commit: %.1f ms", n - before, (g_get_monotonic_time() - start) / 1e3);
		g_assert_cmpuint(bulk.commits, ==, 1);
		g_assert_cmpuint(bulk.added, >=, 2 * (n - before));

		/* What is withdrawn goes from the rules, and not from the model. */
		scene_publish(scene, endpoint, IPPROTO_UDP, NULL, 1 + i, 1, 1);
		start = g_get_monotonic_time();
		one = commit(court, scene->ruleset);
		g_test_message("one more at %u: %.3f ms", n, (g_get_monotonic_time() - start) / 1e3);
		g_assert_cmpuint(one.added, ==, 2);
		scene_withdraw(scene, scene->renderings->len - 1);
		start = g_get_monotonic_time();
		gone = commit(court, scene->ruleset);
		g_test_message("one less: %.3f ms", (g_get_monotonic_time() - start) / 1e3);
		g_assert_cmpuint(gone.removed, ==, 2);
		start = g_get_monotonic_time();
		g_free(nftables_backend.text(court->backend, scene->ruleset, FAMILY_IPV4));
		g_test_message("all as text: %.1f ms", (g_get_monotonic_time() - start) / 1e3);
		ruleset_set_all_dirty(scene->ruleset);
		start = g_get_monotonic_time();
		g_auto(BackendCommit) whole = commit(court, scene->ruleset);
		g_test_message("everything compared: %.1f ms", (g_get_monotonic_time() - start) / 1e3);
		g_assert_cmpuint(whole.commits, ==, 0);
	}
}

static void add_each(const char *name, GTestDataFunc run)
{
	for (gsize i = 0; i < n_scenarios; i++) {
		g_autofree char *path = g_strdup_printf("/nftables/%s/%s", name, scenarios[i].name);

		g_test_add_data_func(path, &scenarios[i], run);
	}
}

int main(int argc, char **argv)
{
	netns_test_init(&argc, &argv);
	add_each("scenario", test_scenario);
	add_each("changes", test_changes);
	add_each("describe", test_describe);
	g_test_add_func("/nftables/tables", test_tables);
	g_test_add_func("/nftables/policy", test_policy);
	g_test_add_func("/nftables/drift", test_drift);
	g_test_add_func("/nftables/owned", test_owned);
	g_test_add_func("/nftables/find-foreign", test_find_foreign);
	g_test_add_func("/nftables/left-closed", test_left_closed);
	g_test_add_func("/nftables/probe", test_probe);
	g_test_add_func("/nftables/many", test_many);
	return g_test_run();
}
