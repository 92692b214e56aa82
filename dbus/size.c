/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/size.h"

#include <string.h>

typedef struct Count {
	sd_bus_message *message;
	gsize bytes, values, max_bytes, max_values;
} Count;

/* As the specification lays them out: each aligned to its own size, strings behind their length. */
static void add(Count *count, gsize alignment, gsize bytes)
{
	count->bytes = (count->bytes + alignment - 1) / alignment * alignment + bytes;
}

static bool is_over(const Count *count)
{
	return count->bytes > count->max_bytes || count->values > count->max_values;
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
	return r < 0 || is_over(count) ? r : sd_bus_message_exit_container(count->message);
}

static int count_all(Count *count)
{
	const char *contents;
	char type;
	int r;

	while (!is_over(count) && (r = sd_bus_message_peek_type(count->message, &type, &contents)) > 0) {
		count->values++;
		r = strchr("avre", type) ? count_container(count, type, contents) : count_basic(count, type);
		if (r < 0)
			return r;
	}
	return 0;
}

/* libsystemd does not tell how large a message is. */
bool message_is_larger(sd_bus_message *message, gsize max_bytes, gsize max_values)
{
	Count count = { message, 0, 0, max_bytes, max_values };

	count_all(&count);
	sd_bus_message_rewind(message, true);
	return is_over(&count);
}

bool size_check(sd_bus_message *call, bool privileged, GError **error)
{
	return !message_is_larger(call, MAX_CALL_SIZE, privileged ? G_MAXSIZE : MAX_CALL_VALUES) ||
	       netfilter_fail(error, LIMITS_EXCEEDED, "the arguments of %s take more than %u bytes or %u values",
			      cut(sd_bus_message_get_member(call)), MAX_CALL_SIZE, MAX_CALL_VALUES);
}
