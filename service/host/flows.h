/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/guard.h"
#include "service/model/port.h"
#include "service/model/separation.h"

/**
 * Connections that the kernel keeps though what they went through is gone: those of an address that is no endpoint's
 * any more, what is forwarded to an ingress's gateway that went, those on a bridge that is closed now, and UDP flows to
 * host ports that were published or unpublished, and to those of endpoints that were, which would go on as before.
 */
typedef struct Flows Flows;

Flows *flows_new(void);
void flows_free(Flows *flows); /* NULL is fine; waits for what is being ended */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Flows, flows_free)

/** Notes what has gone stale. Ports of protocols other than UDP, and what is direct to them, are passed over. */
void flows_add_address(Flows *flows, const Address *address);
void flows_add_forward(Flows *flows, const Forward *forward);
void flows_add_ports(Flows *flows, const PortRange *range);

/** Connections to ports that they are no longer let through to; see conntrack_filter_add_guards(). */
void flows_add_guards(Flows *flows, const GArray *guards, const AllowFrom *ceiling);

/** Connections between endpoints that no longer reach each other; see conntrack_filter_add_separations(). */
void flows_add_separations(Flows *flows, const GArray *separations, bool keep_translated);

/**
 * Ends them; what cannot be ended is said in the log. Where the kernel has many connections it goes on beside the
 * loop: until flows_fd() is readable, when flows_go_on() is due. -1: nothing is being ended.
 */
void flows_end(Flows *flows);
int flows_fd(const Flows *flows);
void flows_go_on(Flows *flows);
