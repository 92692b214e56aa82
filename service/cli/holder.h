/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/** A program that has a socket. */
typedef struct Holder {
	pid_t pid;
	char *name; /* as ps(1) has it */
} Holder;

/**
 * Which program has which socket, as far as the caller may see it in /proc: inode (GUINT_TO_POINTER) → Holder. Where
 * several have one it is the oldest, by its number.
 */
GHashTable *holders_read(void);
