/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/size.h"

#include <errno.h>
#include <string.h>

typedef struct Size {
	gsize bytes, values;
	gsize max_bytes, max_values;
} Size;

/* As the specification lays them out: each aligned to its own size, strings behind their length. */
static void add(Size *size, gsize alignment, gsize bytes)
{
	size->bytes = (size->bytes + alignment - 1) / alignment * alignment + bytes;
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
static void add_length(Size *size, char element)
{
	add(size, 4, 4);
	add(size, alignment_of(element), 0);
}

static bool is_over(const Size *size)
{
	return size->bytes > size->max_bytes || size->values > size->max_values;
}

static int add_basic(Size *size, sd_bus_message *message, char type)
{
	const char *string;
	guint64 number;
	bool is_string = strchr("sog", type);
	int r = sd_bus_message_read_basic(message, type, is_string ? (void *)&string : (void *)&number);

	if (r <= 0)
		return r;
	size->values++;
	add(size, alignment_of(type), type == 'g' ? 1 : is_string ? 4 : alignment_of(type));
	if (is_string)
		add(size, 1, strlen(string) + 1);
	return 1;
}

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

static int add_value(Size *size, sd_bus_message *message, const char *type, gsize length);

static int add_values(Size *size, sd_bus_message *message, const char *types)
{
	int r = 1;

	for (gsize length; r > 0 && *types; types += length) {
		length = type_length(types);
		r = add_value(size, message, types, length);
	}
	return r;
}

static int add_container(Size *size, sd_bus_message *message, char type, const char *contents)
{
	int r = sd_bus_message_enter_container(message, type, contents);

	if (r <= 0)
		return r;
	size->values++;
	if (type == 'v')
		add(size, 1, 1 + strlen(contents) + 1);
	else if (type == 'a')
		add_length(size, *contents);
	else
		add(size, 8, 0);
	if (type != 'a')
		r = add_values(size, message, contents);
	else
		while (r > 0)
			r = add_value(size, message, contents, strlen(contents));
	if (r >= 0)
		r = sd_bus_message_exit_container(message);
	return r < 0 ? r : 1;
}

static int add_numbers(Size *size, sd_bus_message *message, char type)
{
	const void *array;
	size_t bytes;
	int r = sd_bus_message_read_array(message, type, &array, &bytes);

	if (r <= 0)
		return r;
	size->values++;
	add_length(size, type);
	add(size, 1, bytes);
	return 1;
}

/*
 * The next value of a message, of a type that is known but for what is in a variant: to ask for it each time takes as
 * long as to read. 0: the array that it would be of has no more.
 */
static int add_value(Size *size, sd_bus_message *message, const char *type, gsize length)
{
	char signature[256]; /* the longest that there is */
	const char *contents;
	int r;

	if (is_over(size))
		return -EMSGSIZE;
	switch (*type) {
	case 'v':
		r = sd_bus_message_peek_type(message, NULL, &contents);
		if (r <= 0)
			return r;
		g_strlcpy(signature, contents, sizeof signature);
		return add_container(size, message, 'v', signature);
	case 'a':
		if (length == 2 && strchr("ynqiuxtd", type[1]))
			return add_numbers(size, message, type[1]);
		g_strlcpy(signature, type + 1, length);
		return add_container(size, message, 'a', signature);
	case '(':
	case '{':
		g_strlcpy(signature, type + 1, length - 1);
		return add_container(size, message, *type == '(' ? 'r' : 'e', signature);
	default:
		return add_basic(size, message, *type);
	}
}

/* libsystemd does not tell how large a message is. */
static void measure(Size *size, sd_bus_message *message)
{
	add_values(size, message, sd_bus_message_get_signature(message, true));
	sd_bus_message_rewind(message, true);
}

bool message_is_larger(sd_bus_message *message, gsize max_bytes, gsize max_values)
{
	Size size = { .max_bytes = max_bytes, .max_values = max_values };

	measure(&size, message);
	return is_over(&size);
}

gsize message_size(sd_bus_message *message)
{
	Size size = { .max_bytes = G_MAXSIZE, .max_values = G_MAXSIZE };

	measure(&size, message);
	return size.bytes;
}

bool size_check(sd_bus_message *call, bool privileged, GError **error)
{
	return !message_is_larger(call, MAX_CALL_SIZE, privileged ? G_MAXSIZE : MAX_CALL_VALUES) ||
	       netfilter_fail(error, LIMITS_EXCEEDED, "the arguments of %s take more than %u bytes or %u values",
			      cut(sd_bus_message_get_member(call)), MAX_CALL_SIZE, MAX_CALL_VALUES);
}
