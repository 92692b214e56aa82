/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/host-watch.h"

#include "dbus/log.h"
#include "service/expiry.h"
#include "service/host-log.h"
#include "service/netlink/monitor.h"
#include "service/netlink/setting-monitor.h"
#include "service/units.h"

#include <errno.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <time.h>

/* The kernel tells of one change by several messages, and of our own too: they are looked at together. */
#define LOOK_USEC 10000
#define LOOK_AGAIN_USEC (60 * G_USEC_PER_SEC)

struct HostWatch {
	const Bus *bus;
	InterfaceMonitor *interfaces;
	SettingMonitor *settings;
	sd_event_source *interface_source, *setting_source;
	sd_event_source *look; /* whether something is to be put right */
	uint64_t look_usec;    /* when, while that is on */
	bool is_mending;       /* it is in the queue */
};

static uint64_t now(const HostWatch *watch)
{
	uint64_t usec;

	sd_event_now(watch->bus->event, CLOCK_MONOTONIC, &usec);
	return usec;
}

static void look_at(HostWatch *watch, uint64_t usec)
{
	int enabled = SD_EVENT_OFF;

	sd_event_source_get_enabled(watch->look, &enabled);
	if (enabled != SD_EVENT_OFF && watch->look_usec <= usec)
		return;
	watch->look_usec = usec;
	sd_event_source_set_time(watch->look, usec);
	sd_event_source_set_enabled(watch->look, SD_EVENT_ONESHOT);
}

static void look_soon(HostWatch *watch)
{
	look_at(watch, now(watch) + LOOK_USEC);
}

/* --- putting right --- */

static bool run_mend(void *userdata, GError **error)
{
	const HostWatch *watch = userdata;

	if (!service_is_available(watch->bus->service, error))
		return false;
	service_mend_host(watch->bus->service, now(watch));
	return true;
}

static void done_mend(void *userdata, const GError *error)
{
	HostWatch *watch = userdata;

	watch->is_mending = false;
	if (!error) {
		look_soon(watch);
		return;
	}
	look_at(watch, now(watch) + LOOK_AGAIN_USEC);
	/* The start looks at everything. */
	if (service_is_available(watch->bus->service, NULL))
		log_failure("Cannot put right what somebody else changed about the host", error);
}

static int on_look(sd_event_source *source G_GNUC_UNUSED, uint64_t usec G_GNUC_UNUSED, void *userdata)
{
	HostWatch *watch = userdata;
	gint64 due;

	if (watch->is_mending || !service_is_available(watch->bus->service, NULL))
		return 0;
	due = service_find_faults(watch->bus->service, now(watch));
	if (due > (gint64)now(watch)) {
		look_at(watch, due);
	} else if (due) {
		watch->is_mending = true;
		queue_add(watch->bus->queue, run_mend, done_mend, watch, QUEUE_NO_TIMEOUT);
	}
	return 0;
}

/* --- what waits for an interface --- */

static bool run_load_units(void *userdata, GError **error)
{
	const HostWatch *watch = userdata;

	if (!service_is_available(watch->bus->service, error))
		return false;
	service_load_units(watch->bus->service);
	return true;
}

static void done_load_units(void *userdata, const GError *error)
{
	const HostWatch *watch = userdata;

	if (service_is_available(watch->bus->service, NULL))
		log_failure("Cannot read the unit files for an interface that came", error);
}

/* --- what the kernel tells --- */

static void on_interface(int ifindex, const char *name, bool gone, void *userdata)
{
	HostWatch *watch = userdata;

	service_look_at_interface(watch->bus->service, ifindex, name, gone);
	if (!gone && service_awaits_interface(watch->bus->service, name))
		queue_add(watch->bus->queue, run_load_units, done_load_units, watch, QUEUE_ALONE | QUEUE_NO_TIMEOUT);
	look_soon(watch);
}

static void on_interface_touched(int ifindex, void *userdata)
{
	HostWatch *watch = userdata;

	service_touch_interface(watch->bus->service, ifindex);
	look_soon(watch);
}

static void on_host_touched(void *userdata)
{
	HostWatch *watch = userdata;

	service_touch_forwarding(watch->bus->service);
	look_soon(watch);
}

static void on_address_gone(const Address *address, void *userdata)
{
	const HostWatch *watch = userdata;

	service_address_gone(watch->bus->service, address);
}

static int on_interfaces(sd_event_source *source G_GNUC_UNUSED, int fd G_GNUC_UNUSED, uint32_t events G_GNUC_UNUSED,
			 void *userdata)
{
	HostWatch *watch = userdata;

	interface_monitor_dispatch(watch->interfaces);
	announcer_emit(watch->bus->announcer);
	return 0;
}

static int on_settings(sd_event_source *source G_GNUC_UNUSED, int fd G_GNUC_UNUSED, uint32_t events G_GNUC_UNUSED,
		       void *userdata)
{
	HostWatch *watch = userdata;

	setting_monitor_dispatch(watch->settings);
	return 0;
}

static int watch_interfaces(HostWatch *watch)
{
	g_autoptr(GError) error = NULL;

	watch->interfaces = interface_monitor_new(on_interface, on_interface_touched, watch, &error);
	if (!watch->interfaces) {
		g_critical("%s", error->message);
		return -EIO;
	}
	return sd_event_add_io(watch->bus->event, &watch->interface_source, interface_monitor_fd(watch->interfaces),
			       EPOLLIN, on_interfaces, watch);
}

static int watch_settings(HostWatch *watch)
{
	g_autoptr(GError) error = NULL;

	watch->settings = setting_monitor_new(
		&(SettingMonitorCallbacks){ on_interface_touched, on_host_touched, on_address_gone }, watch, &error);
	if (!watch->settings) {
		g_critical("%s", error->message);
		return -EIO;
	}
	return sd_event_add_io(watch->bus->event, &watch->setting_source, setting_monitor_fd(watch->settings), EPOLLIN,
			       on_settings, watch);
}

void host_watch_check(HostWatch *watch)
{
	service_touch_untold(watch->bus->service);
	look_soon(watch);
}

void host_watch_on_committed(HostWatch *watch)
{
	gint64 due = service_ports_due(watch->bus->service);

	if (due)
		look_at(watch, due);
}

void host_watch_route_gone(HostWatch *watch, const Prefix *destination, int ifindex)
{
	if (service_touch_routes(watch->bus->service, destination, ifindex))
		look_soon(watch);
}

HostWatch *host_watch_new(const Bus *bus)
{
	HostWatch *watch = g_new(HostWatch, 1);

	*watch = (HostWatch){ .bus = bus };
	return watch;
}

void host_watch_free(HostWatch *watch)
{
	if (!watch)
		return;
	sd_event_source_disable_unref(watch->look);
	sd_event_source_disable_unref(watch->interface_source);
	sd_event_source_disable_unref(watch->setting_source);
	interface_monitor_free(watch->interfaces);
	setting_monitor_free(watch->settings);
	g_free(watch);
}

int host_watch_start(HostWatch *watch)
{
	int r = sd_event_add_time(watch->bus->event, &watch->look, CLOCK_MONOTONIC, 0, 1000, on_look, watch);

	if (r >= 0)
		r = sd_event_source_set_enabled(watch->look, SD_EVENT_OFF);
	if (r >= 0)
		r = watch_interfaces(watch);
	return r < 0 ? r : watch_settings(watch);
}
