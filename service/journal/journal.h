/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"
#include "service/journal/file.h"

/**
 * The write-ahead log that outlives a crash: "state" in the runtime directory. A
 * checkpoint written whole (temporary, fsync, rename), then a batch of entries for each
 * commit, appended before the kernel gets it and closed after: so the last
 * batch may be of a commit that only half happened, and the reader is told.
 * Private data, versioned; what an entry means is journal/encode.c's business.
 *
 * What is there can always be deleted: whatever makes it more leaves as much room free, within the file's own blocks,
 * as everything there is takes once more. Deletions use that up, or a checkpoint is written in its place.
 */
typedef struct Journal Journal;

/** What a batch does to what a checkpoint takes. */
typedef struct JournalEffect {
	bool grows;     /* may make it more, by what the batch takes at most: needs the reserve besides its own room */
	guint n_losses; /* entries that may make it less */
} JournalEffect;

/**
 * Opens the directory, creating it (0700) if it is missing, and locks it. FAILED when that is impossible
 * or another process keeps it.
 */
Journal *journal_open(const char *directory, GError **error);
void journal_close(Journal *journal); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Journal, journal_close)

/**
 * Reads what the previous instance left, also of the version before. What cannot be read (damage, a future
 * version) is moved aside as "state.damaged", said so in the log, and what stands before it
 * is used. FAILED only when the file cannot be read at all.
 */
bool journal_load(Journal *journal, JournalContent *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Replaces everything by one batch that happened, and those that are doubtful. FAILED leaves the file as it was. */
bool journal_checkpoint(Journal *journal, const GByteArray *batch, guint64 generation,
			GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Goes on with the file that was loaded, in place of a checkpoint. FAILED when it cannot be appended to. */
bool journal_continue(Journal *journal, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Whether there is a checkpoint since it was opened, or it goes on: only then batches can be appended. */
bool journal_has_file(const Journal *journal);

/** Appends a batch that is about to happen, with room for its outcome. FAILED leaves the file as it was. */
bool journal_begin(Journal *journal, const GByteArray *batch, gsize outcome_size, const JournalEffect *effect,
		   GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool journal_is_begun(const Journal *journal);

/** The batch that was begun happened, with this outcome (entries; NULL: none); or it did not. */
void journal_commit(Journal *journal, guint64 generation, const GByteArray *outcome);
void journal_abort(Journal *journal);

/** It did not, but the kernel may have some of it: the next instance is to be told. So it is, too, of those of the
 * previous one, until the kernel has what is wanted; whether there were any, which the next checkpoint leaves out. */
void journal_abandon(Journal *journal);
bool journal_resolve(Journal *journal);

/** Whether so much was deleted or changed that a checkpoint's batch is to be measured anew. */
bool journal_is_uncertain(const Journal *journal);
void journal_measure(Journal *journal, const GByteArray *batch);

/** Whether so much was appended to what a checkpoint would take that one is due. After one that failed, it is due again
 * when some more was appended. */
bool journal_is_long(const Journal *journal);
bool journal_has_failed(const Journal *journal); /* the last one that was due */

/** Whether the last batch did not find the room that a checkpoint would make, or may make while that is uncertain. */
bool journal_lacks_room(const Journal *journal);

/** Leaves nothing behind. */
void journal_remove(Journal *journal);
