/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool failed(GError **error, const char *verb, const char *path, int code)
{
	const char *why = "";

	if (code == ENOENT && g_str_has_prefix(path, "/proc/sys/net/bridge/"))
		why = " (the kernel module br_netfilter is not loaded)";
	else if (code == ENOENT && g_str_has_prefix(path, "/proc/sys/net/ipv6/") &&
		 access("/proc/sys/net/ipv6", F_OK) < 0)
		why = " (the host has no IPv6)";
	return netfilter_fail(error, FAILED, "cannot %s %s: %s%s", verb, path, g_strerror(code), why);
}

bool sysctl_read(const char *name, char **ret, GError **error)
{
	g_autofree char *path = g_strconcat("/proc/sys/", name, NULL);
	int fd = open(path, O_RDONLY | O_CLOEXEC), code;
	char text[4096];
	ssize_t length;

	if (fd < 0)
		return failed(error, "read", path, errno);
	/* The kernel writes the whole value into the first read. */
	length = read(fd, text, sizeof(text) - 1);
	code = errno;
	close(fd);
	if (length < 0)
		return failed(error, "read", path, code);
	text[length] = '\0';
	*ret = g_strdup(g_strchomp(text));
	return true;
}

bool sysctl_get(const char *name, bool *ret, GError **error)
{
	g_autofree char *text = NULL;

	if (!sysctl_read(name, &text, error))
		return false;
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
