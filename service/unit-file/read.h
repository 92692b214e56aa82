/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"

#define UNIT_FILE_MAX_BYTES (4 << 20)

/**
 * Reads a regular file of at most UNIT_FILE_MAX_BYTES. *ret_text is NULL when it is empty or /dev/null: it is masked;
 * else the caller's. INVALID_ARGS names the path, and what it is if it is no file: a FIFO, a device, … is not opened.
 */
bool unit_file_read(const char *path, char **ret_text, gsize *ret_size, GError **error) G_GNUC_WARN_UNUSED_RESULT;
