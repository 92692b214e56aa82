/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"
#include "service/model/network.h"

typedef struct Endpoint Endpoint;

/** A run of consecutive host ports forwarded to an endpoint's ports. */
typedef struct PortMapping {
	guint8 protocol;       /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
	Address host_address;  /* AF_UNSPEC: any, in every family of the endpoint */
	guint16 host_port;     /* first */
	guint16 endpoint_port; /* first */
	guint16 count;         /* >= 1 */
	guint64 sequence;      /* order of publication */
} PortMapping;

#define PORT_MAPPING_STRLEN 96

/** One port of one protocol. */
typedef struct LinkPort {
	guint8 protocol;
	guint16 port;
} LinkPort;

/** The owning endpoint, the parent, may reach these ports of the child. */
typedef struct Link {
	Endpoint *child; /* borrowed: a link goes with either end */
	GArray *ports;   /* LinkPort */
	guint64 sequence;
} Link;

/** An address on a network: a container, a VM, a namespace. */
struct Endpoint {
	char *name;
	Network *network;              /* borrowed */
	Address addresses[N_FAMILIES]; /* AF_UNSPEC where it has none */
	GPtrArray *ports;              /* PortMapping, owned, in order of publication */
	GPtrArray *links;              /* Link, owned */
	GPtrArray *parents;            /* Endpoint, borrowed: who links to this one */
	Lifetime lifetime;
};

Endpoint *endpoint_new(Network *network, const char *name);
void endpoint_free(Endpoint *endpoint); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Endpoint, endpoint_free)

Link *link_new(Endpoint *child);
void link_free(Link *link); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Link, link_free)

/** "tcp", "udp", "sctp"; static. */
const char *protocol_to_string(guint8 protocol);

/** IPPROTO_TCP, IPPROTO_UDP or IPPROTO_SCTP; 0 when text is none of "tcp", "udp", "sctp". */
guint8 protocol_from_string(const char *text);

/**
 * Checks a mapping as far as it can be without an endpoint. host_address ""
 * is any; host_port 0 leaves the choice to us. INVALID_ARGS names the value.
 */
bool port_mapping_parse(const char *protocol, const char *host_address, guint16 host_port, guint16 endpoint_port,
			guint16 count, PortMapping *ret, GError **error);

/** Whether two mappings are the same publication; their sequence does not matter. */
bool port_mapping_equal(const PortMapping *a, const PortMapping *b);

/** Writes "tcp 192.0.2.1:8080-8089 to 80" for people into a caller's buffer and returns it. */
const char *port_mapping_format(const PortMapping *mapping, char buffer[static PORT_MAPPING_STRLEN]);

/** Checks a protocol and a port that is not 0. INVALID_ARGS names the value. */
bool link_port_parse(const char *protocol, guint16 port, LinkPort *ret, GError **error);

/** Whether a mapping forwards in this family: its host address is of it, or is any and the endpoint has an address
 * there. */
bool port_mapping_in_family(const Endpoint *endpoint, const PortMapping *mapping, enum family family);
