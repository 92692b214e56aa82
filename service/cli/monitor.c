/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/names.h"
#include "dbus/path.h"
#include "service/cli/client.h"
#include "service/cli/object.h"
#include "service/cli/ports.h"
#include "service/cli/value.h"
#include "service/cli/verbs.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A list comes whole with each change: what was in it before is kept, and what is new or gone said one by one. */
typedef struct Monitor {
	Cli *cli;
	GHashTable *known; /* "PATH PROPERTY" → the list */
} Monitor;

/* --- what is said --- */

/* An event is a line: words for people, and members for programs. object NULL: it is about the service. */
static void say(const Monitor *monitor, const char *event, const char *path, GVariant *details, const char *format, ...)
	G_GNUC_PRINTF(5, 6);

static void say_json(const Monitor *monitor, const char *event, const char *object, GVariant *details)
{
	g_autoptr(GVariant) value = NULL;
	GVariantBuilder builder;
	GVariantIter iter;
	GVariant *detail;

	g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(&builder, "{sv}", "Event", g_variant_new_string(event));
	if (object)
		g_variant_builder_add(&builder, "{sv}", "Object", g_variant_new_string(object));
	if (details) {
		g_variant_iter_init(&iter, details);
		while (g_variant_iter_loop(&iter, "@{sv}", &detail))
			g_variant_builder_add_value(&builder, detail);
	}
	value = g_variant_ref_sink(g_variant_builder_end(&builder));
	value_print_json(value, monitor->cli->options.json);
}

static void say(const Monitor *monitor, const char *event, const char *path, GVariant *details, const char *format, ...)
{
	g_autoptr(GVariant) owned = details ? g_variant_ref_sink(details) : NULL;
	g_autofree char *object = path ? object_text(path) : NULL, *text = NULL;
	va_list args;

	if (monitor->cli->options.json != JSON_OFF) {
		say_json(monitor, event, object, owned);
	} else {
		va_start(args, format);
		text = g_strdup_vprintf(format, args);
		va_end(args);
		printf("%s%s%s\n", object ?: "", object ? ": " : "", text);
	}
	fflush(stdout);
}

static GVariant *detail(const char *key, GVariant *value)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(&builder, "{sv}", key, value);
	return g_variant_builder_end(&builder);
}

/* --- lists that change: what came, what went --- */

typedef struct List {
	const char *property, *detail;
	const char *came, *went;             /* events */
	const char *came_words, *went_words; /* before the element */
} List;

static const List lists[] = {
	{ "Ports", "Port", "published", "unpublished", "publishes", "no longer publishes" },
	{ "Links", "Endpoint", "linked", "unlinked", "may reach", "may no longer reach" },
};

static char *element_text(GVariant *element)
{
	return g_variant_is_of_type(element, G_VARIANT_TYPE_OBJECT_PATH)
		       ? object_text(g_variant_get_string(element, NULL))
		       : port_text(element);
}

static bool contains(GVariant *list, GVariant *element)
{
	gsize n = list ? g_variant_n_children(list) : 0;

	for (gsize i = 0; i < n; i++) {
		g_autoptr(GVariant) child = g_variant_get_child_value(list, i);

		if (g_variant_equal(child, element))
			return true;
	}
	return false;
}

/* Those that are in one list and not in the other. */
static void say_elements(const Monitor *monitor, const char *path, const List *list, GVariant *in, GVariant *out,
			 bool came)
{
	gsize n = in ? g_variant_n_children(in) : 0;

	for (gsize i = 0; i < n; i++) {
		g_autoptr(GVariant) element = g_variant_get_child_value(in, i);
		g_autofree char *text = NULL;

		if (contains(out, element))
			continue;
		text = element_text(element);
		say(monitor, came ? list->came : list->went, path, detail(list->detail, g_variant_new_string(text)),
		    "%s %s", came ? list->came_words : list->went_words, text);
	}
}

static void say_list(Monitor *monitor, const char *path, const List *list, GVariant *value, bool aloud)
{
	char *key = g_strconcat(path, " ", list->property, NULL);
	g_autoptr(GVariant) before = NULL;

	before = g_hash_table_lookup(monitor->known, key);
	if (before)
		g_variant_ref(before);
	if (aloud) {
		say_elements(monitor, path, list, value, before, true);
		say_elements(monitor, path, list, before, value, false);
	}
	g_hash_table_replace(monitor->known, key, g_variant_ref(value));
}

static const List *find_list(const char *property)
{
	for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
		if (strcmp(lists[i].property, property) == 0)
			return &lists[i];
	return NULL;
}

/* --- objects --- */

static void know(Monitor *monitor, const char *path, GVariant *properties, bool aloud)
{
	for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_autoptr(GVariant) value = g_variant_lookup_value(properties, lists[i].property, NULL);

		if (value)
			say_list(monitor, path, &lists[i], value, aloud);
	}
}

static void drop(Monitor *monitor, const char *path)
{
	for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_autofree char *key = g_strconcat(path, " ", lists[i].property, NULL);

		g_hash_table_remove(monitor->known, key);
	}
}

static void on_added(Monitor *monitor, GVariant *body)
{
	g_autoptr(GVariant) interfaces = NULL, properties = NULL;
	g_auto(Object) object = {};
	const char *path;

	g_variant_get(body, "(&o@a{sa{sv}})", &path, &interfaces);
	if (!object_parse(path, &object, NULL))
		return;
	properties = g_variant_lookup_value(interfaces, interface_of(object.kind), G_VARIANT_TYPE_VARDICT);
	if (!properties)
		return;
	say(monitor, "created", path, detail("Kind", g_variant_new_string(object_kind_text(object.kind))), "%s created",
	    object_kind_text(object.kind));
	know(monitor, path, properties, true);
}

static void on_removed(Monitor *monitor, GVariant *body)
{
	g_auto(Object) object = {};
	const char *path;

	g_variant_get(body, "(&o@as)", &path, NULL);
	if (!object_parse(path, &object, NULL))
		return;
	say(monitor, "deleted", path, detail("Kind", g_variant_new_string(object_kind_text(object.kind))), "%s deleted",
	    object_kind_text(object.kind));
	drop(monitor, path);
}

static void say_property(Monitor *monitor, const char *path, const char *name, GVariant *value)
{
	const List *list = find_list(name);
	g_autofree char *text = NULL;

	if (list) {
		say_list(monitor, path, list, value, true);
		return;
	}
	/* Each of a network's endpoints says itself that it comes and goes. */
	if (strcmp(name, "Endpoints") == 0)
		return;
	text = g_variant_is_of_type(value, G_VARIANT_TYPE_BOOLEAN)
		       ? g_strdup(g_variant_get_boolean(value) ? "yes" : "no")
	       : g_variant_is_of_type(value, G_VARIANT_TYPE_STRING) ? g_variant_dup_string(value, NULL)
								    : g_variant_print(value, FALSE);
	say(monitor, "changed", strcmp(path, ROOT_PATH) == 0 ? NULL : path, detail(name, value), "%s is now %s", name,
	    *text ? text : "empty");
}

static void on_properties(Monitor *monitor, const char *path, GVariant *body)
{
	g_autoptr(GVariantIter) changed = NULL;
	GVariant *value;
	const char *name;

	g_variant_get(body, "(&sa{sv}@as)", NULL, &changed, NULL);
	while (g_variant_iter_loop(changed, "{&sv}", &name, &value))
		say_property(monitor, path, name, value);
}

/* --- the service --- */

static void on_committed(const Monitor *monitor, GVariant *body)
{
	guint64 generation;
	guint32 added, removed;

	g_variant_get(body, "(tuu)", &generation, &added, &removed);
	say(monitor, "committed", NULL,
	    g_variant_new_parsed("{'Generation': <%t>, 'Added': <%u>, 'Removed': <%u>}", generation, added, removed),
	    "rules: %u added, %u removed", added, removed);
}

static void on_drifted(const Monitor *monitor, GVariant *body)
{
	g_autoptr(GVariant) chains = g_variant_get_child_value(body, 0);
	g_autofree const char **names = g_variant_get_strv(chains, NULL);
	g_autofree char *text = g_strjoinv(", ", (char **)names);

	say(monitor, "drifted", NULL, detail("Chains", chains), "somebody else changed %s; mended", text);
}

static int on_owner(sd_bus_message *message, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	const Monitor *monitor = userdata;
	const char *name, *before, *after;

	if (sd_bus_message_read(message, "sss", &name, &before, &after) < 0)
		return 0;
	if (*after)
		say(monitor, "started", NULL, NULL, "the service started");
	else
		say(monitor, "stopped", NULL, NULL, "the service stopped");
	return 0;
}

static int on_signal(sd_bus_message *message, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	Monitor *monitor = userdata;
	const char *path = sd_bus_message_get_path(message), *member = sd_bus_message_get_member(message),
		   *signature = sd_bus_message_get_signature(message, true);
	g_autoptr(GVariant) body = values_read(message);

	if (!body)
		return 0;
	if (strcmp(member, "InterfacesAdded") == 0 && strcmp(signature, "oa{sa{sv}}") == 0)
		on_added(monitor, body);
	else if (strcmp(member, "InterfacesRemoved") == 0 && strcmp(signature, "oas") == 0)
		on_removed(monitor, body);
	else if (strcmp(member, "PropertiesChanged") == 0 && strcmp(signature, "sa{sv}as") == 0)
		on_properties(monitor, path, body);
	else if (strcmp(member, "RulesCommitted") == 0 && strcmp(signature, "tuu") == 0)
		on_committed(monitor, body);
	else if (strcmp(member, "Drifted") == 0 && strcmp(signature, "as") == 0)
		on_drifted(monitor, body);
	return 0;
}

/* --- */

/* Before the objects are read, so that nothing happens in between that is not seen. */
static int subscribe(Monitor *monitor)
{
	sd_bus *bus = monitor->cli->bus;
	int r;

	r = sd_bus_match_signal(bus, NULL, BUS_NAME, NULL, NULL, NULL, on_signal, monitor);
	if (r >= 0)
		r = sd_bus_add_match(bus, NULL,
				     "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
				     "member='NameOwnerChanged',arg0='" BUS_NAME "'",
				     on_owner, monitor);
	if (r >= 0)
		return 0;
	fprintf(stderr, "cannot listen to the service: %s\n", g_strerror(-r));
	return EXIT_UNREACHABLE;
}

static int read_known(Monitor *monitor)
{
	g_autoptr(GPtrArray) objects = NULL;
	int r;

	objects = objects_read(monitor->cli, &r);
	for (guint i = 0; objects && i < objects->len; i++) {
		const Object *object = objects->pdata[i];

		know(monitor, object->path, object->properties, false);
	}
	return r;
}

static int listen_on(sd_bus *bus)
{
	int r;

	do {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
	} while (r >= 0 && !ferror(stdout));
	fprintf(stderr, "the bus is gone\n");
	return EXIT_UNREACHABLE;
}

int verb_monitor(Cli *cli, char **arguments G_GNUC_UNUSED, guint n G_GNUC_UNUSED)
{
	g_autoptr(GHashTable) known =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_variant_unref);
	Monitor monitor = { .cli = cli, .known = known };
	int r = client_connect(cli);

	if (r == 0)
		r = subscribe(&monitor);
	if (r == 0)
		r = read_known(&monitor);
	return r != 0 ? r : listen_on(cli->bus);
}
