/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/rule-watch.h"

#include "dbus/log.h"
#include "service/commit.h"
#include "service/host/pace.h"

#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <time.h>

struct RuleWatch {
	const Bus *bus;
	HostWatch *host;
	sd_event_source *heard;
	sd_event_source *due; /* when to compare, while it is on */
	Pace pace;
	bool is_mending;        /* it is in the queue */
	sd_event_source *check; /* whether they were changed, where the backend is not told and objects are there */
	guint check_sec;        /* its interval; 0: off */
};

static uint64_t now(const RuleWatch *watch)
{
	uint64_t usec;

	sd_event_now(watch->bus->event, CLOCK_MONOTONIC, &usec);
	return usec;
}

static void check_later(RuleWatch *watch)
{
	sd_event_source_set_time_relative(watch->check, watch->check_sec * G_USEC_PER_SEC);
	sd_event_source_set_enabled(watch->check, watch->check_sec ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static bool run_mend(void *userdata, GError **error)
{
	const RuleWatch *watch = userdata;
	guint repaired;

	return service_reconcile(watch->bus->service, &repaired, error);
}

/* While nothing can be changed why was said; the start compares everything. */
static void done_mend(void *userdata, const GError *error)
{
	RuleWatch *watch = userdata;

	watch->is_mending = false;
	check_later(watch);
	if (error && service_is_available(watch->bus->service, NULL))
		log_failure("Cannot put right what somebody else changed about the rules", error);
}

static void mend(RuleWatch *watch)
{
	watch->is_mending = true;
	queue_add(watch->bus->queue, run_mend, done_mend, watch, QUEUE_ALONE | QUEUE_NO_TIMEOUT);
}

static int on_check(sd_event_source *source G_GNUC_UNUSED, uint64_t usec G_GNUC_UNUSED, void *userdata)
{
	RuleWatch *watch = userdata;

	if (service_rules_changed(watch->bus->service)) {
		mend(watch);
		return 0;
	}
	check_later(watch);
	host_watch_check(watch->host);
	return 0;
}

static int on_due(sd_event_source *source G_GNUC_UNUSED, uint64_t usec G_GNUC_UNUSED, void *userdata)
{
	RuleWatch *watch = userdata;

	if (watch->is_mending)
		return 0;
	if (pace_note(&watch->pace, now(watch)))
		g_warning("Somebody else keeps changing the rules, which are put right less often from now on");
	mend(watch);
	return 0;
}

static int on_heard(sd_event_source *source G_GNUC_UNUSED, int fd G_GNUC_UNUSED, uint32_t events G_GNUC_UNUSED,
		    void *userdata)
{
	RuleWatch *watch = userdata;

	if (!service_heard_of_rules(watch->bus->service))
		return 0;
	sd_event_source_set_time(watch->due, MAX(pace_next(&watch->pace), 0));
	return sd_event_source_set_enabled(watch->due, SD_EVENT_ONESHOT);
}

RuleWatch *rule_watch_new(const Bus *bus, HostWatch *host)
{
	RuleWatch *watch = g_new(RuleWatch, 1);

	*watch = (RuleWatch){ .bus = bus, .host = host };
	return watch;
}

void rule_watch_free(RuleWatch *watch)
{
	if (!watch)
		return;
	sd_event_source_disable_unref(watch->heard);
	sd_event_source_disable_unref(watch->due);
	sd_event_source_disable_unref(watch->check);
	g_free(watch);
}

/* Before changes are possible the backend may become another. */
static int listen_to_backend(RuleWatch *watch)
{
	int fd, r;

	if (watch->heard || !service_is_available(watch->bus->service, NULL))
		return 0;
	fd = service_rules_fd(watch->bus->service);
	if (fd < 0)
		return 0;
	r = sd_event_add_time(watch->bus->event, &watch->due, CLOCK_MONOTONIC, 0, 1000, on_due, watch);
	if (r >= 0)
		r = sd_event_source_set_enabled(watch->due, SD_EVENT_OFF);
	return r < 0 ? r : sd_event_add_io(watch->bus->event, &watch->heard, fd, EPOLLIN, on_heard, watch);
}

int rule_watch_start(RuleWatch *watch)
{
	/* Together with what else wakes the machine. */
	int r = sd_event_add_time(watch->bus->event, &watch->check, CLOCK_MONOTONIC, 0, G_USEC_PER_SEC / 2, on_check,
				  watch);

	return r < 0 ? r : sd_event_source_set_enabled(watch->check, SD_EVENT_OFF);
}

void rule_watch_settled(RuleWatch *watch)
{
	guint sec = service_check_interval(watch->bus->service);
	int r = listen_to_backend(watch);

	if (r < 0)
		g_warning("The rules cannot be watched: %s", g_strerror(-r));
	if (sec == watch->check_sec)
		return;
	watch->check_sec = sec;
	check_later(watch);
}
