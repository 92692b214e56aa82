/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/change/settings.h"
#include "service/change/transaction.h"

/* Requests for endpoints. One that fails leaves changes behind, as those for networks do. */

/** ENDPOINT_EXISTS, INVALID_ARGS, ADDRESS_IN_USE, QUOTA_EXCEEDED, and what endpoint_publish() meets. */
Endpoint *endpoint_create(Transaction *transaction, Network *network, const EndpointSettings *settings, GError **error);

/** All of a list (EndpointSettings), in order; appends them to ret_created, which may be NULL. Errors likewise. */
bool endpoints_create(Transaction *transaction, Network *network, const GPtrArray *list, GPtrArray *ret_created,
		      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * One of a list without its ports, which are published once all are made. What is chosen for it is no address that
 * the list names: endpoints_named(), a set of Address, the caller's.
 */
GHashTable *endpoints_named(const GPtrArray *list);
Endpoint *endpoint_make(Transaction *transaction, Network *network, const EndpointSettings *settings, GHashTable *named,
			GError **error);

/**
 * The endpoint of that name, created if there is none. ENDPOINT_EXISTS names the setting in which the one that is
 * there differs; what endpoint_create() meets.
 */
Endpoint *endpoint_ensure(Transaction *transaction, Network *network, const EndpointSettings *settings,
			  bool *ret_created, GError **error);

/** Whether the host ports of one that is asked for so are held. */
bool endpoint_wants_reservation(const Network *network, const EndpointSettings *settings);

/** With its ports, and every link from it or to it; its network stays (network_delete_endpoint()). */
void endpoint_delete(Transaction *transaction, Endpoint *endpoint);

extern const ChangeKind endpoint_added, endpoint_removed;
