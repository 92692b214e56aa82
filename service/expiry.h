/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"

/* What changes without a call. Each asks for changes; commit afterwards. */

/** The connection is gone, and with it all it owned. */
void service_end_owner(Service *service, const char *unique_name);

/** The owners of objects that are not among the names on the bus, a set; free the array. */
GPtrArray *service_find_departed(const Service *service, GHashTable *alive);

/**
 * After a restart: what has lost its owner, who is not among the names on the bus, a set, or its interface, has ended
 * its life. Before anybody's call: a name of another bus may be somebody's again.
 */
void service_expire_orphans(Service *service, GHashTable *alive);

/** Everything goes that has ended its life. */
void service_end_lifetimes(Service *service);

/**
 * When service_mend_host() is due after somebody may have changed the host (CLOCK_MONOTONIC, µs); 0: nothing is to be
 * put right.
 */
gint64 service_find_faults(Service *service, gint64 now);

/** The same of host ports that somebody had, which any commit tries again to hold. */
gint64 service_ports_due(const Service *service);

/** Of what the host serves objects with, what is not so any more is put right; an interface that came is prepared. */
void service_mend_host(Service *service, gint64 now);
