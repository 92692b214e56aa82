/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"

/** A route has appeared: says so in the log, once for each, if it lies over a network and is not ours. */
void service_route_appeared(Service *service, const Prefix *destination, int ifindex);

/** An interface has lost an address: likewise, if the host has it no more and what leaves a network is to have it. */
void service_address_gone(Service *service, const Address *address);

/** Likewise of each chain for rules of one's own that somebody made by another tool than the backend's. */
void service_tell_idle_chains(Service *service);
