/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/error.h"
#include "service/rules/foreign-chain.h"

/**
 * What the mechanism of a backend shows of others' doings in it, whichever backend is in use: so it takes none, but the
 * prefix of our names, and leaves out what bears it. NULL: it has no such thing.
 */
typedef struct Others {
	/** Whether they drop forwarded packets there, so that none of another backend's accepts helps. */
	bool (*stop_forwarding)(void);
	/** Adds the chains (ForeignChain) that drop of what is forwarded all that they do not accept. BUSY while others
	 * change them, NO_MEMORY, FAILED; nothing where the kernel lacks the mechanism. */
	bool (*find_forward_drops)(const char *prefix, GPtrArray *ret, GError **error);
	/** Likewise chains PREFIX-USER, for the administrator's rules, to which nothing there leads. */
	bool (*find_idle_chains)(const char *prefix, GPtrArray *ret, GError **error);
} Others;
