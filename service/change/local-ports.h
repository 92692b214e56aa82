/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/change/transaction.h"

/** The ports that the kernel hands out itself (ip_local_port_range), from which we choose too; its default if it does
 * not say. */
void local_ports_read(guint *ret_min, guint *ret_max);

/**
 * Whether a uid that publishes these as well (PortMapping; host port 0: one of those) leaves half of them, of each
 * protocol, to others. What it asks for outside of them does not count, and uid 0 may have all. QUOTA_EXCEEDED.
 */
bool local_ports_check(const Transaction *transaction, uid_t uid, const GArray *mappings,
		       GError **error) G_GNUC_WARN_UNUSED_RESULT;
