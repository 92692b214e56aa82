/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/explain-read.h"

#include "dbus/bus.h"
#include "dbus/error.h"
#include "dbus/lookup.h"
#include "dbus/path.h"
#include "dbus/reply.h"
#include "dbus/settings.h"

#include "service/explanation.h"

#include <string.h>

static bool read_end(const Bus *bus, const char *key, const char *text, PacketEnd *ret, GError **error)
{
	*ret = (PacketEnd){ .text = text };
	if (!text || *text != '/')
		return true;
	if (path_is_of(text, OBJECT_INGRESS))
		ret->ingress = path_find(bus->service, text, OBJECT_INGRESS, error);
	else
		ret->endpoint = path_find(bus->service, text, OBJECT_ENDPOINT, error);
	if (!ret->ingress && !ret->endpoint)
		g_prefix_error(error, "%s: ", key);
	return ret->ingress || ret->endpoint;
}

static bool read_packet(const Bus *bus, sd_bus_message *call, PacketSettings *ret, GError **error)
{
	Cursor cursor = cursor_new(call);
	PacketArguments arguments;

	if (!packet_arguments_read(&cursor, &arguments, error))
		return false;
	*ret = (PacketSettings){
		.protocol = arguments.protocol,
		.interface = arguments.interface,
		.port = arguments.port,
		.source_port = arguments.source_port,
	};
	return read_end(bus, "Source", arguments.source, &ret->source, error) &&
	       read_end(bus, "Destination", arguments.destination, &ret->destination, error);
}

/* What others wrote is not everybody's to read: the kernel shows it to nobody without privilege. */
static int append_step(sd_bus_message *reply, const Step *step, bool privileged)
{
	bool hidden = !privileged && strcmp(step->about, "foreign") == 0;
	char *path = step->object ? path_of(step->kind, step->object) : NULL;
	int r = sd_bus_message_append(reply, "(soss)", step->about, path ?: "/", hidden ? "" : step->rule, step->words);

	free(path);
	return r;
}

static int append_steps(sd_bus_message *reply, const GPtrArray *steps, bool privileged)
{
	int r = sd_bus_message_open_container(reply, 'a', "(soss)");

	for (guint i = 0; i < steps->len && r >= 0; i++)
		r = append_step(reply, steps->pdata[i], privileged);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int answer(const Read *read, enum outcome outcome, const GPtrArray *steps, sd_bus_error *ret_error)
{
	g_autoptr(GError) error = NULL;
	sd_bus_message *reply = NULL;
	int r = sd_bus_message_new_method_return(read->call, &reply);

	if (r >= 0)
		r = sd_bus_message_append(reply, "s", outcome_to_string(outcome));
	if (r >= 0)
		r = append_steps(reply, steps, read_is_privileged(read));
	if (r >= 0)
		r = answer_check(read->call, reply, "DumpRules tells all rules", &error)
			    ? sd_bus_send(NULL, reply, NULL)
			    : error_set(ret_error, error);
	sd_bus_message_unref(reply);
	return MIN(r, 0);
}

static int step_explain(Read *read, sd_bus_error *ret_error)
{
	const Bus *bus = read->userdata;
	g_autoptr(GPtrArray) steps = NULL;
	g_autoptr(GError) error = NULL;
	PacketSettings settings;
	enum outcome outcome;

	if (!read_packet(bus, read->call, &settings, &error) ||
	    !service_explain(bus->service, &settings, &outcome, &steps, &error))
		return error_set(ret_error, error);
	return answer(read, outcome, steps, ret_error);
}

const ReadKind explain_read = { step_explain };
