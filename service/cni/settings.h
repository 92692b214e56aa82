/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/cni/config.h"

/** The name of a setting that a handle stands in, which is the client's to fill. */
#define NETNS_SETTING "NetNS"

/** The network as ADD wants it to be, a{sv}, without its endpoint; floating. */
GVariant *cni_network_settings(const CniConfig *config);

/**
 * The endpoint, a{sv}, but for its NetNS; floating. families (NULL-terminated: "ipv4", "ipv6") are those of the
 * network, of which it gets an address each; in a chain it has those of the plugin before. CNI_ERROR_CONFIG.
 */
GVariant *cni_endpoint_settings(const CniConfig *config, const Environment *environment, const char *const *families,
				GError **error);

/** The families of a list of subnets, in the order of enum family; NULL-terminated, of static texts. */
void subnets_families(GVariant *subnets, const char *ret[static N_FAMILIES + 1]);
