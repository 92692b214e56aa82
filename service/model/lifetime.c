/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/model/lifetime.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

static int on_descriptor(sd_event_source *source G_GNUC_UNUSED, int fd G_GNUC_UNUSED, uint32_t events G_GNUC_UNUSED,
			 void *userdata)
{
	Lifetime *lifetime = userdata;

	lifetime->over(lifetime, lifetime->userdata);
	return 0;
}

static int on_timeout(sd_event_source *source G_GNUC_UNUSED, uint64_t usec G_GNUC_UNUSED, void *userdata)
{
	Lifetime *lifetime = userdata;

	lifetime->over(lifetime, lifetime->userdata);
	return 0;
}

static bool watch_descriptor(Lifetime *lifetime, sd_event *event, GError **error)
{
	int r = sd_event_add_io(event, &lifetime->fd_source, lifetime->fd, EPOLLIN | EPOLLRDHUP, on_descriptor,
				lifetime);

	if (r < 0)
		return netfilter_fail(error, INVALID_ARGS,
				      "LifetimeFd: a descriptor of this kind cannot be watched: %s", g_strerror(-r));
	return sd_event_source_set_enabled(lifetime->fd_source, SD_EVENT_ONESHOT) >= 0;
}

/* Suspended time counts: what was promised to be gone by then is. */
static bool watch_clock(Lifetime *lifetime, sd_event *event, GError **error)
{
	int r = sd_event_add_time(event, &lifetime->timeout_source, CLOCK_BOOTTIME, lifetime->deadline_usec, 1000,
				  on_timeout, lifetime);

	if (r < 0)
		return netfilter_fail(error, FAILED, "TimeoutUSec: %s", g_strerror(-r));
	return true;
}

static guint64 find_deadline(sd_event *event, const LifetimeSettings *settings)
{
	uint64_t now = 0;

	if (settings->timeout_usec == 0)
		return settings->deadline_usec;
	sd_event_now(event, CLOCK_BOOTTIME, &now);
	/* Beyond the end of time is never. */
	return settings->timeout_usec < G_MAXUINT64 - now ? now + settings->timeout_usec : 0;
}

bool lifetime_init(Lifetime *lifetime, enum object_kind kind, void *object, const LifetimeSettings *settings,
		   sd_event *event, LifetimeOver over, void *userdata, GError **error)
{
	*lifetime = (Lifetime){
		.kind = kind,
		.object = object,
		.uid = settings->uid,
		.owner = settings->persistent ? NULL : g_strdup(settings->sender),
		.persistent = settings->persistent,
		.with_owner = !settings->persistent && settings->fd < 0 && settings->token == 0,
		.fd = -1,
		.token = settings->token,
		.deadline_usec = find_deadline(event, settings),
		.over = over,
		.userdata = userdata,
	};
	if (settings->persistent && settings->fd >= 0)
		return netfilter_fail(error, INVALID_ARGS, "LifetimeFd: a persistent object lives until it is deleted");
	if (settings->fd >= 0) {
		lifetime->fd = fcntl(settings->fd, F_DUPFD_CLOEXEC, 3);
		if (lifetime->fd < 0)
			return netfilter_fail(error, FAILED, "LifetimeFd: %s", g_strerror(errno));
	}
	return (lifetime->fd < 0 || watch_descriptor(lifetime, event, error)) &&
	       (lifetime->deadline_usec == 0 || watch_clock(lifetime, event, error));
}

#define STORE_NAME "lifetime-"

void lifetime_store(const Lifetime *lifetime)
{
	g_autofree char *message = NULL;

	if (lifetime->fd < 0)
		return;
	/* FDPOLL=0: a descriptor that hangs up while nobody watches is for the successor to see. */
	message = g_strdup_printf("FDSTORE=1\nFDPOLL=0\nFDNAME=" STORE_NAME "%" G_GUINT64_FORMAT, lifetime->token);
	sd_pid_notify_with_fds(0, false, message, &lifetime->fd, 1);
}

void lifetime_unstore(const Lifetime *lifetime)
{
	if (lifetime->fd >= 0)
		sd_notifyf(false, "FDSTOREREMOVE=1\nFDNAME=" STORE_NAME "%" G_GUINT64_FORMAT, lifetime->token);
}

guint64 lifetime_token_from_name(const char *name)
{
	guint64 token;

	if (!g_str_has_prefix(name, STORE_NAME) ||
	    !g_ascii_string_to_unsigned(name + strlen(STORE_NAME), 10, 1, G_MAXUINT64, &token, NULL))
		return 0;
	return token;
}

void lifetime_clear(Lifetime *lifetime)
{
	sd_event_source_disable_unref(lifetime->fd_source);
	sd_event_source_disable_unref(lifetime->timeout_source);
	if (lifetime->fd > 0)
		close(lifetime->fd);
	g_free(lifetime->owner);
	*lifetime = (Lifetime){ .fd = -1 };
}
