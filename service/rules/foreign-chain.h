/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "service/model/address.h"

/** A chain of others, as the kernel has it. */
typedef struct ForeignChain {
	const char *mechanism; /* that has it: "legacy", static; NULL: nf_tables */
	guint8 family;         /* NFPROTO_IPV4, _IPV6, _INET: both */
	char *table, *chain;   /* any bytes */
} ForeignChain;

/** Copies table and chain. */
ForeignChain *foreign_chain_new(const char *mechanism, guint8 family, const char *table, const char *chain);
void foreign_chain_free(ForeignChain *chain);
/** An array that owns them. */
GPtrArray *foreign_chains_new(void);

gboolean foreign_chain_equal(gconstpointer a, gconstpointer b); /* GEqualFunc */
/** Whether packets of a family come to it. */
bool foreign_chain_has_family(const ForeignChain *chain, enum family family);

/** As sentences name it: "inet firewalld filter_FORWARD", "legacy ip filter FORWARD". UTF-8, the caller's. */
char *foreign_chain_name(const ForeignChain *chain);
