/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/object.h"

#include "dbus/error.h"
#include "dbus/path.h"

#include <string.h>

int object_find(Server *server, enum object_kind kind, const char *path, void **ret_found)
{
	Found *found = &server->found[kind];
	g_autofree char *name = NULL, *endpoint = NULL;
	sd_bus_message *message = sd_bus_get_current_message(server->bus);
	enum object_kind named;

	/* Asked for every object and interface when everything is read. */
	if (!path_is_of(path, kind))
		return 0;
	found->server = server;
	found->object = path_lookup(server->manager, path, kind);
	/* A client need not wait for the answer to a creation before it talks to what it creates. */
	if (!found->object &&
	    !(message && call_may_create(server, message) && path_decode(path, &named, &name, &endpoint)))
		return 0;
	*ret_found = found;
	return 1;
}

void *object_of(const Found *found, sd_bus_message *message, sd_bus_error *ret_error)
{
	if (!found->object)
		sd_bus_error_setf(ret_error, SD_BUS_ERROR_UNKNOWN_OBJECT, "there is no object %s",
				  sd_bus_message_get_path(message));
	return found->object;
}

/* Nodes are libsystemd's to free, hence malloc. */
static char **steal_nodes(GPtrArray *paths)
{
	char **nodes = calloc(paths->len + 1, sizeof *nodes);

	if (!nodes) {
		g_ptr_array_set_free_func(paths, free);
		return NULL;
	}
	if (paths->len > 0)
		memcpy(nodes, paths->pdata, paths->len * sizeof *nodes);
	return nodes;
}

static void add_paths(GPtrArray *paths, GHashTable *objects, enum object_kind kind)
{
	GHashTableIter iter;
	gpointer object;

	g_hash_table_iter_init(&iter, objects);
	while (g_hash_table_iter_next(&iter, NULL, &object))
		g_ptr_array_add(paths, path_of(kind, object));
}

/* The children of one network: its folder of endpoints, or what is in there. */
static void add_children(GPtrArray *paths, const Manager *manager, const char *prefix)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, service_networks(manager));
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const Network *network = value;
		char *path = path_of(OBJECT_NETWORK, network);
		const char *rest = g_str_has_prefix(prefix, path) ? prefix + strlen(path) : NULL;

		if (rest && *rest == '\0' && g_hash_table_size(network->endpoints) > 0) {
			char *folder = NULL;

			if (asprintf(&folder, "%s/endpoint", path) >= 0)
				g_ptr_array_add(paths, folder);
		} else if (rest && strcmp(rest, "/endpoint") == 0) {
			add_paths(paths, network->endpoints, OBJECT_ENDPOINT);
		}
		free(path);
	}
}

int object_enumerate_networks(sd_bus *bus G_GNUC_UNUSED, const char *prefix, void *userdata, char ***ret_nodes,
			      sd_bus_error *error G_GNUC_UNUSED)
{
	Server *server = userdata;
	g_autoptr(GPtrArray) paths = g_ptr_array_new();
	GHashTableIter iter;
	gpointer network;

	if (g_str_has_prefix(prefix, NETWORK_PATH "/")) {
		add_children(paths, server->manager, prefix);
	} else {
		add_paths(paths, service_networks(server->manager), OBJECT_NETWORK);
		/* Asked from above, for all there is. */
		if (strcmp(prefix, NETWORK_PATH) != 0) {
			g_hash_table_iter_init(&iter, service_networks(server->manager));
			while (g_hash_table_iter_next(&iter, NULL, &network))
				add_paths(paths, ((Network *)network)->endpoints, OBJECT_ENDPOINT);
		}
	}
	*ret_nodes = steal_nodes(paths);
	return *ret_nodes ? 0 : -ENOMEM;
}

int object_enumerate_ingresses(sd_bus *bus G_GNUC_UNUSED, const char *prefix G_GNUC_UNUSED, void *userdata,
			       char ***ret_nodes, sd_bus_error *error G_GNUC_UNUSED)
{
	Server *server = userdata;
	g_autoptr(GPtrArray) paths = g_ptr_array_new();

	add_paths(paths, service_ingresses(server->manager), OBJECT_INGRESS);
	*ret_nodes = steal_nodes(paths);
	return *ret_nodes ? 0 : -ENOMEM;
}

static int find(sd_bus *bus G_GNUC_UNUSED, const char *path, const char *interface G_GNUC_UNUSED, void *userdata,
		void **ret_found, sd_bus_error *error G_GNUC_UNUSED)
{
	const Found *found = userdata;

	return object_find(found->server, found->kind, path, ret_found);
}

int interface_add(Server *server, enum object_kind kind, const char *prefix, const sd_bus_vtable *vtable,
		  const Method *methods)
{
	Found *found = &server->found[kind];

	*found = (Found){ .server = server, .kind = kind, .methods = methods };
	return sd_bus_add_fallback_vtable(server->bus, NULL, prefix, interface_of(kind), vtable, find, found);
}

int interface_change(sd_bus_message *message, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	const Found *found = userdata;

	return call_start(found->server, message, found->methods);
}
