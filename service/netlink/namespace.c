/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/netlink/namespace.h"

#include "service/netlink/interface-message.h"
#include "service/netlink/request.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* What may lie before an answer that its owner has not read. */
#define MAX_UNREAD 4096

struct Namespace {
	int socket; /* the caller's too */
	int fd;
	guint32 sequence;
};

/* --- what it is --- */

static bool get_option(int fd, int option, void *ret, socklen_t size)
{
	return getsockopt(fd, SOL_SOCKET, option, ret, &size) >= 0;
}

static bool check_kind(int fd, GError **error)
{
	int domain, protocol;

	return (get_option(fd, SO_DOMAIN, &domain, sizeof domain) && domain == AF_NETLINK &&
		get_option(fd, SO_PROTOCOL, &protocol, sizeof protocol) && protocol == NETLINK_ROUTE) ||
	       netfilter_fail(error, INVALID_ARGS,
			      "NetNS: not a NETLINK_ROUTE socket, opened in the namespace that is meant");
}

static bool check_other(const Netlink *host, int fd, GError **error)
{
	guint64 here, there;

	if (!get_option(nl_socket_get_fd(host->socket), SO_NETNS_COOKIE, &here, sizeof here) ||
	    !get_option(fd, SO_NETNS_COOKIE, &there, sizeof there))
		return netfilter_fail(error, FAILED, "NetNS: the kernel does not tell namespaces apart: %s",
				      g_strerror(errno));
	return here != there ||
	       netfilter_fail(error, INVALID_ARGS, "NetNS: the socket was opened in the host's own namespace");
}

/* --- requests --- */

static NlMsg *message_new(int type, int flags, const void *header, gsize size)
{
	NlMsg *message = nlmsg_alloc_simple(type, flags);

	if (!message || nlmsg_append(message, (void *)header, size, NLMSG_ALIGNTO) < 0)
		g_error("Out of memory");
	return message;
}

static void put_address(NlMsg *message, int attribute, const Address *address)
{
	if (nla_put(message, attribute, family_bits(address_family(address)) / 8, address->bytes) < 0)
		g_error("Out of memory");
}

/* Whether it is among what was read, and what it says: 0 or a negative errno. */
static bool find_answer(const Namespace *namespace, struct nlmsghdr *header, int size, int *ret)
{
	for (; nlmsg_ok(header, size); header = nlmsg_next(header, &size)) {
		if (header->nlmsg_type != NLMSG_ERROR || header->nlmsg_seq != namespace->sequence ||
		    nlmsg_datalen(header) < (int)sizeof(struct nlmsgerr))
			continue;
		*ret = ((const struct nlmsgerr *)nlmsg_data(header))->error;
		return true;
	}
	return false;
}

/* The kernel answers before the request returns; if it is not there, somebody has taken it. */
static int read_answer(const Namespace *namespace)
{
	union {
		struct nlmsghdr header;
		char bytes[4096];
	} buffer;
	int r;

	for (guint i = 0; i < MAX_UNREAD; i++) {
		struct sockaddr_nl sender = {};
		socklen_t length = sizeof sender;
		ssize_t size = recvfrom(namespace->socket, &buffer, sizeof buffer, MSG_DONTWAIT,
					(struct sockaddr *)&sender, &length);

		/* An overrun. */
		if (size < 0 && errno == ENOBUFS)
			continue;
		if (size < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (sender.nl_pid == 0 && find_answer(namespace, &buffer.header, size, &r))
			return r;
	}
	return -ETIMEDOUT;
}

/* An answer that finds no room is lost. */
static void make_room(const Namespace *namespace)
{
	char byte;

	for (guint i = 0; i < MAX_UNREAD; i++)
		if (recv(namespace->socket, &byte, sizeof byte, MSG_DONTWAIT | MSG_TRUNC) < 0 && errno != ENOBUFS)
			return;
}

/* To no address, which is the kernel's: to one, it would not ask whether the opener of the socket may do this, too. */
static int request(Namespace *namespace, NlMsg *message)
{
	struct nlmsghdr *header = nlmsg_hdr(message);
	ssize_t size;

	header->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	header->nlmsg_seq = ++namespace->sequence;
	header->nlmsg_pid = 0;
	make_room(namespace);
	size = send(namespace->socket, header, header->nlmsg_len, MSG_DONTWAIT | MSG_NOSIGNAL);
	nlmsg_free(message);
	return size < 0 ? -errno : read_answer(namespace);
}

/* The namespace and the socket are the caller's, and so is what stands in the way there. */
static bool failed(int r, GError **error, const char *what)
{
	if (r == -ETIMEDOUT)
		return netfilter_fail(error, INVALID_ARGS, "NetNS: cannot %s: the socket does not answer", what);
	if (r == -ENOMEM || r == -ENOBUFS)
		return netfilter_fail(error, NO_MEMORY, "NetNS: cannot %s: %s", what, g_strerror(-r));
	return netfilter_fail(error, INVALID_ARGS, "NetNS: cannot %s: %s", what, g_strerror(-r));
}

/* A change that there is none of: whether it is allowed is asked first, and nobody is kept waiting for the answer. */
#define RTM_SETADDR (RTM_GETADDR + 1)

static bool check_opener(Namespace *namespace, GError **error)
{
	const struct ifaddrmsg header = { .ifa_family = AF_INET };
	int r = request(namespace, message_new(RTM_SETADDR, 0, &header, sizeof header));

	if (r == -EPERM)
		return netfilter_fail(error, ACCESS_DENIED,
				      "NetNS: who opened the socket has no CAP_NET_ADMIN in its namespace");
	return r == -EOPNOTSUPP || failed(r >= 0 ? -EPROTO : r, error, "look at it");
}

/* --- the namespace --- */

Namespace *namespace_new(const Netlink *host, int fd, GError **error)
{
	g_autoptr(Namespace) namespace = NULL;

	if (!check_kind(fd, error) || !check_other(host, fd, error))
		return NULL;
	namespace = g_new(Namespace, 1);
	*namespace = (Namespace){ .socket = fcntl(fd, F_DUPFD_CLOEXEC, 3), .fd = -1, .sequence = g_random_int() };
	if (namespace->socket >= 0)
	namespace->fd = ioctl(namespace->socket, SIOCGSKNS);
	if (namespace->fd < 0) {
		failed(-errno, error, "find the namespace");
		return NULL;
	}
	return check_opener(namespace, error) ? g_steal_pointer(&namespace) : NULL;
}

void namespace_free(Namespace *namespace)
{
	if (!namespace)
		return;
	if (namespace->socket >= 0)
		close(namespace->socket);
	if (namespace->fd >= 0)
		close(namespace->fd);
	g_free(namespace);
}

int namespace_fd(const Namespace *namespace)
{
	return namespace->fd;
}

bool namespace_set_no_link_local(Namespace *namespace, int ifindex, GError **error)
{
	int r = request(namespace, no_link_local_message(ifindex));

	return r >= 0 || r == -EAFNOSUPPORT || failed(r, error, "keep the interface from having a link-local address");
}

bool namespace_set_up(Namespace *namespace, int ifindex, GError **error)
{
	const struct ifinfomsg header = { .ifi_index = ifindex, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	int r = request(namespace, message_new(RTM_SETLINK, 0, &header, sizeof header));

	return r >= 0 || failed(r, error, "set the interface up");
}

bool namespace_add_address(Namespace *namespace, int ifindex, const Prefix *address, GError **error)
{
	const struct ifaddrmsg header = {
		.ifa_family = address->address.family,
		.ifa_prefixlen = address->length,
		.ifa_flags = address->address.family == AF_INET6 ? IFA_F_NODAD : 0,
		.ifa_index = ifindex,
	};
	NlMsg *message = message_new(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header);
	char text[INET6_ADDRSTRLEN + 4];
	g_autofree char *what = g_strdup_printf("add address %s", prefix_format(address, text));
	int r;

	put_address(message, IFA_LOCAL, &address->address);
	put_address(message, IFA_ADDRESS, &address->address);
	r = request(namespace, message);
	if (r == -EACCES)
		return netfilter_fail(error, INVALID_ARGS,
				      "NetNS: cannot %s: IPv6 is switched off there (disable_ipv6)", what);
	return r >= 0 || failed(r, error, what);
}

bool namespace_add_route(Namespace *namespace, int ifindex, const Prefix *destination, const Address *gateway,
			 bool *ret_exists, GError **error)
{
	const struct rtmsg header = {
		.rtm_family = destination->address.family,
		.rtm_dst_len = destination->length,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_BOOT,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};
	NlMsg *message = message_new(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header);
	char text[INET6_ADDRSTRLEN + 4], by[INET6_ADDRSTRLEN];
	g_autofree char *what = g_strdup_printf("add a route to %s by %s", prefix_format(destination, text),
						address_format(gateway, by));
	int r;

	if (destination->length > 0)
		put_address(message, RTA_DST, &destination->address);
	put_address(message, RTA_GATEWAY, gateway);
	if (nla_put_u32(message, RTA_OIF, ifindex) < 0)
		g_error("Out of memory");
	r = request(namespace, message);
	if (ret_exists)
		*ret_exists = r == -EEXIST;
	if (r >= 0 || (ret_exists && *ret_exists))
		return true;
	if (r == -ENETUNREACH || r == -EHOSTUNREACH || r == -EINVAL)
		return netfilter_fail(error, INVALID_ARGS, "Routes: cannot %s: no such gateway is reached by it", what);
	return failed(r, error, what);
}
