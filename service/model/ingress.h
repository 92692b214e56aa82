/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/allow-from.h"
#include "service/model/lifetime.h"
#include "service/model/port.h"

/** A host port forwarded to the same port of an ingress gateway. */
typedef struct IngressPort {
	guint8 protocol;
	guint16 port;
	guint32 references; /* how often it was published */
	guint64 sequence;
} IngressPort;

typedef struct Ingress {
	char *name;
	GList by_age; /* in model->ingresses_by_age */
	Address gateway;
	char bridge[IFNAMSIZ]; /* the interface that reaches the gateway */
	guint64 sequence;
	GPtrArray *ports;      /* IngressPort, owned, in order of publication */
	AllowFrom *allow_from; /* owned */
	char **labels;         /* labels.h */
	Lifetime lifetime;
} Ingress;

Ingress *ingress_new(const char *name);
void ingress_free(Ingress *ingress); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ingress, ingress_free)

/** The port, and where it stands in ingress->ports; or NULL. */
IngressPort *ingress_find_port(const Ingress *ingress, const LinkPort *port, guint *ret_index);

/** The host port of an ingress port. */
PortRange ingress_port_range(const Ingress *ingress, guint8 protocol, guint16 port);
