/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/write.h"

#include <errno.h>
#include <unistd.h>

bool write_all(int fd, const void *data, gsize size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data = (const char *)data + n;
		size -= n;
	}
	return true;
}
