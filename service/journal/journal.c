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

/* The first line tells people and other versions what this is. */
#define MAGIC "netfilterd state 2\nThis is private data. Do not parse.\n"

/* Appended bytes that are not worth a rewrite. */
#define SLACK (64 * 1024)

#define LOCK_PATIENCE_USEC (15 * G_USEC_PER_SEC)
#define LOCK_RETRY_USEC 10000

#define DIGEST_SIZE 16 /* MD5: against damage, not against malice */

enum frame_type { FRAME_GROUP = 'G', FRAME_FINISHED = 'F' };

/* Native byte order: the file does not outlive the boot. */
typedef struct Frame {
	guint32 type;
	guint32 size; /* of what follows */
	guint8 digest[DIGEST_SIZE];
} Frame;

#define FINISHED_SIZE (sizeof(Frame) + sizeof(guint64))

struct State {
	int directory, file;
	char *path; /* of the file, for people */
	off_t size;
	off_t begun; /* where the open group starts; -1: none is open */
	guint64 written;
};

static bool fail(GError **error, const State *state, const char *what)
{
	return netfilter_fail(error, FAILED, "%s: cannot %s: %s", state->path, what, g_strerror(errno));
}

/* One who has given up its name may still be on its way out, and wait for the xtables lock there. */
static bool lock_directory(const State *state)
{
	for (guint waited = 0; flock(state->directory, LOCK_EX | LOCK_NB) < 0; waited += LOCK_RETRY_USEC) {
		if (errno != EWOULDBLOCK || waited >= LOCK_PATIENCE_USEC)
			return false;
		g_usleep(LOCK_RETRY_USEC);
	}
	return true;
}

State *state_open(const char *directory, GError **error)
{
	g_autoptr(State) state = g_new(State, 1);

	*state = (State){ .directory = -1, .file = -1, .begun = -1 };
	state->path = g_build_filename(directory, FILE_NAME, NULL);
	if (mkdir(directory, 0700) < 0 && errno != EEXIST) {
		fail(error, state, "create the directory");
		return NULL;
	}
	state->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (state->directory < 0) {
		fail(error, state, "open the directory");
		return NULL;
	}
	if (!lock_directory(state)) {
		fail(error, state, "lock the directory, is another netfilterd running?");
		return NULL;
	}
	return g_steal_pointer(&state);
}

void state_close(State *state)
{
	if (!state)
		return;
	if (state->file >= 0)
		close(state->file);
	if (state->directory >= 0)
		close(state->directory);
	g_free(state->path);
	g_free(state);
}

void state_content_clear(StateContent *content)
{
	g_clear_pointer(&content->finished, g_ptr_array_unref);
	g_clear_pointer(&content->unfinished, g_ptr_array_unref);
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

/* Where reading stopped. */
static gsize parse(GBytes *bytes, StateContent *content)
{
	gsize offset = strlen(MAGIC), good = offset;
	GBytes *payload;
	Frame frame;

	while (next_frame(bytes, &offset, &frame, &payload)) {
		if (frame.type == FRAME_GROUP) {
			g_ptr_array_add(content->unfinished, g_bytes_ref(payload));
		} else if (frame.type == FRAME_FINISHED && content->unfinished->len > 0 &&
			   frame.size == sizeof content->generation) {
			memcpy(&content->generation, g_bytes_get_data(payload, NULL), sizeof content->generation);
			g_ptr_array_add(content->finished,
					g_ptr_array_steal_index(content->unfinished, content->unfinished->len - 1));
		}
		g_bytes_unref(payload);
		good = offset;
	}
	return good;
}

static void set_aside(State *state, const char *why)
{
	if (renameat(state->directory, FILE_NAME, state->directory, DAMAGED_NAME) < 0) {
		g_critical("%s %s, and cannot be moved aside: %s", state->path, why, g_strerror(errno));
		return;
	}
	g_critical("%s %s; it is kept as " DAMAGED_NAME " beside, and what could be read is used", state->path, why);
}

bool state_load(State *state, StateContent *ret, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(GBytes) bytes = NULL;
	char *text;
	gsize size;

	*ret = (StateContent){
		.finished = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref),
		.unfinished = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref),
	};
	if (!g_file_get_contents(state->path, &text, &size, &failure)) {
		if (g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
			ret->found = faccessat(state->directory, MARK_NAME, F_OK, 0) == 0;
			if (ret->found)
				g_critical("%s is missing; what it said is forgotten", state->path);
			return true;
		}
		return netfilter_fail(error, FAILED, "%s", failure->message);
	}
	bytes = g_bytes_new_take(text, size);
	ret->found = true;
	if (size < strlen(MAGIC) || memcmp(text, MAGIC, strlen(MAGIC)) != 0)
		set_aside(state, "is damaged or of another version");
	else if (parse(bytes, ret) != size)
		set_aside(state, "is damaged or cut off");
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

static bool write_whole(int fd, const GByteArray *group, guint64 generation)
{
	return write_all(fd, MAGIC, strlen(MAGIC)) && write_frame(fd, FRAME_GROUP, group->data, group->len) &&
	       write_frame(fd, FRAME_FINISHED, &generation, sizeof generation) && fsync(fd) >= 0;
}

static void mark(const State *state)
{
	int fd = openat(state->directory, MARK_NAME, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		g_warning("%s: cannot be marked: %s", state->path, g_strerror(errno));
	else
		close(fd);
}

bool state_rewrite(State *state, const GByteArray *group, guint64 generation, GError **error)
{
	int fd = openat(state->directory, TEMPORARY_NAME, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return fail(error, state, "write it");
	if (!write_whole(fd, group, generation) ||
	    renameat(state->directory, TEMPORARY_NAME, state->directory, FILE_NAME) < 0) {
		fail(error, state, "write it");
		unlinkat(state->directory, TEMPORARY_NAME, 0);
		close(fd);
		return false;
	}
	if (fsync(state->directory) < 0)
		g_warning("%s: cannot be synced: %s", state->path, g_strerror(errno));
	if (state->file >= 0)
		close(state->file);
	else
		mark(state);
	state->file = fd;
	state->size = lseek(fd, 0, SEEK_CUR);
	state->written = state->size;
	state->begun = -1;
	return true;
}

static void cut_back(State *state)
{
	if (ftruncate(state->file, state->size) < 0 || lseek(state->file, state->size, SEEK_SET) < 0)
		g_critical("%s: cannot be cut back: %s", state->path, g_strerror(errno));
}

bool state_begin(State *state, const GByteArray *group, GError **error)
{
	off_t end;

	g_assert(state->begun < 0);
	if (!write_frame(state->file, FRAME_GROUP, group->data, group->len))
		goto failed;
	end = lseek(state->file, 0, SEEK_CUR);
	/* Room for the word that it happened, which must not fail for want of it. */
	if (fallocate(state->file, FALLOC_FL_KEEP_SIZE, end, FINISHED_SIZE) < 0 && errno != EOPNOTSUPP)
		goto failed;
	if (fdatasync(state->file) < 0)
		goto failed;
	state->begun = state->size;
	state->size = end;
	return true;

failed:
	fail(error, state, "write it");
	cut_back(state);
	return false;
}

void state_finish(State *state, guint64 generation)
{
	state->begun = -1;
	if (write_frame(state->file, FRAME_FINISHED, &generation, sizeof generation)) {
		state->size += FINISHED_SIZE;
		return;
	}
	g_critical("%s: cannot be written: %s", state->path, g_strerror(errno));
	cut_back(state);
}

void state_abandon(State *state)
{
	state->begun = -1;
}

void state_abort(State *state)
{
	state->size = state->begun;
	state->begun = -1;
	cut_back(state);
}

bool state_is_begun(const State *state)
{
	return state->begun >= 0;
}

bool state_has_file(const State *state)
{
	return state->file >= 0;
}

bool state_is_long(const State *state)
{
	return state->file >= 0 && (guint64)state->size > 3 * state->written + SLACK;
}

void state_remove(State *state)
{
	if (state->file >= 0)
		close(state->file);
	state->file = -1;
	unlinkat(state->directory, FILE_NAME, 0);
	unlinkat(state->directory, MARK_NAME, 0);
}
