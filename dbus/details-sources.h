/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/details.h"

/*
 * Tells, as "allow-from", who may reach what is published by a call, as far as the configuration lets them:
 * "192.168.0.0/16, lo"; "" is everybody. Where a call is about several that are not the same it is not told.
 * INVALID_ARGS, QUOTA_EXCEEDED.
 */

/** Of one list as a request says it, or of the fallback where that is empty. */
bool description_add_sources(Description *description, char *const *texts, const AllowFrom *fallback,
			     const Config *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Of endpoints (GPtrArray of EndpointSettings) that are to come to a network; NULL: there is none yet. */
bool description_add_endpoint_sources(Description *description, const GPtrArray *endpoints, const Network *network,
				      const Config *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Of a network with its endpoints. */
bool description_add_network_sources(Description *description, const NetworkSettings *settings, const Config *config,
				     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Of an object that publishes more. */
void description_add_effective_sources(Description *description, const Service *service, const Lifetime *lifetime);
