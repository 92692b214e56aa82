/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/watch.h"

#include "dbus/clean-up.h"
#include "dbus/drop-watch.h"
#include "dbus/host-watch.h"
#include "dbus/log.h"
#include "dbus/rule-watch.h"
#include "service/commit.h"
#include "service/expiry.h"
#include "service/host-log.h"
#include "service/netlink/route-monitor.h"

#include <errno.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <time.h>

struct Watch {
	const Bus *bus;
	HostWatch *host;
	RuleWatch *rules;
	CleanUp *clean_up;
	DropWatch *drops;
	RouteMonitor *routes;
	sd_event_source *route_source;
	sd_event_source *names_time; /* when to look who is on the bus */
};

static void end_owner(const Watch *watch, const char *name)
{
	const Bus *bus = watch->bus;

	calls_sender_left(bus->calls, name);
	reads_sender_left(bus->reads, name);
	policy_sender_left(bus->policy, name);
	clean_up_owner(watch->clean_up, name);
}

static int on_name_owner_changed(sd_bus_message *message, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	Watch *watch = userdata;
	const char *name, *old, *new;
	int r;

	r = sd_bus_message_read(message, "sss", &name, &old, &new);
	if (r < 0 || name[0] != ':' || *new)
		return r;
	end_owner(watch, name);
	return 0;
}

/*
 * What comes for one that does not read as fast, the bus keeps up to a limit, and drops the rest: that somebody has
 * left, too. So some time after we have read something, we ask who is there.
 */

#define NAMES_USEC (5 * G_USEC_PER_SEC)

static void ask_for_names_later(Watch *watch)
{
	int enabled = SD_EVENT_OFF;

	sd_event_source_get_enabled(watch->names_time, &enabled);
	if (enabled != SD_EVENT_OFF)
		return;
	sd_event_source_set_time_relative(watch->names_time, NAMES_USEC);
	sd_event_source_set_enabled(watch->names_time, SD_EVENT_ONESHOT);
}

/* What the bus itself says, and answers, is no reason to ask again. */
static int on_message(sd_bus_message *message, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	if (g_strcmp0(sd_bus_message_get_sender(message), "org.freedesktop.DBus") != 0)
		ask_for_names_later(userdata);
	return 0;
}

/* Whose call was read before this answer was on the bus when it was made, or had left. */
static int on_names(sd_bus_message *answer, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	g_autoptr(GHashTable) alive = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) departed = NULL;
	Watch *watch = userdata;
	const char *name;

	if (sd_bus_message_is_method_error(answer, NULL) ||
	    sd_bus_message_enter_container(answer, SD_BUS_TYPE_ARRAY, "s") < 0) {
		ask_for_names_later(watch);
		return 0;
	}
	while (sd_bus_message_read_basic(answer, SD_BUS_TYPE_STRING, &name) > 0)
		g_hash_table_add(alive, (char *)name);
	departed = service_find_departed(watch->bus->service, alive);
	for (guint i = 0; i < departed->len; i++)
		end_owner(watch, departed->pdata[i]);
	return 0;
}

/* What waits may yet become somebody's. */
static int on_names_time(sd_event_source *source G_GNUC_UNUSED, uint64_t usec G_GNUC_UNUSED, void *userdata)
{
	g_autoptr(GHashTable) nobody = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) owners = NULL;
	Watch *watch = userdata;
	const Bus *bus = watch->bus;

	owners = service_find_departed(bus->service, nobody);
	if (!queue_is_empty(bus->queue))
		ask_for_names_later(watch);
	else if (owners->len > 0 && service_is_available(bus->service, NULL) &&
		 sd_bus_call_method_async(bus->connection, NULL, "org.freedesktop.DBus", "/org/freedesktop/DBus",
					  "org.freedesktop.DBus", "ListNames", on_names, watch, NULL) < 0)
		ask_for_names_later(watch);
	return 0;
}

void watch_on_committed(Watch *watch)
{
	rule_watch_on_committed(watch->rules);
	host_watch_on_committed(watch->host);
	clean_up_on_committed(watch->clean_up);
	drop_watch_on_committed(watch->drops);
}

void watch_drifted(Watch *watch, const GPtrArray *drifted)
{
	rule_watch_drifted(watch->rules, drifted);
}

void watch_lifetimes_ended(Watch *watch)
{
	clean_up_expired(watch->clean_up);
}

static bool run_reconcile(void *userdata, GError **error)
{
	Watch *watch = userdata;
	guint repaired;

	return service_reconcile(watch->bus->service, &repaired, error);
}

static void done_reconcile(void *userdata G_GNUC_UNUSED, const GError *error)
{
	log_failure("Cannot mend the rules after firewalld's reload", error);
}

static int on_firewalld_reloaded(sd_bus_message *message G_GNUC_UNUSED, void *userdata,
				 sd_bus_error *error G_GNUC_UNUSED)
{
	Watch *watch = userdata;

	queue_add(watch->bus->queue, run_reconcile, done_reconcile, watch, QUEUE_ALONE | QUEUE_NO_TIMEOUT);
	return 0;
}

static void on_route_appeared(const Prefix *destination, int ifindex, void *userdata)
{
	Watch *watch = userdata;

	service_route_appeared(watch->bus->service, destination, ifindex);
}

static void on_route_gone(const Prefix *destination, int ifindex, void *userdata)
{
	const Watch *watch = userdata;

	host_watch_route_gone(watch->host, destination, ifindex);
}

static int on_route(sd_event_source *source G_GNUC_UNUSED, int fd G_GNUC_UNUSED, uint32_t events G_GNUC_UNUSED,
		    void *userdata)
{
	Watch *watch = userdata;

	route_monitor_dispatch(watch->routes);
	return 0;
}

/* The service goes on without them. */
static int watch_routes(Watch *watch)
{
	g_autoptr(GError) error = NULL;
	int r;

	watch->routes = route_monitor_new(&(RouteMonitorCallbacks){ on_route_appeared, on_route_gone }, watch, &error);
	if (!watch->routes) {
		g_warning("%s", error->message);
		return 0;
	}
	r = sd_event_add_io(watch->bus->event, &watch->route_source, route_monitor_fd(watch->routes), EPOLLIN, on_route,
			    watch);
	/* Whoever changes the routes of the host by the thousand keeps no caller waiting. */
	return r < 0 ? r : sd_event_source_set_priority(watch->route_source, SD_EVENT_PRIORITY_IDLE);
}

static int watch_names(Watch *watch)
{
	int r = sd_event_add_time(watch->bus->event, &watch->names_time, CLOCK_MONOTONIC, 0, 0, on_names_time, watch);

	if (r >= 0)
		r = sd_event_source_set_enabled(watch->names_time, SD_EVENT_OFF);
	return r < 0 ? r : sd_bus_add_filter(watch->bus->connection, NULL, on_message, watch);
}

static int watch_bus(Watch *watch)
{
	int r;

	/* One match for all who leave; a match each would run into the bus daemon's limit. */
	r = sd_bus_add_match_async(watch->bus->connection, NULL,
				   "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
				   "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg2=''",
				   on_name_owner_changed, NULL, watch);
	if (r >= 0)
		r = sd_bus_match_signal_async(watch->bus->connection, NULL, "org.fedoraproject.FirewallD1",
					      "/org/fedoraproject/FirewallD1", "org.fedoraproject.FirewallD1",
					      "Reloaded", on_firewalld_reloaded, NULL, watch);
	return r;
}

Watch *watch_new(const Bus *bus, void (*drops_changed)(void *userdata), void *userdata)
{
	Watch *watch = g_new(Watch, 1);

	*watch = (Watch){
		.bus = bus,
		.clean_up = clean_up_new(bus),
		.drops = drop_watch_new(bus, drops_changed, userdata),
	};
	return watch;
}

void watch_free(Watch *watch)
{
	if (!watch)
		return;
	host_watch_free(watch->host);
	rule_watch_free(watch->rules);
	clean_up_free(watch->clean_up);
	drop_watch_free(watch->drops);
	sd_event_source_disable_unref(watch->route_source);
	route_monitor_free(watch->routes);
	sd_event_source_disable_unref(watch->names_time);
	g_free(watch);
}

int watch_start(Watch *watch)
{
	int r;

	watch->host = host_watch_new(watch->bus);
	watch->rules = rule_watch_new(watch->bus, watch->host);
	r = host_watch_start(watch->host);
	if (r >= 0)
		r = clean_up_start(watch->clean_up);
	if (r >= 0)
		r = rule_watch_start(watch->rules);
	if (r >= 0)
		r = drop_watch_start(watch->drops);
	if (r >= 0)
		r = watch_routes(watch);
	if (r >= 0)
		r = watch_bus(watch);
	if (r >= 0)
		r = watch_names(watch);
	return r;
}

/* Whoever leaves after this is announced to us. */
int watch_end_orphans(Watch *watch)
{
	g_autoptr(GHashTable) alive = g_hash_table_new_full(g_str_hash, g_str_equal, free, NULL); /* libsystemd's */
	char **names = NULL;
	int r;

	r = sd_bus_list_names(watch->bus->connection, &names, NULL);
	if (r < 0)
		return r;
	for (char **name = names; *name; name++)
		g_hash_table_add(alive, *name);
	free(names);
	service_expire_orphans(watch->bus->service, alive);
	clean_up_expired(watch->clean_up);
	return 0;
}
