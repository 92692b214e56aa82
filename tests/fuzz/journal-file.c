/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/journal/journal.h"
#include "tests/fuzz/fuzz.h"

/*
 * Any bytes as the journal's file: as they are, or put into frames with the right digests, without which nothing would
 * be looked at.
 */

static GBytes *in_frames(Input *input)
{
	GByteArray *file = g_byte_array_new();
	guint64 n_expected = input_byte(input);

	g_byte_array_append(file, (const guint8 *)JOURNAL_MAGIC, strlen(JOURNAL_MAGIC));
	g_byte_array_append(file, (const guint8 *)&n_expected, sizeof n_expected);
	while (input->size > 0) {
		guint8 type = input_byte(input);
		Input payload = input_part(input, input_byte(input));
		g_autoptr(GByteArray) frame = frame_new(type, payload.data, payload.size);

		g_byte_array_append(file, frame->data, frame->len);
	}
	return g_byte_array_free_to_bytes(file);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	g_auto(JournalContent) content = journal_content_new();
	Input input = { data, size };
	g_autoptr(GBytes) file = input_byte(&input) == 'F' ? in_frames(&input) : g_bytes_new(data, size);
	bool whole = journal_content_read(&content, file);
	guint n_bytes = 0;

	for (guint i = 0; i < content.committed->len; i++)
		n_bytes += g_bytes_get_size(content.committed->pdata[i]);
	for (guint i = 0; i < content.uncommitted->len; i++)
		n_bytes += g_bytes_get_size(content.uncommitted->pdata[i]);
	g_assert_cmpuint(n_bytes, <=, g_bytes_get_size(file));
	g_assert_true(!whole || g_bytes_get_size(file) >= strlen(JOURNAL_MAGIC_2));
	return 0;
}
