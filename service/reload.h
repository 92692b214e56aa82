/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"

/**
 * Reads the configuration again. INVALID_ARGS names the file and what is wrong with it, or what cannot be changed
 * while the service runs (ChainPrefix); the old one stays in force then. Commit afterwards.
 */
bool service_reload(Service *service, GError **error);
