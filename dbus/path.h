/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/endpoint.h"

/** The object path of names; endpoint is looked at for OBJECT_ENDPOINT alone. free() it, it is libsystemd's. */
char *path_encode(enum object_kind kind, const char *name, const char *endpoint);

/** That of an object; free() it. */
char *path_of(enum object_kind kind, const void *object);

/** The interface an object of that kind implements; static. */
const char *interface_of(enum object_kind kind);

/** Whether a path has the shape of one of an object of that kind. */
bool path_is_of(const char *path, enum object_kind kind);

/**
 * The names in a path, each NULL where the path has none; the caller frees, whatever comes back. False when no object
 * could have this path: an object has one path, that its name is encoded to, and valid names.
 */
bool path_decode(const char *path, enum object_kind *ret_kind, char **ret_name,
		 char **ret_endpoint) G_GNUC_WARN_UNUSED_RESULT;
