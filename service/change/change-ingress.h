/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/change/claim.h"

/* Requests for ingresses. One that fails leaves changes behind, as those for networks do. */

/**
 * INGRESS_EXISTS, INVALID_ARGS, PORT_IN_USE, QUOTA_EXCEEDED; INVALID_ARGS when no route leads to a gateway,
 * NETWORK_INTERNAL when one is in an internal network, or behind its bridge.
 */
Ingress *ingress_create(Transaction *transaction, const char *name, const IngressSettings *settings, GError **error);

/**
 * What would be created, without its ports, and what that makes use of. The caller's. NULL with INVALID_ARGS, or
 * FAILED when the host cannot be asked for the way to a gateway.
 */
Ingress *ingress_claim(const Transaction *transaction, const char *name, const IngressSettings *settings, Claim *ret,
		       GError **error);

/** ports: LinkPort. A port may be published more than once, and is then to be unpublished as often. */
bool ingress_publish(Transaction *transaction, Ingress *ingress, const GArray *ports,
		     GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool ingress_unpublish(Transaction *transaction, Ingress *ingress, const GArray *ports,
		       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Others in place of the gateways it has. INVALID_ARGS, also for what is of another family; QUOTA_EXCEEDED,
 * NETWORK_INTERNAL. What that makes use of, for a user: as ingress_claim().
 */
bool ingress_set_gateways(Transaction *transaction, Ingress *ingress, char *const *texts,
			  GError **error) G_GNUC_WARN_UNUSED_RESULT;
Ingress *ingress_claim_gateways(const Transaction *transaction, const Ingress *ingress, char *const *texts, uid_t uid,
				Claim *ret, GError **error);

/** With its ports. */
void ingress_delete(Transaction *transaction, Ingress *ingress);

/** The part of ingress_led: what the ingress has not. */
typedef struct GatewaysChange {
	GArray *gateways; /* Gateway */
	bool masquerade;
} GatewaysChange;

extern const ChangeKind ingress_added, ingress_removed, ingress_port_published, ingress_port_counted,
	ingress_port_unpublished, ingress_led;
