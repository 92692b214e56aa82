/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "tests/support/rig.h"

/** Where the service's log goes, from its start on, by BusTest.before: the service inherits where complaints go. */
#define LOG "/run/netfilterd.log"
void catch_log(const Rig *rig);

/** All of it so far. The caller's. */
char *read_log(void);

/** Fails the test where a sentence is not in it before long. */
void wait_for(const char *sentence);
