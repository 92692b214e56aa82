/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/iptables/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

static int open_lock_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;

	int error = errno;
	/* Without root's rights, or with /run read-only, a file made beforehand will do. */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 ? fd : -error;
}

int xtables_lock(void)
{
	const char *path = getenv("XTABLES_LOCKFILE");
	if (!path || !*path)
		path = "/run/xtables.lock";

	int fd = open_lock_file(path);
	if (fd < 0)
		return fd;

	int r;
	do
		r = flock(fd, LOCK_EX | LOCK_NB);
	while (r < 0 && errno == EINTR);
	if (r < 0) {
		int error = errno;
		close(fd);
		return error == EWOULDBLOCK ? -EAGAIN : -error;
	}
	return fd;
}
