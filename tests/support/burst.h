/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

/*
 * Users without any right who ask the service for all they can, and what others feel of it. There are network "web" of
 * 10.0.0.0/8, in it endpoints "e0" and on, and "spare" without a port. What fails here ends the program.
 */

typedef struct Burst {
	const char *name;
	void (*run)(void); /* once, from connecting to being gone */
	guint n_users;     /* processes that do it at once */
} Burst;

extern const Burst bursts[];
extern const gsize n_bursts;

#define MAX_BURST_USERS 2
#define BURST_UID 65534

typedef struct Bursting {
	pid_t pids[MAX_BURST_USERS];
} Bursting;

/** A preview of a network of so many endpoints, each with a port of its own; the caller's. */
sd_bus_message *preview_new(sd_bus *bus, guint n_endpoints);

/** They do it over and over until they are stopped. */
Bursting burst_start(const Burst *burst);
void burst_stop(Bursting *bursting);

/** What root waits for meanwhile: arrays of double, ms. */
typedef struct Waits {
	GArray *reads;      /* of a property */
	GArray *changes;    /* Publish and Unpublish */
	GArray *departures; /* from when a connection closes until what it owned is gone */
} Waits;

Waits waits_new(void);
void waits_clear(Waits *waits);

/** Adds n changes, ten times as many reads, and a fifth as many departures. */
void waits_measure(Waits *waits, sd_bus *root, guint n);

/** The value that so many percent are not above. */
double waits_percentile(GArray *waits, guint percent);

/** What a process has in memory, MiB. */
double memory_of(pid_t pid);
