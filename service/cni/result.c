/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cni/result.h"

#include <string.h>

/* The caller's; takes the object over. */
static char *print(JsonObject *object)
{
	JsonNode *node = json_node_new(JSON_NODE_OBJECT);
	char *text;

	json_node_take_object(node, object);
	text = json_to_string(node, TRUE);
	json_node_unref(node);
	return text;
}

static JsonObject *object_new(const char *key, const char *value)
{
	JsonObject *object = json_object_new();

	json_object_set_string_member(object, key, value);
	return object;
}

/* --- properties --- */

static const char *text_of(GVariant *properties, const char *key)
{
	const char *text = "";

	g_variant_lookup(properties, key, "&s", &text);
	return text;
}

static GVariant *list_of(GVariant *properties, const char *key)
{
	GVariant *list = g_variant_lookup_value(properties, key, G_VARIANT_TYPE_STRING_ARRAY);

	return list ?: g_variant_ref_sink(g_variant_new_strv(NULL, 0));
}

static guint subnet_length(GVariant *subnets, const Address *address)
{
	GVariantIter iter;
	const char *text;
	Prefix subnet;

	g_variant_iter_init(&iter, subnets);
	while (g_variant_iter_loop(&iter, "&s", &text))
		if (prefix_parse(text, &subnet) && prefix_contains(&subnet, address))
			return subnet.length;
	return 0;
}

/* That of the same family; NULL: none. Borrowed from the list. */
static const char *find_gateway(GVariant *gateways, enum family family)
{
	GVariantIter iter;
	const char *text;
	Address address;

	g_variant_iter_init(&iter, gateways);
	while (g_variant_iter_loop(&iter, "&s", &text))
		if (address_parse(text, &address) && address_family(&address) == family)
			return text;
	return NULL;
}

/* --- of ADD --- */

/* In the order of the list of interfaces. */
enum { BRIDGE, HOST_INTERFACE, INTERFACE };

static JsonArray *interfaces(const Environment *environment, GVariant *endpoint, GVariant *network)
{
	JsonObject *interface = object_new("name", text_of(endpoint, "Interface"));
	JsonArray *array = json_array_new();

	json_array_add_object_element(array, object_new("name", text_of(network, "Bridge")));
	json_array_add_object_element(array, object_new("name", text_of(endpoint, "HostInterface")));
	json_object_set_string_member(interface, "mac", text_of(endpoint, "MACAddress"));
	json_object_set_string_member(interface, "sandbox", environment->netns);
	json_array_add_object_element(array, interface);
	return array;
}

static JsonObject *ip(const CniConfig *config, const Address *address, GVariant *network)
{
	g_autoptr(GVariant) subnets = list_of(network, "Subnets"), gateways = list_of(network, "Gateways");
	enum family family = address_family(address);
	const char *gateway = find_gateway(gateways, family);
	Prefix prefix = { *address, subnet_length(subnets, address) };
	char text[INET6_ADDRSTRLEN + 4];
	JsonObject *object = object_new("address", prefix_format(&prefix, text));

	if (!cni_version_is(config->version, "1.0.0"))
		json_object_set_string_member(object, "version", family == FAMILY_IPV4 ? "4" : "6");
	if (gateway)
		json_object_set_string_member(object, "gateway", gateway);
	json_object_set_int_member(object, "interface", INTERFACE);
	return object;
}

static JsonArray *ips(const CniConfig *config, GVariant *endpoint, GVariant *network)
{
	g_autoptr(GVariant) list = list_of(endpoint, "Addresses");
	JsonArray *array = json_array_new();
	GVariantIter iter;
	const char *text;
	Address address;

	g_variant_iter_init(&iter, list);
	while (g_variant_iter_loop(&iter, "&s", &text))
		if (address_parse(text, &address))
			json_array_add_object_element(array, ip(config, &address, network));
	return array;
}

static void add_route(JsonArray *routes, const char *destination, const char *gateway)
{
	JsonObject *route = object_new("dst", destination);

	if (gateway && *gateway)
		json_object_set_string_member(route, "gw", gateway);
	json_array_add_object_element(routes, route);
}

static void add_default_routes(JsonArray *routes, GVariant *endpoint, GVariant *network)
{
	g_autoptr(GVariant) addresses = list_of(endpoint, "Addresses"), gateways = list_of(network, "Gateways");
	gboolean internal = FALSE;
	GVariantIter iter;
	const char *text;
	Address address;

	if (g_variant_lookup(network, "Internal", "b", &internal) && internal)
		return;
	g_variant_iter_init(&iter, addresses);
	while (g_variant_iter_loop(&iter, "&s", &text)) {
		if (!address_parse(text, &address))
			continue;
		add_route(routes, address_family(&address) == FAMILY_IPV4 ? "0.0.0.0/0" : "::/0",
			  find_gateway(gateways, address_family(&address)));
	}
}

static JsonArray *routes(const CniConfig *config, GVariant *endpoint, GVariant *network)
{
	g_autoptr(GVariant) said = config->endpoint_settings ? g_variant_lookup_value(config->endpoint_settings,
										      "Routes", G_VARIANT_TYPE("a(ss)"))
							     : NULL;
	const char *destination, *gateway;
	JsonArray *array = json_array_new();
	GVariantIter iter;

	if (!said) {
		add_default_routes(array, endpoint, network);
		return array;
	}
	g_variant_iter_init(&iter, said);
	while (g_variant_iter_loop(&iter, "(&s&s)", &destination, &gateway))
		add_route(array, destination, gateway);
	return array;
}

char *result_of_attachment(const CniConfig *config, const Environment *environment, GVariant *endpoint,
			   GVariant *network)
{
	JsonObject *object = object_new("cniVersion", config->version);

	json_object_set_array_member(object, "interfaces", interfaces(environment, endpoint, network));
	json_object_set_array_member(object, "ips", ips(config, endpoint, network));
	json_object_set_array_member(object, "routes", routes(config, endpoint, network));
	json_object_set_object_member(object, "dns", config->dns ? json_object_ref(config->dns) : json_object_new());
	return print(object);
}

char *result_of_previous(const CniConfig *config)
{
	json_object_set_string_member(json_node_get_object(config->previous_result), "cniVersion", config->version);
	return json_to_string(config->previous_result, TRUE);
}

/* --- of the others --- */

static const char *newest_version(void)
{
	guint i = 0;

	while (cni_versions[i + 1])
		i++;
	return cni_versions[i];
}

char *result_of_version(const char *version)
{
	JsonObject *object = object_new("cniVersion", version ?: newest_version());
	JsonArray *array = json_array_new();

	for (guint i = 0; cni_versions[i]; i++)
		json_array_add_string_element(array, cni_versions[i]);
	json_object_set_array_member(object, "supportedVersions", array);
	return print(object);
}

char *result_of_error(const char *version, const GError *error, const char *details)
{
	JsonObject *object = object_new("cniVersion", version ?: newest_version());

	json_object_set_int_member(object, "code", error->code);
	json_object_set_string_member(object, "msg", error->message);
	if (details)
		json_object_set_string_member(object, "details", details);
	return print(object);
}
