/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/**
 * What the journal's file consists of: a line that tells people and other versions what it is, the number of frames
 * that follow at least (guint64), and the frames, each with a digest over what it holds. Native byte order: the file
 * does not outlive the boot. Version 2 did not say how many frames follow.
 */
#define JOURNAL_MAGIC "netfilterd state 3\nThis is private data. Do not parse.\n"
#define JOURNAL_MAGIC_2 "netfilterd state 2\nThis is private data. Do not parse.\n"

enum frame_type { FRAME_BATCH = 'G', FRAME_COMMITTED = 'F' };

/** What a frame takes besides what it holds. */
#define FRAME_HEAD_SIZE 24

/** A frame that holds so many bytes of data, which may be NULL where there are none; the caller's. */
GByteArray *frame_new(enum frame_type type, const void *data, gsize size);

typedef struct JournalContent {
	bool found;             /* there was a previous instance, whatever is left of its journal */
	GPtrArray *committed;   /* GBytes: batches that happened, each followed by its outcome where it has one */
	GPtrArray *uncommitted; /* those that may have happened: the last, and any that was abandoned */
	guint64 generation;     /* as of the last that happened */
	guint64 n_frames;       /* of a file to which more can be appended; 0: it is damaged, or of another version */
} JournalContent;

JournalContent journal_content_new(void);
void journal_content_clear(JournalContent *content);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(JournalContent, journal_content_clear)

/** Adds what can be read of a file. Whether it could be read to its end, and all is there that should be. */
bool journal_content_read(JournalContent *content, GBytes *file);
