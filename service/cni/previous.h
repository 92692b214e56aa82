/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/cni/json.h"
#include "service/model/address.h"

/** What the plugin before has made, of prevResult: an address a family, and where the container hangs on the host. */
typedef struct Previous {
	Prefix addresses[N_FAMILIES];
	Address gateways[N_FAMILIES];        /* AF_UNSPEC: none */
	const char *bridge, *host_interface; /* NULL: none */
} Previous;

/**
 * What a result says of the interface ifname of the container: texts are the result's. CNI_ERROR_CONFIG where it has no
 * address, or two of a family.
 */
bool previous_read(JsonObject *result, const char *ifname, Previous *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
