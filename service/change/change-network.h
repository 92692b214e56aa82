/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/change/claim.h"

/*
 * Requests for networks. One that fails leaves changes behind: the caller rolls back to the savepoint it took before.
 */

/** NETWORK_EXISTS, INVALID_ARGS, SUBNET_IN_USE, BRIDGE_IN_USE, QUOTA_EXCEEDED, and what its endpoints meet. */
Network *network_create(Transaction *transaction, const char *name, const NetworkSettings *settings, GError **error);

/**
 * The network of that name, created if there is none; its endpoints likewise. NETWORK_EXISTS, ENDPOINT_EXISTS name the
 * setting in which what is there differs; and what network_create() meets.
 */
Network *network_ensure(Transaction *transaction, const char *name, const NetworkSettings *settings, bool *ret_created,
			GError **error);

/**
 * What would be created, without its endpoints; whether it can be had is not looked at. The caller's. NULL with
 * INVALID_ARGS.
 */
Network *network_sketch(const char *name, const NetworkSettings *settings, GError **error);

/** What Network.Update may change: a bit is set in the mask for each that is given. */
enum network_update {
	UPDATE_COMMUNICATION = 1,
	UPDATE_MASQUERADE = 2,
	UPDATE_HOST_BINDING = 4,
	UPDATE_ALLOW_FROM = 8,
	UPDATE_SOURCE_ADDRESS = 16,
};

/** mask is a set of enum network_update. INVALID_ARGS. */
bool network_update(Transaction *transaction, Network *network, guint mask, const NetworkSettings *settings,
		    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Deletes an endpoint, and its network if that goes with its last one. */
void network_delete_endpoint(Transaction *transaction, Endpoint *endpoint);

/** Deletes all endpoints but those in a set of names; likewise. How many. */
guint network_retain(Transaction *transaction, Network *network, GHashTable *names);

/** With its endpoints. */
void network_delete(Transaction *transaction, Network *network);

extern const ChangeKind network_added, network_updated, network_removed;
