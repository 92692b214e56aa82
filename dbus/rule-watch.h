/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/bus.h"

/** Puts the rules right when somebody else has changed them, where the backend is told of it. */
typedef struct RuleWatch RuleWatch;

/** The context is borrowed. */
RuleWatch *rule_watch_new(const Bus *bus);
void rule_watch_free(RuleWatch *watch); /* NULL is fine */

/** Listens, once changes are possible. Negative errno. */
int rule_watch_start(RuleWatch *watch);
