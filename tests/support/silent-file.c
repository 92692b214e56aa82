/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/silent-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILE_NODE 2

typedef struct Answer {
	struct fuse_out_header header;
	union {
		struct fuse_init_out init;
		struct fuse_entry_out entry;
		struct fuse_attr_out attributes;
		struct fuse_open_out open;
	};
} Answer;

static void set_attributes(struct fuse_attr *attributes, guint64 node)
{
	attributes->ino = node;
	attributes->nlink = 1;
	attributes->mode = node == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0666;
}

/* The length of what follows the header; negative: an errno. G_MININT: no answer. */
static int answer(const struct fuse_in_header *request, Answer *ret)
{
	switch (request->opcode) {
	case FUSE_INIT:
		ret->init.major = FUSE_KERNEL_VERSION;
		ret->init.minor = 31;
		ret->init.max_write = 4096;
		return sizeof(ret->init);
	case FUSE_LOOKUP:
		ret->entry.nodeid = FILE_NODE;
		set_attributes(&ret->entry.attr, FILE_NODE);
		return sizeof(ret->entry);
	case FUSE_GETATTR:
		set_attributes(&ret->attributes.attr, request->nodeid);
		return sizeof(ret->attributes);
	case FUSE_OPEN:
		return sizeof(ret->open);
	case FUSE_FLUSH:
	case FUSE_RELEASE:
		return 0;
	case FUSE_POLL:
	case FUSE_READ:
	case FUSE_WRITE:
	case FUSE_FORGET:
		return G_MININT;
	default:
		return -ENOSYS;
	}
}

static void serve(int device)
{
	union {
		struct fuse_in_header header;
		char bytes[FUSE_MIN_READ_BUFFER];
	} request;

	while (read(device, &request, sizeof(request)) > 0) {
		Answer reply = { .header.unique = request.header.unique };
		int length = answer(&request.header, &reply);

		if (length == G_MININT)
			continue;
		reply.header.error = MIN(length, 0);
		reply.header.len = sizeof(reply.header) + MAX(length, 0);
		if (write(device, &reply, reply.header.len) < 0 && errno != ENOENT)
			break;
	}
	_exit(0);
}

_Bool silent_file_begin(SilentFile *ret, const char **reason)
{
	g_autofree char *options = NULL, *file = NULL;
	int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (device < 0) {
		*reason = "/dev/fuse cannot be opened";
		return FALSE;
	}
	g_strlcpy(ret->directory, "/tmp/silent-XXXXXX", sizeof(ret->directory));
	g_assert_nonnull(mkdtemp(ret->directory));
	options = g_strdup_printf("fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", device);
	if (mount("silent", ret->directory, "fuse", MS_NOSUID | MS_NODEV, options) < 0) {
		*reason = "a FUSE file system cannot be mounted";
		rmdir(ret->directory);
		close(device);
		return FALSE;
	}
	ret->server = fork();
	g_assert_cmpint(ret->server, >=, 0);
	if (ret->server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(device);
	}
	close(device);
	file = g_build_filename(ret->directory, "file", NULL);
	ret->fd = open(file, O_RDWR | O_CLOEXEC);
	g_assert_cmpint(ret->fd, >=, 0);
	return TRUE;
}

void silent_file_end(SilentFile *file)
{
	kill(file->server, SIGKILL);
	waitpid(file->server, NULL, 0);
	umount2(file->directory, MNT_DETACH);
	rmdir(file->directory);
}
