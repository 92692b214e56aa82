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

/**
 * Whether no host of the Internet has one of its addresses: all of them are of private networks (RFC 1918, RFC 4193),
 * of benchmarks or of documents.
 */
bool prefix_is_private(const Prefix *prefix);

/** The same as address_find_special() for any address of a prefix. */
const char *prefix_find_special(const Prefix *prefix);
