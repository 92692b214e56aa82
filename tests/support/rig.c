/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/rig.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVICE "org.example.NetFilter"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"
#define ADDRESS "unix:path=/run/dbus/system_bus_socket"

enum { GONE_MS = 10000 };

/* --- the service --- */

GDBusConnection *connection_new(void)
{
	g_autoptr(GError) error = NULL;
	GDBusConnection *connection = g_dbus_connection_new_for_address_sync(
		ADDRESS, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
		NULL, NULL, &error);

	if (!connection)
		g_error(ADDRESS ": %s", error->message);
	return connection;
}

void connection_close(GDBusConnection *connection)
{
	g_dbus_connection_close_sync(connection, NULL, NULL);
	g_object_unref(connection);
}

/* The name comes before the chains: a change, also one that is refused, waits until they are there. */
static void settle(const Rig *rig)
{
	g_autoptr(GVariant) reply G_GNUC_UNUSED =
		ask_with_fds(rig->bus, "", "Manager", "Reconcile", "", "", NULL, NULL);
}

static Rig *rig_new(const BusTest *test)
{
	Rig *rig = g_new0(Rig, 1);

	rig->configuration = test->configuration ?: "";
	rig->host = netns_new();
	netns_enter(rig->host);
	/* A namespace begins with the machine's IPv4 settings: say them, whatever the machine does. */
	netns_sysctl(rig->host, "net/ipv4/ip_forward", "0");
	netns_sysctl(rig->host, "net/bridge/bridge-nf-call-iptables", "0");
	netns_sysctl(rig->host, "net/bridge/bridge-nf-call-ip6tables", "0");
	netns_run(rig->host, "ip link add uplink type veth peer name downlink");
	netns_run(rig->host, "ip link set uplink up");
	netns_run(rig->host, "ip address add 192.0.2.1/24 dev uplink");
	netns_run(rig->host, "ip address add 2001:db8:1::1/64 dev uplink nodad");
	if (test->before)
		test->before(rig);
	rig->starter = bus_connect(); /* waits for the bus */
	rig->bus = connection_new();
	rig->service = service_start(rig->starter, rig->configuration);
	settle(rig);
	return rig;
}

pid_t rig_bus_pid(const Rig *rig)
{
	g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
		rig->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
		"GetConnectionUnixProcessID", g_variant_new("(s)", "org.freedesktop.DBus"), NULL,
		G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
	guint32 pid;

	g_variant_get(reply, "(u)", &pid);
	return pid;
}

static void rig_free(Rig *rig)
{
	service_stop(rig->service);
	connection_close(rig->bus);
	sd_bus_flush_close_unref(rig->starter);
	netns_run(rig->host, "rm -rf /run/netfilterd /run/netfilterd.conf /run/netfilterd-units");
	close(rig->host);
	g_free(rig);
}

void rig_restart(Rig *rig)
{
	service_kill(rig->service);
	rig->service = service_start(rig->starter, rig->configuration);
	settle(rig);
}

void rig_start_failing(Rig *rig, const char *fault)
{
	if (fault)
		g_setenv(RIG_FAULT, fault, TRUE);
	rig->service = service_start(rig->starter, rig->configuration);
	g_unsetenv(RIG_FAULT);
}

bool rig_start_dying_of(Rig *rig, const char *fault)
{
	g_auto(GStrv) environment = g_environ_setenv(g_get_environ(), RIG_FAULT, fault, TRUE);
	const char *const argv[] = { g_getenv("NETFILTERD"), "--config",        "/run/netfilterd.conf",
				     "--runtime-directory",  "/run/netfilterd", NULL };
	g_autoptr(GError) error = NULL;
	int status;

	service_configure(rig->configuration);
	g_spawn_async(NULL, (char **)argv, environment, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_LEAVE_DESCRIPTORS_OPEN,
		      NULL, NULL, &rig->service, &error);
	g_assert_no_error(error);
	for (;;) {
		g_autoptr(GVariant) reply = NULL;

		if (waitpid(rig->service, &status, WNOHANG) == rig->service) {
			g_assert_true(WIFSIGNALED(status));
			return true;
		}
		reply = ask_with_fds(rig->bus, "", "Manager", "Reconcile", "", "", NULL, NULL);
		if (reply)
			return false;
		g_usleep(G_TIME_SPAN_MILLISECOND);
	}
}

bool rig_start_dying(Rig *rig, guint commits)
{
	g_autofree char *fault = g_strdup_printf("commit:kill:%u", commits);

	return rig_start_dying_of(rig, fault);
}

void rig_pause(const Rig *rig)
{
	g_assert_no_errno(kill(rig->service, SIGSTOP));
}

/* The bus has passed on what was sent before. */
void rig_resume(const Rig *rig)
{
	g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
		rig->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetId", NULL, NULL,
		G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);

	g_assert_nonnull(reply);
	g_assert_no_errno(kill(rig->service, SIGCONT));
}

void rig_configure(const Rig *rig G_GNUC_UNUSED, const char *configuration)
{
	service_configure(configuration);
}

static void bus_test_run(gconstpointer data)
{
	const BusTest *test = data;
	int before = netns_current();
	Rig *rig = rig_new(test);

	test->run(rig);
	rig_free(rig);
	netns_enter(before);
	close(before);
}

int bus_tests_main(int argc, char **argv, const BusTest *tests, gsize n)
{
	netns_test_init(&argc, &argv);
	bus_start();
	for (gsize i = 0; i < n; i++)
		g_test_add_data_func(tests[i].path, &tests[i], bus_test_run);
	return g_test_run();
}

/* --- calls --- */

static GVariant *parse_arguments(const char *types, const char *arguments)
{
	g_autofree char *type = g_strdup_printf("(%s)", types);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	gsize n = g_variant_type_n_items((const GVariantType *)type);
	GVariant *value;

	text = g_strdup_printf(n == 1 ? "(%s,)" : "(%s)", arguments);
	value = g_variant_parse((const GVariantType *)type, text, NULL, NULL, &error);
	if (!value)
		g_error("%s as %s: %s", text, type, error->message);
	return value;
}

static char *full_interface(const char *interface)
{
	return strchr(interface, '.') ? g_strdup(interface) : g_strconcat(SERVICE ".", interface, NULL);
}

GVariant *ask_with_fds(GDBusConnection *connection, const char *path, const char *interface, const char *member,
		       const char *types, const char *arguments, GUnixFDList *fds, GError **error)
{
	g_autofree char *object = g_strconcat(ROOT, path, NULL);
	g_autofree char *full = full_interface(interface);

	return g_dbus_connection_call_with_unix_fd_list_sync(
		connection, SERVICE, object, full, member, parse_arguments(types, arguments), NULL,
		G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, fds, NULL, NULL, error);
}

static GVariant *ask_on(const Rig *rig, const char *path, const char *interface, const char *member, const char *types,
			const char *arguments)
{
	g_autoptr(GError) error = NULL;
	GVariant *reply = ask_with_fds(rig->bus, path, interface, member, types, arguments, NULL, &error);

	if (!reply) {
		g_test_message("%s %s(%s): %s", path, member, arguments, error->message);
		g_test_fail();
	}
	return reply;
}

GVariant *ask(const Rig *rig, const char *path, const char *interface, const char *member, const char *types,
	      const char *arguments)
{
	return ask_on(rig, path, interface, member, types, arguments);
}

void done(Rig *rig, const char *path, const char *interface, const char *member, const char *types,
	  const char *arguments)
{
	GVariant *reply = ask(rig, path, interface, member, types, arguments);

	g_clear_pointer(&reply, g_variant_unref);
}

void answers(const Rig *rig, const char *expected, const char *path, const char *interface, const char *member,
	     const char *types, const char *arguments)
{
	g_autoptr(GVariant) reply = ask(rig, path, interface, member, types, arguments);
	g_autofree char *text = reply ? g_variant_print(reply, FALSE) : NULL;

	g_assert_cmpstr(text, ==, expected);
}

/* What is the same before and after is said once, what is not, in full. */
static void same_state(const char *member, const char *arguments, const char *before, const char *after)
{
	if (strcmp(before, after) == 0)
		return;
	g_test_message("%s(%s) left a trace:\n%s\n---\n%s", member, arguments, before, after);
	g_test_fail();
}

void refused(Rig *rig, const char *expected, const char *names, const char *path, const char *interface,
	     const char *member, const char *types, const char *arguments)
{
	g_autofree char *before = rig_state(rig), *after = NULL, *name = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = ask_with_fds(rig->bus, path, interface, member, types, arguments, NULL, &error);

	if (reply) {
		g_test_message("%s %s(%s) succeeded", path, member, arguments);
		g_test_fail();
		return;
	}
	name = g_dbus_error_get_remote_error(error);
	g_dbus_error_strip_remote_error(error);
	if (g_strcmp0(name, expected) != 0 || !strstr(error->message, names)) {
		g_test_message("%s %s(%s) failed with %s: %s; not with %s and \"%s\"", path, member, arguments, name,
			       error->message, expected, names);
		g_test_fail();
	}
	after = rig_state(rig);
	same_state(member, arguments, before, after);
}

/* --- objects --- */

char *property(const Rig *rig, const char *path, const char *interface, const char *name)
{
	g_autofree char *full = full_interface(interface);
	g_autofree char *arguments = g_strdup_printf("'%s', '%s'", full, name);
	g_autoptr(GVariant) reply = ask_on(rig, path, PROPERTIES, "Get", "ss", arguments);
	g_autoptr(GVariant) value = NULL;

	if (!reply)
		return NULL;
	g_variant_get(reply, "(v)", &value);
	return g_variant_print(value, FALSE);
}

void property_is(const Rig *rig, const char *value, const char *path, const char *interface, const char *name)
{
	g_autofree char *found = property(rig, path, interface, name);

	g_assert_cmpstr(found, ==, value);
}

static bool is_there(const Rig *rig, const char *path)
{
	g_autoptr(GVariant) reply = ask_with_fds(rig->bus, path, PROPERTIES, "GetAll", "s", "''", NULL, NULL);

	return reply;
}

void exists(const Rig *rig, const char *path)
{
	if (is_there(rig, path))
		return;
	g_test_message("there is no %s", path);
	g_test_fail();
}

void gone(const Rig *rig, const char *path)
{
	if (!is_there(rig, path))
		return;
	g_test_message("there is %s still", path);
	g_test_fail();
}

void goes(const Rig *rig, const char *path)
{
	for (guint i = 0; i < GONE_MS && is_there(rig, path); i++)
		g_usleep(G_TIME_SPAN_MILLISECOND);
	gone(rig, path);
}

/* --- state --- */

/* Without comments and without what was counted by the chains. */
static char *saved_rules(const Rig *rig, const char *command)
{
	g_autofree char *text = netns_output(rig->host, "%s", command);
	g_autoptr(GString) rules = g_string_sized_new(strlen(text));
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (guint i = 0; lines[i]; i++) {
		const char *counters = lines[i][0] == ':' ? strstr(lines[i], " [") : NULL;

		if (lines[i][0] == '#' || lines[i][0] == '\0')
			continue;
		g_string_append_len(rules, lines[i], counters ? counters - lines[i] : (gssize)strlen(lines[i]));
		g_string_append_c(rules, '\n');
	}
	return g_string_free(g_steal_pointer(&rules), FALSE);
}

char *rig_rules(const Rig *rig)
{
	g_autofree char *ipv4 = saved_rules(rig, "iptables-legacy-save");
	g_autofree char *ipv6 = saved_rules(rig, "ip6tables-legacy-save");
	g_autofree char *nftables = NULL;

	/* Elements have no order. */
	if (g_strcmp0(g_getenv("NETFILTERD_BACKEND"), "nftables") == 0)
		nftables = netns_output(rig->host, "sh -c \"nft -s list ruleset | sed 's/elements = //; s/[{},]//g; "
						   "s/^[ \\t]*//; s/ *$//' | sort\"");
	return g_strconcat(ipv4, "# ipv6\n", ipv6, nftables, NULL);
}

char *rig_links(const Rig *rig)
{
	static const char *const switches[] = { "net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding",
						"net/bridge/bridge-nf-call-iptables" };
	g_autofree char *addresses = netns_output(rig->host, "ip -o address");
	GString *text = g_string_new(addresses);

	/* The kernel takes its time to find an address of its own fit for use. */
	g_string_replace(text, " tentative", "", 0);
	for (guint i = 0; i < G_N_ELEMENTS(switches); i++) {
		g_autofree char *value = netns_sysctl_read(rig->host, switches[i]);

		g_string_append_printf(text, "%s = %s", switches[i], value ?: "missing\n");
	}
	return g_string_free(text, FALSE);
}

static int compare_strings(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char *rig_objects(const Rig *rig)
{
	g_autoptr(GVariant) reply = ask_on(rig, "", OBJECT_MANAGER, "GetManagedObjects", "", "");
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GVariantIter) iter = NULL;
	GVariant *interfaces;
	const char *path;

	if (!reply)
		return NULL;
	g_variant_get(reply, "(a{oa{sa{sv}}})", &iter);
	while (g_variant_iter_loop(iter, "{&o@a{sa{sv}}}", &path, &interfaces)) {
		g_autofree char *text = g_variant_print(interfaces, FALSE);

		g_ptr_array_add(lines, g_strdup_printf("%s %s", path + strlen(ROOT), text));
	}
	g_ptr_array_sort(lines, compare_strings);
	g_ptr_array_add(lines, NULL);
	return g_strjoinv("\n", (char **)lines->pdata);
}

guint rig_descriptors(const Rig *rig)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/fd", rig->service);
	DIR *directory = opendir(path);
	const struct dirent *entry;
	guint n = 0;

	if (!directory)
		g_error("%s: no such directory", path);
	while ((entry = readdir(directory))) {
		g_autofree char *link = g_build_filename(path, entry->d_name, NULL);
		g_autofree char *target = g_file_read_link(link, NULL);

		/* Answers go out while the lock is still held. */
		n += target && !g_str_has_suffix(target, "xtables.lock");
	}
	closedir(directory);
	return n;
}

guint64 rig_wakeups(const Rig *rig)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", rig->service), *text = NULL;
	const char *line;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	line = strstr(text, "\nvoluntary_ctxt_switches:");
	g_assert_nonnull(line);
	return g_ascii_strtoull(line + strlen("\nvoluntary_ctxt_switches:") + 1, NULL, 10);
}

guint count_parts(const char *text, const char *part)
{
	guint n = 0;

	for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
		n++;
	return n;
}

/* What ends the flows of an object is open beside all else, for as long as there are some. */
static guint settled_descriptors(const Rig *rig)
{
	guint before = rig_descriptors(rig), same = 0;

	for (guint i = 0; i < 500 && same < 3; i++) {
		guint now;

		g_usleep(5 * G_TIME_SPAN_MILLISECOND);
		now = rig_descriptors(rig);
		same = now == before ? same + 1 : 0;
		before = now;
	}
	return before;
}

char *rig_state(const Rig *rig)
{
	g_autofree char *rules = rig_rules(rig), *links = rig_links(rig), *objects = rig_objects(rig);

	return g_strdup_printf("%s\n%s\n%s\n%u descriptors\n", rules, links, objects, settled_descriptors(rig));
}

/* --- pipelines --- */

typedef struct Pending {
	Pipeline *pipeline;
	guint *open; /* of its connection */
	char *outcome;
	guint place;
} Pending;

/* A system bus lets a connection have 128 calls without an answer. */
#define MAX_OPEN 120

struct Pipeline {
	GPtrArray *calls; /* Pending */
	GHashTable *open; /* connection → number of calls without an answer */
	guint answered;
};

static void pending_free(gpointer data)
{
	Pending *pending = data;

	g_free(pending->outcome);
	g_free(pending);
}

Pipeline *pipeline_new(void)
{
	Pipeline *pipeline = g_new0(Pipeline, 1);

	pipeline->calls = g_ptr_array_new_with_free_func(pending_free);
	pipeline->open = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	return pipeline;
}

void pipeline_free(Pipeline *pipeline)
{
	g_ptr_array_unref(pipeline->calls);
	g_hash_table_unref(pipeline->open);
	g_free(pipeline);
}

static void on_answer(GObject *connection, GAsyncResult *result, gpointer data)
{
	Pending *pending = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(connection), result, &error);

	if (reply) {
		pending->outcome = g_strdup("");
	} else {
		g_autofree char *name = g_dbus_error_get_remote_error(error);

		g_dbus_error_strip_remote_error(error);
		pending->outcome = g_strdup_printf("%s: %s", name, error->message);
	}
	pending->place = pending->pipeline->answered++;
	--*pending->open;
}

void pipeline_call(Pipeline *pipeline, GDBusConnection *connection, const char *path, const char *interface,
		   const char *member, const char *types, const char *arguments)
{
	g_autofree char *object = g_strconcat(ROOT, path, NULL);
	g_autofree char *full = full_interface(interface);
	Pending *pending = g_new0(Pending, 1);

	pending->pipeline = pipeline;
	pending->open = g_hash_table_lookup(pipeline->open, connection);
	if (!pending->open) {
		pending->open = g_new0(guint, 1);
		g_hash_table_insert(pipeline->open, connection, pending->open);
	}
	while (*pending->open == MAX_OPEN)
		g_main_context_iteration(NULL, TRUE);
	++*pending->open;
	g_ptr_array_add(pipeline->calls, pending);
	g_dbus_connection_call(connection, SERVICE, object, full, member, parse_arguments(types, arguments), NULL,
			       G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, on_answer, pending);
}

void pipeline_run(Pipeline *pipeline)
{
	while (pipeline->answered < pipeline->calls->len)
		g_main_context_iteration(NULL, TRUE);
}

const char *pipeline_outcome(const Pipeline *pipeline, guint n)
{
	return ((Pending *)pipeline->calls->pdata[n])->outcome;
}

guint pipeline_place(const Pipeline *pipeline, guint n)
{
	return ((Pending *)pipeline->calls->pdata[n])->place;
}
