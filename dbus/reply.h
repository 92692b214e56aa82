/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/server.h"

/** Answers a GetRules with a rendering, each rule once, with its counters in the kernel; takes the array over. */
int rule_list_reply(Server *server, sd_bus_message *message, GArray *items, sd_bus_error *ret_error);

/** Appends one (ssqqq). Negative errno. */
int port_mapping_append(sd_bus_message *message, const PortMapping *mapping);
