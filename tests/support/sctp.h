/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * SCTP for probes, by raw packets: a kernel that tracks its connections need not
 * have its sockets. An association is set up (INIT, INIT ACK, COOKIE ECHO,
 * COOKIE ACK) and no more. To ports that nobody listens on it says ABORT, in
 * every namespace in which something of here was opened.
 */

/** Whether it can be told apart from the kernel's own: false where that has one. */
bool sctp_possible(void);

/** Listens on a port there, in both families and on any address; closed with all that is served. */
void sctp_listen(int netns, const char *name, guint16 port);

/**
 * What a nonce of eight hexadecimal digits is sent over, and says it again and who
 * answered, or "refused", or what the kernel said. from 0: of a port of its own.
 * Close it.
 */
int sctp_flow(int netns, guint16 from, const char *address, guint16 port);
