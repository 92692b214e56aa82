/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/cni/error.h"
#include <systemd/sd-bus.h>

/** A caller of the service. */
typedef struct Client {
	sd_bus *bus;      /* NULL until something is called */
	char *error_name; /* of the last call that failed; NULL: none did */
} Client;

void client_close(Client *client);

/**
 * Calls a method, arguments being a tuple, which it takes over where that is floating, or NULL. *ret, if not NULL, is
 * the answer's tuple, the caller's. Fails with the service's sentence, and the code that its error stands for.
 */
bool client_call(Client *client, const char *path, const char *interface, const char *member, GVariant *arguments,
		 GVariant **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** All properties of an object, a{sv}; the caller's. */
GVariant *client_properties(Client *client, const char *path, const char *interface,
			    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Whether the last call failed since there is no such object, or network. */
bool client_found_nothing(const Client *client);

/** Whether it was good that it failed with that code, for want of a service. */
bool client_found_nobody(const GError *error);
