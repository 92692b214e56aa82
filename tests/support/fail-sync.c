/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Preloaded into the service: fdatasync(2) fails while there is a file /run/fail-sync. No disk here fails on demand. */

#include <dlfcn.h>
#include <errno.h>
#include <unistd.h>

int fdatasync(int fd)
{
	int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");

	if (access("/run/fail-sync", F_OK) == 0) {
		errno = EIO;
		return -1;
	}
	return real(fd);
}
