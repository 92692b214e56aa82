/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/journal/file.h"

#include <string.h>

#define HEAD_SIZE (strlen(JOURNAL_MAGIC) + sizeof(guint64))

#define DIGEST_SIZE 16 /* MD5: against damage, not against malice */

typedef struct Frame {
	guint32 type;
	guint32 size; /* of what follows */
	guint8 digest[DIGEST_SIZE];
} Frame;

G_STATIC_ASSERT(sizeof(Frame) == FRAME_HEAD_SIZE);

static void digest(guint32 type, const void *data, gsize size, guint8 ret[static DIGEST_SIZE])
{
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_MD5);
	gsize length = DIGEST_SIZE;

	g_checksum_update(checksum, (const guint8 *)&type, sizeof type);
	g_checksum_update(checksum, data, size);
	g_checksum_get_digest(checksum, ret, &length);
}

GByteArray *frame_new(enum frame_type type, const void *data, gsize size)
{
	GByteArray *bytes = g_byte_array_sized_new(sizeof(Frame) + size);
	Frame frame = { .type = type, .size = size };

	digest(type, data, size, frame.digest);
	g_byte_array_append(bytes, (const guint8 *)&frame, sizeof frame);
	if (size > 0)
		g_byte_array_append(bytes, data, size);
	return bytes;
}

JournalContent journal_content_new(void)
{
	return (JournalContent){
		.committed = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref),
		.uncommitted = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref),
	};
}

void journal_content_clear(JournalContent *content)
{
	g_clear_pointer(&content->committed, g_ptr_array_unref);
	g_clear_pointer(&content->uncommitted, g_ptr_array_unref);
}

/* The next whole and undamaged frame at *offset; false at the end of what can be read. */
static bool next_frame(GBytes *bytes, gsize *offset, Frame *ret, GBytes **ret_payload)
{
	gsize size;
	const guint8 *data = g_bytes_get_data(bytes, &size);
	guint8 expected[DIGEST_SIZE];

	if (size - *offset < sizeof *ret)
		return false;
	memcpy(ret, data + *offset, sizeof *ret);
	if (ret->size > size - *offset - sizeof *ret)
		return false;
	digest(ret->type, data + *offset + sizeof *ret, ret->size, expected);
	if (memcmp(expected, ret->digest, DIGEST_SIZE) != 0)
		return false;
	*ret_payload = g_bytes_new_from_bytes(bytes, *offset + sizeof *ret, ret->size);
	*offset += sizeof *ret + ret->size;
	return true;
}

/* A batch that was committed, and behind it what came of it. */
static void add_committed(JournalContent *content, GBytes *payload)
{
	gsize size;
	const guint8 *data = g_bytes_get_data(payload, &size);

	memcpy(&content->generation, data, sizeof content->generation);
	g_ptr_array_add(content->committed,
			g_ptr_array_steal_index(content->uncommitted, content->uncommitted->len - 1));
	if (size > sizeof content->generation)
		g_ptr_array_add(content->committed, g_bytes_new_from_bytes(payload, sizeof content->generation,
									   size - sizeof content->generation));
}

/* Whether they end where the bytes do. */
static bool read_frames(GBytes *bytes, gsize offset, JournalContent *content, guint64 *ret_n)
{
	GBytes *payload;
	Frame frame;

	for (*ret_n = 0; next_frame(bytes, &offset, &frame, &payload); ++*ret_n) {
		if (frame.type == FRAME_BATCH)
			g_ptr_array_add(content->uncommitted, g_bytes_ref(payload));
		else if (frame.type == FRAME_COMMITTED && content->uncommitted->len > 0 &&
			 frame.size >= sizeof content->generation)
			add_committed(content, payload);
		g_bytes_unref(payload);
	}
	return offset == g_bytes_get_size(bytes);
}

bool journal_content_read(JournalContent *content, GBytes *file)
{
	gsize size;
	const guint8 *data = g_bytes_get_data(file, &size);
	guint64 n_frames, n_expected;

	if (size >= strlen(JOURNAL_MAGIC_2) && memcmp(data, JOURNAL_MAGIC_2, strlen(JOURNAL_MAGIC_2)) == 0)
		return read_frames(file, strlen(JOURNAL_MAGIC_2), content, &n_frames);
	if (size < HEAD_SIZE || memcmp(data, JOURNAL_MAGIC, strlen(JOURNAL_MAGIC)) != 0)
		return false;
	memcpy(&n_expected, data + strlen(JOURNAL_MAGIC), sizeof n_expected);
	if (!read_frames(file, HEAD_SIZE, content, &n_frames) || n_frames < n_expected)
		return false;
	content->n_frames = n_frames;
	return true;
}
