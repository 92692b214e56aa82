/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/object.h"

/**
 * How many bytes an object takes in the answer of GetManagedObjects, and its path in a list of them: never fewer than
 * are written, and not many more. To know costs little compared with writing them.
 */
gsize object_size(enum object_kind kind, const void *object);
gsize object_path_size(enum object_kind kind, const void *object);
