/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/lifetimes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

/* An open file, however many descriptors of it were given and however many objects live by it. */
typedef struct Lifeline {
	Lifetimes *lifetimes;
	guint64 token;
	int fd;
	sd_event_source *source;
	GQueue watches; /* Watch, of the objects that live by it */
	bool expired;
	bool is_claimed, is_stored;
} Lifeline;

typedef struct Watch {
	Lifetimes *lifetimes;
	Lifetime *lifetime;
	Lifeline *lifeline; /* NULL: none */
	GList link;         /* in its watches */
	sd_event_source *deadline;
} Watch;

struct Lifetimes {
	sd_event *event;
	GHashTable *watches;   /* Lifetime → Watch, owned */
	GHashTable *lifelines; /* token → Lifeline, owned */
	GTree *by_file;        /* Lifeline */
	GPtrArray *claims;     /* Lifeline, for objects that are to come */
	GHashTable *expired;   /* set of Lifetime */
	void (*on_expired)(void *userdata);
	void *userdata;
};

static void lifeline_free(gpointer data)
{
	Lifeline *lifeline = data;

	sd_event_source_disable_unref(lifeline->source);
	close(lifeline->fd);
	g_free(lifeline);
}

static void watch_free(gpointer data)
{
	Watch *watch = data;

	if (watch->lifeline)
		g_queue_unlink(&watch->lifeline->watches, &watch->link);
	sd_event_source_disable_unref(watch->deadline);
	g_free(watch);
}

/* In the kernel's order of open files. Where it does not tell, every descriptor is a file of its own. */
static gint compare_files(gconstpointer a, gconstpointer b, gpointer userdata G_GNUC_UNUSED)
{
	int x = ((const Lifeline *)a)->fd, y = ((const Lifeline *)b)->fd;
	long order = x == y ? 0 : syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, x, y);

	if (order == 0)
		return 0;
	return order == 1 || (order != 2 && x < y) ? -1 : 1;
}

Lifetimes *lifetimes_new(sd_event *event, void (*expired)(void *userdata), void *userdata)
{
	Lifetimes *lifetimes = g_new0(Lifetimes, 1);

	lifetimes->event = sd_event_ref(event);
	lifetimes->watches = g_hash_table_new_full(NULL, NULL, NULL, watch_free);
	lifetimes->lifelines = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, lifeline_free);
	lifetimes->by_file = g_tree_new_full(compare_files, NULL, NULL, NULL);
	lifetimes->claims = g_ptr_array_new();
	lifetimes->expired = g_hash_table_new(NULL, NULL);
	lifetimes->on_expired = expired;
	lifetimes->userdata = userdata;
	return lifetimes;
}

void lifetimes_free(Lifetimes *lifetimes)
{
	if (!lifetimes)
		return;
	g_hash_table_unref(lifetimes->watches);
	g_ptr_array_unref(lifetimes->claims);
	g_tree_unref(lifetimes->by_file);
	g_hash_table_unref(lifetimes->lifelines);
	g_hash_table_unref(lifetimes->expired);
	sd_event_unref(lifetimes->event);
	g_free(lifetimes);
}

guint64 lifetimes_deadline(Lifetimes *lifetimes, guint64 timeout_usec)
{
	uint64_t now = 0;

	if (timeout_usec == 0)
		return 0;
	sd_event_now(lifetimes->event, CLOCK_BOOTTIME, &now);
	/* Beyond the end of time is never. */
	return timeout_usec < G_MAXUINT64 - now ? now + timeout_usec : 0;
}

void lifetimes_expire(Lifetimes *lifetimes, Lifetime *lifetime)
{
	if (g_hash_table_add(lifetimes->expired, lifetime))
		lifetimes->on_expired(lifetimes->userdata);
}

static int on_hang_up(sd_event_source *source G_GNUC_UNUSED, int fd G_GNUC_UNUSED, uint32_t events G_GNUC_UNUSED,
		      void *userdata)
{
	Lifeline *lifeline = userdata;
	Lifetimes *lifetimes = lifeline->lifetimes;
	bool news = false;

	lifeline->expired = true;
	for (const GList *i = lifeline->watches.head; i; i = i->next)
		news |= g_hash_table_add(lifetimes->expired, ((Watch *)i->data)->lifetime);
	if (news)
		lifetimes->on_expired(lifetimes->userdata);
	return 0;
}

static int on_deadline(sd_event_source *source G_GNUC_UNUSED, uint64_t usec G_GNUC_UNUSED, void *userdata)
{
	const Watch *watch = userdata;

	lifetimes_expire(watch->lifetimes, watch->lifetime);
	return 0;
}

/* A process, by what the kernel alone writes about a descriptor. */
static bool is_pidfd(int fd)
{
	g_autofree char *path = g_strdup_printf("/proc/self/fdinfo/%d", fd), *info = NULL;

	return g_file_get_contents(path, &info, NULL, NULL) && strstr(info, "\nPid:");
}

/*
 * Whoever waits for a file calls into its file system, which for one of the caller's own may block for ever. So may
 * fstat(2); statx(2) can be told to ask nobody.
 */
static bool can_be_waited_for(int fd)
{
	struct statx info;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &info) < 0)
		return false;
	return S_ISFIFO(info.stx_mode) || S_ISSOCK(info.stx_mode) || is_pidfd(fd);
}

static bool watch_file(Lifeline *lifeline, GError **error)
{
	int r;

	if (!can_be_waited_for(lifeline->fd))
		return netfilter_fail(error, INVALID_ARGS, "LifetimeFd: neither a pidfd nor a pipe nor a socket");
	r = sd_event_add_io(lifeline->lifetimes->event, &lifeline->source, lifeline->fd, EPOLLIN | EPOLLRDHUP,
			    on_hang_up, lifeline);
	if (r >= 0)
		r = sd_event_source_set_enabled(lifeline->source, SD_EVENT_ONESHOT);
	if (r < 0)
		return netfilter_fail(error, INVALID_ARGS, "LifetimeFd: it cannot be waited for: %s", g_strerror(-r));
	return true;
}

/* The descriptor is taken over, also if it will not do. */
static Lifeline *lifeline_new(Lifetimes *lifetimes, guint64 token, int fd, GError **error)
{
	Lifeline *lifeline = g_new0(Lifeline, 1);

	lifeline->lifetimes = lifetimes;
	lifeline->token = token;
	lifeline->fd = fd;
	if (watch_file(lifeline, error))
		return lifeline;
	lifeline_free(lifeline);
	return NULL;
}

static void add_lifeline(Lifetimes *lifetimes, Lifeline *lifeline)
{
	g_hash_table_insert(lifetimes->lifelines, &lifeline->token, lifeline);
	if (!g_tree_lookup(lifetimes->by_file, lifeline))
		g_tree_insert(lifetimes->by_file, lifeline, lifeline);
}

static void claim(Lifetimes *lifetimes, Lifeline *lifeline)
{
	if (!lifeline->is_claimed)
		g_ptr_array_add(lifetimes->claims, lifeline);
	lifeline->is_claimed = true;
}

/* Whether it has ended is asked anew, as of one that comes for the first time. */
static void claim_again(Lifetimes *lifetimes, Lifeline *lifeline)
{
	claim(lifetimes, lifeline);
	lifeline->expired = false;
	sd_event_source_set_enabled(lifeline->source, SD_EVENT_ONESHOT);
}

bool lifetimes_claim(Lifetimes *lifetimes, guint64 *token, int fd, GError **error)
{
	Lifeline *lifeline = g_tree_lookup(lifetimes->by_file, &(Lifeline){ .fd = fd });
	int copy;

	if (lifeline) {
		claim_again(lifetimes, lifeline);
		*token = lifeline->token;
		return true;
	}
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (copy < 0)
		return netfilter_fail(error, FAILED, "LifetimeFd: %s", g_strerror(errno));
	lifeline = lifeline_new(lifetimes, *token, copy, error);
	if (!lifeline)
		return false;
	add_lifeline(lifetimes, lifeline);
	claim(lifetimes, lifeline);
	return true;
}

#define STORE_NAME "lifetime-"

static void store(Lifeline *lifeline)
{
	/* FDPOLL=0: a descriptor that hangs up while nobody watches is for the next instance to see. */
	g_autofree char *message =
		g_strdup_printf("FDSTORE=1\nFDPOLL=0\nFDNAME=" STORE_NAME "%" G_GUINT64_FORMAT, lifeline->token);

	if (!lifeline->is_stored)
		sd_pid_notify_with_fds(0, false, message, &lifeline->fd, 1);
	lifeline->is_stored = true;
}

static void remove_from_store(guint64 token)
{
	sd_notifyf(false, "FDSTOREREMOVE=1\nFDNAME=" STORE_NAME "%" G_GUINT64_FORMAT, token);
}

static void drop_if_unused(Lifetimes *lifetimes, Lifeline *lifeline)
{
	if (lifeline->is_claimed || lifeline->watches.length > 0)
		return;
	if (lifeline->is_stored)
		remove_from_store(lifeline->token);
	if (g_tree_lookup(lifetimes->by_file, lifeline) == lifeline)
		g_tree_remove(lifetimes->by_file, lifeline);
	g_hash_table_remove(lifetimes->lifelines, &lifeline->token);
}

void lifetimes_restore(Lifetimes *lifetimes, guint64 token, int fd)
{
	g_autoptr(GError) error = NULL;
	Lifeline *lifeline = lifeline_new(lifetimes, token, fd, &error);

	if (!lifeline) {
		g_warning("%s", error->message);
		remove_from_store(token);
		return;
	}
	lifeline->is_stored = true;
	add_lifeline(lifetimes, lifeline);
	claim(lifetimes, lifeline);
}

/* Suspended time counts: what was promised to be gone by then is. */
static void watch_clock(Lifetimes *lifetimes, Watch *watch)
{
	int r = sd_event_add_time(lifetimes->event, &watch->deadline, CLOCK_BOOTTIME, watch->lifetime->deadline_usec,
				  1000, on_deadline, watch);

	if (r < 0)
		g_warning("A deadline cannot be waited for: %s", g_strerror(-r));
}

void lifetimes_begin(Lifetimes *lifetimes, Lifetime *lifetime)
{
	Lifeline *lifeline = g_hash_table_lookup(lifetimes->lifelines, &lifetime->token);
	Watch *watch;

	if (lifetime->token == 0 && lifetime->deadline_usec == 0)
		return;
	watch = g_new0(Watch, 1);
	*watch = (Watch){ .lifetimes = lifetimes, .lifetime = lifetime, .lifeline = lifeline, .link.data = watch };
	g_hash_table_insert(lifetimes->watches, lifetime, watch);
	if (lifeline) {
		g_queue_push_tail_link(&lifeline->watches, &watch->link);
		store(lifeline);
	}
	if (lifetime->deadline_usec != 0)
		watch_clock(lifetimes, watch);
	/* A descriptor that did not survive cannot say any more when it has expired. */
	if (lifeline ? lifeline->expired : lifetime->token != 0)
		lifetimes_expire(lifetimes, lifetime);
}

void lifetimes_end(Lifetimes *lifetimes, Lifetime *lifetime)
{
	const Watch *watch = g_hash_table_lookup(lifetimes->watches, lifetime);
	Lifeline *lifeline = watch ? watch->lifeline : NULL;

	g_hash_table_remove(lifetimes->expired, lifetime);
	g_hash_table_remove(lifetimes->watches, lifetime);
	if (lifeline)
		drop_if_unused(lifetimes, lifeline);
}

void lifetimes_release(Lifetimes *lifetimes)
{
	for (guint i = 0; i < lifetimes->claims->len; i++) {
		Lifeline *lifeline = lifetimes->claims->pdata[i];

		lifeline->is_claimed = false;
		drop_if_unused(lifetimes, lifeline);
	}
	g_ptr_array_set_size(lifetimes->claims, 0);
}

GPtrArray *lifetimes_expired(const Lifetimes *lifetimes)
{
	GPtrArray *expired = g_ptr_array_new();
	GHashTableIter iter;
	gpointer lifetime;

	g_hash_table_iter_init(&iter, lifetimes->expired);
	while (g_hash_table_iter_next(&iter, &lifetime, NULL))
		g_ptr_array_add(expired, lifetime);
	return expired;
}

guint64 lifetimes_token_from_name(const char *name)
{
	guint64 token;

	if (!g_str_has_prefix(name, STORE_NAME) ||
	    !g_ascii_string_to_unsigned(name + strlen(STORE_NAME), 10, 1, G_MAXUINT64, &token, NULL))
		return 0;
	return token;
}
