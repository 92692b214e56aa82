/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/change/transaction.h"

/* Where an ingress is asked to lead to: first what was written, then what that means on this host, now. */

/**
 * The gateways of an ingress that is not in the model yet. key is what they were given as. INVALID_ARGS names the one
 * that is no address, special, not one host's, there twice, of another family than the first, or one too many.
 */
bool gateways_parse(const Transaction *transaction, Ingress *ingress, const char *key, char *const *texts,
		    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * By which interface each is reached, and whether they are masqueraded. INVALID_ARGS when no route leads there, or the
 * interface that was given is not there; PENDING while it goes.
 */
bool gateways_find_ways(const Transaction *transaction, Ingress *ingress, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** NETWORK_INTERNAL when one is in an internal network, or behind its bridge. */
bool gateways_check(const Model *model, const Ingress *ingress, GError **error) G_GNUC_WARN_UNUSED_RESULT;
