/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/filter.h"

#include "dbus/error.h"
#include "dbus/object-reads.h"
#include "dbus/size.h"

/* What is asked for is an answer, and nothing else. */
static bool is_read(sd_bus_message *message)
{
	const PolicyMethod *method =
		policy_method_find(sd_bus_message_get_interface(message), sd_bus_message_get_member(message));

	return method ? method->action == ACTION_NONE
		      : !sd_bus_message_is_method_call(message, "org.freedesktop.DBus.Properties", "Set");
}

static int on_message(sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
	g_autoptr(GError) error = NULL;
	const Bus *bus = userdata;

	if (sd_bus_message_is_method_call(message, NULL, NULL) <= 0)
		return 0;
	if (!sd_bus_message_get_expect_reply(message) && is_read(message))
		return 1;
	if (message_is_larger(message, MAX_CALL_SIZE)) {
		netfilter_fail(&error, LIMITS_EXCEEDED, "the arguments of %s take more than %u bytes",
			       cut(sd_bus_message_get_member(message)), MAX_CALL_SIZE);
		return error_set(ret_error, error);
	}
	return object_read_add(bus, message);
}

int filter_add(const Bus *bus)
{
	return sd_bus_add_filter(bus->connection, NULL, on_message, (void *)bus);
}
