/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/arguments.h"
#include "dbus/settings.h"
#include "dbus/details.h"
#include "dbus/size.h"
#include "service/model/labels.h"
#include "service/explain/packet.h"
#include "service/model/attachment.h"
#include "service/model/name.h"
#include "service/netlink/interface.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/message.h"

/*
 * Any arguments that a bus lets through, as the methods read them. The input is what is read, on a line of its own, and
 * the arguments as GVariant's text. Nothing is understood in half: there are settings, or a sentence.
 */

/* --- what is read --- */

static void look_at_addresses(char **texts)
{
	char buffer[INET6_ADDRSTRLEN + 4];
	Address address, again;
	Prefix prefix, masked;

	for (; texts && *texts; texts++) {
		if (address_parse(*texts, &address)) {
			g_assert_true(address_parse(address_format(&address, buffer), &again));
			g_assert_true(address_equal(&address, &again));
		}
		if (!prefix_parse(*texts, &prefix))
			continue;
		masked = prefix_mask(&prefix);
		g_assert_true(prefix_overlaps(&prefix, &masked));
		g_assert_true(prefix_parse(prefix_format(&prefix, buffer), &masked));
	}
}

/* What it says does not matter here, as long as it says something. */
static void look_at(bool valid G_GNUC_UNUSED)
{
}

#define MAX_ENDPOINTS 12288 /* as without a configuration */

static bool read_network(Cursor *cursor, Description *description, GError **error)
{
	g_auto(NetworkSettings) settings = {};

	if (!network_settings_read(cursor, 1000, &settings, error))
		return false;
	look_at_addresses(settings.subnets);
	look_at_addresses(settings.gateways);
	look_at(!settings.bridge || interface_check_name(settings.bridge, NULL));
	description_add_lifetime(description, &settings.lifetime);
	return !settings.endpoints || description_add_endpoints(description, settings.endpoints, MAX_ENDPOINTS, error);
}

static bool read_update(Cursor *cursor, Description *description G_GNUC_UNUSED, GError **error)
{
	g_auto(NetworkSettings) settings = {};
	guint mask;

	return network_update_read(cursor, &settings, &mask, error);
}

static bool read_endpoint(Cursor *cursor, Description *description, GError **error)
{
	g_autoptr(EndpointSettings) settings = endpoint_settings_read(cursor, 1000, error);

	if (!settings)
		return false;
	look_at(name_is_valid("endpoint", settings->name, NULL));
	look_at_addresses(settings->addresses);
	look_at_addresses(settings->attach.routes);
	look_at(!settings->attach.mac || mac_parse(settings->attach.mac, (guint8[6]){ 0 }, NULL));
	description_add_endpoint(description, settings);
	return true;
}

static bool read_endpoints(Cursor *cursor, Description *description, GError **error)
{
	g_autoptr(GPtrArray) list = endpoint_list_read(cursor, 1000, error);

	return list && description_add_endpoints(description, list, MAX_ENDPOINTS, error);
}

static bool read_ingress(Cursor *cursor, Description *description, GError **error)
{
	g_auto(IngressSettings) settings = {};

	if (!ingress_settings_read(cursor, 1000, &settings, error))
		return false;
	look_at_addresses((char *[]){ settings.gateway, NULL });
	if (settings.ports)
		description_add_ports(description, settings.ports);
	return true;
}

static bool read_mappings(Cursor *cursor, Description *description, GError **error)
{
	g_autoptr(GArray) mappings = port_mappings_read(cursor, error);

	if (mappings)
		description_add_mappings(description, mappings);
	return mappings;
}

static bool read_ports(Cursor *cursor, Description *description, GError **error)
{
	g_autoptr(GArray) ports = ports_read(cursor, error);

	if (ports)
		description_add_ports(description, ports);
	return ports;
}

static bool read_labels(Cursor *cursor, Description *description, GError **error)
{
	g_auto(GStrv) labels = NULL;

	if (!labels_read(cursor, &labels, error))
		return false;
	g_assert_true(labels_match(labels, labels));
	description_add_labels(description, labels);
	return true;
}

static bool read_packet(Cursor *cursor, Description *description G_GNUC_UNUSED, GError **error)
{
	PacketArguments arguments;
	Packet packet;

	if (!packet_arguments_read(cursor, &arguments, error))
		return false;
	look_at(packet_read(&(PacketSettings){ .source.text = arguments.source,
					       .destination.text = arguments.destination,
					       .protocol = arguments.protocol,
					       .interface = arguments.interface,
					       .port = arguments.port,
					       .source_port = arguments.source_port },
			    &packet, NULL));
	return true;
}

static const struct {
	const char *name, *types;
	bool (*read)(Cursor *cursor, Description *description, GError **error);
} readers[] = {
	{ "network", "(a{sv})", read_network },    { "update", "(a{sv})", read_update },
	{ "endpoint", "(sa{sv})", read_endpoint }, { "endpoints", "(a(sa{sv}))", read_endpoints },
	{ "ingress", "(a{sv})", read_ingress },    { "mappings", "(a(ssqqq))", read_mappings },
	{ "ports", "(a(sq))", read_ports },        { "labels", "(a{ss})", read_labels },
	{ "packet", "(a{sv})", read_packet },
};

static void read_arguments(guint which, const char *text)
{
	g_auto(Description) description = description_new();
	g_autoptr(GVariant) arguments = NULL;
	g_autoptr(GError) error = NULL;
	sd_bus_message *message;
	Cursor cursor;

	arguments = g_variant_parse(G_VARIANT_TYPE(readers[which].types), text, NULL, NULL, NULL);
	message = arguments ? message_new(arguments) : NULL;
	if (!message)
		return;
	g_assert_false(message_is_larger(message, MAX_CALL_SIZE, G_MAXSIZE));
	cursor = cursor_new(message);
	g_assert_true(readers[which].read(&cursor, &description, &error) == !error);
	if (error)
		g_assert_true(g_utf8_validate(error->message, -1, NULL));
	sd_bus_message_unref(message);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	g_autofree char *input = input_text(&(Input){ data, size });
	char *text = strchr(input, '\n');

	if (!text)
		return 0;
	*text++ = '\0';
	for (guint i = 0; i < G_N_ELEMENTS(readers); i++)
		if (g_str_equal(readers[i].name, input))
			read_arguments(i, text);
	return 0;
}
