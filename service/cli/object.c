/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cli/object.h"

#include "dbus/names.h"
#include "dbus/path.h"
#include "service/cli/client.h"
#include "service/model/address.h"
#include "service/model/name.h"

#include <stdio.h>
#include <string.h>

#define NETWORK_PREFIX "network:"
#define INGRESS_PREFIX "ingress:"

void object_clear(Object *object)
{
	g_free(object->name);
	g_free(object->endpoint);
	free(object->path);
	g_clear_pointer(&object->properties, g_variant_unref);
	*object = (Object){};
}

static void object_free(gpointer data)
{
	object_clear(data);
	g_free(data);
}

/* --- names --- */

static bool read_path(const char *path, Object *ret)
{
	if (!path_decode(path, &ret->kind, &ret->name, &ret->endpoint))
		return false;
	ret->path = path_encode(ret->kind, ret->name, ret->endpoint);
	return true;
}

/* NETWORK[/ENDPOINT], after its prefix. */
static bool read_network(const char *text, Object *ret, GError **error)
{
	const char *slash = strchr(text, '/');

	ret->kind = slash ? OBJECT_ENDPOINT : OBJECT_NETWORK;
	ret->name = slash ? g_strndup(text, slash - text) : g_strdup(text);
	ret->endpoint = slash ? g_strdup(slash + 1) : NULL;
	return name_is_valid("network", ret->name, error) && (!slash || name_is_valid("endpoint", slash + 1, error));
}

bool object_parse(const char *text, Object *ret, GError **error)
{
	g_auto(Object) object = {};
	bool ok = true;

	if (g_str_has_prefix(text, ROOT_PATH "/")) {
		if (!read_path(text, &object))
			return netfilter_fail(error, INVALID_ARGS, "\"%s\" is not the path of an object", cut(text));
	} else if (g_str_has_prefix(text, INGRESS_PREFIX)) {
		object.kind = OBJECT_INGRESS;
		object.name = g_strdup(text + strlen(INGRESS_PREFIX));
		ok = name_is_valid("ingress", object.name, error);
	} else {
		const char *name = text;

		if (g_str_has_prefix(text, NETWORK_PREFIX))
			name += strlen(NETWORK_PREFIX);
		ok = read_network(name, &object, error);
	}
	if (!ok)
		return false;
	if (!object.path)
		object.path = path_encode(object.kind, object.name, object.endpoint);
	*ret = object;
	object = (Object){};
	return true;
}

static const struct {
	const char *kind, *an, *form, *interface;
} kinds[] = {
	[OBJECT_NETWORK] = { "network", "a network", "NETWORK", "Network" },
	[OBJECT_ENDPOINT] = { "endpoint", "an endpoint", "NETWORK/ENDPOINT", "Endpoint" },
	[OBJECT_INGRESS] = { "ingress", "an ingress", INGRESS_PREFIX "NAME", "Ingress" },
};

const char *object_kind_text(enum object_kind kind)
{
	return kinds[kind].kind;
}

const char *object_interface(enum object_kind kind)
{
	return kinds[kind].interface;
}

int object_of_kind(const char *text, enum object_kind kind, Object *ret)
{
	g_auto(Object) object = {};
	GError *error = NULL;

	if (!object_parse(text, &object, &error))
		return report_error(error);
	if (object.kind != kind)
		return usage_error("\"%s\" is not %s, which is written %s", cut(text), kinds[kind].an,
				   kinds[kind].form);
	*ret = object;
	object = (Object){};
	return 0;
}

char *object_text(const char *path)
{
	g_auto(Object) object = {};
	bool odd;

	if (!read_path(path, &object))
		return g_strdup(path);
	odd = object.kind != OBJECT_INGRESS &&
	      (strchr(object.name, '/') || g_str_has_prefix(object.name, INGRESS_PREFIX) ||
	       g_str_has_prefix(object.name, NETWORK_PREFIX));
	if (odd)
		return g_strdup(path);
	switch (object.kind) {
	case OBJECT_NETWORK:
		return g_strdup(object.name);
	case OBJECT_ENDPOINT:
		return g_strdup_printf("%s/%s", object.name, object.endpoint);
	case OBJECT_INGRESS:
		return g_strconcat(INGRESS_PREFIX, object.name, NULL);
	}
	g_assert_not_reached();
}

char *object_network_path(const Object *endpoint)
{
	char *path = path_encode(OBJECT_NETWORK, endpoint->name, NULL), *copy = g_strdup(path);

	free(path);
	return copy;
}

/* --- which there are --- */

/* Whether it is there, by the method that gets it; the service says best what is not. */
static int look_up(Cli *cli, const char *path, const char *interface, const char *member, const char *name)
{
	return client_call(cli, path, interface, member, g_variant_new("(s)", name), NULL);
}

int object_check(Cli *cli, const Object *object)
{
	g_autofree char *network = NULL;
	int r;

	if (object->kind == OBJECT_INGRESS)
		return look_up(cli, ROOT_PATH, "Manager", "GetIngress", object->name);
	r = look_up(cli, ROOT_PATH, "Manager", "GetNetwork", object->name);
	if (r != 0 || object->kind == OBJECT_NETWORK)
		return r;
	network = object_network_path(object);
	return look_up(cli, network, "Network", "GetEndpoint", object->endpoint);
}

static const char **subnet_families(const char *const *subnets, guint n)
{
	const char **families = g_new0(const char *, N_FAMILIES + 1);
	bool has[N_FAMILIES] = {};
	guint found = 0;

	for (guint i = 0; i < n; i++)
		has[strchr(subnets[i], ':') ? FAMILY_IPV6 : FAMILY_IPV4] = true;
	for (enum family family = 0; family < N_FAMILIES; family++)
		if (has[family])
			families[found++] = family_to_string(family);
	return families;
}

int object_families(Cli *cli, const char *network, const char ***ret)
{
	g_autoptr(GVariant) reply = NULL, value = NULL;
	g_autofree const char **subnets = NULL;
	int r = client_call(cli, network, STANDARD("Properties"), "Get",
			    g_variant_new("(ss)", NETWORK_INTERFACE, "Subnets"), &reply);

	if (r != 0)
		return r;
	g_variant_get(reply, "(v)", &value);
	subnets = g_variant_get_strv(value, NULL);
	*ret = subnet_families(subnets, g_strv_length((char **)subnets));
	return 0;
}

static bool is_there(Cli *cli, const char *member, const char *name)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	bool there = client_try(cli, ROOT_PATH, "Manager", member, g_variant_new("(s)", name), NULL, &error);

	sd_bus_error_free(&error);
	return there;
}

/* A bare name may be an ingress's. */
static int choose_kind(Cli *cli, Object *object)
{
	int r = client_connect(cli);

	if (r != 0 || !is_there(cli, "GetIngress", object->name))
		return r;
	if (is_there(cli, "GetNetwork", object->name))
		return usage_error("\"%s\" is a network and an ingress: say " NETWORK_PREFIX "%s or " INGRESS_PREFIX
				   "%s",
				   cut(object->name), cut(object->name), cut(object->name));
	free(object->path);
	object->kind = OBJECT_INGRESS;
	object->path = path_encode(object->kind, object->name, NULL);
	return 0;
}

int object_find(Cli *cli, const char *text, Object *ret)
{
	g_auto(Object) object = {};
	GError *error = NULL;
	int r = 0;

	if (!object_parse(text, &object, &error))
		return report_error(error);
	if (object.kind == OBJECT_NETWORK && strcmp(text, object.name) == 0)
		r = choose_kind(cli, &object);
	if (r == 0)
		r = object_check(cli, &object);
	if (r != 0)
		return r;
	*ret = object;
	object = (Object){};
	return 0;
}

static int compare(gconstpointer a, gconstpointer b)
{
	const Object *x = *(const Object *const *)a, *y = *(const Object *const *)b;
	bool ingress = x->kind == OBJECT_INGRESS;
	int order = ingress - (y->kind == OBJECT_INGRESS);

	if (order == 0)
		order = strcmp(x->name, y->name);
	return order ?: strcmp(x->endpoint ?: "", y->endpoint ?: "");
}

static GPtrArray *objects_from(GVariant *managed)
{
	GPtrArray *objects = g_ptr_array_new_with_free_func(object_free);
	GVariantIter iter;
	GVariant *interfaces;
	const char *path;

	g_variant_iter_init(&iter, managed);
	while (g_variant_iter_loop(&iter, "{&o@a{sa{sv}}}", &path, &interfaces)) {
		g_auto(Object) object = {};

		if (!read_path(path, &object))
			continue;
		object.properties =
			g_variant_lookup_value(interfaces, interface_of(object.kind), G_VARIANT_TYPE_VARDICT);
		if (object.properties) {
			g_ptr_array_add(objects, g_memdup2(&object, sizeof object));
			object = (Object){};
		}
	}
	g_ptr_array_sort(objects, compare);
	return objects;
}

GPtrArray *objects_read(Cli *cli, int *ret_code)
{
	g_autoptr(GVariant) reply = NULL, managed = NULL;

	*ret_code = client_call(cli, ROOT_PATH, STANDARD("ObjectManager"), "GetManagedObjects", NULL, &reply);
	if (*ret_code != 0)
		return NULL;
	managed = g_variant_get_child_value(reply, 0);
	return objects_from(managed);
}

/* --- properties --- */

const char *property_string(GVariant *properties, const char *name, const char *otherwise)
{
	const char *value;

	return properties && g_variant_lookup(properties, name, "&s", &value) ? value : otherwise;
}

bool property_true(GVariant *properties, const char *name)
{
	gboolean value;

	return properties && g_variant_lookup(properties, name, "b", &value) && value;
}

GVariant *property_value(GVariant *properties, const char *name, const char *type)
{
	GVariant *value = properties ? g_variant_lookup_value(properties, name, (const GVariantType *)type) : NULL;

	return value ?: g_variant_ref_sink(g_variant_new_array((const GVariantType *)(type + 1), NULL, 0));
}
