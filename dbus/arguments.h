/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/cursor.h"
#include "service/model/port.h"

/**
 * What single arguments of a call say. Each function reads on in a message; what it does not understand is
 * INVALID_ARGS, and what is over the cursor's bounds LIMITS_EXCEEDED. An integer may be of any type, where one is told
 * which (a character of its signature).
 */

/** Reports what sd-bus returned, if that is an error: of an argument, or NO_MEMORY. */
bool argument_check(int r, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Whether one signature may be taken for another: they differ in types of integers at most. */
bool argument_fits(const char *signature, const char *expected);

/** One integer of that type, from 0 to max. */
bool integer_read(Cursor *cursor, char type, guint64 max, guint64 *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** One integer of that type, a port. */
bool port_read(Cursor *cursor, char type, guint16 *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** One string or object path (type), borrowed from the message. */
bool string_read(Cursor *cursor, char type, const char **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** An as, the caller's. */
bool strings_read(Cursor *cursor, char ***ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** An as of names, as a set; NULL on failure. The names are borrowed from the message. */
GHashTable *names_read(Cursor *cursor, GError **error);

/** An a{ss} of labels, the caller's. */
bool labels_read(Cursor *cursor, char ***ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** An a(ss) of routes, destinations and gateways by turns, the caller's. */
bool routes_read(Cursor *cursor, char ***ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** An a(ssqqq) of port mappings (GArray of PortMapping); NULL on failure. */
GArray *port_mappings_read(Cursor *cursor, GError **error);

/** An a(sq) of ports (GArray of LinkPort); NULL on failure. */
GArray *ports_read(Cursor *cursor, GError **error);
