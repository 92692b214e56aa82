/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"
#include "service/model/address.h"

/** A run of consecutive host ports forwarded to an endpoint's ports. */
typedef struct PortMapping {
	guint8 protocol;       /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
	Address host_address;  /* AF_UNSPEC: any, in every family of the endpoint */
	guint16 host_port;     /* first; 0 in a request: any that is free */
	guint16 endpoint_port; /* first */
	guint16 count;         /* >= 1 */
	guint64 sequence;      /* order of publication */
	guint8 standby;        /* set of 1 << enum family: where an older one of its group serves */
} PortMapping;

#define PORT_MAPPING_STRLEN 96

/** One port of one protocol. */
typedef struct LinkPort {
	guint8 protocol;
	guint16 port;
} LinkPort;

/** A run of host ports of one protocol in one family. */
typedef struct PortRange {
	guint8 protocol; /* IPPROTO_* */
	guint8 family;   /* enum family */
	guint16 first, count;
	Address address;           /* AF_UNSPEC or the unspecified address: any */
	struct Endpoint *endpoint; /* whose they are; borrowed. NULL: an ingress's */
	PortMapping *mapping;      /* which publication of its; borrowed */
} PortRange;

/** Connections to a port of that number here that are forwarded to the same port of an address; or to that itself. */
typedef struct Forward {
	Address to;
	guint8 protocol;
	guint16 port;
	bool direct;
} Forward;

#define PORT_RANGE_STRLEN 80

/** "tcp", "udp", "sctp"; static. */
const char *protocol_to_string(guint8 protocol);

/** IPPROTO_TCP, IPPROTO_UDP or IPPROTO_SCTP; 0 when text is none of "tcp", "udp", "sctp". */
guint8 protocol_from_string(const char *text);

/**
 * Checks a mapping as far as it can be without an endpoint. host_address ""
 * is any; host_port 0 leaves the choice to us. INVALID_ARGS names the value.
 */
bool port_mapping_parse(const char *protocol, const char *host_address, guint16 host_port, guint16 endpoint_port,
			guint16 count, PortMapping *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Whether two mappings are the same publication; their sequence does not matter. */
bool port_mapping_equal(const PortMapping *a, const PortMapping *b);

/** Writes "tcp 192.0.2.1:8080-8089 to 80" for people into a caller's buffer and returns it. */
const char *port_mapping_format(const PortMapping *mapping, char buffer[static PORT_MAPPING_STRLEN]);

/** Checks a protocol and a port that is not 0. INVALID_ARGS names the value. */
bool link_port_parse(const char *protocol, guint16 port, LinkPort *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

bool link_port_equal(const LinkPort *a, const LinkPort *b);

/** Whether one is among others (GArray of LinkPort). */
bool link_port_is_in(const LinkPort *port, const GArray *ports);

/** Writes "tcp port 80 on any IPv4 address" about one port of a range into a caller's buffer and returns it. */
const char *port_range_format(const PortRange *range, guint16 port, char buffer[static PORT_RANGE_STRLEN]);
