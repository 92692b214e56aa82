/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/zones.h"

#include "service/zones.h"

#include <errno.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_message, sd_bus_message_unref)

#define FIREWALLD "org.fedoraproject.FirewallD1"
#define FIREWALLD_PATH "/org/fedoraproject/FirewallD1"
#define DBUS "org.freedesktop.DBus"

/* A reload of its may take many seconds. */
#define ANSWER_USEC (30 * G_USEC_PER_SEC)
#define AGAIN_USEC (60 * G_USEC_PER_SEC)

/* Its errors are one name, and begin with one of these. */
#define ALREADY_SET "ZONE_ALREADY_SET"
#define CONFLICT "ZONE_CONFLICT"
#define UNKNOWN_INTERFACE "UNKNOWN_INTERFACE"

typedef struct Question Question;

typedef struct Zoned {
	char *interface;
	char *wanted;  /* NULL: it is to be in no zone by us */
	bool in_step;  /* firewalld was asked or told, and has not forgotten since */
	bool is_to_do; /* in zones->to_do */
	char *told;    /* what was last said of it in the log; NULL: nothing */
} Zoned;

struct Zones {
	const Bus *bus;
	void (*on_done)(void *userdata);
	void *userdata;
	GHashTable *interfaces; /* name → Zoned */
	GQueue to_do;           /* Zoned */
	sd_event_source *step;  /* armed while there is something to do */
	sd_event_source *again; /* armed while it does not answer */
	bool runs;
	bool is_silent;    /* it did not answer, and is not asked for a while */
	bool silence_told; /* so the log said, and it has not answered since */
	sd_bus_slot *call;
	Zoned *asked; /* what the call is about */
	const Question *question;
};

static void zoned_free(Zoned *zoned)
{
	g_free(zoned->interface);
	g_free(zoned->wanted);
	g_free(zoned->told);
	g_free(zoned);
}

static void arm(Zones *zones)
{
	if (!zones->call && !zones->is_silent && !g_queue_is_empty(&zones->to_do))
		sd_event_source_set_enabled(zones->step, SD_EVENT_ONESHOT);
}

static void add_to_do(Zones *zones, Zoned *zoned)
{
	if (!zoned->is_to_do)
		g_queue_push_tail(&zones->to_do, zoned);
	zoned->is_to_do = true;
	arm(zones);
}

static Zoned *find(Zones *zones, const char *interface)
{
	Zoned *zoned = g_hash_table_lookup(zones->interfaces, interface);

	if (zoned)
		return zoned;
	zoned = g_new(Zoned, 1);
	*zoned = (Zoned){ .interface = g_strdup(interface) };
	g_hash_table_insert(zones->interfaces, zoned->interface, zoned);
	return zoned;
}

void zones_look(Zones *zones)
{
	GHashTableIter iter;
	gpointer zoned;

	g_hash_table_iter_init(&iter, zones->interfaces);
	while (g_hash_table_iter_next(&iter, NULL, &zoned)) {
		((Zoned *)zoned)->in_step = false;
		add_to_do(zones, zoned);
	}
}

bool zones_are_busy(const Zones *zones)
{
	return !zones->is_silent && (zones->call || !g_queue_is_empty((GQueue *)&zones->to_do));
}

/* --- what it answers --- */

static void set_silent(Zones *zones, bool silent)
{
	if (silent && !zones->silence_told)
		g_warning("firewalld does not answer; it is told of the bridges again each minute, or when it comes "
			  "again");
	zones->is_silent = zones->silence_told = silent;
	if (silent)
		sd_event_source_set_time_relative(zones->again, AGAIN_USEC);
	sd_event_source_set_enabled(zones->again, silent ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static bool is_any(const sd_bus_error *error, const char *const *names)
{
	for (; *names; names++)
		if (sd_bus_error_has_name(error, *names))
			return true;
	return false;
}

static bool is_no_answer(const sd_bus_error *error)
{
	static const char *const names[] = { SD_BUS_ERROR_NO_REPLY, SD_BUS_ERROR_TIMEOUT, "System.Error.ETIMEDOUT",
					     NULL };

	return is_any(error, names);
}

static bool is_absence(const sd_bus_error *error)
{
	static const char *const names[] = { SD_BUS_ERROR_SERVICE_UNKNOWN, SD_BUS_ERROR_NAME_HAS_NO_OWNER, NULL };

	return is_any(error, names);
}

static bool says(const sd_bus_error *error, const char *code)
{
	return error && error->message && g_str_has_prefix(error->message, code);
}

/* Once, until it is another thing. */
static void tell(Zoned *zoned, char *sentence)
{
	if (g_strcmp0(zoned->told, sentence) != 0)
		g_warning("%s", sentence);
	g_free(zoned->told);
	zoned->told = sentence;
}

static const char *text_of(const sd_bus_error *error)
{
	return cut(error->message ?: error->name);
}

/* Takes what firewalld answered about an interface; ZONE is ours of it. */
struct Question {
	const char *member;
	void (*on_answer)(Zones *zones, Zoned *zoned, const char *zone, sd_bus_message *answer);
};

static void on_removed(Zones *zones, Zoned *zoned, const char *zone, sd_bus_message *answer)
{
	const sd_bus_error *error = sd_bus_message_get_error(answer);

	if (error && !says(error, UNKNOWN_INTERFACE) && !says(error, CONFLICT))
		tell(zoned, g_strdup_printf("Interface %s cannot be taken out of firewalld's zone \"%s\": %s",
					    zoned->interface, zone, text_of(error)));
	zoned->in_step = false;
	service_note_zone(zones->bus->service, zoned->interface, NULL);
}

static void tell_refused(Zoned *zoned, const char *zone, const sd_bus_error *error)
{
	if (says(error, CONFLICT))
		tell(zoned, g_strdup_printf(
				    "Interface %s is in another zone of firewalld's than \"%s\", and stays there (%s); "
				    "what that zone stops does not reach its endpoints",
				    zoned->interface, zone, text_of(error)));
	else
		tell(zoned, g_strdup_printf("Interface %s cannot be put into firewalld's zone \"%s\": %s",
					    zoned->interface, zone, text_of(error)));
}

static void on_added(Zones *zones, Zoned *zoned, const char *zone, sd_bus_message *answer)
{
	const sd_bus_error *error = sd_bus_message_get_error(answer);

	if (!error)
		g_clear_pointer(&zoned->told, g_free);
	if (!error || says(error, ALREADY_SET))
		return;
	service_note_zone(zones->bus->service, zoned->interface, NULL);
	tell_refused(zoned, zone, error);
}

/* What is there before we ask for it is somebody else's. */
static void on_found(Zones *zones, Zoned *zoned, const char *zone G_GNUC_UNUSED, sd_bus_message *answer)
{
	const sd_bus_error *error = sd_bus_message_get_error(answer);
	const char *found;

	if (!zoned->wanted)
		return;
	if (error) {
		tell_refused(zoned, zoned->wanted, error);
		return;
	}
	if (sd_bus_message_read(answer, "s", &found) < 0 || strcmp(found, zoned->wanted) == 0)
		return;
	zoned->in_step = false;
	service_note_zone(zones->bus->service, zoned->interface, zoned->wanted);
}

static const Question find_zone = { "getZoneOfInterface", on_found };
static const Question add_to_zone = { "addInterface", on_added };
static const Question remove_from_zone = { "removeInterface", on_removed };

static int on_answer(sd_bus_message *answer, void *userdata, sd_bus_error *ret_error G_GNUC_UNUSED)
{
	const sd_bus_error *error = sd_bus_message_get_error(answer);
	Zones *zones = userdata;
	Zoned *zoned = zones->asked;
	g_autofree char *zone = g_strdup(g_hash_table_lookup(service_zones(zones->bus->service), zoned->interface));

	zones->call = sd_bus_slot_unref(zones->call);
	zones->asked = NULL;
	set_silent(zones, error && is_no_answer(error));
	if (error && is_absence(error))
		zones->runs = false;
	else if (zones->is_silent)
		zoned->in_step = false;
	else
		zones->question->on_answer(zones, zoned, zone ?: "", answer);
	add_to_do(zones, zoned);
	return 0;
}

/* --- what it is told --- */

static int ask(Zones *zones, Zoned *zoned, const Question *question, const char *zone)
{
	g_autoptr(sd_bus_message) message = NULL;
	int r;

	r = sd_bus_message_new_method_call(zones->bus->connection, &message, FIREWALLD, FIREWALLD_PATH,
					   FIREWALLD ".zone", question->member);
	if (r >= 0)
		r = sd_bus_message_set_auto_start(message, false);
	if (r >= 0 && zone)
		r = sd_bus_message_append(message, "s", zone);
	if (r >= 0)
		r = sd_bus_message_append(message, "s", zoned->interface);
	if (r >= 0)
		r = sd_bus_call_async(zones->bus->connection, &zones->call, message, on_answer, zones, ANSWER_USEC);
	if (r < 0)
		return r;
	zones->asked = zoned;
	zones->question = question;
	zoned->in_step = true;
	return 0;
}

static void drop(Zones *zones, Zoned *zoned)
{
	g_hash_table_remove(zones->interfaces, zoned->interface);
}

/*
 * A zone that is left comes first. What firewalld is about to be told is written down before, and by then it was asked:
 * who finds the note after a crash knows that the interface is there by us.
 */
static int work(Zones *zones, Zoned *zoned)
{
	Service *service = zones->bus->service;
	const char *ours = g_hash_table_lookup(service_zones(service), zoned->interface);

	if (ours && !zones->runs) {
		/* It went with firewalld. */
		service_note_zone(service, zoned->interface, NULL);
		ours = NULL;
	}
	if (ours && g_strcmp0(ours, zoned->wanted) != 0)
		return ask(zones, zoned, &remove_from_zone, ours);
	if (!zoned->wanted) {
		drop(zones, zoned);
		return 0;
	}
	if (zoned->in_step || !zones->runs)
		return 0;
	return ours ? ask(zones, zoned, &add_to_zone, ours) : ask(zones, zoned, &find_zone, NULL);
}

static int on_step(sd_event_source *source G_GNUC_UNUSED, void *userdata)
{
	Zones *zones = userdata;
	int r = 0;

	while (r >= 0 && !zones->call && !g_queue_is_empty(&zones->to_do)) {
		Zoned *zoned = g_queue_pop_head(&zones->to_do);

		zoned->is_to_do = false;
		r = work(zones, zoned);
	}
	if (r < 0)
		g_warning("firewalld cannot be told of the bridges: %s", g_strerror(-r));
	if (!zones_are_busy(zones))
		zones->on_done(zones->userdata);
	return 0;
}

static int on_again(sd_event_source *source G_GNUC_UNUSED, uint64_t usec G_GNUC_UNUSED, void *userdata)
{
	Zones *zones = userdata;

	zones->is_silent = false;
	arm(zones);
	return 0;
}

/* --- what is wanted --- */

static void want(Zones *zones, const Network *network)
{
	Zoned *zoned;

	if (*network->zone == '\0')
		return;
	zoned = find(zones, network->bridge);
	g_free(zoned->wanted);
	zoned->wanted = g_strdup(network->zone);
	zoned->in_step = false;
	add_to_do(zones, zoned);
}

void zones_network_added(Zones *zones, const Network *network)
{
	want(zones, network);
}

void zones_network_removed(Zones *zones, const Network *network)
{
	Zoned *zoned = g_hash_table_lookup(zones->interfaces, network->bridge);

	if (!zoned)
		return;
	g_clear_pointer(&zoned->wanted, g_free);
	add_to_do(zones, zoned);
}

/* --- whether it is there --- */

static void set_runs(Zones *zones, bool runs)
{
	if (zones->call) {
		/* An answer would be of one that is gone. */
		zones->call = sd_bus_slot_unref(zones->call);
		add_to_do(zones, g_steal_pointer(&zones->asked));
	}
	zones->runs = runs;
	service_set_firewalld_runs(zones->bus->service, runs);
	set_silent(zones, false);
	zones_look(zones);
}

static int on_owner_changed(sd_bus_message *message, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	const char *name, *old, *new;
	int r = sd_bus_message_read(message, "sss", &name, &old, &new);

	if (r >= 0)
		set_runs(userdata, *new != '\0');
	return r;
}

static int on_reloaded(sd_bus_message *message G_GNUC_UNUSED, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	zones_look(userdata);
	return 0;
}

static int listen_to(Zones *zones)
{
	/* While nothing may pass it takes no interfaces either. */
	static const char *const members[] = { "Reloaded", "PanicModeDisabled" };
	sd_bus *connection = zones->bus->connection;
	int r = sd_bus_add_match_async(connection, NULL,
				       "type='signal',sender='" DBUS "',path='/org/freedesktop/DBus',interface='" DBUS
				       "',member='NameOwnerChanged',arg0='" FIREWALLD "'",
				       on_owner_changed, NULL, zones);

	for (guint i = 0; r >= 0 && i < G_N_ELEMENTS(members); i++)
		r = sd_bus_match_signal_async(connection, NULL, FIREWALLD, FIREWALLD_PATH, FIREWALLD, members[i],
					      on_reloaded, NULL, zones);
	return r;
}

int zones_start(Zones *zones)
{
	const Service *service = zones->bus->service;
	g_autoptr(sd_bus_message) answer = NULL;
	GHashTableIter iter;
	gpointer interface;
	int r, runs = 0;

	for (const GList *i = service_model(service)->networks_by_age.head; i; i = i->next)
		want(zones, i->data);
	g_hash_table_iter_init(&iter, service_zones(service));
	while (g_hash_table_iter_next(&iter, &interface, NULL))
		add_to_do(zones, find(zones, interface));
	/* What is asked after we listen is true, or we hear of it. */
	r = listen_to(zones);
	if (r >= 0)
		set_runs(zones, sd_bus_call_method(zones->bus->connection, DBUS, "/org/freedesktop/DBus", DBUS,
						   "NameHasOwner", NULL, &answer, "s", FIREWALLD) >= 0 &&
					sd_bus_message_read(answer, "b", &runs) >= 0 && runs);
	return r;
}

Zones *zones_new(const Bus *bus, void (*done)(void *userdata), void *userdata)
{
	Zones *zones = g_new0(Zones, 1);

	zones->bus = bus;
	zones->on_done = done;
	zones->userdata = userdata;
	zones->interfaces = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)zoned_free);
	g_queue_init(&zones->to_do);
	if (sd_event_add_defer(bus->event, &zones->step, on_step, zones) < 0 ||
	    sd_event_source_set_enabled(zones->step, SD_EVENT_OFF) < 0 ||
	    sd_event_add_time(bus->event, &zones->again, CLOCK_MONOTONIC, 0, G_USEC_PER_SEC, on_again, zones) < 0 ||
	    sd_event_source_set_enabled(zones->again, SD_EVENT_OFF) < 0) {
		zones_free(zones);
		return NULL;
	}
	return zones;
}

void zones_free(Zones *zones)
{
	if (!zones)
		return;
	sd_bus_slot_unref(zones->call);
	sd_event_source_disable_unref(zones->step);
	sd_event_source_disable_unref(zones->again);
	g_queue_clear(&zones->to_do);
	g_hash_table_unref(zones->interfaces);
	g_free(zones);
}

/* --- when nothing is served any more --- */

static void on_done(void *userdata G_GNUC_UNUSED)
{
}

static int clear(const Bus *bus)
{
	Zones *zones = zones_new(bus, on_done, NULL);
	int r = zones ? zones_start(zones) : -ENOMEM;

	while (r >= 0 && zones_are_busy(zones))
		r = sd_event_run(bus->event, UINT64_MAX);
	zones_free(zones);
	return r;
}

void zones_clear(Service *service, sd_event *event)
{
	Bus bus = { .event = event, .service = service };
	int r;

	if (g_hash_table_size(service_zones(service)) == 0 || sd_bus_open_system(&bus.connection) < 0)
		return;
	r = sd_bus_attach_event(bus.connection, event, SD_EVENT_PRIORITY_NORMAL);
	if (r >= 0)
		r = clear(&bus);
	if (r < 0)
		g_warning("firewalld cannot be told that the bridges are gone: %s", g_strerror(-r));
	sd_bus_flush_close_unref(bus.connection);
}
