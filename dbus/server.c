/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/server.h"

#include "dbus/filter.h"
#include "dbus/interface.h"
#include "dbus/log-control.h"
#include "dbus/log.h"
#include "dbus/names.h"
#include "dbus/object-signals.h"
#include "dbus/status.h"
#include "dbus/watch.h"
#include "dbus/zones.h"
#include "service/host/sweeper.h"
#include "service/expiry.h"
#include "service/start.h"

#include <errno.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

struct Server {
	Bus bus; /* what is in it is the server's */
	Watch *watch;
	Zones *zones;
	Sweeper *sweeper;             /* of bridges */
	sd_event_source *idle_source; /* armed while nothing is held */
	sd_event_source *name_source; /* armed while we wait for our name */
	char *status;                 /* what systemd was told last */
	bool idle;                    /* ending because there is nothing to do, not because we were told to */
	bool started;                 /* the start was tried */
	bool given_up;                /* we are to end, and are not to have the name any more */
	bool stopping;                /* the bus knows; the end comes with the last answer */
};

/* --- the end --- */

/* For those whose call somebody still has to be asked about, and for bridges that wait to be deleted. */
#define STOP_TIMEOUT_USEC (5 * G_USEC_PER_SEC)

static bool run_exit(void *userdata, GError **error G_GNUC_UNUSED)
{
	Server *server = userdata;

	if (service_is_idle(server->bus.service))
		service_stop(server->bus.service);
	return true;
}

static void done_exit(void *userdata, const GError *error)
{
	Server *server = userdata;

	if (service_is_available(server->bus.service, NULL))
		log_failure("Cannot take the chains away", error);
	/* Somebody was faster than the end, and what he made is to be looked after. */
	sd_event_exit(server->bus.event, server->idle && !service_is_idle(server->bus.service) ? EXIT_AGAIN : 0);
}

static void exit_when_done(Server *server)
{
	server->stopping = false;
	queue_add(server->bus.queue, run_exit, done_exit, server, QUEUE_ALONE | QUEUE_LAST);
}

static bool is_answered(const Server *server)
{
	return calls_are_answered(server->bus.calls) && reads_are_answered(server->bus.reads) &&
	       !zones_are_busy(server->zones);
}

static bool is_idle(const Server *server)
{
	return service_is_idle(server->bus.service) && queue_is_empty(server->bus.queue) && is_answered(server);
}

/* Bridges that wait are left to the next instance only if there is something else for it to come for. */
static bool may_stop(const Server *server)
{
	const Service *service = server->bus.service;

	return is_answered(server) && queue_is_empty(server->bus.queue) &&
	       (service_is_idle(service) || !model_is_empty(service_model(service)));
}

static void check_idle(Server *server)
{
	guint seconds = service_config(server->bus.service)->idle_exit_sec;

	if (server->stopping) {
		if (may_stop(server))
			exit_when_done(server);
		return;
	}
	sd_event_source_set_enabled(server->idle_source, SD_EVENT_OFF);
	if (seconds == 0 || !is_idle(server))
		return;
	sd_event_source_set_time_relative(server->idle_source, (uint64_t)seconds * G_USEC_PER_SEC);
	sd_event_source_set_enabled(server->idle_source, SD_EVENT_ONESHOT);
}

/* What came in before has been read by now. */
static int on_name_given_up(sd_bus_message *reply G_GNUC_UNUSED, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	Server *server = userdata;

	server->stopping = true;
	sd_event_source_set_time_relative(server->idle_source, STOP_TIMEOUT_USEC);
	sd_event_source_set_enabled(server->idle_source, SD_EVENT_ONESHOT);
	check_idle(server);
	return 0;
}

/* Calls that come from now on start the next instance: there is no way back. */
static void give_up_name(Server *server)
{
	server->given_up = true;
	sd_notify(false, "STOPPING=1");
	sd_event_source_set_enabled(server->name_source, SD_EVENT_OFF);
	if (sd_bus_release_name_async(server->bus.connection, NULL, BUS_NAME, on_name_given_up, server) < 0)
		exit_when_done(server);
}

static int on_idle(sd_event_source *source G_GNUC_UNUSED, uint64_t usec G_GNUC_UNUSED, void *userdata)
{
	Server *server = userdata;

	if (server->stopping) {
		exit_when_done(server);
	} else if (is_idle(server)) {
		server->idle = true;
		give_up_name(server);
	}
	return 0;
}

static bool delete_bridge(void *userdata)
{
	Server *server = userdata;
	bool more = service_delete_leftover(server->bus.service);

	if (!more)
		check_idle(server);
	return more;
}

static void on_committed_batch(void *userdata)
{
	Server *server = userdata;

	announcer_emit(server->bus.announcer);
	watch_on_committed(server->watch);
	status_tell(&server->status, server->bus.service);
	if (service_has_leftovers(server->bus.service))
		sweeper_wake(server->sweeper);
	heap_touch(server->bus.heap);
	check_idle(server);
}

static void on_answered(void *userdata)
{
	Server *server = userdata;

	heap_touch(server->bus.heap);
	check_idle(server);
}

static void on_drops_changed(void *userdata)
{
	Server *server = userdata;

	announcer_emit(server->bus.announcer);
	status_tell(&server->status, server->bus.service);
}

static void on_zones_done(void *userdata)
{
	check_idle(userdata);
}

/* --- what the service tells --- */

static void on_added(enum object_kind kind, void *object, void *userdata)
{
	Server *server = userdata;

	announcer_added(server->bus.announcer, kind, object);
	if (kind == OBJECT_NETWORK)
		zones_network_added(server->zones, object);
}

static void on_removed(enum object_kind kind, void *object, void *userdata)
{
	Server *server = userdata;

	announcer_removed(server->bus.announcer, kind, object);
	if (kind == OBJECT_NETWORK)
		zones_network_removed(server->zones, object);
}

static void on_changed(enum object_kind kind, void *object, const char *property, void *userdata)
{
	announcer_changed(((Server *)userdata)->bus.announcer, kind, object, property);
}

static void on_committed(guint64 generation, guint added, guint removed, const GPtrArray *drifted, const char *author,
			 const GPtrArray *repaired, void *userdata)
{
	Server *server = userdata;

	announcer_committed(server->bus.announcer, generation, added, removed, drifted, author, repaired);
	watch_drifted(server->watch, drifted);
}

static void on_zones_doubted(void *userdata)
{
	zones_look(((Server *)userdata)->zones);
}

static void on_expired(void *userdata)
{
	watch_lifetimes_ended(((Server *)userdata)->watch);
}

/* --- the start --- */

#define NAME_TIMEOUT_USEC (10 * G_USEC_PER_SEC)

static int on_name_acquired(sd_bus_message *message, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	Server *server = userdata;
	int enabled = SD_EVENT_OFF;
	const char *name;

	sd_event_source_get_enabled(server->name_source, &enabled);
	if (enabled == SD_EVENT_OFF || sd_bus_message_read(message, "s", &name) < 0 || strcmp(name, BUS_NAME) != 0)
		return 0;
	sd_event_source_set_enabled(server->name_source, SD_EVENT_OFF);
	sd_notify(false, "READY=1");
	return 0;
}

static int on_name_timeout(sd_event_source *source G_GNUC_UNUSED, uint64_t usec G_GNUC_UNUSED, void *userdata)
{
	const Server *server = userdata;

	g_critical("Cannot serve " BUS_NAME ": the name is another's");
	return sd_event_exit(server->bus.event, -EEXIST);
}

static int add_objects(const Bus *bus)
{
	int r;

	r = filter_add(bus);
	if (r >= 0)
		r = sd_bus_add_object_manager(bus->connection, NULL, ROOT_PATH);
	if (r >= 0)
		r = manager_interface_add(bus);
	if (r >= 0)
		r = network_interface_add(bus);
	if (r >= 0)
		r = endpoint_interface_add(bus);
	if (r >= 0)
		r = ingress_interface_add(bus);
	if (r >= 0)
		r = log_control_add(bus->connection);
	return r;
}

Server *server_new(Service *service, sd_event *event, sd_bus *connection)
{
	g_autoptr(Server) server = g_new0(Server, 1);
	Bus *bus = &server->bus;

	bus->event = sd_event_ref(event);
	bus->connection = sd_bus_ref(connection);
	bus->service = service;
	bus->policy = policy_new(connection, service_config(service)->max_pending_questions_per_uid);
	bus->queue = queue_new(service, event, on_committed_batch, server);
	bus->reads = reads_new(connection, event, bus->policy, on_answered, server);
	bus->calls = calls_new(service, bus->policy, bus->queue, bus->reads, on_answered, server);
	bus->announcer = announcer_new(connection, service, &object_signals, bus);
	bus->rule_reads = rule_reads_new(service, bus->announcer, event);
	server->watch = watch_new(bus, on_drops_changed, server);
	server->zones = zones_new(bus, on_zones_done, server);
	bus->heap = heap_new(event, connection);
	server->sweeper = sweeper_new(event, delete_bridge, server);
	if (!bus->queue || !bus->reads || !bus->rule_reads || !server->zones || !bus->heap || !server->sweeper ||
	    sd_event_add_time(event, &server->idle_source, CLOCK_MONOTONIC, 0, 0, on_idle, server) < 0 ||
	    sd_event_source_set_enabled(server->idle_source, SD_EVENT_OFF) < 0 ||
	    sd_event_add_time(event, &server->name_source, CLOCK_MONOTONIC, 0, 0, on_name_timeout, server) < 0 ||
	    sd_event_source_set_enabled(server->name_source, SD_EVENT_OFF) < 0)
		return NULL;
	service_set_observer(service, &(Observer){ on_added, on_removed, on_changed, on_committed, on_zones_doubted,
						   on_expired, server });
	return g_steal_pointer(&server);
}

/* A previous instance that was killed has the name until the bus has noticed. */
static int request_name(Server *server)
{
	const Bus *bus = &server->bus;
	int r;

	r = sd_event_source_set_time_relative(server->name_source, NAME_TIMEOUT_USEC);
	if (r >= 0)
		r = sd_event_source_set_enabled(server->name_source, SD_EVENT_ONESHOT);
	if (r >= 0)
		r = sd_bus_match_signal_async(bus->connection, NULL, "org.freedesktop.DBus", "/org/freedesktop/DBus",
					      "org.freedesktop.DBus", "NameAcquired", on_name_acquired, NULL, server);
	return r < 0 ? r : sd_bus_request_name(bus->connection, BUS_NAME, SD_BUS_NAME_QUEUE);
}

static bool run_start(void *userdata, GError **error G_GNUC_UNUSED)
{
	Server *server = userdata;

	server->started = true;
	service_start(server->bus.service);
	return true;
}

/* Whoever sees the name finds the rules there; what the start met, the service has said. */
static void done_start(void *userdata, const GError *error)
{
	Server *server = userdata;
	int r;

	if (!server->started) {
		service_put_off_start(server->bus.service, error);
		status_tell(&server->status, server->bus.service);
	}
	if (server->given_up)
		return;
	r = request_name(server);
	if (r < 0) {
		g_critical("Cannot serve " BUS_NAME ": %s", g_strerror(-r));
		sd_event_exit(server->bus.event, r);
	}
}

int server_start(Server *server)
{
	const Bus *bus = &server->bus;
	int r;

	r = add_objects(bus);
	if (r >= 0)
		r = watch_start(server->watch);
	if (r >= 0)
		r = zones_start(server->zones);
	if (r >= 0)
		r = sd_bus_attach_event(bus->connection, bus->event, SD_EVENT_PRIORITY_NORMAL);
	if (r < 0)
		return r;
	/* Alone, since the journal starts with it. */
	queue_add(bus->queue, run_start, done_start, server, QUEUE_ALONE | QUEUE_NO_TIMEOUT);
	return watch_end_orphans(server->watch);
}

void server_exit(Server *server)
{
	server->idle = false;
	give_up_name(server);
}

void server_free(Server *server)
{
	Bus *bus;

	if (!server)
		return;
	bus = &server->bus;
	queue_free(bus->queue);
	policy_free(bus->policy);
	calls_free(bus->calls);
	reads_free(bus->reads);
	rule_reads_free(bus->rule_reads);
	watch_free(server->watch);
	zones_free(server->zones);
	heap_free(server->bus.heap);
	announcer_free(bus->announcer);
	sweeper_free(server->sweeper);
	sd_event_source_disable_unref(server->idle_source);
	sd_event_source_disable_unref(server->name_source);
	sd_bus_flush_close_unref(bus->connection);
	sd_event_unref(bus->event);
	g_free(server->status);
	g_free(server);
}
