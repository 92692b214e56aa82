/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

/** A call with these arguments (a tuple), as it comes from a bus. NULL: no bus would take it. */
sd_bus_message *message_new(GVariant *arguments);
