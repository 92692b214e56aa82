/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/bus.h"

/**
 * The interfaces, one file each, put on the bus. The context is borrowed for as long as the connection is open.
 * Negative errno when the bus does not take one.
 */
int manager_interface_add(const Bus *bus);
int network_interface_add(const Bus *bus);
int endpoint_interface_add(const Bus *bus);
int ingress_interface_add(const Bus *bus);

/** What each kind of object shows, by sd_bus_vtable; their handlers and getters get a Found (object.h). */
extern const sd_bus_vtable network_vtable[], endpoint_vtable[], ingress_vtable[];
