/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/reply.h"

#include "dbus/error.h"
#include "dbus/path.h"
#include "dbus/size.h"

#include <string.h>

int port_mapping_append(sd_bus_message *message, const PortMapping *mapping)
{
	char address[INET6_ADDRSTRLEN];

	return sd_bus_message_append(message, "(ssqqq)", protocol_to_string(mapping->protocol),
				     address_format(&mapping->host_address, address), mapping->host_port,
				     mapping->endpoint_port, mapping->count);
}

int port_mappings_append(sd_bus_message *message, const GArray *mappings)
{
	int r = sd_bus_message_open_container(message, 'a', "(ssqqq)");

	for (guint i = 0; r >= 0 && i < mappings->len; i++)
		r = port_mapping_append(message, &g_array_index(mappings, PortMapping, i));
	return r < 0 ? r : sd_bus_message_close_container(message);
}

bool reply_written(int r, GError **error)
{
	if (r < 0)
		return netfilter_fail(error, NO_MEMORY, "the answer cannot be written: %s", g_strerror(-r));
	return true;
}

static bool answer_size_check(sd_bus_message *call, gsize bytes, const char *instead, GError **error)
{
	return bytes <= MAX_ANSWER_SIZE ||
	       netfilter_fail(error, LIMITS_EXCEEDED,
			      "the answer to %s takes some %" G_GSIZE_FORMAT " bytes, and at most %d are sent: %s",
			      cut(sd_bus_message_get_member(call)), bytes, MAX_ANSWER_SIZE, instead);
}

int answer_send(sd_bus_message *call, sd_bus_message *answer, gsize bytes, const char *instead, sd_bus_error *ret_error)
{
	g_autoptr(GError) error = NULL;

	if (!answer_size_check(call, bytes, instead, &error))
		return error_set(ret_error, error);
	return sd_bus_send(NULL, answer, NULL);
}

bool answer_check(sd_bus_message *call, sd_bus_message *answer, const char *instead, GError **error)
{
	/* Nobody answers an answer: its serial number says nothing. */
	int r = sd_bus_message_seal(answer, 1, 0);

	if (r >= 0)
		r = sd_bus_message_rewind(answer, true);
	return reply_written(MIN(r, 0), error) && answer_size_check(call, message_size(answer), instead, error);
}

int text_reply(sd_bus_message *call, const char *text, const char *instead, sd_bus_error *ret_error)
{
	g_autoptr(GError) error = NULL;

	if (!answer_size_check(call, strlen(text), instead, &error))
		return error_set(ret_error, error);
	return sd_bus_reply_method_return(call, "s", text);
}

int path_reply(sd_bus_message *call, enum object_kind kind, const void *object)
{
	char *path = path_of(kind, object);
	int r = sd_bus_reply_method_return(call, "o", path);

	free(path); /* libsystemd's */
	return r;
}

int address_append(sd_bus_message *message, const Address *address)
{
	char text[INET6_ADDRSTRLEN];

	return address->family == AF_UNSPEC ? 0
					    : sd_bus_message_append_basic(message, 's', address_format(address, text));
}

int labels_append(sd_bus_message *message, char *const *labels)
{
	int r = sd_bus_message_open_container(message, 'a', "{ss}");

	for (; r >= 0 && labels && *labels; labels += 2)
		r = sd_bus_message_append(message, "{ss}", labels[0], labels[1]);
	return r < 0 ? r : sd_bus_message_close_container(message);
}

int sources_append(sd_bus_message *message, const AllowFrom *list)
{
	int r = sd_bus_message_open_container(message, 'a', "s");
	char text[SOURCE_STRLEN];

	for (guint i = 0; r >= 0 && list && i < list->len; i++)
		r = sd_bus_message_append_basic(message, 's', source_format(&g_array_index(list, Source, i), text));
	return r < 0 ? r : sd_bus_message_close_container(message);
}

int path_append(sd_bus_message *message, enum object_kind kind, const void *object)
{
	char *path = path_of(kind, object);
	int r = sd_bus_message_append_basic(message, 'o', path);

	free(path);
	return r;
}
