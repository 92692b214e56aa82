/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/** How many host ports each uid has, each once a protocol, whatever its addresses and how often it is published. */
typedef struct PortShares PortShares;

PortShares *port_shares_new(void);
void port_shares_free(PortShares *shares); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PortShares, port_shares_free)

/** A publication comes, or goes as it came. */
void port_shares_add(PortShares *shares, uid_t uid, guint8 protocol, guint16 first, guint16 count);
void port_shares_remove(PortShares *shares, uid_t uid, guint8 protocol, guint16 first, guint16 count);

/**
 * How many a uid has from min to max, both included. They are looked through only where a uid was last asked about with
 * other bounds.
 */
guint port_shares_count(PortShares *shares, uid_t uid, guint8 protocol, guint16 min, guint16 max);

/** Whether a uid has this one. */
bool port_shares_has(const PortShares *shares, uid_t uid, guint8 protocol, guint16 port);
