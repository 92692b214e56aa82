/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/size.h"

#include <errno.h>
#include <string.h>

/* Of the first complete type of a signature. */
static gsize type_length(const char *types)
{
	gsize length = 0;
	guint depth = 0;

	do {
		depth += types[length] == '(' || types[length] == '{';
		depth -= types[length] == ')' || types[length] == '}';
	} while (types[length++] == 'a' || depth > 0);
	return length;
}

static int pass_value(Cursor *cursor, const char *type, gsize length);

static int pass_values(Cursor *cursor, const char *types)
{
	int r = 1;

	for (gsize length; r > 0 && *types; types += length) {
		length = type_length(types);
		r = pass_value(cursor, types, length);
	}
	return r;
}

static int pass_container(Cursor *cursor, char type, const char *contents)
{
	int r = cursor_enter(cursor, type, contents);

	if (r <= 0)
		return r;
	if (type != 'a')
		r = pass_values(cursor, contents);
	else
		while (r > 0)
			r = pass_value(cursor, contents, strlen(contents));
	if (r >= 0)
		r = cursor_exit(cursor);
	return r < 0 ? r : 1;
}

/*
 * The next value of a message, of a type that is known but for what is in a variant: to ask for it each time takes as
 * long as to read. 0: the array that it would be in has no more.
 */
static int pass_value(Cursor *cursor, const char *type, gsize length)
{
	char signature[256]; /* the longest that there is */
	const char *contents;
	guint64 any;
	int r;

	switch (*type) {
	case 'v':
		r = cursor_peek_type(cursor, NULL, &contents);
		if (r <= 0)
			return r;
		g_strlcpy(signature, contents, sizeof signature);
		return pass_container(cursor, 'v', signature);
	case 'a':
		if (length == 2 && strchr("ynqiuxtd", type[1]))
			return cursor_read_numbers(cursor, type[1]);
		g_strlcpy(signature, type + 1, length);
		return pass_container(cursor, 'a', signature);
	case '(':
	case '{':
		g_strlcpy(signature, type + 1, length - 1);
		return pass_container(cursor, *type == '(' ? 'r' : 'e', signature);
	default:
		return cursor_read(cursor, *type, &any);
	}
}

/* From one end to the other, or as far as the bounds allow. */
static Cursor pass(sd_bus_message *message, gsize max_bytes, gsize max_values, bool *ret_over)
{
	Cursor cursor = cursor_new(message);

	cursor.max_bytes = max_bytes;
	cursor.max_values = max_values;
	*ret_over = pass_values(&cursor, sd_bus_message_get_signature(message, true)) == -EMSGSIZE;
	sd_bus_message_rewind(message, true);
	return cursor;
}

bool message_is_larger(sd_bus_message *message, gsize max_bytes, gsize max_values)
{
	bool is_over;

	pass(message, max_bytes, max_values, &is_over);
	return is_over;
}

gsize message_size(sd_bus_message *message)
{
	bool is_over;

	return pass(message, G_MAXSIZE, G_MAXSIZE, &is_over).bytes;
}

bool size_check(sd_bus_message *call, bool privileged, GError **error)
{
	return !message_is_larger(call, MAX_CALL_SIZE, privileged ? G_MAXSIZE : MAX_CALL_VALUES) ||
	       netfilter_fail(error, LIMITS_EXCEEDED, "the arguments of %s take more than %u bytes or %u values",
			      cut(sd_bus_message_get_member(call)), MAX_CALL_SIZE, MAX_CALL_VALUES);
}
