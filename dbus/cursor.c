/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/cursor.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

Cursor cursor_new(sd_bus_message *message)
{
	sd_bus_message_rewind(message, true);
	return (Cursor){ .message = message, .max_bytes = MAX_CALL_SIZE, .max_values = G_MAXSIZE };
}

/* As the specification lays them out: each aligned to its own size, strings behind their length. */
static void add(Cursor *cursor, gsize alignment, gsize bytes)
{
	cursor->bytes = (cursor->bytes + alignment - 1) / alignment * alignment + bytes;
}

/* The size of a number too. */
static gsize alignment_of(char type)
{
	switch (type) {
	case 'y':
	case 'g':
	case 'v':
		return 1;
	case 'n':
	case 'q':
		return 2;
	case 'x':
	case 't':
	case 'd':
	case '(':
	case '{':
		return 8;
	default:
		return 4;
	}
}

/* Of an array, whose first element is aligned even where there is none. */
static void add_length(Cursor *cursor, char element)
{
	add(cursor, 4, 4);
	add(cursor, alignment_of(element), 0);
}

/* Another value is counted. */
static int count(Cursor *cursor)
{
	cursor->values++;
	return cursor->bytes > cursor->max_bytes || cursor->values > cursor->max_values ? -EMSGSIZE : 1;
}

int cursor_peek_type(const Cursor *cursor, char *ret_type, const char **ret_contents)
{
	return sd_bus_message_peek_type(cursor->message, ret_type, ret_contents);
}

int cursor_enter(Cursor *cursor, char type, const char *contents)
{
	/* What peek_type told may be gone once it is entered. */
	gsize length = strlen(contents);
	char first = *contents;
	int r = sd_bus_message_enter_container(cursor->message, type, contents);

	if (r <= 0)
		return r;
	if (type == 'v')
		add(cursor, 1, 1 + length + 1);
	else if (type == 'a')
		add_length(cursor, first);
	else
		add(cursor, 8, 0);
	return count(cursor);
}

int cursor_exit(Cursor *cursor)
{
	return sd_bus_message_exit_container(cursor->message);
}

int cursor_read(Cursor *cursor, char type, void *ret)
{
	bool is_string = strchr("sog", type);
	int r = sd_bus_message_read_basic(cursor->message, type, ret);

	if (r <= 0)
		return r;
	add(cursor, alignment_of(type), type == 'g' ? 1 : is_string ? 4 : alignment_of(type));
	if (is_string)
		add(cursor, 1, strlen(*(const char **)ret) + 1);
	return count(cursor);
}

int cursor_read_numbers(Cursor *cursor, char type)
{
	const void *array;
	size_t bytes;
	int r = sd_bus_message_read_array(cursor->message, type, &array, &bytes);

	if (r <= 0)
		return r;
	add_length(cursor, type);
	add(cursor, 1, bytes);
	return count(cursor);
}
