/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/queue.h"

#include "service/checkpoint.h"
#include "service/commit.h"
#include "service/start.h"

#include <sys/epoll.h>
#include <time.h>

/*
 * How long a change may wait for others to come along while the bus is busy: this, or twice what the last commit
 * took if that is more, since a commit costs the whole table whatever it changes. And how many may.
 */
#define MIN_DELAY_USEC 5000
#define MAX_BATCH 8192

/* Many calls at once are followed by more, which the bus daemon needs a moment to pass on. */
#define MANY_CALLS 32
#define LINGER_USEC 1000

#define LOCK_RETRY_USEC 10000

typedef struct Entry {
	QueueRun run;
	QueueDone done;
	void *userdata;
	guint flags;
	uint64_t since; /* CLOCK_MONOTONIC, µs */
	GError *error;  /* what became of it */
} Entry;

static void entry_free(gpointer data)
{
	Entry *change = data;

	if (!change)
		return;
	g_clear_error(&change->error);
	g_free(change);
}

struct Queue {
	Service *service;
	sd_event *event;
	GQueue changes;      /* Entry, waiting */
	GPtrArray *finished; /* Entry, to be answered when the lock is free again: callers may take it at once */
	sd_event_source *idle, *linger, *deadline, *retry;
	sd_event_source *flows; /* until when finished is not answered; NULL: nothing is waited for */
	uint64_t delay_usec;
	guint seen;      /* how many were waiting when it last looked whether more come */
	guint max_batch; /* how many are committed at once */
	bool has_ended;  /* the last is done with */
	void (*committed)(void *userdata);
	void *userdata;
};

static void queue_work(Queue *queue);

static void work_unless_more_come(Queue *queue)
{
	guint waiting = g_queue_get_length(&queue->changes);

	if (waiting < MANY_CALLS || waiting == queue->seen) {
		queue_work(queue);
		return;
	}
	queue->seen = waiting;
	sd_event_source_set_time_relative(queue->linger, LINGER_USEC);
	sd_event_source_set_enabled(queue->linger, SD_EVENT_ONESHOT);
}

static int on_idle(sd_event_source *source G_GNUC_UNUSED, void *userdata)
{
	work_unless_more_come(userdata);
	return 0;
}

static int on_linger(sd_event_source *source G_GNUC_UNUSED, uint64_t usec G_GNUC_UNUSED, void *userdata)
{
	work_unless_more_come(userdata);
	return 0;
}

static int on_time(sd_event_source *source G_GNUC_UNUSED, uint64_t usec G_GNUC_UNUSED, void *userdata)
{
	queue_work(userdata);
	return 0;
}

static uint64_t now(const Queue *queue)
{
	uint64_t usec;

	sd_event_now(queue->event, CLOCK_MONOTONIC, &usec);
	return usec;
}

Queue *queue_new(Service *service, sd_event *event, void (*committed)(void *userdata), void *userdata)
{
	g_autoptr(Queue) queue = g_new0(Queue, 1);

	queue->service = service;
	queue->event = sd_event_ref(event);
	queue->committed = committed;
	queue->userdata = userdata;
	queue->finished = g_ptr_array_new_with_free_func(entry_free);
	queue->max_batch = G_MAXUINT;
	queue->delay_usec = MIN_DELAY_USEC;
	if (sd_event_add_defer(event, &queue->idle, on_idle, queue) < 0 ||
	    sd_event_source_set_enabled(queue->idle, SD_EVENT_OFF) < 0 ||
	    sd_event_source_set_priority(queue->idle, SD_EVENT_PRIORITY_IDLE) < 0 ||
	    sd_event_add_time(event, &queue->linger, CLOCK_MONOTONIC, 0, 1, on_linger, queue) < 0 ||
	    sd_event_source_set_enabled(queue->linger, SD_EVENT_OFF) < 0 ||
	    sd_event_source_set_priority(queue->linger, SD_EVENT_PRIORITY_IDLE) < 0 ||
	    sd_event_add_time(event, &queue->deadline, CLOCK_MONOTONIC, 0, 1000, on_time, queue) < 0 ||
	    sd_event_source_set_enabled(queue->deadline, SD_EVENT_OFF) < 0 ||
	    sd_event_source_set_priority(queue->deadline, SD_EVENT_PRIORITY_IMPORTANT) < 0 ||
	    sd_event_add_time(event, &queue->retry, CLOCK_MONOTONIC, 0, 1000, on_time, queue) < 0 ||
	    sd_event_source_set_enabled(queue->retry, SD_EVENT_OFF) < 0)
		return NULL;
	return g_steal_pointer(&queue);
}

void queue_free(Queue *queue)
{
	if (!queue)
		return;
	sd_event_source_disable_unref(queue->idle);
	sd_event_source_disable_unref(queue->linger);
	sd_event_source_disable_unref(queue->deadline);
	sd_event_source_disable_unref(queue->retry);
	sd_event_source_disable_unref(queue->flows);
	g_queue_clear_full(&queue->changes, entry_free);
	g_ptr_array_unref(queue->finished);
	sd_event_unref(queue->event);
	g_free(queue);
}

bool queue_is_empty(const Queue *queue)
{
	return g_queue_is_empty((GQueue *)&queue->changes) && !queue->flows;
}

static bool is_waiting_for_lock(Queue *queue)
{
	int enabled = SD_EVENT_OFF;

	sd_event_source_get_enabled(queue->retry, &enabled);
	return enabled != SD_EVENT_OFF;
}

void queue_add(Queue *queue, QueueRun run, QueueDone done, void *userdata, guint flags)
{
	Entry *change = g_new(Entry, 1);
	bool first = g_queue_is_empty(&queue->changes);

	*change = (Entry){ run, done, userdata, flags, now(queue), NULL };
	g_queue_push_tail(&queue->changes, change);
	if (is_waiting_for_lock(queue))
		return;
	if (first) {
		sd_event_source_set_enabled(queue->idle, SD_EVENT_ONESHOT);
		sd_event_source_set_time(queue->deadline, change->since + queue->delay_usec);
		sd_event_source_set_enabled(queue->deadline, SD_EVENT_ONESHOT);
	} else if (g_queue_get_length(&queue->changes) >= MAX_BATCH) {
		queue_work(queue);
	}
}

static bool is_of(const Entry *change, const void *userdata)
{
	return change && change->userdata == userdata;
}

void queue_remove(Queue *queue, void *userdata)
{
	for (GList *i = queue->changes.head; i; i = i->next)
		if (is_of(i->data, userdata)) {
			entry_free(i->data);
			g_queue_delete_link(&queue->changes, i);
			return;
		}
	for (guint i = 0; i < queue->finished->len; i++)
		if (is_of(queue->finished->pdata[i], userdata))
			g_clear_pointer(&queue->finished->pdata[i], entry_free);
}

static void finish(Queue *queue, Entry *change, const GError *error)
{
	g_clear_error(&change->error);
	change->error = error ? g_error_copy(error) : NULL;
	g_ptr_array_add(queue->finished, change);
}

/* Who is answered may take another out, or bring more. */
static void answer_finished(Queue *queue)
{
	for (guint i = 0; i < queue->finished->len; i++) {
		Entry *change = g_steal_pointer(&queue->finished->pdata[i]);

		if (!change)
			continue;
		change->done(change->userdata, change->error);
		entry_free(change);
	}
	g_ptr_array_set_size(queue->finished, 0);
}

/* What fails because of something that is not committed yet, or may do so, is tried again afterwards. */
static bool deserves_another_try(const GError *error)
{
	return g_error_matches(error, NETFILTER_ERROR, NETFILTER_ERROR_PENDING) ||
	       g_error_matches(error, NETFILTER_ERROR, NETFILTER_ERROR_FAILED);
}

/* What it asks for to be attached is added to a sum. */
static bool run(Queue *queue, Entry *change, guint *attached)
{
	Transaction *transaction = service_transaction(queue->service);
	guint savepoint = transaction_savepoint(transaction), before = attachments_count(transaction->attachments);
	bool ok;

	g_clear_error(&change->error);
	ok = change->run(change->userdata, &change->error);
	*attached +=
		attachments_count(transaction->attachments) - MIN(before, attachments_count(transaction->attachments));
	if (!ok)
		transaction_roll_back(transaction, savepoint);
	return ok;
}

static guint count_ready(Entry *const *batch, guint n)
{
	guint ready = 0;

	for (guint i = 0; i < n; i++)
		ready += batch[i]->error == NULL;
	return ready;
}

/*
 * Of those that ran, the first of them at least; the others are refused if those are committed. How many are done with:
 * where one of several is bad, which it is is found by fewer at once.
 */
static guint commit_batch(Queue *queue, Entry **batch, guint n)
{
	g_autoptr(GError) error = NULL;

	if (service_commit(queue->service, &error)) {
		for (guint i = 0; i < n; i++)
			g_ptr_array_add(queue->finished, batch[i]);
		queue->max_batch = MIN((guint64)queue->max_batch * 2, G_MAXUINT);
		return n;
	}
	if (service_make_room(queue->service))
		return 0;
	if (count_ready(batch, n) > 1) {
		queue->max_batch = n / 2;
		return 0;
	}
	finish(queue, batch[0], error);
	return 1;
}

/* Whether all of changes[*done..end) are done with. */
static bool commit(Queue *queue, Entry **changes, guint *done, guint end)
{
	*done += commit_batch(queue, changes + *done, end - *done);
	return *done == end;
}

/*
 * All of them, or as many as attach what one turn may, or up to a commit that fails: another one is another turn's. How
 * many are done with.
 */
static guint work_off(Queue *queue, Entry **changes, guint n)
{
	guint done = 0; /* from there on they are a batch, the first of which ran */
	guint attached = 0, i;

	for (i = 0; i < n && attached < MAX_ATTACHED; i++) {
		Entry *change = changes[i];
		bool full = change->flags & QUEUE_ALONE || i - done >= queue->max_batch, ok;

		if (full && done < i && !commit(queue, changes, &done, i))
			return done;
		ok = run(queue, change, &attached);
		if (!ok && done < i && deserves_another_try(change->error)) {
			if (!commit(queue, changes, &done, i))
				return done;
			ok = run(queue, change, &attached);
		}
		/* Else it may be refused because of one before it, which may yet fail. */
		if (!ok && done == i) {
			g_ptr_array_add(queue->finished, change);
			done++;
		}
		if (ok && change->flags & QUEUE_ALONE && !commit(queue, changes, &done, i + 1))
			return done;
	}
	if (done < i)
		commit(queue, changes, &done, i);
	return done;
}

/* The others come after whatever else the loop has to do. */
static void put_off(Queue *queue, GPtrArray *changes, guint from)
{
	for (guint i = changes->len; i-- > from;)
		g_queue_push_head(&queue->changes, changes->pdata[i]);
}

static void wait_for_more(Queue *queue)
{
	sd_event_source_set_enabled(queue->idle, SD_EVENT_ONESHOT);
	sd_event_source_set_time_relative(queue->deadline, queue->delay_usec);
	sd_event_source_set_enabled(queue->deadline, SD_EVENT_ONESHOT);
}

static void fail_all(Queue *queue, GPtrArray *changes, const GError *error)
{
	for (guint i = 0; i < changes->len; i++)
		finish(queue, changes->pdata[i], error);
	answer_finished(queue);
}

/* Gives up on those that have waited long enough; the rest goes on waiting. */
static void wait_for_lock(Queue *queue)
{
	uint64_t usec = now(queue),
		 timeout = (uint64_t)service_config(queue->service)->lock_timeout_sec * G_USEC_PER_SEC;
	g_autoptr(GPtrArray) late = g_ptr_array_new();
	g_autoptr(GError) error = NULL;

	for (GList *i = queue->changes.head, *next; i; i = next) {
		Entry *change = i->data;

		next = i->next;
		if (change->flags & QUEUE_NO_TIMEOUT || usec - change->since < timeout)
			continue;
		g_ptr_array_add(late, change);
		g_queue_delete_link(&queue->changes, i);
	}
	if (late->len > 0) {
		netfilter_fail(&error, BUSY, "another program holds the %s for longer than LockTimeoutSec=%u",
			       service_lock_name(queue->service), service_config(queue->service)->lock_timeout_sec);
		fail_all(queue, late, error);
	}
	if (g_queue_is_empty(&queue->changes))
		return;
	sd_event_source_set_time_relative(queue->retry, LOCK_RETRY_USEC);
	sd_event_source_set_enabled(queue->retry, SD_EVENT_ONESHOT);
}

static void conclude(Queue *queue)
{
	answer_finished(queue);
	queue->committed(queue->userdata);
	service_compact(queue->service);
}

static void wait_for_flows(Queue *queue);

static int on_flows_ended(sd_event_source *source G_GNUC_UNUSED, int fd G_GNUC_UNUSED, uint32_t events G_GNUC_UNUSED,
			  void *userdata)
{
	Queue *queue = userdata;

	queue->flows = sd_event_source_disable_unref(queue->flows);
	service_end_flows(queue->service);
	wait_for_flows(queue);
	queue_work(queue);
	return 0;
}

/* Who is answered meets no connection of before. The loop goes on meanwhile, and changes wait. */
static void wait_for_flows(Queue *queue)
{
	int fd = service_flows_fd(queue->service);

	if (fd >= 0 && sd_event_add_io(queue->event, &queue->flows, fd, EPOLLIN, on_flows_ended, queue) >= 0)
		return;
	while (service_flows_fd(queue->service) >= 0)
		service_end_flows(queue->service);
	conclude(queue);
}

/* Those that are to come last do, whatever came in after them. */
static GPtrArray *take_all(Queue *queue)
{
	GPtrArray *changes = g_ptr_array_sized_new(g_queue_get_length(&queue->changes));
	g_autoptr(GPtrArray) last = g_ptr_array_new();
	Entry *change;

	while ((change = g_queue_pop_head(&queue->changes)))
		g_ptr_array_add(change->flags & QUEUE_LAST ? last : changes, change);
	g_ptr_array_extend(changes, last, NULL, NULL);
	return changes;
}

/* Whether it is among the first n. */
static bool has_last(const GPtrArray *changes, guint n)
{
	return n > 0 && ((const Entry *)changes->pdata[n - 1])->flags & QUEUE_LAST;
}

static void queue_work(Queue *queue)
{
	g_autoptr(GPtrArray) changes = NULL;
	g_autoptr(GError) error = NULL;
	gint64 begin;
	guint done;
	int r;

	sd_event_source_set_enabled(queue->idle, SD_EVENT_OFF);
	sd_event_source_set_enabled(queue->linger, SD_EVENT_OFF);
	sd_event_source_set_enabled(queue->deadline, SD_EVENT_OFF);
	queue->seen = 0;
	sd_event_source_set_enabled(queue->retry, SD_EVENT_OFF);
	if (queue->flows || queue->has_ended || g_queue_is_empty(&queue->changes))
		return;

	r = service_lock(queue->service);
	if (r == -EAGAIN) {
		wait_for_lock(queue);
		return;
	}

	changes = take_all(queue);
	if (r < 0) {
		netfilter_fail(&error, FAILED, "the %s cannot be taken: %s", service_lock_name(queue->service),
			       g_strerror(-r));
		fail_all(queue, changes, error);
		return;
	}
	begin = g_get_monotonic_time();
	service_retry_start(queue->service);
	done = work_off(queue, (Entry **)changes->pdata, changes->len);
	queue->has_ended = has_last(changes, done);
	put_off(queue, changes, done);
	service_release_claims(queue->service);
	queue->delay_usec = MAX(MIN_DELAY_USEC, 2 * (uint64_t)(g_get_monotonic_time() - begin));
	service_unlock(queue->service);
	wait_for_flows(queue);
	if (!queue->flows && !g_queue_is_empty(&queue->changes))
		wait_for_more(queue);
}
