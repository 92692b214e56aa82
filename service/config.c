/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/config.h"

#include "service/rules/backend.h"

#include <string.h>

#define GROUP "NetFilter"

enum setting_type { SETTING_PREFIX, SETTING_BOOLEAN, SETTING_POLICY, SETTING_COUNT };

static const struct {
	const char *key;
	enum setting_type type;
	gsize offset;
	guint fallback, min, max;
} settings[] = {
	{ "ChainPrefix", SETTING_PREFIX, offsetof(Config, chain_prefix) },
	{ "Hairpin", SETTING_BOOLEAN, offsetof(Config, hairpin), false },
	{ "LocalhostPublish", SETTING_BOOLEAN, offsetof(Config, localhost_publish), true },
	{ "IPForward", SETTING_BOOLEAN, offsetof(Config, ip_forward), true },
	{ "ForwardPolicy", SETTING_POLICY, offsetof(Config, forward_policy_auto), true },
	{ "IsolationPairwiseMax", SETTING_COUNT, offsetof(Config, isolation_pairwise_max), 32, 0, 1024 },
	{ "IdleExitSec", SETTING_COUNT, offsetof(Config, idle_exit_sec), 60, 0, G_MAXINT32 },
	{ "LockTimeoutSec", SETTING_COUNT, offsetof(Config, lock_timeout_sec), 10, 0, 3600 },
	{ "MaxNetworks", SETTING_COUNT, offsetof(Config, max_networks), 1024, 0, 1 << 16 },
	{ "MaxEndpoints", SETTING_COUNT, offsetof(Config, max_endpoints), 16384, 0, 1 << 20 },
	{ "MaxPorts", SETTING_COUNT, offsetof(Config, max_ports), 32768, 0, 1 << 20 },
	{ "MaxIngresses", SETTING_COUNT, offsetof(Config, max_ingresses), 64, 0, 1 << 16 },
	{ "MaxPortsPerCall", SETTING_COUNT, offsetof(Config, max_ports_per_call), 16384, 1, 1 << 20 },
	{ "MaxPendingQuestionsPerUID", SETTING_COUNT, offsetof(Config, max_pending_questions_per_uid), 16, 1, 1 << 16 },
	{ "MaxNetworksPerUID", SETTING_COUNT, offsetof(Config, max_networks_per_uid), 256, 0, 1 << 16 },
	{ "MaxIngressesPerUID", SETTING_COUNT, offsetof(Config, max_ingresses_per_uid), 32, 0, 1 << 16 },
	{ "MaxEndpointsPerUID", SETTING_COUNT, offsetof(Config, max_endpoints_per_uid), 12288, 0, 1 << 20 },
	{ "MaxPortsPerUID", SETTING_COUNT, offsetof(Config, max_ports_per_uid), 16384, 0, 1 << 20 },
};

static bool chain_prefix_is_valid(const char *prefix)
{
	if (!*prefix || strlen(prefix) > BACKEND_PREFIX_MAX || *prefix == '-' || *prefix == '!')
		return false;
	for (const char *c = prefix; *c; c++)
		if (!g_ascii_isalnum(*c) && !strchr("-_.", *c))
			return false;
	/* chains may not share their names with a verdict or a builtin chain */
	static const char *const reserved[] = { "ACCEPT", "DROP",       "RETURN",   "QUEUE",       "PREROUTING",
						"INPUT",  "FORWARD",    "OUTPUT",   "POSTROUTING", "DNAT",
						"SNAT",   "MASQUERADE", "REDIRECT", "LOG",         "REJECT",
						"MARK",   "CONNMARK",   NULL };
	return !g_strv_contains(reserved, prefix);
}

static bool set_value(Config *config, guint which, const char *value, GError **error)
{
	void *field = (char *)config + settings[which].offset;
	guint64 number;

	switch (settings[which].type) {
	case SETTING_PREFIX:
		if (!chain_prefix_is_valid(value))
			return netfilter_fail(error, INVALID_ARGS,
					      "%s=\"%s\" is not a chain prefix: 1 to %d letters, digits, '-', '_' or "
					      "'.', and no target's or builtin chain's name",
					      settings[which].key, cut(value), BACKEND_PREFIX_MAX);
		g_free(config->chain_prefix);
		config->chain_prefix = g_strdup(value);
		return true;
	case SETTING_BOOLEAN:
		if (strcmp(value, "yes") && strcmp(value, "no") && strcmp(value, "true") && strcmp(value, "false"))
			break;
		*(bool *)field = value[0] == 'y' || value[0] == 't';
		return true;
	case SETTING_POLICY:
		if (strcmp(value, "auto") && strcmp(value, "keep"))
			break;
		*(bool *)field = value[0] == 'a';
		return true;
	case SETTING_COUNT:
		if (!g_ascii_string_to_unsigned(value, 10, settings[which].min, settings[which].max, &number, NULL))
			return netfilter_fail(error, INVALID_ARGS, "%s=\"%s\" is not a number from %u to %u",
					      settings[which].key, cut(value), settings[which].min,
					      settings[which].max);
		*(guint *)field = number;
		return true;
	}
	return netfilter_fail(error, INVALID_ARGS, "%s=\"%s\" is not %s", settings[which].key, cut(value),
			      settings[which].type == SETTING_POLICY ? "auto or keep" : "yes or no");
}

static void set_defaults(Config *config)
{
	*config = (Config){ .chain_prefix = g_strdup("DOCKER") };
	for (guint i = 0; i < G_N_ELEMENTS(settings); i++) {
		void *field = (char *)config + settings[i].offset;

		if (settings[i].type == SETTING_COUNT)
			*(guint *)field = settings[i].fallback;
		else if (settings[i].type != SETTING_PREFIX)
			*(bool *)field = settings[i].fallback;
	}
}

static bool read_key(GKeyFile *file, const char *key, Config *config, GError **error)
{
	for (guint i = 0; i < G_N_ELEMENTS(settings); i++) {
		if (strcmp(settings[i].key, key) != 0)
			continue;

		g_autofree char *value = g_key_file_get_string(file, GROUP, key, error);

		return value && set_value(config, i, g_strchomp(value), error);
	}
	return netfilter_fail(error, INVALID_ARGS, "\"%s\" is not a setting", cut(key));
}

static bool read_file(GKeyFile *file, Config *config, GError **error)
{
	g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);

	for (guint i = 0; groups[i]; i++) {
		if (strcmp(groups[i], GROUP) != 0)
			return netfilter_fail(error, INVALID_ARGS, "[%s] is not a group of settings; [" GROUP "] is",
					      cut(groups[i]));

		g_auto(GStrv) keys = g_key_file_get_keys(file, GROUP, NULL, error);

		if (!keys)
			return false;
		for (guint k = 0; keys[k]; k++)
			if (!read_key(file, keys[k], config, error))
				return false;
	}
	return true;
}

bool config_load(const char *path, bool required, Config *ret, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) failure = NULL;
	Config config;

	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &failure) &&
	    (required || !g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT)))
		return netfilter_fail(error, INVALID_ARGS, "%s: %s", path, failure->message);

	set_defaults(&config);
	if (!read_file(file, &config, error)) {
		g_prefix_error(error, "%s: ", path);
		config_clear(&config);
		return false;
	}
	*ret = config;
	return true;
}

void config_clear(Config *config)
{
	g_clear_pointer(&config->chain_prefix, g_free);
}
