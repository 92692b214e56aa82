/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/address.h"
#include "service/error.h"
#include "service/netlink/socket-info.h"

#define NOBODYS ((uid_t)-1)

/**
 * Finds out which ports programs on the host have, for who may not try by binding
 * there itself: it asks the kernel for the sockets (sock_diag, the way of ss(8)).
 */

/**
 * The lowest of count ports from first that a socket of the host is bound to, but for those of user except
 * (NOBODYS: of no user), on an address that overlaps this one (AF_UNSPEC or the unspecified address: any
 * of the family); first + count when there is none. A socket on [::] that takes
 * IPv4 as well (no IPV6_V6ONLY) has the port in both families.
 *
 * Of TCP and SCTP it sees what listens, of TCP since Linux 6.8 also what is bound and
 * does not listen yet, of UDP what is bound and not connected.
 * FAILED when the kernel cannot tell, as without its module for the protocol.
 */
bool sockets_find_bound(guint8 protocol, enum family family, const Address *address, guint16 first, guint16 count,
			uid_t except, guint *ret_port, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Whether a packet for a port of an address finds a socket there: what listens, of UDP what is bound and not
 * connected. FAILED. */
bool sockets_find_listener(guint8 protocol, const Address *address, guint16 port, bool *ret,
			   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Visits all that sockets_find_bound() looks through, of both families, in no order. FAILED. */
typedef void SocketVisitor(const struct socket_info *socket, void *userdata);
bool sockets_visit_bound(guint8 protocol, SocketVisitor *visit, void *userdata,
			 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Whether all that has a TCP port, on an address that overlaps this one, is left of connections whose programs are done
 * with them (TIME_WAIT and the like): a bind() fails for their sake, and nobody minds who gets the port. FAILED.
 */
bool sockets_are_left(enum family family, const Address *address, guint16 port, bool *ret,
		      GError **error) G_GNUC_WARN_UNUSED_RESULT;
