/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/interface.h"

#include "dbus/arguments.h"
#include "dbus/details-sources.h"
#include "dbus/object-allow-from.h"
#include "dbus/names.h"
#include "dbus/reply.h"
#include "service/change/change-ingress.h"

static bool describe_ports(Call *call, Description *description, GError **error)
{
	g_autoptr(GArray) ports = ports_read(&call->cursor, error);
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
	ports = ports_read(&call->cursor, error);
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

static bool describe_set_gateways(Call *call, Description *description, GError **error)
{
	const Ingress *ingress = call_object(call, OBJECT_INGRESS, error);
	g_autoptr(Ingress) wanted = NULL;
	g_auto(GStrv) gateways = NULL;
	Claim claim;

	if (!ingress || !strings_read(&call->cursor, &gateways, error))
		return false;
	wanted =
		ingress_claim_gateways(service_transaction(call->service), ingress, gateways, call->uid, &claim, error);
	if (!wanted)
		return false;
	description_add_ingress(description, wanted);
	description_add_claim(description, &claim);
	return true;
}

static bool run_set_gateways(Call *call, GError **error)
{
	Ingress *ingress = call_object(call, OBJECT_INGRESS, error);
	g_auto(GStrv) gateways = NULL;

	return ingress && strings_read(&call->cursor, &gateways, error) &&
	       ingress_set_gateways(service_transaction(call->service), ingress, gateways, error);
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
	{ "SetGateways", describe_set_gateways, run_set_gateways },
	{ "SetPermanent", object_describe_set_permanent, object_run_set_permanent },
	{ "Delete", NULL, run_delete },
	{},
};

static int append_gateways(sd_bus_message *reply, const Ingress *ingress)
{
	int r = sd_bus_message_open_container(reply, 'a', "s");

	for (guint i = 0; r >= 0 && i < ingress->gateways->len; i++)
		r = address_append(reply, &ingress_gateway(ingress, i)->address);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_served(sd_bus_message *reply, const Service *service, const Ingress *ingress)
{
	bool served = true;
	const char *bridge;

	for (guint i = 0; (bridge = ingress_bridge(ingress, i)); i++)
		served &= service_serves(service, bridge);
	return sd_bus_message_append(reply, "b", served);
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
OBJECT_GETTER(Ingress, get_bridge, sd_bus_message_append(reply, "s", ingress_bridge(object, 0)))
OBJECT_GETTER(Ingress, get_gateway, address_append(reply, &ingress_first_gateway(object)->address))
OBJECT_GETTER(Ingress, get_gateways, append_gateways(reply, object))
OBJECT_GETTER(Ingress, get_masquerade, sd_bus_message_append(reply, "b", object->masquerade))
OBJECT_GETTER(Ingress, get_ports, append_ports(reply, object))
OBJECT_GETTER(Ingress, get_served, append_served(reply, ((const Found *)userdata)->bus->service, object))
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
	SD_BUS_METHOD_WITH_ARGS("SetGateways", SD_BUS_ARGS("as", gateways), SD_BUS_NO_RESULT, object_change,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetRules", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sssstt)", rules), object_get_rules,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("SetPermanent", SD_BUS_ARGS("b", permanent), SD_BUS_NO_RESULT, object_change,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Delete", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, object_change, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY("Name", "s", get_name, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Bridge", "s", get_bridge, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("Gateway", "s", get_gateway, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("Gateways", "as", get_gateways, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("Masquerade", "b", get_masquerade, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
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
