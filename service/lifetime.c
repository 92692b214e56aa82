/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/lifetime.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
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
	int r = sd_event_add_io(event, &lifetime->fd_source, lifetime->fd, EPOLLIN | EPOLLRDHUP, on_descriptor, lifetime);

	if (r < 0)
		return netfilter_fail(error, INVALID_ARGS, "LifetimeFd: a descriptor of this kind cannot be watched: %s",
				      g_strerror(-r));
	return sd_event_source_set_enabled(lifetime->fd_source, SD_EVENT_ONESHOT) >= 0;
}

static bool watch_clock(Lifetime *lifetime, sd_event *event, guint64 usec, GError **error)
{
	/* Suspended time counts: what was promised to be gone by then is. */
	int r = sd_event_add_time_relative(event, &lifetime->timeout_source, CLOCK_BOOTTIME, usec, 0, on_timeout,
					   lifetime);

	if (r == -EOVERFLOW)
		return true;
	if (r < 0)
		return netfilter_fail(error, FAILED, "TimeoutUSec=%" G_GUINT64_FORMAT ": %s", usec, g_strerror(-r));
	return true;
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
		.with_owner = !settings->persistent && settings->fd < 0,
		.fd = -1,
		.over = over,
		.userdata = userdata,
	};
	if (settings->persistent && settings->fd >= 0)
		return netfilter_fail(error, INVALID_ARGS, "LifetimeFd: a persistent object lives until it is deleted");
	if (settings->fd < 0 && settings->timeout_usec == 0)
		return true;

	if (settings->fd >= 0) {
		lifetime->fd = fcntl(settings->fd, F_DUPFD_CLOEXEC, 3);
		if (lifetime->fd < 0)
			return netfilter_fail(error, FAILED, "LifetimeFd: %s", g_strerror(errno));
	}
	return (lifetime->fd < 0 || watch_descriptor(lifetime, event, error)) &&
	       (settings->timeout_usec == 0 || watch_clock(lifetime, event, settings->timeout_usec, error));
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
