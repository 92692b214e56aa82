/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/error.h"

#include <string.h>

#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN

static void values_are_cut(void)
{
	static const struct {
		const char *value, *shown;
	} cases[] = {
		{ NULL, "" },
		{ "", "" },
		{ "web", "web" },
		{ "größe", "größe" },
		{ SIXTY "abcd", SIXTY "abcd" },
		{ SIXTY "abcde", SIXTY "abcd…" },
		{ SIXTY SIXTY SIXTY, SIXTY "0123…" },
		/* a character is whole or not there */
		{ SIXTY "abü", SIXTY "abü" },
		{ SIXTY "abcü", SIXTY "abc…" },
		{ SIXTY "€", SIXTY "€" },
		{ SIXTY "ab€", SIXTY "ab…" },
		{ SIXTY "🐋", SIXTY "🐋" },
		{ SIXTY "a🐋", SIXTY "a…" },
		/* neither lines nor colours of a terminal are made up by a value */
		{ "a\nnetfilterd: b", "a?netfilterd: b" },
		{ "\033[31m\r\t\177", "?[31m???" },
		{ "\xc2\x85|\xe2\x80\xae", "?|?" },
		/* nor is what is sent to the bus no text */
		{ "\xff\xfe", "??" },
		{ "a\xc3", "a?" },
		{ "\xed\xa0\x80", "???" },
		{ SIXTY "abc\xff\xff", SIXTY "abc?…" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_assert_cmpstr(cut(cases[i].value), ==, cases[i].shown);
		g_assert_true(g_utf8_validate(cut(cases[i].value), -1, NULL));
	}
}

static void several_in_a_sentence(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(netfilter_fail(&error, FAILED, "\"%s\" is not \"%s\"", cut(SIXTY TEN), cut("b\a")));
	g_assert_cmpstr(error->message, ==, "\"" SIXTY "0123…\" is not \"b?\"");
}

/* What nobody cut. */
static void sentences_are_lines(void)
{
	static const char *const cases[][2] = {
		{ "", "" },
		{ "\"größe\" 🐋", "\"größe\" 🐋" },
		{ SIXTY SIXTY SIXTY, SIXTY SIXTY SIXTY },
		{ "a\nnetfilterd: b\r", "a?netfilterd: b?" },
		{ "\033[31m\xe2\x80\xae\xc2\x85", "?[31m??" },
		{ "\xffü\xc3", "?ü?" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *sentence = printable(cases[i][0]);

		g_assert_cmpstr(sentence, ==, cases[i][1]);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/error/values-are-cut", values_are_cut);
	g_test_add_func("/error/several-in-a-sentence", several_in_a_sentence);
	g_test_add_func("/error/sentences-are-lines", sentences_are_lines);
	return g_test_run();
}
