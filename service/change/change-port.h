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

/** What an endpoint is to publish; shares the mappings, a GArray of PortMapping. */
typedef struct Publication {
	Endpoint *endpoint;
	GArray *mappings;
} Publication;

/** A GArray of Publication, and another in it unless there is nothing to publish (NULL or empty). */
GArray *publications_new(void);
void publications_add(GArray *publications, Endpoint *endpoint, GArray *mappings);

/** The same for several endpoints: what is chosen for one is none of what another names. */
bool endpoints_publish(Transaction *transaction, const GArray *publications, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Each as it stands in endpoint->ports. INVALID_ARGS names the one that does not. */
bool endpoint_unpublish(Transaction *transaction, Endpoint *endpoint, const GArray *mappings,
			GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The host address of an endpoint's ports that name none: its network's, or the configuration's. */
Address endpoint_host_address(const Endpoint *endpoint, const Config *config);

extern const ChangeKind port_published, port_unpublished;
