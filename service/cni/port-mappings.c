/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cni/port-mappings.h"

#include <string.h>

typedef struct Mapping {
	char *protocol;
	const char *host_address;
	guint host_port, port, count;
} Mapping;

static void clear_mapping(gpointer mapping)
{
	g_free(((Mapping *)mapping)->protocol);
}

static bool read_string(JsonObject *object, const char *key, const char **ret, GError **error)
{
	JsonNode *node = json_find_folded(object, key);

	return !node || json_to_string_value(node, key, ret, error);
}

static bool read_port(JsonObject *object, const char *key, guint *ret, GError **error)
{
	JsonNode *node = json_find_folded(object, key);

	return !node || json_to_number(node, key, G_MAXUINT16, ret, error);
}

static bool read_mapping(JsonObject *object, Mapping *ret, GError **error)
{
	const char *protocol = "";

	*ret = (Mapping){ .host_address = "", .count = 1 };
	if (!read_port(object, "hostPort", &ret->host_port, error) ||
	    !read_port(object, "containerPort", &ret->port, error) ||
	    !read_string(object, "hostIP", &ret->host_address, error) ||
	    !read_string(object, "protocol", &protocol, error))
		return false;
	if (ret->port == 0)
		return cni_fail(error, CONFIG, "portMappings: host port %u has no containerPort from 1 to 65535",
				ret->host_port);
	ret->protocol = *protocol ? g_ascii_strdown(protocol, -1) : g_strdup("tcp");
	return true;
}

static int compare(gconstpointer a, gconstpointer b)
{
	const Mapping *x = a, *y = b;
	int r = strcmp(x->protocol, y->protocol);

	if (r == 0)
		r = strcmp(x->host_address, y->host_address);
	if (r == 0)
		r = (int)x->host_port - (int)y->host_port;
	return r != 0 ? r : (int)x->port - (int)y->port;
}

/* A port that the service chooses is next to none. */
static bool follows(const Mapping *mapping, const Mapping *before)
{
	return before->host_port != 0 && strcmp(mapping->protocol, before->protocol) == 0 &&
	       strcmp(mapping->host_address, before->host_address) == 0 &&
	       mapping->host_port == before->host_port + before->count && mapping->port == before->port + before->count;
}

static GVariant *join(GArray *mappings)
{
	GVariantBuilder builder;

	g_array_sort(mappings, compare);
	g_variant_builder_init(&builder, G_VARIANT_TYPE("a(ssqqq)"));
	for (guint i = 0; i < mappings->len;) {
		Mapping *first = &g_array_index(mappings, Mapping, i);

		while (++i < mappings->len && follows(&g_array_index(mappings, Mapping, i), first))
			first->count++;
		g_variant_builder_add(&builder, "(ssqqq)", first->protocol, first->host_address, first->host_port,
				      first->port, first->count);
	}
	return g_variant_builder_end(&builder);
}

bool port_mappings_read(JsonObject *runtime, GVariant **ret, GError **error)
{
	JsonNode *node = json_find_folded(runtime, "portMappings");
	g_autoptr(GArray) mappings = NULL;
	JsonArray *list = NULL;

	if (!node)
		return true;
	if (!json_to_list(node, "portMappings", &list, error))
		return false;
	mappings = g_array_new(FALSE, FALSE, sizeof(Mapping));
	g_array_set_clear_func(mappings, clear_mapping);
	for (guint i = 0; i < json_array_get_length(list); i++) {
		Mapping mapping;

		if (!read_mapping(json_array_get_object_element(list, i), &mapping, error))
			return false;
		g_array_append_val(mappings, mapping);
	}
	if (mappings->len > 0)
		*ret = join(mappings);
	return true;
}
