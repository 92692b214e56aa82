/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>

/** How many bytes the arguments of a call may take: the largest call there is use for takes one. */
#define MAX_CALL_SIZE (4 << 20)

/** Whether the arguments of a message take more than so many bytes; it is read from its start again afterwards. */
bool message_is_larger(sd_bus_message *message, gsize max);
