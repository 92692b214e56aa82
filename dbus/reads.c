/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/reads.h"

#include "dbus/error.h"
#include "dbus/log.h"

#include <time.h>

#define STEP_USEC 1000

/* How long reads wait at most for a bus that always has something to say, and between two looks at whether it listens.
 */
#define MAX_DELAY_USEC 20000
#define SENDING_USEC 1000

struct Reads {
	sd_bus *connection;
	sd_event *event;
	Policy *policy;
	GHashTable *entries; /* set of Entry, owned: all that are not answered */
	GHashTable *users;   /* uid → User, owned: who has some of them and is known */
	GQueue turns;        /* User: who has some, the next first */
	sd_event_source *idle, *deadline;
	void (*answered)(void *userdata);
	void *userdata;
};

typedef struct User {
	uid_t uid;
	GQueue entries; /* Entry, the oldest first */
	GList turn;     /* in turns */
} User;

typedef struct Entry {
	Read read;
	Reads *reads;
	const ReadKind *kind;
	User *user; /* NULL until it is known */
	GList link; /* in user->entries */
} Entry;

static int on_idle(sd_event_source *source, void *userdata);
static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata);

bool read_is_privileged(const Read *read)
{
	return policy_is_privileged(read->uid);
}

bool read_has_time(gint64 begin_usec)
{
	return g_get_monotonic_time() - begin_usec < STEP_USEC;
}

/* Takes it from its user, who goes with the last. */
static void leave_user(Entry *entry)
{
	User *user = entry->user;

	if (!user)
		return;
	g_queue_unlink(&user->entries, &entry->link);
	if (!g_queue_is_empty(&user->entries))
		return;
	g_queue_unlink(&entry->reads->turns, &user->turn);
	g_hash_table_remove(entry->reads->users, GUINT_TO_POINTER(user->uid));
}

static void entry_free(gpointer data)
{
	Entry *entry = data;

	leave_user(entry);
	if (entry->read.state && entry->kind->free_state)
		entry->kind->free_state(entry->read.state);
	sd_bus_message_unref(entry->read.call);
	g_free(entry);
}

Reads *reads_new(sd_bus *connection, sd_event *event, Policy *policy, void (*answered)(void *userdata), void *userdata)
{
	Reads *reads = g_new(Reads, 1);

	*reads = (Reads){
		.connection = sd_bus_ref(connection),
		.event = sd_event_ref(event),
		.policy = policy,
		.entries = g_hash_table_new_full(NULL, NULL, entry_free, NULL),
		.users = g_hash_table_new_full(NULL, NULL, NULL, g_free),
		.answered = answered,
		.userdata = userdata,
	};
	/* The changes' own priority is that of idleness. */
	if (sd_event_add_defer(event, &reads->idle, on_idle, reads) < 0 ||
	    sd_event_source_set_enabled(reads->idle, SD_EVENT_OFF) < 0 ||
	    sd_event_source_set_priority(reads->idle, SD_EVENT_PRIORITY_IDLE + 1) < 0 ||
	    sd_event_add_time(event, &reads->deadline, CLOCK_MONOTONIC, 0, 1, on_deadline, reads) < 0 ||
	    sd_event_source_set_enabled(reads->deadline, SD_EVENT_OFF) < 0 ||
	    sd_event_source_set_priority(reads->deadline, SD_EVENT_PRIORITY_IMPORTANT) < 0) {
		reads_free(reads);
		return NULL;
	}
	return reads;
}

void reads_free(Reads *reads)
{
	if (!reads)
		return;
	g_hash_table_unref(reads->entries);
	g_hash_table_unref(reads->users);
	sd_event_source_disable_unref(reads->idle);
	sd_event_source_disable_unref(reads->deadline);
	sd_event_unref(reads->event);
	sd_bus_unref(reads->connection);
	g_free(reads);
}

bool reads_are_answered(const Reads *reads)
{
	return g_hash_table_size(reads->entries) == 0;
}

/* --- whose turn it is --- */

static bool is_sending(const Reads *reads)
{
	uint64_t n = 0;

	return sd_bus_get_n_queued_write(reads->connection, &n) >= 0 && n > 0;
}

static void sleep_until(Reads *reads, bool when_idle, uint64_t usec)
{
	sd_event_source_set_enabled(reads->idle, when_idle ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
	sd_event_source_set_time_relative(reads->deadline, usec);
	sd_event_source_set_enabled(reads->deadline, SD_EVENT_ONESHOT);
}

static void schedule(Reads *reads)
{
	if (!g_queue_is_empty(&reads->turns)) {
		sleep_until(reads, true, MAX_DELAY_USEC);
		return;
	}
	sd_event_source_set_enabled(reads->idle, SD_EVENT_OFF);
	sd_event_source_set_enabled(reads->deadline, SD_EVENT_OFF);
}

static void finish(Entry *entry, int r, const sd_bus_error *error)
{
	Reads *reads = entry->reads;

	if (r < 0)
		r = sd_bus_error_is_set(error) ? sd_bus_reply_method_error(entry->read.call, error)
					       : sd_bus_reply_method_errno(entry->read.call, r, NULL);
	/* A lost bus is said once, elsewhere. */
	if (r < 0 && r != -ENOTCONN && r != -ECONNRESET)
		g_warning("Cannot answer %s: %s", sd_bus_message_get_member(entry->read.call), g_strerror(-r));
	g_hash_table_remove(reads->entries, entry);
	reads->answered(reads->userdata);
}

static void take_turn(Reads *reads)
{
	GList *turn = g_queue_pop_head_link(&reads->turns);
	User *user = turn->data;
	Entry *entry = g_queue_peek_head(&user->entries);
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r;

	g_queue_push_tail_link(&reads->turns, turn);
	r = entry->kind->step(&entry->read, &error);
	if (r <= 0)
		finish(entry, r, &error);
	sd_bus_error_free(&error);
}

static void work(Reads *reads)
{
	if (g_queue_is_empty(&reads->turns))
		return;
	if (is_sending(reads)) {
		sleep_until(reads, false, SENDING_USEC);
		return;
	}
	take_turn(reads);
	schedule(reads);
}

static int on_idle(sd_event_source *source G_GNUC_UNUSED, void *userdata)
{
	work(userdata);
	return 0;
}

static int on_deadline(sd_event_source *source G_GNUC_UNUSED, uint64_t usec G_GNUC_UNUSED, void *userdata)
{
	work(userdata);
	return 0;
}

/* --- who comes and goes --- */

static User *find_user(Reads *reads, uid_t uid)
{
	User *user = g_hash_table_lookup(reads->users, GUINT_TO_POINTER(uid));

	if (user)
		return user;
	user = g_new0(User, 1);
	user->uid = uid;
	user->turn.data = user;
	g_hash_table_insert(reads->users, GUINT_TO_POINTER(uid), user);
	g_queue_push_tail_link(&reads->turns, &user->turn);
	return user;
}

static bool check_open(const Reads *reads, uid_t uid, GError **error)
{
	const User *user = g_hash_table_lookup(reads->users, GUINT_TO_POINTER(uid));
	char buffer[UID_STRLEN];

	return policy_is_privileged(uid) || !user ||
	       g_queue_get_length((GQueue *)&user->entries) < MAX_OPEN_READS_PER_UID ||
	       netfilter_fail(error, BUSY, "uid %s waits for %u reads already, as many as are allowed",
			      uid_format(uid, buffer), MAX_OPEN_READS_PER_UID);
}

static Entry *entry_new(Reads *reads, sd_bus_message *call, const ReadKind *kind, void *userdata)
{
	Entry *entry = g_new0(Entry, 1);

	entry->read = (Read){ .call = sd_bus_message_ref(call), .uid = (uid_t)-1, .userdata = userdata };
	entry->reads = reads;
	entry->kind = kind;
	entry->link.data = entry;
	g_hash_table_add(reads->entries, entry);
	return entry;
}

static void line_up(Entry *entry, uid_t uid)
{
	Reads *reads = entry->reads;
	bool idle = g_queue_is_empty(&reads->turns);

	entry->read.uid = uid;
	entry->user = find_user(reads, uid);
	g_queue_push_tail_link(&entry->user->entries, &entry->link);
	if (idle)
		schedule(reads);
}

/* A read is nobody's secret: whom the bus does not know waits as a user of its own. */
static void on_identified(sd_bus_message *call G_GNUC_UNUSED, uid_t uid, const GError *failure, void *userdata)
{
	sd_bus_error refusal = SD_BUS_ERROR_NULL;
	g_autoptr(GError) error = NULL;
	Entry *entry = userdata;

	if (failure)
		uid = (uid_t)-1;
	if (check_open(entry->reads, uid, &error))
		line_up(entry, uid);
	else
		finish(entry, error_set(&refusal, error), &refusal);
	sd_bus_error_free(&refusal);
}

int reads_add(Reads *reads, sd_bus_message *call, const ReadKind *kind, void *userdata)
{
	Entry *entry = entry_new(reads, call, kind, userdata);
	int r = policy_identify(reads->policy, call, on_identified, entry);

	if (r < 0) {
		g_hash_table_remove(reads->entries, entry);
		return r;
	}
	return 1;
}

bool reads_add_of(Reads *reads, uid_t uid, sd_bus_message *call, const ReadKind *kind, void *userdata, GError **error)
{
	if (!check_open(reads, uid, error))
		return false;
	line_up(entry_new(reads, call, kind, userdata), uid);
	return true;
}

void reads_sender_left(Reads *reads, const char *sender)
{
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, reads->entries);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		if (g_strcmp0(sd_bus_message_get_sender(((Entry *)key)->read.call), sender) == 0)
			g_hash_table_iter_remove(&iter);
}
