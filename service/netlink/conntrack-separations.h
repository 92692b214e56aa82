/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/separation.h"

/** Who no longer reaches whom on the same bridge, of those whose connections stand. */
typedef struct ConntrackSeparations ConntrackSeparations;

ConntrackSeparations *conntrack_separations_new(void);
void conntrack_separations_free(ConntrackSeparations *separations);

/** Shares their links. Of the same two what is added last stands. */
void conntrack_separations_add(ConntrackSeparations *separations, const Separation *added);

/** Whether there are any at all, and whether there are any but of single addresses. */
bool conntrack_separations_is_empty(const ConntrackSeparations *separations);
bool conntrack_separations_has_prefixes(const ConntrackSeparations *separations, enum family family);

/** Whether a connection to a port is not let through. Prefixes are of the others than the host. */
bool conntrack_separations_deny(const ConntrackSeparations *separations, const Address *from, const Address *to,
				guint8 protocol, guint16 port, bool with_host);
