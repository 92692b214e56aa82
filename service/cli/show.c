/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/names.h"
#include "dbus/path.h"
#include "service/cli/client.h"
#include "service/cli/object.h"
#include "service/cli/pager.h"
#include "service/cli/ports.h"
#include "service/cli/value.h"
#include "service/cli/verbs.h"

#include <stdio.h>
#include <string.h>

enum { LABEL_WIDTH = 27 }; /* InterContainerCommunication */

/* Object paths as the names of the objects. */
static char **path_names(GVariant *paths)
{
	gsize n = g_variant_n_children(paths);
	char **names = g_new0(char *, n + 1);

	for (gsize i = 0; i < n; i++) {
		g_autoptr(GVariant) path = g_variant_get_child_value(paths, i);

		names[i] = object_text(g_variant_get_string(path, NULL));
	}
	return names;
}

static bool has_type(GVariant *value, const char *type)
{
	return g_variant_is_of_type(value, (const GVariantType *)type);
}

/* --- for people --- */

static char *dictionary_text(GVariant *value)
{
	GString *text = g_string_new(NULL);
	const char *key, *name;
	GVariantIter iter;

	g_variant_iter_init(&iter, value);
	while (g_variant_iter_next(&iter, "{&s&s}", &key, &name))
		g_string_append_printf(text, "%s%s=%s", text->len > 0 ? "\n" : "", key, name);
	return g_string_free(text, FALSE);
}

/* A line each where there are several. */
static char *value_text(GVariant *value)
{
	if (has_type(value, "b"))
		return g_strdup(g_variant_get_boolean(value) ? "yes" : "no");
	if (has_type(value, "s"))
		return g_variant_dup_string(value, NULL);
	if (has_type(value, "o"))
		return object_text(g_variant_get_string(value, NULL));
	if (has_type(value, "as")) {
		g_autofree const char **texts = g_variant_get_strv(value, NULL);

		return g_strjoinv("\n", (char **)texts);
	}
	if (has_type(value, "ao")) {
		g_auto(GStrv) names = path_names(value);

		return g_strjoinv("\n", names);
	}
	if (has_type(value, "a{ss}"))
		return dictionary_text(value);
	if (has_type(value, "a(ssqqq)") || has_type(value, "a(sq)"))
		return ports_text(value, "\n", 0);
	return g_variant_print(value, FALSE);
}

static void print_property(const Cli *cli, const char *label, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	if (!*text)
		return;
	printf("%s%*s:%s %s\n", cli->colours ? "\x1b[1m" : "", LABEL_WIDTH, label, cli->colours ? "\x1b[0m" : "",
	       lines[0]);
	for (guint i = 1; lines[i]; i++)
		printf("%*s%s\n", LABEL_WIDTH + 2, "", lines[i]);
}

static void print_object(const Cli *cli, const Object *object)
{
	static const char *const labels[] = {
		[OBJECT_NETWORK] = "Network",
		[OBJECT_ENDPOINT] = "Endpoint",
		[OBJECT_INGRESS] = "Ingress",
	};
	g_autofree char *text = g_strjoin("/", object->name, object->endpoint, NULL);
	GVariantIter iter;
	GVariant *value;
	const char *name;

	print_property(cli, labels[object->kind], text);
	g_variant_iter_init(&iter, object->properties);
	while (g_variant_iter_loop(&iter, "{&sv}", &name, &value)) {
		g_autofree char *line = value_text(value);

		/* are said in the first line */
		if (strcmp(name, "Name") != 0 && strcmp(name, "Network") != 0)
			print_property(cli, name, line);
	}
}

/* --- for programs --- */

static GVariant *value_json(GVariant *value)
{
	if (has_type(value, "a(ssqqq)") || has_type(value, "a(sq)"))
		return ports_json(value);
	if (has_type(value, "o")) {
		g_autofree char *name = object_text(g_variant_get_string(value, NULL));

		return g_variant_new_string(name);
	}
	if (has_type(value, "ao")) {
		g_auto(GStrv) names = path_names(value);

		return g_variant_new_strv((const char *const *)names, -1);
	}
	return value;
}

static void add_json(GVariantBuilder *builder, const Object *object)
{
	GVariantIter iter;
	GVariant *value;
	const char *name;

	g_variant_builder_open(builder, G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(builder, "{sv}", "Kind", g_variant_new_string(object_kind_text(object->kind)));
	g_variant_iter_init(&iter, object->properties);
	while (g_variant_iter_loop(&iter, "{&sv}", &name, &value))
		g_variant_builder_add(builder, "{sv}", name, value_json(value));
	g_variant_builder_close(builder);
}

/* --- */

static int read_object(Cli *cli, const char *text, Object *ret)
{
	g_autoptr(GVariant) reply = NULL;
	int r = object_find(cli, text, ret);

	if (r == 0)
		r = client_call(cli, ret->path, STANDARD("Properties"), "GetAll",
				g_variant_new("(s)", interface_of(ret->kind)), &reply);
	if (r == 0)
		g_variant_get(reply, "(@a{sv})", &ret->properties);
	return r;
}

static int read_objects(Cli *cli, char **texts, guint n, GArray *ret)
{
	int r = 0;

	for (guint i = 0; i < n && r == 0; i++) {
		Object object = {};

		r = read_object(cli, texts[i], &object);
		if (r == 0)
			g_array_append_val(ret, object);
		else
			object_clear(&object);
	}
	return r;
}

static void print_objects(Cli *cli, const GArray *objects)
{
	if (cli->options.json == JSON_OFF) {
		pager_start(cli);
		for (guint i = 0; i < objects->len; i++) {
			if (i > 0)
				putchar('\n');
			print_object(cli, &g_array_index(objects, Object, i));
		}
	} else {
		g_autoptr(GVariant) value = NULL;
		GVariantBuilder builder;

		g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
		for (guint i = 0; i < objects->len; i++)
			add_json(&builder, &g_array_index(objects, Object, i));
		value = g_variant_ref_sink(g_variant_builder_end(&builder));
		value_print_json(value, cli->options.json);
	}
}

int verb_show(Cli *cli, char **arguments, guint n)
{
	g_autoptr(GArray) objects = g_array_new(FALSE, FALSE, sizeof(Object));
	int r;

	g_array_set_clear_func(objects, (GDestroyNotify)object_clear);
	r = read_objects(cli, arguments, n, objects);
	if (r == 0)
		print_objects(cli, objects);
	return r;
}
