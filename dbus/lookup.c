/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/lookup.h"

#include "dbus/path.h"

void *path_lookup(const Service *service, const char *path, enum object_kind kind)
{
	g_autofree char *name = NULL, *endpoint_name = NULL;
	enum object_kind found;
	const Network *network;

	if (!path_is_of(path, kind) || !path_decode(path, &found, &name, &endpoint_name))
		return NULL;
	if (kind == OBJECT_INGRESS)
		return g_hash_table_lookup(service_model(service)->ingresses, name);
	network = g_hash_table_lookup(service_model(service)->networks, name);
	if (network && kind == OBJECT_ENDPOINT)
		return g_hash_table_lookup(network->endpoints, endpoint_name);
	return (void *)network;
}

void *path_find(const Service *service, const char *path, enum object_kind kind, GError **error)
{
	g_autofree char *name = NULL, *endpoint_name = NULL;
	enum object_kind found;
	void *object = path_lookup(service, path, kind);

	if (object)
		return object;
	if (!path_decode(path, &found, &name, &endpoint_name) || found != kind)
		netfilter_fail(error, INVALID_ARGS, "\"%s\" is not the path of %s", cut(path),
			       kind == OBJECT_NETWORK    ? "a network"
			       : kind == OBJECT_ENDPOINT ? "an endpoint"
							 : "an ingress");
	else
		netfilter_fail(error, UNKNOWN_OBJECT, "there is no object \"%s\"", cut(path));
	return NULL;
}
