/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/iptables.h"
#include "tests/support/scene.h"
#include "tests/support/netns.h"

#include <string.h>
#include <unistd.h>

/* The judge is iptables itself: what it reads from our text it must write in the same words. */

static Backend *backend;

static const char *tool(enum family family)
{
	return family == FAMILY_IPV4 ? "iptables-legacy" : "ip6tables-legacy";
}

/* The named tables as the kernel holds them, without builtin chains and counters. */
static char *save(int netns, enum family family, const char *ours)
{
	static const char *const tables[] = { "filter", "nat", "mangle", "raw" };
	GString *text = g_string_new(NULL);
	g_autoptr(GRegex) noise = g_regex_new("^(#.*|:\\w+ (ACCEPT|DROP) .*)\\n", G_REGEX_MULTILINE, 0, NULL);
	char *bare;

	for (gsize i = 0; i < G_N_ELEMENTS(tables); i++) {
		g_autofree char *heading = g_strdup_printf("*%s\n", tables[i]);
		g_autofree char *part = NULL;

		if (!strstr(ours, heading))
			continue;
		part = netns_output(netns, "%s-save -t %s", tool(family), tables[i]);
		g_string_append(text, part);
	}
	bare = g_regex_replace_literal(noise, text->str, -1, 0, "", 0, NULL);
	g_string_free(text, TRUE);
	return bare;
}

static void test_readback(gconstpointer data)
{
	const Scenario *scenario = data;
	g_autoptr(Scene) scene = scenario_build(scenario);

	for (enum family family = 0; family < N_FAMILIES; family++) {
		g_autofree char *ours = iptables_backend.text(backend, scene->ruleset, family);
		g_autofree char *theirs = NULL;
		g_autoptr(GError) error = NULL;
		int netns = netns_new();

		g_file_set_contents("/run/rules", ours, -1, &error);
		g_assert_no_error(error);
		netns_run(netns, "%s-restore --noflush /run/rules", tool(family));
		theirs = save(netns, family, ours);
		g_assert_cmpstr(theirs, ==, ours);
		close(netns);
	}
}

/* Other tools must be able to find each rule by its text. IPv4 only: ip6tables-legacy -C does not look into
 * matches. */
static void test_check(gconstpointer data)
{
	const Scenario *scenario = data;
	g_autoptr(Scene) scene = scenario_build(scenario);
	g_autofree char *ours = iptables_backend.text(backend, scene->ruleset, scenario->family);
	g_auto(GStrv) lines = g_strsplit(ours, "\n", -1);
	const char *table = NULL;
	int netns = netns_new();

	g_assert_true(g_file_set_contents("/run/rules", ours, -1, NULL));
	netns_run(netns, "%s-restore --noflush /run/rules", tool(scenario->family));
	for (char **line = lines; *line; line++) {
		if (g_str_has_prefix(*line, "*"))
			table = *line + 1;
		else if (g_str_has_prefix(*line, "-A "))
			netns_run(netns, "%s -t %s -C %s", tool(scenario->family), table, *line + 3);
	}
	close(netns);
}

int main(int argc, char **argv)
{
	const char *reason = NULL;
	int r;

	g_test_init(&argc, &argv, NULL);
	if (!netns_isolate(&reason)) {
		g_print("1..0 # SKIP %s\n", reason);
		return 0;
	}
	backend = iptables_backend.new("DOCKER");
	for (gsize i = 0; i < n_scenarios; i++) {
		g_autofree char *readback = g_strdup_printf("/rules-kernel/readback/%s", scenarios[i].name);
		g_autofree char *check = g_strdup_printf("/rules-kernel/check/%s", scenarios[i].name);

		g_test_add_data_func(readback, &scenarios[i], test_readback);
		if (scenarios[i].family == FAMILY_IPV4)
			g_test_add_data_func(check, &scenarios[i], test_check);
	}
	r = g_test_run();
	iptables_backend.free(backend);
	return r;
}
