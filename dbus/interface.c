/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/interface.h"

#include "dbus/object.h"
#include "dbus/path.h"

static int find(sd_bus *bus G_GNUC_UNUSED, const char *path, const char *interface G_GNUC_UNUSED, void *userdata,
		void **ret_found, sd_bus_error *error G_GNUC_UNUSED)
{
	const Found *found = userdata;

	return object_find(found->server, found->kind, path, ret_found);
}

int interface_add(Server *server, enum object_kind kind, const char *prefix, const sd_bus_vtable *vtable,
		  const Method *methods)
{
	Found *found = &server->found[kind];

	*found = (Found){ .server = server, .kind = kind, .methods = methods };
	return sd_bus_add_fallback_vtable(server->bus, NULL, prefix, interface_of(kind), vtable, find, found);
}

int interface_change(sd_bus_message *message, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	const Found *found = userdata;

	return call_start(found->server, message, found->methods);
}
