/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/rig.h"

#include <signal.h>
#include <sys/wait.h>

#define WEB "/network/web"

static void create_web(GDBusConnection *client)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = ask_with_fds(client, "", "Manager", "CreateNetwork", "sa{sv}",
						 "'web', {'Subnets': <['172.18.0.0/16']>}", NULL, &error);

	g_assert_no_error(error);
	g_assert_nonnull(reply);
}

/* When it returns, the bus knows. */
static void leave(const Rig *rig, GDBusConnection *connection)
{
	g_autofree char *name = g_strdup(g_dbus_connection_get_unique_name(connection));

	connection_close(connection);
	while (sd_bus_get_name_creds(rig->starter, name, 0, NULL) >= 0)
		g_usleep(G_TIME_SPAN_MILLISECOND);
}

static bool is_answered(const Rig *rig)
{
	g_autoptr(GVariant) reply = ask_with_fds(rig->bus, "", "org.freedesktop.DBus.Peer", "Ping", "", "", NULL, NULL);

	return reply;
}

static bool has_web(const Rig *rig)
{
	g_autoptr(GVariant) reply = ask_with_fds(rig->bus, "", "Manager", "GetNetwork", "s", "'web'", NULL, NULL);

	return reply;
}

/*
 * The bus keeps so much for one that does not read, and drops what comes on top of it: others' calls, and that somebody
 * has left.
 */
static void unheard(Rig *rig)
{
	enum { FLOODS = 2, CALLS = 3, SIZE = 30 << 20 };
	GDBusConnection *client = connection_new();
	g_autofree guint8 *bytes = g_malloc0(SIZE);
	int status;

	create_web(client);
	kill(rig->service, SIGSTOP);
	g_assert_cmpint(waitpid(rig->service, &status, WUNTRACED), ==, rig->service);
	for (guint i = 0; i < FLOODS; i++) {
		GDBusConnection *flood = connection_new();

		for (guint j = 0; j < CALLS; j++) {
			g_autoptr(GDBusMessage) call = g_dbus_message_new_method_call(
				"org.example.NetFilter", ROOT, "org.example.NetFilter.Manager", "DumpRules");
			GVariant *array = g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, bytes, SIZE, 1);

			g_dbus_message_set_flags(call, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
			g_dbus_message_set_body(call, g_variant_new_tuple(&array, 1));
			g_assert_true(g_dbus_connection_send_message(flood, call, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL,
								     NULL));
		}
		g_assert_true(g_dbus_connection_flush_sync(flood, NULL, NULL));
		leave(rig, flood);
	}
	leave(rig, client);
	kill(rig->service, SIGCONT);
	while (!is_answered(rig))
		g_usleep(G_TIME_SPAN_MILLISECOND);
	for (guint i = 0; i < 150 && has_web(rig); i++)
		g_usleep(G_TIME_SPAN_SECOND / 10);
	gone(rig, WEB);
}

static const BusTest tests[] = {
	{ "/bus/unheard", unheard },
};

int main(int argc, char **argv)
{
	return bus_tests_main(argc, argv, tests, G_N_ELEMENTS(tests));
}
