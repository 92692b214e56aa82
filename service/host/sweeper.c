/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/host/sweeper.h"

#include <time.h>

#define MAX_WAIT_USEC 200000

struct Sweeper {
	SweeperDelete delete_one;
	void *userdata;
	sd_event_source *idle, *deadline;
};

void sweeper_wake(Sweeper *sweeper)
{
	int enabled = SD_EVENT_OFF;

	sd_event_source_set_enabled(sweeper->idle, SD_EVENT_ONESHOT);
	sd_event_source_get_enabled(sweeper->deadline, &enabled);
	if (enabled != SD_EVENT_OFF)
		return;
	sd_event_source_set_time_relative(sweeper->deadline, MAX_WAIT_USEC);
	sd_event_source_set_enabled(sweeper->deadline, SD_EVENT_ONESHOT);
}

static void sweep(Sweeper *sweeper)
{
	sd_event_source_set_enabled(sweeper->idle, SD_EVENT_OFF);
	sd_event_source_set_enabled(sweeper->deadline, SD_EVENT_OFF);
	if (sweeper->delete_one(sweeper->userdata))
		sweeper_wake(sweeper);
}

static int on_idle(sd_event_source *source G_GNUC_UNUSED, void *userdata)
{
	sweep(userdata);
	return 0;
}

static int on_deadline(sd_event_source *source G_GNUC_UNUSED, uint64_t usec G_GNUC_UNUSED, void *userdata)
{
	sweep(userdata);
	return 0;
}

Sweeper *sweeper_new(sd_event *event, SweeperDelete delete_one, void *userdata)
{
	g_autoptr(Sweeper) sweeper = g_new(Sweeper, 1);

	*sweeper = (Sweeper){ .delete_one = delete_one, .userdata = userdata };
	if (sd_event_add_defer(event, &sweeper->idle, on_idle, sweeper) < 0 ||
	    sd_event_source_set_enabled(sweeper->idle, SD_EVENT_OFF) < 0 ||
	    sd_event_source_set_priority(sweeper->idle, SD_EVENT_PRIORITY_IDLE) < 0 ||
	    sd_event_add_time(event, &sweeper->deadline, CLOCK_MONOTONIC, 0, 1000, on_deadline, sweeper) < 0 ||
	    sd_event_source_set_enabled(sweeper->deadline, SD_EVENT_OFF) < 0 ||
	    sd_event_source_set_priority(sweeper->deadline, SD_EVENT_PRIORITY_IMPORTANT) < 0)
		return NULL;
	return g_steal_pointer(&sweeper);
}

void sweeper_free(Sweeper *sweeper)
{
	if (!sweeper)
		return;
	sd_event_source_disable_unref(sweeper->idle);
	sd_event_source_disable_unref(sweeper->deadline);
	g_free(sweeper);
}
