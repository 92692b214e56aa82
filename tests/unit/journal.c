/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The file that outlives a crash: what is read back of it, whatever happened to it. */

#include "service/journal/journal.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

static const JournalEffect grows = { .grows = true }, shrinks = { .n_losses = 1 };

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
	g_assert_true(journal_begin(fixture->journal, batch("two"), 0, &grows, NULL));
	journal_commit(fixture->journal, 2, NULL);
	g_assert_true(journal_begin(fixture->journal, batch("three"), 0, &grows, NULL));
}

static void test_batches(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	loads(fixture, "nothing");
	write_three(fixture);
	loads(fixture, "one two (three)");
	journal_abort(fixture->journal);
	loads(fixture, "one two");
	g_assert_true(journal_begin(fixture->journal, batch("four"), 0, &grows, NULL));
	journal_commit(fixture->journal, 4, NULL);
	loads(fixture, "one two four");
	g_assert_true(journal_checkpoint(fixture->journal, batch("five"), 5, NULL));
	loads(fixture, "five");
	/* What could not be taken back is told of, and does not hide what comes after. */
	g_assert_true(journal_begin(fixture->journal, batch("six"), 0, &grows, NULL));
	journal_abandon(fixture->journal);
	loads(fixture, "five (six)");
	g_assert_true(journal_begin(fixture->journal, batch("seven"), 0, &grows, NULL));
	journal_commit(fixture->journal, 7, NULL);
	loads(fixture, "five seven (six)");
	/* Nor is it forgotten by writing everything anew, until the kernel has none of it. */
	g_assert_true(journal_checkpoint(fixture->journal, batch("eight"), 8, NULL));
	loads(fixture, "eight (six)");
	g_assert_true(journal_begin(fixture->journal, batch("nine"), 0, &grows, NULL));
	loads(fixture, "eight (six) (nine)");
	journal_commit(fixture->journal, 9, NULL);
	loads(fixture, "eight nine (six)");
	g_assert_true(journal_resolve(fixture->journal));
	g_assert_true(journal_checkpoint(fixture->journal, batch("ten"), 10, NULL));
	loads(fixture, "ten");
	g_assert_false(journal_resolve(fixture->journal));
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
	g_assert_true(journal_begin(fixture->journal, batch("two"), 16, &grows, NULL));
	journal_commit(fixture->journal, 2, batch("outcome"));
	g_assert_true(journal_begin(fixture->journal, batch("three"), 16, &grows, NULL));
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
		g_assert_true(journal_begin(fixture->journal, batch("more"), 0, &grows, NULL));
		journal_commit(fixture->journal, 1, NULL);
		g_assert_cmpuint(++batches, <, 100000);
	}
	g_assert_cmpuint(batches, >, 100);
	g_assert_true(journal_checkpoint(fixture->journal, batch("all"), 1, NULL));
	g_assert_false(journal_is_long(fixture->journal));
}

static gsize blocks(const Fixture *fixture)
{
	struct stat status;

	g_assert_cmpint(stat(fixture->path, &status), ==, 0);
	return status.st_blocks * 512;
}

static void append(Fixture *fixture, gsize size, const JournalEffect *effect)
{
	g_autofree char *text = g_strnfill(size, 'x');

	g_assert_true(journal_begin(fixture->journal, batch(text), 0, effect, NULL));
	journal_commit(fixture->journal, 1, NULL);
}

/* There is room for all there is once more, also after what was begun is taken back. */
static void test_reserve(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	enum { SIZE = 100000 };
	g_autofree char *text = g_strnfill(SIZE, 'x');

	g_assert_true(journal_checkpoint(fixture->journal, batch(text), 1, NULL));
	g_assert_cmpuint(blocks(fixture), >, 2 * SIZE);
	append(fixture, SIZE, &grows);
	g_assert_cmpuint(blocks(fixture), >, 4 * SIZE);
	for (guint i = 0; i < 50; i++) {
		g_assert_true(journal_begin(fixture->journal, batch(text), 0, &grows, NULL));
		journal_abort(fixture->journal);
	}
	g_assert_cmpuint(blocks(fixture), >, 4 * SIZE);
	g_assert_cmpuint(blocks(fixture), <, 8 * SIZE);
	g_assert_true(journal_checkpoint(fixture->journal, batch("little"), 1, NULL));
	g_assert_cmpuint(blocks(fixture), <, SIZE);
}

/* What was deleted is no reason to let it be as long as before. */
static void test_deleted(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	static const struct {
		gsize before;
		guint n_losses;
		gsize after;
		bool grows, is_long;
	} rows[] = {
		{ 1000000, 100, 100, false, true },    { 1000000, 100, 100, true, true },
		{ 1000000, 100, 200000, false, true }, { 1000000, 100, 900000, false, false },
		{ 50000, 10, 100, false, false }, /* not worth it */
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *before = g_strnfill(rows[i].before, 'x'), *after = g_strnfill(rows[i].after, 'x');

		g_assert_true(journal_checkpoint(fixture->journal, batch(before), 1, NULL));
		append(fixture, 1000, &grows);
		g_assert_false(journal_is_uncertain(fixture->journal));
		append(fixture, 1000, &(JournalEffect){ rows[i].grows, rows[i].n_losses });
		g_assert_true(journal_is_uncertain(fixture->journal));
		g_assert_false(journal_is_long(fixture->journal));
		journal_measure(fixture->journal, batch(after));
		g_assert_false(journal_is_uncertain(fixture->journal));
		g_assert_cmpint(journal_is_long(fixture->journal), ==, rows[i].is_long);
	}
}

static void reopen(Fixture *fixture)
{
	journal_close(fixture->journal);
	fixture->journal = journal_open(fixture->directory, NULL);
	g_assert_nonnull(fixture->journal);
}

/* In place of a checkpoint, the next instance goes on with what the previous one wrote. */
static void test_continued(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	write_three(fixture);
	reopen(fixture);
	loads(fixture, "one two (three)");
	g_assert_false(journal_has_file(fixture->journal));
	g_assert_true(journal_continue(fixture->journal, NULL));
	g_assert_true(journal_has_file(fixture->journal));
	/* What it takes is not known. */
	g_assert_true(journal_begin(fixture->journal, batch("four"), 0, &shrinks, NULL));
	loads(fixture, "one two (three) (four)");
	journal_abort(fixture->journal);
	loads(fixture, "one two (three)");
	g_assert_true(journal_begin(fixture->journal, batch("five"), 0, &shrinks, NULL));
	journal_commit(fixture->journal, 5, NULL);
	loads(fixture, "one two five (three)");
	g_assert_true(journal_checkpoint(fixture->journal, batch("six"), 6, NULL));
	loads(fixture, "six (three)");
}

/* Nothing is appended to what cannot be read to its end, or by the version that wrote it. */
static void test_not_continued(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
	enum { MISSING, CUT, OLD, CHANGED, N_ROWS };

	g_log_set_always_fatal(G_LOG_FATAL_MASK);
	for (guint row = 0; row < N_ROWS; row++) {
		g_autofree char *whole = NULL, *text = NULL;
		g_autoptr(GError) error = NULL;
		gsize size;

		g_assert_true(journal_checkpoint(fixture->journal, batch("one"), 1, NULL));
		g_assert_true(g_file_get_contents(fixture->path, &whole, &size, NULL));
		if (row == OLD)
			memcpy(whole, JOURNAL_MAGIC_2, strlen(JOURNAL_MAGIC_2));
		if (row == MISSING)
			g_unlink(fixture->path);
		else if (row != CHANGED)
			g_assert_true(g_file_set_contents(fixture->path, whole, size - (row == CUT), NULL));
		reopen(fixture);
		text = load(fixture);
		if (row == CHANGED)
			g_assert_true(g_file_set_contents(fixture->path, whole, size - 1, NULL));
		g_assert_false(journal_continue(fixture->journal, &error));
		g_assert_error(error, NETFILTER_ERROR, NETFILTER_ERROR_FAILED);
		g_assert_false(journal_has_file(fixture->journal));
	}
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
		{ "/journal/reserve", test_reserve },
		{ "/journal/deleted", test_deleted },
		{ "/journal/continued", test_continued },
		{ "/journal/not-continued", test_not_continued },
	};

	g_test_init(&argc, &argv, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
	return g_test_run();
}
