/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"
#include <systemd/sd-bus.h>

/** Each appends one value to a message. Negative errno. */
int address_append(sd_bus_message *message,
		   const Address *address) G_GNUC_WARN_UNUSED_RESULT; /* nothing for AF_UNSPEC */
int labels_append(sd_bus_message *message, char *const *labels) G_GNUC_WARN_UNUSED_RESULT;
int sources_append(sd_bus_message *message, const AllowFrom *list) G_GNUC_WARN_UNUSED_RESULT;
int path_append(sd_bus_message *message, enum object_kind kind, const void *object) G_GNUC_WARN_UNUSED_RESULT;
int port_mapping_append(sd_bus_message *message, const PortMapping *mapping) G_GNUC_WARN_UNUSED_RESULT;
int port_mappings_append(sd_bus_message *message, const GArray *mappings) G_GNUC_WARN_UNUSED_RESULT; /* PortMapping */

/** Whether an append succeeded; NO_MEMORY, the only way in which it fails. */
bool reply_written(int r, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** How many bytes an answer has at most: half of what the system bus carries, which cuts off who sends more. */
#define MAX_ANSWER_SIZE (16 << 20)

/**
 * Sends an answer that is written and has so many bytes, or at least no more. Negative errno, with the error set where
 * it is too large: LIMITS_EXCEEDED says what to ask instead.
 */
int answer_send(sd_bus_message *call, sd_bus_message *answer, gsize bytes, const char *instead, sd_bus_error *error);

/** Whether one is within the size, whatever it has: it is sealed by that. LIMITS_EXCEEDED, NO_MEMORY. */
bool answer_check(sd_bus_message *call, sd_bus_message *answer, const char *instead,
		  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Answers a call with a text. As answer_send(). */
int text_reply(sd_bus_message *call, const char *text, const char *instead, sd_bus_error *error);

/** Answers a call with the path of an object. Negative errno. */
int path_reply(sd_bus_message *call, enum object_kind kind, const void *object);
