/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A death or a refusal of the kernel while something permanent is made, changed or deleted: the files and the rest
 * tell the same, which is what was before. */

#include "tests/support/rig.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>

#define STATE "/run/netfilterd-units/var/lib/netfilterd"

static const struct {
	const char *path, *member, *types, *arguments;
} actions[] = {
	{ "", "CreateNetwork", "sa{sv}",
	  "'new', {'Subnets': <['172.19.0.0/16']>, 'Permanent': <true>, 'Endpoints': <[('e', {'Addresses': "
	  "<['172.19.0.2']>,"
	  " 'Permanent': <true>, 'Ports': <[('tcp', '', uint16 9000, uint16 80, uint16 1)]>})]>}" },
	{ "/network/web", "Update", "a{sv}", "{'Masquerade': <false>}" },
	{ "/network/web", "CreateEndpoint", "sa{sv}",
	  "'e', {'Addresses': <['172.18.0.3']>, 'Permanent': <true>, 'Ports': <[('tcp', '', uint16 9001, uint16 80,"
	  " uint16 1)]>}" },
	{ "/network/web/endpoint/app", "Delete", "", "" },
	{ "/network/web", "Delete", "", "" },
};

static void create_web(Rig *rig)
{
	done(rig, "", "Manager", "CreateNetwork", "sa{sv}",
	     "'web', {'Subnets': <['172.18.0.0/16']>, 'Permanent': <true>, 'Endpoints': <[('app', {'Addresses':"
	     " <['172.18.0.2']>, 'Permanent': <true>, 'Ports': <[('tcp', '', uint16 8080, uint16 80, uint16 1)]>})]>}");
}

static char *list_files(void)
{
	g_autoptr(GDir) directory = g_dir_open(STATE, 0, NULL);
	GString *list = g_string_new(NULL);
	const char *name;

	g_assert_nonnull(directory);
	while ((name = g_dir_read_name(directory))) {
		g_autofree char *path = g_build_filename(STATE, name, NULL), *text = NULL;

		g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
		g_string_append_printf(list, "%s:\n%s\n", name, text);
	}
	return g_string_free(list, FALSE);
}

static void start(Rig *rig, const char *fault)
{
	service_kill(rig->service);
	rig_start_failing(rig, fault);
	answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
}

static char *act(const Rig *rig, guint i)
{
	const char *interface = strstr(actions[i].path, "endpoint") ? "Endpoint"
				: *actions[i].path                  ? "Network"
								    : "Manager";
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = ask_with_fds(rig->bus, actions[i].path, interface, actions[i].member,
						 actions[i].types, actions[i].arguments, NULL, &error);

	return reply ? NULL : g_dbus_error_get_remote_error(error);
}

static void nothing_happened(Rig *rig, const char *fault, guint i, bool dies)
{
	g_autofree char *state = NULL, *files = NULL, *error = NULL, *after = NULL, *files_after = NULL;

	g_test_message("%s, %s", actions[i].member, fault);
	start(rig, fault);
	state = rig_state(rig);
	files = list_files();
	error = act(rig, i);
	g_assert_nonnull(error);
	if (dies) {
		g_assert_cmpstr(error, ==, STANDARD("NoReply"));
		g_assert_cmpint(waitpid(rig->service, NULL, 0), ==, rig->service);
		rig->service = service_start(rig->starter, rig->configuration);
		answers(rig, "(0,)", "", "Manager", "Reconcile", "", "");
	}
	after = rig_state(rig);
	files_after = list_files();
	g_assert_cmpstr(after, ==, state);
	g_assert_cmpstr(files_after, ==, files);
}

static void killed(Rig *rig)
{
	create_web(rig);
	for (guint i = 0; i < G_N_ELEMENTS(actions); i++)
		nothing_happened(rig, "commit:kill:1", i, true);
}

static void refused_by_the_kernel(Rig *rig)
{
	create_web(rig);
	for (guint i = 0; i < G_N_ELEMENTS(actions); i++)
		nothing_happened(rig, "commit:EPERM:1", i, false);
	start(rig, "");
	for (guint i = 0; i < G_N_ELEMENTS(actions); i++)
		g_assert_null(act(rig, i));
	gone(rig, "/network/web");
	exists(rig, "/network/new");
}

int main(int argc, char **argv)
{
	static const BusTest tests[] = {
		{ "/faults/unit-files/killed", killed },
		{ "/faults/unit-files/refused", refused_by_the_kernel },
	};

	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
