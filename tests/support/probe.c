/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/probe.h"
#include "tests/support/netns.h"
#include "tests/support/sctp.h"
#include "tests/support/served.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Many at once are given up before a kernel of theirs gives up to find a neighbour, which it does after three seconds.
 */
enum { PATIENCE_MS = 6000, PATIENCE_OF_ALL_MS = 2500, DOUBT_MS = 300 };

void listeners_close(void)
{
	served_close();
}

socklen_t socket_address(const char *text, guint16 port, struct sockaddr_storage *ret)
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

void address_format(const struct sockaddr_storage *address, char text[static INET6_ADDRSTRLEN])
{
	const void *bytes = address->ss_family == AF_INET
				    ? (const void *)&((const struct sockaddr_in *)address)->sin_addr
				    : (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr;

	inet_ntop(address->ss_family, bytes, text, INET6_ADDRSTRLEN);
}

/* A socket belongs to the namespace it was made in, wherever its process goes later. */
int socket_there(int netns, int family, const char *protocol)
{
	int before = netns_current(), fd;

	netns_enter(netns);
	fd = socket(family, (strcmp(protocol, "tcp") == 0 ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC,
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
	socklen_t length = socket_address(text, port, &address);
	int fd = socket_there(netns, address.ss_family, protocol);

	if (address.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){ 1 }, sizeof(int));
	if (bind(fd, (struct sockaddr *)&address, length) < 0 || (strcmp(protocol, "tcp") == 0 && listen(fd, 16) < 0)) {
		close(fd);
		return -errno;
	}
	return fd;
}

/* false: the conversation is over. */
static bool serve_talk(int fd, void *userdata)
{
	struct sockaddr_storage peer = {};
	socklen_t length = sizeof peer;
	char nonce[64], text[INET6_ADDRSTRLEN];
	g_autofree char *answer = NULL;
	bool stream;
	ssize_t n;

	n = recvfrom(fd, nonce, sizeof nonce - 1, 0, (struct sockaddr *)&peer, &length);
	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	nonce[n] = '\0';
	stream = length == 0;
	if (stream) { /* it says who it is with only when asked */
		length = sizeof peer;
		getpeername(fd, (struct sockaddr *)&peer, &length);
	}
	address_format(&peer, text);
	answer = g_strdup_printf("%s %s from %s", nonce, (const char *)userdata, text);
	return sendto(fd, answer, strlen(answer), MSG_NOSIGNAL, stream ? NULL : (struct sockaddr *)&peer,
		      stream ? 0 : length) > 0;
}

static bool serve_stream(int fd, void *userdata)
{
	int talk = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (talk >= 0)
		served_add(talk, serve_talk, g_strdup(userdata), g_free);
	return true;
}

void listener_open(int netns, const char *name, const char *protocol, const char *address, guint16 port)
{
	const char *addresses[] = { address ?: "0.0.0.0", address ? NULL : "::" };

	if (strcmp(protocol, "sctp") == 0) {
		sctp_listen(netns, name, port);
		return;
	}
	for (guint i = 0; i < G_N_ELEMENTS(addresses) && addresses[i]; i++) {
		int fd = bind_there(netns, protocol, addresses[i], port);

		if (fd < 0)
			g_error("%s %s:%u: %s", protocol, addresses[i], port, g_strerror(-fd));
		served_add(fd, strcmp(protocol, "tcp") == 0 ? serve_stream : serve_talk, g_strdup(name), g_free);
	}
}

gboolean listener_possible(int netns, const char *protocol, const char *address, guint16 port)
{
	int fd = bind_there(netns, protocol, address, port);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool hears_all;

void flows_hear_all(void)
{
	hears_all = true;
}

static void hear_all(int fd, int family)
{
	bool ipv6 = family == AF_INET6;

	setsockopt(fd, ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ipv6 ? IPV6_RECVERR : IP_RECVERR, &(int){ 1 }, sizeof(int));
}

int flow_open_from(int netns, const char *protocol, guint16 from, const char *text, guint16 port)
{
	struct sockaddr_storage own = {};
	struct sockaddr_storage address;
	socklen_t length = socket_address(text, port, &address);
	int fd;

	if (strcmp(protocol, "sctp") == 0)
		return sctp_flow(netns, from, text, port);
	fd = socket_there(netns, address.ss_family, protocol);
	socket_address(address.ss_family == AF_INET ? "0.0.0.0" : "::", from, &own);
	/* Two UDP sockets with it may be given the same port, and one of them then has the answers of both. */
	if (from != 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	if (hears_all && strcmp(protocol, "udp") == 0)
		hear_all(fd, address.ss_family);
	if (from != 0 && bind(fd, (struct sockaddr *)&own, length) < 0)
		g_error("port %u: %s", from, g_strerror(errno));
	/* What comes of a failure here is found by flow_ask(). */
	if (connect(fd, (struct sockaddr *)&address, length) < 0 && errno != EINPROGRESS)
		g_debug("connect to %s: %s", text, g_strerror(errno));
	return fd;
}

int flow_open(int netns, const char *protocol, const char *address, guint16 port)
{
	return flow_open_from(netns, protocol, 0, address, port);
}

const char *outcome_of(int error)
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

/* A question on its way. */
typedef struct Question {
	char nonce[9];
	char text[128];
	const char *answer; /* NULL: none yet */
} Question;

static gint64 deadline_in(guint ms)
{
	return g_get_monotonic_time() + ms * G_TIME_SPAN_MILLISECOND;
}

static void question_begin(Question *question, struct pollfd *flow, int fd)
{
	*question = (Question){};
	snprintf(question->nonce, sizeof question->nonce, "%08x", g_random_int());
	*flow = (struct pollfd){ .fd = fd, .events = POLLOUT };
}

static void question_send(Question *question, struct pollfd *flow)
{
	int error = pending_error(flow->fd);

	if (!error && send(flow->fd, question->nonce, strlen(question->nonce), MSG_NOSIGNAL) < 0)
		error = errno;
	if (error)
		question->answer = outcome_of(error);
	flow->events = POLLIN;
}

static void question_receive(Question *question, const struct pollfd *flow)
{
	ssize_t n = recv(flow->fd, question->text, sizeof question->text - 1, 0);

	if (n <= 0) {
		question->answer = n < 0 ? outcome_of(errno) : "closed";
		return;
	}
	question->text[n] = '\0';
	/* An answer that came late to the question before is none to this one. */
	if (g_str_has_prefix(question->text, question->nonce))
		question->answer = question->text + strlen(question->nonce) + 1;
}

/* Goes on with what poll() says can go on; whoever has an answer is polled no more. */
static void questions_proceed(Question *questions, struct pollfd *flows, guint n)
{
	for (guint i = 0; i < n; i++) {
		if (flows[i].fd < 0 || !flows[i].revents)
			continue;
		if (flows[i].events == POLLOUT)
			question_send(&questions[i], &flows[i]);
		else
			question_receive(&questions[i], &flows[i]);
		if (questions[i].answer)
			flows[i].fd = -1;
	}
}

static bool is_patient(const char *expected)
{
	return strcmp(expected, "silence") != 0;
}

const char *flow_ask(int flow, const char *expected)
{
	static Question question;
	gint64 deadline = deadline_in(is_patient(expected) ? PATIENCE_MS : DOUBT_MS);
	struct pollfd polled;

	question_begin(&question, &polled, flow);
	while (!question.answer && served_until(&polled, 1, deadline))
		questions_proceed(&question, &polled, 1);
	return question.answer ?: "silence";
}

static const char *probe_once(int netns, const char *protocol, const char *address, guint16 port, const char *expected)
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

static bool is_awaited(const Probe *probes, const Question *questions, guint n)
{
	for (guint i = 0; i < n; i++)
		if (is_patient(probes[i].expected) && !questions[i].answer)
			return true;
	return false;
}

void probe_all(Probe *probes, guint n)
{
	g_autofree Question *questions = g_new0(Question, n);
	g_autofree struct pollfd *flows = g_new0(struct pollfd, n);
	gint64 deadline = deadline_in(PATIENCE_OF_ALL_MS);

	for (guint i = 0; i < n; i++)
		question_begin(&questions[i], &flows[i],
			       flow_open(probes[i].netns, probes[i].protocol, probes[i].address, probes[i].port));
	g_autofree struct pollfd *opened = g_memdup2(flows, n * sizeof *flows);

	while (is_awaited(probes, questions, n) && served_until(flows, n, deadline))
		questions_proceed(questions, flows, n);
	/* What nobody waits for may still come. */
	deadline = deadline_in(DOUBT_MS);
	while (served_until(flows, n, deadline))
		questions_proceed(questions, flows, n);
	for (guint i = 0; i < n; i++) {
		probes[i].result = g_strdup(questions[i].answer ?: "silence");
		close(opened[i].fd);
	}
}
