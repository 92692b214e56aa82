/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/object.h"

#include "dbus/names.h"
#include "dbus/path.h"

#include <string.h>

void *object_of(const Found *found, sd_bus_message *message, sd_bus_error *ret_error)
{
	if (!found->object)
		sd_bus_error_setf(ret_error, SD_BUS_ERROR_UNKNOWN_OBJECT, "there is no object \"%s\"",
				  cut(sd_bus_message_get_path(message)));
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
static void add_children(GPtrArray *paths, const Service *service, const char *prefix)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, service_model(service)->networks);
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

int object_enumerate_networks(sd_bus *connection G_GNUC_UNUSED, const char *prefix, void *userdata, char ***ret_nodes,
			      sd_bus_error *error G_GNUC_UNUSED)
{
	const Bus *bus = userdata;
	g_autoptr(GPtrArray) paths = g_ptr_array_new();
	GHashTableIter iter;
	gpointer network;

	if (g_str_has_prefix(prefix, NETWORK_PATH "/")) {
		add_children(paths, bus->service, prefix);
	} else {
		add_paths(paths, service_model(bus->service)->networks, OBJECT_NETWORK);
		/* Asked from above, for all there is. */
		if (strcmp(prefix, NETWORK_PATH) != 0) {
			g_hash_table_iter_init(&iter, service_model(bus->service)->networks);
			while (g_hash_table_iter_next(&iter, NULL, &network))
				add_paths(paths, ((Network *)network)->endpoints, OBJECT_ENDPOINT);
		}
	}
	*ret_nodes = steal_nodes(paths);
	return *ret_nodes ? 0 : -ENOMEM;
}

int object_enumerate_ingresses(sd_bus *connection G_GNUC_UNUSED, const char *prefix G_GNUC_UNUSED, void *userdata,
			       char ***ret_nodes, sd_bus_error *error G_GNUC_UNUSED)
{
	const Bus *bus = userdata;
	g_autoptr(GPtrArray) paths = g_ptr_array_new();

	add_paths(paths, service_model(bus->service)->ingresses, OBJECT_INGRESS);
	*ret_nodes = steal_nodes(paths);
	return *ret_nodes ? 0 : -ENOMEM;
}

static int find(sd_bus *connection G_GNUC_UNUSED, const char *path, const char *interface G_GNUC_UNUSED, void *userdata,
		void **ret_found, sd_bus_error *error G_GNUC_UNUSED)
{
	Found *found = userdata;
	const Bus *bus = found->bus;
	sd_bus_message *message = sd_bus_get_current_message(bus->connection);
	g_autofree char *name = NULL, *endpoint = NULL;
	enum object_kind named;

	/* Asked for every object and interface when everything is read. */
	if (!path_is_of(path, found->kind))
		return 0;
	found->object = path_lookup(bus->service, path, found->kind);
	/* A client need not wait for the answer to a creation before it talks to what it creates. */
	if (!found->object &&
	    !(message && calls_may_create(bus->calls, message) && path_decode(path, &named, &name, &endpoint)))
		return 0;
	*ret_found = found;
	return 1;
}

int object_interface_add(const Bus *bus, enum object_kind kind, const char *prefix, const sd_bus_vtable *vtable,
			 const Method *methods)
{
	Found *found = g_new(Found, 1);
	sd_bus_slot *slot = NULL;
	int r;

	*found = (Found){ .bus = bus, .kind = kind, .methods = methods };
	r = sd_bus_add_fallback_vtable(bus->connection, &slot, prefix, interface_of(kind), vtable, find, found);
	if (r < 0) {
		g_free(found);
		return r;
	}
	/* Both live as long as the connection. */
	sd_bus_slot_set_destroy_callback(slot, g_free);
	r = sd_bus_slot_set_floating(slot, true);
	sd_bus_slot_unref(slot);
	return r;
}

int object_change(sd_bus_message *message, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	const Found *found = userdata;

	return calls_start(found->bus->calls, message, found->methods);
}
