/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/change/transaction.h"
#include "service/unit-file/unit.h"

/** How far a unit got: one that made room goes on after a commit. */
enum unit_progress { UNIT_FAILED, UNIT_MADE_ROOM, UNIT_ARRIVED };

/**
 * Makes a network or an ingress in the transaction as the unit says: leaves alone what is equal, changes in place what
 * can be, and makes anew what cannot. UNIT_FAILED takes all of it back and says why, with the unit's name before it;
 * NETWORK_EXISTS and INGRESS_EXISTS for what a call made that is not persistent, else what its creation says.
 */
enum unit_progress unit_apply(Transaction *transaction, const Unit *unit, GError **error) G_GNUC_WARN_UNUSED_RESULT;
