/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/interface.h"

#include "dbus/arguments.h"
#include "dbus/details-sources.h"
#include "dbus/object-allow-from.h"
#include "dbus/names.h"
#include "dbus/reply.h"
#include "service/change/change-link.h"
#include "service/change/change-network.h"
#include "service/change/change-port.h"

static bool describe_mappings(Call *call, Description *description, GError **error)
{
	g_autoptr(GArray) mappings = port_mappings_read(&call->cursor, error);
	const Endpoint *endpoint;

	if (!mappings)
		return false;
	description_add_mappings(description, mappings);
	endpoint = call_object(call, OBJECT_ENDPOINT, NULL);
	if (endpoint)
		description_add_effective_sources(description, call->service, &endpoint->lifetime);
	return true;
}

static bool run_publish(Call *call, GError **error)
{
	Endpoint *endpoint = call_object(call, OBJECT_ENDPOINT, error);
	g_autoptr(GArray) mappings = NULL, published = g_array_new(FALSE, FALSE, sizeof(PortMapping));

	if (!endpoint)
		return false;
	mappings = port_mappings_read(&call->cursor, error);
	return mappings && endpoint_publish(service_transaction(call->service), endpoint, mappings, published, error) &&
	       reply_written(port_mappings_append(call->reply, published), error);
}

static bool run_unpublish(Call *call, GError **error)
{
	Endpoint *endpoint = call_object(call, OBJECT_ENDPOINT, error);
	g_autoptr(GArray) mappings = NULL;

	if (!endpoint)
		return false;
	mappings = port_mappings_read(&call->cursor, error);
	return mappings && endpoint_unpublish(service_transaction(call->service), endpoint, mappings, error);
}

/* Another's endpoint is not to be linked to without its owner's leave either. */
static bool describe_link(Call *call, Description *description, GError **error)
{
	const Endpoint *child = call_read_endpoint(call, error);

	if (!child)
		return false;
	if (child->lifetime.uid != call->uid)
		description->actions |= 1 << ACTION_MANAGE_FOREIGN;
	return true;
}

static bool run_link(Call *call, GError **error)
{
	Endpoint *parent = call_object(call, OBJECT_ENDPOINT, error), *child;
	g_autoptr(GArray) ports = NULL;

	if (!parent)
		return false;
	child = call_read_endpoint(call, error);
	if (!child)
		return false;
	ports = ports_read(&call->cursor, error);
	return ports && endpoint_link(service_transaction(call->service), parent, child, ports, error);
}

static bool run_unlink(Call *call, GError **error)
{
	Endpoint *parent = call_object(call, OBJECT_ENDPOINT, error), *child;

	if (!parent)
		return false;
	child = call_read_endpoint(call, error);
	return child && endpoint_unlink(service_transaction(call->service), parent, child, error);
}

static bool run_delete(Call *call, GError **error)
{
	Endpoint *endpoint = call_object(call, OBJECT_ENDPOINT, error);

	if (!endpoint)
		return false;
	network_delete_endpoint(service_transaction(call->service), endpoint);
	return true;
}

static const Method methods[] = {
	{ "Publish", describe_mappings, run_publish },
	{ "Unpublish", describe_mappings, run_unpublish },
	{ "Update", object_describe_update, object_run_update },
	{ "Link", describe_link, run_link },
	{ "Unlink", NULL, run_unlink },
	{ "SetPermanent", object_describe_set_permanent, object_run_set_permanent },
	{ "Delete", NULL, run_delete },
	{},
};

static int append_addresses(sd_bus_message *reply, const Endpoint *endpoint)
{
	int r = sd_bus_message_open_container(reply, 'a', "s");

	for (enum family family = 0; r >= 0 && family < N_FAMILIES; family++)
		r = address_append(reply, &endpoint->addresses[family]);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_mac(sd_bus_message *reply, const Endpoint *endpoint)
{
	char text[MAC_STRLEN] = "";

	if (endpoint->attachment)
		mac_format(endpoint->attachment->mac, text);
	return sd_bus_message_append_basic(reply, 's', text);
}

static int append_ports(sd_bus_message *reply, const Endpoint *endpoint)
{
	int r = sd_bus_message_open_container(reply, 'a', "(ssqqq)");

	for (guint i = 0; r >= 0 && i < endpoint->ports->len; i++)
		r = port_mapping_append(reply, endpoint->ports->pdata[i]);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_links(sd_bus_message *reply, const Endpoint *endpoint)
{
	int r = sd_bus_message_open_container(reply, 'a', "o");

	for (guint i = 0; r >= 0 && i < endpoint->links->len; i++)
		r = path_append(reply, OBJECT_ENDPOINT, ((const Link *)endpoint->links->pdata[i])->child);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

OBJECT_GETTER(Endpoint, get_name, sd_bus_message_append(reply, "s", object->name))
OBJECT_GETTER(Endpoint, get_network, path_append(reply, OBJECT_NETWORK, object->network))
OBJECT_GETTER(Endpoint, get_addresses, append_addresses(reply, object))
OBJECT_GETTER(Endpoint, get_ports, append_ports(reply, object))
OBJECT_GETTER(Endpoint, get_port_group, sd_bus_message_append(reply, "s", object->port_group ?: ""))
OBJECT_GETTER(Endpoint, get_host_interface,
	      sd_bus_message_append(reply, "s", object->attachment ? object->attachment->host_interface : ""))
OBJECT_GETTER(Endpoint, get_interface,
	      sd_bus_message_append(reply, "s", object->attachment ? object->attachment->interface : ""))
OBJECT_GETTER(Endpoint, get_mac, append_mac(reply, object))
OBJECT_GETTER(Endpoint, get_links, append_links(reply, object))
OBJECT_ALLOW_FROM_GETTERS(Endpoint)
OBJECT_LIFETIME_GETTERS(Endpoint)

const sd_bus_vtable endpoint_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD_WITH_ARGS("Publish", SD_BUS_ARGS("a(ssqqq)", ports), SD_BUS_RESULT("a(ssqqq)", published),
				object_change, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Unpublish", SD_BUS_ARGS("a(ssqqq)", ports), SD_BUS_NO_RESULT, object_change,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Update", SD_BUS_ARGS("a{sv}", settings), SD_BUS_NO_RESULT, object_change,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Link", SD_BUS_ARGS("o", endpoint, "a(sq)", ports), SD_BUS_NO_RESULT, object_change,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Unlink", SD_BUS_ARGS("o", endpoint), SD_BUS_NO_RESULT, object_change,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetRules", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sssstt)", rules), object_get_rules,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("SetPermanent", SD_BUS_ARGS("b", permanent), SD_BUS_NO_RESULT, object_change,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Delete", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, object_change, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY("Name", "s", get_name, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Network", "o", get_network, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Addresses", "as", get_addresses, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Interface", "s", get_interface, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("MACAddress", "s", get_mac, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("HostInterface", "s", get_host_interface, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Ports", "a(ssqqq)", get_ports, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("PortGroup", "s", get_port_group, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Links", "ao", get_links, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	OBJECT_ALLOW_FROM_PROPERTIES,
	OBJECT_LIFETIME_PROPERTIES,
	SD_BUS_VTABLE_END,
};

int endpoint_interface_add(const Bus *bus)
{
	return object_interface_add(bus, OBJECT_ENDPOINT, NETWORK_PATH, endpoint_vtable, methods);
}
