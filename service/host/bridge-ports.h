/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/endpoint.h"
#include "service/model/network.h"
#include "service/netlink/netlink.h"
#include <net/if.h>

/**
 * The ports by which the service attached endpoints to a network's bridge: the veths' ends on the host. Ports that
 * somebody else put there are his.
 */

/** In what one of them can differ. */
enum port_fault { PORT_LOST, PORT_HAIRPIN, PORT_GROUP, N_PORT_FAULTS };

/** What is to be put right: it is not up in that bridge, or not in hairpin mode there, or in another group. */
typedef struct PortFaults {
	char name[IFNAMSIZ];
	guint8 set; /* of 1 << enum port_fault */
	guint group;
} PortFaults;

/** Those of a network that differ, as ports of that bridge (ifindex): PortFaults, the caller's, NULL for none. FAILED.
 */
bool bridge_ports_find_lost(Netlink *netlink, const Network *network, int bridge, GArray **ret,
			    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Whether the interface that attaches an endpoint differs. One that is gone, or cannot be read, does not. */
bool bridge_port_differs(Netlink *netlink, const Endpoint *endpoint, int bridge);

/** Adds what there was to a list of repairs; object is the bridge's. */
void bridge_ports_tell(const GArray *ports, const char *object, GPtrArray *repairs);

/** Puts all of a network in that are not there; what fails is said in the log. */
void bridge_ports_mend(Netlink *netlink, const Network *network, int bridge);
