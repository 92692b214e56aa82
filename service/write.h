/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/** Writes all of it, in as many steps as that takes. False sets errno. */
bool write_all(int fd, const void *data, gsize size) G_GNUC_WARN_UNUSED_RESULT;
