/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/size.h"

#include <string.h>

typedef struct Count {
	sd_bus_message *message;
	gsize bytes, max;
} Count;

/* As the specification lays them out: each aligned to its own size, strings behind their length. */
static void add(Count *count, gsize alignment, gsize bytes)
{
	count->bytes = (count->bytes + alignment - 1) / alignment * alignment + bytes;
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

static int count_basic(Count *count, char type)
{
	const char *string;
	guint64 number;
	bool is_string = strchr("sog", type);
	int r = sd_bus_message_read_basic(count->message, type, is_string ? (void *)&string : (void *)&number);

	if (r <= 0)
		return r;
	if (type == 'g')
		add(count, 1, 1 + strlen(string) + 1);
	else if (is_string)
		add(count, 4, 4 + strlen(string) + 1);
	else
		add(count, size_of(type), size_of(type));
	return 1;
}

static int count_all(Count *count);

static int count_container(Count *count, char type, const char *contents)
{
	const void *array;
	size_t bytes;
	int r;

	if (type == 'v')
		add(count, 1, 1 + strlen(contents) + 1);
	else if (type == 'a')
		add(count, 4, 4);
	else
		add(count, 8, 0);
	if (type == 'a' && contents[0] && !contents[1] && strchr("ynqiuxtd", contents[0])) {
		r = sd_bus_message_read_array(count->message, contents[0], &array, &bytes);
		add(count, size_of(contents[0]), bytes);
		return r < 0 ? r : 1;
	}
	r = sd_bus_message_enter_container(count->message, type, contents);
	if (r > 0)
		r = count_all(count);
	return r < 0 || count->bytes > count->max ? r : sd_bus_message_exit_container(count->message);
}

static int count_all(Count *count)
{
	const char *contents;
	char type;
	int r;

	while (count->bytes <= count->max && (r = sd_bus_message_peek_type(count->message, &type, &contents)) > 0) {
		r = strchr("avre", type) ? count_container(count, type, contents) : count_basic(count, type);
		if (r < 0)
			return r;
	}
	return 0;
}

/* libsystemd does not tell how large a message is. */
bool message_is_larger(sd_bus_message *message, gsize max)
{
	Count count = { message, 0, max };

	count_all(&count);
	sd_bus_message_rewind(message, true);
	return count.bytes > max;
}
