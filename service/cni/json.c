/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cni/json.h"

#include "service/error.h"

#include <string.h>

/* --- the text --- */

/*
 * json-glib calls itself for each bracket, and takes more for texts and comments than JSON does: what would hide
 * brackets from this is refused.
 */
static bool check_brackets(const char *text, gsize size, GError **error)
{
	bool quoted = false;
	int depth = 0;

	for (gsize i = 0; i < size; i++) {
		char c = text[i];

		if (c == '"')
			quoted = !quoted;
		else if (quoted)
			i += c == '\\';
		else if (c == '/' || c == '\'' || c == '#' || c == '\0')
			return cni_fail(error, DECODE,
					"the configuration is not JSON: byte %" G_GSIZE_FORMAT " of it is %d", i, c);
		else
			depth += (c == '[' || c == '{') - (c == ']' || c == '}');
		if (depth > JSON_MAX_DEPTH)
			return cni_fail(error, DECODE, "the configuration has more than %d brackets open",
					JSON_MAX_DEPTH);
	}
	return true;
}

JsonNode *json_text_parse(const char *text, gsize size, GError **error)
{
	g_autoptr(JsonParser) parser = json_parser_new();
	g_autoptr(GError) reason = NULL;
	JsonNode *root;

	if (size > JSON_MAX_BYTES) {
		cni_fail(error, DECODE, "the configuration has more than %d bytes", JSON_MAX_BYTES);
		return NULL;
	}
	if (!g_utf8_validate(text, size, NULL)) {
		cni_fail(error, DECODE, "the configuration is not UTF-8");
		return NULL;
	}
	if (!check_brackets(text, size, error))
		return NULL;
	if (!json_parser_load_from_data(parser, text, size, &reason)) {
		cni_fail(error, DECODE, "the configuration is not JSON: %s", reason->message);
		return NULL;
	}
	root = json_parser_get_root(parser);
	if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
		cni_fail(error, DECODE, "the configuration is not a JSON object");
		return NULL;
	}
	return json_parser_steal_root(parser);
}

/* --- members --- */

static JsonNode *not_null(JsonNode *node)
{
	return node && !JSON_NODE_HOLDS_NULL(node) ? node : NULL;
}

JsonNode *json_find(JsonObject *object, const char *key)
{
	return not_null(json_object_get_member(object, key));
}

JsonNode *json_find_folded(JsonObject *object, const char *key)
{
	JsonObjectIter iter;
	const char *name;
	JsonNode *node;

	json_object_iter_init(&iter, object);
	while (json_object_iter_next(&iter, &name, &node))
		if (g_ascii_strcasecmp(name, key) == 0)
			return not_null(node);
	return NULL;
}

char *json_quote(JsonNode *node)
{
	g_autofree char *text = JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING
					? g_strdup(json_node_get_string(node))
					: json_to_string(node, FALSE);

	return g_strdup_printf("\"%s\"", cut(text));
}

static bool refuse(JsonNode *node, const char *what, const char *wanted, GError **error)
{
	g_autofree char *value = json_quote(node);

	return cni_fail(error, CONFIG, "%s: %s is not %s", what, value, wanted);
}

static bool holds(JsonNode *node, GType type)
{
	return JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type;
}

bool json_to_string_value(JsonNode *node, const char *what, const char **ret, GError **error)
{
	if (!holds(node, G_TYPE_STRING))
		return refuse(node, what, "a text", error);
	*ret = json_node_get_string(node);
	return true;
}

bool json_read_string(JsonObject *object, const char *key, const char **ret, GError **error)
{
	JsonNode *node = json_find(object, key);

	return !node || json_to_string_value(node, key, ret, error);
}

bool json_read_object(JsonObject *object, const char *key, JsonObject **ret, GError **error)
{
	JsonNode *node = json_find(object, key);

	if (!node)
		return true;
	if (!JSON_NODE_HOLDS_OBJECT(node))
		return refuse(node, key, "an object", error);
	*ret = json_node_get_object(node);
	return true;
}

bool json_to_list(JsonNode *node, const char *what, JsonArray **ret, GError **error)
{
	JsonArray *array;

	if (!JSON_NODE_HOLDS_ARRAY(node))
		return refuse(node, what, "a list", error);
	array = json_node_get_array(node);
	for (guint i = 0; i < json_array_get_length(array); i++)
		if (!JSON_NODE_HOLDS_OBJECT(json_array_get_element(array, i)))
			return refuse(json_array_get_element(array, i), what, "an object", error);
	*ret = array;
	return true;
}

bool json_read_list(JsonObject *object, const char *key, JsonArray **ret, GError **error)
{
	JsonNode *node = json_find(object, key);

	return !node || json_to_list(node, key, ret, error);
}

bool json_to_number(JsonNode *node, const char *what, guint max, guint *ret, GError **error)
{
	g_autofree char *wanted = g_strdup_printf("a number from 0 to %u", max);
	gint64 value;

	if (!holds(node, G_TYPE_INT64))
		return refuse(node, what, wanted, error);
	value = json_node_get_int(node);
	if (value < 0 || value > max)
		return refuse(node, what, wanted, error);
	*ret = value;
	return true;
}

/* --- settings --- */

static GVariant *to_strings(JsonNode *node, const char *what, GError **error)
{
	GVariantBuilder builder;
	JsonArray *array;

	if (!JSON_NODE_HOLDS_ARRAY(node)) {
		refuse(node, what, "a list of texts", error);
		return NULL;
	}
	array = json_node_get_array(node);
	g_variant_builder_init(&builder, G_VARIANT_TYPE_STRING_ARRAY);
	for (guint i = 0; i < json_array_get_length(array); i++) {
		const char *text;

		if (!json_to_string_value(json_array_get_element(array, i), what, &text, error)) {
			g_variant_builder_clear(&builder);
			return NULL;
		}
		g_variant_builder_add(&builder, "s", text);
	}
	return g_variant_builder_end(&builder);
}

GVariant *json_to_setting(JsonNode *node, const char *what, const char *kind, GError **error)
{
	const char *text;
	guint number;

	if (g_str_equal(kind, "as"))
		return to_strings(node, what, error);
	if (g_str_equal(kind, "s"))
		return json_to_string_value(node, what, &text, error) ? g_variant_new_string(text) : NULL;
	if (g_str_equal(kind, "u"))
		return json_to_number(node, what, G_MAXINT32, &number, error) ? g_variant_new_uint32(number) : NULL;
	if (holds(node, G_TYPE_BOOLEAN))
		return g_variant_new_boolean(json_node_get_boolean(node));
	refuse(node, what, "true or false", error);
	return NULL;
}
