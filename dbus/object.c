/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/object.h"

#include "dbus/interface.h"
#include "dbus/lookup.h"
#include "dbus/names.h"
#include "dbus/path.h"
#include "service/change/change-file.h"

#include <string.h>

void *object_of(const Found *found, sd_bus_message *message, sd_bus_error *ret_error)
{
	if (!found->object)
		sd_bus_error_setf(ret_error, SD_BUS_ERROR_UNKNOWN_OBJECT, "there is no object \"%s\"",
				  cut(sd_bus_message_get_path(message)));
	return found->object;
}

/* The folder is not asked itself, nor are the objects below it. */
int object_enumerate_folder(sd_bus *connection G_GNUC_UNUSED, const char *prefix, void *userdata, char ***ret_nodes,
			    sd_bus_error *error G_GNUC_UNUSED)
{
	const Network *network = path_lookup(((const Bus *)userdata)->service, prefix, OBJECT_NETWORK);
	char **nodes = calloc(2, sizeof *nodes); /* libsystemd's to free, hence malloc */

	if (!nodes)
		return -ENOMEM;
	if (network && g_hash_table_size(network->endpoints) > 0 && asprintf(&nodes[0], "%s/endpoint", prefix) < 0) {
		free(nodes);
		return -ENOMEM;
	}
	*ret_nodes = nodes;
	return 0;
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

/* Besides what it is to change it, it is made to stay. */
bool object_describe_set_permanent(Call *call G_GNUC_UNUSED, Description *description, GError **error G_GNUC_UNUSED)
{
	description->actions |= 1 << ACTION_MAKE_PERSISTENT;
	return true;
}

Lifetime *call_lifetime(const Call *call, GError **error)
{
	const char *path = sd_bus_message_get_path(call->message);
	Network *network;
	Endpoint *endpoint;
	Ingress *ingress;

	if (path_is_of(path, OBJECT_NETWORK)) {
		network = call_object(call, OBJECT_NETWORK, error);
		return network ? &network->lifetime : NULL;
	}
	if (path_is_of(path, OBJECT_ENDPOINT)) {
		endpoint = call_object(call, OBJECT_ENDPOINT, error);
		return endpoint ? &endpoint->lifetime : NULL;
	}
	ingress = call_object(call, OBJECT_INGRESS, error);
	return ingress ? &ingress->lifetime : NULL;
}

bool object_run_set_permanent(Call *call, GError **error)
{
	Lifetime *lifetime = call_lifetime(call, error);
	int permanent;

	if (!lifetime)
		return false;
	if (cursor_read(&call->cursor, 'b', &permanent) < 0)
		return netfilter_fail(error, INVALID_ARGS, "permanent cannot be read");
	return object_set_permanent(service_transaction(call->service), lifetime, permanent, error);
}

int object_get_rules(sd_bus_message *message, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	const Found *found = userdata;

	return reads_add(found->bus->reads, message, &get_rules_read, found->bus->rule_reads);
}

/* --- what an object shows --- */

const sd_bus_vtable *object_vtable(enum object_kind kind)
{
	static const sd_bus_vtable *const vtables[] = {
		[OBJECT_NETWORK] = network_vtable,
		[OBJECT_ENDPOINT] = endpoint_vtable,
		[OBJECT_INGRESS] = ingress_vtable,
	};

	return vtables[kind];
}

const sd_bus_vtable *object_find_property(enum object_kind kind, const char *name)
{
	for (const sd_bus_vtable *row = object_vtable(kind); row->type != _SD_BUS_VTABLE_END; row++)
		if (row->type == _SD_BUS_VTABLE_PROPERTY && strcmp(row->x.property.member, name) == 0)
			return row;
	return NULL;
}

int object_append_property(sd_bus_message *reply, const Bus *bus, enum object_kind kind, void *object,
			   const sd_bus_vtable *property)
{
	Found found = { .bus = bus, .kind = kind, .object = object };
	int r = sd_bus_message_open_container(reply, 'v', property->x.property.signature);

	if (r >= 0)
		r = property->x.property.get(bus->connection, NULL, interface_of(kind), property->x.property.member,
					     reply, &found, NULL);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_entry(sd_bus_message *reply, const Bus *bus, enum object_kind kind, void *object,
			const sd_bus_vtable *property)
{
	int r = sd_bus_message_open_container(reply, 'e', "sv");

	if (r >= 0)
		r = sd_bus_message_append_basic(reply, 's', property->x.property.member);
	if (r >= 0)
		r = object_append_property(reply, bus, kind, object, property);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* How long a list is at most that is in a signal: with the longest names it has less than two megabytes. */
#define MAX_SIGNALLED 4096

bool object_signals_value(enum object_kind kind, const void *object, const sd_bus_vtable *property)
{
	const char *name = property->x.property.member;
	guint n = 0;

	if (strcmp(name, "Endpoints") == 0)
		n = g_hash_table_size(((const Network *)object)->endpoints);
	else if (strcmp(name, "Links") == 0)
		n = ((const Endpoint *)object)->links->len;
	else if (strcmp(name, "Ports") == 0)
		n = kind == OBJECT_INGRESS ? ((const Ingress *)object)->ports->len
					   : ((const Endpoint *)object)->ports->len;
	return n <= MAX_SIGNALLED;
}

static bool is_among_all(sd_bus_message *message, enum object_kind kind, const void *object, const sd_bus_vtable *row)
{
	return row->type == _SD_BUS_VTABLE_PROPERTY && !(row->flags & SD_BUS_VTABLE_PROPERTY_EXPLICIT) &&
	       (!sd_bus_message_is_signal(message, NULL, NULL) || object_signals_value(kind, object, row));
}

int object_append_properties(sd_bus_message *reply, const Bus *bus, enum object_kind kind, void *object)
{
	int r = sd_bus_message_open_container(reply, 'a', "{sv}");

	for (const sd_bus_vtable *row = object_vtable(kind); r >= 0 && row->type != _SD_BUS_VTABLE_END; row++)
		if (is_among_all(reply, kind, object, row))
			r = append_entry(reply, bus, kind, object, row);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}
