/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/rules/render.h"

/** Who may reach the ports of an endpoint that says so itself; without its ports. */
void render_endpoint_limits(const Endpoint *endpoint, GArray *items);

/** A range of more ports than these is a long one. */
#define LONG_RANGE 64

/**
 * What drops the packets to an endpoint's port, or to all of its ports, that nobody let through; render_port()
 * includes it where the endpoint is limited.
 */
void render_denial(const Endpoint *endpoint, const PortMapping *mapping, GArray *items);
void render_denials(const Endpoint *endpoint, GArray *items);
bool endpoint_is_limited(const Endpoint *endpoint, const RenderOptions *options);
