/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static bool succeeds(const char *command)
{
	g_autofree char *out = NULL, *err = NULL;
	int status;

	return g_spawn_command_line_sync(command, &out, &err, &status, NULL) && g_spawn_check_wait_status(status, NULL);
}

bool netns_isolate(const char **ret_reason)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWNET) < 0) {
		*ret_reason = "needs the right to make namespaces (run as root)";
		return false;
	}
	if (mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0)
		g_error("cannot mount a private /run: %s", g_strerror(errno));
	if (!succeeds("iptables-legacy -t nat -S") || !succeeds("ip6tables-legacy -t nat -S")) {
		*ret_reason = "needs iptables-legacy and a kernel with the legacy tables";
		return false;
	}
	return true;
}

void netns_test_init(int *argc, char ***argv)
{
	const char *reason;

	g_test_init(argc, argv, NULL);
	g_test_set_nonfatal_assertions();
	if (!netns_isolate(&reason)) {
		g_print("1..0 # SKIP %s\n", reason);
		exit(0);
	}
}

int netns_current(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		g_error("/proc/self/ns/net: %s", g_strerror(errno));
	return fd;
}

void netns_enter(int netns)
{
	if (setns(netns, CLONE_NEWNET) < 0)
		g_error("setns: %s", g_strerror(errno));
}

int netns_new(void)
{
	int before = netns_current(), fresh;

	if (unshare(CLONE_NEWNET) < 0)
		g_error("unshare: %s", g_strerror(errno));
	fresh = netns_current();
	netns_enter(before);
	close(before);

	netns_sysctl(fresh, "net/ipv6/conf/default/accept_dad", "0");
	netns_run(fresh, "ip link set lo up");
	return fresh;
}

/* With descriptors left open GLib needs no fork(), which copies all that a test has mapped. Ours close by themselves.
 */
#define SPAWN_FLAGS (G_SPAWN_SEARCH_PATH | G_SPAWN_LEAVE_DESCRIPTORS_OPEN)

static char *run(int netns, const char *command)
{
	g_autofree char *out = NULL, *err = NULL;
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) argv = NULL;
	int before = netns_current(), status = 0;

	if (!g_shell_parse_argv(command, NULL, &argv, &error))
		g_error("%s: %s", command, error->message);
	netns_enter(netns);
	if (!g_spawn_sync(NULL, argv, NULL, SPAWN_FLAGS, NULL, NULL, &out, &err, &status, &error) ||
	    !g_spawn_check_wait_status(status, &error))
		g_error("%s: %s\n%s", command, error->message, err ?: "");
	netns_enter(before);
	close(before);
	return g_steal_pointer(&out);
}

void netns_run(int netns, const char *format, ...)
{
	g_autofree char *command = NULL, *out = NULL;
	va_list args;

	va_start(args, format);
	command = g_strdup_vprintf(format, args);
	va_end(args);
	out = run(netns, command);
}

char *netns_output(int netns, const char *format, ...)
{
	g_autofree char *command = NULL;
	va_list args;

	va_start(args, format);
	command = g_strdup_vprintf(format, args);
	va_end(args);
	return run(netns, command);
}

bool netns_sysctl(int netns, const char *name, const char *value)
{
	g_autofree char *path = g_build_filename("/proc/sys", name, NULL);
	int before = netns_current(), fd;
	bool written;

	netns_enter(netns);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	written = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);
	if (fd >= 0)
		close(fd);
	netns_enter(before);
	close(before);
	return written;
}

char *netns_sysctl_read(int netns, const char *name)
{
	g_autofree char *path = g_build_filename("/proc/sys", name, NULL);
	int before = netns_current();
	char *value = NULL;

	netns_enter(netns);
	g_file_get_contents(path, &value, NULL, NULL);
	netns_enter(before);
	close(before);
	return value;
}

/* What the kernel says there of the calling thread's network; "" when it has no such file. */
static char *read_there(int netns, const char *name)
{
	g_autofree char *path = g_build_filename("/proc/thread-self/net", name, NULL);
	int before = netns_current();
	char *text = NULL;

	netns_enter(netns);
	g_file_get_contents(path, &text, NULL, NULL);
	netns_enter(before);
	close(before);
	return text ?: g_strdup("");
}

#define TENTATIVE 0x40
#define LOCAL_ROUTE 0x80000000

static bool has_local_route(const char *routes, const char *address)
{
	const char *at = routes;
	unsigned flags;

	while ((at = strstr(at, address))) {
		if ((at == routes || at[-1] == '\n') &&
		    sscanf(at + strlen(address), " 80 %*s %*s %*s %*s %*s %*s %x", &flags) == 1 && flags & LOCAL_ROUTE)
			return true;
		at++;
	}
	return false;
}

static bool addresses_are_usable(int netns, const char *interface)
{
	g_autofree char *addresses = read_there(netns, "if_inet6"), *routes = read_there(netns, "ipv6_route");
	g_auto(GStrv) lines = g_strsplit(addresses, "\n", -1);

	for (guint i = 0; lines[i]; i++) {
		char address[33], name[32];
		unsigned flags;

		if (sscanf(lines[i], "%32s %*x %*x %*x %x %31s", address, &flags, name) == 3 &&
		    strcmp(name, interface) == 0 && (flags & TENTATIVE || !has_local_route(routes, address)))
			return false;
	}
	return true;
}

enum { ADDRESSES_MS = 10000 };

void netns_wait_for_addresses(int netns, const char *interface)
{
	/* Once is enough: the kernel may add one of its own at any time, and it cannot be used at first. */
	for (guint i = 0; !addresses_are_usable(netns, interface); i++) {
		if (i == ADDRESSES_MS)
			g_error("%s: an IPv6 address cannot be used", interface);
		g_usleep(G_TIME_SPAN_MILLISECOND);
	}
}
