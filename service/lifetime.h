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
	char *owner;     /* unique bus name of the creator; NULL when persistent */
	bool persistent; /* until deleted */
} Lifetime;

/** What a creation asks for; the strings are borrowed. */
typedef struct LifetimeSettings {
	uid_t uid;
	const char *sender;
	bool persistent;
} LifetimeSettings;

void lifetime_init(Lifetime *lifetime, enum object_kind kind, void *object,
		   const LifetimeSettings *settings);

/** Frees what is inside and zeroes it. */
void lifetime_clear(Lifetime *lifetime);
