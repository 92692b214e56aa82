/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <sys/socket.h>

/** The port of some of the flows. */
#define CONNECTIONS_PORT 5300

/**
 * Writes into the kernel's table what others may have there: so many UDP flows through the host to servers elsewhere,
 * every same_port-th of them to CONNECTIONS_PORT.
 */
void connections_fill(guint count, sa_family_t family, guint same_port);
