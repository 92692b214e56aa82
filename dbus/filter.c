/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/filter.h"

#include "dbus/error.h"
#include "dbus/names.h"
#include "dbus/object-reads.h"
#include "dbus/size.h"

/* Of what a call consists at most that takes no settings and no lists. */
#define MAX_VALUES 64

static bool is_change(sd_bus_message *message, const PolicyMethod *method)
{
	return method ? method->action != ACTION_NONE
		      : sd_bus_message_is_method_call(message, STANDARD("Properties"), "Set") > 0;
}

/* The name and the settings of an object. */
static bool is_preview(const PolicyMethod *method)
{
	return method && g_str_has_prefix(method->member, "Preview");
}

static int on_message(sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
	g_autoptr(GError) error = NULL;
	const PolicyMethod *method;
	const Bus *bus = userdata;

	if (sd_bus_message_is_method_call(message, NULL, NULL) <= 0)
		return 0;
	method = policy_method_find(sd_bus_message_get_interface(message), sd_bus_message_get_member(message));
	if (is_change(message, method))
		return 0;
	if (!sd_bus_message_get_expect_reply(message))
		return 1;
	if (is_preview(method))
		return 0;
	if (message_is_larger(message, MAX_CALL_SIZE, MAX_VALUES)) {
		netfilter_fail(&error, LIMITS_EXCEEDED, "the arguments of %s take more than %u bytes or %u values",
			       cut(sd_bus_message_get_member(message)), MAX_CALL_SIZE, MAX_VALUES);
		return error_set(ret_error, error);
	}
	return object_read_add(bus, message);
}

int filter_add(const Bus *bus)
{
	return sd_bus_add_filter(bus->connection, NULL, on_message, (void *)bus);
}
