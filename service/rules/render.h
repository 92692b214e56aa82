/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/model.h"
#include "service/rules/rule.h"

/**
 * Model to rules: pure functions, one for each thing that has rules. Each appends to a GArray of RuleItem, for every
 * address family it has. What several objects need (ways, shared accepts) each of them renders; the ruleset counts it.
 */

typedef struct RenderOptions {
	bool hairpin;                 /* Hairpin= */
	bool localhost_publish;       /* LocalhostPublish= */
	bool container_publish;       /* ContainerPublish= */
	bool drop_invalid;            /* DropInvalid= */
	bool protect_endpoints;       /* ProtectEndpoints= */
	bool ipv6;                    /* the host has rules of IPv6 */
	guint isolation_pairwise_max; /* IsolationPairwiseMax= */
	bool capped;                  /* there is an AllowFrom= */
	const AllowFrom *ceiling;     /* it; borrowed. NULL: it is not known */
} RenderOptions;

/** What stands from the start: the room for accepts, for DNAT and for isolation. */
void render_base(enum family family, GArray *items);

/** A network's own rules, without its isolation and its endpoints; includes render_base() of its families. */
void render_network(const Network *network, const RenderOptions *options, GArray *items);

/** What keeps a network apart from the others in the model, in the form that their number asks for. */
void render_isolation(const Model *model, const Network *network, const RenderOptions *options, GArray *items);

/** The same for all networks, each two of them once. */
void render_isolation_all(const Model *model, const RenderOptions *options, GArray *items);

/**
 * How isolation changes with a network that came, and is in the model, or that went, and is not: also that of the
 * others, where their number now asks for another form.
 */
void render_isolation_change(const Model *model, const Network *network, const RenderOptions *options, GArray *joins,
			     GArray *leaves);

/**
 * What a network has while a port in it answers on 127.0.0.0/8: render_network() includes it then, and it joins with
 * the first such port and leaves with the last.
 */
void render_localhost(const Network *network, const RenderOptions *options, GArray *items);

/** What keeps others from an endpoint's own addresses, where its network's does not: on an adopted bridge. */
void render_protection(const Endpoint *endpoint, const RenderOptions *options, GArray *items);

/** A mapping of an endpoint, in each family that port_mapping_in_family() names and where none of its group serves. */
void render_port(const Endpoint *endpoint, const PortMapping *mapping, const RenderOptions *options, GArray *items);

/** What serves the host ports of a mapping that has gone from the model: the next of the group, where it served. */
void render_next_in_group(const Model *model, const Endpoint *endpoint, const PortMapping *gone,
			  const RenderOptions *options, GArray *items);

/** What parent may reach of link->child. In each family that both have. */
void render_link(const Endpoint *parent, const Link *link, GArray *items);

/** The ways to an ingress, its masquerade and its guard, without its ports. Includes render_base() of its family. */
void render_ingress(const Ingress *ingress, const RenderOptions *options, GArray *items);

/** What keeps internal networks in, and siblings apart, before an ingress lets something through: of one, while there
 * is an ingress of the family in the model; and of all, if there is none but this one, which came or went. */
void render_ingress_isolation(const Model *model, const Network *network, const RenderOptions *options, GArray *items);
void render_ingress_isolation_all(const Model *model, const Ingress *ingress, const RenderOptions *options,
				  GArray *items);

void render_ingress_port(const Ingress *ingress, const IngressPort *port, const RenderOptions *options, GArray *items);

/** Objects with all that is in them: a network's endpoints and isolation, an endpoint's ports and links. */
void render_network_whole(const Model *model, const Network *network, const RenderOptions *options, GArray *items);
void render_endpoint(const Endpoint *endpoint, const RenderOptions *options, GArray *items);
void render_ingress_whole(const Ingress *ingress, const RenderOptions *options, GArray *items);

/** Everything there is, the oldest first, but for what stands from the start. */
void render_model(const Model *model, const RenderOptions *options, GArray *items);
