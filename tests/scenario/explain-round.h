/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "tests/support/world.h"

#include <netinet/in.h>

/* A random configuration, and who is in it: all of it follows from a seed. */

enum { N_NETWORKS = 3, ENDPOINTS = 2, MAX_PARTIES = 3 + N_NETWORKS * ENDPOINTS };
enum { HOST, OUTSIDE, ELSEWHERE, N_MACHINES };

/** On which endpoints listen: the first, and those behind it. */
enum { FIRST_ENDPOINT_PORT = 80, N_ENDPOINT_PORTS = 3 };
enum { PROGRAM_PORT = 7000, NOBODYS_PORT = 6999, INGRESS_PORT = 9000, FIRST_HOST_PORT = 8000 };

/** Somebody who sends and answers. */
typedef struct Party {
	char name[32];
	int netns;
	char addresses[2][INET6_ADDRSTRLEN]; /* by family; "": none */
	guint network;                       /* N_NETWORKS: none */
} Party;

/** What was chosen, and what is chosen with. */
typedef struct Round {
	World *world;
	GRand *random;
	guint32 seed;
	GString *log;
	struct {
		bool internal, communication, has[2];
		const char *modes[2];
	} networks[N_NETWORKS];
	guint n_networks;
	Party parties[MAX_PARTIES];
	guint n_parties;
	GArray *host_ports; /* guint16: published */
} Round;

/** The host's own. The last is loopback's, and of IPv6 one is there twice. */
#define N_HOST_ADDRESSES 4
extern const char *const host_addresses[N_HOST_ADDRESSES][2];

/** A number from 0. */
guint below(Round *round, guint n);
bool one_in(Round *round, guint n);

/** "tcp", "udp" or, where it can be asked for, "sctp". */
const char *random_protocol(Round *round);

/** Makes it in its world. */
void round_build(Round *round);

/** Adds a line to its log. */
void say(Round *round, const char *format, ...) G_GNUC_PRINTF(2, 3);
