/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"
#include <systemd/sd-bus.h>

/** The service on the bus, from when it asks for its name until it has nothing to do any more. */
typedef struct Server Server;

/** What the event loop ends with when something is left to be looked after: the next instance is to come at once. */
#define EXIT_AGAIN 75

/** Refers to event and connection; the service is borrowed. NULL when out of memory. */
Server *server_new(Service *service, sd_event *event, sd_bus *connection);

/**
 * Puts everything on the bus and queues the start of the service. Once the rules are there we ask for the name, and
 * with it systemd is told that we are ready. The event loop ends with -EEXIST when another keeps the name. Negative
 * errno: the bus is not to be had.
 */
int server_start(Server *server);

/** Tells systemd that we stop, and ends the event loop once everything is answered and, if nothing is held, the chains
 * are gone. */
void server_exit(Server *server);

void server_free(Server *server); /* NULL is fine; closes the connection */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Server, server_free)
