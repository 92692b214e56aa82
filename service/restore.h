/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"

/**
 * Brings back what the previous instance left in the runtime directory, into the model alone: service_start() and a
 * commit bring the kernel and the host in line. bus_id tells this bus from others; descriptors maps tokens (guint64)
 * to what the fd store kept, which is taken over. FAILED when the directory cannot be used.
 */
bool service_restore(Service *service, const char *directory, const char *bus_id, GHashTable *descriptors,
		     GError **error) G_GNUC_WARN_UNUSED_RESULT;
