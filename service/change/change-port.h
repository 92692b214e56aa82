/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/change/transaction.h"

/**
 * Publishes all of the mappings (PortMapping) and appends each as it became,
 * host address and allocated port filled in, to published, which may be NULL.
 * NETWORK_INTERNAL, INVALID_ARGS, PORT_IN_USE, PORTS_EXHAUSTED, QUOTA_EXCEEDED.
 */
bool endpoint_publish(Transaction *transaction, Endpoint *endpoint, const GArray *mappings, GArray *published,
		      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Each as it stands in endpoint->ports. INVALID_ARGS names the one that does not. */
bool endpoint_unpublish(Transaction *transaction, Endpoint *endpoint, const GArray *mappings,
			GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The host address of an endpoint's ports that name none: its network's, or the configuration's. */
Address endpoint_host_address(const Endpoint *endpoint, const Config *config);

extern const ChangeKind port_published, port_unpublished;
