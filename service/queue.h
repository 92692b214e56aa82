/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"
#include <systemd/sd-event.h>

/**
 * Changes waiting for the kernel. What arrives together is committed together,
 * one commit a table, and answered afterwards, each by itself; a change that
 * fails is taken out and the rest goes through, as if that had never been asked for. Nothing is held back: the queue
 * is worked off as soon as the bus has no more to say, at the latest a few
 * milliseconds (or two commits' time) after a change came in. While another program
 * has the backend's lock, changes wait up to LockTimeoutSec and then fail with BUSY.
 */
typedef struct Queue Queue;

/** Makes the change in the model; may be called again after a rollback. False when it cannot be. */
typedef bool (*QueueRun)(void *userdata, GError **error);

/** The change is committed, or it failed and left nothing. Called exactly once, unless queue_free() comes first. */
typedef void (*QueueDone)(void *userdata, const GError *error);

enum queue_flag {
	QUEUE_ALONE = 1 << 0,      /* nothing else is committed with it */
	QUEUE_NO_TIMEOUT = 1 << 1, /* waits for the lock for as long as it takes */
	QUEUE_LAST = 1 << 2,       /* comes after all that waits; what comes after it is not run any more */
};

/** committed is called after every commit and its answers. */
Queue *queue_new(Service *service, sd_event *event, void (*committed)(void *userdata), void *userdata);
void queue_free(Queue *queue); /* NULL is fine; what waits is dropped without an answer */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Queue, queue_free)

void queue_add(Queue *queue, QueueRun run, QueueDone done, void *userdata, guint flags);

/** Takes a waiting change out; it is not called any more. */
void queue_remove(Queue *queue, void *userdata);

bool queue_is_empty(const Queue *queue);
