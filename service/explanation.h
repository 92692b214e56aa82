/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"
#include "service/explain/packet.h"
#include "service/explain/steps.h"

/** What becomes of a packet and, step by step, why, as things are now; GPtrArray of Step, the caller's, good until
 * something changes. Changes nothing. INVALID_ARGS. */
bool service_explain(Service *service, const PacketSettings *settings, enum outcome *ret_outcome, GPtrArray **ret_steps,
		     GError **error) G_GNUC_WARN_UNUSED_RESULT;
