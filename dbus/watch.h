/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/server.h"

/** What changes without a call: connections that leave, lifetimes that end, firewalld, interfaces. Negative errno. */
int watch_bus(Server *server);
int watch_links(Server *server);

/** A QueueDone for what nobody waits for; userdata is what could not be done, char *. */
void log_failure(void *userdata, const GError *error);
