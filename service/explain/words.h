/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/explain/grounds.h"
#include "service/explain/steps.h"

/** The step of a rule that decided about a packet; adds it to steps. */
void words_of_rule(const Grounds *grounds, const TracePacket *packet, const TraceStep *step, GPtrArray *steps);

/** The endpoint of an address, the network of a bridge, or NULL. */
const Endpoint *words_endpoint(const Model *model, const Address *address);
const Network *words_network(const Model *model, const char *bridge);
