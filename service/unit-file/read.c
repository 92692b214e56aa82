/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/unit-file/read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const char *type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return "a directory";
	case S_IFIFO:
		return "a FIFO";
	case S_IFSOCK:
		return "a socket";
	case S_IFCHR:
	case S_IFBLK:
		return "a device";
	}
	return "no file";
}

static bool is_null(const struct stat *status)
{
	return S_ISCHR(status->st_mode) && status->st_rdev == makedev(1, 3);
}

static bool check(const char *path, const struct stat *status, GError **error)
{
	if (!S_ISREG(status->st_mode))
		return netfilter_fail(error, INVALID_ARGS, "%s:1: this is %s; a file, or a link to one, is allowed",
				      path, type_of(status->st_mode));
	if (status->st_size > UNIT_FILE_MAX_BYTES)
		return netfilter_fail(error, INVALID_ARGS,
				      "%s:1: it has %" G_GINT64_FORMAT " bytes, and at most %d are allowed", path,
				      (gint64)status->st_size, UNIT_FILE_MAX_BYTES);
	return true;
}

static bool fail(const char *path, int code, GError **error)
{
	return netfilter_fail(error, INVALID_ARGS, "%s:1: it cannot be read: %s", path, g_strerror(code));
}

/* It may have become longer or shorter meanwhile. */
static bool read_whole(int fd, const char *path, char **ret_text, gsize *ret_size, GError **error)
{
	g_autofree char *text = NULL;
	struct stat status;
	gsize size = 0;
	ssize_t n;

	if (fstat(fd, &status) < 0)
		return fail(path, errno, error);
	if (!check(path, &status, error))
		return false;
	text = g_malloc(status.st_size + 1);
	while (size < (gsize)status.st_size && (n = read(fd, text + size, status.st_size - size)) != 0) {
		if (n < 0)
			return fail(path, errno, error);
		size += n;
	}
	*ret_size = size;
	*ret_text = size > 0 ? g_steal_pointer(&text) : NULL;
	return true;
}

/* What a path leads to is looked at before it is opened, which of some devices is an act, and of others has no end. */
bool unit_file_read(const char *path, char **ret_text, gsize *ret_size, GError **error)
{
	char self[sizeof "/proc/self/fd/" + 10];
	struct stat status = {};
	int fd, place = open(path, O_PATH | O_CLOEXEC);
	bool ok = place >= 0 && fstat(place, &status) == 0;

	*ret_text = NULL;
	*ret_size = 0;
	if (!ok)
		fail(path, errno, error);
	else if (!is_null(&status))
		ok = check(path, &status, error);
	if (!ok || is_null(&status)) {
		if (place >= 0)
			close(place);
		return ok;
	}
	snprintf(self, sizeof self, "/proc/self/fd/%d", place);
	fd = open(self, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	close(place);
	if (fd < 0)
		return fail(path, errno, error);
	ok = read_whole(fd, path, ret_text, ret_size, error);
	close(fd);
	return ok;
}
