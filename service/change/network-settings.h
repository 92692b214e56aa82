/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/change/settings.h"
#include "service/model/network.h"

/*
 * What settings ask for, as a network has it. Nothing but them is looked at.
 */

/** All but AllowFrom, the endpoints and the lifetime, into a network that is new. INVALID_ARGS. */
bool network_parse(Network *network, const NetworkSettings *settings, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** An address to publish on in place of any; text: NULL or empty for any. INVALID_ARGS. */
bool network_parse_host_binding(const Network *network, const char *text, Address *ret,
				GError **error) G_GNUC_WARN_UNUSED_RESULT;
