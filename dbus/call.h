/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/details.h"
#include "dbus/server.h"

/**
 * A call that changes something, on its way: who is it (policy) → what would
 * happen (describe) → may it (policy) → wait for the others (queue) → do it (run) →
 * answer. Nothing of the message is kept in between: describe and run each
 * read it from the start.
 */
typedef struct Call {
	Server *server;
	sd_bus_message *message;
	const struct Method *method;
	uid_t uid;
	guint granted;         /* set of 1 << enum policy_action */
	sd_bus_message *reply; /* from when it waits for its turn until the commit */
	bool tried;            /* the change was run before */
} Call;

typedef struct Method {
	const char *member;
	/** Reads the message. NULL where the path says it all. False on bad arguments. */
	bool (*describe)(Call *call, Description *description, GError **error);
	/** Reads the message again, makes the change, appends the results to call->reply. May run more than once. */
	bool (*run)(Call *call, GError **error);
	guint flags; /* enum queue_flag */
} Method;

/** The object the message was sent to. UNKNOWN_OBJECT when it is not there (any more). */
void *call_object(const Call *call, enum object_kind kind, GError **error);

/** An endpoint named in the arguments. INVALID_ARGS, NO_SUCH_ENDPOINT. */
Endpoint *call_read_endpoint(Call *call, GError **error);

/** Whether a call that is not answered yet might still bring about an object at a path. */
bool call_may_create(const Server *server, sd_bus_message *message);

/** Starts a call of one of these methods (ended by a NULL member). The handler's return value. */
int call_start(Server *server, sd_bus_message *message, const Method *methods);

/** The connection is gone: its calls are dropped. */
void call_sender_left(Server *server, const char *sender);
void call_free(Call *call);
