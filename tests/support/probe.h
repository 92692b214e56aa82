/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <netinet/in.h>
#include <sys/socket.h>

/*
 * Real TCP, UDP and, as far as raw packets go (sctp.h), SCTP between namespaces. Every socket lives in this process, so
 * a probe needs no helper that could be late: one loop asks and answers.
 *
 * A listener answers a nonce with its name and the address it sees the asker at:
 * "app from 192.0.2.2". What became of a probe is such an answer, or "refused",
 * "reset", "unreachable", or "silence" when nothing came back.
 */

/** An address and port as the kernel takes them; how long that is. */
socklen_t socket_address(const char *text, guint16 port, struct sockaddr_storage *ret);

/** An address as text. */
void address_format(const struct sockaddr_storage *address, char text[static INET6_ADDRSTRLEN]);

/** What an errno of a socket means: "refused", "reset", "unreachable", or as the C library says it. */
const char *outcome_of(int error);

/** A socket there that does not block; protocol "tcp" or "udp". Close it. */
int socket_there(int netns, int family, const char *protocol);

/** Listens on a port there; address NULL: on any, in both families, as always with SCTP. The port must be free. */
void listener_open(int netns, const char *name, const char *protocol, const char *address, guint16 port);

/** Whether an ordinary program could bind that port there now. */
gboolean listener_possible(int netns, const char *protocol, const char *address, guint16 port);

/** Closes every listener of this process. */
void listeners_close(void);

/** From now on UDP hears also of what the kernel does not tell who did not ask: that there is no route. */
void flows_hear_all(void);

/** A connection, or a UDP flow, from there to that address. Close it. */
int flow_open(int netns, const char *protocol, const char *address, guint16 port);

/** The same from a port of the asker's own, which other flows may have as well. */
int flow_open_from(int netns, const char *protocol, guint16 from, const char *address, guint16 port);

/**
 * Asks once over it. What is expected only decides how long to wait: long for an
 * answer, briefly for silence. The string is good until the next call.
 */
const char *flow_ask(int flow, const char *expected);

/** Opens a flow, asks, and closes it; again for a while where an answer is expected and the host is
 * unreachable. */
const char *probe(int netns, const char *protocol, const char *address, guint16 port, const char *expected);

/** A probe among others; result is what became of it, to be freed. */
typedef struct Probe {
	int netns;
	const char *protocol, *address;
	guint16 port;
	const char *expected;
	char *result;
} Probe;

/** Many at the same time, each asked once: silence is then waited for only once. */
void probe_all(Probe *probes, guint n);

#define expect(netns, protocol, address, port, expected) \
	g_assert_cmpstr(probe(netns, protocol, address, port, expected), ==, expected)

#define expect_flow(flow, expected) g_assert_cmpstr(flow_ask(flow, expected), ==, expected)
