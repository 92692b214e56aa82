/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The file that outlives a crash: what is read back of it, whatever happened to it. */

#include "service/journal/journal.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct Fixture {
	char *directory, *path;
	Journal *journal;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	/* Memory, as /run is: a real fsync each time takes its while. */
	fixture->directory = g_mkdtemp(g_strdup("/dev/shm/state-XXXXXX"));
	fixture->path = g_build_filename(fixture->directory, "state", NULL);
	fixture->journal = journal_open(fixture->directory, NULL);
	g_assert_nonnull(fixture->journal);
}

static void tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	static const char *const names[] = { "state", "state.new", "state.damaged", "started" };

	journal_close(fixture->journal);
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(fixture->directory, names[i], NULL);

		g_unlink(path);
	}
	g_assert_cmpint(g_rmdir(fixture->directory), ==, 0);
	g_free(fixture->directory);
	g_free(fixture->path);
}

/* What is in a batch is not the file's business. */
static const GByteArray *batch(const char *word)
{
	static GByteArray array;

	array = (GByteArray){ (guint8 *)word, strlen(word) + 1 };
	return &array;
}

static const char *word_of(GBytes *batch)
{
	return g_bytes_get_data(batch, NULL);
}

/* "one two (three)": what is said to have happened, and what only may have. */
static char *load(Fixture *fixture)
{
	g_auto(JournalContent) content = {};
	g_autoptr(GString) text = g_string_new(NULL);

	g_assert_true(journal_load(fixture->journal, &content, NULL));
	if (!content.found)
		return g_strdup("nothing");
	for (guint i = 0; i < content.committed->len; i++)
		g_string_append_printf(text, "%s%s", i > 0 ? " " : "", word_of(content.committed->pdata[i]));
	for (guint i = 0; i < content.uncommitted->len; i++)
		g_string_append_printf(text, " (%s)", word_of(content.uncommitted->pdata[i]));
	return g_strdup(text->str);
}

static void loads(Fixture *fixture, const char *expected)
{
	g_autofree char *text = load(fixture);

	g_assert_cmpstr(text, ==, expected);
}

static void write_three(Fixture *fixture)
{
	g_assert_true(journal_checkpoint(fixture->journal, batch("one"), 1, NULL));
	g_assert_true(journal_begin(fixture->journal, batch("two"), 0, NULL));
	journal_commit(fixture->journal, 2, NULL);
	g_assert_true(journal_begin(fixture->journal, batch("three"), 0, NULL));
}

static void test_batches(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	loads(fixture, "nothing");
	write_three(fixture);
	loads(fixture, "one two (three)");
	journal_abort(fixture->journal);
	loads(fixture, "one two");
	g_assert_true(journal_begin(fixture->journal, batch("four"), 0, NULL));
	journal_commit(fixture->journal, 4, NULL);
	loads(fixture, "one two four");
	g_assert_true(journal_checkpoint(fixture->journal, batch("five"), 5, NULL));
	loads(fixture, "five");
	/* What could not be taken back is told of, and does not hide what comes after. */
	g_assert_true(journal_begin(fixture->journal, batch("six"), 0, NULL));
	journal_abandon(fixture->journal);
	loads(fixture, "five (six)");
	g_assert_true(journal_begin(fixture->journal, batch("seven"), 0, NULL));
	journal_commit(fixture->journal, 7, NULL);
	loads(fixture, "five seven (six)");
	journal_remove(fixture->journal);
	loads(fixture, "nothing");
}

static void test_generation(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	g_auto(JournalContent) content = {};

	write_three(fixture);
	g_assert_true(journal_load(fixture->journal, &content, NULL));
	g_assert_cmpuint(content.generation, ==, 2);
}

/* Where the number of frames stands. */
static bool is_count(const char *whole, gsize at)
{
	const char *magic_end = strstr(whole, "Do not parse.\n") + strlen("Do not parse.\n");

	return at >= (gsize)(magic_end - whole) && at < (gsize)(magic_end - whole) + sizeof(guint64);
}

/* Cut anywhere, also between two frames, it says less and that it is damaged, never something else. */
static void test_cut(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	g_autofree char *whole = NULL;
	gsize size;

	/* Most cuts are said in the log, which test_damage() looks at. */
	g_log_set_always_fatal(G_LOG_FATAL_MASK);
	write_three(fixture);
	g_assert_true(g_file_get_contents(fixture->path, &whole, &size, NULL));
	for (gsize length = 0; length < size; length++) {
		g_autofree char *text = NULL, *damaged = g_build_filename(fixture->directory, "state.damaged", NULL);

		g_assert_true(g_file_set_contents(fixture->path, whole, length, NULL));
		text = load(fixture);
		g_assert_cmpint(g_unlink(damaged), ==, 0);
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
		g_assert_true(is_count(whole, at) || !strstr(text, "(three)"));
		whole[at] ^= 0x40;
	}
}

/* What came of a batch stands behind it. */
static void test_outcome(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	g_assert_true(journal_checkpoint(fixture->journal, batch("one"), 1, NULL));
	g_assert_true(journal_begin(fixture->journal, batch("two"), 16, NULL));
	journal_commit(fixture->journal, 2, batch("outcome"));
	g_assert_true(journal_begin(fixture->journal, batch("three"), 16, NULL));
	loads(fixture, "one two outcome (three)");
}

/* What the version before wrote: no number of frames, and no outcome. */
static void test_version_2(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	g_autofree char *whole = NULL;
	gsize size, count;

	write_three(fixture);
	g_assert_true(g_file_get_contents(fixture->path, &whole, &size, NULL));
	*strchr(whole, '3') = '2';
	count = strstr(whole, "Do not parse.\n") + strlen("Do not parse.\n") - whole;
	memmove(whole + count, whole + count + sizeof(guint64), size - count - sizeof(guint64));
	g_assert_true(g_file_set_contents(fixture->path, whole, size - sizeof(guint64), NULL));
	loads(fixture, "one two (three)");
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
	guint batches = 0;

	g_assert_true(journal_checkpoint(fixture->journal, batch("one"), 1, NULL));
	while (!journal_is_long(fixture->journal)) {
		g_assert_true(journal_begin(fixture->journal, batch("more"), 0, NULL));
		journal_commit(fixture->journal, 1, NULL);
		g_assert_cmpuint(++batches, <, 100000);
	}
	g_assert_cmpuint(batches, >, 100);
	g_assert_true(journal_checkpoint(fixture->journal, batch("all"), 1, NULL));
	g_assert_false(journal_is_long(fixture->journal));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*test)(Fixture *fixture, gconstpointer data);
	} tests[] = {
		{ "/journal/batches", test_batches },
		{ "/journal/generation", test_generation },
		{ "/journal/cut", test_cut },
		{ "/journal/damage", test_damage },
		{ "/journal/future", test_future },
		{ "/journal/missing", test_missing },
		{ "/journal/length", test_length },
		{ "/journal/outcome", test_outcome },
		{ "/journal/version-2", test_version_2 },
	};

	g_test_init(&argc, &argv, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
	return g_test_run();
}
