/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The service's coming and going: its name, what it tells the one that started it, and what it takes along. */

#include "tests/support/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME "org.example.NetFilter"
#define NOTIFY_SOCKET "/run/notify"

enum { EXIT_AGAIN = 75, WAIT_MS = 15000 };

/* --- what systemd is told --- */

static int notify_fd = -1;

/* From the next start on. */
static void listen_for_notifications(void)
{
	struct sockaddr_un address = { AF_UNIX, NOTIFY_SOCKET };

	unlink(NOTIFY_SOCKET);
	notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	g_assert_no_errno(bind(notify_fd, (struct sockaddr *)&address, sizeof address));
	g_setenv("NOTIFY_SOCKET", NOTIFY_SOCKET, TRUE);
}

static void stop_listening(void)
{
	g_unsetenv("NOTIFY_SOCKET");
	close(notify_fd);
}

/* The next thing that systemd is told; false: nothing within some time. */
static bool notified(char ret[static 512], int wait_ms)
{
	struct pollfd polled = { notify_fd, POLLIN, 0 };
	ssize_t n;

	if (poll(&polled, 1, wait_ms) <= 0)
		return false;
	n = recv(notify_fd, ret, 511, 0);
	ret[MAX(n, 0)] = '\0';
	return n > 0;
}

static void expect_notified(const char *expected)
{
	char text[512] = "";

	while (notified(text, WAIT_MS))
		if (strstr(text, expected))
			return;
	g_test_message("systemd is not told %s", expected);
	g_test_fail();
}

static int end_of_service(const Rig *rig)
{
	int status = 0;

	g_assert_cmpint(waitpid(rig->service, &status, 0), ==, rig->service);
	g_assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* --- the name --- */

static GPid spawn_service(void)
{
	const char *const argv[] = { g_getenv("NETFILTERD"), "--config",        "/run/netfilterd.conf",
				     "--runtime-directory",  "/run/netfilterd", NULL };
	g_autoptr(GError) error = NULL;
	GPid pid = 0;

	g_spawn_async(NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, &error);
	g_assert_no_error(error);
	return pid;
}

static void wait_until_queued(const Rig *rig)
{
	for (guint i = 0; i < 300; i++) {
		char **owners = NULL;
		guint n = 0;
		sd_bus_message *reply = NULL;

		g_assert_cmpint(sd_bus_call_method(rig->starter, "org.freedesktop.DBus", "/org/freedesktop/DBus",
						   "org.freedesktop.DBus", "ListQueuedOwners", NULL, &reply, "s", NAME),
				>=, 0);
		sd_bus_message_read_strv(reply, &owners);
		while (owners && owners[n])
			free(owners[n++]);
		free(owners);
		sd_bus_message_unref(reply);
		if (n == 2)
			break;
		g_usleep(50 * G_TIME_SPAN_MILLISECOND);
		g_assert_cmpuint(i, <, 299);
	}
}

/* The bus still sees one that is dead. */
static void name_comes_free(Rig *rig)
{
	sd_bus *other = bus_connect();

	service_stop(rig->service);
	g_assert_cmpint(sd_bus_request_name(other, NAME, 0), >=, 0);
	listen_for_notifications();
	rig->service = spawn_service();
	wait_until_queued(rig);
	g_assert_cmpint(sd_bus_release_name(other, NAME), >=, 0);
	expect_notified("READY=1");
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	sd_bus_flush_close_unref(other);
	stop_listening();
}

/* Whoever is told to end while it waits for the name takes it no more. */
static void name_comes_too_late(Rig *rig)
{
	sd_bus *other = bus_connect();
	char text[512];

	service_stop(rig->service);
	g_assert_cmpint(sd_bus_request_name(other, NAME, 0), >=, 0);
	listen_for_notifications();
	rig->service = spawn_service();
	wait_until_queued(rig);
	kill(rig->service, SIGTERM);
	expect_notified("STOPPING=1");
	g_assert_cmpint(sd_bus_release_name(other, NAME), >=, 0);
	g_assert_cmpint(end_of_service(rig), ==, 0);
	g_assert_false(notified(text, 0));
	sd_bus_flush_close_unref(other);
	stop_listening();
	rig->service = service_start(rig->starter, rig->configuration);
}

/* Every status there was, one behind the other, up to the one that is awaited. */
static char *statuses_until(const char *last)
{
	GString *all = g_string_new(NULL);
	char text[512];

	while (notified(text, WAIT_MS)) {
		const char *status = strstr(text, "STATUS=");

		if (!status)
			continue;
		g_string_append_printf(all, "%s%s", all->len ? "; " : "", status + strlen("STATUS="));
		if (g_str_has_suffix(all->str, last))
			break;
	}
	return g_string_free(all, FALSE);
}

/* What there is, when it has become something else; and not once a call. */
static void status(Rig *rig)
{
	const char *backend = g_getenv("NETFILTERD_BACKEND") ?: "iptables";
	g_autofree char *all = NULL, *expected = NULL, *last = NULL;
	char text[512];

	service_stop(rig->service);
	listen_for_notifications();
	rig->service = service_start(rig->starter, rig->configuration);
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'web', {'Subnets': <['172.18.0.0/16']>}");
	done(rig, "/network/web", "Network", "Update", "a{sv}", "{'Masquerade': <false>}");
	done(rig, "", "Manager", "Reconcile", "", "");
	done(rig, "/network/web", "Network", "CreateEndpoints", "a(sa{sv})",
	     "[('a', {'Addresses': <['172.18.0.2']>}), ('b', {'Addresses': <['172.18.0.3']>, 'Ports': <[('tcp', '', "
	     "uint16 8080, uint16 80, uint16 1)]>})]");
	done(rig, "", "Manager", "CreateIngress", "sa{sv}", "'in', {'Gateway': <'172.18.0.9'>}");
	done(rig, "/network/web/endpoint/a", "Endpoint", "Delete", "", "");
	done(rig, "/network/web", "Network", "Delete", "", "");
	last = g_strdup_printf("; 0 networks, 0 endpoints, 1 ingress, %s", backend);
	all = statuses_until(last);
	expected =
		g_strdup_printf("0 networks, 0 endpoints, %1$s; 1 network, 0 endpoints, %1$s; 1 network, 2 endpoints, "
				"%1$s; 1 network, 2 endpoints, 1 ingress, %1$s; 1 network, 1 endpoint, 1 ingress, "
				"%1$s; 0 networks, 0 endpoints, 1 ingress, %1$s",
				backend);
	g_assert_cmpstr(all, ==, expected);
	done(rig, "/ingress/in", "Ingress", "Delete", "", "");
	expect_notified("STATUS=0 networks, 0 endpoints, ");
	g_assert_false(notified(text, 0));
	stop_listening();
}

/* --- the end --- */

/*
 * A call that is on its way when the service has said that it stops: it is answered, or was never read. Either way the
 * service ends, and what it made is found by the next one.
 */
static void no_way_back(Rig *rig)
{
	enum { ROUNDS = 8 };
	pid_t bus = rig_bus_pid(rig);
	guint n_made = 0;

	listen_for_notifications();
	for (guint round = 0; round < ROUNDS; round++) {
		Pipeline *pipeline = pipeline_new();
		bool told = round % 2; /* to end, else it wants to */
		char text[512];
		bool made;

		rig_restart(rig);
		expect_notified("READY=1");
		kill(bus, SIGSTOP);
		pipeline_call(pipeline, rig->bus, "", "Manager", "CreateNetwork", "sa{sv}",
			      "'web', {'Subnets': <['172.18.0.0/16']>}");
		g_dbus_connection_flush_sync(rig->bus, NULL, NULL);
		if (told)
			kill(rig->service, SIGTERM);
		expect_notified("STOPPING=1");
		kill(bus, SIGCONT);
		pipeline_run(pipeline);
		made = *pipeline_outcome(pipeline, 0) == '\0';
		g_assert_cmpint(end_of_service(rig), ==, made && !told ? EXIT_AGAIN : 0);
		while (notified(text, 0))
			g_assert_null(strstr(text, "READY=1"));
		rig->service = service_start(rig->starter, rig->configuration);
		if (made) {
			done(rig, "/network/web", "Network", "Delete", "", "");
			n_made++;
		}
		pipeline_free(pipeline);
	}
	g_test_message("in %u of %d rounds the call was read", n_made, ROUNDS);
	stop_listening();
}

#define LOCK "/run/xtables.lock"

static void wait_until_given_up(const Rig *rig)
{
	gint64 end = g_get_monotonic_time() + WAIT_MS * G_TIME_SPAN_MILLISECOND;

	while (sd_bus_get_name_creds(rig->starter, NAME, 0, NULL) >= 0) {
		g_assert_cmpint(g_get_monotonic_time(), <, end);
		g_usleep(10 * G_TIME_SPAN_MILLISECOND);
	}
}

/* What it was sent before has been read. */
static void ping(const Rig *rig, const char *name)
{
	g_assert_cmpint(
		sd_bus_call_method(rig->starter, name, "/", "org.freedesktop.DBus.Peer", "Ping", NULL, NULL, ""), >=,
		0);
}

static char *service_name(const Rig *rig)
{
	sd_bus_message *reply = NULL;
	const char *name;
	char *copy;

	g_assert_cmpint(sd_bus_call_method(rig->starter, "org.freedesktop.DBus", "/org/freedesktop/DBus",
					   "org.freedesktop.DBus", "GetNameOwner", NULL, &reply, "s", NAME),
			>=, 0);
	g_assert_cmpint(sd_bus_message_read(reply, "s", &name), >=, 0);
	copy = g_strdup(name);
	sd_bus_message_unref(reply);
	return copy;
}

static int note_error(sd_bus_message *reply, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	*(int *)userdata = sd_bus_message_get_errno(reply);
	return 1;
}

static int create_web(const Rig *rig, const char *name, int *outcome)
{
	return sd_bus_call_method_async(rig->starter, NULL, name, ROOT, NAME ".Manager", "CreateNetwork", note_error,
					outcome, "sa{sv}", "web", 1, "Subnets", "as", 1, "172.18.0.0/16");
}

/* A call that it reads when it is about to end, and waits for the lock for that. */
static void behind_the_end(Rig *rig)
{
	for (guint told = 0; told < 2; told++) {
		g_autofree char *name = NULL;
		int lock, outcome = -1;

		rig_restart(rig);
		name = service_name(rig);
		lock = open(LOCK, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
		g_assert_no_errno(flock(lock, LOCK_EX));
		if (told)
			kill(rig->service, SIGTERM);
		wait_until_given_up(rig);
		ping(rig, name);
		g_assert_cmpint(create_web(rig, name, &outcome), >=, 0);
		ping(rig, name);
		close(lock);
		while (outcome < 0)
			g_assert_cmpint(sd_bus_process(rig->starter, NULL) > 0
						? 1
						: sd_bus_wait(rig->starter, WAIT_MS * G_TIME_SPAN_MILLISECOND),
					>, 0);
		g_assert_cmpint(outcome, ==, 0);
		g_assert_cmpint(end_of_service(rig), ==, told ? 0 : EXIT_AGAIN);
		rig->service = service_start(rig->starter, rig->configuration);
		done(rig, "/network/web", "Network", "Delete", "", "");
	}
}

/* --- a lock that cannot be taken --- */

static void lock_broken(Rig *rig)
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'kept', {'Subnets': <['172.19.0.0/16']>, 'Persistent': <true>}");
	service_kill(rig->service);
	unlink(LOCK);
	g_assert_no_errno(symlink(LOCK, LOCK)); /* to itself */
	listen_for_notifications();
	rig->service = service_start(rig->starter, rig->configuration);
	expect_notified("lock cannot be taken: Too many levels");
	property_is(rig, "false", "", "Manager", "Ready");
	for (guint i = 0; i < 2; i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GVariant) reply = ask_with_fds(rig->bus, "", "Manager", "CreateNetwork", "sa{sv}",
							 "'web', {'Subnets': <['172.18.0.0/16']>}", NULL, &error);

		g_assert_null(reply);
		g_assert_nonnull(strstr(error->message, "lock cannot be taken: Too many levels"));
	}
	exists(rig, "/network/kept");
	g_assert_no_errno(unlink(LOCK));
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'web', {'Subnets': <['172.18.0.0/16']>}");
	property_is(rig, "true", "", "Manager", "Ready");
	expect_notified("STATUS=2 networks");
	stop_listening();
	rig_restart(rig);
	done(rig, "/network/web", "Network", "Delete", "", "");
	done(rig, "/network/kept", "Network", "Delete", "", "");
}

/* --- a configuration that is not understood --- */

#define BROKEN "Hairpin=yes\nMaxPorts=many"

static void start_broken(Rig *rig)
{
	rig->configuration = BROKEN;
	listen_for_notifications();
	rig->service = service_start(rig->starter, rig->configuration);
	expect_notified("STATUS=/run/netfilterd.conf:3: MaxPorts=\"many\"");
}

static void expect_refusal(Rig *rig)
{
	gint64 start = g_get_monotonic_time();

	refused(rig, STANDARD("Failed"), "/run/netfilterd.conf:3: MaxPorts=\"many\"", "", "Manager", "CreateNetwork",
		"sa{sv}", "'new', {'Subnets': <['172.20.0.0/16']>}");
	g_assert_cmpint(g_get_monotonic_time() - start, <, 5 * G_USEC_PER_SEC);
	refused(rig, STANDARD("InvalidArgs"), "/run/netfilterd.conf:3: MaxPorts", "", "Manager", "Reload", "", "");
}

static void mend(Rig *rig, const char *configuration)
{
	rig_configure(rig, configuration);
	done(rig, "", "Manager", "Reload", "", "");
	expect_notified("STATUS=");
	stop_listening();
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", "'new', {'Subnets': <['172.20.0.0/16']>}");
	done(rig, "/network/new", "Network", "Delete", "", "");
}

static void broken_from_the_start(Rig *rig)
{
	g_autofree char *rules = NULL, *text = NULL;
	Signals *signals;

	service_stop(rig->service);
	start_broken(rig);
	property_is(rig, "false", "", "Manager", "Ready");
	expect_refusal(rig);
	rules = rig_rules(rig);
	g_assert_null(strstr(rules, "DOCKER"));
	signals = signals_new(rig);
	mend(rig, "ChainPrefix=MINE");
	text = signals_take(signals);
	signals_free(signals);
	g_assert_true(g_str_has_prefix(text, "PropertiesChanged  Ready=true\n"));
	property_is(rig, "true", "", "Manager", "Ready");
	property_is(rig, "'MINE'", "", "Manager", "ChainPrefix");
	g_free(rules);
	rules = rig_rules(rig);
	g_assert_null(strstr(rules, "DOCKER"));
	g_assert_nonnull(strstr(rules, "MINE"));
}

static void create_as(Rig *rig, GDBusConnection *connection, const char *arguments)
{
	GDBusConnection *mine = rig->bus;

	rig->bus = connection;
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", arguments);
	rig->bus = mine;
}

/* What is there stays as it is, and whoever leaves meanwhile is cleaned up after when the file is put right. */
static void broken_with_objects(Rig *rig)
{
	GDBusConnection *before = connection_new(), *meanwhile = connection_new();
	g_autofree char *rules = NULL, *kept = NULL, *hairpin = NULL, *plain = NULL;

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Subnets': <['172.18.0.0/16']>, 'Endpoints': <[('app', {'Addresses': <['172.18.0.2']>, "
	     "'Ports': <[('tcp', '', uint16 8080, uint16 80, uint16 1)]>})]>}");
	create_as(rig, before, "'before', {'Subnets': <['172.19.0.0/16']>}");
	create_as(rig, meanwhile, "'meanwhile', {'Subnets': <['172.21.0.0/16']>}");
	rules = rig_rules(rig);

	service_kill(rig->service);
	connection_close(before);
	start_broken(rig);
	expect_refusal(rig);
	connection_close(meanwhile);
	expect_refusal(rig);
	kept = rig_rules(rig);
	g_assert_cmpstr(kept, ==, rules);
	exists(rig, "/network/web/endpoint/app");

	mend(rig, "Hairpin=yes");
	gone(rig, "/network/before");
	gone(rig, "/network/meanwhile");
	exists(rig, "/network/web/endpoint/app");
	property_is(rig, "true", "", "Manager", "Hairpin");
	hairpin = rig_rules(rig);
	g_assert_nonnull(strstr(hairpin, "-A DOCKER -p tcp -m tcp --dport 8080 -j DNAT"));
	done(rig, "/network/web", "Network", "Delete", "", "");
	plain = rig_rules(rig);
	g_assert_null(strstr(plain, "br-"));
	rig->configuration = "";
}

static const BusTest tests[] = {
	{ "/bus/life/name-comes-free", name_comes_free },
	{ "/bus/life/name-comes-too-late", name_comes_too_late },
	{ "/bus/life/status", status },
	{ "/bus/life/no-way-back", no_way_back, "IdleExitSec=1" },
	{ "/bus/life/behind-the-end", behind_the_end, "Backend=iptables\nIdleExitSec=1\nLockTimeoutSec=60" },
	{ "/bus/life/lock-broken", lock_broken, "Backend=iptables" },
	{ "/bus/life/broken-from-the-start", broken_from_the_start },
	{ "/bus/life/broken-with-objects", broken_with_objects },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
