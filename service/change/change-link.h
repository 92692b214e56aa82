/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/change/transaction.h"

/** ports: LinkPort. Linking again adds ports. INVALID_ARGS when they are no siblings or may talk anyway. */
bool endpoint_link(Transaction *transaction, Endpoint *parent, Endpoint *child, const GArray *ports,
		   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** INVALID_ARGS when there is no such link. */
bool endpoint_unlink(Transaction *transaction, Endpoint *parent, Endpoint *child,
		     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** One of the endpoint's links. */
void endpoint_remove_link(Transaction *transaction, Endpoint *parent, const Link *link);

extern const ChangeKind link_added, link_removed;
