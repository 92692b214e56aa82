/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"
#include <sys/types.h>
#include <systemd/sd-event.h>

enum object_kind { OBJECT_NETWORK, OBJECT_ENDPOINT, OBJECT_INGRESS };

typedef struct Lifetime Lifetime;

/** Told, from the event loop, that an object's time is over; once for the descriptor, once for the time. */
typedef void (*LifetimeOver)(Lifetime *lifetime, void *userdata);

/** Whose an object is and how long it lives. */
struct Lifetime {
	enum object_kind kind;
	void *object; /* the one this is part of */
	uid_t uid;
	char *owner;           /* unique bus name of the creator; NULL when persistent */
	bool persistent;       /* until deleted */
	bool with_owner;       /* until the creator's connection closes */
	int fd;                /* until this hangs up or is readable; -1: none */
	guint64 token;         /* names the descriptor for a successor; 0: there is none */
	guint64 deadline_usec; /* CLOCK_BOOTTIME; 0: none */
	sd_event_source *fd_source, *timeout_source;
	LifetimeOver over;
	void *userdata;
};

/** What a creation asks for. */
typedef struct LifetimeSettings {
	uid_t uid;
	const char *sender; /* borrowed */
	bool persistent;
	int fd;                /* borrowed, -1: none */
	guint64 timeout_usec;  /* from now; 0: none */
	guint64 token;         /* for the descriptor */
	guint64 deadline_usec; /* of an earlier life, instead of timeout_usec; 0: none */
} LifetimeSettings;

/**
 * Starts an object's lifetime; it ends with lifetime_clear(). The descriptor is duplicated. INVALID_ARGS
 * when it cannot be watched or does not go with persistence.
 */
bool lifetime_init(Lifetime *lifetime, enum object_kind kind, void *object, const LifetimeSettings *settings,
		   sd_event *event, LifetimeOver over, void *userdata, GError **error);

/** Puts the descriptor into systemd's fd store, where a successor finds it by its token; takes it out again. */
void lifetime_store(const Lifetime *lifetime);
void lifetime_unstore(const Lifetime *lifetime);

/** The token in the name of a stored descriptor; 0 when it is not one of these. */
guint64 lifetime_token_from_name(const char *name);

/** Frees what is inside and zeroes it. */
void lifetime_clear(Lifetime *lifetime);
