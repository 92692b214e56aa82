/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Records of the state: what was put is what is got, and nothing else passes for it. */

#include "service/journal/record.h"

#include <string.h>

static GBytes *put_example(void)
{
	GByteArray *group = g_byte_array_new();

	record_put_head(group, 'A', 4);
	record_put_uint(group, G_MAXUINT64);
	record_put_bool(group, true);
	record_put_text(group, "");
	record_put_text(group, "wéb");
	record_put_head(group, 'b', 0);
	return g_byte_array_free_to_bytes(group);
}

static bool append_type(Record *record, void *userdata, GError **error)
{
	g_string_append_c(userdata, record->type);
	if (record->type == 'A') {
		g_assert_cmpuint(record_get_uint(record, G_MAXUINT64), ==, G_MAXUINT64);
		g_assert_true(record_get_bool(record));
		g_assert_cmpstr(record_get_text(record), ==, "");
		g_assert_cmpstr(record_get_text(record), ==, "wéb");
	}
	return record_end(record, error);
}

static void reads(GBytes *group, const char *expected)
{
	g_autoptr(GString) types = g_string_new(NULL);

	record_foreach(group, append_type, types);
	g_assert_cmpstr(types->str, ==, expected);
}

static void test_round_trip(void)
{
	g_autoptr(GBytes) group = put_example(), none = g_bytes_new(NULL, 0);

	reads(group, "Ab");
	reads(none, "");
}

/* Cut anywhere, the records before the cut are read, and it is said that there was more. */
static void test_cut(void)
{
	g_autoptr(GBytes) group = put_example();
	gsize size = g_bytes_get_size(group), first = size - 2;

	for (gsize length = 1; length < size; length++) {
		g_autoptr(GBytes) start = g_bytes_new_from_bytes(group, 0, length);

		if (length != first)
			g_test_expect_message(NULL, G_LOG_LEVEL_CRITICAL, "*cannot be read*");
		reads(start, length < first ? "" : "A");
		g_test_assert_expected_messages();
	}
}

static void reads_nothing(const char *bytes, gsize size)
{
	g_autoptr(GBytes) group = g_bytes_new_static(bytes, size);

	g_test_expect_message(NULL, G_LOG_LEVEL_CRITICAL, "*not a record*");
	reads(group, "");
	g_test_assert_expected_messages();
}

static void test_strangers(void)
{
	reads_nothing("\x2a", 1); /* a number */
	reads_nothing("\x90", 1); /* an array of nothing */
	reads_nothing("\x91\xa1"
		      "A",
		      3);                 /* its type is a text */
	reads_nothing("\x91\xcc\xff", 3); /* its type is no letter */
}

typedef struct Case {
	const char *what;
	void (*put)(GByteArray *group);
	void (*get)(Record *record);
} Case;

static void put_uint(GByteArray *group)
{
	record_put_uint(group, 256);
}

static void put_text(GByteArray *group)
{
	record_put_text(group, "x");
}

static void put_text_without_end(GByteArray *group)
{
	g_byte_array_append(group, (const guint8 *)"\xa1x", 2);
}

static void put_text_with_two_ends(GByteArray *group)
{
	g_byte_array_append(group, (const guint8 *)"\xa3x\0", 4);
}

static void put_empty(GByteArray *group)
{
	g_byte_array_append(group, (const guint8 *)"\xa0", 1);
}

static void get_small_uint(Record *record)
{
	g_assert_cmpuint(record_get_uint(record, 255), ==, 0);
}

static void get_bool(Record *record)
{
	g_assert_false(record_get_bool(record));
}

static void get_text(Record *record)
{
	g_assert_cmpstr(record_get_text(record), ==, "");
}

static void get_two(Record *record)
{
	record_get_text(record);
	g_assert_cmpuint(record_get_uint(record, 255), ==, 0);
}

static void get_nothing(Record *record G_GNUC_UNUSED)
{
}

static bool get_case(Record *record, void *userdata, GError **error)
{
	const Case *c = userdata;

	c->get(record);
	return record_end(record, error);
}

static void test_shapes(void)
{
	static const Case cases[] = {
		{ "a number that is too large", put_uint, get_small_uint },
		{ "a number for a truth", put_uint, get_bool },
		{ "a number for a text", put_uint, get_text },
		{ "a text without its end", put_text_without_end, get_text },
		{ "a text with its end too early", put_text_with_two_ends, get_text },
		{ "a text with nothing in it", put_empty, get_text },
		{ "a field that is not there", put_text, get_two },
		{ "a field that nobody reads", put_text, get_nothing },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GByteArray) group = g_byte_array_new();
		g_autoptr(GBytes) bytes = NULL;

		g_test_message("%s", cases[i].what);
		record_put_head(group, 'X', 1);
		cases[i].put(group);
		bytes = g_bytes_new(group->data, group->len);
		g_test_expect_message(NULL, G_LOG_LEVEL_CRITICAL, "*record 'X' of another shape*");
		record_foreach(bytes, get_case, (void *)&cases[i]);
		g_test_assert_expected_messages();
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/record/round-trip", test_round_trip);
	g_test_add_func("/record/cut", test_cut);
	g_test_add_func("/record/strangers", test_strangers);
	g_test_add_func("/record/shapes", test_shapes);
	return g_test_run();
}
