/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

/**
 * Reads on in the arguments of a message, and counts what it reads: libsystemd does not tell how large a message is,
 * and to look at all of it first takes as long as to read it.
 */
typedef struct Cursor {
	sd_bus_message *message;     /* borrowed */
	gsize bytes, values;         /* read so far, as the message has them */
	gsize max_bytes, max_values; /* G_MAXSIZE: any number */
} Cursor;

/** How many bytes the arguments of a call may take: the largest call there is use for takes one. */
#define MAX_CALL_SIZE (4 << 20)

/** At the start of a message, of which MAX_CALL_SIZE is read at most. */
Cursor cursor_new(sd_bus_message *message);

/* As sd_bus_message_… of the same name; -EMSGSIZE for what is over the bounds. */

/** The type of what comes next, and the contents of a container; borrowed. 0: nothing does. */
int cursor_peek_type(const Cursor *cursor, char *ret_type, const char **ret_contents);
/** 0: the array that it would be in has no more. */
int cursor_enter(Cursor *cursor, char type, const char *contents);
int cursor_exit(Cursor *cursor);
/** Strings are borrowed from the message. 0: the array that it would be in has no more. */
int cursor_read(Cursor *cursor, char type, void *ret);
/** An array of numbers, as a whole. */
int cursor_read_numbers(Cursor *cursor, char type);
