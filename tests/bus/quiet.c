/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/rig.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Somebody without any right calls every member there is, found by introspection, with sizes that are meant to hurt.
 * Nothing of the host may differ before, between and after, and the service's system calls, watched by strace, are none
 * that write: a preview is a reading too.
 */

#define WEB "/network/web"
#define APP WEB "/endpoint/app"
#define FRONT "/ingress/front"
#define NOBODY 65534
#define TRACE "/run/trace"

static char *many(const char *item, guint n)
{
	GString *text = g_string_new("[");

	for (guint i = 0; i < n; i++) {
		g_string_append(text, i ? ", " : "");
		g_string_append_printf(text, item, i + 1);
	}
	return g_string_free(g_string_append(text, "]"), FALSE);
}

/* --- what is handed over --- */

static GPtrArray *texts_of(const char *signature)
{
	GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *mappings = many("('tcp', '', uint16 %u, uint16 80, uint16 1)", 16000);
	g_autofree char *ports = many("('tcp', uint16 %u)", 16000);
	g_autofree char *names = many("'name-%u'", 1000);
	g_autofree char *endpoints = many("('e%u', {'Addresses': <['10.77.1.1']>})", 1000);
	g_autofree char *long_name = g_strnfill(100000, 'x');
#define add(...) g_ptr_array_add(texts, g_strdup_printf(__VA_ARGS__))
	if (g_str_equal(signature, "s")) {
		add("'new'");
		add("'ipv4'");
		add("'ipv6'");
		add("'web'");
		add("''");
		add("'%s'", long_name);
		add("'org.example.NetFilter.Network'");
	} else if (g_str_equal(signature, "a{sv}")) {
		/* What a preview would make, were it a creation: the links are there, or may not be. */
		static const char *const bridges[] = { "uplink", "br-web", "br-mine", "lo", "none" };

		for (guint i = 0; i < G_N_ELEMENTS(bridges); i++)
			add("{'Subnets': <['10.77.0.0/16', 'fd00:77::/64']>, 'Bridge': <'%s'>, "
			    "'InterContainerCommunication': <false>}",
			    bridges[i]);
		add("{'Subnets': <['10.77.0.0/16']>, 'Endpoints': <[('e', {'Addresses': <['10.77.0.2']>, "
		    "'Ports': <%s>})]>}",
		    mappings);
		add("{'Subnets': <['10.77.0.0/16']>, 'Endpoints': <[('e', {'Addresses': <['10.77.0.2']>, "
		    "'Ports': <[('udp', '', uint16 0, uint16 1, uint16 20000)]>})]>}");
		add("{'Subnets': <['10.77.0.0/16']>, 'Endpoints': <%s>}", endpoints);
		add("{'Subnets': <['10.77.0.0/16']>, 'AllowFrom': <['10.0.0.0/8']>, 'Endpoints': <[('e', "
		    "{'Addresses': <['10.77.0.2']>, 'AllowFrom': <['10.1.0.0/16']>})]>}");
		add("{'Gateway': <'172.18.0.9'>, 'Ports': <[('tcp', uint16 9)]>, 'AllowFrom': <['10.0.0.0/8']>}");
		add("{'Subnets': <['10.77.0.0/16']>, 'Persistent': <true>, 'TimeoutUSec': <uint64 1000000>}");
		add("{'Subnets': <['10.77.0.0/16']>, 'LifetimeFd': <handle 0>}");
		add("{'Subnets': <%s>}", names);
		add("{'Gateway': <'172.18.0.9'>, 'Ports': <%s>}", ports);
		add("{'Gateway': <'192.0.2.77'>, 'Bridge': <'uplink'>, 'Ports': <[('tcp', uint16 9)]>}");
		add("{'Gateway': <'172.18.0.9'>, 'LifetimeFd': <handle 0>}");
		add("{}");
	} else if (g_str_equal(signature, "a(ssqqq)")) {
		add("%s", mappings);
		add("[('tcp', '', uint16 0, uint16 80, uint16 20000)]");
	} else if (g_str_equal(signature, "a(sq)")) {
		add("%s", ports);
	} else if (g_str_equal(signature, "a(sa{sv})")) {
		add("%s", endpoints);
	} else if (g_str_equal(signature, "o")) {
		add("objectpath '" ROOT APP "'");
		add("objectpath '/'");
	} else if (g_str_equal(signature, "v")) {
		add("<'debug'>");
	} else if (g_str_equal(signature, "b")) {
		add("true");
		add("false");
	} else if (g_str_equal(signature, "as")) {
		add("%s", names);
		add("['app']");
		add("@as []");
	} else if (g_str_equal(signature, "a{ss}")) {
		g_autofree char *labels = many("'label-%u': 'x'", 1000);

		/* A list but for its ends. */
		labels[0] = '{';
		labels[strlen(labels) - 1] = '}';
		add("%s", labels);
		add("@a{ss} {}");
	} else {
		g_autofree char *type = g_strdup_printf("@%s", signature);
		bool is_list = signature[0] == 'a', is_map = g_str_has_prefix(signature, "a{");

		/* A signature this does not know yet: name it, so that somebody gives it hostile values. */
		g_test_message("%s: nothing but an empty value", signature);
		add("%s %s", type, is_map ? "{}" : is_list ? "[]" : "0");
	}
#undef add
	return texts;
}

/* --- what must stay --- */

static char *host(const Rig *rig)
{
	g_autofree char *state = rig_state(rig);
	g_autofree char *switches = netns_output(rig->host, "sh -c \"sysctl net.ipv4 net.ipv6 net.bridge | grep -v "
							    "'stable_secret\\|icmp_.*_burst'\"");
	g_autofree char *sockets = netns_output(rig->host, "sh -c \"cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp "
							   "/proc/net/udp6 | awk '{print $2, $3, $4, $10}' | sort\"");
	g_autofree char *files =
		netns_output(rig->host, "sh -c \"find /run/netfilterd -type f -printf '%%p %%T@ %%s\\n' | sort\"");

	return g_strjoin("\n", state, switches, sockets, files, NULL);
}

static void same_host(const char *when, const char *before, const char *after)
{
	g_auto(GStrv) was = NULL, is = NULL;

	if (g_str_equal(before, after))
		return;
	g_test_fail();
	was = g_strsplit(before, "\n", -1);
	is = g_strsplit(after, "\n", -1);
	for (char **line = was; *line; line++)
		if (!g_strv_contains((const char *const *)is, *line))
			g_test_message("%.200s: -%s", when, *line);
	for (char **line = is; *line; line++)
		if (!g_strv_contains((const char *const *)was, *line))
			g_test_message("%.200s: +%s", when, *line);
}

/* --- the system calls --- */

static GPid trace_start(const Rig *rig)
{
	g_autofree char *pid = g_strdup_printf("%d", rig->service);
	const char *argv[] = {
		"strace",
		"-f",
		"-qq",
		"-s",
		"16",
		"-o",
		TRACE,
		"-p",
		pid,
		"-e",
		"signal=none",
		"-e",
		"trace=bind,connect,listen,setsockopt,sendto,sendmsg,sendmmsg,write,writev,pwrite64,openat,creat,"
		"unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,ftruncate,fsync,fdatasync,ioctl,kill,"
		"pidfd_send_signal,mount,execve,clone3,fork",
		NULL,
	};
	g_autoptr(GError) error = NULL;
	GPid tracer;
	bool attached = false;

	g_spawn_async(NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH, NULL, NULL, &tracer,
		      &error);
	if (error)
		g_error("%s", error->message);
	while (!attached) {
		g_autofree char *file = g_strdup_printf("/proc/%d/status", rig->service);
		g_autofree char *status = NULL;

		g_assert_true(g_file_get_contents(file, &status, NULL, NULL));
		attached = !strstr(status, "TracerPid:\t0\n");
		g_usleep(1000);
	}
	return tracer;
}

/* Answers on the bus, questions to the kernel, and reading files write nothing. */
static bool is_reading(const char *line)
{
	const char *call = strchr(line, ' ');

	if (!call)
		return true;
	call += strspn(call, " ");
	if (g_str_has_prefix(call, "openat("))
		return strstr(call, "O_RDONLY") && !strstr(call, "O_CREAT");
	/*
	 * One question of the kernel, not a list of all that it has: that costs more the more there is. A preview by a
	 * bridge that is there reads its addresses, in its turn among the reads.
	 */
	if (strstr(call, "NLM_F_DUMP") && !strstr(call, "RTM_GETADDR"))
		return false;
	if (g_str_has_prefix(call, "sendmsg(") || g_str_has_prefix(call, "sendto("))
		return strstr(call, "RTM_GET") || strstr(call, "\"l\\1") || strstr(call, "\"l\\2") ||
		       strstr(call, "\"l\\3") || strstr(call, "\"l\\4");
	/* The buffers of a socket that questions are asked by. */
	if (g_str_has_prefix(call, "setsockopt("))
		return strstr(call, "SO_RCVBUF") || strstr(call, "SO_SNDBUF") || strstr(call, "NETLINK_") ||
		       strstr(call, "SO_PASSCRED");
	if (g_str_has_prefix(call, "bind("))
		return strstr(call, "AF_NETLINK");
	return strstr(call, "resumed>") || strstr(call, "+++");
}

static void trace_stop(GPid tracer, gint64 since)
{
	guint n_minutes = 1 + (g_get_monotonic_time() - since) / (60 * G_USEC_PER_SEC);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	guint n = 0, n_logged = 0;

	kill(tracer, SIGINT);
	g_assert_cmpint(waitpid(tracer, NULL, 0), ==, tracer);
	g_assert_true(g_file_get_contents(TRACE, &text, NULL, NULL));
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		n += strstr(*line, "sendmsg(") != NULL;
		/* Refusals of what is no reading: ten a minute. */
		if (is_reading(*line) || (strstr(*line, "write(2, \"netfilterd: info") && ++n_logged <= 10 * n_minutes))
			continue;
		g_test_message("%s", *line);
		g_test_fail();
	}
	g_assert_cmpuint(n, >, 0);
	unlink(TRACE);
}

/* --- the walk --- */

typedef struct Walk {
	Rig *rig;
	GDBusConnection *nobody;
	const char *before;
	guint n_calls;
} Walk;

static GVariant *arguments_of(const GDBusMethodInfo *method, guint nth)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE_TUPLE);
	for (guint i = 0; method->in_args && method->in_args[i]; i++) {
		g_autoptr(GPtrArray) texts = texts_of(method->in_args[i]->signature);
		g_autoptr(GError) error = NULL;
		GVariant *value = g_variant_parse(G_VARIANT_TYPE(method->in_args[i]->signature),
						  texts->pdata[nth % texts->len], NULL, NULL, &error);

		if (!value)
			g_error("%s: %s", method->in_args[i]->signature, error->message);
		g_variant_builder_add_value(&builder, value);
	}
	return g_variant_builder_end(&builder);
}

static guint n_variants(const GDBusMethodInfo *method)
{
	guint n = 1;

	for (guint i = 0; method->in_args && method->in_args[i]; i++) {
		g_autoptr(GPtrArray) texts = texts_of(method->in_args[i]->signature);

		n = MAX(n, texts->len);
	}
	return n;
}

static void call_as_nobody(Walk *walk, const char *path, const char *interface, const char *member, GVariant *arguments)
{
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
	g_autoptr(GVariant) reply = NULL;
	g_autoptr(GError) error = NULL;
	int pipe_ends[2];

	g_assert_cmpint(pipe(pipe_ends), ==, 0);
	g_unix_fd_list_append(fds, pipe_ends[0], NULL);
	close(pipe_ends[0]);
	reply = g_dbus_connection_call_with_unix_fd_list_sync(walk->nobody, "org.example.NetFilter", path, interface,
							      member, arguments, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START,
							      -1, fds, NULL, NULL, &error);
	close(pipe_ends[1]);
	walk->n_calls++;
	if (!reply && !g_dbus_error_is_remote_error(error)) {
		g_test_message("%s.%s at %s: %s", interface, member, path, error->message);
		g_test_fail();
	}
}

static void walk_object(Walk *walk, const char *path)
{
	g_autoptr(GVariant) reply = g_dbus_connection_call_sync(walk->nobody, "org.example.NetFilter", path,
								"org.freedesktop.DBus.Introspectable", "Introspect",
								NULL, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
	g_autoptr(GDBusNodeInfo) node = NULL;
	const char *xml;

	g_assert_nonnull(reply);
	g_variant_get(reply, "(&s)", &xml);
	node = g_dbus_node_info_new_for_xml(xml, NULL);
	g_assert_nonnull(node);
	for (guint i = 0; node->interfaces && node->interfaces[i]; i++) {
		const GDBusInterfaceInfo *interface = node->interfaces[i];

		for (guint m = 0; interface->methods && interface->methods[m]; m++) {
			const GDBusMethodInfo *method = interface->methods[m];
			g_autofree char *after = NULL;

			for (guint n = 0, all = n_variants(method); n < all; n++)
				call_as_nobody(walk, path, interface->name, method->name, arguments_of(method, n));
			after = host(walk->rig);
			same_host(method->name, walk->before, after);
		}
		for (guint p = 0; interface->properties && interface->properties[p]; p++) {
			const char *name = interface->properties[p]->name;

			call_as_nobody(walk, path, "org.freedesktop.DBus.Properties", "Get",
				       g_variant_new("(ss)", interface->name, name));
			call_as_nobody(walk, path, "org.freedesktop.DBus.Properties", "Set",
				       g_variant_new("(ssv)", interface->name, name, g_variant_new_string("x")));
		}
	}
}

static GDBusConnection *connection_of_nobody(void)
{
	GDBusConnection *connection;

	g_assert_cmpint(setresuid(NOBODY, NOBODY, 0), ==, 0);
	connection = connection_new();
	g_assert_cmpint(setresuid(0, 0, 0), ==, 0);
	return connection;
}

static void reading_writes_nothing(Rig *rig)
{
	static const char *const paths[] = {
		"/", ROOT, ROOT "/network", ROOT WEB, ROOT APP, ROOT FRONT, "/org/freedesktop/LogControl1"
	};
	g_autofree char *before = NULL, *after = NULL;
	Walk walk = { .rig = rig, .nobody = connection_of_nobody() };
	gint64 since;
	GPid tracer;

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Subnets': <['172.18.0.0/16', 'fd00:18::/64']>, 'Endpoints': <[('app', {'Addresses': "
	     "<['172.18.0.2', 'fd00:18::2']>, 'Ports': <[('tcp', '', uint16 8080, uint16 80, uint16 1)]>})]>}");
	done(rig, "", "Manager", "CreateIngress", "sa{sv}",
	     "'front', {'Gateway': <'172.18.0.9'>, 'Ports': <[('tcp', uint16 443)]>}");
	netns_run(rig->host, "ip link add br-mine type bridge");
	before = host(rig);
	walk.before = before;
	since = g_get_monotonic_time();
	tracer = trace_start(rig);
	for (guint i = 0; i < G_N_ELEMENTS(paths); i++)
		walk_object(&walk, paths[i]);
	trace_stop(tracer, since);
	after = host(rig);
	same_host("afterwards", before, after);
	g_test_message("%u calls", walk.n_calls);
	g_assert_cmpuint(walk.n_calls, >, 100);
	connection_close(walk.nobody);
}

int main(int argc, char **argv)
{
	static const BusTest tests[] = {
		/* What the service does by the clock is no reading. Whose lists are cut is said of what was made. */
		{ "/bus/quiet/reading-writes-nothing", reading_writes_nothing,
		  "CheckIntervalSec=0\nAllowFrom=192.0.2.0/24" },
	};

	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
