/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static bool failed(GError **error, const char *verb, const char *path, int code)
{
	g_set_error(error, NETFILTER_ERROR, NETFILTER_ERROR_FAILED, "Cannot %s %s: %s%s", verb, path, g_strerror(code),
		    code == ENOENT && g_str_has_prefix(path, "/proc/sys/net/bridge/")
			    ? " (the kernel module br_netfilter is not loaded)"
			    : "");
	return false;
}

bool sysctl_get(const char *name, bool *ret, GError **error)
{
	g_autofree char *path = g_strconcat("/proc/sys/", name, NULL);
	int fd = open(path, O_RDONLY | O_CLOEXEC), code;
	char text[32] = "";
	ssize_t length;

	if (fd < 0)
		return failed(error, "read", path, errno);
	length = read(fd, text, sizeof(text) - 1);
	code = errno;
	close(fd);
	if (length < 0)
		return failed(error, "read", path, code);
	/* Some switches have more than two positions; all but one are on. */
	*ret = g_ascii_strtoll(text, NULL, 10) != 0;
	return true;
}

bool sysctl_set(const char *name, bool on, GError **error)
{
	g_autofree char *path = g_strconcat("/proc/sys/", name, NULL);
	bool already;
	ssize_t length;
	int fd, code;

	/* What is right already needs no right to write it. */
	if (!sysctl_get(name, &already, error))
		return false;
	if (already == on)
		return true;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return failed(error, "write", path, errno);
	length = write(fd, on ? "1" : "0", 1);
	code = errno;
	close(fd);
	if (length < 0)
		return failed(error, "write", path, code);
	return true;
}
