/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/allow-from.h"

/** Ports of an endpoint or a gateway, after addresses are translated, and who alone may reach them. */
typedef struct Guard {
	Address address;
	guint8 protocol;
	guint16 first, count;
	AllowFrom *list; /* NULL: everybody */
} Guard;

/** A GArray of Guard that shares their lists. */
GArray *guards_new(void);
void guards_add(GArray *guards, const Guard *guard);

/** Puts them in order, those that touch together: all of one address and protocol with the same list. */
void guards_sort(GArray *guards);

/** The guard of a port, or NULL. They are in order. */
const Guard *guards_find(const GArray *guards, const Address *address, guint8 protocol, guint16 port);
