/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/guard.h"
#include "service/netlink/netlink.h"

/** Who may no longer reach guarded ports, of those whose connections stand. */
typedef struct ConntrackGuards ConntrackGuards;

ConntrackGuards *conntrack_guards_new(void);
void conntrack_guards_free(ConntrackGuards *guards);

/** Shares the guards' lists, and the ceiling: a list that holds for all ports; NULL: everybody. */
void conntrack_guards_add(ConntrackGuards *guards, const GArray *added, const AllowFrom *ceiling);

bool conntrack_guards_is_empty(const ConntrackGuards *guards, enum family family);

/** After the last was added. */
void conntrack_guards_sort(ConntrackGuards *guards);

/**
 * Whether a connection to a port is not let through. Where a list names interfaces, the one that the host's answers go
 * by stands for the one that the connection came by, which the kernel does not tell.
 */
bool conntrack_guards_denies(ConntrackGuards *guards, const Address *address, guint8 protocol, guint16 port,
			     const Address *source, bool is_host, Netlink *routes);
