/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/guard.h"
#include "service/model/separation.h"
#include "service/error.h"

/**
 * Connection tracking entries that outlive what they belonged to (ctnetlink).
 * Collect what went, then flush once. What others have in the table is not read
 * where the kernel can tell it apart (CTA_FILTER, Linux 5.8), and never deleted.
 */
typedef struct ConntrackFilter ConntrackFilter;

ConntrackFilter *conntrack_filter_new(void);
void conntrack_filter_free(ConntrackFilter *filter); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ConntrackFilter, conntrack_filter_free)

/** Every entry of an endpoint's: that this address began, or that it answers, whatever it was translated to. */
void conntrack_filter_add_address(ConntrackFilter *filter, const Address *address);

/**
 * UDP entries that were begun to one of these ports of this address of the host's.
 * AF_UNSPEC with a family, or the unspecified address: to any address that is
 * the host's own when they are flushed; what it forwards to the same port elsewhere is another's.
 * At most up to port 65535.
 */
void conntrack_filter_add_udp_ports(ConntrackFilter *filter, enum family family, const Address *host_address,
				    guint16 first, guint16 count);

/** Entries of a protocol that were begun to this port of another address and translated to the same port of this one.
 */
void conntrack_filter_add_forward(ConntrackFilter *filter, const Address *to, guint8 protocol, guint16 port);

/**
 * Connections to guarded ports (GArray of Guard) that are let through neither by the port's list nor by the ceiling,
 * NULL for none. What is let through still stays.
 */
void conntrack_filter_add_guards(ConntrackFilter *filter, const GArray *guards, const AllowFrom *ceiling);

/**
 * Connections between addresses that no longer reach each other (GArray of Separation), neither end the host's own;
 * with keep_translated but for those whose destination was translated, that came to a published port.
 */
void conntrack_filter_add_separations(ConntrackFilter *filter, const GArray *separations, bool keep_translated);

bool conntrack_filter_is_empty(const ConntrackFilter *filter);

/**
 * Deletes what matches, beside the caller's loop: started here, with a filter that it takes over and in the caller's
 * network namespace, it is done when conntrack_flush_fd() is readable, and then finished without waiting. Where the
 * kernel has few entries it is done when it comes back, and has no descriptor (-1). NULL: it could not be started.
 * With 240,000 entries a port takes some 55 ms, an IPv4 address twice that, and whatever is asked for some 500 ms at
 * most: as long as an IPv6 address takes where the entries are of IPv6, which no kernel can filter by address.
 */
typedef struct ConntrackFlush ConntrackFlush;
ConntrackFlush *conntrack_flush_start(ConntrackFilter *filter, GError **error);
int conntrack_flush_fd(const ConntrackFlush *flush);

/**
 * What became of it; waits where it is not done, and frees it. *ret_deleted may be NULL. FAILED when the kernel
 * refused some: the rest is deleted.
 */
bool conntrack_flush_finish(ConntrackFlush *flush, guint *ret_deleted, GError **error) G_GNUC_WARN_UNUSED_RESULT;
