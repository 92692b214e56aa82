/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/bus.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVICE "org.example.NetFilter"
#define ROOT "/org/example/NetFilter"
#define BUS_DIRECTORY "/run/dbus"
#define BUS_SOCKET BUS_DIRECTORY "/system_bus_socket"
#define CONFIGURATION "/run/netfilterd.conf"
#define RUNTIME_DIRECTORY "/run/netfilterd"
#define UNIT_ROOT "/run/netfilterd-units"

enum {
	START_MS = 20000, /* a sanitized or valgrinded service on a busy machine */
	GONE_MS = 40000,
};

static void end_with_parent(G_GNUC_UNUSED gpointer data)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static GPid spawn(const char *const *argv)
{
	g_autoptr(GError) error = NULL;
	GPid pid = 0;

	if (!g_spawn_async(NULL, (char **)argv, NULL,
			   G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CHILD_INHERITS_STDIN,
			   end_with_parent, NULL, &pid, &error))
		g_error("%s: %s", argv[0], error->message);
	return pid;
}

void bus_start(void)
{
	g_autofree char *config = g_test_build_filename(G_TEST_DIST, "support", "bus.conf", NULL);
	const char *const argv[] = { "dbus-daemon", "--config-file", config, "--nofork", "--nopidfile", NULL };

	g_assert_no_errno(g_mkdir_with_parents(BUS_DIRECTORY, 0755));
	g_setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=" BUS_SOCKET, TRUE);
	spawn(argv);
}

sd_bus *bus_connect(void)
{
	sd_bus *bus = NULL;
	int r = -ENOENT;

	for (guint i = 0; i < START_MS && r < 0; i++) {
		r = sd_bus_open_system(&bus);
		if (r < 0)
			g_usleep(G_TIME_SPAN_MILLISECOND);
	}
	if (r < 0)
		g_error("no bus at " BUS_SOCKET ": %s", g_strerror(-r));
	return bus;
}

/* Not one before it, which was killed a moment ago. */
static gboolean on_the_bus(sd_bus *bus, GPid service)
{
	sd_bus_creds *creds = NULL;
	pid_t pid = 0;

	if (sd_bus_get_name_creds(bus, SERVICE, SD_BUS_CREDS_PID, &creds) < 0)
		return FALSE;
	sd_bus_creds_get_pid(creds, &pid);
	sd_bus_creds_unref(creds);
	return pid == service;
}

/* What the test says comes first, so that its lines are the second and on. */
void service_configure(const char *configuration)
{
	gboolean is_said = strstr(configuration, "Backend=") != NULL;
	g_autofree char *text = g_strdup_printf("[NetFilter]\n%s\n%s%s\n", configuration, is_said ? "" : "Backend=",
						is_said ? "" : g_getenv("NETFILTERD_BACKEND") ?: "iptables");
	g_autoptr(GError) error = NULL;

	if (!g_file_set_contents(CONFIGURATION, text, -1, &error))
		g_error("%s", error->message);
}

GPid service_start(sd_bus *bus, const char *configuration)
{
	const char *const argv[] = { g_getenv("NETFILTERD") ?: "netfilterd",
				     "--config",
				     CONFIGURATION,
				     "--runtime-directory",
				     RUNTIME_DIRECTORY,
				     "--unit-root",
				     UNIT_ROOT,
				     NULL };
	GPid pid;

	service_configure(configuration);
	g_assert_no_errno(g_mkdir_with_parents(RUNTIME_DIRECTORY, 0700));
	pid = spawn(argv);
	for (guint i = 0; i < START_MS && !on_the_bus(bus, pid); i++) {
		int status;

		if (waitpid(pid, &status, WNOHANG) == pid)
			g_error("%s ended at start (wait status %d)", argv[0], status);
		g_usleep(G_TIME_SPAN_MILLISECOND);
	}
	if (!on_the_bus(bus, pid))
		g_error("%s did not appear on the bus", argv[0]);
	return pid;
}

void service_stop(GPid pid)
{
	g_autoptr(GError) error = NULL;
	int status;

	kill(pid, SIGTERM);
	if (waitpid(pid, &status, 0) != pid)
		g_error("waitpid: %s", g_strerror(errno));
	g_spawn_check_wait_status(status, &error);
	g_assert_no_error(error);
}

void service_kill(GPid pid)
{
	kill(pid, SIGKILL);
	if (waitpid(pid, NULL, 0) != pid)
		g_error("waitpid: %s", g_strerror(errno));
}

static int call_va(sd_bus *bus, const char *path, const char *interface, const char *member, sd_bus_error *error,
		   sd_bus_message **ret, const char *types, va_list args)
{
	g_autofree char *object = g_strconcat(ROOT, path, NULL);
	g_autofree char *full = g_strconcat(SERVICE ".", interface, NULL);
	sd_bus_message *message = NULL;
	int r;

	r = sd_bus_message_new_method_call(bus, &message, SERVICE, object, full, member);
	if (r >= 0 && types)
		r = sd_bus_message_appendv(message, types, args);
	if (r < 0)
		g_error("%s.%s(%s): %s", interface, member, types, g_strerror(-r));
	r = sd_bus_call(bus, message, 0, error, ret);
	sd_bus_message_unref(message);
	return r;
}

static sd_bus_message *must(int r, const char *interface, const char *member, sd_bus_error *error,
			    sd_bus_message *reply)
{
	if (r < 0) {
		g_test_message("%s.%s: %s: %s", interface, member, error->name, error->message);
		g_test_fail();
	}
	sd_bus_error_free(error);
	return reply;
}

void call(sd_bus *bus, const char *path, const char *interface, const char *member, const char *types, ...)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	va_list args;
	int r;

	va_start(args, types);
	r = call_va(bus, path, interface, member, &error, &reply, types, args);
	va_end(args);
	sd_bus_message_unref(must(r, interface, member, &error, reply));
}

sd_bus_message *call_reply(sd_bus *bus, const char *path, const char *interface, const char *member, const char *types,
			   ...)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	va_list args;
	int r;

	va_start(args, types);
	r = call_va(bus, path, interface, member, &error, &reply, types, args);
	va_end(args);
	return must(r, interface, member, &error, reply);
}

const char *call_error(sd_bus *bus, const char *path, const char *interface, const char *member, const char *types, ...)
{
	static char name[64];
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	va_list args;
	int r;

	va_start(args, types);
	r = call_va(bus, path, interface, member, &error, &reply, types, args);
	va_end(args);
	sd_bus_message_unref(reply);
	g_strlcpy(name, r < 0 ? strrchr(error.name, '.') + 1 : "", sizeof name);
	sd_bus_error_free(&error);
	return name;
}

void wait_gone(sd_bus *bus, const char *path)
{
	g_autofree char *object = g_strconcat(ROOT, path, NULL);
	int r = 0;

	for (guint i = 0; i < GONE_MS && r >= 0; i++) {
		r = sd_bus_call_method(bus, SERVICE, object, "org.freedesktop.DBus.Properties", "GetAll", NULL, NULL,
				       "s", "");
		if (r >= 0)
			g_usleep(G_TIME_SPAN_MILLISECOND);
	}
	g_assert_cmpint(r, <, 0);
}
