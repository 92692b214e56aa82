/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/change/settings.h"
#include "service/change/transaction.h"

/**
 * What a creation makes use of that is not its caller's by itself. What is found holds for now only: interfaces and
 * routes come and go.
 */
typedef struct Claim {
	bool host;    /* the host's, or the Internet's: an interface, a subnet, a zone, an address to send from */
	bool foreign; /* a network or an endpoint of another user, or what an ingress of one leads to */
} Claim;

/**
 * Of a network that uid would make of settings: whether its bridge is there, and is not ours, its subnets overlap
 * with addresses or routes of the host, in any table, or name servers of its, or are not private, its zone is another
 * than the default, or it chooses by which address of the host it is known elsewhere; default routes do not count, nor
 * what is on bridges of ours. FAILED when the host cannot be asked.
 */
bool claim_find_network(const Transaction *transaction, const Network *network, uid_t uid, Claim *ret,
			GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Whether a network that has these source addresses makes use of one of the host's. Each counts, also one that
 * masquerade would take: which that is depends on where a packet goes.
 */
bool claim_source_address(const Address sources[static N_FAMILIES]);

/**
 * Of an ingress whose gateways have bridges: whether one of them is beyond the network of its bridge, or whose it is
 * otherwise.
 */
Claim claim_find_ingress(const Model *model, const Ingress *ingress, uid_t uid);

/** The network whose subnet an address is in; NULL: none. */
const Network *claim_find_holder(const Model *model, const Address *address);
