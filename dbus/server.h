/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/names.h"
#include "service/host/sweeper.h"
#include "service/queue.h"
#include "policy/policy.h"
#include "service/service.h"

typedef struct Server Server;

/** What a handler or getter below NETWORK_PATH or INGRESS_PATH gets: the object its path was found to name just now. */
typedef struct Found {
	Server *server;
	enum object_kind kind;
	const struct Method *methods; /* what its interface changes */
	void *object;                 /* NULL only for a method call that waits for the object to be created */
} Found;

/** The service as the bus sees it. */
struct Server {
	sd_event *event;
	sd_bus *bus;
	Manager *manager;
	Policy *policy;
	Queue *queue;
	LinkMonitor *monitor;
	GHashTable *calls;            /* set of Call that are not answered yet */
	GPtrArray *signals;           /* what to announce, in order */
	GHashTable *announced;        /* set of what is in signals, for coalescing */
	bool stopping;                /* the name is given up; the end comes with the last answer */
	bool hairpin;                 /* as last announced */
	guint64 generation;           /* likewise */
	char **alive;                 /* the names on the bus when we started */
	sd_event_source *idle_source; /* armed while nothing is held */
	Sweeper *sweeper;             /* of bridges */
	Found found[3];               /* by enum object_kind */
};

/**
 * Puts everything on the bus and queues the start of the manager. Returns a
 * negative errno when the bus or the name is not to be had.
 */
int server_start(Server *server, Manager *manager, sd_event *event, sd_bus *bus);

/** Called whenever something was worked off: ends the service IdleExitSec= after it holds nothing. */
void server_check_idle(Server *server);

/** Ends the event loop once everything is answered and, if nothing is held, the chains are gone. */
void server_exit(Server *server);

/** Releases all but the manager. */
void server_stop(Server *server);

/** Some lifetime has ended: its object goes with the next commit. */
void server_end_lifetimes(Server *server);

/** The vtables of the four interfaces, one file each; negative errno. */
int manager_interface_add(Server *server);
int network_interface_add(Server *server);
int endpoint_interface_add(Server *server);
int ingress_interface_add(Server *server);
