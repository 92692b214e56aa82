/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/address.h"

/**
 * Whether a host could have it and be asked for it: neither multicast, broadcast, of "this network" or of
 * those reserved, nor what needs a zone. Loopback and any address can be.
 */
bool address_is_publishable(const Address *address);

/**
 * What overlaps an address and can be no container's: this network, loopback, link-local, multicast, reserved.
 * As text, "127.0.0.0/8, which is loopback"; static. NULL: nothing.
 */
const char *address_find_special(const Address *address);

/** The same as address_find_special() for any address of a prefix. */
const char *prefix_find_special(const Prefix *prefix);
