/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"

/**
 * In place of service_restore(): takes away everything that the previous instance left, whose state is in the
 * directory, by the same steps as when each object is deleted: rules, bridges, switches and at last the journal. Waits
 * for the lock, for LockTimeoutSec= at most, and until old connections have ended. BUSY, FAILED, BACKEND_UNAVAILABLE:
 * the next instance finds what is left then.
 */
bool service_clear(Service *service, const char *directory, GError **error) G_GNUC_WARN_UNUSED_RESULT;
