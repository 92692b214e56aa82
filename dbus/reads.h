/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "policy/policy.h"

/**
 * The reads that cost more to make than to ask for. They are made one after the other while the bus has nothing else to
 * say and after the changes that wait: a step a turn of the event loop, of each user in turn. A user may have
 * MAX_OPEN_READS_PER_UID of them open, root and the service's own as many as they like; the next is refused at once,
 * with Busy. None is made while an answer is still on its way to the bus.
 */
typedef struct Reads Reads;

#define MAX_OPEN_READS_PER_UID 8

/** A read that is being made. */
typedef struct Read {
	sd_bus_message *call;
	uid_t uid;      /* (uid_t)-1 where the bus does not say whose it is */
	void *userdata; /* of reads_add() */
	void *state;    /* the kind's own, from one step to the next; NULL at first */
} Read;

typedef struct ReadKind {
	/**
	 * Makes the answer or some more of it, for as long as read_has_time(). 0: the answer is sent. 1: there is more
	 * to do. Negative errno: it is refused, with the error that is set or one for the errno.
	 */
	int (*step)(Read *read, sd_bus_error *error);
	GDestroyNotify free_state; /* NULL where state is not its own */
} ReadKind;

/** Whether it is of root or of the service's own user. */
bool read_is_privileged(const Read *read);

/** Whether a step that began then (g_get_monotonic_time()) may go on: a millisecond, so that others have their turn. */
bool read_has_time(gint64 begin_usec);

/** All is borrowed but event and connection; answered is told each time a read is. NULL when out of memory. */
Reads *reads_new(sd_bus *connection, sd_event *event, Policy *policy, void (*answered)(void *userdata), void *userdata);
void reads_free(Reads *reads); /* NULL is fine; after the policy; what is left gets no answer */

bool reads_are_answered(const Reads *reads);

/** Puts a call in. kind is static. A handler's return value. */
int reads_add(Reads *reads, sd_bus_message *call, const ReadKind *kind, void *userdata);

/** The same for a user who is known; what is made may be another answer. BUSY. */
bool reads_add_of(Reads *reads, uid_t uid, sd_bus_message *call, const ReadKind *kind, void *userdata,
		  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The connection is gone: its reads are dropped. */
void reads_sender_left(Reads *reads, const char *sender);
