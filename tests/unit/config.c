/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The configuration file: what is understood, what is passed over, and where it is said to be wrong. */

#include "service/config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

typedef struct Bad {
	const char *text;
	const char *line; /* and what the error says behind it */
} Bad;

static const Bad bad[] = {
	{ "[NetFilter]\nHairpin=perhaps\n", "2: Hairpin=\"perhaps\" is not yes, no, true, false, on, off, 1 or 0" },
	{ "[NetFilter]\n# comment\n\n  MaxPorts = many\n", "4: MaxPorts=\"many\"" },
	{ "[NetFilter]\nMaxPorts=1\nMaxPorts=-1\n", "3: MaxPorts=\"-1\"" },
	{ "[Other]\nMaxPorts=-1\n[NetFilter]\nMaxPorts=-1", "4: MaxPorts" },
	{ "Hairpin=yes\n", "1: " },
	{ "\nHairpin=yes\n[NetFilter]\n", "2: " },
	{ "[NetFilter]\nHairpin=yes\nnonsense\nHairpin=no\n", "3: " },
	{ "[NetFilter]\nnonsense", "2: " },
	{ "[NetFilter\nHairpin=yes\n", "1: " },
	{ "[NetFilter]\nHairpin=\n", "2: Hairpin=\"\" is not yes, no" },
	{ "[NetFilter]\nHairpin=Yes\n", "2: Hairpin=\"Yes\" is not yes, no" },
	{ "[NetFilter]\nHairpin=truth\n", "2: Hairpin=\"truth\" is not yes, no" },
	{ "[NetFilter]\nHairpin=2\n", "2: Hairpin=\"2\" is not yes, no" },
	{ "[NetFilter]\nForwardPolicy=open\n", "2: ForwardPolicy=\"open\" is not auto or keep" },
	{ "[NetFilter]\nChainPrefix=ACCEPT\n", "2: ChainPrefix" },
	{ "[NetFilter]\nBackend=ipchains\n", "2: Backend=\"ipchains\" is not iptables, nftables or auto" },
	{ "[NetFilter]\nLockTimeoutSec=\n", "2: LockTimeoutSec=\"\"" },
	{ "[NetFilter]\nHairpin=\xff\n", "2: Hairpin" },
};

static char *write_file(const char *text)
{
	char *path = NULL;
	int fd = g_file_open_tmp("netfilterd-XXXXXX.conf", &path, NULL);

	g_assert_cmpint(fd, >=, 0);
	close(fd);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	return path;
}

static void names_the_line(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *path = write_file(bad[i].text), *start = g_strconcat(path, ":", bad[i].line, NULL);
		g_autoptr(GError) error = NULL;
		Config config = {};

		g_assert_false(config_load(path, true, &config, &error));
		g_assert_error(error, NETFILTER_ERROR, NETFILTER_ERROR_INVALID_ARGS);
		if (!g_str_has_prefix(error->message, start)) {
			g_test_message("%s: %s does not begin with %s", bad[i].text, error->message, start);
			g_test_fail();
		}
		g_assert_true(g_utf8_validate(error->message, -1, NULL));
		g_assert_null(config.chain_prefix);
		g_unlink(path);
	}
}

static void booleans(void)
{
	static const struct {
		const char *text;
		bool value;
	} cases[] = { { "yes", true }, { "no", false },  { "true", true }, { "false", false },
		      { "on", true },  { "off", false }, { "1", true },    { "0", false } };

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		/* One that is false otherwise, and one that is true. */
		g_autofree char *text =
			g_strdup_printf("[NetFilter]\nHairpin=%s\nIPForward = %s \n", cases[i].text, cases[i].text);
		g_autoptr(GError) error = NULL;
		Config config = {};

		g_test_message("%s", cases[i].text);
		g_assert_true(config_parse("file", text, &config, &error));
		g_assert_cmpint(config.hairpin, ==, cases[i].value);
		g_assert_cmpint(config.ip_forward, ==, cases[i].value);
		config_clear(&config);
	}
}

typedef struct Unknown {
	const char *text, *warning;
} Unknown;

static const Unknown unknown[] = {
	{ "[NetFilter]\nHairpin=yes\nNothing=1\n", "*:3: \"Nothing\" is not a setting*" },
	{ "[Other]\nx=y\n[NetFilter]\nHairpin=yes\n", "*:1: ?Other] is not a group*" },
	{ "[NetFilter]\nHairpin=yes\nhairpin=perhaps\n", "*:3: \"hairpin\" is not a setting*" },
};

/* Of another version. */
static void passes_over(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(unknown); i++) {
		g_autofree char *path = write_file(unknown[i].text);
		g_autoptr(GError) error = NULL;
		Config config = {};

		g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, unknown[i].warning);
		g_assert_true(config_load(path, true, &config, &error));
		g_test_assert_expected_messages();
		g_assert_true(config.hairpin);
		config_clear(&config);
		g_unlink(path);
	}
}

static void need_not_be_there(void)
{
	g_autoptr(GError) error = NULL;
	Config config, defaults;

	config_init(&defaults);
	g_assert_true(config_load("/nonexistent/netfilterd.conf", false, &config, &error));
	g_assert_cmpstr(config.chain_prefix, ==, defaults.chain_prefix);
	g_assert_cmpuint(config.max_ports, ==, defaults.max_ports);
	config_clear(&config);
	config_clear(&defaults);
	g_assert_false(config_load("/nonexistent/netfilterd.conf", true, &config, &error));
	g_assert_error(error, NETFILTER_ERROR, NETFILTER_ERROR_INVALID_ARGS);
}

/* What of a file of the sources matches, with each match in this form on a line. */
static char *matches(const char *file, const char *pattern, const char *form)
{
	g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "service", file, NULL), *text = NULL;
	g_autoptr(GRegex) regex = g_regex_new(pattern, G_REGEX_MULTILINE, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	GString *lines = g_string_new(NULL);

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	for (g_regex_match(regex, text, 0, &match); g_match_info_matches(match); g_match_info_next(match, NULL)) {
		g_autofree char *line = g_match_info_expand_references(match, form, NULL);

		g_string_append_printf(lines, "%s\n", line);
	}
	g_assert_cmpuint(lines->len, >, 100);
	return g_string_free(lines, FALSE);
}

static void same_lines(char *documented, char *known)
{
	g_assert_cmpstr(documented, ==, known);
	g_free(documented);
	g_free(known);
}

/* The file that is installed has every key, in the same order, with its default. */
static void installed(void)
{
	g_autofree char *lines = matches("netfilterd.conf", "^#(\\w+=.*)$", "\\1");
	g_autofree char *text = g_strconcat("[NetFilter]\n", lines, NULL);
	g_autoptr(GError) error = NULL;
	Config config = {}, defaults;

	same_lines(matches("netfilterd.conf", "^#(\\w+)=", "\\1"),
		   matches("config.c", "^\t\\{ \"(\\w+)\", SETTING_", "\\1"));
	same_lines(matches("netfilterd.conf", "^#(\\w+=\\d+)$", "\\1"),
		   matches("config.c", "^\t\\{ \"(\\w+)\", SETTING_COUNT, offsetof\\(.*?\\), (\\d+)", "\\1=\\2"));
	config_init(&defaults);
	g_assert_true(config_parse("netfilterd.conf", text, &config, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(config.backend, ==, defaults.backend);
	g_assert_cmpstr(config.chain_prefix, ==, defaults.chain_prefix);
	g_assert_cmpint(config.hairpin, ==, defaults.hairpin);
	g_assert_cmpint(config.localhost_publish, ==, defaults.localhost_publish);
	g_assert_cmpint(config.container_publish, ==, defaults.container_publish);
	g_assert_cmpint(config.ip_forward, ==, defaults.ip_forward);
	g_assert_cmpint(config.forward_policy_auto, ==, defaults.forward_policy_auto);
	config_clear(&config);
	config_clear(&defaults);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/config/names-the-line", names_the_line);
	g_test_add_func("/config/booleans", booleans);
	g_test_add_func("/config/passes-over", passes_over);
	g_test_add_func("/config/need-not-be-there", need_not_be_there);
	g_test_add_func("/config/installed", installed);
	return g_test_run();
}
