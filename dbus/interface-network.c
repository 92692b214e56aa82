/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/interface.h"

#include "dbus/arguments.h"
#include "dbus/details-sources.h"
#include "dbus/error.h"
#include "dbus/object-allow-from.h"
#include "dbus/path.h"
#include "dbus/names.h"
#include "dbus/reply.h"
#include "dbus/settings.h"
#include "service/change/change-endpoint.h"
#include "service/change/change-network.h"
#include "service/change/source-address.h"

static bool describe_create_endpoint(Call *call, Description *description, GError **error)
{
	g_autoptr(EndpointSettings) settings = endpoint_settings_read(&call->cursor, call->uid, error);
	const Network *network;

	if (!settings)
		return false;
	description_add(description, "endpoint", settings->name);
	description_add_endpoint(description, settings);
	network = call_object(call, OBJECT_NETWORK, NULL);
	return description_add_sources(description, settings->allow_from, network ? network->options.allow_from : NULL,
				       service_config(call->service), error);
}

static bool run_create_endpoint(Call *call, GError **error)
{
	Network *network = call_object(call, OBJECT_NETWORK, error);
	g_autoptr(EndpointSettings) settings = NULL;
	const Endpoint *endpoint;

	if (!network)
		return false;
	settings = endpoint_settings_read(&call->cursor, call->uid, error);
	if (!settings)
		return false;
	endpoint = endpoint_create(service_transaction(call->service), network, settings, error);
	return endpoint && reply_written(path_append(call->reply, OBJECT_ENDPOINT, endpoint), error);
}

static bool run_ensure_endpoint(Call *call, GError **error)
{
	Network *network = call_object(call, OBJECT_NETWORK, error);
	g_autoptr(EndpointSettings) settings = NULL;
	const Endpoint *endpoint;
	bool created;

	if (!network)
		return false;
	settings = endpoint_settings_read(&call->cursor, call->uid, error);
	if (!settings)
		return false;
	endpoint = endpoint_ensure(service_transaction(call->service), network, settings, &created, error);
	return endpoint && reply_written(path_append(call->reply, OBJECT_ENDPOINT, endpoint), error) &&
	       reply_written(sd_bus_message_append(call->reply, "b", created), error);
}

static bool describe_create_endpoints(Call *call, Description *description, GError **error)
{
	g_autoptr(GPtrArray) list = endpoint_list_read(&call->cursor, call->uid, error);
	const Config *config = service_config(call->service);

	return list && description_add_endpoints(description, list, config->max_endpoints_per_uid, error) &&
	       description_add_endpoint_sources(description, list, call_object(call, OBJECT_NETWORK, NULL), config,
						error);
}

static bool run_create_endpoints(Call *call, GError **error)
{
	Network *network = call_object(call, OBJECT_NETWORK, error);
	g_autoptr(GPtrArray) list = NULL, created = g_ptr_array_new();

	if (!network)
		return false;
	list = endpoint_list_read(&call->cursor, call->uid, error);
	if (!list || !endpoints_create(service_transaction(call->service), network, list, created, error))
		return false;
	if (!reply_written(sd_bus_message_open_container(call->reply, 'a', "o"), error))
		return false;
	for (guint i = 0; i < created->len; i++)
		if (!reply_written(path_append(call->reply, OBJECT_ENDPOINT, created->pdata[i]), error))
			return false;
	return reply_written(sd_bus_message_close_container(call->reply), error);
}

/* The same as to call the endpoint itself. */
static bool describe_delete_endpoint(Call *call, Description *description, GError **error)
{
	const Network *network = call_object(call, OBJECT_NETWORK, error);
	const Endpoint *endpoint;
	const char *name;

	if (!network || !string_read(&call->cursor, 's', &name, error))
		return false;
	description_add(description, "endpoint", name);
	endpoint = network_find_endpoint(network, name, NULL);
	if (!endpoint)
		return true;
	description_add_labels(description, endpoint->labels);
	if (endpoint->lifetime.uid != call->uid)
		description->actions |= 1 << ACTION_MANAGE_FOREIGN;
	return true;
}

static bool run_delete_endpoint(Call *call, GError **error)
{
	const Network *network = call_object(call, OBJECT_NETWORK, error);
	Endpoint *endpoint;
	const char *name;

	if (!network || !string_read(&call->cursor, 's', &name, error))
		return false;
	endpoint = network_find_endpoint(network, name, NULL);
	if (endpoint)
		network_delete_endpoint(service_transaction(call->service), endpoint);
	return true;
}

static bool describe_retain(Call *call, Description *description, GError **error)
{
	const Network *network = call_object(call, OBJECT_NETWORK, error);
	g_autoptr(GHashTable) names = NULL;

	if (!network)
		return false;
	names = names_read(&call->cursor, error);
	if (!names)
		return false;
	for (const GList *i = network->endpoints_by_age.head; i; i = i->next) {
		const Endpoint *endpoint = i->data;

		if (endpoint->lifetime.uid == call->uid || g_hash_table_contains(names, endpoint->name))
			continue;
		description->actions |= 1 << ACTION_MANAGE_FOREIGN;
		break;
	}
	return true;
}

static bool run_retain(Call *call, GError **error)
{
	Network *network = call_object(call, OBJECT_NETWORK, error);
	g_autoptr(GHashTable) names = NULL;
	guint deleted;

	if (!network)
		return false;
	names = names_read(&call->cursor, error);
	if (!names)
		return false;
	deleted = network_retain(service_transaction(call->service), network, names);
	return reply_written(sd_bus_message_append(call->reply, "u", deleted), error);
}

/* What is sent from an address of the host is taken for the host's by others. */
static bool describe_source_address(const Call *call, char *const *texts, Description *description, GError **error)
{
	const Network *network = call_object(call, OBJECT_NETWORK, error);
	Address sources[N_FAMILIES];

	if (!network || !source_address_parse(network, texts, sources, error))
		return false;
	description_add_source_address(description, sources);
	description_add_claim(description, &(Claim){ .host = claim_source_address(sources) });
	return true;
}

static bool describe_update(Call *call, Description *description, GError **error)
{
	g_auto(NetworkSettings) settings = {};
	guint mask;

	return network_update_read(&call->cursor, &settings, &mask, error) &&
	       (!(mask & UPDATE_SOURCE_ADDRESS) ||
		describe_source_address(call, settings.source_address, description, error)) &&
	       (!(mask & UPDATE_ALLOW_FROM) ||
		description_add_sources(description, settings.allow_from, NULL, service_config(call->service), error));
}

static bool run_update(Call *call, GError **error)
{
	Network *network = call_object(call, OBJECT_NETWORK, error);
	g_auto(NetworkSettings) settings = {};
	guint mask;

	return network && network_update_read(&call->cursor, &settings, &mask, error) &&
	       network_update(service_transaction(call->service), network, mask, &settings, error);
}

static bool run_delete(Call *call, GError **error)
{
	Network *network = call_object(call, OBJECT_NETWORK, error);

	if (!network)
		return false;
	network_delete(service_transaction(call->service), network);
	return true;
}

static const Method methods[] = {
	{ "CreateEndpoint", describe_create_endpoint, run_create_endpoint },
	{ "CreateEndpoints", describe_create_endpoints, run_create_endpoints },
	{ "EnsureEndpoint", describe_create_endpoint, run_ensure_endpoint },
	{ "DeleteEndpoint", describe_delete_endpoint, run_delete_endpoint },
	{ "Retain", describe_retain, run_retain },
	{ "Update", describe_update, run_update },
	{ "SetPermanent", object_describe_set_permanent, object_run_set_permanent },
	{ "Delete", NULL, run_delete },
	{},
};

static int on_get_endpoint(sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
	const Network *network = object_of(userdata, message, ret_error);
	g_autoptr(GError) error = NULL;
	const Endpoint *endpoint;
	const char *name;
	int r;

	if (!network)
		return -ENOENT;
	r = sd_bus_message_read(message, "s", &name);
	if (r < 0)
		return r;
	endpoint = network_find_endpoint(network, name, &error);
	return endpoint ? path_reply(message, OBJECT_ENDPOINT, endpoint) : error_set(ret_error, error);
}

static int append_subnets(sd_bus_message *reply, const Network *network)
{
	char text[INET6_ADDRSTRLEN + 4];
	int r = sd_bus_message_open_container(reply, 'a', "s");

	for (enum family family = 0; r >= 0 && family < N_FAMILIES; family++)
		if (network_has_family(network, family))
			r = sd_bus_message_append_basic(reply, 's', prefix_format(&network->subnets[family], text));
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_addresses(sd_bus_message *reply, const Address addresses[static N_FAMILIES])
{
	int r = sd_bus_message_open_container(reply, 'a', "s");

	for (enum family family = 0; r >= 0 && family < N_FAMILIES; family++)
		r = address_append(reply, &addresses[family]);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_modes(sd_bus_message *reply, const Network *network)
{
	int r = sd_bus_message_open_container(reply, 'a', "{ss}");

	for (enum family family = 0; r >= 0 && family < N_FAMILIES; family++)
		if (network_has_family(network, family))
			r = sd_bus_message_append(reply, "{ss}", family_to_string(family),
						  gateway_mode_to_string(network->modes[family]));
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_host_binding(sd_bus_message *reply, const Network *network)
{
	char text[INET6_ADDRSTRLEN];

	return sd_bus_message_append_basic(reply, 's', address_format(&network->options.host_binding, text));
}

static int append_endpoints(sd_bus_message *reply, const Network *network)
{
	GHashTableIter iter;
	gpointer endpoint;
	int r = sd_bus_message_open_container(reply, 'a', "o");

	g_hash_table_iter_init(&iter, network->endpoints);
	while (r >= 0 && g_hash_table_iter_next(&iter, NULL, &endpoint))
		r = path_append(reply, OBJECT_ENDPOINT, endpoint);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

OBJECT_GETTER(Network, get_name, sd_bus_message_append(reply, "s", object->name))
OBJECT_GETTER(Network, get_bridge, sd_bus_message_append(reply, "s", object->bridge))
OBJECT_GETTER(Network, get_subnets, append_subnets(reply, object))
OBJECT_GETTER(Network, get_gateways, append_addresses(reply, object->gateways))
OBJECT_GETTER(Network, get_internal, sd_bus_message_append(reply, "b", object->internal))
OBJECT_GETTER(Network, get_modes, append_modes(reply, object))
OBJECT_GETTER(Network, get_communication, sd_bus_message_append(reply, "b", object->options.communication))
OBJECT_GETTER(Network, get_masquerade, sd_bus_message_append(reply, "b", object->options.masquerade))
OBJECT_GETTER(Network, get_host_binding, append_host_binding(reply, object))
OBJECT_GETTER(Network, get_source_address, append_addresses(reply, object->options.source_addresses))
OBJECT_GETTER(Network, get_zone, sd_bus_message_append(reply, "s", object->zone))
OBJECT_GETTER(Network, get_endpoints, append_endpoints(reply, object))
OBJECT_GETTER(Network, get_served,
	      sd_bus_message_append(reply, "b",
				    service_serves(((const Found *)userdata)->bus->service, object->bridge)))
OBJECT_ALLOW_FROM_GETTERS(Network)
OBJECT_LIFETIME_GETTERS(Network)

const sd_bus_vtable network_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD_WITH_ARGS("CreateEndpoint", SD_BUS_ARGS("s", name, "a{sv}", settings),
				SD_BUS_RESULT("o", endpoint), object_change, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("CreateEndpoints", SD_BUS_ARGS("a(sa{sv})", endpoints), SD_BUS_RESULT("ao", paths),
				object_change, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("EnsureEndpoint", SD_BUS_ARGS("s", name, "a{sv}", settings),
				SD_BUS_RESULT("o", endpoint, "b", created), object_change, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("DeleteEndpoint", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT, object_change,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Retain", SD_BUS_ARGS("as", endpoints), SD_BUS_RESULT("u", deleted), object_change,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetEndpoint", SD_BUS_ARGS("s", name), SD_BUS_RESULT("o", endpoint), on_get_endpoint,
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
	SD_BUS_PROPERTY("Subnets", "as", get_subnets, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Gateways", "as", get_gateways, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Internal", "b", get_internal, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("GatewayModes", "a{ss}", get_modes, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("InterContainerCommunication", "b", get_communication, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("Masquerade", "b", get_masquerade, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("HostBinding", "s", get_host_binding, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("SourceAddress", "as", get_source_address, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("Zone", "s", get_zone, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	OBJECT_ALLOW_FROM_PROPERTIES,
	SD_BUS_PROPERTY("Served", "b", get_served, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	OBJECT_LIFETIME_PROPERTIES,
	SD_BUS_PROPERTY("Endpoints", "ao", get_endpoints, 0, SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
	SD_BUS_VTABLE_END,
};

int network_interface_add(const Bus *bus)
{
	int r = object_interface_add(bus, OBJECT_NETWORK, NETWORK_PATH, network_vtable, methods);

	return r < 0 ? r
		     : sd_bus_add_node_enumerator(bus->connection, NULL, NETWORK_PATH, object_enumerate_folder,
						  (void *)bus);
}
