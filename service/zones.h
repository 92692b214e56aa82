/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"

/**
 * Which interfaces we put, or are about to put, into zones of firewalld: written down, so that the next instance takes
 * them out again and touches no others.
 */

/** Names of interfaces (char *) → names of zones (char *); the service's. */
GHashTable *service_zones(const Service *service);

/** An interface is in a zone by us from now on; NULL: in none. */
void service_note_zone(Service *service, const char *interface, const char *zone);

/** Whether there is a firewalld that is told of them. */
void service_set_firewalld_runs(Service *service, bool runs);

/** Somebody wants it to be seen to that interfaces are in the zones of their networks. */
void service_look_at_zones(const Service *service);

/** Appends what is written down of all of them to a batch. */
void service_encode_zones(const Service *service, GByteArray *to);
