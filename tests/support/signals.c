/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/signals.h"

#include <string.h>

#define SERVICE "org.example.NetFilter"
#define PROPERTIES "org.freedesktop.DBus.Properties"

struct Signals {
	GDBusConnection *connection; /* its own, so that what was sent has come when a call on it is answered */
	guint subscription;
	GPtrArray *lines;
	GArray *commits;
};

static void add_line(Signals *signals, char *line)
{
	g_ptr_array_add(signals->lines, line);
}

static const char *below_root(const char *path)
{
	return g_str_has_prefix(path, ROOT) ? path + strlen(ROOT) : path;
}

static void note_properties(Signals *signals, const char *path, GVariant *parameters)
{
	g_autoptr(GVariantIter) changed = NULL, invalidated = NULL;
	const char *interface, *name;
	GVariant *value;

	g_variant_get(parameters, "(&sa{sv}as)", &interface, &changed, &invalidated);
	while (g_variant_iter_loop(changed, "{&sv}", &name, &value)) {
		g_autofree char *text = g_variant_print(value, FALSE);

		add_line(signals, g_strdup_printf("PropertiesChanged %s %s=%s", path, name, text));
	}
	while (g_variant_iter_loop(invalidated, "&s", &name))
		add_line(signals, g_strdup_printf("PropertiesChanged %s %s invalidated", path, name));
}

static void note_added(Signals *signals, GVariant *parameters)
{
	g_autoptr(GVariantIter) interfaces = NULL;
	GVariant *properties;
	const char *path, *name;

	g_variant_get(parameters, "(&oa{sa{sv}})", &path, &interfaces);
	while (g_variant_iter_loop(interfaces, "{&s@a{sv}}", &name, &properties))
		if (g_str_has_prefix(name, SERVICE))
			add_line(signals, g_strdup_printf("InterfacesAdded %s %s", below_root(path), name));
}

static void note_removed(Signals *signals, GVariant *parameters)
{
	g_autoptr(GVariantIter) interfaces = NULL;
	const char *path, *name;

	g_variant_get(parameters, "(&oas)", &path, &interfaces);
	while (g_variant_iter_loop(interfaces, "&s", &name))
		if (g_str_has_prefix(name, SERVICE))
			add_line(signals, g_strdup_printf("InterfacesRemoved %s %s", below_root(path), name));
}

static void on_signal(GDBusConnection *connection G_GNUC_UNUSED, const char *sender G_GNUC_UNUSED, const char *path,
		      const char *interface, const char *member, GVariant *parameters, gpointer data)
{
	Signals *signals = data;
	Commit commit;

	if (strcmp(interface, PROPERTIES) == 0) {
		note_properties(signals, below_root(path), parameters);
	} else if (strcmp(member, "InterfacesAdded") == 0) {
		note_added(signals, parameters);
	} else if (strcmp(member, "InterfacesRemoved") == 0) {
		note_removed(signals, parameters);
	} else if (strcmp(member, "RulesCommitted") == 0) {
		g_variant_get(parameters, "(tuu)", &commit.generation, &commit.added, &commit.removed);
		g_array_append_val(signals->commits, commit);
	} else {
		g_autofree char *text = g_variant_print(parameters, FALSE);

		add_line(signals, g_strdup_printf("%s %s", member, text));
	}
}

/* Everything the service sent before its answer has come to this connection when that has. */
static void catch_up(Signals *signals)
{
	g_autoptr(GVariant) reply =
		ask_with_fds(signals->connection, "", "org.freedesktop.DBus.Peer", "Ping", "", "", NULL, NULL);

	g_assert_nonnull(reply);
	while (g_main_context_iteration(NULL, FALSE))
		;
}

Signals *signals_new(const Rig *rig G_GNUC_UNUSED)
{
	Signals *signals = g_new0(Signals, 1);

	signals->connection = connection_new();
	signals->lines = g_ptr_array_new_with_free_func(g_free);
	signals->commits = g_array_new(FALSE, FALSE, sizeof(Commit));
	signals->subscription = g_dbus_connection_signal_subscribe(signals->connection, SERVICE, NULL, NULL, NULL, NULL,
								   G_DBUS_SIGNAL_FLAGS_NONE, on_signal, signals, NULL);
	catch_up(signals);
	g_ptr_array_set_size(signals->lines, 0);
	g_array_set_size(signals->commits, 0);
	return signals;
}

void signals_free(Signals *signals)
{
	g_dbus_connection_signal_unsubscribe(signals->connection, signals->subscription);
	while (g_main_context_iteration(NULL, FALSE))
		;
	connection_close(signals->connection);
	g_ptr_array_unref(signals->lines);
	g_array_unref(signals->commits);
	g_free(signals);
}

char *signals_take(Signals *signals)
{
	char *text;

	catch_up(signals);
	g_ptr_array_add(signals->lines, NULL);
	text = g_strjoinv("\n", (char **)signals->lines->pdata);
	g_ptr_array_set_size(signals->lines, 0);
	return text;
}

GArray *signals_take_commits(Signals *signals)
{
	GArray *commits;

	catch_up(signals);
	commits = signals->commits;
	signals->commits = g_array_new(FALSE, FALSE, sizeof(Commit));
	return commits;
}
