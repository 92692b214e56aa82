/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/allow-from.h"
#include "service/model/lifetime.h"
#include "service/model/port.h"

/** Where an ingress leads to. */
typedef struct Gateway {
	Address address;
	char bridge[IFNAMSIZ]; /* the interface that reaches it */
} Gateway;

/** So many of an ingress share its connections at most. */
#define GATEWAYS_MAX 64

/** A host port forwarded to the same port of the gateways. */
typedef struct IngressPort {
	guint8 protocol;
	guint16 port;
	guint32 references; /* how often it was published */
	guint64 sequence;
} IngressPort;

typedef struct Ingress {
	char *name;
	GList by_age;                /* in model->ingresses_by_age */
	GArray *gateways;            /* Gateway, all of one family; at least one of an ingress that is in a model */
	bool masquerade;             /* gateways see an address of this host, not the client's */
	bool masquerade_given;       /* … whatever the gateways are */
	char bridge_given[IFNAMSIZ]; /* by which all of them are reached; "": each by its route */
	guint64 sequence;
	GPtrArray *ports;      /* IngressPort, owned, in order of publication */
	AllowFrom *allow_from; /* owned */
	char **labels;         /* labels.h */
	Lifetime lifetime;
} Ingress;

Ingress *ingress_new(const char *name);
void ingress_free(Ingress *ingress); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ingress, ingress_free)

/** What is of the gateways is of one family. */
enum family ingress_family(const Ingress *ingress);

/** The gateways one by one, and the first. */
const Gateway *ingress_gateway(const Ingress *ingress, guint i);
const Gateway *ingress_first_gateway(const Ingress *ingress);

/** The i-th interface that leads to a gateway, each once; NULL: no more. And whether one does. */
const char *ingress_bridge(const Ingress *ingress, guint i);
bool ingress_has_bridge(const Ingress *ingress, const char *interface);

/** Its ports, each as often as there are gateways. */
guint ingress_count_ways(const Ingress *ingress);

/** Where an address is among them; -1: nowhere. */
int ingress_find_gateway(const Ingress *ingress, const Address *address);

/** The port, and where it stands in ingress->ports; or NULL. */
IngressPort *ingress_find_port(const Ingress *ingress, const LinkPort *port, guint *ret_index);

/** The host port of an ingress port. */
PortRange ingress_port_range(const Ingress *ingress, guint8 protocol, guint16 port);
