/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/bus.h"

/**
 * The bridges of networks in the zones of firewalld, while it runs: it is told of each, again when it has forgotten,
 * and of each that goes. One question is open at a time, none is waited for, and it is never started for this.
 */
typedef struct Zones Zones;

/** The context is borrowed; done is told when nothing is left to say. NULL: out of memory. */
Zones *zones_new(const Bus *bus, void (*done)(void *userdata), void *userdata);
void zones_free(Zones *zones); /* NULL is fine; what is in a zone stays there */

/** Listens for firewalld, and tells it of the networks that there are. Negative errno. */
int zones_start(Zones *zones);

/** A network came, or goes: it is not looked into later. */
void zones_network_added(Zones *zones, const Network *network);
void zones_network_removed(Zones *zones, const Network *network);

/** Tells it of everything again, since somebody may have undone it. */
void zones_look(Zones *zones);

/** Whether there is something left to say, to a firewalld that answers. */
bool zones_are_busy(const Zones *zones);

/**
 * Takes out of their zones what the service put there, where it serves nothing any more, and waits for the answers.
 * Without a bus, or without a firewalld that answers, it stays until firewalld is reloaded.
 */
void zones_clear(Service *service, sd_event *event);
