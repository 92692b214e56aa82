/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The file that outlives a crash: what is read back of it, whatever happened to it. */

#include "service/journal/journal.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct Fixture {
	char *directory, *path;
	State *state;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	/* Memory, as /run is: a real fsync each time takes its while. */
	fixture->directory = g_mkdtemp(g_strdup("/dev/shm/state-XXXXXX"));
	fixture->path = g_build_filename(fixture->directory, "state", NULL);
	fixture->state = state_open(fixture->directory, NULL);
	g_assert_nonnull(fixture->state);
}

static void tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	static const char *const names[] = { "state", "state.new", "state.damaged", "started" };

	state_close(fixture->state);
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(fixture->directory, names[i], NULL);

		g_unlink(path);
	}
	g_assert_cmpint(g_rmdir(fixture->directory), ==, 0);
	g_free(fixture->directory);
	g_free(fixture->path);
}

/* What is in a group is not the file's business. */
static const GByteArray *group(const char *word)
{
	static GByteArray array;

	array = (GByteArray){ (guint8 *)word, strlen(word) + 1 };
	return &array;
}

static const char *word_of(GBytes *group)
{
	return g_bytes_get_data(group, NULL);
}

/* "one two (three)": what is said to have happened, and what only may have. */
static char *load(Fixture *fixture)
{
	g_auto(StateContent) content = {};
	g_autoptr(GString) text = g_string_new(NULL);

	g_assert_true(state_load(fixture->state, &content, NULL));
	if (!content.found)
		return g_strdup("nothing");
	for (guint i = 0; i < content.finished->len; i++)
		g_string_append_printf(text, "%s%s", i > 0 ? " " : "", word_of(content.finished->pdata[i]));
	for (guint i = 0; i < content.unfinished->len; i++)
		g_string_append_printf(text, " (%s)", word_of(content.unfinished->pdata[i]));
	return g_strdup(text->str);
}

static void loads(Fixture *fixture, const char *expected)
{
	g_autofree char *text = load(fixture);

	g_assert_cmpstr(text, ==, expected);
}

static void write_three(Fixture *fixture)
{
	g_assert_true(state_rewrite(fixture->state, group("one"), 1, NULL));
	g_assert_true(state_begin(fixture->state, group("two"), NULL));
	state_finish(fixture->state, 2);
	g_assert_true(state_begin(fixture->state, group("three"), NULL));
}

static void test_groups(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	loads(fixture, "nothing");
	write_three(fixture);
	loads(fixture, "one two (three)");
	state_abort(fixture->state);
	loads(fixture, "one two");
	g_assert_true(state_begin(fixture->state, group("four"), NULL));
	state_finish(fixture->state, 4);
	loads(fixture, "one two four");
	g_assert_true(state_rewrite(fixture->state, group("five"), 5, NULL));
	loads(fixture, "five");
	/* What could not be taken back is told of, and does not hide what comes after. */
	g_assert_true(state_begin(fixture->state, group("six"), NULL));
	state_abandon(fixture->state);
	loads(fixture, "five (six)");
	g_assert_true(state_begin(fixture->state, group("seven"), NULL));
	state_finish(fixture->state, 7);
	loads(fixture, "five seven (six)");
	state_remove(fixture->state);
	loads(fixture, "nothing");
}

static void test_generation(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	g_auto(StateContent) content = {};

	write_three(fixture);
	g_assert_true(state_load(fixture->state, &content, NULL));
	g_assert_cmpuint(content.generation, ==, 2);
}

/* Cut anywhere, it says less, never something else. */
static void test_cut(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	g_autofree char *whole = NULL;
	gsize size;

	/* Most cuts are said in the log, which test_damage() looks at. */
	g_log_set_always_fatal(G_LOG_FATAL_MASK);
	write_three(fixture);
	g_assert_true(g_file_get_contents(fixture->path, &whole, &size, NULL));
	for (gsize length = 0; length < size; length++) {
		g_autofree char *text = NULL;

		g_assert_true(g_file_set_contents(fixture->path, whole, length, NULL));
		text = load(fixture);
		if (!g_str_has_prefix("one two (three)", text) && strcmp(text, " (one)") != 0 &&
		    strcmp(text, "one (two)") != 0) {
			g_test_message("cut at %" G_GSIZE_FORMAT ": \"%s\"", length, text);
			g_test_fail();
		}
	}
}

/* With one byte changed, what stands before it is read and nothing after it. */
static void test_damage(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	g_autofree char *whole = NULL;
	gsize size;

	write_three(fixture);
	g_assert_true(g_file_get_contents(fixture->path, &whole, &size, NULL));
	for (gsize at = 0; at < size; at++) {
		g_autofree char *text = NULL;

		whole[at] ^= 0x40;
		g_assert_true(g_file_set_contents(fixture->path, whole, size, NULL));
		g_test_expect_message(NULL, G_LOG_LEVEL_CRITICAL, "*state.damaged*");
		text = load(fixture);
		g_test_assert_expected_messages();
		g_assert_null(strstr(text, "(three)"));
		whole[at] ^= 0x40;
	}
}

static void test_future(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	g_autofree char *kept = NULL, *damaged = g_build_filename(fixture->directory, "state.damaged", NULL);

	g_assert_true(g_file_set_contents(fixture->path, "netfilterd state 9\n", -1, NULL));
	g_test_expect_message(NULL, G_LOG_LEVEL_CRITICAL, "*another version*state.damaged*");
	loads(fixture, "");
	g_test_assert_expected_messages();
	g_assert_true(g_file_get_contents(damaged, &kept, NULL, NULL));
	g_assert_cmpstr(kept, ==, "netfilterd state 9\n");
}

static void test_missing(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	write_three(fixture);
	g_unlink(fixture->path);
	g_test_expect_message(NULL, G_LOG_LEVEL_CRITICAL, "*is missing*");
	loads(fixture, "");
	g_test_assert_expected_messages();
}

/* It is written whole again before it is many times what it says. */
static void test_length(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	guint groups = 0;

	g_assert_true(state_rewrite(fixture->state, group("one"), 1, NULL));
	while (!state_is_long(fixture->state)) {
		g_assert_true(state_begin(fixture->state, group("more"), NULL));
		state_finish(fixture->state, 1);
		g_assert_cmpuint(++groups, <, 100000);
	}
	g_assert_cmpuint(groups, >, 100);
	g_assert_true(state_rewrite(fixture->state, group("all"), 1, NULL));
	g_assert_false(state_is_long(fixture->state));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*test)(Fixture *fixture, gconstpointer data);
	} tests[] = {
		{ "/state/groups", test_groups }, { "/state/generation", test_generation },
		{ "/state/cut", test_cut },       { "/state/damage", test_damage },
		{ "/state/future", test_future }, { "/state/missing", test_missing },
		{ "/state/length", test_length },
	};

	g_test_init(&argc, &argv, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
	return g_test_run();
}
