/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/server.h"

#include "dbus/call.h"
#include "dbus/log-control.h"
#include "dbus/announce.h"
#include "dbus/watch.h"

#include <errno.h>
#include <systemd/sd-daemon.h>
#include <time.h>

static bool delete_bridge(void *userdata)
{
	Server *server = userdata;
	bool more = manager_sweep_bridge(server->manager);

	if (!more)
		server_check_idle(server);
	return more;
}

static void on_settled(void *userdata)
{
	Server *server = userdata;

	signal_emit(server);
	if (service_has_pending_bridges(server->manager))
		sweeper_wake(server->sweeper);
	server_check_idle(server);
}

/* --- nothing to do --- */

static bool run_exit(void *userdata, GError **error G_GNUC_UNUSED)
{
	Server *server = userdata;

	if (service_is_idle(server->manager))
		manager_stop(server->manager);
	return true;
}

static void done_exit(void *userdata, const GError *error)
{
	Server *server = userdata;

	log_failure((void *)"Cannot take the chains away", error);
	sd_event_exit(server->event, 0);
}

static void exit_when_done(Server *server)
{
	server->stopping = false;
	queue_add(server->queue, run_exit, done_exit, server, 0);
}

static bool is_idle(const Server *server)
{
	return service_is_idle(server->manager) && queue_is_empty(server->queue) &&
	       g_hash_table_size(server->calls) == 0;
}

/* Bridges that wait are left to a successor only if there is something else for one to come for. */
static bool may_stop(const Server *server)
{
	const Manager *manager = server->manager;

	return g_hash_table_size(server->calls) == 0 && queue_is_empty(server->queue) &&
	       (service_is_idle(manager) || !service_is_empty(manager));
}

void server_check_idle(Server *server)
{
	guint seconds = service_config(server->manager)->idle_exit_sec;

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

/* What came in before the name was given up has been read by now. */
static int on_name_released(sd_bus_message *reply G_GNUC_UNUSED, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	Server *server = userdata;

	if (is_idle(server)) {
		exit_when_done(server);
		return 0;
	}
	sd_notify(false, "READY=1");
	return sd_bus_request_name(server->bus, BUS_NAME, 0);
}

static int on_idle(sd_event_source *source G_GNUC_UNUSED, uint64_t usec G_GNUC_UNUSED, void *userdata)
{
	Server *server = userdata;

	if (server->stopping) {
		exit_when_done(server);
		return 0;
	}
	if (!is_idle(server))
		return 0;
	/* Calls that come from now on start a successor. */
	sd_notify(false, "STOPPING=1");
	return sd_bus_release_name_async(server->bus, NULL, BUS_NAME, on_name_released, server);
}

static int watch_idleness(Server *server)
{
	int r = sd_event_add_time(server->event, &server->idle_source, CLOCK_MONOTONIC, 0, 0, on_idle, server);

	return r < 0 ? r : sd_event_source_set_enabled(server->idle_source, SD_EVENT_OFF);
}

/* --- the start --- */

static bool run_start(void *userdata, GError **error G_GNUC_UNUSED)
{
	Server *server = userdata;

	manager_start(server->manager);
	if (service_is_available(server->manager, NULL))
		manager_end_orphans(server->manager, server->alive);
	return true;
}

static void done_start(void *userdata, const GError *error)
{
	Server *server = userdata;

	log_failure((void *)"Cannot set up the chains", error);
	if (!error)
		manager_assert_host(server->manager);
}

static int add_objects(Server *server)
{
	int r;

	r = sd_bus_add_object_manager(server->bus, NULL, ROOT_PATH);
	if (r >= 0)
		r = manager_interface_add(server);
	if (r >= 0)
		r = network_interface_add(server);
	if (r >= 0)
		r = endpoint_interface_add(server);
	if (r >= 0)
		r = ingress_interface_add(server);
	if (r >= 0)
		r = log_control_add(server->bus);
	return r;
}

int server_start(Server *server, Manager *manager, sd_event *event, sd_bus *bus)
{
	ManagerObserver observer = signal_observer(server);
	int r;

	*server = (Server){ .manager = manager, .event = sd_event_ref(event), .bus = sd_bus_ref(bus) };
	signal_init(server);
	server->hairpin = service_config(manager)->hairpin;
	server->calls = g_hash_table_new(NULL, NULL);
	server->queue = queue_new(manager, event, on_settled, server);
	server->policy = policy_new(bus, service_config(manager)->max_pending_questions_per_uid);
	server->sweeper = sweeper_new(event, delete_bridge, server);
	if (!server->queue || !server->policy || !server->sweeper)
		return -ENOMEM;
	manager_set_observer(manager, &observer);

	r = watch_links(server);
	if (r >= 0)
		r = add_objects(server);
	if (r >= 0)
		r = watch_bus(server);
	/* Whoever leaves after this is announced to us. */
	if (r >= 0)
		r = sd_bus_list_names(bus, &server->alive, NULL);
	if (r >= 0)
		r = watch_idleness(server);
	if (r >= 0)
		r = sd_bus_attach_event(bus, event, SD_EVENT_PRIORITY_NORMAL);
	if (r < 0)
		return r;
	/* Alone, since what comes after it is written down beforehand only if the state has been written whole. */
	queue_add(server->queue, run_start, done_start, server, QUEUE_ALONE | QUEUE_PATIENT);
	return sd_bus_request_name(bus, BUS_NAME, 0);
}

/* --- the end --- */

/* For those whose call somebody still has to be asked about, and for bridges that wait to be deleted. */
#define STOP_PATIENCE_USEC (5 * G_USEC_PER_SEC)

static int on_name_given_up(sd_bus_message *reply G_GNUC_UNUSED, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	Server *server = userdata;

	server->stopping = true;
	sd_event_source_set_time_relative(server->idle_source, STOP_PATIENCE_USEC);
	sd_event_source_set_enabled(server->idle_source, SD_EVENT_ONESHOT);
	server_check_idle(server);
	return 0;
}

void server_exit(Server *server)
{
	/* Calls that come from now on start a successor, and what came before has been read when the bus answers. */
	if (sd_bus_release_name_async(server->bus, NULL, BUS_NAME, on_name_given_up, server) < 0)
		exit_when_done(server);
}

/* libsystemd's lists are malloc's. */
static void strv_free(char **list)
{
	for (char **i = list; i && *i; i++)
		free(*i);
	free(list);
}

void server_stop(Server *server)
{
	GHashTableIter iter;
	gpointer call;

	queue_free(server->queue);
	policy_free(server->policy);
	g_hash_table_iter_init(&iter, server->calls);
	while (g_hash_table_iter_next(&iter, &call, NULL)) {
		g_hash_table_iter_steal(&iter);
		call_free(call);
	}
	g_hash_table_unref(server->calls);
	link_monitor_free(server->monitor);
	signal_clear(server);
	strv_free(server->alive);
	sd_event_source_disable_unref(server->idle_source);
	sweeper_free(server->sweeper);
	sd_bus_flush_close_unref(server->bus);
	sd_event_unref(server->event);
}
