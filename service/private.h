/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/service.h"
#include "service/journal/record.h"

/** What the files of the manager share. Everything here notes its own way back in the transaction. */

/** Age for something that is rendered. */
guint64 manager_next_sequence(Manager *manager);

/** Asks for rules, or no longer; takes the array over. */
void manager_add_rules(Manager *manager, GArray *items);
void manager_remove_rules(Manager *manager, GArray *items);

RenderOptions manager_render_options(const Manager *manager);

/** Tells the observer once the transaction is done. A removed object is freed after that. */
void manager_note_added(Manager *manager, enum object_kind kind, void *object);
void manager_note_changed(Manager *manager, enum object_kind kind, void *object, const char *property);

/** Tells the observer that an object is gone, which is freed after that. */
void manager_tell_removed(Manager *manager, enum object_kind kind, void *object);

/** Adds to a counter of the manager, or subtracts. */
void manager_count(Manager *manager, guint *counter, int by);

/** Counts something new against everybody's and one uid's limit; uid 0 has only the former. QUOTA_EXCEEDED names the
 * limit. */
bool quota_take(Manager *manager, enum quota quota, uid_t uid, guint by, GError **error);
void quota_give(Manager *manager, enum quota quota, uid_t uid, guint by);

/** lifetime_init() for an object of this manager. */
bool manager_begin_lifetime(Manager *manager, Lifetime *lifetime, enum object_kind kind, void *object,
			    const LifetimeSettings *settings, GError **error);

/** Binds an object's end to its owner's, when it has one, and unbinds it. */
void manager_own(Manager *manager, Lifetime *lifetime);
void manager_disown(Manager *manager, Lifetime *lifetime);

/*
 * Isolation of the networks that are not internal, in whichever form their number asks for: a network joins before
 * it stands in manager->networks and leaves after it does no more.
 */
void isolation_join(Manager *manager, Network *network);
void isolation_leave(Manager *manager, Network *network);
void isolation_render_all(const Manager *manager, GArray *items);
void isolation_render(const Manager *manager, const Network *network, GArray *items);

/* Writes down what is changed, for a successor (manager-record.c). */
void record_network(Manager *manager, const Network *network);
void record_network_update(Manager *manager, const Network *network);
void record_network_gone(Manager *manager, const Network *network);
void record_endpoint(Manager *manager, const Endpoint *endpoint);
void record_endpoint_gone(Manager *manager, const Endpoint *endpoint);
void record_mapping(Manager *manager, const Endpoint *endpoint, const PortMapping *mapping);
void record_mapping_gone(Manager *manager, const Endpoint *endpoint, const PortMapping *mapping);
void record_link(Manager *manager, const Endpoint *parent, const Link *link);
void record_link_gone(Manager *manager, const Endpoint *parent, const Endpoint *child);
void record_ingress(Manager *manager, const Ingress *ingress);
void record_ingress_gone(Manager *manager, const Ingress *ingress);
void record_ingress_port(Manager *manager, const Ingress *ingress, const IngressPort *port);
void record_ingress_port_gone(Manager *manager, const Ingress *ingress, const IngressPort *port);
void record_bridge(Manager *manager, const char *name, int ifindex);

/** All there is, and what the transaction changes, as groups of records; the caller's to free. */
GByteArray *manager_record_everything(Manager *manager);
GByteArray *manager_record_group(Manager *manager);
void manager_forget_records(Manager *manager);

/** Makes the transaction final. */
void manager_finish(Manager *manager);

/** The rules that stand from the start. */
GArray *manager_render_start(void);

/** Publishes a port of an ingress so often; 0: not at all. PORT_IN_USE, QUOTA_EXCEEDED. */
bool ingress_set_port(Manager *manager, Ingress *ingress, const LinkPort *port, guint references, GError **error);

/* What of the host serves the objects (host.c). */
struct HostSettings *host_settings_new(void);
void host_settings_free(struct HostSettings *host);

/** Says what the host refused to take back, which stops nothing; takes the error over. */
void host_warn(GError *error);

/*
 * The bridges (host-bridge.c). The kernel needs some 20 ms to delete one, so of those that go with one
 * transaction only the first is deleted with it: the others are shut, and deleted one by one when there is time
 * (manager_sweep_bridge()).
 */

typedef struct PendingBridge {
	int ifindex; /* whatever has its name and another index is not ours */
	bool shut;
} PendingBridge;

/** Creates and addresses the network's bridge; deletes it, at once or later, if it was created. */
void host_create_bridge(Manager *manager, Network *network);
void host_leave_bridge(Manager *manager, Network *network);

/** A bridge that a predecessor created. */
void host_inherit_bridge(Manager *manager, Network *network);

/** Creates it if it should be there and is not. */
void host_assert_bridge(Manager *manager, Network *network);

/** Before a network takes the name: deletes the bridge that waits for that. */
void host_free_bridge_name(Manager *manager, const char *name);

/** Sets what waits to be deleted down, as there are no rules for it any more. */
void host_shut_bridges(Manager *manager);

/** What waits to be deleted since a predecessor. */
void host_inherit_pending(Manager *manager, const char *name, int ifindex);

/** What was switched, as a record ('H'), and from one. */
void host_put_settings(const Manager *manager, GByteArray *group);
bool host_apply_settings(Manager *manager, Record *record, GError **error);

/** After a commit: FORWARD policies that were given back are others' to set. */
void host_settle_policies(Manager *manager);

/** Forwarding in the families of a network or ingress. */
bool host_use_forwarding(Manager *manager, enum family family, GError **error);
void host_leave_forwarding(Manager *manager, enum family family);

/** Bridged packets are shown to the rules of that family. */
bool host_use_bridge_filter(Manager *manager, enum family family, GError **error);
void host_leave_bridge_filter(Manager *manager, enum family family);

/** route_localnet on an interface. */
void host_use_localnet(Manager *manager, const char *interface);
void host_leave_localnet(Manager *manager, const char *interface);

/** Gives the host ports of a mapping back; its rules are the caller's to remove. */
void port_release(Manager *manager, Endpoint *endpoint, const PortMapping *mapping);

/** A network's rules without isolation and endpoints. */
GArray *network_render_own(const Manager *manager, const Network *network);

/** What of the host an object needs under the present configuration, its bridge aside. */
bool network_use_host(Manager *manager, Network *network, GError **error);
void network_leave_host(Manager *manager, Network *network);
bool ingress_use_host(Manager *manager, Ingress *ingress, GError **error);
void ingress_leave_host(Manager *manager, Ingress *ingress);

/**
 * Once the transaction is done, flows to these host ports start anew if they are UDP: those that a published port
 * would go on forwarding, and those that would go on missing it.
 */
void manager_forget_flows(Manager *manager, const PortRange *range);
