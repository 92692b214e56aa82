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

/*
 * The first line tells people and other versions what this is. Behind it stands how many frames follow at least, which
 * version 2 did not say.
 */
#define MAGIC "netfilterd state 3\nThis is private data. Do not parse.\n"
#define MAGIC_2 "netfilterd state 2\nThis is private data. Do not parse.\n"
#define HEAD_SIZE (sizeof MAGIC - 1 + sizeof(guint64))
G_STATIC_ASSERT(sizeof MAGIC == sizeof MAGIC_2);

/* Appended bytes that are not worth a rewrite. */
#define SLACK (64 * 1024)

#define LOCK_TIMEOUT_USEC (15 * G_USEC_PER_SEC)
#define LOCK_RETRY_USEC 10000

#define DIGEST_SIZE 16 /* MD5: against damage, not against malice */

enum frame_type { FRAME_BATCH = 'G', FRAME_COMMITTED = 'F' };

/* Native byte order: the file does not outlive the boot. */
typedef struct Frame {
	guint32 type;
	guint32 size; /* of what follows */
	guint8 digest[DIGEST_SIZE];
} Frame;

/* What a commit's frame takes without its outcome. */
#define COMMITTED_SIZE (sizeof(Frame) + sizeof(guint64))

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

void journal_content_clear(JournalContent *content)
{
	g_clear_pointer(&content->committed, g_ptr_array_unref);
	g_clear_pointer(&content->uncommitted, g_ptr_array_unref);
}

static void digest(guint32 type, const void *data, gsize size, guint8 ret[static DIGEST_SIZE])
{
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_MD5);
	gsize length = DIGEST_SIZE;

	g_checksum_update(checksum, (const guint8 *)&type, sizeof type);
	g_checksum_update(checksum, data, size);
	g_checksum_get_digest(checksum, ret, &length);
}

/* --- reading --- */

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

/* Whether it could be read to its end, and all is there that should be. */
static bool parse(GBytes *bytes, gsize offset, guint64 n_expected, JournalContent *content)
{
	GBytes *payload;
	Frame frame;
	guint64 n = 0;

	for (; next_frame(bytes, &offset, &frame, &payload); n++) {
		if (frame.type == FRAME_BATCH)
			g_ptr_array_add(content->uncommitted, g_bytes_ref(payload));
		else if (frame.type == FRAME_COMMITTED && content->uncommitted->len > 0 &&
			 frame.size >= sizeof content->generation)
			add_committed(content, payload);
		g_bytes_unref(payload);
	}
	return offset == g_bytes_get_size(bytes) && n >= n_expected;
}

static void set_aside(Journal *journal, const char *why)
{
	if (renameat(journal->directory, FILE_NAME, journal->directory, DAMAGED_NAME) < 0) {
		g_critical("%s %s, and cannot be moved aside: %s", journal->path, why, g_strerror(errno));
		return;
	}
	g_critical("%s %s; it is kept as " DAMAGED_NAME " beside, and what could be read is used", journal->path, why);
}

static bool read_content(GBytes *bytes, JournalContent *content)
{
	gsize size;
	const guint8 *data = g_bytes_get_data(bytes, &size);
	guint64 n_frames = 0;

	if (size >= strlen(MAGIC_2) && memcmp(data, MAGIC_2, strlen(MAGIC_2)) == 0)
		return parse(bytes, strlen(MAGIC_2), 0, content);
	if (size < HEAD_SIZE || memcmp(data, MAGIC, strlen(MAGIC)) != 0)
		return false;
	memcpy(&n_frames, data + strlen(MAGIC), sizeof n_frames);
	return parse(bytes, HEAD_SIZE, n_frames, content);
}

bool journal_load(Journal *journal, JournalContent *ret, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(GBytes) bytes = NULL;
	char *text;
	gsize size;

	*ret = (JournalContent){
		.committed = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref),
		.uncommitted = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref),
	};
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
	if (!read_content(bytes, ret))
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
	g_autofree guint8 *buffer = g_malloc(sizeof(Frame) + size);
	Frame frame = { .type = type, .size = size };

	digest(type, data, size, frame.digest);
	memcpy(buffer, &frame, sizeof frame);
	if (size > 0)
		memcpy(buffer + sizeof frame, data, size);
	return write_all(fd, buffer, sizeof frame + size);
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
	return pwrite(fd, &n_frames, sizeof n_frames, strlen(MAGIC)) == sizeof n_frames;
}

static bool write_checkpoint(int fd, const GByteArray *batch, guint64 generation)
{
	guint64 n_frames = 2;

	return write_all(fd, MAGIC, strlen(MAGIC)) && write_all(fd, &n_frames, sizeof n_frames) &&
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

bool journal_checkpoint(Journal *journal, const GByteArray *batch, guint64 generation, GError **error)
{
	int fd = openat(journal->directory, TEMPORARY_NAME, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return fail(error, journal, "write it");
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
