/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/endpoint.h"

/** A host port forwarded to the same port of an ingress gateway. */
typedef struct IngressPort {
	guint8 protocol;
	guint16 port;
	guint32 references; /* how often it was published */
	guint64 sequence;
} IngressPort;

typedef struct Ingress {
	char *name;
	Address gateway;
	char bridge[IFNAMSIZ]; /* the interface that reaches the gateway */
	guint64 sequence;
	GPtrArray *ports; /* IngressPort, owned */
	Lifetime lifetime;
} Ingress;

Ingress *ingress_new(const char *name);
void ingress_free(Ingress *ingress); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ingress, ingress_free)
