/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/journal/journal.h"

#include "service/write.h"

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

/* Appended bytes that are not worth a rewrite, however little there is. */
#define SLACK (64 * 1024)

/* What is not worth one where there is no room, nor to be looked at closer. */
#define STEP 4096

/* What an entry says is gone took so much, mostly at most. */
#define LOSS 8192

#define LOCK_TIMEOUT_USEC (15 * G_USEC_PER_SEC)
#define LOCK_RETRY_USEC 10000

/* What a commit's frame takes without its outcome. */
#define COMMITTED_SIZE (FRAME_HEAD_SIZE + sizeof(guint64))

struct Journal {
	int directory, file;
	char *path; /* of the file, for people */
	off_t size;
	off_t begun;               /* where the open batch starts; -1: none is open */
	guint64 checkpoint_before; /* as checkpoint was before it */
	off_t room;                /* up to where it has blocks */
	guint64 n_frames;
	guint64 checkpoint;  /* bytes that one would take now, as far as is known */
	guint64 uncertain;   /* how much less it may be, since that was measured */
	guint64 lacking;     /* what the last batch took, if there was no room for it */
	off_t failed;        /* size when a checkpoint failed; 0: it did not */
	guint64 n_loaded;    /* frames of the file that was there, if it can be appended to */
	off_t loaded;        /* its size */
	GBytes *open;        /* the batch that is begun; NULL: none is */
	GPtrArray *doubtful; /* GBytes: those that did not happen, but the kernel may have some of them */
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
	journal->doubtful = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
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
		fail(error, journal, "lock the directory, which another netfilterd may hold");
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
	g_clear_pointer(&journal->open, g_bytes_unref);
	g_ptr_array_unref(journal->doubtful);
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
	journal->n_loaded = ret->n_frames;
	journal->loaded = size;
	g_ptr_array_set_size(journal->doubtful, 0);
	for (guint i = 0; i < ret->uncommitted->len; i++)
		g_ptr_array_add(journal->doubtful, g_bytes_ref(ret->uncommitted->pdata[i]));
	return true;
}

/* --- writing --- */

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

/* --- room --- */

static bool is_full(int error)
{
	return error == ENOSPC || error == EDQUOT;
}

/* Blocks up to there, whether or not anything is written to them. What cannot have any in advance has to do without. */
static bool allocate(int fd, off_t from, off_t until)
{
	return from >= until || fallocate(fd, FALLOC_FL_KEEP_SIZE, from, until - from) == 0 || errno == EOPNOTSUPP;
}

static bool make_room(Journal *journal, off_t until)
{
	until = (until + STEP - 1) / STEP * STEP;
	if (!allocate(journal->file, journal->room, until))
		return false;
	journal->room = MAX(journal->room, until);
	return true;
}

/* For every deletion, one by one or all at once, with what each batch takes besides. */
static off_t reserve_of(guint64 checkpoint)
{
	return checkpoint + checkpoint / 4 + 2 * STEP;
}

/* Less than a checkpoint takes, and a deletion more would be one too many. */
static bool is_reserve_low(const Journal *journal)
{
	return journal->room < journal->size + (off_t)(journal->checkpoint + STEP);
}

static void keep_reserve(Journal *journal)
{
	(void)make_room(journal, journal->size + reserve_of(journal->checkpoint));
}

/* Blocks behind the end go with it. */
static bool give_up_reserve(Journal *journal)
{
	if (journal->file < 0 || journal->room <= journal->size || ftruncate(journal->file, journal->size) < 0)
		return false;
	journal->room = journal->size;
	return true;
}

static gsize checkpoint_size(const GByteArray *batch)
{
	return strlen(JOURNAL_MAGIC) + sizeof(guint64) + FRAME_HEAD_SIZE + batch->len + COMMITTED_SIZE;
}

/* --- checkpoints --- */

static guint64 count_frames(const Journal *journal)
{
	return 2 + journal->doubtful->len;
}

static gsize doubtful_size(const Journal *journal)
{
	gsize size = 0;

	for (guint i = 0; i < journal->doubtful->len; i++)
		size += FRAME_HEAD_SIZE + g_bytes_get_size(journal->doubtful->pdata[i]);
	return size;
}

/* Until the kernel has none of it, the next instance is told of it as this one was. */
static bool write_doubtful(const Journal *journal, int fd)
{
	for (guint i = 0; i < journal->doubtful->len; i++) {
		gsize size;
		const void *data = g_bytes_get_data(journal->doubtful->pdata[i], &size);

		if (!write_frame(fd, FRAME_BATCH, data, size))
			return false;
	}
	return true;
}

static bool write_checkpoint(const Journal *journal, int fd, const GByteArray *batch, guint64 generation)
{
	guint64 n_frames = count_frames(journal);

	return allocate(fd, 0, checkpoint_size(batch) + doubtful_size(journal)) &&
	       write_all(fd, JOURNAL_MAGIC, strlen(JOURNAL_MAGIC)) && write_all(fd, &n_frames, sizeof n_frames) &&
	       write_frame(fd, FRAME_BATCH, batch->data, batch->len) && write_committed(fd, generation, NULL) &&
	       write_doubtful(journal, fd) && fsync(fd) >= 0;
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

/* The file that takes the place of the other; negative errno. */
static int replace_file(const Journal *journal, const GByteArray *batch, guint64 generation)
{
	int r, fd = openat(journal->directory, TEMPORARY_NAME, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	give_to_owner(journal, fd);
	if (write_checkpoint(journal, fd, batch, generation) &&
	    renameat(journal->directory, TEMPORARY_NAME, journal->directory, FILE_NAME) == 0)
		return fd;
	r = -errno;
	unlinkat(journal->directory, TEMPORARY_NAME, 0);
	close(fd);
	return r;
}

/* The end of the file is where more is appended. */
static void go_on_with(Journal *journal, int fd, guint64 n_frames)
{
	if (journal->file >= 0)
		close(journal->file);
	else
		mark(journal);
	journal->file = fd;
	journal->size = journal->room = lseek(fd, 0, SEEK_END);
	journal->n_frames = n_frames;
	journal->checkpoint = journal->size;
	journal->uncertain = journal->lacking = 0;
	journal->failed = 0;
	journal->begun = -1;
}

bool journal_checkpoint(Journal *journal, const GByteArray *batch, guint64 generation, GError **error)
{
	int fd = replace_file(journal, batch, generation);

	if (is_full(-fd) && give_up_reserve(journal))
		fd = replace_file(journal, batch, generation);
	if (fd < 0) {
		if (journal->file >= 0)
			keep_reserve(journal);
		journal->failed = journal->size;
		errno = -fd;
		return fail(error, journal, "write it");
	}
	if (fsync(journal->directory) < 0)
		g_warning("%s: cannot be synced: %s", journal->path, g_strerror(errno));
	go_on_with(journal, fd, count_frames(journal));
	keep_reserve(journal);
	return true;
}

bool journal_continue(Journal *journal, GError **error)
{
	int fd;

	if (journal->file >= 0)
		return true;
	if (journal->n_loaded == 0)
		return netfilter_fail(error, FAILED, "%s: there is none to go on with", journal->path);
	fd = openat(journal->directory, FILE_NAME, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return fail(error, journal, "open it");
	if (lseek(fd, 0, SEEK_END) != journal->loaded) {
		close(fd);
		return netfilter_fail(error, FAILED, "%s: it is not what was read", journal->path);
	}
	go_on_with(journal, fd, journal->n_loaded);
	journal->uncertain = journal->size;
	return true;
}

/* --- batches --- */

/* Takes back what was written since the last whole frame. */
static void cut_back(Journal *journal)
{
	off_t room = journal->room;

	write_count(journal->file, journal->n_frames);
	if (ftruncate(journal->file, journal->size) < 0 || lseek(journal->file, journal->size, SEEK_SET) < 0)
		g_critical("%s: cannot be cut back: %s", journal->path, g_strerror(errno));
	journal->room = journal->size;
	(void)make_room(journal, room);
}

/* Which includes the word that it was committed: that must not fail for want of it. */
static bool has_room_for(Journal *journal, gsize size, bool grows)
{
	off_t until = journal->size + size;

	if (grows)
		until += reserve_of(journal->checkpoint + size);
	if (make_room(journal, until))
		return true;
	/* What grows is not to write everything anew for a little. */
	if (is_full(errno))
		journal->lacking = size + (grows ? journal->checkpoint / 8 : 0);
	return false;
}

/* Each change that cannot be put back adds to it. */
#define MAX_DOUBTFUL (1 << 20)

bool journal_begin(Journal *journal, const GByteArray *batch, gsize outcome_size, const JournalEffect *effect,
		   GError **error)
{
	off_t end = journal->size + FRAME_HEAD_SIZE + batch->len;

	g_assert(journal->begun < 0);
	journal->lacking = 0;
	if (effect->grows && doubtful_size(journal) > MAX_DOUBTFUL)
		return netfilter_fail(
			error, FAILED,
			"what failed before cannot be taken out of the kernel; Reconcile() tries it again");
	if (!has_room_for(journal, FRAME_HEAD_SIZE + batch->len + COMMITTED_SIZE + outcome_size, effect->grows))
		return fail(error, journal, "write it");
	if (!write_frame(journal->file, FRAME_BATCH, batch->data, batch->len) ||
	    !write_count(journal->file, journal->n_frames + 1) || fdatasync(journal->file) < 0) {
		fail(error, journal, "write it");
		cut_back(journal);
		return false;
	}
	journal->checkpoint_before = journal->checkpoint;
	if (effect->grows)
		journal->checkpoint += batch->len + outcome_size;
	journal->uncertain += (guint64)effect->n_losses * LOSS;
	journal->open = g_bytes_new(batch->data, batch->len);
	journal->begun = journal->size;
	journal->size = end;
	journal->n_frames++;
	return true;
}

void journal_commit(Journal *journal, guint64 generation, const GByteArray *outcome)
{
	journal->begun = -1;
	g_clear_pointer(&journal->open, g_bytes_unref);
	if (write_committed(journal->file, generation, outcome)) {
		journal->size += COMMITTED_SIZE + (outcome ? outcome->len : 0);
		write_count(journal->file, ++journal->n_frames);
		keep_reserve(journal);
		return;
	}
	g_critical("%s: cannot be written: %s", journal->path, g_strerror(errno));
	cut_back(journal);
}

void journal_abandon(Journal *journal)
{
	journal->begun = -1;
	g_ptr_array_add(journal->doubtful, g_steal_pointer(&journal->open));
}

bool journal_resolve(Journal *journal)
{
	bool had = journal->doubtful->len > 0;

	g_ptr_array_set_size(journal->doubtful, 0);
	return had;
}

void journal_abort(Journal *journal)
{
	g_clear_pointer(&journal->open, g_bytes_unref);
	journal->size = journal->begun;
	journal->checkpoint = journal->checkpoint_before;
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

bool journal_is_uncertain(const Journal *journal)
{
	return journal->file >= 0 && journal->uncertain > STEP + journal->checkpoint / 2;
}

void journal_measure(Journal *journal, const GByteArray *batch)
{
	journal->checkpoint = checkpoint_size(batch) + doubtful_size(journal);
	journal->uncertain = 0;
}

bool journal_is_long(const Journal *journal)
{
	guint64 size = journal->size, checkpoint = journal->checkpoint;

	if (journal->file < 0 || (journal->failed && size < journal->failed + STEP + checkpoint / 16))
		return false;
	return size > 3 * checkpoint + SLACK || (is_reserve_low(journal) && size > checkpoint + checkpoint / 8 + STEP);
}

bool journal_has_failed(const Journal *journal)
{
	return journal->failed > 0;
}

bool journal_lacks_room(const Journal *journal)
{
	return journal->file >= 0 && journal->lacking > 0 &&
	       (journal->uncertain > 0 || (guint64)journal->size > journal->checkpoint + journal->lacking);
}

void journal_remove(Journal *journal)
{
	if (journal->file >= 0)
		close(journal->file);
	journal->file = -1;
	journal->n_loaded = 0;
	g_ptr_array_set_size(journal->doubtful, 0);
	unlinkat(journal->directory, FILE_NAME, 0);
	unlinkat(journal->directory, MARK_NAME, 0);
}
