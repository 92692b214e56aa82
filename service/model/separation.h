/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/endpoint.h"

/** Ports that links still let through, a set that is shared by reference. */
typedef GHashTable LinkWays;

bool link_ways_contain(const LinkWays *ways, const Address *from, const Address *to, guint8 protocol, guint16 port);

/** Addresses that reach each other within a bridge no longer, in either direction, but by links. */
typedef struct Separation {
	Prefix a, b;
	LinkWays *links;
} Separation;

/** A GArray of Separation that shares their links. */
GArray *separations_new(void);

/** A network whose communication went off, whatever its endpoints call themselves: IPv6 needs no address given. */
void separations_add_network(GArray *separations, const Network *network);

/** An endpoint that had a link to another. */
void separations_add_link(GArray *separations, const Endpoint *parent, const Endpoint *child);
