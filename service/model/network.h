/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/allow-from.h"
#include "service/model/lifetime.h"

/** What the host does with packets between a network and the outside, in one family. */
enum gateway_mode {
	MODE_NAT,      /* addresses are translated, both ways */
	MODE_ROUTED,   /* they are not; published ports are open at the endpoints' own addresses */
	MODE_OPEN,     /* … and all other ports as well */
	MODE_ISOLATED, /* nothing is forwarded, and the bridge has no address of the host */
	N_MODES
};

/** "nat", "routed", "open", "isolated"; static. N_MODES when text is none of these. */
const char *gateway_mode_to_string(enum gateway_mode mode);
enum gateway_mode gateway_mode_from_string(const char *text);

/** What Network.Update may change. */
typedef struct NetworkOptions {
	bool communication; /* between its endpoints */
	bool masquerade;
	Address host_binding;                 /* default host address of its ports; AF_UNSPEC: any */
	Address source_addresses[N_FAMILIES]; /* the host's, that what leaves gets; AF_UNSPEC: masquerade finds one */
	AllowFrom *allow_from;                /* default of its endpoints; owned */
} NetworkOptions;

/** A container network: a bridge, a subnet a family, and the endpoints in it. */
typedef struct Network {
	char *name;
	GList by_age; /* in model->networks_by_age */
	char bridge[IFNAMSIZ];
	bool creates_bridge; /* else it was there and is adopted */
	guint64 mac;         /* of the bridge it creates, which tells it from another of that name; 0: none yet */
	Prefix subnets[N_FAMILIES];   /* masked; address AF_UNSPEC where the network lacks the family */
	Address gateways[N_FAMILIES]; /* AF_UNSPEC likewise */
	Prefix ranges[N_FAMILIES];    /* what addresses are chosen from, within the subnets; AF_UNSPEC likewise */
	Address chosen[N_FAMILIES];   /* the last that was; AF_UNSPEC: none yet */
	char *zone;                   /* firewalld's, that its bridge is put into; "": none */
	bool internal;
	enum gateway_mode modes[N_FAMILIES]; /* in a family that the network lacks that of the other */
	bool reserves;                       /* its endpoints hold their host ports, unless they say otherwise */
	bool ends_with_endpoints;            /* it goes with the last of them; until the first comes, with its owner */
	NetworkOptions options;
	guint64 sequence;        /* age: unique and ascending among everything that is rendered */
	GHashTable *endpoints;   /* name → Endpoint */
	GQueue endpoints_by_age; /* the same, the oldest first */
	guint n_localhost;       /* ports in it that answer on 127.0.0.0/8, where that is asked for */
	guint n_limited;         /* endpoints in it with an AllowFrom of their own */
	char **labels;           /* labels.h */
	Lifetime lifetime;
} Network;

/** A network with communication and masquerade on, in the default zone, and nothing in it. */
Network *network_new(const char *name);

/** NULL is fine. It must have no endpoints. */
void network_free(Network *network);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Network, network_free)

/** A new Network.mac: locally administered, one host's, and never all zero. */
guint64 network_random_mac(void);

static inline bool network_has_family(const Network *network, enum family family)
{
	return network->subnets[family].address.family != AF_UNSPEC;
}

/** Whether nothing is forwarded in a family, or in none. */
static inline bool network_is_closed(const Network *network, enum family family)
{
	return network->internal || network->modes[family] == MODE_ISOLATED;
}

static inline bool network_is_internal(const Network *network)
{
	return network_is_closed(network, FAMILY_IPV4) && network_is_closed(network, FAMILY_IPV6);
}
