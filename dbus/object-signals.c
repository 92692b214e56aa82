/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/object-signals.h"

#include "dbus/names.h"
#include "dbus/object.h"
#include "dbus/path.h"

/* As libsystemd does it, but for lists that are too long. */
static int emit_added(enum object_kind kind, void *object, const char *path, void *userdata)
{
	const Bus *bus = userdata;
	sd_bus_message *message = NULL;
	int r = sd_bus_message_new_signal(bus->connection, &message, ROOT_PATH, STANDARD("ObjectManager"),
					  "InterfacesAdded");

	if (r >= 0)
		r = sd_bus_message_append_basic(message, 'o', path);
	if (r >= 0)
		r = sd_bus_message_open_container(message, 'a', "{sa{sv}}");
	if (r >= 0)
		r = sd_bus_message_open_container(message, 'e', "sa{sv}");
	if (r >= 0)
		r = sd_bus_message_append_basic(message, 's', interface_of(kind));
	if (r >= 0)
		r = object_append_properties(message, bus, kind, object);
	for (guint depth = 0; r >= 0 && depth < 2; depth++)
		r = sd_bus_message_close_container(message);
	if (r >= 0)
		r = sd_bus_send(bus->connection, message, NULL);
	sd_bus_message_unref(message);
	return r;
}

static int emit_changed(enum object_kind kind, void *object, const char *path, const char *property, void *userdata)
{
	const Bus *bus = userdata;

	if (object_signals_value(kind, object, object_find_property(kind, property)))
		return sd_bus_emit_properties_changed(bus->connection, path, interface_of(kind), property, NULL);
	return sd_bus_emit_signal(bus->connection, path, STANDARD("Properties"), "PropertiesChanged", "sa{sv}as",
				  interface_of(kind), 0, 1, property);
}

const ObjectSignals object_signals = { emit_added, emit_changed };
