/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/announce.h"

#include "dbus/lookup.h"
#include "dbus/names.h"
#include "dbus/path.h"
#include "service/foreign-drops.h"

#include <string.h>

typedef struct Signal {
	enum { SIGNAL_ADDED, SIGNAL_REMOVED, SIGNAL_CHANGED, SIGNAL_DROPPED } type;
	enum object_kind kind;
	const void *object; /* not looked into: it may be gone by the time this is sent */
	const char *property;
	char *path;
} Signal;

struct Announcer {
	sd_bus *connection;
	const Service *service;
	const ObjectSignals *object_signals;
	void *userdata;        /* theirs */
	GPtrArray *signals;    /* Signal, in order */
	GHashTable *announced; /* set of what is in signals, for coalescing */
	bool hairpin, ready;   /* as last announced */
	char **foreign_drops;  /* likewise */
	guint64 committed;     /* the generation of rules, likewise */
	guint64 generation;
};

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

Announcer *announcer_new(sd_bus *connection, const Service *service, const ObjectSignals *signals, void *userdata)
{
	Announcer *announcer = g_new(Announcer, 1);

	*announcer = (Announcer){
		.connection = sd_bus_ref(connection),
		.service = service,
		.object_signals = signals,
		.userdata = userdata,
		.signals = g_ptr_array_new_with_free_func(signal_free),
		.announced = g_hash_table_new(signal_hash, signal_equal),
		.hairpin = service_config(service)->hairpin,
		.ready = service_is_available(service, NULL),
		.foreign_drops = service_foreign_drops(service),
		.generation = service_generation(service),
	};
	return announcer;
}

void announcer_free(Announcer *announcer)
{
	if (!announcer)
		return;
	g_hash_table_unref(announcer->announced);
	g_ptr_array_unref(announcer->signals);
	g_strfreev(announcer->foreign_drops);
	sd_bus_unref(announcer->connection);
	g_free(announcer);
}

/* An object that is new comes with all its properties, as they are when it is announced. */
static bool is_announced(const Announcer *announcer, const void *object, const char *property)
{
	return g_hash_table_contains(announcer->announced, &(Signal){ .object = object }) ||
	       g_hash_table_contains(announcer->announced, &(Signal){ .object = object, .property = property });
}

static void note(Announcer *announcer, int type, enum object_kind kind, const void *object, const char *property)
{
	Signal *signal;

	announcer->generation++;
	if (type == SIGNAL_CHANGED && is_announced(announcer, object, property))
		return;
	signal = g_new(Signal, 1);
	*signal = (Signal){ type, kind, object, property, path_of(kind, object) };
	if (type == SIGNAL_REMOVED)
		g_hash_table_remove(announcer->announced, &(Signal){ .object = object });
	else
		g_hash_table_replace(announcer->announced, signal, signal);
	g_ptr_array_add(announcer->signals, signal);
}

void announcer_added(Announcer *announcer, enum object_kind kind, const void *object)
{
	note(announcer, SIGNAL_ADDED, kind, object, NULL);
}

void announcer_removed(Announcer *announcer, enum object_kind kind, const void *object)
{
	note(announcer, SIGNAL_REMOVED, kind, object, NULL);
}

void announcer_changed(Announcer *announcer, enum object_kind kind, const void *object, const char *property)
{
	note(announcer, SIGNAL_CHANGED, kind, object, property);
}

guint64 announcer_generation(const Announcer *announcer)
{
	return announcer->generation;
}

static void check(int r, const char *what, const char *path)
{
	/* A lost bus is said once, elsewhere. */
	if (r < 0 && r != -ENOTCONN && r != -ECONNRESET)
		g_warning("Cannot announce %s of %s: %s", what, path, g_strerror(-r));
}

static void announce_drift(const Announcer *announcer, const GPtrArray *drifted, const char *author,
			   const GPtrArray *repaired)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	sd_bus_message *message = NULL;
	int r;

	for (guint i = 0; drifted && i < drifted->len; i++)
		g_ptr_array_add(names, drifted->pdata[i]);
	if (names->len > 0) {
		g_autofree char *chains = NULL;

		g_ptr_array_add(names, NULL);
		chains = g_strjoinv(", ", (char **)names->pdata);
		g_ptr_array_set_size(names, names->len - 1);
		g_warning("Somebody else changed our rules in %s%s%s; mended", chains, author ? ", by " : "",
			  author ?: "");
	}
	for (guint i = 0; i < repaired->len; i++)
		g_ptr_array_add(names, repaired->pdata[i]);
	if (names->len == 0)
		return;
	g_ptr_array_add(names, NULL);
	r = sd_bus_message_new_signal(announcer->connection, &message, ROOT_PATH, MANAGER_INTERFACE, "Drifted");
	if (r >= 0)
		r = sd_bus_message_append_strv(message, (char **)names->pdata);
	if (r >= 0)
		r = sd_bus_send(announcer->connection, message, NULL);
	sd_bus_message_unref(message);
	check(r, "Drifted", ROOT_PATH);
}

void announcer_committed(Announcer *announcer, guint64 generation, guint added, guint removed, const GPtrArray *drifted,
			 const char *author, const GPtrArray *repaired)
{
	announcer->generation++;
	announce_drift(announcer, drifted, author, repaired);
	/* Drift that nothing was to be done about is no commit; a chain's policy alone is one. */
	if (generation == announcer->committed)
		return;
	announcer->committed = generation;
	check(sd_bus_emit_signal(announcer->connection, ROOT_PATH, MANAGER_INTERFACE, "RulesCommitted", "tuu",
				 generation, added, removed),
	      "RulesCommitted", ROOT_PATH);
}

static void emit(Announcer *announcer, const Signal *signal)
{
	const ObjectSignals *signals = announcer->object_signals;
	void *object = path_lookup(announcer->service, signal->path, signal->kind);

	switch (signal->type) {
	case SIGNAL_ADDED:
		if (object)
			check(signals->added(signal->kind, object, signal->path, announcer->userdata), "the coming",
			      signal->path);
		break;
	case SIGNAL_REMOVED:
		check(sd_bus_emit_interfaces_removed(announcer->connection, signal->path, interface_of(signal->kind),
						     NULL),
		      "the going", signal->path);
		break;
	case SIGNAL_CHANGED:
		if (object)
			check(signals->changed(signal->kind, object, signal->path, signal->property,
					       announcer->userdata),
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

static void announce_property(Announcer *announcer, const char *property)
{
	check(sd_bus_emit_properties_changed(announcer->connection, ROOT_PATH, MANAGER_INTERFACE, property, NULL),
	      property, ROOT_PATH);
}

/* A property of the service itself, if it is another than was announced last. */
static void announce_own(Announcer *announcer, const char *property, bool *announced, bool now)
{
	if (*announced == now)
		return;
	*announced = now;
	announce_property(announcer, property);
}

static void announce_foreign_drops(Announcer *announcer)
{
	g_auto(GStrv) now = service_foreign_drops(announcer->service);

	if (g_strv_equal((const char *const *)announcer->foreign_drops, (const char *const *)now))
		return;
	g_strfreev(announcer->foreign_drops);
	announcer->foreign_drops = g_steal_pointer(&now);
	announce_property(announcer, "ForeignDrops");
}

void announcer_emit(Announcer *announcer)
{
	g_autoptr(GPtrArray) signals = g_steal_pointer(&announcer->signals);

	g_hash_table_remove_all(announcer->announced);
	announcer->signals = g_ptr_array_new_with_free_func(signal_free);
	drop_short_lived(signals);
	for (guint i = 0; i < signals->len; i++)
		emit(announcer, signals->pdata[i]);
	announce_own(announcer, "Hairpin", &announcer->hairpin, service_config(announcer->service)->hairpin);
	announce_own(announcer, "Ready", &announcer->ready, service_is_available(announcer->service, NULL));
	announce_foreign_drops(announcer);
}
