/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/cursor.h"
#include "service/error.h"

/**
 * Whether the arguments of a message take more than so many bytes or consist of more than so many values; to find out
 * takes as long as to read so much. The message is read from its start again afterwards.
 */
bool message_is_larger(sd_bus_message *message, gsize max_bytes, gsize max_values);

/** How many bytes its arguments take. Likewise. */
gsize message_size(sd_bus_message *message);

/** Of how many values a call without privilege may consist: all endpoints a user may have make three quarters of it. */
#define MAX_CALL_VALUES (3 << 17)

/** Whether a call is within MAX_CALL_SIZE, and unless the caller is privileged MAX_CALL_VALUES: LIMITS_EXCEEDED. */
bool size_check(sd_bus_message *call, bool privileged, GError **error) G_GNUC_WARN_UNUSED_RESULT;
