/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/lifetimes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

typedef struct Watch {
	Lifetimes *lifetimes;
	Lifetime *lifetime; /* NULL: claimed, for an object that is to come */
	int fd;             /* -1: none */
	sd_event_source *descriptor, *deadline;
	bool expired;
} Watch;

struct Lifetimes {
	sd_event *event;
	GHashTable *watches; /* Lifetime → Watch, owned */
	GHashTable *claims;  /* token (guint64) → Watch, owned until its object comes */
	GHashTable *expired; /* set of Lifetime */
	void (*on_expired)(void *userdata);
	void *userdata;
};

static void watch_free(gpointer data)
{
	Watch *watch = data;

	sd_event_source_disable_unref(watch->descriptor);
	sd_event_source_disable_unref(watch->deadline);
	if (watch->fd >= 0)
		close(watch->fd);
	g_free(watch);
}

Lifetimes *lifetimes_new(sd_event *event, void (*expired)(void *userdata), void *userdata)
{
	Lifetimes *lifetimes = g_new0(Lifetimes, 1);

	lifetimes->event = sd_event_ref(event);
	lifetimes->watches = g_hash_table_new_full(NULL, NULL, NULL, watch_free);
	lifetimes->claims = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, watch_free);
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
	g_hash_table_unref(lifetimes->claims);
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

static void expire(Watch *watch)
{
	watch->expired = true;
	if (!watch->lifetime)
		return;
	lifetimes_expire(watch->lifetimes, watch->lifetime);
}

static int on_descriptor(sd_event_source *source G_GNUC_UNUSED, int fd G_GNUC_UNUSED, uint32_t events G_GNUC_UNUSED,
			 void *userdata)
{
	expire(userdata);
	return 0;
}

static int on_deadline(sd_event_source *source G_GNUC_UNUSED, uint64_t usec G_GNUC_UNUSED, void *userdata)
{
	expire(userdata);
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

static bool watch_descriptor(Lifetimes *lifetimes, Watch *watch, GError **error)
{
	int r;

	if (!can_be_waited_for(watch->fd))
		return netfilter_fail(error, INVALID_ARGS, "LifetimeFd: neither a pidfd nor a pipe nor a socket");
	r = sd_event_add_io(lifetimes->event, &watch->descriptor, watch->fd, EPOLLIN | EPOLLRDHUP, on_descriptor,
			    watch);
	if (r >= 0)
		r = sd_event_source_set_enabled(watch->descriptor, SD_EVENT_ONESHOT);
	if (r < 0)
		return netfilter_fail(error, INVALID_ARGS, "LifetimeFd: it cannot be waited for: %s", g_strerror(-r));
	return true;
}

static void add_claim(Lifetimes *lifetimes, guint64 token, Watch *watch)
{
	g_hash_table_replace(lifetimes->claims, g_memdup2(&token, sizeof token), watch);
}

static Watch *watch_new(Lifetimes *lifetimes, int fd)
{
	Watch *watch = g_new0(Watch, 1);

	watch->lifetimes = lifetimes;
	watch->fd = fd;
	return watch;
}

bool lifetimes_claim(Lifetimes *lifetimes, guint64 token, int fd, GError **error)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	Watch *watch;

	if (copy < 0)
		return netfilter_fail(error, FAILED, "LifetimeFd: %s", g_strerror(errno));
	watch = watch_new(lifetimes, copy);
	if (!watch_descriptor(lifetimes, watch, error)) {
		watch_free(watch);
		return false;
	}
	add_claim(lifetimes, token, watch);
	return true;
}

void lifetimes_restore(Lifetimes *lifetimes, guint64 token, int fd)
{
	Watch *watch = watch_new(lifetimes, fd);
	g_autoptr(GError) error = NULL;

	if (watch_descriptor(lifetimes, watch, &error)) {
		add_claim(lifetimes, token, watch);
		return;
	}
	g_warning("%s", error->message);
	watch_free(watch);
}

#define STORE_NAME "lifetime-"

static void store(const Watch *watch)
{
	/* FDPOLL=0: a descriptor that hangs up while nobody watches is for the next instance to see. */
	g_autofree char *message =
		g_strdup_printf("FDSTORE=1\nFDPOLL=0\nFDNAME=" STORE_NAME "%" G_GUINT64_FORMAT, watch->lifetime->token);

	sd_pid_notify_with_fds(0, false, message, &watch->fd, 1);
}

static Watch *take_claim(Lifetimes *lifetimes, guint64 token)
{
	gpointer key, watch;

	if (!g_hash_table_steal_extended(lifetimes->claims, &token, &key, &watch))
		return NULL;
	g_free(key);
	return watch;
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
	Watch *watch = NULL;

	if (lifetime->token == 0 && lifetime->deadline_usec == 0)
		return;
	if (lifetime->token != 0)
		watch = take_claim(lifetimes, lifetime->token);
	/* A descriptor that did not survive cannot say any more when it has expired. */
	if (!watch) {
		watch = watch_new(lifetimes, -1);
		watch->expired = lifetime->token != 0;
	}
	watch->lifetime = lifetime;
	g_hash_table_insert(lifetimes->watches, lifetime, watch);
	if (watch->fd >= 0)
		store(watch);
	if (lifetime->deadline_usec != 0)
		watch_clock(lifetimes, watch);
	if (watch->expired)
		expire(watch);
}

void lifetimes_end(Lifetimes *lifetimes, Lifetime *lifetime)
{
	const Watch *watch = g_hash_table_lookup(lifetimes->watches, lifetime);

	g_hash_table_remove(lifetimes->expired, lifetime);
	if (!watch)
		return;
	if (watch->fd >= 0)
		sd_notifyf(false, "FDSTOREREMOVE=1\nFDNAME=" STORE_NAME "%" G_GUINT64_FORMAT, lifetime->token);
	g_hash_table_remove(lifetimes->watches, lifetime);
}

void lifetimes_release(Lifetimes *lifetimes)
{
	g_hash_table_remove_all(lifetimes->claims);
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
