/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

/** Segments of TCP that no socket sends, as middle boxes and late retransmissions bring them about. */

typedef union SocketAddress {
	struct sockaddr any;
	struct sockaddr_storage storage;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
} SocketAddress;

SocketAddress segment_address(const char *text, guint16 port);

/** A connection as its client's socket has it. */
typedef struct Connection {
	SocketAddress client, server;
	guint32 sent, received; /* the next sequence numbers */
} Connection;

Connection segment_connection(int flow);

/** Sends one from there, with an acknowledgement. */
void segment_inject(int netns, SocketAddress from, SocketAddress to, guint32 number, guint32 acknowledged, bool fin);
