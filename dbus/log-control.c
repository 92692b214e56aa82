/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/log-control.h"

#include "dbus/log.h"
#include "service/error.h"

#include <stddef.h>
#include <string.h>

#define LOG_CONTROL_PATH "/org/freedesktop/LogControl1"
#define LOG_CONTROL_INTERFACE "org.freedesktop.LogControl1"

static int get_setting(sd_bus *bus G_GNUC_UNUSED, const char *path G_GNUC_UNUSED, const char *interface G_GNUC_UNUSED,
		       const char *property G_GNUC_UNUSED, sd_bus_message *reply, void *userdata,
		       sd_bus_error *error G_GNUC_UNUSED)
{
	const LogSetting *setting = userdata;

	return sd_bus_message_append(reply, "s", setting->names[setting->value]);
}

static int set_setting(sd_bus *bus G_GNUC_UNUSED, const char *path G_GNUC_UNUSED, const char *interface G_GNUC_UNUSED,
		       const char *property, sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	g_autofree char *choice = NULL;
	LogSetting *setting = userdata;
	const char *name;
	int r = sd_bus_message_read(message, "s", &name);

	if (r < 0)
		return r;
	for (int value = 0; setting->names[value]; value++)
		if (strcmp(setting->names[value], name) == 0) {
			setting->value = value;
			return 0;
		}
	choice = g_strjoinv(", ", (char **)setting->names);
	return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS, "%s=\"%s\" is not one of %s", property, cut(name),
				 choice);
}

static int get_identifier(sd_bus *bus G_GNUC_UNUSED, const char *path G_GNUC_UNUSED,
			  const char *interface G_GNUC_UNUSED, const char *property G_GNUC_UNUSED,
			  sd_bus_message *reply, void *userdata G_GNUC_UNUSED, sd_bus_error *error G_GNUC_UNUSED)
{
	return sd_bus_message_append(reply, "s", "netfilterd");
}

/* Writable for root alone: not marked unprivileged, and the bus policy says the same. */
static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_WRITABLE_PROPERTY("LogLevel", "s", get_setting, set_setting, offsetof(LogSettings, level), 0),
	SD_BUS_WRITABLE_PROPERTY("LogTarget", "s", get_setting, set_setting, offsetof(LogSettings, target), 0),
	SD_BUS_PROPERTY("SyslogIdentifier", "s", get_identifier, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_VTABLE_END,
};

int log_control_add(sd_bus *bus)
{
	return sd_bus_add_object_vtable(bus, NULL, LOG_CONTROL_PATH, LOG_CONTROL_INTERFACE, vtable, &log_settings);
}
