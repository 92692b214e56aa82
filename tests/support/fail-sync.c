/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Preloaded into the service: fdatasync(2) fails while there is a file /run/fail-sync, which grows by a byte each time.
 * No disk here fails on demand. */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int fdatasync(int fd)
{
	int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
	int count = open("/run/fail-sync", O_WRONLY | O_APPEND | O_CLOEXEC);

	if (count >= 0) {
		(void)!write(count, "", 1);
		close(count);
		errno = EIO;
		return -1;
	}
	return real(fd);
}
