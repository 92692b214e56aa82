/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cni/config.h"

#include "service/cni/port-mappings.h"
#include "service/error.h"
#include "service/model/name.h"

#include <string.h>

/* --- the protocol --- */

const char *const cni_versions[] = { "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0", NULL };

static const char *find_version(const char *version)
{
	for (guint i = 0; cni_versions[i]; i++)
		if (g_str_equal(cni_versions[i], version))
			return cni_versions[i];
	return NULL;
}

bool cni_version_is(const char *version, const char *least)
{
	for (guint i = 0; cni_versions[i] && !g_str_equal(cni_versions[i], version); i++)
		if (g_str_equal(cni_versions[i], least))
			return true;
	return g_str_equal(version, least);
}

static const char *version_of(JsonObject *object)
{
	const char *version = NULL;

	return json_read_string(object, "cniVersion", &version, NULL) && version ? find_version(version) : NULL;
}

const char *cni_config_version(const char *text, gsize size)
{
	JsonNode *root = json_text_parse(text, size, NULL);
	const char *version = root ? version_of(json_node_get_object(root)) : NULL;

	g_clear_pointer(&root, json_node_unref);
	return version;
}

static bool check_version(JsonObject *object, enum cni_command command, const char **ret, GError **error)
{
	static const char *const least[N_CNI_COMMANDS] = {
		[CNI_CHECK] = "0.4.0", [CNI_GC] = "1.1.0", [CNI_STATUS] = "1.1.0"
	};
	const char *said = "0.1.0"; /* what the specification takes it for where it is not said */

	if (!json_read_string(object, "cniVersion", &said, error))
		return false;
	*ret = find_version(said);
	if (!*ret)
		return cni_fail(error, VERSION, "cniVersion: \"%s\" is not one of 0.3.0, 0.3.1, 0.4.0, 1.0.0 and 1.1.0",
				cut(said));
	if (least[command] && !cni_version_is(*ret, least[command]))
		return cni_fail(error, VERSION, "cniVersion: \"%s\" has no such command, which came with %s", *ret,
				least[command]);
	return true;
}

/* --- names --- */

static bool check_name(const char *name, GError **error)
{
	bool good = name && g_ascii_isalnum(name[0]);

	for (const char *c = name; good && *c; c++)
		good = g_ascii_isalnum(*c) || strchr("_.-", *c);
	return good || cni_fail(error, CONFIG,
				"name: \"%s\" is not letters and digits, \".\", \"_\" and \"-\", a letter or digit "
				"first",
				cut(name));
}

static bool read_names(CniConfig *config, JsonObject *object, GError **error)
{
	g_autoptr(GError) reason = NULL;

	if (!json_read_string(object, "name", &config->name, error) || !check_name(config->name, error))
		return false;
	config->network = config->name;
	if (!json_read_string(object, "network", &config->network, error))
		return false;
	if (!name_is_valid("network", config->network, &reason))
		return cni_fail(error, CONFIG, "%s: %s", config->network == config->name ? "name" : "network",
				reason->message);
	config->makes_network = json_find(object, "subnets");
	config->alone = config->makes_network || json_find(object, "network");
	return true;
}

/* --- settings --- */

enum place { OF_NETWORK, OF_ENDPOINT, OF_ATTACHMENT };

/* Each key that the service has a setting for. */
static const struct {
	const char *key, *setting, *kind;
	enum place place;
} keys[] = {
	{ "subnets", "Subnets", "as", OF_NETWORK },
	{ "gateways", "Gateways", "as", OF_NETWORK },
	{ "addressRange", "AddressRange", "as", OF_NETWORK },
	{ "bridge", "Bridge", "s", OF_NETWORK },
	{ "internal", "Internal", "b", OF_NETWORK },
	{ "gatewayMode", "GatewayMode", "s", OF_NETWORK },
	{ "interContainerCommunication", "InterContainerCommunication", "b", OF_NETWORK },
	{ "masquerade", "Masquerade", "b", OF_NETWORK },
	{ "sourceAddress", "SourceAddress", "as", OF_NETWORK },
	{ "hostBinding", "HostBinding", "s", OF_NETWORK },
	{ "zone", "Zone", "s", OF_NETWORK },
	{ "reserve", "Reserve", "b", OF_ENDPOINT },
	{ "mtu", "MTU", "u", OF_ATTACHMENT },
};

/* What is read elsewhere, and what is the runtime's. */
static const char *const other_keys[] = { "cniVersion", "name",          "type",      "network",
					  "routes",     "capabilities",  "args",      "dns",
					  "prevResult", "runtimeConfig", "disableGC", "disableCheck" };

static bool has_place(const CniConfig *config, enum place place)
{
	switch (place) {
	case OF_NETWORK:
		return config->makes_network || !config->alone;
	case OF_ATTACHMENT:
		return config->alone;
	case OF_ENDPOINT:
		break;
	}
	return true;
}

static bool misplaced(const CniConfig *config, const char *key, JsonNode *node, GError **error)
{
	g_autofree char *value = json_quote(node);

	return cni_fail(error, CONFIG, "%s: %s is given, and %s", key, value,
			config->alone ? "network \"network\" names is there already, as it was made"
				      : "in a chain the plugin before attaches the container");
}

static void set(GVariant **settings, const char *key, GVariant *value)
{
	GVariantDict dict;

	g_variant_dict_init(&dict, *settings);
	g_variant_dict_insert_value(&dict, key, value);
	g_clear_pointer(settings, g_variant_unref);
	*settings = g_variant_ref_sink(g_variant_dict_end(&dict));
}

static bool add_setting(CniConfig *config, guint i, JsonNode *node, GError **error)
{
	GVariant **settings = keys[i].place == OF_NETWORK ? &config->network_settings : &config->endpoint_settings;
	GVariant *value;

	if (!has_place(config, keys[i].place))
		return misplaced(config, keys[i].key, node, error);
	value = json_to_setting(node, keys[i].key, keys[i].kind, error);
	if (value)
		set(settings, keys[i].setting, value);
	return value;
}

/* What nobody here knows is a mistake, unless it has the name of another's domain in it. */
static bool read_key(CniConfig *config, const char *key, JsonNode *node, GError **error)
{
	g_autofree char *value = NULL;

	for (guint i = 0; i < G_N_ELEMENTS(keys); i++)
		if (g_str_equal(keys[i].key, key))
			return add_setting(config, i, node, error);
	for (guint i = 0; i < G_N_ELEMENTS(other_keys); i++)
		if (g_str_equal(other_keys[i], key))
			return true;
	if (strchr(key, '.') || strchr(key, '/') ||
	    (g_str_equal(key, "ipam") && JSON_NODE_HOLDS_OBJECT(node) &&
	     json_object_get_size(json_node_get_object(node)) == 0))
		return true;
	value = json_quote(node);
	return cni_fail(error, UNSUPPORTED, "%s: %s: there is no such key%s", cut(key), value,
			g_str_equal(key, "ipam") ? "; the service hands out addresses itself" : "");
}

static bool read_keys(CniConfig *config, JsonObject *object, GError **error)
{
	JsonObjectIter iter;
	const char *key;
	JsonNode *node;

	json_object_iter_init_ordered(&iter, object);
	while (json_object_iter_next_ordered(&iter, &key, &node))
		if (!JSON_NODE_HOLDS_NULL(node) && !read_key(config, key, node, error))
			return false;
	return true;
}

static bool read_routes(CniConfig *config, JsonObject *object, GError **error)
{
	JsonArray *routes = NULL;
	GVariantBuilder builder;

	if (!json_read_list(object, "routes", &routes, error))
		return false;
	if (!routes)
		return true;
	if (!config->alone)
		return misplaced(config, "routes", json_find(object, "routes"), error);
	g_variant_builder_init(&builder, G_VARIANT_TYPE("a(ss)"));
	for (guint i = 0; i < json_array_get_length(routes); i++) {
		JsonObject *route = json_array_get_object_element(routes, i);
		const char *destination = "", *gateway = "";

		if (!json_read_string(route, "dst", &destination, error) ||
		    !json_read_string(route, "gw", &gateway, error)) {
			g_variant_builder_clear(&builder);
			return false;
		}
		g_variant_builder_add(&builder, "(ss)", destination, gateway);
	}
	set(&config->endpoint_settings, "Routes", g_variant_builder_end(&builder));
	return true;
}

/* --- what the runtime adds for a container --- */

/* With the length of their subnet or without; the service knows it. */
static bool read_addresses(CniConfig *config, JsonNode *node, GError **error)
{
	g_autoptr(GVariant) list = json_to_setting(node, "ips", "as", error);
	g_auto(GStrv) texts = NULL;

	if (!list)
		return false;
	g_variant_ref_sink(list);
	texts = g_variant_dup_strv(list, NULL);
	for (guint i = 0; texts[i]; i++)
		*strchrnul(texts[i], '/') = '\0';
	if (texts[0])
		set(&config->endpoint_settings, "Addresses", g_variant_new_strv((const char *const *)texts, -1));
	return true;
}

static bool read_runtime(CniConfig *config, JsonObject *object, GError **error)
{
	JsonObject *runtime = NULL;
	GVariant *ports = NULL;
	JsonNode *node;
	const char *mac = NULL;

	if (!json_read_object(object, "runtimeConfig", &runtime, error))
		return false;
	if (!runtime)
		return true;
	if (!port_mappings_read(runtime, &ports, error))
		return false;
	if (ports)
		set(&config->endpoint_settings, "Ports", ports);
	if (!config->alone)
		return true;
	node = json_find(runtime, "ips");
	if ((node && !read_addresses(config, node, error)) || !json_read_string(runtime, "mac", &mac, error))
		return false;
	if (mac && *mac)
		set(&config->endpoint_settings, "MACAddress", g_variant_new_string(mac));
	return true;
}

/* Older runtimes say it by another key. A list that is null is empty; a key that is missing says nothing. */
static bool read_attachments(CniConfig *config, JsonObject *object, GError **error)
{
	const char *key = json_object_has_member(object, "cni.dev/valid-attachments") ? "cni.dev/valid-attachments"
										      : "cni.dev/attachments";
	JsonArray *list = NULL;

	if (!json_object_has_member(object, key))
		return cni_fail(error, CONFIG, "cni.dev/valid-attachments is missing");
	if (!json_read_list(object, key, &list, error))
		return false;
	config->attachments = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; list && i < json_array_get_length(list); i++) {
		JsonObject *attachment = json_array_get_object_element(list, i);
		const char *container = NULL, *ifname = NULL;

		if (!json_read_string(attachment, "containerID", &container, error) ||
		    !json_read_string(attachment, "ifname", &ifname, error))
			return false;
		if (!container || !ifname)
			return cni_fail(error, CONFIG, "%s: one of them has no %s", key,
					container ? "ifname" : "containerID");
		g_ptr_array_add(config->attachments, attachment_name(container, ifname));
	}
	return true;
}

/* --- all of it --- */

/* Of CHECK there is one whoever has attached the container. */
static bool read_previous(CniConfig *config, JsonObject *object, enum cni_command command, const char *ifname,
			  GError **error)
{
	JsonObject *result = NULL;

	if (!json_read_object(object, "prevResult", &result, error))
		return false;
	config->previous_result = json_find(object, "prevResult");
	config->has_previous = result;
	if (!result && command == CNI_CHECK)
		return cni_fail(error, CONFIG, "prevResult is missing");
	if (!result && !config->alone)
		return cni_fail(error, CONFIG,
				"subnets is missing, for a network of its own; or network, for one that is there; or a "
				"plugin before this one that attaches the container");
	if (result && config->alone && command == CNI_ADD)
		return cni_fail(error, CONFIG,
				"%s is given, and a plugin before this one has attached the container already",
				config->makes_network ? "subnets" : "network");
	return !result || previous_read(result, ifname, &config->previous, error);
}

static bool read_all(CniConfig *config, JsonObject *object, enum cni_command command, const char *ifname,
		     GError **error)
{
	if (!check_version(object, command, &config->version, error) || !read_names(config, object, error))
		return false;
	if (command == CNI_DEL)
		return true;
	if (command == CNI_GC)
		return read_attachments(config, object, error);
	if (!read_keys(config, object, error) || !read_routes(config, object, error) ||
	    !json_read_object(object, "dns", &config->dns, error) || !read_runtime(config, object, error))
		return false;
	return command == CNI_STATUS || read_previous(config, object, command, ifname, error);
}

CniConfig *cni_config_parse(const char *text, gsize size, enum cni_command command, const char *ifname, GError **error)
{
	JsonNode *root = json_text_parse(text, size, error);
	g_autoptr(CniConfig) config = NULL;

	if (!root)
		return NULL;
	config = g_new0(CniConfig, 1);
	config->root = root;
	return read_all(config, json_node_get_object(root), command, ifname, error) ? g_steal_pointer(&config) : NULL;
}

void cni_config_free(CniConfig *config)
{
	if (!config)
		return;
	g_clear_pointer(&config->network_settings, g_variant_unref);
	g_clear_pointer(&config->endpoint_settings, g_variant_unref);
	g_clear_pointer(&config->attachments, g_ptr_array_unref);
	json_node_unref(config->root);
	g_free(config);
}
