/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/clean-up.h"

#include "dbus/log.h"
#include "service/expiry.h"

#include <systemd/sd-event.h>
#include <time.h>

#define MIN_WAIT_USEC G_USEC_PER_SEC
#define MAX_WAIT_USEC (60 * G_USEC_PER_SEC)

struct CleanUp {
	const Bus *bus;
	/* What could not be deleted yet. */
	GHashTable *departed; /* set of unique names */
	bool has_expired;
	bool is_told;         /* what keeps them */
	bool is_queued;       /* what has expired is to be deleted */
	bool waits_for_start; /* nothing could be changed at all */
	sd_event_source *retry;
	uint64_t wait; /* how long the last was, µs; 0: nothing has failed */
	guint n_tries;
};

typedef struct Departure {
	CleanUp *clean_up;
	char *name;
	bool is_told;
} Departure;

static void retry_later(CleanUp *clean_up)
{
	int enabled = SD_EVENT_OFF;

	if (!service_is_available(clean_up->bus->service, NULL))
		clean_up->waits_for_start = true;
	sd_event_source_get_enabled(clean_up->retry, &enabled);
	if (enabled != SD_EVENT_OFF || model_is_empty(service_model(clean_up->bus->service)))
		return;
	clean_up->wait = CLAMP(2 * clean_up->wait, MIN_WAIT_USEC, MAX_WAIT_USEC);
	sd_event_source_set_time_relative(clean_up->retry, clean_up->wait);
	sd_event_source_set_enabled(clean_up->retry, SD_EVENT_ONESHOT);
}

static void stop_if_done(CleanUp *clean_up)
{
	if (clean_up->has_expired || g_hash_table_size(clean_up->departed) > 0)
		return;
	clean_up->wait = 0;
	clean_up->waits_for_start = false;
	sd_event_source_set_enabled(clean_up->retry, SD_EVENT_OFF);
}

/* --- connections --- */

static void delete_departed(CleanUp *clean_up, char *name, bool is_told);

static bool run_departure(void *userdata, GError **error G_GNUC_UNUSED)
{
	Departure *departure = userdata;

	service_end_owner(departure->clean_up->bus->service, departure->name);
	return true;
}

/* Deletes the objects of every owner that has left: owners mostly leave together. */
static void delete_all_departed(CleanUp *clean_up)
{
	g_autofree char **names = (char **)g_hash_table_get_keys_as_array(clean_up->departed, NULL);

	g_hash_table_steal_all(clean_up->departed);
	for (char **name = names; *name; name++)
		delete_departed(clean_up, *name, true);
}

static void done_departure(void *userdata, const GError *error)
{
	Departure *departure = userdata;
	CleanUp *clean_up = departure->clean_up;

	if (error && !departure->is_told)
		g_warning("Cannot clean up after %s, will try again: %s", departure->name, error->message);
	if (error) {
		g_hash_table_add(clean_up->departed, g_steal_pointer(&departure->name));
		retry_later(clean_up);
	} else if (departure->is_told) {
		delete_all_departed(clean_up);
		stop_if_done(clean_up);
	}
	g_free(departure->name);
	g_free(departure);
}

static void delete_departed(CleanUp *clean_up, char *name, bool is_told)
{
	Departure *departure = g_new(Departure, 1);

	*departure = (Departure){ clean_up, name, is_told };
	queue_add(clean_up->bus->queue, run_departure, done_departure, departure, QUEUE_NO_TIMEOUT);
}

/* One at a time, another each time: they may be many, and what kept one from going may keep them all. */
static void delete_some_departed(CleanUp *clean_up)
{
	guint n;
	g_autofree char **names = (char **)g_hash_table_get_keys_as_array(clean_up->departed, &n);
	char *name;

	if (n == 0)
		return;
	name = names[clean_up->n_tries++ % n];
	g_hash_table_steal(clean_up->departed, name);
	delete_departed(clean_up, name, true);
}

void clean_up_owner(CleanUp *clean_up, const char *unique_name)
{
	if (service_owns(clean_up->bus->service, unique_name) &&
	    !g_hash_table_contains(clean_up->departed, unique_name))
		delete_departed(clean_up, g_strdup(unique_name), false);
}

/* --- what has expired --- */

static bool run_expired(void *userdata, GError **error)
{
	CleanUp *clean_up = userdata;

	/* What expires from now on is another's. */
	clean_up->is_queued = false;
	if (!service_is_available(clean_up->bus->service, error))
		return false;
	service_end_lifetimes(clean_up->bus->service);
	return true;
}

/* While nothing can be changed why was said. */
static void done_expired(void *userdata, const GError *error)
{
	CleanUp *clean_up = userdata;

	clean_up->is_queued = false;
	clean_up->has_expired = error != NULL;
	if (!error) {
		clean_up->is_told = false;
		stop_if_done(clean_up);
		return;
	}
	if (!clean_up->is_told && service_is_available(clean_up->bus->service, NULL)) {
		log_failure("Cannot delete what has outlived its time, will try again", error);
		clean_up->is_told = true;
	}
	retry_later(clean_up);
}

void clean_up_expired(CleanUp *clean_up)
{
	if (clean_up->is_queued)
		return;
	clean_up->is_queued = true;
	queue_add(clean_up->bus->queue, run_expired, done_expired, clean_up, QUEUE_NO_TIMEOUT);
}

/* --- once more --- */

static void try_again(CleanUp *clean_up)
{
	if (clean_up->has_expired)
		clean_up_expired(clean_up);
	delete_some_departed(clean_up);
}

static int on_retry(sd_event_source *source G_GNUC_UNUSED, uint64_t usec G_GNUC_UNUSED, void *userdata)
{
	try_again(userdata);
	return 0;
}

void clean_up_on_committed(CleanUp *clean_up)
{
	if (!clean_up->waits_for_start || !service_is_available(clean_up->bus->service, NULL))
		return;
	try_again(clean_up);
	clean_up->waits_for_start = false;
}

CleanUp *clean_up_new(const Bus *bus)
{
	CleanUp *clean_up = g_new(CleanUp, 1);

	*clean_up = (CleanUp){
		.bus = bus,
		.departed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
	};
	return clean_up;
}

void clean_up_free(CleanUp *clean_up)
{
	if (!clean_up)
		return;
	sd_event_source_disable_unref(clean_up->retry);
	g_hash_table_unref(clean_up->departed);
	g_free(clean_up);
}

int clean_up_start(CleanUp *clean_up)
{
	int r = sd_event_add_time(clean_up->bus->event, &clean_up->retry, CLOCK_MONOTONIC, 0, 1000, on_retry, clean_up);

	return r < 0 ? r : sd_event_source_set_enabled(clean_up->retry, SD_EVENT_OFF);
}
