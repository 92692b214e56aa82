/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/names.h"
#include "service/cli/cli.h"
#include "service/cli/client.h"
#include "service/cli/program.h"
#include "service/cli/verbs.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define UNIT "netfilterd.service"

/* As long as systemd would wait. */
enum { STOP_MS = 90000 };

/* -1: there is none. */
static int open_service(sd_bus *bus)
{
	sd_bus_creds *creds = NULL;
	pid_t pid = 0;
	int fd = -1;

	if (sd_bus_get_name_creds(bus, BUS_NAME, SD_BUS_CREDS_PID, &creds) < 0)
		return -1;
	if (sd_bus_creds_get_pid(creds, &pid) >= 0)
		fd = syscall(SYS_pidfd_open, pid, 0);
	sd_bus_creds_unref(creds);
	return fd;
}

/* By systemd, so that it is not started again; where that does not look after it, directly. */
static int stop_service(Cli *cli)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int service = open_service(cli->bus), r;

	r = sd_bus_call_method(cli->bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
			       "org.freedesktop.systemd1.Manager", "StopUnit", &error, NULL, "ss", UNIT, "replace");
	if (r < 0 && service >= 0 && syscall(SYS_pidfd_send_signal, service, SIGTERM, NULL, 0) < 0 && errno != ESRCH) {
		close(service);
		return client_report(cli, &error);
	}
	sd_bus_error_free(&error);
	if (service < 0)
		return 0;
	r = poll(&(struct pollfd){ .fd = service, .events = POLLIN }, 1, STOP_MS);
	close(service);
	if (r == 1)
		return 0;
	fputs("the service does not stop\n", stderr);
	return EXIT_FAILED;
}

/* Also where there is no bus: after a crash, in a rescue shell. */
int verb_clear(Cli *cli, char **arguments G_GNUC_UNUSED, guint n G_GNUC_UNUSED)
{
	int r;

	if (cli->options.host || cli->options.machine)
		return usage_error("clear is for this machine, and not for another one");
	if (geteuid() != 0) {
		fputs("only root can take away what the service made\n", stderr);
		return EXIT_DENIED;
	}
	if (sd_bus_open_system(&cli->bus) >= 0) {
		r = stop_service(cli);
		if (r != 0)
			return r;
	}
	client_close(cli);
	return program_become("--clear", NULL, 0);
}
