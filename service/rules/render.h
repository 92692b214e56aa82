/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/ingress.h"
#include "service/rules/rule.h"

/**
 * Model to rules: pure functions, one for each thing that has rules. Each
 * appends to a GArray of RuleItem, for every address family it has.
 * What several objects need (ways, shared accepts) each of them renders; the
 * ruleset counts it.
 */

typedef struct RenderOptions {
	bool hairpin;           /* Hairpin= */
	bool localhost_publish; /* LocalhostPublish= */
} RenderOptions;

/** What stands from the start: the room for accepts, for DNAT and for isolation. */
void render_base(enum family family, GArray *items);

/**
 * A network's own rules, without its isolation from others and without its
 * endpoints; includes render_base() of its families.
 */
void render_network(const Network *network, const RenderOptions *options, GArray *items);

/**
 * Both drops between two networks, the newer one's on top; nothing if either is
 * internal. Only in families that both have.
 */
void render_isolation_pair(const Network *newer, const Network *older, GArray *items);

/**
 * A network's part of the linear form: into the second stage when leaving its
 * bridge, dropped there when entering it; nothing if internal.
 */
void render_isolation_linear(const Network *network, GArray *items);

/** A mapping of an endpoint, in each family that port_mapping_in_family() names. */
void render_port(const Endpoint *endpoint, const PortMapping *mapping, const RenderOptions *options, GArray *items);

/** What parent may reach of link->child. In each family that both have. */
void render_link(const Endpoint *parent, const Link *link, GArray *items);

/**
 * The ways to an ingress, its masquerade and its guard, without its ports. Includes
 * render_base() of its family.
 */
void render_ingress(const Ingress *ingress, GArray *items);

void render_ingress_port(const Ingress *ingress, const IngressPort *port, GArray *items);
