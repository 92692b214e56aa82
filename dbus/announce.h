/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/access.h"
#include <systemd/sd-bus.h>

/**
 * The signals. What happened is noted down as it happens and announced when it is told to, in order, each changed
 * property once with its value then; an object that came and went in between is not mentioned.
 */
typedef struct Announcer Announcer;

/** How the signals of an object are sent that is there: that it came, and that a property is another. Negative errno.
 */
typedef struct ObjectSignals {
	int (*added)(enum object_kind kind, void *object, const char *path, void *userdata);
	int (*changed)(enum object_kind kind, void *object, const char *path, const char *property, void *userdata);
} ObjectSignals;

/** Refers to connection; the service is borrowed and read, signals and userdata are borrowed. */
Announcer *announcer_new(sd_bus *connection, const Service *service, const ObjectSignals *signals, void *userdata);
void announcer_free(Announcer *announcer); /* NULL is fine; what is not announced is dropped */

/** An object came. */
void announcer_added(Announcer *announcer, enum object_kind kind, const void *object);

/** An object goes; it is not looked into afterwards. */
void announcer_removed(Announcer *announcer, enum object_kind kind, const void *object);

/** A property, static, has another value. */
void announcer_changed(Announcer *announcer, enum object_kind kind, const void *object, const char *property);

/**
 * Announces a commit at once; and what somebody else had changed, as Observer.committed has it.
 */
void announcer_committed(Announcer *announcer, guint64 generation, guint added, guint removed, const GPtrArray *drifted,
			 const char *author, const GPtrArray *repaired);

/** Goes up whenever it is told of something: while it stays the same, so does all that can be read. */
guint64 announcer_generation(const Announcer *announcer);

/** Announces what was noted since the last time. */
void announcer_emit(Announcer *announcer);
