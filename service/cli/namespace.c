/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cli/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		r = -errno;
	close(fd);
	return r;
}

static int map_ids(uid_t uid, gid_t gid)
{
	char map[32];
	int r;

	r = write_file("/proc/self/setgroups", "deny");
	if (r < 0)
		return r;
	snprintf(map, sizeof map, "%u %u 1", uid, uid);
	r = write_file("/proc/self/uid_map", map);
	if (r < 0)
		return r;
	snprintf(map, sizeof map, "%u %u 1", gid, gid);
	return write_file("/proc/self/gid_map", map);
}

static int unshare_network(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWNET) == 0)
		return 0;
	if (errno != EPERM || unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return -errno;
	return map_ids(uid, gid);
}

static int loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		r = -errno;
	close(fd);
	return r;
}

static int open_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd < 0 ? -errno : fd;
}

int namespace_new(void)
{
	int r = unshare_network();

	if (r >= 0)
		r = loopback_up();
	return r < 0 ? r : open_socket();
}

/* A message of a byte, with room for a descriptor. */
typedef struct Parcel {
	char byte;
	struct iovec vector;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct msghdr message;
} Parcel;

static struct msghdr *wrap(Parcel *parcel)
{
	memset(parcel, 0, sizeof *parcel);
	parcel->vector = (struct iovec){ &parcel->byte, 1 };
	parcel->message = (struct msghdr){
		.msg_iov = &parcel->vector,
		.msg_iovlen = 1,
		.msg_control = parcel->control,
		.msg_controllen = sizeof parcel->control,
	};
	return &parcel->message;
}

int descriptor_send(int socket, int fd)
{
	Parcel parcel;
	struct msghdr *message = wrap(&parcel);
	struct cmsghdr *header = CMSG_FIRSTHDR(message);

	*header = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(sizeof fd),
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
	};
	memcpy(CMSG_DATA(header), &fd, sizeof fd);
	return sendmsg(socket, message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int descriptor_receive(int socket)
{
	Parcel parcel;
	struct msghdr *message = wrap(&parcel);
	const struct cmsghdr *header;
	ssize_t n = recvmsg(socket, message, MSG_CMSG_CLOEXEC);
	int fd;

	if (n < 0)
		return -errno;
	header = CMSG_FIRSTHDR(message);
	if (n == 0 || !header || header->cmsg_type != SCM_RIGHTS)
		return -EPIPE;
	memcpy(&fd, CMSG_DATA(header), sizeof fd);
	return fd;
}

/* --- those of others --- */

static char *namespace_path(const char *text)
{
	if (*text && strspn(text, "0123456789") == strlen(text))
		return g_strdup_printf("/proc/%s/ns/net", text);
	return strchr(text, '/') ? g_strdup(text) : g_strconcat("/run/netns/", text, NULL);
}

/* By way of the user namespace that it belongs to, where that is what the caller has a right to. */
static int enter(int namespace)
{
	int user;

	if (setns(namespace, CLONE_NEWNET) == 0)
		return 0;
	if (errno != EPERM)
		return -errno;
	user = ioctl(namespace, NS_GET_USERNS);
	if (user < 0 || setns(user, CLONE_NEWUSER) < 0) /* not below the caller's own */
		return -EPERM;
	return setns(namespace, CLONE_NEWNET) < 0 ? -errno : 0;
}

/* In a process of its own, whose exit status is an errno. */
static G_GNUC_NORETURN void send_socket(int namespace, int to)
{
	int r = enter(namespace);

	if (r >= 0)
		r = open_socket();
	if (r >= 0)
		r = descriptor_send(to, r);
	_exit(-r);
}

static int receive_from(pid_t process, int from)
{
	int fd = process < 0 ? -errno : descriptor_receive(from), status;

	if (process >= 0 && waitpid(process, &status, 0) == process && fd < 0 && WIFEXITED(status) &&
	    WEXITSTATUS(status) != 0)
		fd = -WEXITSTATUS(status);
	return fd;
}

int namespace_socket(const char *text)
{
	g_autofree char *path = namespace_path(text);
	int namespace = open(path, O_RDONLY | O_CLOEXEC), sockets[2], fd;
	pid_t process;

	if (namespace < 0)
		return -errno;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0) {
		fd = -errno;
		close(namespace);
		return fd;
	}
	fflush(stdout);
	process = fork();
	if (process == 0) {
		close(sockets[0]);
		send_socket(namespace, sockets[1]);
	}
	close(sockets[1]);
	close(namespace);
	fd = receive_from(process, sockets[0]);
	close(sockets[0]);
	return fd;
}
