/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/interface.h"

#include "dbus/details-sources.h"
#include "dbus/object-allow-from.h"
#include "dbus/names.h"
#include "dbus/reply.h"
#include "dbus/settings.h"
#include "service/change/change-ingress.h"

static bool describe_ports(Call *call, Description *description, GError **error)
{
	g_autoptr(GArray) ports = ports_read(call->message, error);
	const Ingress *ingress;

	if (!ports)
		return false;
	description_add_ports(description, ports);
	ingress = call_object(call, OBJECT_INGRESS, NULL);
	if (ingress)
		description_add_effective_sources(description, call->service, &ingress->lifetime);
	return true;
}

static bool change_ports(Call *call, bool (*change)(Transaction *, Ingress *, const GArray *, GError **),
			 GError **error)
{
	Ingress *ingress = call_object(call, OBJECT_INGRESS, error);
	g_autoptr(GArray) ports = NULL;

	if (!ingress)
		return false;
	ports = ports_read(call->message, error);
	return ports && change(service_transaction(call->service), ingress, ports, error);
}

static bool run_publish(Call *call, GError **error)
{
	return change_ports(call, ingress_publish, error);
}

static bool run_unpublish(Call *call, GError **error)
{
	return change_ports(call, ingress_unpublish, error);
}

static bool run_delete(Call *call, GError **error)
{
	Ingress *ingress = call_object(call, OBJECT_INGRESS, error);

	if (!ingress)
		return false;
	ingress_delete(service_transaction(call->service), ingress);
	return true;
}

static const Method methods[] = {
	{ "Publish", describe_ports, run_publish },
	{ "Unpublish", describe_ports, run_unpublish },
	{ "Update", object_describe_update, object_run_update },
	{ "SetPermanent", object_describe_set_permanent, object_run_set_permanent },
	{ "Delete", NULL, run_delete },
	{},
};

static int append_gateway(sd_bus_message *reply, const Ingress *ingress)
{
	return address_append(reply, &ingress->gateway);
}

static int append_ports(sd_bus_message *reply, const Ingress *ingress)
{
	int r = sd_bus_message_open_container(reply, 'a', "(sq)");

	for (guint i = 0; r >= 0 && i < ingress->ports->len; i++) {
		const IngressPort *port = ingress->ports->pdata[i];

		r = sd_bus_message_append(reply, "(sq)", protocol_to_string(port->protocol), port->port);
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

OBJECT_GETTER(Ingress, get_name, sd_bus_message_append(reply, "s", object->name))
OBJECT_GETTER(Ingress, get_bridge, sd_bus_message_append(reply, "s", object->bridge))
OBJECT_GETTER(Ingress, get_gateway, append_gateway(reply, object))
OBJECT_GETTER(Ingress, get_ports, append_ports(reply, object))
OBJECT_GETTER(Ingress, get_served,
	      sd_bus_message_append(reply, "b",
				    service_serves(((const Found *)userdata)->bus->service, object->bridge)))
OBJECT_ALLOW_FROM_GETTERS(Ingress)
OBJECT_LIFETIME_GETTERS(Ingress)

const sd_bus_vtable ingress_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD_WITH_ARGS("Publish", SD_BUS_ARGS("a(sq)", ports), SD_BUS_NO_RESULT, object_change,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Unpublish", SD_BUS_ARGS("a(sq)", ports), SD_BUS_NO_RESULT, object_change,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Update", SD_BUS_ARGS("a{sv}", settings), SD_BUS_NO_RESULT, object_change,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetRules", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sssstt)", rules), object_get_rules,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("SetPermanent", SD_BUS_ARGS("b", permanent), SD_BUS_NO_RESULT, object_change,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Delete", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, object_change, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY("Name", "s", get_name, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Bridge", "s", get_bridge, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Gateway", "s", get_gateway, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Ports", "a(sq)", get_ports, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("Served", "b", get_served, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	OBJECT_ALLOW_FROM_PROPERTIES,
	OBJECT_LIFETIME_PROPERTIES,
	SD_BUS_VTABLE_END,
};

int ingress_interface_add(const Bus *bus)
{
	return object_interface_add(bus, OBJECT_INGRESS, INGRESS_PATH, ingress_vtable, methods);
}
