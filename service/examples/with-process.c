/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * with-process SUBNET ADDRESS PORT COMMAND...
 *
 * Runs a command with a network and an endpoint that live exactly as long as it does: LifetimeFd is its pidfd, so they
 * go with it however it ends, and though this program has left the bus long before. The service chooses a host port for
 * the endpoint's TCP port, which is printed.
 *
 *     cc with-process.c $(pkg-config --cflags --libs libsystemd) -o with-process
 *     ./with-process 172.30.0.0/16 172.30.0.2 80 sleep 60
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define SERVICE "org.example.NetFilter"

static int create(sd_bus *bus, const char *name, const char *subnet, const char *address, uint16_t port, int pidfd,
		  char **ret_network, sd_bus_error *error)
{
	sd_bus_message *reply = NULL;
	const char *path;
	int r;

	/* The network, its endpoint and the endpoint's port in one call: all of it is there, or nothing is. */
	r = sd_bus_call_method(bus, SERVICE, "/org/example/NetFilter", SERVICE ".Manager", "CreateNetwork", error,
			       &reply, "sa{sv}", name, 3, "Subnets", "as", 1, subnet, "LifetimeFd", "h", pidfd,
			       "Endpoints", "a(sa{sv})", 1, "main", 2, "Addresses", "as", 1, address, "Ports",
			       "a(ssqqq)", 1, "tcp", "", 0, port, 1);
	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &path);
	if (r >= 0 && !(*ret_network = strdup(path)))
		r = -ENOMEM;
	sd_bus_message_unref(reply);
	return r;
}

static int print_port(sd_bus *bus, const char *network, sd_bus_error *error)
{
	uint16_t host_port, port, count;
	const char *protocol, *host;
	sd_bus_message *reply = NULL;
	char *endpoint = NULL;
	int r;

	if (asprintf(&endpoint, "%s/endpoint/main", network) < 0)
		return -ENOMEM;
	r = sd_bus_get_property(bus, SERVICE, endpoint, SERVICE ".Endpoint", "Ports", error, &reply, "a(ssqqq)");
	if (r >= 0)
		r = sd_bus_message_enter_container(reply, 'a', "(ssqqq)");
	if (r >= 0)
		r = sd_bus_message_read(reply, "(ssqqq)", &protocol, &host, &host_port, &port, &count);
	if (r >= 0) {
		printf("%s port %u of the host leads to port %u\n", protocol, host_port, port);
		fflush(stdout);
	}
	sd_bus_message_unref(reply);
	free(endpoint);
	return r;
}

static int make_network(const char *subnet, const char *address, uint16_t port, pid_t pid)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0), r;
	sd_bus_error error = SD_BUS_ERROR_NULL;
	char *network = NULL;
	sd_bus *bus = NULL;
	char name[32];

	snprintf(name, sizeof name, "process-%d", pid);
	r = pidfd < 0 ? -errno : sd_bus_open_system(&bus);
	/* Whoever may not do so without being asked is asked. */
	if (r >= 0)
		r = sd_bus_set_allow_interactive_authorization(bus, true);
	if (r >= 0)
		r = create(bus, name, subnet, address, port, pidfd, &network, &error);
	if (r >= 0)
		r = print_port(bus, network, &error);
	if (r < 0)
		fprintf(stderr, "with-process: %s\n", error.message ? error.message : strerror(-r));
	sd_bus_error_free(&error);
	sd_bus_flush_close_unref(bus);
	free(network);
	if (pidfd >= 0)
		close(pidfd);
	return r;
}

int main(int argc, char **argv)
{
	int ready[2], status = 0;
	pid_t pid;

	if (argc < 5) {
		fprintf(stderr, "usage: with-process SUBNET ADDRESS PORT COMMAND...\n");
		return 2;
	}
	if (pipe(ready) < 0)
		return 1;
	pid = fork();
	if (pid == 0) {
		char go;

		/* Not before the port is open. */
		close(ready[1]);
		if (read(ready[0], &go, 1) != 1)
			_exit(1);
		execvp(argv[4], argv + 4);
		_exit(127);
	}
	close(ready[0]);
	if (pid > 0 && make_network(argv[1], argv[2], atoi(argv[3]), pid) >= 0 && write(ready[1], "!", 1) != 1)
		perror("with-process");
	close(ready[1]);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
