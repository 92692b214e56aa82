/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/network.h"
#include "service/rules/place.h"
#include "service/rules/render.h"

/** Drops what an interface sends to 127.0.0.0/8 and, with ProtectEndpoints=, from there: needed wherever route_localnet
 * is on. IPv4 only. */
void render_guard(const char *interface, guint64 sequence, const RenderOptions *options, GArray *items);

/** Drops what anybody but this host sends to 127.0.0.0/8, where that is translated; with ProtectEndpoints=. */
void render_localhost_guard(enum family family, const RenderOptions *options, GArray *items);

/** Passes what is for ::1 by the ports of ingresses: from it no other interface is answered, so it would hang. */
void render_loopback_return(GArray *items);

/** Drops what enters or leaves an internal network, at PLACE_ISOLATION_INTERNAL or PLACE_INGRESS_INTERNAL. */
void render_internal(const Network *network, enum family family, enum place place, GArray *items);

/** Who may reach published ports: of a network by itself, and of an ingress without its ports and of one of them. */
void render_network_limits(const Network *network, enum family family, const RenderOptions *options, GArray *items);
void render_ingress_limits(const Ingress *ingress, const RenderOptions *options, GArray *items);
void render_ingress_port_limits(const Ingress *ingress, const IngressPort *port, const RenderOptions *options,
				GArray *items);

/** What this host itself answers to TCP of no connection: dropped. */
void render_stray_reset(enum family family, const RenderOptions *options, GArray *items);

/** Masquerades what this host itself sends out of an interface. */
void render_local_masquerade(const char *interface, enum family family, guint64 sequence, GArray *items);
