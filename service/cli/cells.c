/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cli/cells.h"

#include "service/cli/ports.h"

#include <pwd.h>

/* How many ports a line of a table shows; "show" shows them all. */
enum { PORTS_MAX = 3 };

void cell_name(Row *row, guint column, const Object *object)
{
	row_set(row, column, object->endpoint ? g_strdup(object->endpoint) : object_text(object->path),
		g_variant_new_string(object->endpoint ?: object->name));
}

static GVariant *addresses_of(const Object *object)
{
	static const char *const names[] = {
		[OBJECT_NETWORK] = "Subnets",
		[OBJECT_ENDPOINT] = "Addresses",
		[OBJECT_INGRESS] = "Gateways",
	};

	return property_value(object->properties, names[object->kind], "as");
}

void cell_addresses(Row *row, guint column, const Object *object)
{
	g_autoptr(GVariant) addresses = addresses_of(object);
	g_autofree const char **texts = g_variant_get_strv(addresses, NULL);

	row_set(row, column, g_strjoinv(", ", (char **)texts), g_variant_ref(addresses));
}

static GVariant *ports_of(const Object *object)
{
	return property_value(object->properties, "Ports", object->kind == OBJECT_INGRESS ? "a(sq)" : "a(ssqqq)");
}

void cell_ports(Row *row, guint column, const Object *object)
{
	g_autoptr(GVariant) ports = ports_of(object);

	row_set(row, column, ports_text(ports, ", ", PORTS_MAX), ports_json(ports));
}

guint64 object_count_ports(const Object *object)
{
	g_autoptr(GVariant) ports = ports_of(object);
	GVariantIter iter;
	guint16 count;
	guint64 n = 0;

	if (object->kind == OBJECT_INGRESS)
		return g_variant_n_children(ports);
	g_variant_iter_init(&iter, ports);
	while (g_variant_iter_next(&iter, "(&s&sqqq)", NULL, NULL, NULL, NULL, &count))
		n += count;
	return n;
}

void cell_links(Row *row, guint column, const Object *endpoint)
{
	g_autoptr(GVariant) links = property_value(endpoint->properties, "Links", "ao");
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	GVariantIter iter;
	const char *path;

	g_variant_iter_init(&iter, links);
	while (g_variant_iter_next(&iter, "&o", &path))
		g_ptr_array_add(names, object_text(path));
	g_ptr_array_add(names, NULL);
	row_set(row, column, g_strjoinv(", ", (char **)names->pdata),
		g_variant_new_strv((const char *const *)names->pdata, -1));
}

void cell_user(Row *row, guint column, const Cli *cli, const Object *object)
{
	const struct passwd *user;
	guint32 uid = 0;

	g_variant_lookup(object->properties, "OwnerUID", "u", &uid);
	/* Another machine has users of its own. */
	user = cli->options.host || cli->options.machine ? NULL : getpwuid(uid);
	row_set(row, column, user ? g_strdup(user->pw_name) : g_strdup_printf("%u", uid), g_variant_new_uint32(uid));
}

void cell_lifetime(Row *row, guint column, const Object *object)
{
	GVariant *properties = object->properties;
	const char *text = *property_string(properties, "FragmentPath", "")    ? "permanent"
			   : property_true(properties, "Persistent")           ? "persistent"
			   : *property_string(properties, "HostInterface", "") ? "attached"
			   : *property_string(properties, "Owner", "")         ? "connection"
									       : "other";

	row_set(row, column, g_strdup(text), NULL);
}

void cell_labels(Row *row, guint column, const Object *object)
{
	g_autoptr(GVariant) labels = property_value(object->properties, "Labels", "a{ss}");
	GString *text = g_string_new(NULL);
	const char *key, *value;
	GVariantIter iter;

	g_variant_iter_init(&iter, labels);
	while (g_variant_iter_next(&iter, "{&s&s}", &key, &value))
		g_string_append_printf(text, "%s%s=%s", text->len > 0 ? ", " : "", key, value);
	row_set(row, column, g_string_free(text, FALSE), g_variant_ref(labels));
}

void cell_number(Row *row, guint column, guint64 number)
{
	row_set(row, column, g_strdup_printf("%" G_GUINT64_FORMAT, number), g_variant_new_uint64(number));
}

void row_look(Row *row, const Object *object)
{
	gboolean served;

	if (g_variant_lookup(object->properties, "Served", "b", &served) && !served)
		row_set_colour(row, "red");
}
