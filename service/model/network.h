/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/address.h"
#include "service/model/lifetime.h"

/** A container network: a bridge, a subnet a family, and the endpoints in it. Plain data; the manager changes it. */
typedef struct Network {
	char *name;
	char bridge[IFNAMSIZ];
	Prefix subnets[N_FAMILIES];   /* masked; address AF_UNSPEC where the network lacks the family */
	Address gateways[N_FAMILIES]; /* AF_UNSPEC likewise */
	bool internal;
	bool communication; /* between its endpoints */
	bool masquerade;
	Address host_binding;  /* default host address of its ports; AF_UNSPEC: any */
	bool bridge_created;   /* ours to delete */
	guint64 sequence;      /* age: unique and ascending among everything that is rendered */
	GHashTable *endpoints; /* name → Endpoint, owned */
	Lifetime lifetime;
} Network;

/** A network with communication and masquerade on and nothing in it. */
Network *network_new(const char *name);
void network_free(Network *network); /* NULL is fine; frees its endpoints */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Network, network_free)

static inline bool network_has_family(const Network *network, enum family family)
{
	return network->subnets[family].address.family != AF_UNSPEC;
}
