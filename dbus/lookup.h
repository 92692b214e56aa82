/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"

/** The object of that kind at a path, or NULL. */
void *path_lookup(const Service *service, const char *path, enum object_kind kind);

/**
 * The object at a path. UNKNOWN_OBJECT when there is none, or INVALID_ARGS when
 * it is not of the kind.
 */
void *path_find(const Service *service, const char *path, enum object_kind kind, GError **error);
