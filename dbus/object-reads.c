/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/object-reads.h"

#include "dbus/arguments.h"
#include "dbus/error.h"
#include "dbus/lookup.h"
#include "dbus/names.h"
#include "dbus/object-size.h"
#include "dbus/path.h"
#include "dbus/reply.h"
#include "service/model/labels.h"

#include <string.h>

#define DOCTYPE                                                                              \
	"<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n" \
	"\"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n"

/* What an object may hold and still be read at once. */
#define FEW 64

/* --- GetManagedObjects, FindObjects --- */

/* How often it begins anew because something changed; then it is made in one step. */
#define MAX_TRIES 3

typedef struct Walk {
	sd_bus_message *reply;
	gsize bytes; /* of the reply, or some more */
	guint64 generation;
	guint tries;
	const GList *network, *endpoint, *ingress; /* what comes next */
	char **labels;                             /* FindObjects: those that are looked for */
} Walk;

static void walk_free(gpointer data)
{
	Walk *walk = data;

	sd_bus_message_unref(walk->reply);
	g_strfreev(walk->labels);
	g_free(walk);
}

static int begin_walk(Walk *walk, Read *read, const char *elements)
{
	const Bus *bus = read->userdata;
	const Model *model = service_model(bus->service);
	int r;

	walk->tries++;
	walk->bytes = 0;
	walk->generation = announcer_generation(bus->announcer);
	walk->network = model->networks_by_age.head;
	walk->endpoint = NULL;
	walk->ingress = model->ingresses_by_age.head;
	walk->reply = sd_bus_message_unref(walk->reply);
	r = sd_bus_message_new_method_return(read->call, &walk->reply);
	return r < 0 ? r : sd_bus_message_open_container(walk->reply, 'a', elements);
}

static void *next_object(Walk *walk, enum object_kind *ret_kind)
{
	void *object;

	if (walk->endpoint) {
		*ret_kind = OBJECT_ENDPOINT;
		object = walk->endpoint->data;
		walk->endpoint = walk->endpoint->next;
	} else if (walk->network) {
		*ret_kind = OBJECT_NETWORK;
		object = walk->network->data;
		walk->network = walk->network->next;
		walk->endpoint = ((const Network *)object)->endpoints_by_age.head;
	} else if (walk->ingress) {
		*ret_kind = OBJECT_INGRESS;
		object = walk->ingress->data;
		walk->ingress = walk->ingress->next;
	} else {
		return NULL;
	}
	return object;
}

typedef int (*WalkAppend)(Walk *walk, const Bus *bus, enum object_kind kind, void *object);

static int append_object(Walk *walk, const Bus *bus, enum object_kind kind, void *object)
{
	sd_bus_message *reply = walk->reply;
	int r;

	walk->bytes += object_size(kind, object);
	if (walk->bytes > MAX_ANSWER_SIZE)
		return 0;
	r = sd_bus_message_open_container(reply, 'e', "oa{sa{sv}}");
	if (r >= 0)
		r = path_append(reply, kind, object);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "{sa{sv}}");
	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'e', "sa{sv}");
	if (r >= 0)
		r = sd_bus_message_append_basic(reply, 's', interface_of(kind));
	if (r >= 0)
		r = object_append_properties(reply, bus, kind, object);
	for (guint depth = 0; r >= 0 && depth < 3; depth++)
		r = sd_bus_message_close_container(reply);
	return r;
}

static int append_found(Walk *walk, const Bus *bus G_GNUC_UNUSED, enum object_kind kind, void *object)
{
	if (!labels_match(object_labels(kind, object), walk->labels))
		return 0;
	walk->bytes += object_path_size(kind, object);
	return path_append(walk->reply, kind, object);
}

static int step_walk(Read *read, const char *elements, WalkAppend append, const char *instead, sd_bus_error *error)
{
	const Bus *bus = read->userdata;
	gint64 begin = g_get_monotonic_time();
	Walk *walk = read->state;
	enum object_kind kind;
	void *object;
	int r = 0;

	if (!walk->reply || walk->generation != announcer_generation(bus->announcer))
		r = begin_walk(walk, read, elements);
	while (r >= 0 && walk->bytes <= MAX_ANSWER_SIZE && (object = next_object(walk, &kind))) {
		r = append(walk, bus, kind, object);
		if (r >= 0 && walk->tries <= MAX_TRIES && !read_has_time(begin))
			return 1;
	}
	if (r >= 0)
		r = sd_bus_message_close_container(walk->reply);
	if (r >= 0)
		r = answer_send(read->call, walk->reply, walk->bytes, instead, error);
	return MIN(r, 0);
}

static int step_managed_objects(Read *read, sd_bus_error *error)
{
	if (!read->state)
		read->state = g_new0(Walk, 1);
	return step_walk(read, "{oa{sa{sv}}}", append_object,
			 "FindObjects finds objects by their labels, introspection names them, and each shows its "
			 "properties",
			 error);
}

static int step_find_objects(Read *read, sd_bus_error *ret_error)
{
	g_autoptr(GError) error = NULL;
	Walk *walk = read->state;

	if (!walk) {
		Cursor cursor = cursor_new(read->call);

		walk = read->state = g_new0(Walk, 1);
		if (!labels_read(&cursor, &walk->labels, &error))
			return error_set(ret_error, error);
	}
	return step_walk(read, "o", append_found, "with more labels it finds fewer", ret_error);
}

const ReadKind find_objects_read = { step_find_objects, walk_free };

/* --- properties --- */

/* The object of a call of Properties; NULL where it is not there any more. */
static void *object_of_call(const Bus *bus, sd_bus_message *call, enum object_kind *ret_kind)
{
	g_autofree char *name = NULL, *endpoint = NULL;
	const char *path = sd_bus_message_get_path(call);

	return path_decode(path, ret_kind, &name, &endpoint) ? path_lookup(bus->service, path, *ret_kind) : NULL;
}

static int step_properties(Read *read, sd_bus_error *ret_error)
{
	g_autoptr(GError) error = NULL;
	const Bus *bus = read->userdata;
	const char *interface, *name = NULL;
	sd_bus_message *reply = NULL;
	enum object_kind kind;
	void *object = object_of_call(bus, read->call, &kind);
	int r;

	if (!object)
		return sd_bus_error_setf(ret_error, SD_BUS_ERROR_UNKNOWN_OBJECT, "there is no object \"%s\"",
					 cut(sd_bus_message_get_path(read->call)));
	sd_bus_message_rewind(read->call, true);
	r = sd_bus_message_read(read->call, "s", &interface);
	if (r >= 0 && sd_bus_message_is_method_call(read->call, NULL, "Get"))
		r = sd_bus_message_read(read->call, "s", &name);
	if (r >= 0)
		r = sd_bus_message_new_method_return(read->call, &reply);
	if (r >= 0)
		r = name ? object_append_property(reply, bus, kind, object, object_find_property(kind, name))
			 : object_append_properties(reply, bus, kind, object);
	if (r >= 0)
		r = answer_check(read->call, reply, "each of its objects shows its own properties", &error)
			    ? sd_bus_send(NULL, reply, NULL)
			    : error_set(ret_error, error);
	sd_bus_message_unref(reply);
	return MIN(r, 0);
}

static bool holds_much(enum object_kind kind, const void *object)
{
	switch (kind) {
	case OBJECT_NETWORK:
		return g_hash_table_size(((const Network *)object)->endpoints) > FEW;
	case OBJECT_ENDPOINT:
		return ((const Endpoint *)object)->ports->len + ((const Endpoint *)object)->links->len > FEW;
	case OBJECT_INGRESS:
		return ((const Ingress *)object)->ports->len > FEW;
	}
	return false;
}

/* A list of an object with much in it is among what is asked for. */
static bool asks_for_much(const Bus *bus, sd_bus_message *call)
{
	const char *interface, *name;
	bool one = sd_bus_message_is_method_call(call, STANDARD("Properties"), "Get");
	const sd_bus_vtable *property;
	enum object_kind kind;
	void *object;

	if (!one && !sd_bus_message_is_method_call(call, STANDARD("Properties"), "GetAll"))
		return false;
	object = object_of_call(bus, call, &kind);
	if (!object || !holds_much(kind, object) || !sd_bus_message_has_signature(call, one ? "ss" : "s") ||
	    sd_bus_message_read(call, "s", &interface) <= 0)
		return false;
	/* All interfaces are meant by none. */
	if (!one && interface[0] == '\0')
		return true;
	if (strcmp(interface, interface_of(kind)) != 0)
		return false;
	if (!one)
		return true;
	property = sd_bus_message_read(call, "s", &name) > 0 ? object_find_property(kind, name) : NULL;
	return property && property->x.property.signature[0] == 'a';
}

/* --- introspection --- */

static void append_names(GString *text, const GQueue *objects, enum object_kind kind)
{
	for (const GList *i = objects->head; i; i = i->next) {
		char *path = path_of(kind, i->data);

		g_string_append_printf(text, " <node name=\"%s\"/>\n", strrchr(path, '/') + 1);
		free(path); /* libsystemd's */
	}
}

/* The objects in a folder; NULL if it is none. */
static const GQueue *find_folder(const Bus *bus, const char *path, enum object_kind *ret_kind)
{
	const Model *model = service_model(bus->service);
	g_autofree char *parent = NULL;
	const Network *network;

	if (strcmp(path, NETWORK_PATH) == 0) {
		*ret_kind = OBJECT_NETWORK;
		return &model->networks_by_age;
	}
	if (strcmp(path, INGRESS_PATH) == 0) {
		*ret_kind = OBJECT_INGRESS;
		return &model->ingresses_by_age;
	}
	if (!g_str_has_suffix(path, "/endpoint"))
		return NULL;
	*ret_kind = OBJECT_ENDPOINT;
	parent = g_strndup(path, strlen(path) - strlen("/endpoint"));
	network = path_lookup(bus->service, parent, OBJECT_NETWORK);
	return network ? &network->endpoints_by_age : NULL;
}

static int step_introspect(Read *read, sd_bus_error *error)
{
	const char *path = sd_bus_message_get_path(read->call);
	g_autoptr(GString) text = g_string_new(DOCTYPE "<node>\n");
	enum object_kind kind;
	const GQueue *objects = find_folder(read->userdata, path, &kind);

	if (!objects)
		return sd_bus_error_setf(error, SD_BUS_ERROR_UNKNOWN_OBJECT, "there is no object \"%s\"", cut(path));
	append_names(text, objects, kind);
	g_string_append(text, "</node>\n");
	return MIN(text_reply(read->call, text->str, "FindObjects finds objects by their labels", error), 0);
}

/* --- all of them --- */

int object_read_add(const Bus *bus, sd_bus_message *call)
{
	static const ReadKind managed_objects = { step_managed_objects, walk_free };
	static const ReadKind properties = { step_properties };
	static const ReadKind introspection = { step_introspect };
	const char *path = sd_bus_message_get_path(call);
	const ReadKind *kind = NULL;
	enum object_kind folder;

	if (strcmp(path, ROOT_PATH) == 0 &&
	    sd_bus_message_is_method_call(call, STANDARD("ObjectManager"), "GetManagedObjects"))
		kind = &managed_objects;
	else if (sd_bus_message_is_method_call(call, STANDARD("Introspectable"), "Introspect") &&
		 find_folder(bus, path, &folder))
		kind = &introspection;
	else if (asks_for_much(bus, call))
		kind = &properties;
	sd_bus_message_rewind(call, true);
	return kind ? reads_add(bus->reads, call, kind, (void *)bus) : 0;
}
