/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <libmnl/libmnl.h>
#include <stdbool.h>

/** Who changed which tables of nf_tables: the kernel tells each change of a transaction, and last who made it. */
typedef struct Authors Authors;

Authors *authors_new(void);
void authors_free(Authors *authors); /* NULL is fine */

/** Takes what the kernel told, in its order; concerns: it is a change of a table whose authors are asked for later. */
void authors_hear(Authors *authors, const struct nlmsghdr *message, bool concerns);

/** Something was told that nobody could take: until they are forgotten nobody is sure. */
void authors_lose(Authors *authors);

/** From now on it is asked for what is told from now on. */
void authors_drop(Authors *authors);

/**
 * Who changed a table of a family, NFPROTO_*, as a sentence quotes it: the process ("\"nft\" (pid 12)"), or its name
 * alone where several of it did. The caller's; NULL where it was others, too, where none was told of, and where
 * generation, the number of the ruleset that was looked at, is not the one that was told last.
 */
char *authors_of(const Authors *authors, guint8 family, const char *table, guint32 generation);
