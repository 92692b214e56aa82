/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/sctp.h"

#include "tests/support/netns.h"
#include "tests/support/probe.h"
#include "tests/support/served.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* RFC 9260, 3.2 and 3.3. */
enum { INIT = 1, INIT_ACK = 2, ABORT = 6, COOKIE_ECHO = 10, COOKIE_ACK = 11, STATE_COOKIE = 7 };
enum {
	COMMON = 12,
	CHUNK = 4,
	INITIATION = 16,
	COOKIE_MAX = 120,
	TAG_DIGITS = 8,
	FIRST_OWN_PORT = 20000,
	OWN_PORTS = 10000
};

/* All that a namespace receives of one family. */
typedef struct Stack {
	ino_t netns;
	int family, fd;
	GHashTable *names; /* port → who listens there */
} Stack;

typedef struct Flow {
	int fd; /* where it is asked */
	Stack *stack;
	struct sockaddr_storage to; /* without a port, as raw sockets want it */
	socklen_t length;
	guint16 from, port;
	guint32 tag;  /* of the nonce that is asked with */
	char *cookie; /* that was brought last, or NULL */
} Flow;

/* A packet, what it comes from and where it was sent to. */
typedef struct Packet {
	guint8 bytes[COMMON + CHUNK + INITIATION + CHUNK + COOKIE_MAX];
	gsize length;
	struct sockaddr_storage from, to;
	socklen_t address_length;
} Packet;

static GPtrArray *stacks, *flows;

/* --- packets --- */

static guint32 read32(const guint8 *bytes)
{
	return (guint32)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
}

static guint16 read16(const guint8 *bytes)
{
	return bytes[0] << 8 | bytes[1];
}

static void write32(guint8 *bytes, guint32 value)
{
	value = htonl(value);
	memcpy(bytes, &value, sizeof value);
}

static void write16(guint8 *bytes, guint16 value)
{
	value = htons(value);
	memcpy(bytes, &value, sizeof value);
}

/* CRC32c, in the order of bytes that RFC 9260, appendix A, has it in. */
static guint32 checksum(const guint8 *bytes, gsize length)
{
	guint32 crc = ~0u;

	for (gsize i = 0; i < length; i++) {
		crc ^= bytes[i];
		for (guint bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return GUINT32_TO_LE(~crc);
}

/* A chunk with a cookie or none; INIT and its answer have a tag of who sends them. */
static void write_packet(Packet *packet, guint16 from, guint16 to, guint32 verification, guint8 type, guint32 tag,
			 const char *cookie)
{
	guint8 *chunk = packet->bytes + COMMON, *at = chunk + CHUNK;
	gsize length = strnlen(cookie, COOKIE_MAX - 4);
	guint32 sum;

	memset(packet->bytes, 0, sizeof packet->bytes);
	write16(packet->bytes, from);
	write16(packet->bytes + 2, to);
	write32(packet->bytes + 4, verification);
	chunk[0] = type;
	if (type == INIT || type == INIT_ACK) {
		write32(at, tag);
		write32(at + 4, 65536);
		write16(at + 8, 1);
		write16(at + 10, 1);
		write32(at + 12, 1);
		at += INITIATION;
	}
	if (type == INIT_ACK) {
		write16(at, STATE_COOKIE);
		write16(at + 2, CHUNK + length);
		at += CHUNK;
	}
	memcpy(at, cookie, length);
	at += length;
	write16(chunk + 2, at - chunk);
	packet->length = (at - packet->bytes + 3) & ~3u;
	sum = checksum(packet->bytes, packet->length);
	memcpy(packet->bytes + 8, &sum, sizeof sum);
}

static guint8 type_of(const Packet *packet)
{
	return packet->bytes[COMMON];
}

/* The cookie of an INIT ACK or COOKIE ECHO; the caller's. */
static char *read_cookie(const Packet *packet)
{
	const guint8 *chunk = packet->bytes + COMMON;
	gsize end = MIN(COMMON + (gsize)read16(chunk + 2), packet->length);
	gsize begin = COMMON + CHUNK + (type_of(packet) == INIT_ACK ? INITIATION + CHUNK : 0);

	return g_strndup((const char *)packet->bytes + begin, end > begin ? end - begin : 0);
}

/* --- raw sockets --- */

static bool is_ipv6(const Stack *stack)
{
	return stack->family == AF_INET6;
}

/* An error that waits would fail whoever sends next. */
static void clear_error(int fd)
{
	int error;
	socklen_t length = sizeof error;

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
}

/* From an address, or, NULL, the one that the kernel takes; 0 or an errno. */
static int send_packet(const Stack *stack, const Packet *packet, const struct sockaddr_storage *to, socklen_t length,
		       const struct sockaddr_storage *from)
{
	struct iovec data = { (void *)packet->bytes, packet->length };
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control = {};
	struct msghdr message = { .msg_name = (void *)to, .msg_namelen = length, .msg_iov = &data, .msg_iovlen = 1 };
	struct in_pktinfo info = {};
	struct in6_pktinfo info6 = {};
	gsize size = is_ipv6(stack) ? sizeof info6 : sizeof info;

	if (from) {
		info.ipi_spec_dst = ((const struct sockaddr_in *)from)->sin_addr;
		info6.ipi6_addr = ((const struct sockaddr_in6 *)from)->sin6_addr;
		control.header.cmsg_level = is_ipv6(stack) ? IPPROTO_IPV6 : IPPROTO_IP;
		control.header.cmsg_type = is_ipv6(stack) ? IPV6_PKTINFO : IP_PKTINFO;
		control.header.cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(&control.header), is_ipv6(stack) ? (void *)&info6 : (void *)&info, size);
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(size);
	}
	clear_error(stack->fd);
	return sendmsg(stack->fd, &message, 0) < 0 ? errno : 0;
}

/* The address a packet was sent to: of IPv4 in its header, of IPv6 beside it. */
static bool receive_packet(const Stack *stack, Packet *packet)
{
	guint8 bytes[512];
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control = {};
	struct iovec data = { bytes, sizeof bytes };
	struct msghdr message = { .msg_name = &packet->from,
				  .msg_namelen = sizeof packet->from,
				  .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof control };
	gssize n = recvmsg(stack->fd, &message, 0);
	gsize header = is_ipv6(stack) || n < 20 ? 0 : (bytes[0] & 0xf) * 4;
	struct cmsghdr *beside = n < 0 ? NULL : CMSG_FIRSTHDR(&message);
	struct in6_pktinfo info6 = {};

	if (n < (gssize)header + COMMON + CHUNK)
		return false;
	packet->address_length = message.msg_namelen;
	packet->to = (struct sockaddr_storage){ .ss_family = stack->family };
	if (!is_ipv6(stack)) {
		memcpy(&((struct sockaddr_in *)&packet->to)->sin_addr, bytes + 16, 4);
	} else if (beside) {
		memcpy(&info6, CMSG_DATA(beside), sizeof info6);
		((struct sockaddr_in6 *)&packet->to)->sin6_addr = info6.ipi6_addr;
	}
	if (is_ipv6(stack))
		((struct sockaddr_in6 *)&packet->from)->sin6_port = 0;
	packet->length = MIN((gsize)n - header, sizeof packet->bytes);
	memcpy(packet->bytes, bytes + header, packet->length);
	return true;
}

/* --- who asks --- */

static void answer(const Flow *flow, const char *text)
{
	g_autofree char *said = g_strdup_printf("%0*x %s", TAG_DIGITS, flow->tag, text);

	(void)!send(flow->fd, said, strlen(said), MSG_NOSIGNAL);
}

/* That has this port. */
static Flow *find_flow(const Stack *stack, guint16 port)
{
	for (guint i = 0; i < flows->len; i++) {
		Flow *flow = flows->pdata[i];

		if (flow->stack == stack && flow->from == port)
			return flow;
	}
	return NULL;
}

static void send_of(const Flow *flow, const Packet *packet)
{
	int error = send_packet(flow->stack, packet, &flow->to, flow->length, NULL);

	if (error)
		answer(flow, outcome_of(error));
}

/* What comes back of an association that it began. */
static void proceed(Flow *flow, const Packet *packet)
{
	Packet echo;

	switch (type_of(packet)) {
	case INIT_ACK:
		g_free(flow->cookie);
		flow->cookie = read_cookie(packet);
		write_packet(&echo, flow->from, flow->port, read32(packet->bytes + COMMON + CHUNK), COOKIE_ECHO, 0,
			     flow->cookie);
		send_of(flow, &echo);
		break;
	case COOKIE_ACK:
		if (flow->cookie && strlen(flow->cookie) > TAG_DIGITS)
			answer(flow, flow->cookie + TAG_DIGITS + 1);
		break;
	default:
		answer(flow, "refused");
		break;
	}
}

/* A nonce is the tag of who begins. */
static bool serve_flow(int fd, void *userdata)
{
	Flow *flow = userdata;
	char nonce[TAG_DIGITS + 1] = "";
	Packet packet;

	if (recv(fd, nonce, TAG_DIGITS, 0) <= 0)
		return false;
	flow->tag = g_ascii_strtoull(nonce, NULL, 16);
	write_packet(&packet, flow->from, flow->port, 0, INIT, flow->tag, "");
	send_of(flow, &packet);
	return true;
}

static void flow_free(gpointer data)
{
	Flow *flow = data;

	g_ptr_array_remove_fast(flows, flow);
	g_free(flow->cookie);
	g_free(flow);
}

/* --- who is asked --- */

static void reply(const Stack *stack, const Packet *packet, guint32 verification, guint8 type, const char *cookie)
{
	Packet back;

	write_packet(&back, read16(packet->bytes + 2), read16(packet->bytes), verification, type, ~verification,
		     cookie);
	send_packet(stack, &back, &packet->from, packet->address_length, &packet->to);
}

/* All that is remembered of an asker is in the cookie: its tag, and what it is to be told. */
static void reply_to_init(const Stack *stack, const Packet *packet)
{
	const char *name = g_hash_table_lookup(stack->names, GUINT_TO_POINTER(read16(packet->bytes + 2)));
	guint32 tag = read32(packet->bytes + COMMON + CHUNK);
	g_autofree char *cookie = NULL;
	char peer[INET6_ADDRSTRLEN];

	address_format(&packet->from, peer);
	cookie = g_strdup_printf("%0*x %s from %s", TAG_DIGITS, tag, name ?: "", peer);
	reply(stack, packet, tag, name ? INIT_ACK : ABORT, name ? cookie : "");
}

static void serve_packet(const Stack *stack, const Packet *packet)
{
	g_autofree char *cookie = NULL;
	Flow *flow;

	switch (type_of(packet)) {
	case INIT:
		reply_to_init(stack, packet);
		break;
	case COOKIE_ECHO:
		cookie = read_cookie(packet);
		reply(stack, packet, g_ascii_strtoull(cookie, NULL, 16), COOKIE_ACK, "");
		break;
	case INIT_ACK:
	case COOKIE_ACK:
	case ABORT:
		flow = find_flow(stack, read16(packet->bytes + 2));
		if (flow && flow->tag == read32(packet->bytes + 4))
			proceed(flow, packet);
		break;
	default:
		break;
	}
}

/* What the kernel says of a packet, with that: ports stand at its beginning. */
static bool serve_error(const Stack *stack)
{
	guint8 bytes[COMMON];
	union {
		struct cmsghdr header;
		char bytes[256];
	} control = {};
	struct iovec data = { bytes, sizeof bytes };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};
	struct sock_extended_err error = {};
	Flow *flow;

	if (recvmsg(stack->fd, &message, MSG_ERRQUEUE) < 4)
		return false;
	for (struct cmsghdr *beside = CMSG_FIRSTHDR(&message); beside; beside = CMSG_NXTHDR(&message, beside))
		if (beside->cmsg_type == (is_ipv6(stack) ? IPV6_RECVERR : IP_RECVERR))
			memcpy(&error, CMSG_DATA(beside), sizeof error);
	flow = find_flow(stack, read16(bytes));
	if (flow && error.ee_errno)
		answer(flow, outcome_of(error.ee_errno));
	return true;
}

static bool serve_stack(int fd, void *userdata)
{
	Packet packet;

	while (serve_error(userdata))
		;
	clear_error(fd);
	while (receive_packet(userdata, &packet))
		serve_packet(userdata, &packet);
	return true;
}

static void stack_free(gpointer data)
{
	Stack *stack = data;

	g_ptr_array_remove_fast(stacks, stack);
	g_hash_table_unref(stack->names);
	g_free(stack);
}

static int open_raw(int netns, int family)
{
	int before = netns_current(), fd;
	bool ipv6 = family == AF_INET6;

	netns_enter(netns);
	fd = socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_SCTP);
	netns_enter(before);
	close(before);
	if (fd < 0)
		g_error("socket: %s", g_strerror(errno));
	setsockopt(fd, ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ipv6 ? IPV6_RECVERR : IP_RECVERR, &(int){ 1 }, sizeof(int));
	if (ipv6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &(int){ 1 }, sizeof(int));
	return fd;
}

static Stack *stack_there(int netns, int family)
{
	struct stat status;
	Stack *stack;

	if (!stacks) {
		stacks = g_ptr_array_new();
		flows = g_ptr_array_new();
	}
	g_assert_no_errno(fstat(netns, &status));
	for (guint i = 0; i < stacks->len; i++) {
		stack = stacks->pdata[i];
		if (stack->netns == status.st_ino && stack->family == family)
			return stack;
	}
	stack = g_new(Stack, 1);
	*stack = (Stack){ status.st_ino, family, open_raw(netns, family),
			  g_hash_table_new_full(NULL, NULL, NULL, g_free) };
	g_ptr_array_add(stacks, stack);
	served_add(stack->fd, serve_stack, stack, stack_free);
	return stack;
}

void sctp_listen(int netns, const char *name, guint16 port)
{
	static const int families[] = { AF_INET, AF_INET6 };

	for (guint i = 0; i < G_N_ELEMENTS(families); i++)
		g_hash_table_insert(stack_there(netns, families[i])->names, GUINT_TO_POINTER(port), g_strdup(name));
}

int sctp_flow(int netns, guint16 from, const char *address, guint16 port)
{
	static guint16 own_port;
	Flow *flow = g_new0(Flow, 1);
	int fds[2];

	g_assert_no_errno(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds));
	flow->fd = fds[1];
	flow->length = socket_address(address, 0, &flow->to);
	flow->from = from ?: FIRST_OWN_PORT + own_port++ % OWN_PORTS;
	flow->port = port;
	flow->stack = stack_there(netns, flow->to.ss_family);
	g_ptr_array_add(flows, flow);
	served_add(flow->fd, serve_flow, flow, flow_free);
	return fds[0];
}

bool sctp_possible(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP);

	if (fd >= 0)
		close(fd);
	return fd < 0;
}
