/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/rule-watch.h"

#include "dbus/log.h"
#include "service/commit.h"
#include "service/host/pace.h"

#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <time.h>

struct RuleWatch {
	const Bus *bus;
	HostWatch *host;
	sd_event_source *heard;
	sd_event_source *due;   /* when to compare, while it is on */
	GHashTable *paces;      /* table (char *) → Pace */
	bool is_mending;        /* it is in the queue */
	bool found_drift;       /* and there was something to mend */
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

/* --- how soon --- */

static Pace *pace_of(RuleWatch *watch, const char *table)
{
	Pace *pace = g_hash_table_lookup(watch->paces, table);

	if (!pace) {
		pace = g_new0(Pace, 1);
		g_hash_table_insert(watch->paces, g_strdup(table), pace);
	}
	return pace;
}

/* The kernel does not say in time which table it is about. */
static gint64 next_of_all(RuleWatch *watch)
{
	GHashTableIter iter;
	gpointer pace;
	gint64 next = 0;

	g_hash_table_iter_init(&iter, watch->paces);
	while (g_hash_table_iter_next(&iter, NULL, &pace))
		next = MAX(next, pace_next(pace));
	return next;
}

static bool is_due(RuleWatch *watch, const GPtrArray *tables)
{
	for (guint i = 0; i < tables->len; i++)
		if (pace_next(pace_of(watch, tables->pdata[i])) <= (gint64)now(watch))
			return true;
	return false;
}

/* "filter" of "filter FORWARD". */
static char *table_of(const char *chain)
{
	return g_strndup(chain, strcspn(chain, " "));
}

static void note(RuleWatch *watch, const char *table, const GPtrArray *drifted)
{
	g_autoptr(GString) chains = g_string_new(NULL);

	if (!pace_note(pace_of(watch, table), now(watch)))
		return;
	for (guint i = 0; i < drifted->len; i++) {
		g_autofree char *other = table_of(drifted->pdata[i]);

		if (g_str_equal(other, table))
			g_string_append_printf(chains, "%s%s", chains->len > 0 ? ", " : "",
					       (const char *)drifted->pdata[i]);
	}
	g_warning("Somebody keeps changing our rules in %s, which are put right after a second from now on, and later "
		  "and later, up to a minute",
		  chains->str);
}

void rule_watch_drifted(RuleWatch *watch, const GPtrArray *drifted)
{
	g_autoptr(GHashTable) noted = NULL; /* set of tables */

	if (!watch->is_mending || !drifted)
		return;
	watch->found_drift = true;
	noted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < drifted->len; i++) {
		char *table = table_of(drifted->pdata[i]);

		if (g_hash_table_add(noted, table))
			note(watch, table, drifted);
	}
}

/* --- putting right --- */

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
	/* To be told for nothing costs a comparison of everything. */
	if (watch->heard && !watch->found_drift)
		(void)pace_note(pace_of(watch, ""), now(watch));
	check_later(watch);
	if (error && service_is_available(watch->bus->service, NULL))
		log_failure("Cannot put right what somebody else changed about the rules", error);
}

static void mend(RuleWatch *watch)
{
	watch->is_mending = true;
	watch->found_drift = false;
	queue_add(watch->bus->queue, run_mend, done_mend, watch, QUEUE_ALONE | QUEUE_NO_TIMEOUT);
}

static int on_check(sd_event_source *source G_GNUC_UNUSED, uint64_t usec G_GNUC_UNUSED, void *userdata)
{
	RuleWatch *watch = userdata;
	g_autoptr(GPtrArray) changed = service_find_changed_rules(watch->bus->service);

	if (is_due(watch, changed)) {
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

	if (!watch->is_mending)
		mend(watch);
	return 0;
}

static int on_heard(sd_event_source *source G_GNUC_UNUSED, int fd G_GNUC_UNUSED, uint32_t events G_GNUC_UNUSED,
		    void *userdata)
{
	RuleWatch *watch = userdata;

	if (!service_heard_of_rules(watch->bus->service))
		return 0;
	sd_event_source_set_time(watch->due, next_of_all(watch));
	return sd_event_source_set_enabled(watch->due, SD_EVENT_ONESHOT);
}

RuleWatch *rule_watch_new(const Bus *bus, HostWatch *host)
{
	RuleWatch *watch = g_new(RuleWatch, 1);

	*watch = (RuleWatch){
		.bus = bus,
		.host = host,
		.paces = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
	};
	return watch;
}

void rule_watch_free(RuleWatch *watch)
{
	if (!watch)
		return;
	sd_event_source_disable_unref(watch->heard);
	sd_event_source_disable_unref(watch->due);
	sd_event_source_disable_unref(watch->check);
	g_hash_table_unref(watch->paces);
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

void rule_watch_on_committed(RuleWatch *watch)
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
