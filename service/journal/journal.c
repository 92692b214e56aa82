/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/journal/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "state"
#define TEMPORARY_NAME "state.new"
#define DAMAGED_NAME "state.damaged"
#define MARK_NAME "started" /* empty; there as long as the chains are ours */

/* Appended bytes that are not worth a rewrite. */
#define SLACK (64 * 1024)

#define LOCK_TIMEOUT_USEC (15 * G_USEC_PER_SEC)
#define LOCK_RETRY_USEC 10000

/* What a commit's frame takes without its outcome. */
#define COMMITTED_SIZE (FRAME_HEAD_SIZE + sizeof(guint64))

struct Journal {
	int directory, file;
	char *path; /* of the file, for people */
	off_t size;
	off_t begun; /* where the open batch starts; -1: none is open */
	guint64 n_frames;
	guint64 written; /* bytes of the last checkpoint */
};

static bool fail(GError **error, const Journal *journal, const char *what)
{
	return netfilter_fail(error, FAILED, "%s: cannot %s: %s", journal->path, what, g_strerror(errno));
}

/* One who has given up its name may still be on its way out, and wait for the xtables lock there. */
static bool lock_directory(const Journal *journal)
{
	for (guint waited = 0; flock(journal->directory, LOCK_EX | LOCK_NB) < 0; waited += LOCK_RETRY_USEC) {
		if (errno != EWOULDBLOCK || waited >= LOCK_TIMEOUT_USEC)
			return false;
		g_usleep(LOCK_RETRY_USEC);
	}
	return true;
}

Journal *journal_open(const char *directory, GError **error)
{
	g_autoptr(Journal) journal = g_new(Journal, 1);

	*journal = (Journal){ .directory = -1, .file = -1, .begun = -1 };
	journal->path = g_build_filename(directory, FILE_NAME, NULL);
	if (mkdir(directory, 0700) < 0 && errno != EEXIST) {
		fail(error, journal, "create the directory");
		return NULL;
	}
	journal->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (journal->directory < 0) {
		fail(error, journal, "open the directory");
		return NULL;
	}
	if (!lock_directory(journal)) {
		fail(error, journal, "lock the directory, is another netfilterd running?");
		return NULL;
	}
	return g_steal_pointer(&journal);
}

void journal_close(Journal *journal)
{
	if (!journal)
		return;
	if (journal->file >= 0)
		close(journal->file);
	if (journal->directory >= 0)
		close(journal->directory);
	g_free(journal->path);
	g_free(journal);
}

/* --- reading --- */

static void set_aside(Journal *journal, const char *why)
{
	if (renameat(journal->directory, FILE_NAME, journal->directory, DAMAGED_NAME) < 0) {
		g_critical("%s %s, and cannot be moved aside: %s", journal->path, why, g_strerror(errno));
		return;
	}
	g_critical("%s %s; it is kept as " DAMAGED_NAME " beside, and what could be read is used", journal->path, why);
}

bool journal_load(Journal *journal, JournalContent *ret, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(GBytes) bytes = NULL;
	char *text;
	gsize size;

	*ret = journal_content_new();
	if (!g_file_get_contents(journal->path, &text, &size, &failure)) {
		if (g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
			ret->found = faccessat(journal->directory, MARK_NAME, F_OK, 0) == 0;
			if (ret->found)
				g_critical("%s is missing; what it said is forgotten", journal->path);
			return true;
		}
		return netfilter_fail(error, FAILED, "%s", failure->message);
	}
	bytes = g_bytes_new_take(text, size);
	ret->found = true;
	if (!journal_content_read(ret, bytes))
		set_aside(journal, "is damaged, cut off or of another version");
	return true;
}

/* --- writing --- */

static bool write_all(int fd, const void *data, gsize size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data = (const char *)data + n;
		size -= n;
	}
	return true;
}

static bool write_frame(int fd, enum frame_type type, const void *data, gsize size)
{
	g_autoptr(GByteArray) frame = frame_new(type, data, size);

	return write_all(fd, frame->data, frame->len);
}

/* The commit that ends a checkpoint or a batch. */
static bool write_committed(int fd, guint64 generation, const GByteArray *outcome)
{
	g_autoptr(GByteArray) payload = g_byte_array_new();

	g_byte_array_append(payload, (const guint8 *)&generation, sizeof generation);
	if (outcome)
		g_byte_array_append(payload, outcome->data, outcome->len);
	return write_frame(fd, FRAME_COMMITTED, payload->data, payload->len);
}

/* Counted after they are there, so that a crash in between is no damage. */
static bool write_count(int fd, guint64 n_frames)
{
	return pwrite(fd, &n_frames, sizeof n_frames, strlen(JOURNAL_MAGIC)) == sizeof n_frames;
}

static bool write_checkpoint(int fd, const GByteArray *batch, guint64 generation)
{
	guint64 n_frames = 2;

	return write_all(fd, JOURNAL_MAGIC, strlen(JOURNAL_MAGIC)) && write_all(fd, &n_frames, sizeof n_frames) &&
	       write_frame(fd, FRAME_BATCH, batch->data, batch->len) && write_committed(fd, generation, NULL) &&
	       fsync(fd) >= 0;
}

static void mark(const Journal *journal)
{
	int fd = openat(journal->directory, MARK_NAME, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		g_warning("%s: cannot be marked: %s", journal->path, g_strerror(errno));
	else
		close(fd);
}

/* What root writes is to be read by the next one, whose user has the directory. */
static void give_to_owner(const Journal *journal, int fd)
{
	struct stat status;

	if (fstat(journal->directory, &status) >= 0 && status.st_uid != geteuid() &&
	    fchown(fd, status.st_uid, status.st_gid) < 0)
		g_warning("%s: cannot be given to the owner of its directory: %s", journal->path, g_strerror(errno));
}

bool journal_checkpoint(Journal *journal, const GByteArray *batch, guint64 generation, GError **error)
{
	int fd = openat(journal->directory, TEMPORARY_NAME, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return fail(error, journal, "write it");
	give_to_owner(journal, fd);
	if (!write_checkpoint(fd, batch, generation) ||
	    renameat(journal->directory, TEMPORARY_NAME, journal->directory, FILE_NAME) < 0) {
		fail(error, journal, "write it");
		unlinkat(journal->directory, TEMPORARY_NAME, 0);
		close(fd);
		return false;
	}
	if (fsync(journal->directory) < 0)
		g_warning("%s: cannot be synced: %s", journal->path, g_strerror(errno));
	if (journal->file >= 0)
		close(journal->file);
	else
		mark(journal);
	journal->file = fd;
	journal->size = lseek(fd, 0, SEEK_CUR);
	journal->n_frames = 2;
	journal->written = journal->size;
	journal->begun = -1;
	return true;
}

/* Takes back what was written since the last whole frame. */
static void cut_back(Journal *journal)
{
	write_count(journal->file, journal->n_frames);
	if (ftruncate(journal->file, journal->size) < 0 || lseek(journal->file, journal->size, SEEK_SET) < 0)
		g_critical("%s: cannot be cut back: %s", journal->path, g_strerror(errno));
}

bool journal_begin(Journal *journal, const GByteArray *batch, gsize outcome_size, GError **error)
{
	off_t end;

	g_assert(journal->begun < 0);
	if (!write_frame(journal->file, FRAME_BATCH, batch->data, batch->len))
		goto failed;
	end = lseek(journal->file, 0, SEEK_CUR);
	/* Room for the word that it was committed, which must not fail for want of it. */
	if (fallocate(journal->file, FALLOC_FL_KEEP_SIZE, end, COMMITTED_SIZE + outcome_size) < 0 &&
	    errno != EOPNOTSUPP)
		goto failed;
	if (!write_count(journal->file, journal->n_frames + 1) || fdatasync(journal->file) < 0)
		goto failed;
	journal->begun = journal->size;
	journal->size = end;
	journal->n_frames++;
	return true;

failed:
	fail(error, journal, "write it");
	cut_back(journal);
	return false;
}

void journal_commit(Journal *journal, guint64 generation, const GByteArray *outcome)
{
	journal->begun = -1;
	if (write_committed(journal->file, generation, outcome)) {
		journal->size += COMMITTED_SIZE + (outcome ? outcome->len : 0);
		write_count(journal->file, ++journal->n_frames);
		return;
	}
	g_critical("%s: cannot be written: %s", journal->path, g_strerror(errno));
	cut_back(journal);
}

void journal_abandon(Journal *journal)
{
	journal->begun = -1;
}

void journal_abort(Journal *journal)
{
	journal->size = journal->begun;
	journal->begun = -1;
	journal->n_frames--;
	cut_back(journal);
}

bool journal_is_begun(const Journal *journal)
{
	return journal->begun >= 0;
}

bool journal_has_file(const Journal *journal)
{
	return journal->file >= 0;
}

bool journal_is_long(const Journal *journal)
{
	return journal->file >= 0 && (guint64)journal->size > 3 * journal->written + SLACK;
}

void journal_remove(Journal *journal)
{
	if (journal->file >= 0)
		close(journal->file);
	journal->file = -1;
	unlinkat(journal->directory, FILE_NAME, 0);
	unlinkat(journal->directory, MARK_NAME, 0);
}
