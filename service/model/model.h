/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/endpoint.h"
#include "service/model/ingress.h"
#include "service/model/port-shares.h"
#include "service/model/port-table.h"
#include "service/model/usage.h"

/**
 * The objects there are, and how to find them. Plain data: nothing here touches the kernel or the bus, and nothing can
 * fail. The indices follow from the objects; whoever reads may look into them, and changes alone insert and remove.
 */
typedef struct Model {
	GHashTable *networks, *ingresses;         /* name → Network, Ingress */
	GQueue networks_by_age, ingresses_by_age; /* the same, the oldest first */
	GHashTable *bridges;                      /* interface name → Network */
	GHashTable *endpoints;                    /* Address → Endpoint */
	GHashTable *by_interface;                 /* ifindex → GPtrArray of Endpoint that go with it */
	GHashTable *owners;                       /* unique bus name → set of Lifetime that end with it */
	PortTable *ports;                         /* of endpoints and ingresses */
	PortShares *port_shares;                  /* of whoever is not root, whom nothing limits */
	GHashTable *usage;                        /* uid → Usage */
	Usage total;
	guint n_external; /* networks that are not internal */
	guint64 sequence; /* the last age that was given out */
	bool started;     /* the chains are asked for */
} Model;

Model *model_new(void);
void model_free(Model *model); /* NULL is fine; frees every object */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Model, model_free)

/** What every kind of object has. */
Lifetime *object_lifetime(enum object_kind kind, void *object);
char *const *object_labels(enum object_kind kind, const void *object);

const AllowFrom *object_allow_from(const Lifetime *lifetime);

bool model_is_empty(const Model *model); /* neither network nor ingress */

Network *model_find_network(const Model *model, const char *name, GError **error);         /* NO_SUCH_NETWORK */
Ingress *model_find_ingress(const Model *model, const char *name, GError **error);         /* NO_SUCH_INGRESS */
Endpoint *network_find_endpoint(const Network *network, const char *name, GError **error); /* NO_SUCH_ENDPOINT */

/** Whether an endpoint is in it, and not gone with a change since. */
bool model_has_endpoint(const Model *model, const Endpoint *endpoint);

/** What a uid has; all zero for one that has nothing. */
Usage model_usage(const Model *model, uid_t uid);

/*
 * Putting objects in, which takes them over, and taking them out, which gives them back. before is who shall stand
 * behind the object in the order of age: NULL for a new one, what the removal returned for one that comes back.
 * A network is removed without endpoints and an endpoint without links; their ports go and come back with them.
 */
void model_insert_network(Model *model, Network *network, GList *before);
GList *model_remove_network(Model *model, Network *network);
void model_insert_endpoint(Model *model, Endpoint *endpoint, GList *before);
GList *model_remove_endpoint(Model *model, Endpoint *endpoint);
void model_set_interface(Model *model, Endpoint *endpoint, int ifindex); /* one that is in it */
/* Of an object that is in it: each takes one list and gives the other. */
AllowFrom *model_set_allow_from(Model *model, const Lifetime *lifetime, AllowFrom *list);
char **model_set_labels(Model *model, const Lifetime *lifetime, char **labels);
void model_insert_ingress(Model *model, Ingress *ingress, GList *before);
GList *model_remove_ingress(Model *model, Ingress *ingress);
void model_insert_mapping(Model *model, Endpoint *endpoint, PortMapping *mapping, guint index);
PortMapping *model_remove_mapping(Model *model, Endpoint *endpoint, guint index);
/** Puts other gateways in the place of those that it gives back, and whether they are masqueraded. */
void model_swap_gateways(Model *model, Ingress *ingress, GArray **gateways, bool *masquerade);
void model_insert_ingress_port(Model *model, Ingress *ingress, IngressPort *port, guint index);
IngressPort *model_remove_ingress_port(Model *model, Ingress *ingress, guint index);
void model_insert_link(Model *model, Endpoint *parent, Link *link, guint index);
Link *model_remove_link(Model *model, Endpoint *parent, guint index);
