/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/facts.h"

/**
 * Others' interfaces that take what routers advertise by accept_ra=1, which ends where they forward: they are to have 2
 * meanwhile. Lists of them are of int, ifindex, the caller's; nothing is read but what is handed over.
 *
 * before is what the host had, created the bridges of ours (int), interfaces what was looked at (Interface6).
 */
GArray *listeners_find(const ForwardingBefore *before, const GArray *created, const GArray *interfaces);

/**
 * The list that before has, as it is to be now. touched (set of int, ifindex; 0: all) may be otherwise than they were:
 * interfaces has those of them that are there. NULL: it is as it is to be, and none of them is to be switched.
 */
GArray *listeners_renew(const ForwardingBefore *before, const GArray *created, GHashTable *touched,
			const GArray *interfaces);
