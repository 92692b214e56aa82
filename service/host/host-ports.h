/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/address.h"
#include "service/error.h"
#include "service/transaction.h"

/**
 * The host ports that are published, each held by a socket that is bound and
 * never listens: no other program can take it, and a connection that reaches it
 * is refused at once. Where the service may not bind (ports below 1024 without
 * CAP_NET_BIND_SERVICE), a port that a program on the host has is in use all the
 * same, but a free one is not kept from such programs later. Ports are counted
 * singly; a range is its ports.
 */
typedef struct Ports Ports;

Ports *ports_new(void);
void ports_free(Ports *ports); /* NULL is fine; closes what is still held */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ports, ports_free)

/** A run of host ports of one protocol in one family. */
typedef struct PortRange {
	guint8 protocol; /* IPPROTO_* */
	guint8 family;   /* enum family */
	guint16 first, count;
	Address address; /* AF_UNSPEC or the unspecified address: any */
} PortRange;

/**
 * Takes the ports, all or none, and notes in the transaction how to give them
 * back. PORT_IN_USE names the first that another mapping or another program
 * has; PENDING says that it is free once what is in the transaction is
 * committed.
 */
bool ports_reserve(Ports *ports, Transaction *transaction, const PortRange *range, GError **error);

/** Gives the ports back when the transaction is done; until then nobody outside it gets them. */
void ports_release(Ports *ports, Transaction *transaction, const PortRange *range);

/**
 * Finds and reserves ranges[0].count consecutive ports free in each of the n
 * ranges (which differ in family and address alone) and writes the first of them into each. Goes on from the last
 * handed out within net.ipv4.ip_local_port_range. PORTS_EXHAUSTED when there are none.
 */
bool ports_allocate(Ports *ports, Transaction *transaction, PortRange *ranges, guint n, GError **error);

/** While tolerant, a port that a program on the host has taken meanwhile is published all the same, and said so in the
 * log. */
void ports_set_tolerant(Ports *ports, bool tolerant);

/** Where the next allocation of that protocol starts looking; for those who try something and take it back. */
guint16 ports_cursor(const Ports *ports, guint8 protocol);
void ports_set_cursor(Ports *ports, guint8 protocol, guint16 last);
