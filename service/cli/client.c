/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/cli/client.h"

#include "dbus/names.h"
#include "service/cli/agent.h"
#include "service/cli/value.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* --- errors --- */

typedef struct Explanation {
	const char *name;
	enum exit_code code;
	const char *advice; /* NULL: none */
} Explanation;

#define SERVICE_LOG "\"systemctl status netfilterd\" and \"journalctl -u netfilterd\" tell more"
#define LOOK_AGAIN "\"netfilterctl list\" shows what there is"

/* In the order in which they are looked for. */
static const Explanation explanations[] = {
	{ ERROR_PREFIX "NoSuchNetwork", EXIT_NOT_FOUND, LOOK_AGAIN },
	{ ERROR_PREFIX "NoSuchEndpoint", EXIT_NOT_FOUND, LOOK_AGAIN },
	{ ERROR_PREFIX "NoSuchIngress", EXIT_NOT_FOUND, LOOK_AGAIN },
	{ SD_BUS_ERROR_UNKNOWN_OBJECT, EXIT_NOT_FOUND, LOOK_AGAIN },
	{ ERROR_PREFIX "NetworkExists", EXIT_FAILED, "\"netfilterctl show NETWORK\" shows it" },
	{ ERROR_PREFIX "EndpointExists", EXIT_FAILED, "\"netfilterctl show NETWORK/ENDPOINT\" shows it" },
	{ ERROR_PREFIX "IngressExists", EXIT_FAILED, "\"netfilterctl show ingress:NAME\" shows it" },
	{ ERROR_PREFIX "BridgeInUse", EXIT_FAILED, "give another one with --bridge" },
	{ ERROR_PREFIX "SubnetInUse", EXIT_FAILED, "\"netfilterctl list\" shows the subnets that are taken" },
	{ ERROR_PREFIX "AddressInUse", EXIT_FAILED,
	  "\"netfilterctl list NETWORK\" shows the addresses that are taken" },
	{ ERROR_PREFIX "PortInUse", EXIT_FAILED, "\"netfilterctl ports\" shows who has it" },
	{ ERROR_PREFIX "PortsExhausted", EXIT_FAILED, "\"netfilterctl ports\" shows who has them" },
	{ ERROR_PREFIX "AddressesExhausted", EXIT_FAILED, "\"netfilterctl list NETWORK\" shows who has them" },
	{ ERROR_PREFIX "NetworkInternal", EXIT_FAILED, "a network that is not internal publishes ports" },
	{ ERROR_PREFIX "QuotaExceeded", EXIT_FAILED, "the limits are in netfilterd.conf(5)" },
	{ ERROR_PREFIX "Busy", EXIT_FAILED, "try again in a moment" },
	{ ERROR_PREFIX "ForeignChain", EXIT_FAILED,
	  "ChainPrefix= in netfilterd.conf(5) gives the service chains of its own" },
	{ ERROR_PREFIX "BackendUnavailable", EXIT_FAILED, SERVICE_LOG },
	{ ERROR_PREFIX "NotOwner", EXIT_DENIED, LOOK_AGAIN },
	{ SD_BUS_ERROR_ACCESS_DENIED, EXIT_DENIED, "become root, or ask the administrator for a rule of polkit" },
	{ SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, EXIT_DENIED,
	  "become root, or call from a terminal or a session that polkit can ask in" },
	{ SD_BUS_ERROR_SERVICE_UNKNOWN, EXIT_UNREACHABLE, "is netfilterd installed? Otherwise " SERVICE_LOG },
	{ SD_BUS_ERROR_NAME_HAS_NO_OWNER, EXIT_UNREACHABLE, SERVICE_LOG },
	{ SD_BUS_ERROR_NO_REPLY, EXIT_UNREACHABLE, SERVICE_LOG },
	{ SD_BUS_ERROR_TIMEOUT, EXIT_UNREACHABLE, SERVICE_LOG },
	{ SD_BUS_ERROR_DISCONNECTED, EXIT_UNREACHABLE, NULL },
	{ "org.freedesktop.systemd1.NoSuchUnit", EXIT_UNREACHABLE, "is netfilterd installed?" },
};

static const Explanation *explain(const char *name)
{
	static const Explanation not_started = { .code = EXIT_UNREACHABLE, .advice = SERVICE_LOG };
	static const Explanation other = { .code = EXIT_FAILED };

	for (guint i = 0; i < G_N_ELEMENTS(explanations); i++)
		if (strcmp(explanations[i].name, name) == 0)
			return &explanations[i];
	if (g_str_has_prefix(name, STANDARD("Error.Spawn.")))
		return &not_started;
	return &other;
}

int client_report(const Cli *cli, sd_bus_error *error)
{
	const Explanation *explanation = explain(error->name);

	fprintf(stderr, "%s\n", error->message && *error->message ? error->message : error->name);
	if (explanation->advice && !cli->options.quiet)
		fprintf(stderr, "Hint: %s\n", explanation->advice);
	sd_bus_error_free(error);
	return explanation->code;
}

/* --- the connection --- */

/* By a program of another machine's: not before this answers is it known whether there is a bus. */
static int open_bus(const Options *options, sd_bus **ret)
{
	const char *name;
	int r;

	if (options->host)
		r = sd_bus_open_system_remote(ret, options->host);
	else if (options->machine)
		r = sd_bus_open_system_machine(ret, options->machine);
	else
		return sd_bus_open_system(ret);
	return r < 0 ? r : sd_bus_get_unique_name(*ret, &name);
}

static void hint_of_bus(const Options *options)
{
	if (options->quiet)
		return;
	if (options->host)
		fprintf(stderr, "Hint: \"ssh %s systemd-stdio-bridge\" is what is to work\n", options->host);
	else if (options->machine)
		fputs("Hint: \"machinectl list\" shows the containers that run\n", stderr);
}

int client_connect(Cli *cli)
{
	const Options *options = &cli->options;
	int r;

	if (cli->bus)
		return 0;
	r = open_bus(options, &cli->bus);
	if (r < 0) {
		fprintf(stderr, "cannot connect to the system bus%s%s: %s\n",
			options->host || options->machine ? " of " : "",
			options->host      ? options->host
			: options->machine ? options->machine
					   : "",
			g_strerror(-r));
		hint_of_bus(options);
		return EXIT_UNREACHABLE;
	}
	return 0;
}

void client_close(Cli *cli)
{
	agent_stop(cli);
	cli->bus = sd_bus_flush_close_unref(cli->bus);
}

/* --- calls --- */

/* However long it takes: a large change, or somebody who looks for his password. */
#define CALL_USEC (120 * G_USEC_PER_SEC)

static int try_call(Cli *cli, const char *path, const char *interface, const char *member, GVariant *arguments,
		    bool interactive, sd_bus_message **ret, sd_bus_error *error)
{
	g_autofree char *full =
		strchr(interface, '.') ? g_strdup(interface) : g_strconcat(BUS_NAME ".", interface, NULL);
	g_autoptr(sd_bus_message) message = NULL;
	int r;

	r = sd_bus_message_new_method_call(cli->bus, &message, BUS_NAME, path, full, member);
	if (r >= 0 && interactive)
		r = sd_bus_message_set_allow_interactive_authorization(message, true);
	if (r >= 0 && arguments)
		r = values_append(message, arguments);
	if (r >= 0)
		r = sd_bus_call(cli->bus, message, interactive ? UINT64_MAX : CALL_USEC, error, ret);
	if (r < 0 && !sd_bus_error_is_set(error))
		sd_bus_error_set_errno(error, r);
	return r;
}

bool client_try(Cli *cli, const char *path, const char *interface, const char *member, GVariant *arguments,
		GVariant **ret, sd_bus_error *error)
{
	g_autoptr(GVariant) body = arguments ? g_variant_ref_sink(arguments) : NULL;
	g_autoptr(sd_bus_message) reply = NULL;
	int r;

	r = try_call(cli, path, interface, member, body, false, &reply, error);
	if (r < 0 && cli->options.ask_password &&
	    sd_bus_error_has_name(error, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED)) {
		agent_start(cli);
		sd_bus_error_free(error);
		r = try_call(cli, path, interface, member, body, true, &reply, error);
	}
	if (r < 0)
		return false;
	if (!ret)
		return true;
	*ret = values_read(reply);
	if (!*ret)
		sd_bus_error_setf(error, SD_BUS_ERROR_FAILED, "the answer to %s() is not understood", member);
	return *ret;
}

int client_call(Cli *cli, const char *path, const char *interface, const char *member, GVariant *arguments,
		GVariant **ret)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = client_connect(cli);

	if (r != 0) {
		if (arguments)
			g_variant_unref(g_variant_ref_sink(arguments));
		return r;
	}
	return client_try(cli, path, interface, member, arguments, ret, &error) ? 0 : client_report(cli, &error);
}
