/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/reply.h"

#include "dbus/error.h"
#include "dbus/path.h"
#include "service/rule-lines.h"

static int append_line(sd_bus_message *reply, const RuleLine *line)
{
	return sd_bus_message_append(reply, "(sssstt)", family_to_string(line->family), line->table, line->chain,
				     line->text, line->packets, line->bytes);
}

int rules_reply(sd_bus_message *call, Service *service, GArray *items, sd_bus_error *ret_error)
{
	g_autoptr(GArray) owned G_GNUC_UNUSED = items;
	g_autoptr(GPtrArray) lines = NULL;
	g_autoptr(GError) error = NULL;
	sd_bus_message *reply = NULL;
	int r;

	lines = service_rule_lines(service, items, &error);
	if (!lines)
		return error_set(ret_error, error);

	r = sd_bus_message_new_method_return(call, &reply);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "(sssstt)");
	for (guint i = 0; r >= 0 && i < lines->len; i++)
		r = append_line(reply, lines->pdata[i]);
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	if (r >= 0)
		r = sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	return r;
}

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

int path_append(sd_bus_message *message, enum object_kind kind, const void *object)
{
	char *path = path_of(kind, object);
	int r = sd_bus_message_append_basic(message, 'o', path);

	free(path);
	return r;
}
