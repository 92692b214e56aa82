/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/change/transaction.h"
#include "service/sources.h"

/**
 * Reads who may reach an object's ports, in place of before. *ret is the caller's, NULL for everybody. INVALID_ARGS,
 * QUOTA_EXCEEDED.
 */
bool request_sources(const Transaction *transaction, char *const *texts, const AllowFrom *before, uid_t uid,
		     AllowFrom **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Whether a list says what is asked for; one that cannot be read says nothing. */
bool allow_from_is(const AllowFrom *list, char *const *texts);

/** Sets who may reach an endpoint's or an ingress's ports. INVALID_ARGS, QUOTA_EXCEEDED. */
bool object_set_allow_from(Transaction *transaction, Lifetime *lifetime, char *const *texts,
			   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** An ingress's lists are rules for each of its ports: whether that is not too many. QUOTA_EXCEEDED. */
bool check_ingress_sources(const AllowFrom *list, guint n_ports, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Adds what of a network, or of an endpoint or an ingress, is guarded by a list of its own or another's. */
void guard_network(const Network *network, GArray *guards);
void guard_all(const Model *model, GArray *guards);

extern const ChangeKind allow_from_changed;
