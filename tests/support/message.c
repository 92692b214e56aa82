/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

static int append(sd_bus_message *message, GVariant *value);

static int append_children(sd_bus_message *message, char type, const char *contents, GVariant *value)
{
	int r = sd_bus_message_open_container(message, type, contents);

	for (gsize i = 0; r >= 0 && i < g_variant_n_children(value); i++) {
		g_autoptr(GVariant) child = g_variant_get_child_value(value, i);

		r = append(message, child);
	}
	return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_basic(sd_bus_message *message, GVariant *value)
{
	static int some_file = -1;
	char type = g_variant_get_type_string(value)[0];
	int boolean;

	if (strchr("sog", type))
		return sd_bus_message_append_basic(message, type, g_variant_get_string(value, NULL));
	if (type == 'b') {
		boolean = g_variant_get_boolean(value);
		return sd_bus_message_append_basic(message, type, &boolean);
	}
	if (type == 'h') {
		if (some_file < 0)
			some_file = open("/dev/null", O_RDONLY | O_CLOEXEC);
		return sd_bus_message_append_basic(message, type, &some_file);
	}
	return sd_bus_message_append_basic(message, type, g_variant_get_data(value));
}

static int append(sd_bus_message *message, GVariant *value)
{
	const char *type = g_variant_get_type_string(value);
	g_autofree char *inner = NULL;

	switch (g_variant_classify(value)) {
	case G_VARIANT_CLASS_VARIANT: {
		g_autoptr(GVariant) child = g_variant_get_variant(value);

		return append_children(message, 'v', g_variant_get_type_string(child), value);
	}
	case G_VARIANT_CLASS_ARRAY:
		return append_children(message, 'a', type + 1, value);
	case G_VARIANT_CLASS_TUPLE:
	case G_VARIANT_CLASS_DICT_ENTRY:
		inner = g_strndup(type + 1, strlen(type) - 2);
		return append_children(message, type[0] == '(' ? 'r' : 'e', inner, value);
	case G_VARIANT_CLASS_MAYBE:
		return -EINVAL;
	default:
		return append_basic(message, value);
	}
}

static sd_bus *bus_new(void)
{
	sd_bus *bus = NULL;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0 || sd_bus_new(&bus) < 0 ||
	    sd_bus_set_fd(bus, ends[0], ends[0]) < 0 || sd_bus_negotiate_fds(bus, true) < 0 || sd_bus_start(bus) < 0)
		g_error("There is no bus");
	return bus;
}

sd_bus_message *message_new(GVariant *arguments)
{
	static sd_bus *bus;
	sd_bus_message *message = NULL;
	int r;

	if (!bus)
		bus = bus_new();
	r = sd_bus_message_new_method_call(bus, &message, "org.example.NetFilter", "/", "org.example.Test", "Test");
	for (gsize i = 0; r >= 0 && i < g_variant_n_children(arguments); i++) {
		g_autoptr(GVariant) argument = g_variant_get_child_value(arguments, i);

		r = append(message, argument);
	}
	if (r >= 0)
		r = sd_bus_message_seal(message, 1, 0);
	if (r >= 0)
		r = sd_bus_message_rewind(message, true);
	return r < 0 ? sd_bus_message_unref(message) : message;
}
