/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/path.h"

#include "dbus/server.h"

char *path_of(enum object_kind kind, const void *object)
{
	char *path = NULL;
	int r = -ENOMEM;

	switch (kind) {
	case OBJECT_NETWORK:
		r = sd_bus_path_encode(NETWORK_PATH, ((const Network *)object)->name, &path);
		break;
	case OBJECT_ENDPOINT: {
		const Endpoint *endpoint = object;

		r = sd_bus_path_encode_many(&path, NETWORK_PATH "/%/endpoint/%", endpoint->network->name, endpoint->name);
		break;
	}
	case OBJECT_INGRESS:
		r = sd_bus_path_encode(INGRESS_PATH, ((const Ingress *)object)->name, &path);
		break;
	}
	if (r < 0)
		g_error("Out of memory"); /* as GLib does */
	return path;
}

const char *interface_of(enum object_kind kind)
{
	static const char *const interfaces[] = {
		[OBJECT_NETWORK] = NETWORK_INTERFACE,
		[OBJECT_ENDPOINT] = ENDPOINT_INTERFACE,
		[OBJECT_INGRESS] = INGRESS_INTERFACE,
	};

	return interfaces[kind];
}

bool path_decode(const char *path, enum object_kind *ret_kind, char **ret_name, char **ret_endpoint)
{
	*ret_name = *ret_endpoint = NULL;
	if (sd_bus_path_decode_many(path, NETWORK_PATH "/%/endpoint/%", ret_name, ret_endpoint) > 0)
		*ret_kind = OBJECT_ENDPOINT;
	else if (sd_bus_path_decode_many(path, NETWORK_PATH "/%", ret_name) > 0)
		*ret_kind = OBJECT_NETWORK;
	else if (sd_bus_path_decode_many(path, INGRESS_PATH "/%", ret_name) > 0)
		*ret_kind = OBJECT_INGRESS;
	else
		return false;
	return true;
}

void *path_find(const Manager *manager, const char *path, enum object_kind kind, GError **error)
{
	g_autofree char *name = NULL, *endpoint_name = NULL;
	enum object_kind found;
	void *object = NULL;
	Network *network;

	if (!path_decode(path, &found, &name, &endpoint_name) || found != kind) {
		netfilter_fail(error, INVALID_ARGS, "%s is not the path of %s", path,
			       kind == OBJECT_NETWORK ? "a network" : kind == OBJECT_ENDPOINT ? "an endpoint" : "an ingress");
		return NULL;
	}
	if (kind == OBJECT_INGRESS) {
		object = g_hash_table_lookup(manager->ingresses, name);
	} else {
		network = g_hash_table_lookup(manager->networks, name);
		object = network && kind == OBJECT_ENDPOINT ? g_hash_table_lookup(network->endpoints, endpoint_name) : network;
	}
	if (!object)
		netfilter_fail(error, UNKNOWN_OBJECT, "there is no object %s", path);
	return object;
}
