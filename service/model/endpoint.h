/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/attachment.h"
#include "service/model/network.h"
#include "service/model/port.h"

typedef struct Endpoint Endpoint;

/** The owning endpoint, the parent, may reach these ports of the child. */
typedef struct Link {
	Endpoint *child; /* borrowed: a link goes with either end */
	GArray *ports;   /* LinkPort */
	guint64 sequence;
} Link;

/** An address on a network: a container, a VM, a namespace. */
struct Endpoint {
	char *name;
	Network *network;              /* borrowed */
	GList by_age;                  /* in network->endpoints_by_age */
	Address addresses[N_FAMILIES]; /* AF_UNSPEC where it has none */
	guint8 allocated;              /* set of 1 << enum family: those of its addresses that were chosen for it */
	GPtrArray *ports;              /* PortMapping, owned, in order of publication */
	GPtrArray *links;              /* Link, owned */
	GPtrArray *parents;            /* Endpoint, borrowed: who links to this one */
	AllowFrom *allow_from;         /* owned; NULL: the network's */
	char **labels;                 /* labels.h */
	char *port_group;              /* whose host ports its own may be, too; NULL: none */
	bool reserves;                 /* its host ports are held; else whoever asked for them holds them */
	int ifindex;                   /* the interface that it goes with; 0: none */
	Attachment *attachment;        /* NULL: whoever made it attaches it */
	Lifetime lifetime;
};

Endpoint *endpoint_new(Network *network, const char *name);
void endpoint_free(Endpoint *endpoint); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Endpoint, endpoint_free)

Link *link_new(Endpoint *child);
void link_free(Link *link); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Link, link_free)

/** The link of a parent to a child, or NULL. */
Link *endpoint_find_link(const Endpoint *parent, const Endpoint *child);

/** Whether the endpoint publishes this mapping, whatever its sequence, and where it stands in endpoint->ports. */
bool endpoint_find_mapping(const Endpoint *endpoint, const PortMapping *mapping, guint *ret_index);

/** Whether a mapping opens a port in a family: its host address is of it, or is any, and the endpoint has an address
 * there that is not cut off. */
bool port_mapping_in_family(const Endpoint *endpoint, const PortMapping *mapping, enum family family);

/** … and whether by an address of the host, which is translated. */
bool port_mapping_translates(const Endpoint *endpoint, const PortMapping *mapping, enum family family);

/** Whether it opens one, and no older one of its group has the port. */
bool port_mapping_serves(const Endpoint *endpoint, const PortMapping *mapping, enum family family);

/** Whether a mapping answers on 127.0.0.0/8, where that is asked for. */
bool port_mapping_on_localhost(const Endpoint *endpoint, const PortMapping *mapping);

/** Whether two are of one group, which is one uid's. */
bool endpoint_shares_ports(const Endpoint *endpoint, const Endpoint *other);

/** The host ports of a mapping, a range for each family it translates in. How many. */
guint endpoint_port_ranges(const Endpoint *endpoint, const PortMapping *mapping, PortRange ret[static N_FAMILIES]);
