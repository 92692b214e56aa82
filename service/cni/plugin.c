/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cni/plugin.h"

#include "dbus/names.h"
#include "dbus/path.h"
#include "service/cni/check.h"
#include "service/cni/netns.h"
#include "service/cni/result.h"
#include "service/cni/settings.h"
#include "service/error.h"

#include <stdlib.h>
#include <unistd.h>

/* Of a path that path_encode() made. */
static void free_path(char **path)
{
	free(*path);
}
#define autopath __attribute__((cleanup(free_path))) char *

static char *network_path(const Plugin *plugin)
{
	return path_encode(OBJECT_NETWORK, plugin->config->network, NULL);
}

static bool no_network(const Plugin *plugin, enum cni_error code, GError **error)
{
	g_clear_error(error);
	return cni_set_error(error, code, "there is no network \"%s\"", cut(plugin->config->network));
}

static char *endpoint_name(const Plugin *plugin)
{
	return attachment_name(plugin->environment.container_id, plugin->environment.ifname);
}

/* --- ADD --- */

/* With the namespace, where the service attaches the container. */
static GVariant *endpoint_settings(Plugin *plugin, const char *const *families, int socket, GError **error)
{
	GVariant *settings = cni_endpoint_settings(plugin->config, &plugin->environment, families, error);
	g_autoptr(GVariant) kept = settings ? g_variant_ref_sink(settings) : NULL;
	GVariantDict dict;

	if (!kept || socket < 0)
		return g_steal_pointer(&kept);
	g_variant_dict_init(&dict, kept);
	g_variant_dict_insert_value(&dict, NETNS_SETTING, g_variant_new_handle(socket));
	return g_variant_ref_sink(g_variant_dict_end(&dict));
}

/* The network with the endpoint, in one call: it goes with its last one, and none must go in between. */
static bool ensure_network(Plugin *plugin, const char *name, int socket, GError **error)
{
	g_autoptr(GVariant) network = g_variant_ref_sink(cni_network_settings(plugin->config)), endpoint = NULL,
			    subnets = NULL;
	const char *families[N_FAMILIES + 1];
	GVariant *list[1];
	GVariantDict dict;

	subnets = g_variant_lookup_value(network, "Subnets", G_VARIANT_TYPE_STRING_ARRAY);
	subnets_families(subnets, families);
	endpoint = endpoint_settings(plugin, families, socket, error);
	if (!endpoint)
		return false;
	list[0] = g_variant_new("(s@a{sv})", name, endpoint);
	g_variant_dict_init(&dict, network);
	g_variant_dict_insert_value(&dict, "Endpoints", g_variant_new_array(NULL, list, 1));
	return client_call(&plugin->client, ROOT_PATH, MANAGER_INTERFACE, "EnsureNetwork",
			   g_variant_new("(s@a{sv})", plugin->config->network, g_variant_dict_end(&dict)), NULL, error);
}

static bool ensure_endpoint(Plugin *plugin, const char *name, int socket, GError **error)
{
	autopath path = network_path(plugin);
	g_autoptr(GVariant) properties = client_properties(&plugin->client, path, NETWORK_INTERFACE, error),
			    subnets = NULL, settings = NULL;
	const char *families[N_FAMILIES + 1];

	if (!properties)
		return client_found_nothing(&plugin->client) && no_network(plugin, CNI_ERROR_SERVICE, error);
	subnets = g_variant_lookup_value(properties, "Subnets", G_VARIANT_TYPE_STRING_ARRAY);
	if (!subnets)
		return cni_fail(error, SERVICE, "network \"%s\" has no subnets", cut(plugin->config->network));
	subnets_families(subnets, families);
	settings = endpoint_settings(plugin, families, socket, error);
	return settings && client_call(&plugin->client, path, NETWORK_INTERFACE, "EnsureEndpoint",
				       g_variant_new("(s@a{sv})", name, settings), NULL, error);
}

static bool ensure(Plugin *plugin, const char *name, GError **error)
{
	const CniConfig *config = plugin->config;
	int socket = -1;
	bool done;

	if (config->alone) {
		socket = netns_socket(plugin->environment.netns, error);
		if (socket < 0)
			return false;
	}
	done = config->alone && !config->makes_network ? ensure_endpoint(plugin, name, socket, error)
						       : ensure_network(plugin, name, socket, error);
	if (socket >= 0)
		close(socket);
	return done;
}

static bool describe(Plugin *plugin, const char *name, char **ret, GError **error)
{
	autopath network_path_ = network_path(plugin);
	autopath path = path_encode(OBJECT_ENDPOINT, plugin->config->network, name);
	g_autoptr(GVariant) endpoint = client_properties(&plugin->client, path, ENDPOINT_INTERFACE, error),
			    network = NULL;

	if (endpoint)
		network = client_properties(&plugin->client, network_path_, NETWORK_INTERFACE, error);
	if (network)
		*ret = result_of_attachment(plugin->config, &plugin->environment, endpoint, network);
	return network;
}

static bool add(Plugin *plugin, char **ret, GError **error)
{
	g_autofree char *name = endpoint_name(plugin);

	if (!ensure(plugin, name, error))
		return false;
	if (plugin->config->alone)
		return describe(plugin, name, ret, error);
	*ret = result_of_previous(plugin->config);
	return true;
}

/* --- CHECK --- */

static bool check(Plugin *plugin, char **ret G_GNUC_UNUSED, GError **error)
{
	g_autofree char *name = endpoint_name(plugin);
	autopath network_path_ = network_path(plugin);
	autopath path = path_encode(OBJECT_ENDPOINT, plugin->config->network, name);
	g_autoptr(GVariant) endpoint = client_properties(&plugin->client, path, ENDPOINT_INTERFACE, error),
			    network = NULL;
	int socket;
	bool good;

	if (endpoint)
		network = client_properties(&plugin->client, network_path_, NETWORK_INTERFACE, error);
	if (!network && client_found_nothing(&plugin->client)) {
		g_clear_error(error);
		return cni_fail(error, DIFFERENT, "network \"%s\" has no endpoint \"%s\"", cut(plugin->config->network),
				cut(name));
	}
	if (!network)
		return false;
	socket = netns_socket(plugin->environment.netns, error);
	if (socket < 0)
		return false;
	good = check_attachment(plugin->config, &plugin->environment, endpoint, network, socket, error);
	close(socket);
	return good;
}

/* --- DEL --- */

static bool delete_endpoint(Plugin *plugin, const char *name, GError **error)
{
	autopath path = network_path(plugin);

	return client_call(&plugin->client, path, NETWORK_INTERFACE, "DeleteEndpoint", g_variant_new("(s)", name), NULL,
			   error);
}

/*
 * What is gone is as good as deleted. Without a service its interface is taken away, with which the service finds the
 * endpoint gone; in a chain the plugin before does that.
 */
static bool del(Plugin *plugin, char **ret G_GNUC_UNUSED, GError **error)
{
	const Environment *environment = &plugin->environment;
	g_autofree char *name = endpoint_name(plugin);
	g_autoptr(GError) reason = NULL;

	if (delete_endpoint(plugin, name, &reason) || client_found_nothing(&plugin->client))
		return true;
	if (!client_found_nobody(reason)) {
		g_propagate_error(error, g_steal_pointer(&reason));
		return false;
	}
	if (!plugin->config->alone || !environment->netns || !*environment->netns)
		return true;
	return netns_remove_veth(environment->netns, environment->ifname, error);
}

/* --- GC --- */

static bool stays(const Plugin *plugin, const char *name)
{
	return g_ptr_array_find_with_equal_func(plugin->config->attachments, name, g_str_equal, NULL);
}

/* One that has gone in the meantime is gone. */
static bool collect(Plugin *plugin, const char *path, GError **error)
{
	g_autofree char *network = NULL, *name = NULL;
	enum object_kind kind;

	if (!path_decode(path, &kind, &network, &name) || kind != OBJECT_ENDPOINT || stays(plugin, name))
		return true;
	return client_call(&plugin->client, path, ENDPOINT_INTERFACE, "Delete", NULL, NULL, error) ||
	       client_found_nothing(&plugin->client);
}

/* All that can go go; the first that cannot is told of. */
static bool gc(Plugin *plugin, char **ret G_GNUC_UNUSED, GError **error)
{
	g_autoptr(GVariant) reply = NULL, paths = NULL;
	GError *first = NULL;
	GVariantIter iter;
	const char *path;

	if (!client_call(&plugin->client, ROOT_PATH, MANAGER_INTERFACE, "FindObjects",
			 g_variant_new_parsed("({'CNI_NETWORK': %s},)", plugin->config->name), &reply, error))
		return false;
	paths = g_variant_get_child_value(reply, 0);
	g_variant_iter_init(&iter, paths);
	while (g_variant_iter_loop(&iter, "&o", &path)) {
		g_autoptr(GError) reason = NULL;

		if (!collect(plugin, path, &reason) && !first)
			first = g_steal_pointer(&reason);
	}
	if (!first)
		return true;
	g_propagate_error(error, first);
	return false;
}

/* --- STATUS --- */

static bool status(Plugin *plugin, char **ret G_GNUC_UNUSED, GError **error)
{
	g_autoptr(GVariant) manager = NULL, network = NULL;
	g_autoptr(GError) reason = NULL;
	autopath path = network_path(plugin);
	gboolean ready = FALSE;

	manager = client_properties(&plugin->client, ROOT_PATH, MANAGER_INTERFACE, &reason);
	if (!manager)
		return cni_fail(error, NOT_AVAILABLE, "%s", reason->message);
	if (!g_variant_lookup(manager, "Ready", "b", &ready) || !ready)
		return cni_fail(error, NOT_AVAILABLE, "netfilterd cannot change rules now, and its log says why");
	if (!plugin->config->alone || plugin->config->makes_network)
		return true;
	network = client_properties(&plugin->client, path, NETWORK_INTERFACE, &reason);
	if (!network && client_found_nothing(&plugin->client))
		return no_network(plugin, CNI_ERROR_NOT_AVAILABLE, error);
	return network || cni_fail(error, NOT_AVAILABLE, "%s", reason->message);
}

/* --- which of them --- */

bool plugin_run(Plugin *plugin, char **ret, GError **error)
{
	static bool (*const commands[N_CNI_COMMANDS])(Plugin *, char **, GError **) = {
		[CNI_ADD] = add, [CNI_CHECK] = check, [CNI_DEL] = del, [CNI_GC] = gc, [CNI_STATUS] = status,
	};

	return commands[plugin->command](plugin, ret, error);
}
