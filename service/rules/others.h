/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"
#include "service/rules/foreign-chain.h"

typedef struct Others Others;

/** Somebody is told of what others do to their chains. */
typedef struct Listening {
	const Others *others; /* what a mechanism's own struct begins with */
} Listening;

/**
 * What the mechanism of a backend shows of others' doings in it, whichever backend is in use: so it takes none, but the
 * prefix of our names, and leaves out what bears it. NULL: it has no such thing.
 */
struct Others {
	/** Whether they drop forwarded packets there, so that none of another backend's accepts helps. */
	bool (*stop_forwarding)(void);
	/** Adds the chains (ForeignChain) that drop of what is forwarded all that they do not accept. BUSY while others
	 * change them, NO_MEMORY, FAILED; nothing where the kernel lacks the mechanism. */
	bool (*find_forward_drops)(const char *prefix, GPtrArray *ret, GError **error);
	/** Likewise chains PREFIX-USER, for the administrator's rules, to which nothing there leads. */
	bool (*find_idle_chains)(const char *prefix, GPtrArray *ret, GError **error);
	/** Until it is stopped; NULL: nobody tells. */
	Listening *(*listen)(const char *prefix);
	void (*stop_listening)(Listening *listening);
	/** Readable when there is something to hear: whether chains or rules of theirs may be others than before. */
	int (*fd)(const Listening *listening);
	bool (*heard)(Listening *listening);
	/** Who changed that chain's table, by what was heard since the authors were dropped, as a sentence quotes it.
	 * The caller's; NULL where nobody is sure, or the chain is another mechanism's. */
	char *(*author_of)(const Listening *listening, const ForeignChain *chain);
	void (*drop_authors)(Listening *listening);
};
