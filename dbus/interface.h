/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/call.h"

/**
 * Puts the interface of one kind of objects on the bus, below NETWORK_PATH or
 * INGRESS_PATH. What it shows is in the vtable; what it changes is in methods
 * (as call_start() takes them), which the vtable gives interface_change() for.
 * Both are static. Returns a negative errno when the bus does not take it.
 */
int interface_add(Server *server, enum object_kind kind, const char *prefix, const sd_bus_vtable *vtable,
		  const Method *methods);

/** An sd_bus_message_handler_t that starts a call of one of the interface's methods. */
int interface_change(sd_bus_message *message, void *userdata, sd_bus_error *error);
