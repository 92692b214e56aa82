/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cni/config.h"
#include "service/cni/result.h"
#include "service/cni/settings.h"
#include "tests/fuzz/fuzz.h"

/* Any text as the configuration of the CNI plugin, for each command; and any CNI_ARGS: what stands before a NUL. */

static void make_settings(const CniConfig *config, const Environment *environment)
{
	g_autoptr(GVariant) network = g_variant_ref_sink(cni_network_settings(config));
	g_autoptr(GVariant) subnets = g_variant_lookup_value(network, "Subnets", G_VARIANT_TYPE_STRING_ARRAY);
	const char *families[N_FAMILIES + 1] = { NULL };
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	GVariant *endpoint;

	if (subnets)
		subnets_families(subnets, families);
	endpoint = cni_endpoint_settings(config, environment, families, &error);
	g_assert_true(!endpoint == !!error);
	if (endpoint) {
		g_variant_unref(g_variant_ref_sink(endpoint));
		text = config->alone ? result_of_attachment(config, environment, network, network)
				     : result_of_previous(config);
	}
}

static void read_config(const char *text, gsize size, const Environment *environment)
{
	for (enum cni_command command = 0; command < CNI_VERSION; command++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(CniConfig) config = cni_config_parse(text, size, command, environment->ifname, &error);
		g_autofree char *answer = NULL;

		g_assert_true(!config == !!error);
		if (error) {
			g_assert_true(g_utf8_validate(error->message, -1, NULL));
			answer = result_of_error(cni_config_version(text, size), error, NULL);
		} else if (command == CNI_ADD)
			make_settings(config, environment);
	}
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	Input input = { data, size };
	g_autofree char *args = input_text(&input);
	gsize used = MIN(strlen(args) + 1, size);
	Environment environment = {
		.command = "ADD", .container_id = "c1", .netns = "/x", .ifname = "eth0", .args = args
	};
	enum cni_command command;

	if (!environment_check(&environment, &command, NULL))
		environment.args = NULL;
	read_config((const char *)data + used, size - used, &environment);
	return 0;
}
