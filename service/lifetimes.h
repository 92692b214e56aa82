/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"
#include "service/model/lifetime.h"
#include <systemd/sd-event.h>

/**
 * Watches what objects live by besides their owner's connection: descriptors and deadlines. An open file has a
 * token, by which its objects and systemd's fd store know it: the store keeps one descriptor of each.
 */
typedef struct Lifetimes Lifetimes;

/** expired is called from the event loop when a lifetime has ended, once for each reason. */
Lifetimes *lifetimes_new(sd_event *event, void (*expired)(void *userdata), void *userdata);
void lifetimes_free(Lifetimes *lifetimes); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lifetimes, lifetimes_free)

/** The end of something that may live so long from now, CLOCK_BOOTTIME; 0 for never, which is what 0 says. */
guint64 lifetimes_deadline(Lifetimes *lifetimes, guint64 timeout_usec);

/**
 * Keeps a copy of a descriptor for an object that is to come. It must be a pidfd, a FIFO or a socket, which is found
 * out before anything waits for it: INVALID_ARGS otherwise. The token is the one that it gets, or becomes the one that
 * its open file has already.
 */
bool lifetimes_claim(Lifetimes *lifetimes, guint64 *token, int fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * An object with this lifetime is there: its descriptor goes into the fd store, until the last that lives by it ends.
 * It must stay until lifetimes_end().
 */
void lifetimes_begin(Lifetimes *lifetimes, Lifetime *lifetime);
void lifetimes_end(Lifetimes *lifetimes, Lifetime *lifetime);

/** What an object lives by that is not watched here has ended. It must stay until lifetimes_end(). */
void lifetimes_expire(Lifetimes *lifetimes, Lifetime *lifetime);

/** Gives up the descriptors that were claimed or restored and for which no object came, also those in the fd store. */
void lifetimes_release(Lifetimes *lifetimes);

/** From the previous instance: the fd store's copy of a descriptor, which is taken over; closed if it will not do. */
void lifetimes_restore(Lifetimes *lifetimes, guint64 token, int fd);

/** The lifetimes that have ended and whose objects are still there (GPtrArray of Lifetime); the caller's. */
GPtrArray *lifetimes_expired(const Lifetimes *lifetimes);

/** The token in the name of a stored descriptor; 0 when it is not one of these. */
guint64 lifetimes_token_from_name(const char *name);
