/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/names.h"
#include "service/cli/client.h"
#include "service/cli/endpoint.h"
#include "service/cli/namespace.h"
#include "service/cli/object.h"
#include "service/cli/options.h"
#include "service/cli/ports.h"
#include "service/cli/settings.h"
#include "service/cli/verbs.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a shell says of a command that it cannot run, and adds to a signal's number. */
enum { EXIT_NO_EXEC = 126, EXIT_NO_COMMAND = 127, EXIT_SIGNAL = 128 };

/* --- the command --- */

/* A process that is to become it, in a namespace of its own where it is an endpoint. */
typedef struct Command {
	char **argv;
	int control; /* what it waits for a byte from, and ends when there is none; -1: it does not */
} Command;

static volatile pid_t process;

static void pass_on(int signal_number)
{
	if (process > 0)
		kill(process, signal_number);
}

static void become(char **argv)
{
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	execvp(argv[0], argv);
	fprintf(stderr, "cannot run \"%s\": %s\n", cut(argv[0]), g_strerror(errno));
	_exit(errno == ENOENT ? EXIT_NO_COMMAND : EXIT_NO_EXEC);
}

static void wait_in_namespace(int control)
{
	int fd = namespace_new();
	char byte;

	if (fd < 0)
		fprintf(stderr, "cannot make a network namespace: %s\n", g_strerror(-fd));
	if (fd < 0 || descriptor_send(control, fd) < 0 || read(control, &byte, 1) != 1)
		_exit(EXIT_FAILED);
	close(fd);
	close(control);
}

static int start(Command *command, bool apart)
{
	int sockets[2] = { -1, -1 };

	fflush(stdout);
	if (apart && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0)
		return -errno;
	/* What the terminal sends goes to the command as well, and we stay until it has ended. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	process = fork();
	if (process == 0) {
		if (apart) {
			close(sockets[0]);
			wait_in_namespace(sockets[1]);
		}
		become(command->argv);
	}
	if (apart)
		close(sockets[1]);
	command->control = sockets[0];
	if (process < 0)
		return -errno;
	signal(SIGTERM, pass_on);
	signal(SIGHUP, pass_on);
	return 0;
}

static int wait_for_end(void)
{
	int status;

	while (waitpid(process, &status, 0) < 0 && errno == EINTR)
		;
	return WIFSIGNALED(status) ? EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

/* --- what lives as long --- */

/* The network is there unless it is told how to be made. */
static int make_network(Cli *cli, const Object *network)
{
	const char *option = options_find_given(OPTIONS_OF_NETWORK_ALONE);

	if (cli->options.subnets->len == 0 && option)
		return usage_error("--%s is of a network that run makes, and needs --subnet=SUBNET", option);
	if (cli->options.subnets->len == 0)
		return object_check(cli, network);
	return client_call(cli, ROOT_PATH, "Manager", "CreateNetwork",
			   g_variant_new("(s@a{sv})", network->name, network_settings(&cli->options, LIFE_CONNECTION)),
			   NULL);
}

/* A network that is made for the command may be all there is to make. */
static bool wants_endpoint(const Options *options)
{
	return options->subnets->len == 0 || options->addresses->len > 0 || options->publish->len > 0 ||
	       options->name || options->port_group;
}

/* Its namespace takes it along, in its own time. */
static void delete_endpoint(Cli *cli, const Object *network, const char *name)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;

	client_try(cli, network->path, "Network", "DeleteEndpoint", g_variant_new("(s)", name), NULL, &error);
	sd_bus_error_free(&error);
}

/* Whether a port of the host was left for the service to choose. */
static bool leaves_choice(const Options *options)
{
	/* The call took them. */
	g_autoptr(GVariant) ports =
		g_variant_ref_sink(mappings_parse((char **)options->publish->pdata, options->publish->len, NULL));
	bool left = false;
	guint16 port;
	GVariantIter i;

	g_variant_iter_init(&i, ports);
	while (g_variant_iter_next(&i, "(ssqqq)", NULL, NULL, &port, NULL, NULL))
		left |= port == 0;
	return left;
}

/* On stderr, since stdout is the command's. */
static int tell_ports(Cli *cli, const char *endpoint)
{
	g_autoptr(GVariant) properties = NULL, ports = NULL;
	g_autofree char *text = NULL;
	int r = endpoint_read(cli, endpoint, &properties);

	if (r != 0)
		return r;
	ports = property_value(properties, "Ports", "a(ssqqq)");
	text = ports_text(ports, " ", 0);
	fprintf(stderr, "published %s\n", text);
	return 0;
}

static int run_as_endpoint(Cli *cli, const Object *network, Command *command)
{
	g_autofree char *name = cli->options.name ? g_strdup(cli->options.name) : g_strdup_printf("run-%d", getpid());
	g_autofree char *endpoint = NULL;
	int namespace, r;

	namespace = descriptor_receive(command->control);
	if (namespace < 0) {
		wait_for_end();
		return EXIT_FAILED; /* it has said why */
	}
	r = endpoint_make(cli, network->path, name, LIFE_CONNECTION, namespace, &endpoint);
	close(namespace);
	if (r == 0 && !cli->options.quiet && leaves_choice(&cli->options))
		r = tell_ports(cli, endpoint);
	if (r == 0 && write(command->control, "", 1) != 1)
		r = EXIT_FAILED;
	close(command->control);
	if (r != 0) {
		wait_for_end();
		return r;
	}
	r = wait_for_end();
	delete_endpoint(cli, network, name);
	return r;
}

int verb_run(Cli *cli, char **arguments, guint n G_GNUC_UNUSED)
{
	Command command = { .argv = arguments };
	bool apart = wants_endpoint(&cli->options);
	g_auto(Object) network = {};
	int r;

	if (cli->options.host || cli->options.machine)
		return usage_error("run is for commands of this machine, and not of another one");
	if (!cli->options.network)
		return usage_error("run needs --network=NETWORK");
	r = object_of_kind(cli->options.network, OBJECT_NETWORK, &network);
	if (r == 0)
		r = make_network(cli, &network);
	if (r != 0)
		return r;
	r = start(&command, apart);
	if (r < 0) {
		fprintf(stderr, "cannot run \"%s\": %s\n", cut(arguments[0]), g_strerror(-r));
		return EXIT_FAILED;
	}
	return apart ? run_as_endpoint(cli, &network, &command) : wait_for_end();
}
