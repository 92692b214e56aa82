/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/drop-watch.h"

#include "service/foreign-drops.h"
#include "service/host/pace.h"

#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <time.h>

/* A table is loaded in several steps, and a firewall that is reloaded may close everything meanwhile. */
#define LOOK_USEC G_USEC_PER_SEC

struct DropWatch {
	const Bus *bus;
	void (*changed)(void *userdata);
	void *userdata;
	sd_event_source *heard; /* off from what is told on until that is looked at; NULL: nobody tells */
	sd_event_source *look;
	Pace pace; /* of what there was to say */
};

static uint64_t now(const DropWatch *watch)
{
	uint64_t usec;

	sd_event_now(watch->bus->event, CLOCK_MONOTONIC, &usec);
	return usec;
}

static void look_later(DropWatch *watch)
{
	sd_event_source_set_enabled(watch->heard, SD_EVENT_OFF);
	sd_event_source_set_time(watch->look, MAX((gint64)now(watch) + LOOK_USEC, pace_next(&watch->pace)));
	sd_event_source_set_enabled(watch->look, SD_EVENT_ONESHOT);
}

static void look(DropWatch *watch)
{
	if (!service_look_for_foreign_drops(watch->bus->service))
		return;
	if (pace_note(&watch->pace, now(watch)))
		g_warning("Chains that stop what is forwarded come and go: they are looked for less often from now on");
	watch->changed(watch->userdata);
}

static int on_look(sd_event_source *source G_GNUC_UNUSED, uint64_t usec G_GNUC_UNUSED, void *userdata)
{
	DropWatch *watch = userdata;

	/* What is told after this makes it look again. */
	if (service_heard_of_others(watch->bus->service))
		look(watch);
	return sd_event_source_set_enabled(watch->heard, SD_EVENT_ON);
}

static int on_heard(sd_event_source *source G_GNUC_UNUSED, int fd G_GNUC_UNUSED, uint32_t events G_GNUC_UNUSED,
		    void *userdata)
{
	look_later(userdata);
	return 0;
}

static void listen_to_others(DropWatch *watch)
{
	int fd = service_listen_to_others(watch->bus->service), r;

	if (fd < 0)
		return;
	r = sd_event_add_io(watch->bus->event, &watch->heard, fd, EPOLLIN, on_heard, watch);
	if (r < 0) {
		g_warning("Chains of others cannot be watched: %s", g_strerror(-r));
		return;
	}
	/* For what came before. */
	look(watch);
}

DropWatch *drop_watch_new(const Bus *bus, void (*changed)(void *userdata), void *userdata)
{
	DropWatch *watch = g_new(DropWatch, 1);

	*watch = (DropWatch){ .bus = bus, .changed = changed, .userdata = userdata };
	return watch;
}

static void stop_listening(DropWatch *watch)
{
	watch->heard = sd_event_source_disable_unref(watch->heard);
	sd_event_source_set_enabled(watch->look, SD_EVENT_OFF);
	service_stop_listening(watch->bus->service);
}

void drop_watch_free(DropWatch *watch)
{
	if (!watch)
		return;
	sd_event_source_disable_unref(watch->heard);
	sd_event_source_disable_unref(watch->look);
	g_free(watch);
}

int drop_watch_start(DropWatch *watch)
{
	int r = sd_event_add_time(watch->bus->event, &watch->look, CLOCK_MONOTONIC, 0, LOOK_USEC / 4, on_look, watch);

	return r < 0 ? r : sd_event_source_set_enabled(watch->look, SD_EVENT_OFF);
}

void drop_watch_on_committed(DropWatch *watch)
{
	const Service *service = watch->bus->service;
	bool wanted = service_is_available(service, NULL) && !model_is_empty(service_model(service));

	if (wanted && !watch->heard)
		listen_to_others(watch);
	else if (!wanted && watch->heard)
		stop_listening(watch);
}
