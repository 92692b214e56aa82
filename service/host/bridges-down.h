/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/host/effects.h"
#include "service/netlink/netlink.h"

/**
 * Bridges of ours that go are set down before what keeps them closed does: of one that is down nothing opens. Where the
 * deletion fails each is as it was, with the addresses that it loses by that.
 */
typedef struct BridgesDown BridgesDown;

BridgesDown *bridges_down_new(Netlink *netlink);
void bridges_down_free(BridgesDown *down);

/** Before a commit: those of the last are no matter any more. */
void bridges_down_clear(BridgesDown *down);

/** Sets one down, and notes that; what fails is said in the log. */
void bridges_down_add(BridgesDown *down, Effects *effects, int ifindex);
