/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

/*
 * A file of a FUSE file system that answers what opening, asking its kind and closing take, and nothing else: who
 * polls, reads or writes it waits for as long as the file system is there.
 */
typedef struct SilentFile {
	int fd; /* the file, opened; the caller's to close before silent_file_end() */
	char directory[32];
	pid_t server;
} SilentFile;

/** Mounts it in a directory of its own and opens the file. False with *reason where the kernel has no FUSE. */
_Bool silent_file_begin(SilentFile *ret, const char **reason);

/** Ends the file system: whoever waits is let go with an error. */
void silent_file_end(SilentFile *file);
