/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cni/client.h"

#include "dbus/names.h"
#include "service/cli/value.h"

#include <string.h>

/* A runtime waits for some minutes, and ends the plugin then. */
#define CALL_USEC (60 * G_USEC_PER_SEC)

/* In the order in which they are looked for. */
static const struct {
	const char *name;
	enum cni_error code;
} codes[] = {
	{ SD_BUS_ERROR_INVALID_ARGS, CNI_ERROR_CONFIG },
	{ ERROR_PREFIX "NetworkInternal", CNI_ERROR_CONFIG },
	{ ERROR_PREFIX "Busy", CNI_ERROR_TRY_LATER },
	{ SD_BUS_ERROR_NO_REPLY, CNI_ERROR_TRY_LATER },
	{ SD_BUS_ERROR_TIMEOUT, CNI_ERROR_TRY_LATER },
	{ SD_BUS_ERROR_DISCONNECTED, CNI_ERROR_TRY_LATER },
	{ SD_BUS_ERROR_SERVICE_UNKNOWN, CNI_ERROR_UNREACHABLE },
	{ SD_BUS_ERROR_NAME_HAS_NO_OWNER, CNI_ERROR_UNREACHABLE },
	{ "org.freedesktop.systemd1.NoSuchUnit", CNI_ERROR_UNREACHABLE },
	{ SD_BUS_ERROR_ACCESS_DENIED, CNI_ERROR_DENIED },
	{ SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, CNI_ERROR_DENIED },
	{ ERROR_PREFIX "NotOwner", CNI_ERROR_DENIED },
	{ ERROR_PREFIX "NetworkExists", CNI_ERROR_TAKEN },
	{ ERROR_PREFIX "EndpointExists", CNI_ERROR_TAKEN },
	{ ERROR_PREFIX "BridgeInUse", CNI_ERROR_TAKEN },
	{ ERROR_PREFIX "SubnetInUse", CNI_ERROR_TAKEN },
	{ ERROR_PREFIX "AddressInUse", CNI_ERROR_TAKEN },
	{ ERROR_PREFIX "AddressesExhausted", CNI_ERROR_TAKEN },
	{ ERROR_PREFIX "PortInUse", CNI_ERROR_TAKEN },
	{ ERROR_PREFIX "PortsExhausted", CNI_ERROR_TAKEN },
	{ ERROR_PREFIX "QuotaExceeded", CNI_ERROR_TAKEN },
};

static enum cni_error code_of(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(codes); i++)
		if (strcmp(codes[i].name, name) == 0)
			return codes[i].code;
	return g_str_has_prefix(name, STANDARD("Error.Spawn.")) ? CNI_ERROR_UNREACHABLE : CNI_ERROR_SERVICE;
}

bool client_found_nothing(const Client *client)
{
	return client->error_name && (g_str_equal(client->error_name, SD_BUS_ERROR_UNKNOWN_OBJECT) ||
				      g_str_equal(client->error_name, ERROR_PREFIX "NoSuchNetwork"));
}

bool client_found_nobody(const GError *error)
{
	return g_error_matches(error, CNI_ERROR, CNI_ERROR_UNREACHABLE);
}

/* --- the connection --- */

static bool connect_to_bus(Client *client, GError **error)
{
	int r = client->bus ? 0 : sd_bus_open_system(&client->bus);

	return r >= 0 || cni_fail(error, UNREACHABLE, "cannot connect to the system bus: %s", g_strerror(-r));
}

void client_close(Client *client)
{
	client->bus = sd_bus_flush_close_unref(client->bus);
	g_clear_pointer(&client->error_name, g_free);
}

/* --- calls --- */

static int call(Client *client, const char *path, const char *interface, const char *member, GVariant *arguments,
		sd_bus_message **ret, sd_bus_error *error)
{
	g_autoptr(sd_bus_message) message = NULL;
	int r;

	r = sd_bus_message_new_method_call(client->bus, &message, BUS_NAME, path, interface, member);
	if (r >= 0 && arguments)
		r = values_append(message, arguments);
	if (r >= 0)
		r = sd_bus_call(client->bus, message, CALL_USEC, error, ret);
	if (r < 0 && !sd_bus_error_is_set(error))
		sd_bus_error_set_errno(error, r);
	return r;
}

static void report(Client *client, sd_bus_error *reason, GError **error)
{
	g_free(client->error_name);
	client->error_name = g_strdup(reason->name);
	cni_set_error(error, code_of(reason->name), "%s",
		      reason->message && *reason->message ? reason->message : reason->name);
	sd_bus_error_free(reason);
}

bool client_call(Client *client, const char *path, const char *interface, const char *member, GVariant *arguments,
		 GVariant **ret, GError **error)
{
	g_autoptr(GVariant) body = arguments ? g_variant_ref_sink(arguments) : NULL;
	g_autoptr(sd_bus_message) reply = NULL;
	sd_bus_error reason = SD_BUS_ERROR_NULL;

	if (!connect_to_bus(client, error))
		return false;
	if (call(client, path, interface, member, body, &reply, &reason) < 0) {
		report(client, &reason, error);
		return false;
	}
	if (!ret)
		return true;
	*ret = values_read(reply);
	return *ret || cni_fail(error, SERVICE, "the answer to %s() is not understood", member);
}

GVariant *client_properties(Client *client, const char *path, const char *interface, GError **error)
{
	g_autoptr(GVariant) reply = NULL;

	if (!client_call(client, path, STANDARD("Properties"), "GetAll", g_variant_new("(s)", interface), &reply,
			 error))
		return NULL;
	return g_variant_get_child_value(reply, 0);
}
