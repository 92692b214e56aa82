/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/names.h"
#include "service/cli/client.h"
#include "service/cli/object.h"
#include "service/cli/settings.h"
#include "service/cli/verbs.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a shell says of a command that it cannot run, and adds to a signal's number. */
enum { EXIT_NO_EXEC = 126, EXIT_NO_COMMAND = 127, EXIT_SIGNAL = 128 };

/* The network is there unless it is told how to be made. */
static int make_network(Cli *cli, const Object *network)
{
	if (cli->options.subnets->len == 0)
		return object_check(cli, network);
	return client_call(cli, ROOT_PATH, "Manager", "CreateNetwork",
			   g_variant_new("(s@a{sv})", network->name, network_settings(&cli->options, LIFE_CONNECTION)),
			   NULL);
}

static int make_endpoint(Cli *cli, const Object *network)
{
	const Options *options = &cli->options;
	g_autofree char *name = options->name ? g_strdup(options->name) : g_strdup_printf("run-%d", getpid());
	g_autofree const char **families = NULL;
	GError *error = NULL;
	GVariant *settings;
	int r = 0;

	/* A network that is made for the command may be all there is to make. */
	if (options->subnets->len > 0 && options->addresses->len == 0 && options->publish->len == 0 && !options->name)
		return 0;
	if (options->subnets->len > 0)
		families = subnet_families((const char *const *)options->subnets->pdata, options->subnets->len);
	else
		r = object_families(cli, network->path, &families);
	if (r != 0)
		return r;
	settings = endpoint_settings(options, LIFE_CONNECTION, families, &error);
	if (!settings)
		return report_error(error);
	return client_call(cli, network->path, "Network", "CreateEndpoint", g_variant_new("(s@a{sv})", name, settings),
			   NULL);
}

static volatile pid_t command;

static void pass_on(int signal_number)
{
	if (command > 0)
		kill(command, signal_number);
}

static int run_command(char **argv)
{
	int status;

	fflush(stdout);
	/* What the terminal sends goes to the command as well, and we stay until it has ended. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	command = fork();
	if (command == 0) {
		signal(SIGINT, SIG_DFL);
		signal(SIGQUIT, SIG_DFL);
		execvp(argv[0], argv);
		fprintf(stderr, "cannot run \"%s\": %s\n", cut(argv[0]), g_strerror(errno));
		_exit(errno == ENOENT ? EXIT_NO_COMMAND : EXIT_NO_EXEC);
	}
	signal(SIGTERM, pass_on);
	signal(SIGHUP, pass_on);
	if (command < 0) {
		fprintf(stderr, "cannot run \"%s\": %s\n", cut(argv[0]), g_strerror(errno));
		return EXIT_FAILED;
	}
	while (waitpid(command, &status, 0) < 0 && errno == EINTR)
		;
	return WIFSIGNALED(status) ? EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

int verb_run(Cli *cli, char **arguments, guint n G_GNUC_UNUSED)
{
	g_auto(Object) network = {};
	int r;

	if (!cli->options.network)
		return usage_error("run needs --network=NETWORK");
	r = object_of_kind(cli->options.network, OBJECT_NETWORK, &network);
	if (r == 0)
		r = make_network(cli, &network);
	if (r == 0)
		r = make_endpoint(cli, &network);
	return r != 0 ? r : run_command(arguments);
}
