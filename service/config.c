/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/config.h"

#include "service/backends.h"
#include "service/model/bool.h"
#include "service/model/special.h"
#include "service/rules/backend.h"
#include "service/sources.h"

#include <string.h>

#define GROUP "NetFilter"

enum setting_type {
	SETTING_BACKEND,
	SETTING_PREFIX,
	SETTING_BOOLEAN,
	SETTING_POLICY,
	SETTING_SOURCES,
	SETTING_ADDRESS,
	SETTING_COUNT,
};

static const struct {
	const char *key;
	enum setting_type type;
	gsize offset;
	guint fallback, min, max;
} settings[] = {
	{ "Backend", SETTING_BACKEND, offsetof(Config, backend) },
	{ "ChainPrefix", SETTING_PREFIX, offsetof(Config, chain_prefix) },
	{ "Hairpin", SETTING_BOOLEAN, offsetof(Config, hairpin), false },
	{ "LocalhostPublish", SETTING_BOOLEAN, offsetof(Config, localhost_publish), true },
	{ "ContainerPublish", SETTING_BOOLEAN, offsetof(Config, container_publish), true },
	{ "DropInvalid", SETTING_BOOLEAN, offsetof(Config, drop_invalid), true },
	{ "ProtectEndpoints", SETTING_BOOLEAN, offsetof(Config, protect_endpoints), true },
	{ "IPForward", SETTING_BOOLEAN, offsetof(Config, ip_forward), true },
	{ "ForwardPolicy", SETTING_POLICY, offsetof(Config, forward_policy_auto), true },
	{ "AllowFrom", SETTING_SOURCES, offsetof(Config, allow_from) },
	{ "HostBinding", SETTING_ADDRESS, offsetof(Config, host_binding) },
	{ "IsolationPairwiseMax", SETTING_COUNT, offsetof(Config, isolation_pairwise_max), 32, 0, 1024 },
	{ "IdleExitSec", SETTING_COUNT, offsetof(Config, idle_exit_sec), 60, 0, G_MAXINT32 },
	{ "LockTimeoutSec", SETTING_COUNT, offsetof(Config, lock_timeout_sec), 10, 0, 3600 },
	{ "CheckIntervalSec", SETTING_COUNT, offsetof(Config, check_interval_sec), 10, 0, 3600 },
	{ "MaxNetworks", SETTING_COUNT, offsetof(Config, max_networks), 1024, 0, 1 << 16 },
	{ "MaxEndpoints", SETTING_COUNT, offsetof(Config, max_endpoints), 16384, 0, 1 << 20 },
	{ "MaxPorts", SETTING_COUNT, offsetof(Config, max_ports), 32768, 0, 1 << 20 },
	{ "MaxIngresses", SETTING_COUNT, offsetof(Config, max_ingresses), 64, 0, 1 << 16 },
	{ "MaxSources", SETTING_COUNT, offsetof(Config, max_sources), 65536, 0, 1 << 20 },
	{ "MaxPortsPerCall", SETTING_COUNT, offsetof(Config, max_ports_per_call), 16384, 1, 1 << 20 },
	{ "MaxPendingQuestionsPerUID", SETTING_COUNT, offsetof(Config, max_pending_questions_per_uid), 16, 1, 1 << 16 },
	{ "MaxNetworksPerUID", SETTING_COUNT, offsetof(Config, max_networks_per_uid), 256, 0, 1 << 16 },
	{ "MaxIngressesPerUID", SETTING_COUNT, offsetof(Config, max_ingresses_per_uid), 32, 0, 1 << 16 },
	{ "MaxSourcesPerUID", SETTING_COUNT, offsetof(Config, max_sources_per_uid), 16384, 0, 1 << 20 },
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

static bool set_backend(Config *config, const char *value, GError **error)
{
	const BackendKind *kind = backends_find(value);
	g_autoptr(GString) names = NULL;

	if (kind || g_str_equal(value, BACKEND_AUTO)) {
		config->backend = kind ? kind->name : BACKEND_AUTO;
		return true;
	}
	names = g_string_new(backends[0]->name);
	for (guint i = 1; i < N_BACKENDS; i++)
		g_string_append_printf(names, ", %s", backends[i]->name);
	return netfilter_fail(error, INVALID_ARGS, "Backend=\"%s\" is not %s or " BACKEND_AUTO, cut(value), names->str);
}

static bool set_sources(Config *config, const char *value, GError **error)
{
	g_auto(GStrv) words = g_strsplit_set(value, " \t", -1);
	guint n = 0;

	for (guint i = 0; words[i]; i++) {
		char *word = g_steal_pointer(&words[i]);

		if (*word)
			words[n++] = word;
		else
			g_free(word);
	}
	g_clear_pointer(&config->allow_from, allow_from_unref);
	return sources_read(words, ALLOW_FROM_CEILING_MAX, &config->allow_from, error);
}

static bool set_host_binding(Config *config, const char *value, GError **error)
{
	Address address = {};

	if (*value && (!address_parse(value, &address) || !address_is_publishable(&address)))
		return netfilter_fail(error, INVALID_ARGS, "HostBinding=\"%s\" is not an address to publish on",
				      cut(value));
	config->host_binding = address;
	return true;
}

static bool set_value(Config *config, guint which, const char *value, GError **error)
{
	void *field = (char *)config + settings[which].offset;
	guint64 number;

	switch (settings[which].type) {
	case SETTING_BACKEND:
		return set_backend(config, value, error);
	case SETTING_SOURCES:
		return set_sources(config, value, error);
	case SETTING_ADDRESS:
		return set_host_binding(config, value, error);
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
		if (bool_parse(value, field))
			return true;
		break;
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
			      settings[which].type == SETTING_POLICY ? "auto or keep" : BOOL_WORDS);
}

void config_init(Config *config)
{
	*config = (Config){ .backend = backends[0]->name, .chain_prefix = g_strdup("DOCKER") };
	for (guint i = 0; i < G_N_ELEMENTS(settings); i++) {
		void *field = (char *)config + settings[i].offset;

		if (settings[i].type == SETTING_COUNT)
			*(guint *)field = settings[i].fallback;
		else if (settings[i].type == SETTING_BOOLEAN || settings[i].type == SETTING_POLICY)
			*(bool *)field = settings[i].fallback;
	}
}

static bool read_key(GKeyFile *file, const char *key, Config *config, GError **error)
{
	for (guint i = 0; i < G_N_ELEMENTS(settings); i++) {
		if (strcmp(settings[i].key, key) != 0)
			continue;

		g_autofree char *value = g_key_file_get_value(file, GROUP, key, NULL);

		return set_value(config, i, g_strchomp(value), error);
	}
	g_assert_not_reached();
}

static bool is_known(const char *key)
{
	for (guint i = 0; i < G_N_ELEMENTS(settings); i++)
		if (strcmp(settings[i].key, key) == 0)
			return true;
	return false;
}

/* --- the file --- */

/* A key's line in our group, the last if it is there more than once; or a group's. 0: there is none. */
static guint find_line(const char *text, const char *group, const char *key)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autofree char *present = NULL;
	guint found = 0;

	for (guint i = 0; lines[i]; i++) {
		const char *line = g_strstrip(lines[i]);
		gsize length = strcspn(line, "=");

		if (*line == '[') {
			g_free(present);
			present = g_strndup(line + 1, strcspn(line + 1, "]"));
			if (!key && strcmp(present, group) == 0)
				found = i + 1;
			continue;
		}
		while (length > 0 && g_ascii_isspace(line[length - 1]))
			length--;
		if (key && present && strcmp(present, group) == 0 && strlen(key) == length &&
		    strncmp(line, key, length) == 0)
			found = i + 1;
	}
	return found;
}

static bool parses(const char *text, gsize size, GKeyFile *file, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autofree char *sentence = NULL;

	if (size == 0 || g_key_file_load_from_data(file, text, size, G_KEY_FILE_NONE, &failure))
		return true;
	/* It quotes the line, whatever it consists of. */
	sentence = g_utf8_make_valid(failure->message, -1);
	return netfilter_fail(error, INVALID_ARGS, "%s", sentence);
}

/* The first line that the text cannot be read to the end of. */
static guint find_bad_line(const char *text)
{
	guint line = 1;

	for (const char *end = text; (end = strchr(end, '\n')); end++, line++) {
		g_autoptr(GKeyFile) file = g_key_file_new();

		if (!parses(text, end - text, file, NULL))
			break;
	}
	return line;
}

static bool read_settings(GKeyFile *file, const char *path, const char *text, Config *config, GError **error)
{
	g_auto(GStrv) keys = g_key_file_get_keys(file, GROUP, NULL, NULL);

	for (guint i = 0; keys && keys[i]; i++) {
		if (!is_known(keys[i])) {
			g_warning("%s:%u: \"%s\" is not a setting of this version, and is ignored", path,
				  find_line(text, GROUP, keys[i]), cut(keys[i]));
		} else if (!read_key(file, keys[i], config, error)) {
			g_prefix_error(error, "%s:%u: ", path, find_line(text, GROUP, keys[i]));
			return false;
		}
	}
	return true;
}

static void warn_of_groups(GKeyFile *file, const char *path, const char *text)
{
	g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);

	for (guint i = 0; groups[i]; i++)
		if (strcmp(groups[i], GROUP) != 0)
			g_warning("%s:%u: [%s] is not a group of settings, and is ignored; [" GROUP "] is", path,
				  find_line(text, groups[i], NULL), cut(groups[i]));
}

bool config_parse(const char *path, const char *text, Config *ret, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	Config config;

	if (!parses(text, strlen(text), file, error)) {
		g_prefix_error(error, "%s:%u: ", path, find_bad_line(text));
		return false;
	}
	config_init(&config);
	if (!read_settings(file, path, text, &config, error)) {
		config_clear(&config);
		return false;
	}
	warn_of_groups(file, path, text);
	*ret = config;
	return true;
}

bool config_load(const char *path, bool required, Config *ret, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autofree char *text = NULL;

	if (g_file_get_contents(path, &text, NULL, &failure))
		return config_parse(path, text, ret, error);
	if (required || !g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
		return netfilter_fail(error, INVALID_ARGS, "%s", failure->message);
	config_init(ret);
	return true;
}

void config_clear(Config *config)
{
	g_clear_pointer(&config->chain_prefix, g_free);
	g_clear_pointer(&config->allow_from, allow_from_unref);
}
