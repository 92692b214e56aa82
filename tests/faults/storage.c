/* SPDX-License-Identifier: GPL-2.0-or-later */

/* When the host refuses what a change needs besides the rules: a full or failing file system, an interface. The
 * caller gets one error and nothing has happened. And what the log says of it. */

#include "tests/support/rig.h"

#include <glib/gstdio.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define FULL "/run/netfilterd/filler"
#define FAIL_SYNC "/run/fail-sync"
#define LOG "/run/netfilterd.log"

#define WEB "'web', {'Subnets': <['172.18.0.0/16']>}"
#define LOG_CONTROL "/org/freedesktop/LogControl1"

static void small_directory(const Rig *rig G_GNUC_UNUSED)
{
	g_assert_cmpint(g_mkdir_with_parents("/run/netfilterd", 0700), ==, 0);
	g_assert_cmpint(mount("small", "/run/netfilterd", "tmpfs", 0, "size=64k,mode=0700"), ==, 0);
}

static void fill(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	static const char block[1024];

	while (write(fd, block, sizeof block) > 0)
		;
	close(fd);
}

static void read_only_directory(const Rig *rig)
{
	small_directory(rig);
	g_assert_cmpint(mount("small", "/run/netfilterd", "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), ==, 0);
}

static void full_directory(const Rig *rig)
{
	small_directory(rig);
	fill(FULL);
}

/* Nothing can be written down from the start: nothing is answered well that a crash would make undone. */
static void unwritable_at_start(Rig *rig)
{
	refused(rig, STANDARD("Failed"), "/run/netfilterd", "", "Manager", "CreateNetwork", "sa{sv}", WEB);
	refused(rig, STANDARD("Failed"), "/run/netfilterd", "", "Manager", "CreateIngress", "sa{sv}",
		"'front', {'Gateway': <'192.0.2.9'>}");
	g_assert_cmpint(umount2("/run/netfilterd", MNT_DETACH), ==, 0);
}

/* Nor is anybody who came since the start taken for one who had left before. */
static void late_owner(Rig *rig)
{
	GDBusConnection *mine = rig->bus;

	refused(rig, STANDARD("Failed"), "/run/netfilterd", "", "Manager", "CreateNetwork", "sa{sv}", WEB);
	g_assert_cmpint(mount("small", "/run/netfilterd", "tmpfs", MS_REMOUNT, "mode=0700"), ==, 0);
	rig->bus = connection_new();
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", WEB);
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	exists(rig, "/network/web");
	connection_close(rig->bus);
	rig->bus = mine;
	goes(rig, "/network/web");
	g_assert_cmpint(umount2("/run/netfilterd", MNT_DETACH), ==, 0);
}

static void full(Rig *rig)
{
	g_autofree char *before = NULL, *after = NULL;

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", WEB);
	/* Its last page has room for some more: use that up too. */
	fill(FULL);
	for (guint i = 0; i < 200; i++) {
		g_autofree char *arguments = g_strdup_printf("'e%u', {'Addresses': <['172.18.1.%u']>}", i, i + 1);
		g_autoptr(GError) error = NULL;
		g_autoptr(GVariant) reply = ask_with_fds(rig->bus, "/network/web", "Network", "CreateEndpoint",
							 "sa{sv}", arguments, NULL, &error);

		if (!reply)
			break;
		g_assert_cmpuint(i, <, 199);
	}
	refused(rig, STANDARD("Failed"), "No space left", "/network/web", "Network", "CreateEndpoint", "sa{sv}",
		"'last', {'Addresses': <['172.18.2.1']>, 'Ports': <[('tcp', '', uint16 8080, uint16 80, uint16 1)]>}");
	refused(rig, STANDARD("Failed"), "No space left", "/network/web", "Network", "Update", "a{sv}",
		"{'Masquerade': <false>}");

	g_unlink(FULL);
	done(rig, "/network/web", "Network", "Update", "a{sv}", "{'Masquerade': <false>}");
	before = rig_state(rig);
	rig_restart(rig);
	after = rig_state(rig);
	g_assert_cmpstr(after, ==, before);
	g_assert_cmpint(umount2("/run/netfilterd", MNT_DETACH), ==, 0);
}

/* --- the log --- */

static void log_to_file(const Rig *rig G_GNUC_UNUSED)
{
	g_assert_nonnull(freopen(LOG, "w", stderr));
}

static guint lines_with(const char *part)
{
	g_autofree char *text = NULL;
	guint n = 0;

	g_assert_true(g_file_get_contents(LOG, &text, NULL, NULL));
	for (const char *at = text; (at = strstr(at, part)); at++)
		n++;
	return n;
}

/* --- room for what makes room --- */

#define STATE "/run/netfilterd/state"

static void small_logged(const Rig *rig)
{
	small_directory(rig);
	log_to_file(rig);
}

static char *label_of(gsize size)
{
	g_autofree char *value = g_strnfill(size, 'v');

	return size > 0 ? g_strdup_printf(", 'Labels': <{'a': '%s', 'b': '%s'}>", value, value) : g_strdup("");
}

static void endpoint_path(guint i, char ret[static 64])
{
	g_snprintf(ret, 64, "/network/web/endpoint/e%u", i);
}

static bool create_numbered(Rig *rig, guint i, gsize label_size)
{
	g_autofree char *label = label_of(label_size);
	g_autofree char *arguments = g_strdup_printf("'e%u', {'Addresses': <['172.18.%u.%u']>, 'Persistent': <true>%s}",
						     i, 1 + i / 200, 1 + i % 200, label);
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply =
		ask_with_fds(rig->bus, "/network/web", "Network", "CreateEndpoint", "sa{sv}", arguments, NULL, &error);

	if (!reply)
		g_assert_nonnull(strstr(error->message, "No space left"));
	return reply;
}

static guint create_many(Rig *rig, gsize label_size)
{
	enum { MANY = 1000 };
	guint n = 0;

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Subnets': <['172.18.0.0/16']>, 'Persistent': <true>}");
	while (create_numbered(rig, n, label_size))
		g_assert_cmpuint(++n, <, MANY);
	g_assert_cmpuint(n, >, 4);
	fill(FULL);
	return n;
}

/* The first n of some are not there; with the others nothing has happened. */
static void first_are_gone(Rig *rig, guint n, guint of)
{
	char path[64];

	for (guint i = 0; i < of; i++) {
		endpoint_path(i, path);
		(i < n ? gone : exists)(rig, path);
	}
}

/* Whoever else takes the room that there is, and whenever the service dies. */
static void delete_each(Rig *rig, gsize label_size)
{
	guint n = create_many(rig, label_size);
	char path[64];

	for (guint i = 0; i < n; i++) {
		if (i % (n / 4) == 0) {
			rig_restart(rig);
			first_are_gone(rig, i, n);
		}
		endpoint_path(i, path);
		done(rig, path, "Endpoint", "Delete", "", "");
	}
	rig_restart(rig);
	first_are_gone(rig, n, n);
	g_assert_true(create_numbered(rig, 0, label_size));
	done(rig, "/network/web", "Network", "Delete", "", "");
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	g_assert_cmpint(umount2("/run/netfilterd", MNT_DETACH), ==, 0);
}

static void delete_plain(Rig *rig)
{
	delete_each(rig, 0);
}

static void delete_labelled(Rig *rig)
{
	delete_each(rig, 500);
}

static void delete_network(Rig *rig)
{
	create_many(rig, 0);
	done(rig, "/network/web", "Network", "Delete", "", "");
	rig_restart(rig);
	gone(rig, "/network/web");
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", WEB);
	g_assert_cmpint(umount2("/run/netfilterd", MNT_DETACH), ==, 0);
}

/* A client that leaves after the restart of a service that could not write everything anew. */
static void restart_full(Rig *rig)
{
	GDBusConnection *mine = rig->bus;

	rig->bus = connection_new();
	create_many(rig, 500);
	done(rig, "/network/web/endpoint/e0", "Endpoint", "Delete", "", "");
	done(rig, "/network/web", "Network", "CreateEndpoint", "sa{sv}", "'theirs', {'Addresses': <['172.18.9.9']>}");
	fill(FULL);
	rig_restart(rig);
	g_assert_cmpuint(lines_with("the journal that is there is continued"), ==, 1);
	exists(rig, "/network/web/endpoint/theirs");
	connection_close(rig->bus);
	rig->bus = mine;
	goes(rig, "/network/web/endpoint/theirs");
	rig_restart(rig);
	gone(rig, "/network/web/endpoint/theirs");
	gone(rig, "/network/web/endpoint/e0");
	exists(rig, "/network/web/endpoint/e1");
	g_assert_cmpint(umount2("/run/netfilterd", MNT_DETACH), ==, 0);
}

static goffset state_size(void)
{
	struct stat status;

	g_assert_cmpint(stat(STATE, &status), ==, 0);
	return status.st_size;
}

/* What is deleted does not stay in the file for long. */
static void shrinks(Rig *rig)
{
	enum { MANY = 150 };

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", WEB);
	for (guint i = 0; i < MANY; i++)
		g_assert_true(create_numbered(rig, i, 500));
	g_assert_cmpint(state_size(), >, MANY * 1000);
	done(rig, "/network/web", "Network", "Delete", "", "");
	/* It is written anew after the answer. */
	gone(rig, "/network/web");
	g_assert_cmpint(state_size(), <, 80 * 1024);
}

/* --- the unit files --- */

#define UNITS "/run/netfilterd-units/var/lib/netfilterd"
#define UNITS_FULL UNITS "/filler"

static void small_units(const Rig *rig G_GNUC_UNUSED)
{
	g_assert_cmpint(g_mkdir_with_parents(UNITS, 0755), ==, 0);
	g_assert_cmpint(mount("small", UNITS, "tmpfs", 0, "size=16k,mode=0755"), ==, 0);
}

static char *list_units(void)
{
	g_autoptr(GDir) directory = g_dir_open(UNITS, 0, NULL);
	GString *list = g_string_new(NULL);
	const char *name;

	while ((name = g_dir_read_name(directory))) {
		g_autofree char *path = g_build_filename(UNITS, name, NULL), *text = NULL;

		if (strcmp(name, "filler") != 0 && g_file_get_contents(path, &text, NULL, NULL))
			g_string_append_printf(list, "%s:\n%s\n", name, text);
	}
	return g_string_free(list, FALSE);
}

/* What cannot be written is not done; what is there stays whole. */
static void permanent_full(Rig *rig)
{
	g_autofree char *before = NULL, *after = NULL;

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'kept', {'Subnets': <['172.18.0.0/16']>, 'Permanent': <true>}");
	before = list_units();
	g_assert_true(g_str_has_prefix(before, "kept.network:"));
	fill(UNITS_FULL);
	refused(rig, STANDARD("Failed"), "No space left", "", "Manager", "CreateNetwork", "sa{sv}",
		"'new', {'Subnets': <['172.19.0.0/16']>, 'Permanent': <true>}");
	refused(rig, STANDARD("Failed"), "No space left", "/network/kept", "Network", "Update", "a{sv}",
		"{'Masquerade': <false>}");
	refused(rig, STANDARD("Failed"), "No space left", "/network/kept", "Network", "CreateEndpoint", "sa{sv}",
		"'e', {'Addresses': <['172.18.0.2']>, 'Permanent': <true>}");
	/* What is not permanent needs no room, and to remove a file takes none. */
	done(rig, "/network/kept", "Network", "CreateEndpoint", "sa{sv}", "'f', {'Addresses': <['172.18.0.3']>}");
	after = list_units();
	g_assert_cmpstr(after, ==, before);
	done(rig, "/network/kept", "Network", "Delete", "", "");
	g_free(g_steal_pointer(&after));
	after = list_units();
	g_assert_cmpstr(after, ==, "");
	g_assert_cmpint(umount2(UNITS, MNT_DETACH), ==, 0);
}

static void permanent_read_only(Rig *rig)
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'kept', {'Subnets': <['172.18.0.0/16']>, 'Permanent': <true>}");
	g_assert_cmpint(mount("small", UNITS, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), ==, 0);
	refused(rig, STANDARD("Failed"), "Read-only file system", "", "Manager", "CreateNetwork", "sa{sv}",
		"'new', {'Subnets': <['172.19.0.0/16']>, 'Permanent': <true>}");
	refused(rig, STANDARD("Failed"), "Read-only file system", "/network/kept", "Network", "Delete", "", "");
	g_assert_cmpint(umount2(UNITS, MNT_DETACH), ==, 0);
}

static void preload(const Rig *rig G_GNUC_UNUSED)
{
	g_unlink(FAIL_SYNC);
	g_setenv("LD_PRELOAD", g_getenv("FAIL_SYNC_LIBRARY"), true);
	/* AddressSanitizer wants to be first unless it is told. */
	g_setenv("ASAN_OPTIONS", "verify_asan_link_order=0", true);
}

static void failing(Rig *rig)
{
	g_unsetenv("LD_PRELOAD");
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", WEB);
	g_assert_true(g_file_set_contents(FAIL_SYNC, "", 0, NULL));
	refused(rig, STANDARD("Failed"), "Input/output error", "", "Manager", "CreateNetwork", "sa{sv}",
		"'other', {'Subnets': <['172.19.0.0/16']>}");
	refused(rig, STANDARD("Failed"), "Input/output error", "/network/web", "Network", "Delete", "", "");
	g_unlink(FAIL_SYNC);
	done(rig, "/network/web", "Network", "Delete", "", "");
	gone(rig, "/network/web");
}

/* --- what nobody asks for again --- */

static void preload_logged(const Rig *rig)
{
	preload(rig);
	log_to_file(rig);
}

/* Until something was tried so often and failed. */
static void failed_times(goffset n)
{
	struct stat status = {};

	for (guint i = 0; i < 3000 && status.st_size < n; i++) {
		g_usleep(10000);
		g_assert_cmpint(stat(FAIL_SYNC, &status), ==, 0);
	}
	g_assert_cmpint(status.st_size, >=, n);
}

/* What a client leaves behind, or what has lived as long as it may, goes once it can, without another change. */
static void clean_up(Rig *rig)
{
	GDBusConnection *mine = rig->bus;

	g_unsetenv("LD_PRELOAD");
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", WEB);
	rig->bus = connection_new();
	done(rig, "/network/web", "Network", "CreateEndpoint", "sa{sv}",
	     "'theirs', {'Addresses': <['172.18.0.2']>, 'Ports': <[('tcp', '', uint16 8080, uint16 80, uint16 1)]>}");
	done(rig, "/network/web", "Network", "CreateEndpoint", "sa{sv}",
	     "'short', {'Addresses': <['172.18.0.3']>, 'Persistent': <true>, 'TimeoutUSec': <uint64 1000000>}");
	g_assert_true(g_file_set_contents(FAIL_SYNC, "", 0, NULL));
	connection_close(rig->bus);
	rig->bus = mine;
	failed_times(6);
	exists(rig, "/network/web/endpoint/theirs");
	exists(rig, "/network/web/endpoint/short");
	g_unlink(FAIL_SYNC);
	goes(rig, "/network/web/endpoint/theirs");
	goes(rig, "/network/web/endpoint/short");
	g_assert_cmpuint(lines_with("Cannot clean up after"), ==, 1);
	g_assert_cmpuint(lines_with("Cannot delete what has outlived its time"), ==, 1);
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
}

/* --- what the log says --- */

static void one_line(Rig *rig)
{
	refused(rig, STANDARD("InvalidArgs"), "nonsense", "", "Manager", "CreateNetwork", "sa{sv}",
		"'web', {'Subnets': <['nonsense']>}");
	g_assert_cmpuint(lines_with("nonsense"), ==, 1);
	g_assert_cmpuint(lines_with("CreateNetwork on /org/example/NetFilter by uid 0"), ==, 1);
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", WEB);
	g_assert_cmpuint(lines_with("CreateNetwork"), ==, 1);
}

static GVariant *log_control(Rig *rig, const char *member, GVariant *arguments, GError **error)
{
	return g_dbus_connection_call_sync(rig->bus, "org.example.NetFilter", LOG_CONTROL,
					   "org.freedesktop.DBus.Properties", member, arguments, NULL,
					   G_DBUS_CALL_FLAGS_NONE, 5000, NULL, error);
}

static void set_log(Rig *rig, const char *property, const char *value, bool works)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = log_control(
		rig, "Set",
		g_variant_new("(ssv)", "org.freedesktop.LogControl1", property, g_variant_new_string(value)), &error);

	g_assert_cmpint(reply != NULL, ==, works);
	if (!works)
		g_assert_nonnull(strstr(error->message, value));
}

static void level(Rig *rig)
{
	g_autoptr(GVariant) reply = NULL;
	g_autofree char *text = NULL;

	set_log(rig, "LogLevel", "loud", false);
	set_log(rig, "LogTarget", "nowhere", false);
	set_log(rig, "LogLevel", "debug", true);
	reply = log_control(rig, "GetAll", g_variant_new("(s)", "org.freedesktop.LogControl1"), NULL);
	text = g_variant_print(reply, false);
	g_assert_cmpstr(text, ==,
			"({'LogLevel': <'debug'>, 'LogTarget': <'auto'>, 'SyslogIdentifier': <'netfilterd'>},)");

	done(rig, "", "Manager", "CreateNetwork", "sa{sv}", WEB);
	g_assert_cmpuint(lines_with("CreateNetwork on /org/example/NetFilter by uid 0"), ==, 1);
	set_log(rig, "LogLevel", "err", true);
	refused(rig, OURS("NetworkExists"), "web", "", "Manager", "CreateNetwork", "sa{sv}", WEB);
	g_assert_cmpuint(lines_with("exists"), ==, 0);
}

int main(int argc, char **argv)
{
	static const BusTest tests[] = {
		{ "/storage/full", full, NULL, small_directory },
		{ "/storage/full/delete-plain", delete_plain, NULL, small_directory },
		{ "/storage/full/delete-labelled", delete_labelled, NULL, small_directory },
		{ "/storage/full/delete-network", delete_network, NULL, small_directory },
		{ "/storage/full/restart", restart_full, NULL, small_logged },
		{ "/storage/shrinks", shrinks },
		{ "/storage/full-at-start", unwritable_at_start, NULL, full_directory },
		{ "/storage/read-only-at-start", unwritable_at_start, NULL, read_only_directory },
		{ "/storage/late-owner", late_owner, NULL, read_only_directory },
		{ "/storage/failing", failing, NULL, preload },
		{ "/storage/clean-up", clean_up, NULL, preload_logged },
		{ "/storage/permanent-full", permanent_full, NULL, small_units },
		{ "/storage/permanent-read-only", permanent_read_only, NULL, small_units },
		{ "/log/one-line", one_line, NULL, log_to_file },
		{ "/log/control", level, NULL, log_to_file },
	};

	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
