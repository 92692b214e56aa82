/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/cni/config.h"

/**
 * Whether an attachment is as ADD left it, by the properties (a{sv}) of its endpoint and network and by what the
 * namespace of a socket has. CNI_ERROR_DIFFERENT says what is not.
 */
bool check_attachment(const CniConfig *config, const Environment *environment, GVariant *endpoint, GVariant *network,
		      int socket, GError **error) G_GNUC_WARN_UNUSED_RESULT;
