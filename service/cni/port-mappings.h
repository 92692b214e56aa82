/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/cni/json.h"

/**
 * The portMappings of a runtimeConfig, its keys in any capitals, as the setting Ports, a(ssqqq), which is floating;
 * NULL where there are none. In the order of their host ports, and what is next to one another joined: a runtime gives
 * each port of a range by itself. CNI_ERROR_CONFIG.
 */
bool port_mappings_read(JsonObject *runtime, GVariant **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
