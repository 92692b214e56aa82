/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"
#include "service/model/endpoint.h"
#include "service/model/ingress.h"

/** An end of a packet as it is asked about: an address, or an object that has some. */
typedef struct PacketEnd {
	const char *text;         /* NULL: it was not said */
	const Endpoint *endpoint; /* else text is an address */
	const Ingress *ingress;
} PacketEnd;

typedef struct PacketSettings {
	PacketEnd source, destination;
	const char *protocol, *interface; /* NULL: tcp; by the route to the source */
	guint16 port, source_port;        /* 0: none; any */
} PacketSettings;

/** The first packet of a connection. */
typedef struct Packet {
	enum family family;
	guint8 protocol;
	Address source, destination; /* destination AF_UNSPEC: the host's, that the source would call */
	guint16 port, source_port;
	char interface[IFNAMSIZ]; /* by which it comes; "": not said */
} Packet;

/**
 * Where the port of an endpoint is a host port that it publishes, the packet goes to that, at an address of the host;
 * else to the endpoint itself. INVALID_ARGS names the key.
 */
bool packet_read(const PacketSettings *settings, Packet *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
