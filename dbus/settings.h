/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/cursor.h"
#include "service/access.h"
#include "service/change/settings.h"

/**
 * What an a{sv} of settings says. Each function reads on in a message and reports what it does not understand as
 * INVALID_ARGS that names the key. An integer in a setting may be of any type. Descriptors and the sender's name are
 * borrowed from the message. More than MAX_ATTACHED endpoints to attach are LIMITS_EXCEEDED, unless the caller is
 * privileged.
 */

/**
 * An a{sv} of network settings; free with network_settings_clear() whatever comes back. Endpoints in it that do not
 * say how long they live take the lifetime settings of the network, unless they are to be attached; those without
 * labels take its labels.
 */
bool network_settings_read(Cursor *cursor, uid_t uid, NetworkSettings *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** An a{sv} of what Network.Update takes; *ret_mask tells which it was given. */
bool network_update_read(Cursor *cursor, NetworkSettings *ret, guint *ret_mask,
			 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** A name and an a{sv} of endpoint settings, "sa{sv}". */
EndpointSettings *endpoint_settings_read(Cursor *cursor, uid_t uid, GError **error);

/** An a(sa{sv}) of endpoints (GPtrArray of EndpointSettings); NULL on failure. */
GPtrArray *endpoint_list_read(Cursor *cursor, uid_t uid, GError **error);

/** An a{sv} of ingress settings; free with ingress_settings_clear() whatever comes back. */
bool ingress_settings_read(Cursor *cursor, uid_t uid, IngressSettings *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** An a{sv} of what Endpoint.Update and Ingress.Update take; *ret is the caller's whatever comes back. */
bool allow_from_update_read(Cursor *cursor, char ***ret, bool *ret_given, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** An a{sv} of what Explain takes; what is not given is NULL or 0. Strings are borrowed from the message. */
typedef struct PacketArguments {
	const char *source, *destination, *protocol, *interface;
	guint16 port, source_port;
} PacketArguments;
bool packet_arguments_read(Cursor *cursor, PacketArguments *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
