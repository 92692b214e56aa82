/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/change/settings.h"
#include "service/change/transaction.h"
#include "service/model/name.h"
#include "service/quota.h"

/* What the requests share. */

/**
 * Fills in the lifetime of a new object, and claims its descriptor. INVALID_ARGS when the descriptor cannot be waited
 * for or does not go with the other settings.
 */
bool request_lifetime(Transaction *transaction, Lifetime *lifetime, enum object_kind kind, void *object,
		      const LifetimeSettings *settings, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Takes host ports for a new publication of a user's. reserve: they are to be held on the host; else no program of
 * another user may have them, unless the user is root. PORT_IN_USE, PENDING, FAILED name the port; nothing is claimed
 * then.
 */
bool request_ports(Transaction *transaction, const PortRange *ranges, guint n, uid_t uid, bool reserve,
		   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Finds ranges[0].count consecutive ports free in each of the n ranges, which differ in family and address alone,
 * claims them and writes the first into each. No program on the host has one, whoever's it is, nor is anything left of
 * one's connections. PORTS_EXHAUSTED when there are none.
 */
bool request_any_ports(Transaction *transaction, PortRange *ranges, guint n, uid_t uid, bool reserve,
		       GError **error) G_GNUC_WARN_UNUSED_RESULT;
