/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"

/** The object path of an object; the caller frees. */
char *path_of(enum object_kind kind, const void *object);

/** The interface an object of that kind implements; static. */
const char *interface_of(enum object_kind kind);

/** Whether a path has the shape of one of an object of that kind. */
bool path_is_of(const char *path, enum object_kind kind);

/**
 * The names in a path, each NULL where the path has none; the caller frees, whatever comes back. False when no object
 * could have this path: an object has one path, that its name is encoded to, and valid names.
 */
bool path_decode(const char *path, enum object_kind *ret_kind, char **ret_name, char **ret_endpoint);

/** The object of that kind at a path, or NULL. */
void *path_lookup(const Service *service, const char *path, enum object_kind kind);

/**
 * The object at a path. UNKNOWN_OBJECT when there is none, or INVALID_ARGS when
 * it is not of the kind.
 */
void *path_find(const Service *service, const char *path, enum object_kind kind, GError **error);
