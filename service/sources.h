/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"
#include "service/model/allow-from.h"

/**
 * Reads a list of sources; what is named twice is there once. *ret is the caller's, and NULL for an empty list (texts
 * NULL or without any): everybody. INVALID_ARGS names what is neither a prefix nor an interface, QUOTA_EXCEEDED says
 * how many of them max allows; both begin with "AllowFrom: ".
 */
bool sources_read(char *const *texts, guint max, AllowFrom **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
