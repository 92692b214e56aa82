/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/cni/error.h"
#include <json-glib/json-glib.h>

/*
 * JSON that a runtime hands over. A reader takes one member of an object; where there is none, or null, it succeeds
 * and leaves *ret alone. What is of another kind is CNI_ERROR_CONFIG, in a sentence that names key and value.
 */

/** How large a text is read, and how deep its brackets go. */
enum { JSON_MAX_BYTES = 1 << 20, JSON_MAX_DEPTH = 64 };

/** A text whose outermost value is an object: that, of the node. CNI_ERROR_DECODE. */
JsonNode *json_text_parse(const char *text, gsize size, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** A member; NULL where there is none, or null. The object's. */
JsonNode *json_find(JsonObject *object, const char *key);

/** The same for a key in any capitals. */
JsonNode *json_find_folded(JsonObject *object, const char *key);

/** A value as a sentence quotes it, the caller's. */
char *json_quote(JsonNode *node);

bool json_read_string(JsonObject *object, const char *key, const char **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool json_read_object(JsonObject *object, const char *key, JsonObject **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Of objects. */
bool json_to_list(JsonNode *node, const char *what, JsonArray **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool json_read_list(JsonObject *object, const char *key, JsonArray **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** A whole number from 0 to max. what names it in the sentence. */
bool json_to_number(JsonNode *node, const char *what, guint max, guint *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** A text: the node's. */
bool json_to_string_value(JsonNode *node, const char *what, const char **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Of kind "s", "b", "as" or "u"; floating. NULL: it is of another kind. */
GVariant *json_to_setting(JsonNode *node, const char *what, const char *kind, GError **error) G_GNUC_WARN_UNUSED_RESULT;
