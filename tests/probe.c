/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/probe.h"
#include "tests/netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 2000, DOUBT_MS = 300 };

typedef struct Listener {
	int fd;
	char *name;
	bool accepts; /* a listening TCP socket, rather than one that data comes from */
} Listener;

static GArray *listeners;

static void listener_clear(gpointer data)
{
	Listener *listener = data;

	close(listener->fd);
	g_free(listener->name);
}

static void add_listener(int fd, const char *name, bool accepts)
{
	Listener listener = {.fd = fd, .name = g_strdup(name), .accepts = accepts};

	if (!listeners) {
		listeners = g_array_new(FALSE, FALSE, sizeof(Listener));
		g_array_set_clear_func(listeners, listener_clear);
	}
	g_array_append_val(listeners, listener);
}

void listeners_close(void)
{
	g_clear_pointer(&listeners, g_array_unref);
}

static socklen_t address_parse(const char *text, guint16 port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof *ret);
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		return sizeof *in;
	}
	if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		return sizeof *in6;
	}
	g_error("not an address: %s", text);
}

static void address_format(const struct sockaddr_storage *address, char text[static INET6_ADDRSTRLEN])
{
	const void *bytes = address->ss_family == AF_INET
				    ? (const void *)&((const struct sockaddr_in *)address)->sin_addr
				    : (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr;

	inet_ntop(address->ss_family, bytes, text, INET6_ADDRSTRLEN);
}

/* A socket belongs to the namespace it was made in, wherever its process goes later. */
static int socket_there(int netns, int family, const char *protocol)
{
	int before = netns_current(), fd;

	netns_enter(netns);
	fd = socket(family,
		    (strcmp(protocol, "tcp") == 0 ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC,
		    0);
	if (fd < 0)
		g_error("socket: %s", g_strerror(errno));
	netns_enter(before);
	close(before);
	return fd;
}

static int bind_there(int netns, const char *protocol, const char *text, guint16 port)
{
	struct sockaddr_storage address;
	socklen_t length = address_parse(text, port, &address);
	int fd = socket_there(netns, address.ss_family, protocol);

	if (address.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int));
	if (bind(fd, (struct sockaddr *)&address, length) < 0 ||
	    (strcmp(protocol, "tcp") == 0 && listen(fd, 16) < 0)) {
		close(fd);
		return -errno;
	}
	return fd;
}

void listener_open(int netns, const char *name, const char *protocol, const char *address, guint16 port)
{
	const char *addresses[] = {address ?: "0.0.0.0", address ? NULL : "::"};

	for (guint i = 0; i < G_N_ELEMENTS(addresses) && addresses[i]; i++) {
		int fd = bind_there(netns, protocol, addresses[i], port);

		if (fd < 0)
			g_error("%s %s:%u: %s", protocol, addresses[i], port, g_strerror(-fd));
		add_listener(fd, name, strcmp(protocol, "tcp") == 0);
	}
}

gboolean listener_possible(int netns, const char *protocol, const char *address, guint16 port)
{
	int fd = bind_there(netns, protocol, address, port);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* false: the conversation is over. */
static bool listener_serve(const Listener *listener)
{
	struct sockaddr_storage peer = {};
	socklen_t length = sizeof peer;
	char nonce[64], text[INET6_ADDRSTRLEN];
	g_autofree char *answer = NULL;
	bool stream;
	ssize_t n;

	if (listener->accepts) {
		int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0)
			add_listener(fd, listener->name, false);
		return true;
	}
	n = recvfrom(listener->fd, nonce, sizeof nonce - 1, 0, (struct sockaddr *)&peer, &length);
	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	nonce[n] = '\0';
	stream = length == 0;
	if (stream) { /* it says who it is with only when asked */
		length = sizeof peer;
		getpeername(listener->fd, (struct sockaddr *)&peer, &length);
	}
	address_format(&peer, text);
	answer = g_strdup_printf("%s %s from %s", nonce, listener->name, text);
	return sendto(listener->fd, answer, strlen(answer), MSG_NOSIGNAL,
		      stream ? NULL : (struct sockaddr *)&peer, stream ? 0 : length) > 0;
}

/* Serves whoever speaks up until the flow has something to say, and returns what: 0, in time nothing. */
static short serve_until(int flow, short events, gint64 deadline)
{
	for (;;) {
		gint64 left = deadline - g_get_monotonic_time();
		guint n = listeners ? listeners->len : 0;
		g_autofree struct pollfd *fds = g_new0(struct pollfd, n + 1);

		if (left <= 0)
			return 0;
		for (guint i = 0; i < n; i++)
			fds[i] = (struct pollfd){.fd = g_array_index(listeners, Listener, i).fd,
						 .events = POLLIN};
		fds[n] = (struct pollfd){.fd = flow, .events = events};
		if (poll(fds, n + 1, left / 1000 + 1) < 0 && errno != EINTR)
			g_error("poll: %s", g_strerror(errno));
		for (guint i = n; i-- > 0;) {
			Listener listener = g_array_index(listeners, Listener, i);

			if (fds[i].revents && !listener_serve(&listener))
				g_array_remove_index_fast(listeners, i);
		}
		if (fds[n].revents)
			return fds[n].revents;
	}
}

int flow_open(int netns, const char *protocol, const char *text, guint16 port)
{
	struct sockaddr_storage address;
	socklen_t length = address_parse(text, port, &address);
	int fd = socket_there(netns, address.ss_family, protocol);

	/* What comes of a failure here is found by flow_ask(). */
	if (connect(fd, (struct sockaddr *)&address, length) < 0 && errno != EINPROGRESS)
		g_debug("connect to %s: %s", text, g_strerror(errno));
	return fd;
}

static const char *outcome(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return "refused";
	case ECONNRESET:
	case EPIPE:
		return "reset";
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ENOTCONN:
	case EDESTADDRREQ:
		return "unreachable";
	default:
		return g_strerror(error);
	}
}

static int pending_error(int fd)
{
	int error = 0;
	socklen_t length = sizeof error;

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 ? errno : error;
}

const char *flow_ask(int flow, const char *expected)
{
	static char answer[128];
	bool patient = strcmp(expected, "silence") != 0;
	gint64 deadline =
		g_get_monotonic_time() + (patient ? PATIENCE_MS : DOUBT_MS) * G_TIME_SPAN_MILLISECOND;
	g_autofree char *nonce = g_strdup_printf("%08x", g_random_int());
	int error;
	ssize_t n;

	if (!serve_until(flow, POLLOUT, deadline))
		return "silence";
	error = pending_error(flow);
	if (error)
		return outcome(error);
	if (send(flow, nonce, strlen(nonce), MSG_NOSIGNAL) < 0)
		return outcome(errno);
	do {
		if (!serve_until(flow, POLLIN, deadline))
			return "silence";
		n = recv(flow, answer, sizeof answer - 1, 0);
		if (n < 0)
			return outcome(errno);
		if (n == 0)
			return "closed";
		answer[n] = '\0';
	} while (!g_str_has_prefix(answer, nonce));
	return answer + strlen(nonce) + 1;
}

static const char *probe_once(int netns, const char *protocol, const char *address, guint16 port,
			      const char *expected)
{
	int flow = flow_open(netns, protocol, address, port);
	const char *result = flow_ask(flow, expected);

	close(flow);
	return result;
}

const char *probe(int netns, const char *protocol, const char *address, guint16 port, const char *expected)
{
	const char *result = probe_once(netns, protocol, address, port, expected);

	/* A new IPv6 address has no route for a moment: the kernel adds it from a work queue. */
	for (guint i = 0; i < 20 && strcmp(result, "unreachable") == 0 && strstr(expected, " from "); i++) {
		g_usleep(100000);
		result = probe_once(netns, protocol, address, port, expected);
	}
	return result;
}
