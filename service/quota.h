/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/config.h"
#include "service/model/model.h"

/**
 * Whether there may be so many more of something, in total and for one uid; uid 0 has only the former limit.
 * QUOTA_EXCEEDED names the limit.
 */
bool quota_check(const Model *model, const Config *config, enum quota quota, uid_t uid, guint by,
		 GError **error) G_GNUC_WARN_UNUSED_RESULT;
