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

/* What nft lists in a namespace, without the words that say whose the table is. */
static char *list_ruleset(int netns)
{
	g_autofree char *output = netns_output(netns, "nft list ruleset");
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

int main(int argc, char **argv)
{
	const char *reason;

	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	if (!netns_isolate(&reason)) {
		g_print("1..0 # SKIP %s\n", reason);
		return 0;
	}
	for (gsize i = 0; i < n_scenarios; i++) {
		g_autofree char *path = g_strdup_printf("/nftables/scenario/%s", scenarios[i].name);

		g_test_add_data_func(path, &scenarios[i], test_scenario);
	}
	return g_test_run();
}
