/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cli/options.h"

#include "dbus/version.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What has no letter on the command line has one here. */
enum {
	OPTION_JSON = 'J',
	OPTION_NO_LEGEND = 'L',
	OPTION_NO_PAGER = 'P',
	OPTION_NO_ASK_PASSWORD = 'A',
	OPTION_VERSION = 'V',
};

static const struct option long_options[] = {
	{ "host", required_argument, NULL, 'H' },
	{ "machine", required_argument, NULL, 'M' },
	{ "json", required_argument, NULL, OPTION_JSON },
	{ "no-legend", no_argument, NULL, OPTION_NO_LEGEND },
	{ "no-pager", no_argument, NULL, OPTION_NO_PAGER },
	{ "no-ask-password", no_argument, NULL, OPTION_NO_ASK_PASSWORD },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPTION_VERSION },
	/* of some verbs */
	{ "subnet", required_argument, NULL, OPTION_SUBNET },
	{ "gateway", required_argument, NULL, OPTION_GATEWAY },
	{ "bridge", required_argument, NULL, OPTION_BRIDGE },
	{ "internal", no_argument, NULL, OPTION_INTERNAL },
	{ "no-communication", no_argument, NULL, OPTION_NO_COMMUNICATION },
	{ "no-masquerade", no_argument, NULL, OPTION_NO_MASQUERADE },
	{ "host-binding", required_argument, NULL, OPTION_HOST_BINDING },
	{ "zone", required_argument, NULL, OPTION_ZONE },
	{ "source-address", required_argument, NULL, OPTION_SOURCE_ADDRESS },
	{ "gateway-mode", required_argument, NULL, OPTION_GATEWAY_MODE },
	{ "address", required_argument, NULL, OPTION_ADDRESS },
	{ "publish", required_argument, NULL, OPTION_PUBLISH },
	{ "allow-from", required_argument, NULL, OPTION_ALLOW_FROM },
	{ "label", required_argument, NULL, OPTION_LABEL },
	{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
	{ "permanent", no_argument, NULL, OPTION_PERMANENT },
	{ "watch", no_argument, NULL, OPTION_WATCH },
	{ "network", required_argument, NULL, OPTION_NETWORK },
	{ "name", required_argument, NULL, OPTION_NAME },
	{ "interface", required_argument, NULL, OPTION_INTERFACE },
	{ "port-group", required_argument, NULL, OPTION_PORT_GROUP },
	{},
};

static char given[G_N_ELEMENTS(long_options) + 1]; /* letters of the options of verbs, each once */

static void note_given(int letter)
{
	if (!strchr(given, letter))
		given[strlen(given)] = letter;
}

static const char *name_of(char letter)
{
	const struct option *option = long_options;

	while (option->val != letter)
		option++;
	return option->name;
}

const char *options_find_given(const char *letters)
{
	gsize first = strcspn(given, letters);

	return given[first] ? name_of(given[first]) : NULL;
}

bool options_check(const char *verb, const char *taken)
{
	gsize first = strspn(given, taken);

	if (!given[first])
		return true;
	usage_error("--%s is not an option of %s; \"netfilterctl --help\" lists them", name_of(given[first]), verb);
	return false;
}

static bool span_parse(const char *text, guint64 *ret_usec)
{
	static const struct {
		const char *name;
		guint64 usec;
	} units[] = {
		{ "", G_USEC_PER_SEC },
		{ "s", G_USEC_PER_SEC },
		{ "min", 60 * (guint64)G_USEC_PER_SEC },
		{ "h", 3600 * (guint64)G_USEC_PER_SEC },
		{ "d", 86400 * (guint64)G_USEC_PER_SEC },
	};
	char *end;
	guint64 value;

	if (!g_ascii_isdigit(*text))
		return false;
	errno = 0;
	value = g_ascii_strtoull(text, &end, 10);
	if (errno != 0 || value == 0)
		return false;
	for (guint i = 0; i < G_N_ELEMENTS(units); i++)
		if (strcmp(end, units[i].name) == 0)
			return g_uint64_checked_mul(ret_usec, value, units[i].usec);
	return false;
}

static bool read_json(const char *text, enum json_mode *ret)
{
	static const char *const modes[] = { [JSON_OFF] = "off", [JSON_SHORT] = "short", [JSON_PRETTY] = "pretty" };

	for (guint i = 0; i < G_N_ELEMENTS(modes); i++)
		if (strcmp(text, modes[i]) == 0) {
			*ret = i;
			return true;
		}
	usage_error("--json: \"%s\" is not short, pretty or off", cut(text));
	return false;
}

static bool read_verb_option(int letter, Options *options)
{
	switch (letter) {
	case OPTION_SUBNET:
		g_ptr_array_add(options->subnets, optarg);
		return true;
	case OPTION_GATEWAY:
		g_ptr_array_add(options->gateways, optarg);
		return true;
	case OPTION_ADDRESS:
		g_ptr_array_add(options->addresses, optarg);
		return true;
	case OPTION_PUBLISH:
		g_ptr_array_add(options->publish, optarg);
		return true;
	case OPTION_ALLOW_FROM:
		g_ptr_array_add(options->allow_from, optarg);
		return true;
	case OPTION_LABEL:
		g_ptr_array_add(options->labels, optarg);
		return true;
	case OPTION_SOURCE_ADDRESS:
		g_ptr_array_add(options->source_addresses, optarg);
		return true;
	case OPTION_GATEWAY_MODE:
		g_ptr_array_add(options->modes, optarg);
		return true;
	case OPTION_BRIDGE:
		options->bridge = optarg;
		return true;
	case OPTION_HOST_BINDING:
		options->host_binding = optarg;
		return true;
	case OPTION_ZONE:
		options->zone = optarg;
		return true;
	case OPTION_NETWORK:
		options->network = optarg;
		return true;
	case OPTION_NAME:
		options->name = optarg;
		return true;
	case OPTION_INTERFACE:
		options->interface = optarg;
		return true;
	case OPTION_PORT_GROUP:
		options->port_group = optarg;
		return true;
	case OPTION_INTERNAL:
		options->internal = true;
		return true;
	case OPTION_NO_COMMUNICATION:
		options->communication = false;
		return true;
	case OPTION_NO_MASQUERADE:
		options->masquerade = false;
		return true;
	case OPTION_PERMANENT:
		options->permanent = true;
		return true;
	case OPTION_WATCH:
		options->watch = true;
		return true;
	case OPTION_TIMEOUT:
		if (span_parse(optarg, &options->timeout_usec))
			return true;
		usage_error("--timeout: \"%s\" is not a time like 30s, 15min, 2h or 1d", cut(optarg));
	}
	return false;
}

/* False, and what to end with, when there is nothing more to do. */
static bool read_option(int letter, Options *options, int *ret_code)
{
	*ret_code = EXIT_USAGE;
	switch (letter) {
	case 'H':
		options->host = optarg;
		return true;
	case 'M':
		options->machine = optarg;
		return true;
	case 'q':
		options->quiet = true;
		return true;
	case OPTION_NO_LEGEND:
		options->legend = false;
		return true;
	case OPTION_NO_PAGER:
		options->pager = false;
		return true;
	case OPTION_NO_ASK_PASSWORD:
		options->ask_password = false;
		return true;
	case OPTION_JSON:
		return read_json(optarg, &options->json);
	case 'j':
		options->json = isatty(STDOUT_FILENO) ? JSON_PRETTY : JSON_SHORT;
		return true;
	case 'h':
		options->help = true;
		return true;
	case OPTION_VERSION:
		puts("netfilterctl " VERSION);
		*ret_code = EXIT_DONE;
		return false;
	case '?': /* getopt has said it */
		return false;
	}
	note_given(letter);
	return read_verb_option(letter, options);
}

bool options_read(int argc, char **argv, Options *ret, char ***ret_arguments, guint *ret_n, int *ret_code)
{
	static char arrow[] = "→";
	int letter;

	/* An arrow of explain would be an option. */
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "->") == 0)
			argv[i] = arrow;
	*ret = (Options){
		.legend = true,
		.pager = true,
		.ask_password = true,
		.communication = true,
		.masquerade = true,
		.subnets = g_ptr_array_new(),
		.gateways = g_ptr_array_new(),
		.addresses = g_ptr_array_new(),
		.publish = g_ptr_array_new(),
		.allow_from = g_ptr_array_new(),
		.labels = g_ptr_array_new(),
		.modes = g_ptr_array_new(),
		.source_addresses = g_ptr_array_new(),
	};
	while ((letter = getopt_long(argc, argv, "H:M:jqh", long_options, NULL)) >= 0)
		if (!read_option(letter, ret, ret_code))
			return false;
	if (ret->host && ret->machine) {
		*ret_code = usage_error("--host and --machine are not given together");
		return false;
	}
	*ret_arguments = argv + optind;
	*ret_n = argc - optind;
	return true;
}

void options_clear(Options *options)
{
	g_ptr_array_unref(options->subnets);
	g_ptr_array_unref(options->gateways);
	g_ptr_array_unref(options->addresses);
	g_ptr_array_unref(options->publish);
	g_ptr_array_unref(options->allow_from);
	g_ptr_array_unref(options->labels);
	g_ptr_array_unref(options->modes);
	g_ptr_array_unref(options->source_addresses);
}
