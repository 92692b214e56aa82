/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/cursor.h"
#include "dbus/details.h"
#include "dbus/reads.h"
#include "policy/policy.h"
#include "service/queue.h"

typedef struct Method Method;

/**
 * A call that changes something, on its way: who is it (policy) → what would
 * happen (describe) → may it (policy) → what of the host it uses (claim) → may it
 * that → wait for the others (queue) → do it (run) → answer. Nothing of the message is kept in between: describe and
 * run each read it from the start.
 */
typedef struct Call {
	struct Calls *calls;
	Service *service;
	sd_bus_message *message;
	Cursor cursor; /* in its arguments */
	const Method *method;
	uid_t uid;
	guint granted;         /* set of 1 << enum policy_action */
	char **told;           /* the details that polkit was told last; owned */
	guint n_asked;         /* how often it went all the way through these questions */
	bool outdated;         /* what polkit was told is not so any more */
	bool claims;           /* the host is looked at: the call as such may be made */
	sd_bus_message *reply; /* from when it waits for its turn until the commit */
	bool tried;            /* the change was run before */
} Call;

struct Method {
	const char *member;
	/** Reads on at the cursor. NULL where the path says it all. False on bad arguments. */
	bool (*describe)(Call *call, Description *description, GError **error);
	/** Likewise, from the start again, makes the change, appends the results to call->reply. May run more than
	 * once. */
	bool (*run)(Call *call, GError **error);
	guint flags; /* enum queue_flag */
	/**
	 * Reads the arguments, and the host for what of it the call makes use of: the more there is of it, the longer,
	 * so only for those who have the rest granted. NULL where there is no such thing.
	 */
	bool (*claim)(Call *call, Description *description, GError **error);
	bool mends; /* it may also be called while changes are refused: it is to put that right */
};

/** The object the message was sent to. UNKNOWN_OBJECT when it is not there (any more). */
void *call_object(const Call *call, enum object_kind kind, GError **error);

/** Whether the sender may make use of what is the host's: ACCESS_DENIED unless that was asked, and granted. */
bool call_may_use_host(const Call *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** An endpoint named in the arguments. INVALID_ARGS, NO_SUCH_ENDPOINT. */
Endpoint *call_read_endpoint(Call *call, GError **error);

/** The calls that are not answered yet. */
typedef struct Calls Calls;

/** Everything is borrowed; answered is told each time a call is. */
Calls *calls_new(Service *service, Policy *policy, Queue *queue, Reads *reads, void (*answered)(void *userdata),
		 void *userdata);
void calls_free(Calls *calls); /* NULL is fine; after the policy and the queue; what is left gets no answer */

bool calls_are_answered(const Calls *calls);

/** Whether one of them might still bring about the object a message is sent to. */
bool calls_may_create(const Calls *calls, sd_bus_message *message);

/** Starts a call of one of these methods (ended by a NULL member). The handler's return value. */
int calls_start(Calls *calls, sd_bus_message *message, const Method *methods);

/** The connection is gone: its calls are dropped. */
void calls_sender_left(Calls *calls, const char *sender);
