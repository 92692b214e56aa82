/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/path.h"

#include "dbus/names.h"
#include "service/model/ingress.h"
#include "service/model/name.h"

#include <string.h>
#include <systemd/sd-bus.h>

char *path_encode(enum object_kind kind, const char *name, const char *endpoint)
{
	char *path = NULL;
	int r = -ENOMEM;

	switch (kind) {
	case OBJECT_NETWORK:
		r = sd_bus_path_encode(NETWORK_PATH, name, &path);
		break;
	case OBJECT_ENDPOINT:
		r = sd_bus_path_encode_many(&path, NETWORK_PATH "/%/endpoint/%", name, endpoint);
		break;
	case OBJECT_INGRESS:
		r = sd_bus_path_encode(INGRESS_PATH, name, &path);
		break;
	}
	if (r < 0)
		g_error("Out of memory"); /* as GLib does */
	return path;
}

char *path_of(enum object_kind kind, const void *object)
{
	const Endpoint *endpoint = object;

	switch (kind) {
	case OBJECT_NETWORK:
		return path_encode(kind, ((const Network *)object)->name, NULL);
	case OBJECT_ENDPOINT:
		return path_encode(kind, endpoint->network->name, endpoint->name);
	case OBJECT_INGRESS:
		return path_encode(kind, ((const Ingress *)object)->name, NULL);
	}
	g_assert_not_reached();
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

bool path_is_of(const char *path, enum object_kind kind)
{
	const char *rest;

	if (kind == OBJECT_INGRESS)
		return g_str_has_prefix(path, INGRESS_PATH "/");
	if (!g_str_has_prefix(path, NETWORK_PATH "/"))
		return false;
	/* No name has a slash in it once it is encoded. */
	rest = path + strlen(NETWORK_PATH "/");
	return (strchr(rest, '/') != NULL) == (kind == OBJECT_ENDPOINT);
}

static bool decode(const char *path, enum object_kind kind, char **ret_name, char **ret_endpoint)
{
	if (kind == OBJECT_ENDPOINT)
		return sd_bus_path_decode_many(path, NETWORK_PATH "/%/endpoint/%", ret_name, ret_endpoint) > 0 &&
		       name_is_valid("network", *ret_name, NULL) && name_is_valid("endpoint", *ret_endpoint, NULL);
	return sd_bus_path_decode(path, kind == OBJECT_NETWORK ? NETWORK_PATH : INGRESS_PATH, ret_name) > 0 &&
	       name_is_valid("object", *ret_name, NULL);
}

/* More than one path may decode to a name; the one that the name is encoded to is the object's. */
static bool is_canonical(const char *path, enum object_kind kind, const char *name, const char *endpoint)
{
	char *canonical = path_encode(kind, name, endpoint);
	bool equal = strcmp(canonical, path) == 0;

	free(canonical);
	return equal;
}

bool path_decode(const char *path, enum object_kind *ret_kind, char **ret_name, char **ret_endpoint)
{
	*ret_name = *ret_endpoint = NULL;
	*ret_kind = path_is_of(path, OBJECT_ENDPOINT)  ? OBJECT_ENDPOINT
		    : path_is_of(path, OBJECT_NETWORK) ? OBJECT_NETWORK
						       : OBJECT_INGRESS;
	return decode(path, *ret_kind, ret_name, ret_endpoint) &&
	       is_canonical(path, *ret_kind, *ret_name, *ret_endpoint);
}
