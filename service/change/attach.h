/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/change/settings.h"
#include "service/change/transaction.h"

/**
 * What a new endpoint, which has its addresses, asks for to be attached, if it does: fills in endpoint->attachment and
 * claims the namespace. It is then to live as long as its interface. INVALID_ARGS, ACCESS_DENIED, FAILED.
 */
bool attach_request(Transaction *transaction, Endpoint *endpoint, const EndpointSettings *settings,
		    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * The first of these settings in which an endpoint that is there differs; NULL: none. Neither the namespace, the MTU
 * nor the routes are compared: what is attached does not keep them.
 */
const char *attach_find_difference(const Endpoint *endpoint, const AttachSettings *settings);
