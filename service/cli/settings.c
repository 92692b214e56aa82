/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cli/settings.h"

#include "service/cli/ports.h"

#include <string.h>

static void add_strings(GVariantBuilder *builder, const char *key, const GPtrArray *texts)
{
	if (texts->len > 0)
		g_variant_builder_add(builder, "{sv}", key,
				      g_variant_new_strv((const char *const *)texts->pdata, texts->len));
}

static void add_string(GVariantBuilder *builder, const char *key, const char *text)
{
	if (text)
		g_variant_builder_add(builder, "{sv}", key, g_variant_new_string(text));
}

static void add_bool(GVariantBuilder *builder, const char *key, bool value)
{
	g_variant_builder_add(builder, "{sv}", key, g_variant_new_boolean(value));
}

/* KEY=VALUE; without a value it is empty. */
static void add_pairs(GVariantBuilder *builder, const char *key, const GPtrArray *labels)
{
	GVariantBuilder entries;

	if (labels->len == 0)
		return;
	g_variant_builder_init(&entries, G_VARIANT_TYPE("a{ss}"));
	for (guint i = 0; i < labels->len; i++) {
		g_auto(GStrv) parts = g_strsplit(labels->pdata[i], "=", 2);

		g_variant_builder_add(&entries, "{ss}", parts[0] ?: "", parts[0] && parts[1] ? parts[1] : "");
	}
	g_variant_builder_add(builder, "{sv}", key, g_variant_builder_end(&entries));
}

/* One for all families, or FAMILY=MODE for each. */
static void add_modes(GVariantBuilder *builder, const GPtrArray *modes)
{
	if (modes->len == 1 && !strchr(modes->pdata[0], '='))
		add_string(builder, "GatewayMode", modes->pdata[0]);
	else
		add_pairs(builder, "GatewayModes", modes);
}

/* What every object has. */
static void add_common(GVariantBuilder *builder, const Options *options, enum life life)
{
	if (options->permanent)
		add_bool(builder, "Permanent", true);
	else if (life == LIFE_PERSISTENT)
		add_bool(builder, "Persistent", true);
	add_pairs(builder, "Labels", options->labels);
	if (options->timeout_usec > 0)
		g_variant_builder_add(builder, "{sv}", "TimeoutUSec", g_variant_new_uint64(options->timeout_usec));
}

GVariant *network_settings(const Options *options, enum life life)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
	add_strings(&builder, "Subnets", options->subnets);
	add_strings(&builder, "Gateways", options->gateways);
	add_string(&builder, "Bridge", options->bridge);
	add_string(&builder, "HostBinding", options->host_binding);
	add_string(&builder, "Zone", options->zone);
	add_strings(&builder, "AllowFrom", options->allow_from);
	add_strings(&builder, "SourceAddress", options->source_addresses);
	add_modes(&builder, options->modes);
	if (options->internal)
		add_bool(&builder, "Internal", true);
	if (!options->communication)
		add_bool(&builder, "InterContainerCommunication", false);
	if (!options->masquerade)
		add_bool(&builder, "Masquerade", false);
	add_common(&builder, options, life);
	return g_variant_builder_end(&builder);
}

GVariant *endpoint_settings(const Options *options, enum life life, const char *const *families, int namespace,
			    GError **error)
{
	GVariant *ports = mappings_parse((char **)options->publish->pdata, options->publish->len, error);
	GVariantBuilder builder;

	if (!ports)
		return NULL;
	g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
	if (options->addresses->len > 0)
		add_strings(&builder, "Addresses", options->addresses);
	else
		g_variant_builder_add(&builder, "{sv}", "Allocate", g_variant_new_strv(families, -1));
	g_variant_builder_add(&builder, "{sv}", "Ports", ports);
	add_strings(&builder, "AllowFrom", options->allow_from);
	if (namespace >= 0)
		g_variant_builder_add(&builder, "{sv}", "NetNS", g_variant_new_handle(namespace));
	add_string(&builder, "Interface", options->interface);
	add_string(&builder, "PortGroup", options->port_group);
	add_common(&builder, options, life);
	return g_variant_builder_end(&builder);
}

GVariant *ingress_settings(const Options *options, enum life life, GError **error)
{
	GVariant *ports = ports_parse((char **)options->publish->pdata, options->publish->len, error);
	GVariantBuilder builder;

	if (!ports)
		return NULL;
	g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
	if (options->gateways->len > 1)
		add_strings(&builder, "Gateways", options->gateways);
	else if (options->gateways->len == 1)
		add_string(&builder, "Gateway", options->gateways->pdata[0]);
	if (!options->masquerade)
		add_bool(&builder, "Masquerade", false);
	add_string(&builder, "Bridge", options->bridge);
	g_variant_builder_add(&builder, "{sv}", "Ports", ports);
	add_strings(&builder, "AllowFrom", options->allow_from);
	add_common(&builder, options, life);
	return g_variant_builder_end(&builder);
}
