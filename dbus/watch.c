/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/watch.h"

#include "dbus/call.h"

#include <errno.h>
#include <sys/epoll.h>

void log_failure(void *userdata, const GError *error)
{
	if (error)
		g_warning("%s: %s", (const char *)userdata, error->message);
}

typedef struct Departure {
	Server *server;
	char *name;
} Departure;

static bool run_departure(void *userdata, GError **error G_GNUC_UNUSED)
{
	Departure *departure = userdata;

	manager_owner_left(departure->server->manager, departure->name);
	return true;
}

static void done_departure(void *userdata, const GError *error)
{
	Departure *departure = userdata;

	if (error)
		g_warning("Cannot clean up after %s: %s", departure->name, error->message);
	g_free(departure->name);
	g_free(departure);
}

static int on_name_owner_changed(sd_bus_message *message, void *userdata, sd_bus_error *error G_GNUC_UNUSED)
{
	Server *server = userdata;
	const char *name, *old, *new;
	Departure *departure;
	int r;

	r = sd_bus_message_read(message, "sss", &name, &old, &new);
	if (r < 0 || name[0] != ':' || *new)
		return r;
	call_sender_left(server, name);
	policy_sender_left(server->policy, name);
	if (!service_owns(server->manager, name))
		return 0;
	departure = g_new(Departure, 1);
	*departure = (Departure){ server, g_strdup(name) };
	queue_add(server->queue, run_departure, done_departure, departure, QUEUE_PATIENT);
	return 0;
}

static bool run_end_lifetimes(void *userdata, GError **error G_GNUC_UNUSED)
{
	Server *server = userdata;

	manager_end_lifetimes(server->manager);
	return true;
}

static void done_end_lifetimes(void *userdata G_GNUC_UNUSED, const GError *error)
{
	log_failure((void *)"Cannot delete what has outlived its time", error);
}

void server_end_lifetimes(Server *server)
{
	queue_add(server->queue, run_end_lifetimes, done_end_lifetimes, server, QUEUE_PATIENT);
}

static bool run_reconcile(void *userdata, GError **error)
{
	Server *server = userdata;
	guint repaired;

	return manager_reconcile(server->manager, &repaired, error);
}

static void done_reconcile(void *userdata G_GNUC_UNUSED, const GError *error)
{
	log_failure((void *)"Cannot mend the rules after firewalld's reload", error);
}

static int on_firewalld_reloaded(sd_bus_message *message G_GNUC_UNUSED, void *userdata,
				 sd_bus_error *error G_GNUC_UNUSED)
{
	Server *server = userdata;

	queue_add(server->queue, run_reconcile, done_reconcile, server, QUEUE_ALONE | QUEUE_PATIENT);
	return 0;
}

static void on_vanished(const char *name, void *userdata)
{
	Server *server = userdata;

	manager_link_vanished(server->manager, name);
}

static int on_link(sd_event_source *source G_GNUC_UNUSED, int fd G_GNUC_UNUSED, uint32_t events G_GNUC_UNUSED,
		   void *userdata)
{
	Server *server = userdata;

	link_monitor_dispatch(server->monitor);
	return 0;
}

int watch_links(Server *server)
{
	g_autoptr(GError) error = NULL;

	server->monitor = link_monitor_new(on_vanished, server, &error);
	if (!server->monitor) {
		g_critical("%s", error->message);
		return -EIO;
	}
	return sd_event_add_io(server->event, NULL, link_monitor_fd(server->monitor), EPOLLIN, on_link, server);
}

int watch_bus(Server *server)
{
	int r;

	/* One match for all who leave; a match each would run into the bus daemon's limit. */
	r = sd_bus_add_match_async(server->bus, NULL,
				   "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
				   "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg2=''",
				   on_name_owner_changed, NULL, server);
	if (r >= 0)
		r = sd_bus_match_signal_async(server->bus, NULL, "org.fedoraproject.FirewallD1",
					      "/org/fedoraproject/FirewallD1", "org.fedoraproject.FirewallD1",
					      "Reloaded", on_firewalld_reloaded, NULL, server);
	return r;
}
