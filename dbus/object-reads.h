/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/bus.h"

/**
 * What the standard interfaces read and may take long: GetManagedObjects, the properties of an object with much in it,
 * the introspection of a folder of objects. A call of these goes to the reads; a handler's return value, 0 for every
 * other call.
 */
int object_read_add(const Bus *bus, sd_bus_message *call);

/** FindObjects; to be put in with the Bus. */
extern const ReadKind find_objects_read;
