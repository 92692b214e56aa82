/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/address.h"
#include "service/error.h"

/**
 * Connection tracking entries that outlive what they belonged to
 * (libnetfilter_conntrack). Collect what went, then flush once.
 */
typedef struct ConntrackFilter ConntrackFilter;

ConntrackFilter *conntrack_filter_new(void);
void conntrack_filter_free(ConntrackFilter *filter); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ConntrackFilter, conntrack_filter_free)

/** Every entry that has this address at either end, before or after translation. */
void conntrack_filter_add_address(ConntrackFilter *filter, const Address *address);

/**
 * UDP entries whose original destination is one of these host ports of this
 * address; AF_UNSPEC with a family: of any address of that family.
 */
void conntrack_filter_add_udp_ports(ConntrackFilter *filter, enum family family, const Address *host_address,
				    guint16 first, guint16 count);

bool conntrack_filter_is_empty(const ConntrackFilter *filter);

/** Dumps once a family that the filter names, deletes what matches. *ret_deleted may be NULL. */
bool conntrack_flush(const ConntrackFilter *filter, guint *ret_deleted, GError **error);
