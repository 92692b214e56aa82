/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cli/ports.h"

#include "service/cli/value.h"
#include "service/model/port-spec.h"

#include <stdio.h>

GVariant *mappings_parse(char **texts, guint n, GError **error)
{
	g_autoptr(GVariantBuilder) builder = g_variant_builder_new(G_VARIANT_TYPE("a(ssqqq)"));

	for (guint i = 0; i < n; i++) {
		char address[INET6_ADDRSTRLEN];
		PortMapping mapping;

		if (!port_spec_parse(texts[i], &mapping, error))
			return NULL;
		g_variant_builder_add(builder, "(ssqqq)", protocol_to_string(mapping.protocol),
				      address_format(&mapping.host_address, address), mapping.host_port,
				      mapping.endpoint_port, mapping.count);
	}
	return g_variant_builder_end(builder);
}

GVariant *ports_parse(char **texts, guint n, GError **error)
{
	g_autoptr(GVariantBuilder) builder = g_variant_builder_new(G_VARIANT_TYPE("a(sq)"));

	for (guint i = 0; i < n; i++) {
		LinkPort port;

		if (!link_port_spec_parse(texts[i], &port, error))
			return NULL;
		g_variant_builder_add(builder, "(sq)", protocol_to_string(port.protocol), port.port);
	}
	return g_variant_builder_end(builder);
}

typedef struct Fields {
	const char *protocol, *address;
	guint16 host_port, port, count;
} Fields;

static bool is_mapping(GVariant *port)
{
	return g_variant_is_of_type(port, G_VARIANT_TYPE("(ssqqq)"));
}

static Fields read_fields(GVariant *port)
{
	Fields fields = {};

	if (is_mapping(port))
		g_variant_get(port, "(&s&sqqq)", &fields.protocol, &fields.address, &fields.host_port, &fields.port,
			      &fields.count);
	else
		g_variant_get(port, "(&sq)", &fields.protocol, &fields.port);
	return fields;
}

char *port_text(GVariant *port)
{
	Fields fields = read_fields(port);
	char buffer[PORT_SPEC_STRLEN];
	PortMapping mapping;

	if (!is_mapping(port))
		return g_strdup(link_port_spec_format(&(LinkPort){ protocol_from_string(fields.protocol), fields.port },
						      buffer));
	if (!port_mapping_parse(fields.protocol, fields.address, fields.host_port, fields.port, fields.count, &mapping,
				NULL))
		return g_variant_print(port, FALSE);
	return g_strdup(port_spec_format(&mapping, buffer));
}

char *ports_text(GVariant *ports, const char *separator, guint max)
{
	gsize n = g_variant_n_children(ports), shown = max > 0 && n > max ? max : n;
	GString *text = g_string_new(NULL);

	for (gsize i = 0; i < shown; i++) {
		g_autoptr(GVariant) port = g_variant_get_child_value(ports, i);
		g_autofree char *one = port_text(port);

		g_string_append_printf(text, "%s%s", i > 0 ? separator : "", one);
	}
	if (shown < n)
		g_string_append_printf(text, "%sand %zu more", separator, n - shown);
	return g_string_free(text, FALSE);
}

static void add_json(GVariantBuilder *builder, GVariant *port)
{
	Fields fields = read_fields(port);

	g_variant_builder_open(builder, G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(builder, "{sv}", "Protocol", g_variant_new_string(fields.protocol));
	if (fields.address) {
		g_variant_builder_add(builder, "{sv}", "HostAddress", g_variant_new_string(fields.address));
		g_variant_builder_add(builder, "{sv}", "HostPort", g_variant_new_uint16(fields.host_port));
	}
	g_variant_builder_add(builder, "{sv}", "Port", g_variant_new_uint16(fields.port));
	if (fields.address)
		g_variant_builder_add(builder, "{sv}", "Count", g_variant_new_uint16(fields.count));
	g_variant_builder_close(builder);
}

GVariant *ports_json(GVariant *ports)
{
	GVariantBuilder builder;
	gsize n = g_variant_n_children(ports);

	g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
	for (gsize i = 0; i < n; i++) {
		g_autoptr(GVariant) port = g_variant_get_child_value(ports, i);

		add_json(&builder, port);
	}
	return g_variant_builder_end(&builder);
}

void ports_print(const Cli *cli, GVariant *ports)
{
	if (cli->options.json != JSON_OFF) {
		g_autoptr(GVariant) value = g_variant_ref_sink(ports_json(ports));

		value_print_json(value, cli->options.json);
	} else if (g_variant_n_children(ports) > 0) {
		g_autofree char *text = ports_text(ports, "\n", 0);

		puts(text);
	}
}
