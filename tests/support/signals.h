/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "tests/support/rig.h"

/*
 * Signals of the service, in order, each as a line:
 *   RulesCommitted (1, 5, 0)
 *   PropertiesChanged /network/web Masquerade=false
 *   InterfacesAdded /network/web org.example.NetFilter.Network
 *   InterfacesRemoved /network/web org.example.NetFilter.Network
 */
typedef struct Signals Signals;

Signals *signals_new(const Rig *rig);
void signals_free(Signals *signals);

/** What has come until now, lines joined by "\n", RulesCommitted left out; what is read is forgotten. */
char *signals_take(Signals *signals);

/** The arguments of each RulesCommitted until now; forgotten likewise. */
typedef struct Commit {
	guint64 generation;
	guint added, removed;
} Commit;
GArray *signals_take_commits(Signals *signals);
