/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/container.h"

#include "tests/support/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int open_socket(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
}

int container_socket(int netns)
{
	int before = netns_current(), fd;

	netns_enter(netns);
	fd = open_socket();
	netns_enter(before);
	close(before);
	if (fd < 0)
		g_error("socket: %s", g_strerror(errno));
	return fd;
}

static void send_descriptor(int to, int fd)
{
	char control[CMSG_SPACE(sizeof fd)] = {}, byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(header), &fd, sizeof fd);
	if (sendmsg(to, &message, 0) < 0)
		_exit(1);
}

static int receive_descriptor(int from)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec data = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
	};
	const struct cmsghdr *header;
	int fd;

	if (recvmsg(from, &message, MSG_CMSG_CLOEXEC) <= 0 || !(header = CMSG_FIRSTHDR(&message)))
		g_error("the container did not come up");
	memcpy(&fd, CMSG_DATA(header), sizeof fd);
	return fd;
}

static G_NORETURN void run(int to, uid_t uid)
{
	int flags = CLONE_NEWNET | (uid != 0 ? CLONE_NEWUSER : 0), fd;

	/* Of what the test has open nothing is to live on here. */
	to = dup2(to, 3);
	close_range(4, ~0u, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if ((uid != 0 && (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)) || unshare(flags) < 0)
		_exit(1);
	fd = open_socket();
	send_descriptor(to, fd);
	close(fd);
	close(to);
	for (;;)
		pause();
}

void container_start(Container *container, uid_t uid)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		g_error("socketpair: %s", g_strerror(errno));
	container->pid = fork();
	if (container->pid == 0)
		run(ends[1], uid);
	close(ends[1]);
	container->socket = receive_descriptor(ends[0]);
	close(ends[0]);
}

int container_netns(const Container *container)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/ns/net", container->pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		g_error("%s: %s", path, g_strerror(errno));
	return fd;
}

void container_close_socket(Container *container)
{
	if (container->socket >= 0)
		close(container->socket);
	container->socket = -1;
}

void container_kill(Container *container)
{
	kill(container->pid, SIGKILL);
	waitpid(container->pid, NULL, 0);
	container_close_socket(container);
}
