/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"

/* What changes without a call. Each asks for changes; commit afterwards. */

/** The connection is gone, and with it all it owned. */
void service_end_owner(Service *service, const char *unique_name);

/** The owners of objects that are not among the names on the bus, a set; free the array. */
GPtrArray *service_find_departed(const Service *service, GHashTable *alive);

/** After a restart: everything goes whose owner is not among the names on the bus, a set. */
void service_end_orphans(Service *service, GHashTable *alive);

/** Everything goes whose descriptor or time has ended its life. */
void service_end_lifetimes(Service *service);

/** Interfaces that came again get what they need to serve. */
void service_serve_interfaces(Service *service);
