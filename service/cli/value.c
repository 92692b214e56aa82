/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cli/value.h"

#include <errno.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

/* --- from the bus --- */

static GVariant *read_next(sd_bus_message *message);

static GVariant *read_basic(sd_bus_message *message, char type)
{
	union {
		guint8 byte;
		int boolean; /* as libsystemd has it */
		gint16 int16;
		guint16 uint16;
		gint32 int32;
		guint32 uint32;
		gint64 int64;
		guint64 uint64;
		double real;
		const char *text;
	} value;

	if (sd_bus_message_read_basic(message, type, &value) <= 0)
		return NULL;
	switch (type) {
	case SD_BUS_TYPE_BYTE:
		return g_variant_new_byte(value.byte);
	case SD_BUS_TYPE_BOOLEAN:
		return g_variant_new_boolean(value.boolean);
	case SD_BUS_TYPE_INT16:
		return g_variant_new_int16(value.int16);
	case SD_BUS_TYPE_UINT16:
		return g_variant_new_uint16(value.uint16);
	case SD_BUS_TYPE_INT32:
		return g_variant_new_int32(value.int32);
	case SD_BUS_TYPE_UINT32:
		return g_variant_new_uint32(value.uint32);
	case SD_BUS_TYPE_INT64:
		return g_variant_new_int64(value.int64);
	case SD_BUS_TYPE_UINT64:
		return g_variant_new_uint64(value.uint64);
	case SD_BUS_TYPE_DOUBLE:
		return g_variant_new_double(value.real);
	case SD_BUS_TYPE_STRING:
		return g_variant_new_string(value.text);
	case SD_BUS_TYPE_OBJECT_PATH:
		return g_variant_new_object_path(value.text);
	case SD_BUS_TYPE_SIGNATURE:
		return g_variant_new_signature(value.text);
	}
	return NULL;
}

/* Reads what is left of a container, or of the message. */
static bool read_all(sd_bus_message *message, GVariantBuilder *builder)
{
	while (sd_bus_message_at_end(message, false) == 0) {
		GVariant *value = read_next(message);

		if (!value)
			return false;
		g_variant_builder_add_value(builder, value);
	}
	return true;
}

static char *container_type(char type, const char *contents)
{
	switch (type) {
	case SD_BUS_TYPE_ARRAY:
		return g_strconcat("a", contents, NULL);
	case SD_BUS_TYPE_VARIANT:
		return g_strdup("v");
	case SD_BUS_TYPE_STRUCT:
		return g_strconcat("(", contents, ")", NULL);
	case SD_BUS_TYPE_DICT_ENTRY:
		return g_strconcat("{", contents, "}", NULL);
	}
	return NULL;
}

static GVariant *read_container(sd_bus_message *message, char type, const char *contents)
{
	g_autofree char *text = container_type(type, contents);
	GVariantBuilder builder;

	if (!text || !g_variant_type_string_is_valid(text) ||
	    sd_bus_message_enter_container(message, type, contents) <= 0)
		return NULL;
	g_variant_builder_init(&builder, (const GVariantType *)text);
	if (!read_all(message, &builder) || sd_bus_message_exit_container(message) < 0) {
		g_variant_builder_clear(&builder);
		return NULL;
	}
	return g_variant_builder_end(&builder);
}

static GVariant *read_next(sd_bus_message *message)
{
	const char *contents;
	char type;

	if (sd_bus_message_peek_type(message, &type, &contents) <= 0)
		return NULL;
	return contents ? read_container(message, type, contents) : read_basic(message, type);
}

GVariant *values_read(sd_bus_message *message)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE_TUPLE);
	if (!read_all(message, &builder)) {
		g_variant_builder_clear(&builder);
		return NULL;
	}
	return g_variant_ref_sink(g_variant_builder_end(&builder));
}

/* --- to the bus --- */

static int append_basic(sd_bus_message *message, GVariant *value)
{
	char type = g_variant_get_type_string(value)[0];
	guint64 number;

	switch (g_variant_classify(value)) {
	case G_VARIANT_CLASS_STRING:
	case G_VARIANT_CLASS_OBJECT_PATH:
	case G_VARIANT_CLASS_SIGNATURE:
		return sd_bus_message_append_basic(message, type, g_variant_get_string(value, NULL));
	case G_VARIANT_CLASS_BOOLEAN:
		return sd_bus_message_append_basic(message, type, &(int){ g_variant_get_boolean(value) });
	default:
		memcpy(&number, g_variant_get_data(value), g_variant_get_size(value));
		return sd_bus_message_append_basic(message, type, &number);
	}
}

static int append(sd_bus_message *message, GVariant *value);

static int append_children(sd_bus_message *message, GVariant *value)
{
	gsize n = g_variant_n_children(value);
	int r = 0;

	for (gsize i = 0; i < n && r >= 0; i++) {
		g_autoptr(GVariant) child = g_variant_get_child_value(value, i);

		r = append(message, child);
	}
	return r;
}

/* Without the brackets, or the a, that a container's type has around what it holds. */
static char *contents_type(GVariant *value)
{
	const char *type = g_variant_get_type_string(value);

	if (g_variant_is_of_type(value, G_VARIANT_TYPE_VARIANT)) {
		g_autoptr(GVariant) inner = g_variant_get_variant(value);

		return g_strdup(g_variant_get_type_string(inner));
	}
	return *type == 'a' ? g_strdup(type + 1) : g_strndup(type + 1, strlen(type) - 2);
}

static int append(sd_bus_message *message, GVariant *value)
{
	g_autofree char *contents = NULL;
	char type;
	int r;

	if (!g_variant_is_container(value))
		return append_basic(message, value);
	switch (g_variant_classify(value)) {
	case G_VARIANT_CLASS_TUPLE:
		type = SD_BUS_TYPE_STRUCT;
		break;
	case G_VARIANT_CLASS_DICT_ENTRY:
		type = SD_BUS_TYPE_DICT_ENTRY;
		break;
	default:
		type = g_variant_get_type_string(value)[0];
	}
	contents = contents_type(value);
	r = sd_bus_message_open_container(message, type, contents);
	if (r >= 0)
		r = append_children(message, value);
	if (r >= 0)
		r = sd_bus_message_close_container(message);
	return r;
}

int values_append(sd_bus_message *message, GVariant *tuple)
{
	return append_children(message, tuple);
}

/* --- to people's programs --- */

void value_print_json(GVariant *value, enum json_mode mode)
{
	JsonNode *node = json_gvariant_serialize(value);
	g_autofree char *text = json_to_string(node, mode == JSON_PRETTY);

	puts(text);
	json_node_unref(node);
}
