/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/network.h"

typedef struct Endpoint Endpoint;

/** A run of consecutive host ports forwarded to an endpoint's ports. */
typedef struct PortMapping {
	guint8 protocol;             /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
	Address host_address; /* AF_UNSPEC: any, in every family of the endpoint */
	guint16 host_port;           /* first */
	guint16 endpoint_port;       /* first */
	guint16 count;               /* >= 1 */
	guint64 sequence;            /* order of publication */
} PortMapping;

typedef struct LinkPort {
	guint8 protocol;
	guint16 port;
} LinkPort;

/** The owning endpoint, the parent, may reach these ports of the child. */
typedef struct Link {
	Endpoint *child; /* borrowed: a link goes with either end */
	GArray *ports;          /* LinkPort */
	guint64 sequence;
} Link;

/** An address on a network: a container, a VM, a namespace. */
struct Endpoint {
	char *name;
	Network *network;               /* borrowed */
	Address addresses[N_FAMILIES]; /* AF_UNSPEC where it has none */
	GPtrArray *ports;                     /* PortMapping, owned, in order of publication */
	GPtrArray *links;                     /* Link, owned */
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

/** Whether a mapping forwards in this family: its host address is of it, or is any and the endpoint has an address there. */
bool port_mapping_in_family(const Endpoint *endpoint, const PortMapping *mapping, enum family family);
