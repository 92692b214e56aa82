/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/size.h"

#include <string.h>

typedef struct Size {
	gsize bytes, values;
	guint depth; /* of containers that are open */
} Size;

/* As the specification lays them out: each aligned to its own size, strings behind their length. */
static void add(Size *size, gsize alignment, gsize bytes)
{
	size->bytes = (size->bytes + alignment - 1) / alignment * alignment + bytes;
}

static gsize size_of(char type)
{
	switch (type) {
	case 'y':
		return 1;
	case 'n':
	case 'q':
		return 2;
	case 'x':
	case 't':
	case 'd':
		return 8;
	default:
		return 4;
	}
}

static int add_basic(Size *size, sd_bus_message *message, char type)
{
	const char *string;
	guint64 number;
	bool is_string = strchr("sog", type);
	int r = sd_bus_message_read_basic(message, type, is_string ? (void *)&string : (void *)&number);

	if (r <= 0)
		return r;
	if (type == 'g')
		add(size, 1, 1 + strlen(string) + 1);
	else if (is_string)
		add(size, 4, 4 + strlen(string) + 1);
	else
		add(size, size_of(type), size_of(type));
	return 1;
}

static int enter(Size *size, sd_bus_message *message, char type, const char *contents)
{
	const void *array;
	size_t bytes;
	int r;

	if (type == 'v')
		add(size, 1, 1 + strlen(contents) + 1);
	else if (type == 'a')
		add(size, 4, 4);
	else
		add(size, 8, 0);
	if (type == 'a' && contents[0] && !contents[1] && strchr("ynqiuxtd", contents[0])) {
		r = sd_bus_message_read_array(message, contents[0], &array, &bytes);
		add(size, size_of(contents[0]), bytes);
		return r < 0 ? r : 1;
	}
	r = sd_bus_message_enter_container(message, type, contents);
	size->depth += r > 0;
	return r;
}

/* The next value of a message, or the end of a container. 0: there is no more. */
static int add_next(Size *size, sd_bus_message *message)
{
	const char *contents;
	char type;
	int r = sd_bus_message_peek_type(message, &type, &contents);

	if (r < 0 || (r == 0 && size->depth == 0))
		return r;
	if (r == 0) {
		size->depth--;
		r = sd_bus_message_exit_container(message);
		return r < 0 ? r : 1;
	}
	size->values++;
	return strchr("avre", type) ? enter(size, message, type, contents) : add_basic(size, message, type);
}

/* libsystemd does not tell how large a message is. */
bool message_is_larger(sd_bus_message *message, gsize max_bytes, gsize max_values)
{
	bool is_over = false;
	Size size = {};

	while (!is_over && add_next(&size, message) > 0)
		is_over = size.bytes > max_bytes || size.values > max_values;
	sd_bus_message_rewind(message, true);
	return is_over;
}

gsize message_size(sd_bus_message *message)
{
	Size size = {};

	while (add_next(&size, message) > 0)
		;
	sd_bus_message_rewind(message, true);
	return size.bytes;
}

bool size_check(sd_bus_message *call, bool privileged, GError **error)
{
	return !message_is_larger(call, MAX_CALL_SIZE, privileged ? G_MAXSIZE : MAX_CALL_VALUES) ||
	       netfilter_fail(error, LIMITS_EXCEEDED, "the arguments of %s take more than %u bytes or %u values",
			      cut(sd_bus_message_get_member(call)), MAX_CALL_SIZE, MAX_CALL_VALUES);
}
