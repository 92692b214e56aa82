/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/config.h"
#include "service/model/ingress.h"
#include "service/netlink/conntrack.h"
#include "service/netlink/bridge.h"
#include "service/netlink/ip-address.h"
#include "service/netlink/link.h"
#include "service/netlink/monitor.h"
#include "service/netlink/route.h"
#include "service/host/host-ports.h"
#include "service/rules/backend.h"
#include "service/rules/render.h"
#include "service/journal/journal.h"
#include "service/transaction.h"

/**
 * Everything there is: the networks with their endpoints, the ingresses, the
 * rules they ask for, and what of the host serves them.
 *
 * A change is made in three steps. Requests (the functions below that take an
 * error) check their arguments against the state, change the model and the
 * ruleset, and note each step in the transaction; several may be made before
 * manager_commit() brings them to the kernel together. Nothing is announced
 * before that, and nothing opened on the host.
 */
typedef struct Manager Manager;

/** Told of what happened, after it is final. property is a property's name on the bus, static. */
typedef struct ManagerObserver {
	void (*added)(enum object_kind kind, void *object, void *userdata);
	void (*removed)(enum object_kind kind, void *object, void *userdata); /* freed afterwards */
	void (*changed)(enum object_kind kind, void *object, const char *property, void *userdata);
	/* drifted: chains that somebody else had changed, char *; NULL when none */
	void (*committed)(guint64 generation, guint added, guint removed, const GPtrArray *drifted, void *userdata);
	void (*over)(void *userdata); /* some lifetime has ended: manager_end_lifetimes() is due */
	void *userdata;
} ManagerObserver;

/** What is counted and limited, for everybody together and for each uid. */
enum quota { QUOTA_NETWORKS, QUOTA_ENDPOINTS, QUOTA_PORTS, QUOTA_INGRESSES, N_QUOTAS };

typedef struct Usage {
	guint counts[N_QUOTAS];
} Usage;

struct Manager {
	Config config;
	char *config_path;
	char **features;
	ManagerObserver observer;
	sd_event *event;

	GHashTable *networks;  /* name → Network, owned */
	GHashTable *ingresses; /* name → Ingress, owned */
	GHashTable *bridges;   /* interface name → Network */
	GHashTable *endpoints; /* Address → Endpoint */
	GHashTable *over;      /* set of Lifetime that have ended and whose objects are still there */
	GHashTable *owners;    /* unique bus name → set of Lifetime whose objects go with it */
	bool started;          /* the chains are asked for */

	State *state;         /* NULL before manager_restore() */
	GByteArray *records;  /* what is to be written down of the transaction (manager-record.c) */
	char *bus_id;         /* of the bus the owners are on */
	bool has_predecessor; /* the chains in the kernel are ours, whatever is in them */
	bool other_bus;       /* the restored owners were on another bus: all are gone */
	bool converging;      /* the first commit is still to come: what differs in the kernel is no drift */
	bool restoring;       /* records are being applied */
	bool replaying;       /* records of what happened: the host has been through it */
	guint64 restored_sequence;
	GHashTable *descriptors; /* token (guint64) → descriptor, while restoring; borrowed */

	guint n_external; /* networks that are not internal */
	Usage total;
	GHashTable *usage;  /* uid → Usage, owned */
	guint64 sequence;   /* the last given to anything rendered */
	guint64 generation; /* commits to the kernel */

	Transaction *transaction;
	guint untidied; /* its steps since the heap was last tidied */
	Ruleset *ruleset;
	GArray *rendered; /* RuleItem: what the transaction has added and removed */
	Backend *backend;
	Netlink *netlink;
	Ports *ports;
	ConntrackFilter *stale;      /* connections to forget once the transaction is done */
	GHashTable *bridges_leaving; /* set of interface names that are free when it is */
	GHashTable *bridges_pending; /* interface name → PendingBridge, owned: to be deleted in time */
	bool deletes_bridge;         /* once it is done */
	struct HostSettings *host;
	GError *refusal; /* why nothing may be changed (FOREIGN_CHAIN, BACKEND_UNAVAILABLE); NULL normally */
};

/** Takes over config, copies config_path, refers to event. NULL with FAILED when the kernel's netlink is not there. */
Manager *manager_new(Config *config, const char *config_path, sd_event *event, GError **error);
void manager_free(Manager *manager); /* NULL is fine; the kernel keeps what it holds */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Manager, manager_free)

void manager_set_observer(Manager *manager, const ManagerObserver *observer);

/**
 * Brings back what a predecessor left in the runtime directory, into the model
 * alone: manager_start() and a commit bring the kernel and the host in line.
 * bus_id tells this bus from others; descriptors maps tokens (guint64) to what the fd store kept. FAILED
 * when the directory cannot be used.
 */
bool manager_restore(Manager *manager, const char *directory, const char *bus_id, GHashTable *descriptors,
		     GError **error);

/**
 * Looks whether the chains are ours to use and asks for those that stand from
 * the start. If they are not, every later change fails with the reason
 * (FOREIGN_CHAIN, BACKEND_UNAVAILABLE). Needs the lock; commit afterwards.
 */
void manager_start(Manager *manager);

/** After the first commit: switches on again what of the host should be on. */
void manager_assert_host(Manager *manager);

/** When nothing is held any more: asks for the chains, and with them the state, to go too. Commit afterwards. */
void manager_stop(Manager *manager);

/** Where a request begins, and how to take it back alone. */
guint manager_mark(const Manager *manager);
void manager_rollback(Manager *manager, guint mark);

/**
 * Brings everything since the last commit to the kernel, the host and the
 * observer; or, when that fails, to nothing. Needs the xtables lock.
 */
bool manager_commit(Manager *manager, GError **error);

/**
 * Deletes one of the bridges that networks left and that wait for it, which takes some 20 ms and needs no lock.
 * Whether more wait.
 */
bool manager_sweep_bridge(Manager *manager);

/** What can wait until the callers have their answers: the state is written anew when it has become long, and memory
 * goes back. */
void manager_tidy(Manager *manager);

/** Compares every table with what should be there and mends it. Counts the rules written or removed. Needs the lock. */
bool manager_reconcile(Manager *manager, guint *ret_repaired, GError **error);

/**
 * Reads the configuration again. What is decided at start (ChainPrefix) must not
 * have changed: INVALID_ARGS. Commit afterwards.
 */
bool manager_reload(Manager *manager, GError **error);

typedef struct EndpointSettings {
	char *name;
	char **addresses;
	GArray *ports; /* PortMapping */
	LifetimeSettings lifetime;
} EndpointSettings;

typedef struct NetworkSettings {
	char *bridge; /* NULL: from the name */
	char **subnets;
	char **gateways; /* NULL: the first host of each subnet */
	bool internal, communication, masquerade;
	char *host_binding;   /* NULL or "": any */
	GPtrArray *endpoints; /* EndpointSettings; NULL: none */
	LifetimeSettings lifetime;
} NetworkSettings;

/** What Network.Update may change: a bit is set in the mask for each that is given. */
enum network_update { UPDATE_COMMUNICATION = 1, UPDATE_MASQUERADE = 2, UPDATE_HOST_BINDING = 4 };

typedef struct IngressSettings {
	char *gateway;
	char *bridge;  /* NULL: by route */
	GArray *ports; /* LinkPort */
	LifetimeSettings lifetime;
} IngressSettings;

/*
 * The requests. One that fails leaves steps behind: the caller rolls back to
 * the mark it took before. Deletions cannot fail.
 */

/** NETWORK_EXISTS, INVALID_ARGS, SUBNET_IN_USE, BRIDGE_IN_USE, QUOTA_EXCEEDED, and what its endpoints meet. */
Network *network_create(Manager *manager, const char *name, const NetworkSettings *settings, GError **error);
bool network_update(Manager *manager, Network *network, guint mask, const NetworkSettings *settings, GError **error);
void network_delete(Manager *manager, Network *network);

/** ENDPOINT_EXISTS, INVALID_ARGS, ADDRESS_IN_USE, QUOTA_EXCEEDED, and what endpoint_publish() meets. */
Endpoint *endpoint_create(Manager *manager, Network *network, const EndpointSettings *settings, GError **error);
void endpoint_delete(Manager *manager, Endpoint *endpoint);

/**
 * Publishes all of the mappings (PortMapping) and appends each as it became,
 * host address and allocated port filled in, to published, which may be NULL.
 * NETWORK_INTERNAL, INVALID_ARGS, PORT_IN_USE, PORTS_EXHAUSTED, QUOTA_EXCEEDED.
 */
bool endpoint_publish(Manager *manager, Endpoint *endpoint, const GArray *mappings, GArray *published, GError **error);

/** Each as it stands in endpoint->ports. INVALID_ARGS names the one that does not. */
bool endpoint_unpublish(Manager *manager, Endpoint *endpoint, const GArray *mappings, GError **error);

/** ports: LinkPort. Linking again adds ports. INVALID_ARGS when they are no siblings or may talk anyway. */
bool endpoint_link(Manager *manager, Endpoint *parent, Endpoint *child, const GArray *ports, GError **error);
bool endpoint_unlink(Manager *manager, Endpoint *parent, Endpoint *child, GError **error);

/** INGRESS_EXISTS, INVALID_ARGS, PORT_IN_USE, QUOTA_EXCEEDED; FAILED when no route leads to the gateway. */
Ingress *ingress_create(Manager *manager, const char *name, const IngressSettings *settings, GError **error);
bool ingress_publish(Manager *manager, Ingress *ingress, const GArray *ports, GError **error);
bool ingress_unpublish(Manager *manager, Ingress *ingress, const GArray *ports, GError **error);
void ingress_delete(Manager *manager, Ingress *ingress);

/** The connection is gone, and with it all it owned. */
void manager_owner_left(Manager *manager, const char *owner);

/** After a restart: everything goes whose owner is not among the names on the bus (NULL-terminated), or whose time is
 * over. */
void manager_end_orphans(Manager *manager, char *const *alive);

/** Deletes every object whose descriptor or time has ended its life. */
void manager_end_lifetimes(Manager *manager);

/** An interface is gone: says so in the log if it served us. */
void manager_link_vanished(Manager *manager, const char *name);

/** The rules that a creation would add, as iptables-save text; changes nothing. The caller frees. */
char *manager_preview_network(Manager *manager, const char *name, const NetworkSettings *settings, GError **error);
char *manager_preview_ingress(Manager *manager, const char *name, const IngressSettings *settings, GError **error);

/* What the bus face reads. Nothing of it changes anything; what is const belongs to the service. */

const Config *service_config(const Manager *manager);

/** How many commits to the kernel there were. */
guint64 service_generation(const Manager *manager);

/** What keeps the rules in the kernel: "iptables"; static. */
const char *service_backend_name(const Manager *manager);

/** What it can do ("ipv6", "ranges", …), found out at the start; NULL-terminated. */
const char *const *service_features(const Manager *manager);

/** name → Network, name → Ingress. */
GHashTable *service_networks(const Manager *manager);
GHashTable *service_ingresses(const Manager *manager);

#define NAME_MAX_BYTES 64

/** A name for an object: 1 to NAME_MAX_BYTES bytes of printable UTF-8. INVALID_ARGS otherwise. */
bool name_is_valid(const char *what, const char *name, GError **error);

Network *service_find_network(const Manager *manager, const char *name, GError **error);   /* NO_SUCH_NETWORK */
Ingress *service_find_ingress(const Manager *manager, const char *name, GError **error);   /* NO_SUCH_INGRESS */
Endpoint *network_find_endpoint(const Network *network, const char *name, GError **error); /* NO_SUCH_ENDPOINT */

/** Whether there is neither network nor ingress; and no bridge to be deleted either. */
bool service_is_empty(const Manager *manager);
bool service_is_idle(const Manager *manager);

/** Whether bridges that networks left wait to be deleted: manager_sweep_bridge() is due. */
bool service_has_pending_bridges(const Manager *manager);

/** Whether changes are possible at all: FOREIGN_CHAIN, BACKEND_UNAVAILABLE. */
bool service_is_available(const Manager *manager, GError **error);

/** Whether any object goes when the connection with this unique name does. */
bool service_owns(const Manager *manager, const char *unique_name);

/** Everything that is asked for in one family, as iptables-save text. The caller frees. */
char *service_dump(const Manager *manager, enum family family);

/** What an object asks for (RuleItem), a network's with its isolation and its endpoints'. The caller unrefs. */
GArray *service_rules_of_network(Manager *manager, const Network *network);
GArray *service_rules_of_endpoint(Manager *manager, const Endpoint *endpoint);
GArray *service_rules_of_ingress(Manager *manager, const Ingress *ingress);

/** A rule as people read it, with what the kernel counted. */
typedef struct RuleLine {
	enum family family;
	const char *table;      /* static */
	char *chain, *text;     /* "DOCKER", "-i docker0 …" */
	guint64 packets, bytes; /* 0 where the rule is not in the kernel */
} RuleLine;

/** A line for each rule (GPtrArray of RuleLine), once where several parts ask for it. BACKEND_UNAVAILABLE, FAILED. */
GPtrArray *service_rule_lines(Manager *manager, const GArray *items, GError **error);
