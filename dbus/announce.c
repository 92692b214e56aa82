/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/announce.h"

#include "dbus/path.h"

#include <string.h>

typedef struct Signal {
	enum { SIGNAL_ADDED, SIGNAL_REMOVED, SIGNAL_CHANGED, SIGNAL_DROPPED } type;
	enum object_kind kind;
	const void *object; /* not looked into: it may be gone by the time this is sent */
	const char *property;
	char *path;
} Signal;

static guint signal_hash(gconstpointer key)
{
	const Signal *signal = key;

	return g_direct_hash(signal->object) * 31 + g_direct_hash(signal->property);
}

static gboolean signal_equal(gconstpointer a, gconstpointer b)
{
	const Signal *x = a, *y = b;

	return x->object == y->object && x->property == y->property;
}

static void signal_free(gpointer data)
{
	Signal *signal = data;

	free(signal->path); /* libsystemd's */
	g_free(signal);
}

void signal_init(Server *server)
{
	server->signals = g_ptr_array_new_with_free_func(signal_free);
	server->announced = g_hash_table_new(signal_hash, signal_equal);
}

void signal_clear(Server *server)
{
	g_clear_pointer(&server->announced, g_hash_table_unref);
	g_clear_pointer(&server->signals, g_ptr_array_unref);
}

/* An object that is new comes with all its properties, as they are when it is announced. */
static bool is_announced(const Server *server, const void *object, const char *property)
{
	return g_hash_table_contains(server->announced, &(Signal){ .object = object }) ||
	       g_hash_table_contains(server->announced, &(Signal){ .object = object, .property = property });
}

static void note(Server *server, int type, enum object_kind kind, const void *object, const char *property)
{
	Signal *signal;

	if (type == SIGNAL_CHANGED && is_announced(server, object, property))
		return;
	signal = g_new(Signal, 1);
	*signal = (Signal){ type, kind, object, property, path_of(kind, object) };
	if (type == SIGNAL_REMOVED)
		g_hash_table_remove(server->announced, &(Signal){ .object = object });
	else
		g_hash_table_replace(server->announced, signal, signal);
	g_ptr_array_add(server->signals, signal);
}

static void on_added(enum object_kind kind, void *object, void *userdata)
{
	note(userdata, SIGNAL_ADDED, kind, object, NULL);
}

static void on_removed(enum object_kind kind, void *object, void *userdata)
{
	note(userdata, SIGNAL_REMOVED, kind, object, NULL);
}

static void on_changed(enum object_kind kind, void *object, const char *property, void *userdata)
{
	note(userdata, SIGNAL_CHANGED, kind, object, property);
}

static void check(int r, const char *what, const char *path)
{
	/* A lost bus is said once, elsewhere. */
	if (r < 0 && r != -ENOTCONN && r != -ECONNRESET)
		g_warning("Cannot announce %s of %s: %s", what, path, g_strerror(-r));
}

static void on_committed(guint64 generation, guint added, guint removed, const GPtrArray *drifted, void *userdata)
{
	Server *server = userdata;
	sd_bus_message *message = NULL;
	int r;

	if (drifted) {
		g_autofree char *chains = NULL;
		g_autoptr(GPtrArray) names = g_ptr_array_new();

		for (guint i = 0; i < drifted->len; i++)
			g_ptr_array_add(names, drifted->pdata[i]);
		g_ptr_array_add(names, NULL);
		chains = g_strjoinv(", ", (char **)names->pdata);
		g_warning("Somebody else changed our rules in %s; mended", chains);
		r = sd_bus_message_new_signal(server->bus, &message, ROOT_PATH, MANAGER_INTERFACE, "Drifted");
		if (r >= 0)
			r = sd_bus_message_append_strv(message, (char **)names->pdata);
		if (r >= 0)
			r = sd_bus_send(server->bus, message, NULL);
		sd_bus_message_unref(message);
		check(r, "Drifted", ROOT_PATH);
	}
	/* Drift that nothing was to be done about is no commit; a chain's policy alone is one. */
	if (generation == server->generation)
		return;
	server->generation = generation;
	check(sd_bus_emit_signal(server->bus, ROOT_PATH, MANAGER_INTERFACE, "RulesCommitted", "tuu", generation, added,
				 removed),
	      "RulesCommitted", ROOT_PATH);
}

static void emit(Server *server, const Signal *signal)
{
	const char *interface = interface_of(signal->kind);

	switch (signal->type) {
	case SIGNAL_ADDED:
		check(sd_bus_emit_interfaces_added(server->bus, signal->path, interface, NULL), "the coming",
		      signal->path);
		break;
	case SIGNAL_REMOVED:
		check(sd_bus_emit_interfaces_removed(server->bus, signal->path, interface, NULL), "the going",
		      signal->path);
		break;
	case SIGNAL_CHANGED:
		check(sd_bus_emit_properties_changed(server->bus, signal->path, interface, signal->property, NULL),
		      signal->property, signal->path);
		break;
	case SIGNAL_DROPPED:
		break;
	}
}

/* An object that came and went within one commit was never there, and one that went has not changed before. */
static void drop_short_lived(GPtrArray *signals)
{
	g_autoptr(GHashTable) leaving = g_hash_table_new(g_str_hash, g_str_equal); /* path → Signal */

	for (guint i = signals->len; i-- > 0;) {
		Signal *signal = signals->pdata[i], *removal = g_hash_table_lookup(leaving, signal->path);

		if (signal->type == SIGNAL_REMOVED) {
			g_hash_table_insert(leaving, signal->path, signal);
		} else if (removal) {
			if (signal->type == SIGNAL_ADDED) {
				removal->type = SIGNAL_DROPPED;
				g_hash_table_remove(leaving, signal->path);
			}
			signal->type = SIGNAL_DROPPED;
		}
	}
}

void signal_emit(Server *server)
{
	g_autoptr(GPtrArray) signals = g_steal_pointer(&server->signals);

	g_hash_table_remove_all(server->announced);
	server->signals = g_ptr_array_new_with_free_func(signal_free);
	drop_short_lived(signals);
	for (guint i = 0; i < signals->len; i++)
		emit(server, signals->pdata[i]);
	if (server->hairpin != service_config(server->manager)->hairpin) {
		server->hairpin = service_config(server->manager)->hairpin;
		check(sd_bus_emit_properties_changed(server->bus, ROOT_PATH, MANAGER_INTERFACE, "Hairpin", NULL),
		      "Hairpin", ROOT_PATH);
	}
}

static void on_over(void *userdata)
{
	Server *server = userdata;

	server_end_lifetimes(server);
}

ManagerObserver signal_observer(Server *server)
{
	return (ManagerObserver){ on_added, on_removed, on_changed, on_committed, on_over, server };
}
