/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"

/**
 * The file that outlives a crash: "state" in the runtime directory. A snapshot
 * written whole (temporary, fsync, rename), then one group of records for each
 * change, appended before the kernel gets it and closed after: so the last
 * group may be of a change that only half happened, and the reader is told.
 * Private data, versioned; what a record means is manager-record.c's business.
 */
typedef struct State State;

/**
 * Opens the directory, creating it (0700) if it is missing, and locks it. FAILED when that is impossible
 * or another process keeps it.
 */
State *state_open(const char *directory, GError **error);
void state_close(State *state); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(State, state_close)

typedef struct StateContent {
	bool found;            /* there was a predecessor, whatever is left of its state */
	GPtrArray *finished;   /* GBytes: the groups that happened, in order */
	GPtrArray *unfinished; /* those that may have happened: the last, and any that was abandoned */
	guint64 generation;    /* as of the last that happened */
} StateContent;
void state_content_clear(StateContent *content);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(StateContent, state_content_clear)

/**
 * Reads what the predecessor left. What cannot be read (damage, a future
 * version) is moved aside as "state.damaged", said so in the log, and what stands before it
 * is used. FAILED only when the file cannot be read at all.
 */
bool state_load(State *state, StateContent *ret, GError **error);

/** Replaces everything by one group. FAILED leaves the file as it was. */
bool state_rewrite(State *state, const GByteArray *group, guint64 generation, GError **error);

/** Whether it was written whole since it was opened: only then groups can be appended. */
bool state_has_file(const State *state);

/** Appends a group that is about to happen. FAILED leaves the file as it was. */
bool state_begin(State *state, const GByteArray *group, GError **error);
bool state_is_begun(const State *state);

/** The group that was begun happened, or did not. */
void state_finish(State *state, guint64 generation);
void state_abort(State *state);

/** It did not, but the kernel may have some of it: a successor is to be told. */
void state_abandon(State *state);

/** Whether so much was appended that it should be written whole again. */
bool state_is_long(const State *state);

/** Leaves nothing behind. */
void state_remove(State *state);
