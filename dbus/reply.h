/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/call.h"

/** Answers a GetRules with a rendering, each rule once, with its counters in the kernel; takes the array over. */
int rule_list_reply(Server *server, sd_bus_message *message, GArray *items, sd_bus_error *ret_error);

/** Appends one (ssqqq). Negative errno. */
int port_mapping_append(sd_bus_message *message, const PortMapping *mapping);

/** Appends an address or nothing. */
int address_append(sd_bus_message *reply, const Address *address);

/** Appends the path of an object. */
int path_append(sd_bus_message *reply, enum object_kind kind, const void *object);

/** Appends to the reply; out of memory is the only way to fail. */
bool call_append_path(Call *call, enum object_kind kind, const void *object, GError **error);
bool call_append_mappings(Call *call, const GArray *mappings, GError **error);
