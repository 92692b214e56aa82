/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

enum object_kind { OBJECT_NETWORK, OBJECT_ENDPOINT, OBJECT_INGRESS };

/** Whose an object is and how long it lives. */
typedef struct Lifetime {
	enum object_kind kind;
	void *object; /* the one this is part of */
	uid_t uid;
	char *owner;           /* unique bus name of the creator; NULL when persistent */
	bool persistent;       /* until deleted */
	bool with_owner;       /* until the creator's connection closes */
	guint64 token;         /* names the open file it lives with; 0: there is none */
	guint64 deadline_usec; /* CLOCK_BOOTTIME; 0: none */
	char *fragment;        /* path of the unit file that it comes from, or is written to; NULL: none */
} Lifetime;

/** The unique name of the connection that it lives with; "" when something else ends it. */
const char *lifetime_owner(const Lifetime *lifetime);

/** Frees what is inside and zeroes it. */
void lifetime_clear(Lifetime *lifetime);
